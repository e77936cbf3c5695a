//! A desk with one of everything, for tests that walk every route.

use sqlx::Executor;
use tierdesk_desk::ticket::Filed;
use tierdesk_domain::id::{HostId, TeamId};
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
    people: Vec<Option<Someone>>,
    network: TeamId,
    things: Things,
}

/// What the `{id}` of routes names, by kind.
struct Things {
    /// On [`World::ticket`], public.
    file: String,
    /// On [`World::ticket`].
    job: String,
    host: String,
    /// Somebody who plays no other part.
    person: String,
    rule: String,
    calendar: String,
    /// Of a host that has not joined.
    token: String,
    /// A second session of `requester`, as their profile names it.
    session: String,
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
            tierdesk.answers_for(manager, &[team]).await;
        }
        owner
            .execute("update team set restricted = true where name = 'Security'")
            .await
            .expect("restricts");
        let ticket = file(&tierdesk, &requester, network).await;
        let restricted = file(&tierdesk, &requester, security).await;
        let things = things(&tierdesk, &requester, &engineer, ticket).await;
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
        let things = &self.things;
        let id = match path {
            "/attachments/{id}" => &things.file,
            "/jobs/{id}" => &things.job,
            path if path.starts_with("/tickets/{number}/jobs/") => &things.job,
            path if path.starts_with("/hosts/") => &things.host,
            path if path.starts_with("/admin/people/") => &things.person,
            path if path.starts_with("/admin/rules/") => &things.rule,
            path if path.starts_with("/admin/calendars/{id}") => &things.calendar,
            path if path.starts_with("/admin/enrolment/") => &things.token,
            _ => NOTHING,
        };
        // Configuration names a team by its id, people by its name.
        let team = match path.starts_with("/admin/") {
            true => self.network.to_string(),
            false => "Network".to_owned(),
        };
        filled(path, &self.ticket.number.0.to_string(), &team, id)
    }

    /// The same path with a ticket, a queue and an id that do not exist.
    pub fn path_to_nothing(&self, path: &str) -> String {
        filled(path, "99999999", "Nothing", NOTHING)
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
            "/admin/people/new" => &[("name", "Lea Brandt"), ("email", "lea@example.org")],
            "/admin/people/{id}" => &[("version", "1"), ("name", "Bea"), ("time_zone", "UTC")],
            "/admin/teams" => &[("name", "Printers")],
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

fn filled(path: &str, number: &str, team: &str, id: &str) -> String {
    path.replace("{number}", number)
        .replace("{tier}", "L1")
        .replace("{team}", team)
        .replace("{*name}", "app.css")
        .replace("{version}", "0")
        .split('/')
        .map(|part| if part.starts_with('{') { id } else { part })
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

async fn things(
    tierdesk: &Tierdesk,
    requester: &Someone,
    engineer: &Someone,
    ticket: Filed,
) -> Things {
    let now = tierdesk.now();
    let desk = &tierdesk.desk;
    let own = tierdesk.sign_in(requester).await;
    let answer = format!("/my/{}/answer", ticket.number.0);
    own.upload(&answer, &[("body", "See")], &[("files", "x.txt", b"x")])
        .await
        .location();
    let page = tierdesk.sign_in(requester).await.get("/profile").await;
    let page = page.page();
    let host = tierdesk.stand_in_host("web01", None, &[]).await;
    let caller = tierdesk.caller(engineer).await;
    let request = tierdesk_desk::job::JobRequest {
        ticket: ticket.id,
        host: HostId(host),
        entry: "net.tcp".to_owned(),
        params: [("host", "db.example.org"), ("port", "5432")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        wait: None,
    };
    let job = desk.request_job(&caller, &request, now).await;
    let person = tierdesk.requester("Bea Plays-No-Part").await;
    tierdesk.enrolment_token("", "").await;
    let mut owner = database::connect(&tierdesk.database).await;
    let mut one = async |query: &'static str| -> String {
        let id: uuid::Uuid = sqlx::query_scalar(query)
            .fetch_one(&mut owner)
            .await
            .expect("one");
        id.to_string()
    };
    Things {
        file: one("select id from attachment").await,
        job: job.expect("a job").to_string(),
        host: host.to_string(),
        person: person.id.to_string(),
        rule: one("select id from configuration where kind = 'escalation_rule' limit 1").await,
        calendar: one("select id from configuration where kind = 'calendar' limit 1").await,
        token: one("select id from enrolment_token").await,
        session: page.attribute("[name=session]", "value"),
    }
}
