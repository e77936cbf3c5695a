//! A desk with one of everything, for tests that walk every route.

use sqlx::Executor;
use tierdesk_desk::ticket::{Filed, NewTicket};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::tier::Tier;

use crate::client::Client;
use crate::database;
use crate::product::{Someone, Tierdesk};

/// The people of the matrix, in the order of its columns.
pub const PEOPLE: [&str; 8] = [
    "anonymous",
    "requester",
    "stranger",
    "engineer",
    "other",
    "manager",
    "elsewhere",
    "administrator",
];

/// One of everything.
pub struct World {
    /// The desk.
    pub tierdesk: Tierdesk,
    /// Ticket of `requester` in Network at L1, where `engineer` works.
    pub ticket: Filed,
    /// The same in a restricted team, where nobody but its member works.
    pub restricted: Filed,
    network: TeamId,
    people: Vec<Option<Someone>>,
}

/// An id that nothing has.
pub const NOTHING: &str = "00000000-0000-4000-8000-000000000000";

impl World {
    /// Builds it.
    pub async fn build() -> Self {
        let tierdesk = Tierdesk::start().await;
        let requester = tierdesk.requester("Priya Nair").await;
        let stranger = tierdesk.requester("Tom Okafor").await;
        let engineer = tierdesk.engineer("Ana Ferreira", "Network", Tier::L1).await;
        let other = tierdesk.engineer("Daniel Kim", "Identity", Tier::L2).await;
        let manager = tierdesk.manager("Mara Lind").await;
        let elsewhere = tierdesk.manager("Otto Berg").await;
        let administrator = tierdesk.administrator("Ines Roth").await;
        let insider = tierdesk.engineer("Vera Sand", "Security", Tier::L1).await;
        let network = tierdesk.team("Network").await;
        let identity = tierdesk.team("Identity").await;
        let security = tierdesk.team("Security").await;
        let mut owner = database::connect(&tierdesk.database).await;
        for (manager, team) in [(&manager, network), (&elsewhere, identity)] {
            let mut conn = tierdesk.desk.acquire().await.expect("a connection");
            tierdesk_store::team::add_manager(&mut conn, manager.id, team)
                .await
                .expect("manages");
        }
        owner
            .execute("update team set restricted = true where name = 'Security'")
            .await
            .expect("restricts");

        let caller = tierdesk.caller(&requester).await;
        let mut filed = Vec::new();
        for team in [network, security] {
            let new = NewTicket {
                category: None,
                title: "Portal does not open".to_owned(),
                description: "Since this morning".to_owned(),
                impact: Impact::Person,
                urgency: Urgency::Medium,
                host: None,
                channel: Channel::Web,
            };
            let ticket = tierdesk
                .desk
                .file_ticket(&caller, new, tierdesk.now())
                .await
                .expect("files");
            sqlx::query("update ticket set team_id = $1, bot_holds = false where id = $2")
                .bind(team.0)
                .bind(ticket.id.0)
                .execute(&mut owner)
                .await
                .expect("moves");
            filed.push(ticket);
        }
        drop(insider);
        let people = [
            requester,
            stranger,
            engineer,
            other,
            manager,
            elsewhere,
            administrator,
        ];
        Self {
            ticket: filed[0],
            restricted: filed[1],
            network,
            tierdesk,
            people: std::iter::once(None)
                .chain(people.into_iter().map(Some))
                .collect(),
        }
    }

    /// A fresh session of the person in that column of [`PEOPLE`]; none for the first.
    pub async fn client(&self, column: usize) -> Client {
        match &self.people[column] {
            None => self.tierdesk.visitor(),
            Some(someone) => self.tierdesk.sign_in(someone).await,
        }
    }

    /// A route's path with its parameters filled in: those of the ticket and of its team, and [`NOTHING`] for the rest.
    pub fn path(&self, path: &str) -> String {
        path.replace("{number}", &self.ticket.number.0.to_string())
            .replace("{tier}", "L1")
            .replace("{team}", &self.network.to_string())
            .replace("{*name}", "app.css")
            .replace("{version}", "0")
            .split('/')
            .map(|part| if part.starts_with('{') { NOTHING } else { part })
            .collect::<Vec<_>>()
            .join("/")
    }
}
