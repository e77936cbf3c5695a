//! What the parameters of routes name.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tierdesk_desk::on_call::Swap;
use tierdesk_desk::report::NewReport;
use tierdesk_desk::skill::Statement;
use tierdesk_desk::ticket::Filed;
use tierdesk_domain::dashboard::View;
use tierdesk_domain::id::{HostId, PersonId};
use tierdesk_domain::on_call::{Layer, Schedule};
use tierdesk_domain::report::Page;
use tierdesk_domain::skill::Level;
use tierdesk_mail::{Mailbox, Transport};
use tierdesk_worker::Post;
use tierdesk_worker::outbox::Outbox;

use super::NOTHING;
use crate::database;
use crate::product::{Someone, Tierdesk};

/// Whose the things are.
pub(super) struct Cast<'a> {
    pub(super) requester: &'a Someone,
    pub(super) engineer: &'a Someone,
    pub(super) other: &'a Someone,
    pub(super) manager: &'a Someone,
    pub(super) administrator: &'a Someone,
}

/// The ids of one of everything.
pub(super) struct Things {
    /// On [`super::World::ticket`], public.
    file: String,
    /// On [`super::World::ticket`].
    job: String,
    pub(super) host: String,
    /// Somebody who plays no other part.
    person: String,
    rule: String,
    calendar: String,
    /// Somewhere among the others.
    category: String,
    /// Which stands just behind it.
    pub(super) category_behind: String,
    /// Of a host that has not joined.
    token: String,
    /// A second session of `requester`, as their profile names it.
    pub(super) session: String,
    /// Of `manager`.
    report: String,
    /// `engineer` and `other` take turns.
    schedule: String,
    /// In which `engineer` gave a day to `other`.
    swap: String,
    skill: String,
    /// Network.
    team: String,
    /// What `engineer` says of themselves, which nobody has confirmed.
    statement: String,
    engineer: String,
    /// Of `engineer`.
    absence: String,
    /// In the developers' mailbox.
    mail: String,
}

impl Things {
    /// The id of what `parameter` names in a route's path.
    pub(super) fn named(&self, path: &str, parameter: &str) -> &str {
        match (path, parameter) {
            (_, "swap") => &self.swap,
            (_, "absence") => &self.absence,
            ("/attachments/{id}", _) => &self.file,
            ("/jobs/{id}", _) => &self.job,
            (path, _) if path.starts_with("/tickets/{number}/jobs/") => &self.job,
            (path, _) if path.starts_with("/hosts/") => &self.host,
            (path, _) if path.starts_with("/admin/people/") => &self.person,
            (path, _) if path.starts_with("/admin/rules/") => &self.rule,
            (path, _) if path.starts_with("/admin/calendars/{id}") => &self.calendar,
            (path, _) if path.starts_with("/admin/categories/") => &self.category,
            (path, _) if path.starts_with("/admin/enrolment/") => &self.token,
            (path, _) if path.starts_with("/admin/on-call/") => &self.schedule,
            (path, _) if path.starts_with("/admin/skills/") => &self.skill,
            (path, _) if path.starts_with("/admin/teams/") => &self.team,
            (path, _) if path.starts_with("/dashboard/reports/") => &self.report,
            (path, _) if path.starts_with("/mailbox/") => &self.mail,
            (path, _) if path.starts_with("/on-call/") => &self.schedule,
            (path, _) if path.starts_with("/team/skills/") => &self.statement,
            (path, _) if path.starts_with("/team/") => &self.engineer,
            _ => NOTHING,
        }
    }

