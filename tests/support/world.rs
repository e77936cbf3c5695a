//! A desk with one of everything, for tests that walk every route.

mod things;

use sqlx::Executor;
use tierdesk_desk::ticket::Filed;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tier::Tier;

use crate::client::Client;
use crate::database;
use crate::product::{Someone, Tierdesk};
use things::{Cast, Things};

/// The people of the matrix, in the order of its columns.
pub const PEOPLE: [&str; 12] = [
    "anonymous",
    "requester",
    "stranger",
    "engineer",
    "other",
    "manager",
    "elsewhere",
    "administrator",
    "colleague",
    "second",
    "third",
    "neighbour",
];

/// One of everything.
pub struct World {
    /// The desk.
    pub tierdesk: Tierdesk,
    /// Ticket of `requester` in Network at L1, where `engineer` works.
    pub ticket: Filed,
    /// The same in a restricted team, where nobody but its member works.
    pub restricted: Filed,
    people: Vec<Option<Someone>>,
    network: TeamId,
    things: Things,
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
        let colleague = tierdesk.requester("Cora Finch").await;
        let second = tierdesk.engineer("Luis Prado", "Network", Tier::L2).await;
        let third = tierdesk.engineer("Hana Sato", "Network", Tier::L3).await;
        let neighbour = tierdesk.engineer("Noah Wirth", "Identity", Tier::L1).await;
        tierdesk.engineer("Vera Sand", "Security", Tier::L1).await;
        let network = tierdesk.team("Network").await;
        let identity = tierdesk.team("Identity").await;
        let security = tierdesk.team("Security").await;
        let mut owner = database::connect(&tierdesk.database).await;
        for (manager, team) in [(&manager, network), (&elsewhere, identity)] {
            tierdesk.answers_for(manager, &[team]).await;
        }
        owner
            .execute("update team set restricted = true where name = 'Security'")
            .await
            .expect("restricts");
        // One whose colleagues do not see each other's tickets, as organisations are at first; the same in every world.
        sqlx::query(
            "with made as (insert into organisation (id, name, created_at) values ('00000000-0000-4000-8000-000000000001', 'Harbour', now()) returning id)
             update person set organisation_id = made.id from made where person.id = any($1)",
        )
        .bind(vec![requester.id.0, colleague.id.0])
        .execute(&mut owner)
        .await
        .expect("an organisation");
        let ticket = file(&tierdesk, &requester, network).await;
        let restricted = file(&tierdesk, &requester, security).await;
        let cast = Cast {
            requester: &requester,
            engineer: &engineer,
            other: &other,
            manager: &manager,
            administrator: &administrator,
        };
        let things = Things::make(&tierdesk, &cast, ticket).await;
        let people = [
            requester,
            stranger,
            engineer,
            other,
            manager,
            elsewhere,
            administrator,
            colleague,
            second,
            third,
            neighbour,
        ];
        Self {
            ticket,
            restricted,
            network,
            tierdesk,
            people: std::iter::once(None)
                .chain(people.into_iter().map(Some))
                .collect(),
            things,
        }
    }

    /// The person in that column of [`PEOPLE`]; none for the first.
    pub fn person(&self, column: usize) -> Option<&Someone> {
        self.people[column].as_ref()
    }

    /// A fresh session of the person in that column of [`PEOPLE`]; none for the first.
    pub async fn client(&self, column: usize) -> Client {
        match &self.people[column] {
            None => self.tierdesk.visitor(),
            Some(someone) => self.tierdesk.sign_in(someone).await,
        }
    }

    /// Another ticket like [`Self::ticket`], for a form that changes it.
    pub async fn another(&self) -> Filed {
        let requester = self.people[1].as_ref().expect("a requester");
        file(&self.tierdesk, requester, self.network).await
    }

    /// A route's path with what exists in its parameters; [`NOTHING`] where there is no such thing here.
    pub fn path(&self, path: &str) -> String {
        // Configuration names a team by its id, people by its name.
        let team = match path.starts_with("/admin/") {
            true => self.network.to_string(),
            false => "Network".to_owned(),
        };
        let number = self.ticket.number.0.to_string();
        filled(path, &number, &team, |parameter| {
            self.things.named(path, parameter)
        })
    }

    /// The same path with a ticket, a queue and an id that do not exist.
    pub fn path_to_nothing(&self, path: &str) -> String {
        filled(path, "99999999", "Nothing", |_| NOTHING)
    }

    /// A form that does what its route is for, as `(name, value)`. Routes that are not named here have none, or one that only
    /// administrators may send.
    pub fn form(&self, path: &str) -> Vec<(&'static str, String)> {
        let network = format!("{}:L2", self.network);
        let fields: &[(&str, &str)] = match path {
            "/my/{number}/answer" | "/my/{number}/draft" => &[("body", "It squeaks")],
            "/my/{number}/say" => &[("works", "no")],
            "/profile" => &[("name", "Another Name"), ("time_zone", "UTC")],
            "/profile/sessions/end" => &[("session", &self.things.session)],
            "/profile/theme" => &[("theme", "dark")],
            "/admin/categories/new" => &[("name", "Printing"), ("kind", "incident")],
            "/admin/categories/{id}" => &[("version", "1"), ("name", "Nets"), ("kind", "incident")],
            "/admin/categories/{id}/move" => &[("behind", &self.things.category_behind)],
            "/admin/categories/{id}/retire" => &[("version", "2")],
            "/admin/categories/{id}/return" => &[("version", "3")],
            "/admin/priorities" => &[
                ("site-high", "1"),
                ("site-medium", "1"),
                ("site-low", "2"),
                ("group-high", "2"),
                ("group-medium", "3"),
                ("group-low", "4"),
                ("person-high", "3"),
                ("person-medium", "4"),
                ("person-low", "4"),
            ],
            "/admin/people/new" => &[("name", "Lea Brandt"), ("email", "lea@example.org")],
            "/admin/people/{id}" => &[("version", "1"), ("name", "Bea"), ("time_zone", "UTC")],
            "/admin/teams" => &[("name", "Printers")],
            // It keeps its name, by which people find its queues.
            "/admin/teams/{id}" => &[
                ("version", "1"),
                ("name", "Network"),
                ("description", "Cables and routes"),
            ],
            "/tickets/new/draft" => &[("title", "Half a ticket")],
            "/tickets/{number}/assign" => &[("assignee", "me")],
            "/tickets/{number}/diagnose" => &[
                ("host", &self.things.host),
                ("entry", "net.tcp"),
                ("p.host", "db.example.org"),
                ("p.port", "5432"),
            ],
            "/tickets/{number}/draft" => &[("mode", "note"), ("body", "It squeaks")],
            "/tickets/{number}/escalate" => &[
                ("version", "1"),
                ("to", &network),
                ("known", "a"),
                ("tried", "b"),
                ("evidence", "c"),
                ("ask", "d"),
            ],
            "/tickets/{number}/hand-back" => &[("version", "1"), ("reason", "Not ours")],
            "/tickets/{number}/message" => &[("mode", "reply"), ("body", "We look")],
            "/tickets/{number}/priority" => {
                &[("version", "1"), ("impact", "site"), ("urgency", "high")]
            }
            "/tickets/{number}/reopen" => &[("why", "Again")],
            "/tickets/{number}/resolve" => &[("code", "fixed"), ("answer", "Oiled")],
            "/tickets/{number}/subject" => {
                &[("version", "1"), ("kind", "problem"), ("category", "none")]
            }
            "/tickets/{number}/status" => &[("version", "1"), ("status", "pending")],
            _ => &[],
        };
        fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }
}

/// Whether the route takes its form with files.
pub fn takes_files(path: &str) -> bool {
    matches!(
        path,
        "/my/{number}/answer" | "/tickets/new" | "/tickets/{number}/message"
    )
}

/// A path with its parameters filled in; those that are no number, tier, team or file by `named`.
fn filled<'a>(path: &str, number: &str, team: &str, named: impl Fn(&str) -> &'a str) -> String {
    path.replace("{number}", number)
        .replace("{tier}", "L1")
        .replace("{team}", team)
        .replace("{*name}", "app.css")
        .replace("{version}", "0")
        .split('/')
        .map(|part| {
            let parameter = part.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            parameter.map_or_else(|| part.to_owned(), |it| named(it).to_owned())
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// A ticket of somebody, with people of that team.
async fn file(tierdesk: &Tierdesk, requester: &Someone, team: TeamId) -> Filed {
    let ticket = tierdesk
        .file(requester, "Portal does not open", "Since this morning")
        .await;
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query("update ticket set team_id = $1, bot_holds = false where id = $2")
        .bind(team.0)
        .bind(ticket.id.0)
        .execute(&mut owner)
        .await
        .expect("moves");
    ticket
}