    pub(super) async fn make(tierdesk: &Tierdesk, cast: &Cast<'_>, ticket: Filed) -> Self {
        let now = tierdesk.now();
        let desk = &tierdesk.desk;
        let own = tierdesk.sign_in(cast.requester).await;
        let answer = format!("/my/{}/answer", ticket.number.0);
        own.upload(&answer, &[("body", "See")], &[("files", "x.txt", b"x")])
            .await
            .location();
        let page = tierdesk.sign_in(cast.requester).await.get("/profile").await;
        let session = page.page().attribute("[name=session]", "value");
        let host = tierdesk.stand_in_host("web01", None, &[]).await;
        let caller = tierdesk.caller(cast.engineer).await;
        let request = tierdesk_desk::job::JobRequest {
            ticket: ticket.id,
            host: HostId(host),
            entry: "net.tcp".to_owned(),
            params: [("host", "db.example.org"), ("port", "5432")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            wait: None,
        };
        let job = desk
            .request_job(&caller, &request, now)
            .await
            .expect("a job");
        let person = tierdesk.requester("Bea Plays-No-Part").await;
        tierdesk.enrolment_token("", "").await;
        let report = report(tierdesk, cast.manager, now).await;
        let schedule = shifts(tierdesk, cast, now).await;
        let skill = knowledge(tierdesk, cast, now).await;
        mail(tierdesk, now).await;
        let mut owner = database::connect(&tierdesk.database).await;
        let mut one = async |query: &'static str| -> String {
            let id: uuid::Uuid = sqlx::query_scalar(query)
                .fetch_one(&mut owner)
                .await
                .expect("one");
            id.to_string()
        };
        Self {
            file: one("select id from attachment").await,
            job: job.to_string(),
            host: host.to_string(),
            person: person.id.to_string(),
            rule: one("select id from configuration where kind = 'escalation_rule' limit 1").await,
            calendar: one("select id from configuration where kind = 'calendar' limit 1").await,
            category: one("select id from category order by position offset 1 limit 1").await,
            category_behind: one("select id from category order by position offset 2 limit 1")
                .await,
            token: one("select id from enrolment_token").await,
            session,
            report,
            schedule,
            swap: one("select id from on_call_override").await,
            skill,
            team: one("select id from team where name = 'Network'").await,
            statement: one("select id from person_skill").await,
            engineer: cast.engineer.id.to_string(),
            absence: one("select id from absence").await,
            mail: one("select id from dev_mail order by id limit 1").await,
        }
    }
}

async fn report(tierdesk: &Tierdesk, manager: &Someone, now: DateTime<Utc>) -> String {
    let new = NewReport {
        name: "Last week".to_owned(),
        page: Page::Promises,
        view: View::default(),
        schedule: None,
        csv: false,
        recipients: Vec::new(),
    };
    let caller = tierdesk.caller(manager).await;
    let saved = tierdesk.desk.save_report(&caller, None, new, now).await;
    saved.expect("a report").to_string()
}

/// A schedule with a swap in it, and an absence.
async fn shifts(tierdesk: &Tierdesk, cast: &Cast<'_>, now: DateTime<Utc>) -> String {
    let people: Vec<PersonId> = [cast.engineer, cast.other].map(|it| it.id).into();
    let today = now.date_naive();
    let schedule = Schedule {
        zone: Tz::UTC,
        layers: vec![Layer {
            name: "Week".to_owned(),
            people,
            days: 7,
            hand_over: "00:00".parse().expect("a time"),
            start: today,
            only: None,
        }],
    };
    let administrator = tierdesk.caller(cast.administrator).await;
    let desk = &tierdesk.desk;
    let id = desk
        .save_on_call(&administrator, None, "Network", true, schedule, now)
        .await
        .expect("a schedule");
    let engineer = tierdesk.caller(cast.engineer).await;
    let (from, to) = (now + TimeDelta::days(1), now + TimeDelta::days(2));
    let given = Swap {
        person: cast.other.id,
        from,
        to,
    };
    desk.swap(&engineer, id, given, now).await.expect("a swap");
    let holiday = (now + TimeDelta::days(30), now + TimeDelta::days(40));
    desk.enter_absence(&engineer, cast.engineer.id, holiday, "Holiday", now)
        .await
        .expect("an absence");
    id.to_string()
}

/// A skill, and somebody who says that they have it.
async fn knowledge(tierdesk: &Tierdesk, cast: &Cast<'_>, now: DateTime<Utc>) -> String {
    let administrator = tierdesk.caller(cast.administrator).await;
    let desk = &tierdesk.desk;
    let skill = desk
        .add_skill(&administrator, "VPN", "", false, now)
        .await
        .expect("a skill");
    let engineer = tierdesk.caller(cast.engineer).await;
    let statement = Statement {
        skill,
        level: Level::Solid,
        certificate: "Gateway".to_owned(),
        expires_on: None,
    };
    desk.declare_skill(&engineer, cast.engineer.id, statement, now)
        .await
        .expect("a statement");
    skill.to_string()
}

/// What waits in the outbox goes to the developers' mailbox.
async fn mail(tierdesk: &Tierdesk, now: DateTime<Utc>) {
    let post = Post {
        transport: Transport::Mailbox,
        from: Mailbox::new("Desk", "desk@desk.example".parse().expect("an address")),
        prefix: "TD".to_owned(),
    };
    Outbox::new(tierdesk.desk.clone(), post)
        .drain(now)
        .await
        .expect("mails");
}
