//! Tickets for the bot, and what it made of them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::Row as _;
use tierdesk_desk::ticket::{Filed, NewTicket};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use uuid::Uuid;

use crate::database;
use crate::product::{Someone, Tierdesk};

/// How a ticket stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// Its status.
    pub status: String,
    /// Whether the bot has it.
    pub bot_holds: bool,
    /// Who resolved it.
    pub resolved_by: Option<String>,
    /// Its tier.
    pub tier: i16,
    /// Its team's name.
    pub team: String,
}

/// An entry of a timeline.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub kind: String,
    /// Who may see it.
    pub visibility: String,
    /// Who did it.
    pub actor: String,
    /// The words.
    pub body: String,
    /// The facts.
    pub data: Value,
}

impl Tierdesk {
    /// Files a ticket as somebody would.
    pub async fn file(&self, someone: &Someone, title: &str, description: &str) -> Filed {
        self.file_by(someone, title, description, Channel::Web)
            .await
    }

    /// Files a ticket that came in another way.
    pub async fn file_by(
        &self,
        someone: &Someone,
        title: &str,
        description: &str,
        channel: Channel,
    ) -> Filed {
        let caller = self.caller(someone).await;
        let new = NewTicket {
            category: None,
            title: title.to_owned(),
            description: description.to_owned(),
            impact: Impact::Person,
            urgency: Urgency::Medium,
            host: None,
            channel,
        };
        self.desk
            .file_ticket(&caller, new, self.now())
            .await
            .expect("files")
    }

    /// Lets the bot do all that is due.
    pub async fn run_bot(&self) {
        while self
            .desk
            .act_on_next_bot_deadline(self.now())
            .await
            .expect("the database answers")
        {}
    }

    /// How a ticket stands now.
    pub async fn stands(&self, ticket: TicketId) -> Stands {
        let mut conn = database::connect(&self.database).await;
        let row = sqlx::query("select t.status, t.bot_holds, t.resolved_by, t.tier, team.name from ticket t join team on team.id = t.team_id where t.id = $1")
            .bind(ticket.0)
            .fetch_one(&mut conn)
            .await
            .expect("a ticket");
        Stands {
            status: row.get(0),
            bot_holds: row.get(1),
            resolved_by: row.get(2),
            tier: row.get(3),
            team: row.get(4),
        }
    }

    /// Everything on a ticket's timeline, oldest first.
    pub async fn timeline(&self, ticket: TicketId) -> Vec<Entry> {
        let mut conn = database::connect(&self.database).await;
        let rows = sqlx::query(
            "select e.kind, e.visibility, e.actor_kind, coalesce(c.body, ''), e.data from event e left join content c on c.id = e.content_id
             where e.ticket_id = $1 order by e.at, e.id",
        )
        .bind(ticket.0)
        .fetch_all(&mut conn)
        .await
        .expect("a timeline");
        rows.into_iter()
            .map(|r| Entry {
                kind: r.get(0),
                visibility: r.get(1),
                actor: r.get(2),
                body: r.get(3),
                data: r.get(4),
            })
            .collect()
    }

    /// The newest entry of a kind.
    pub async fn newest(&self, ticket: TicketId, kind: &str) -> Option<Entry> {
        self.timeline(ticket)
            .await
            .into_iter()
            .rfind(|entry| entry.kind == kind)
    }

    /// Enrols a host that knows every entry of the catalogue, without its agent: the test answers in its place.
    pub async fn stand_in_host(
        &self,
        name: &str,
        owner: Option<&Someone>,
        labels: &[&str],
    ) -> Uuid {
        let mut conn = database::connect(&self.database).await;
        let id = Uuid::now_v7();
        let labels: Vec<String> = labels.iter().map(|it| (*it).to_owned()).collect();
        sqlx::query("insert into host (id, name, state, public_key, join_code, labels, owner_id, created_at) values ($1, $2, 'active', $3, 'a b c d', $4, $5, $6)")
            .bind(id)
            .bind(name)
            .bind(id.as_bytes().as_slice())
            .bind(labels)
            .bind(owner.map(|it| it.id.0))
            .bind(self.now())
            .execute(&mut conn)
            .await
            .expect("a host");
        for entry in tierdesk_catalogue::ENTRIES {
            sqlx::query("insert into host_entry (host_id, entry, entry_hash) values ($1, $2, $3)")
                .bind(id)
                .bind(entry.id)
                .bind(entry.hash().to_string())
                .execute(&mut conn)
                .await
                .expect("an entry");
        }
        id
    }

    /// The jobs that wait on a host: id, entry and parameters, oldest first.
    pub async fn waiting_jobs(&self, host: Uuid) -> Vec<(Uuid, String, Value)> {
        let mut conn = database::connect(&self.database).await;
        sqlx::query_as("select id, entry, params from job where host_id = $1 and state = 'queued' order by created_at, id")
            .bind(host)
            .fetch_all(&mut conn)
            .await
            .expect("jobs")
    }

    /// Ends a job as its host would.
    pub async fn end_job(&self, job: Uuid, verdict: &str, summary: &str, facts: Value) {
        let now: DateTime<Utc> = self.now();
        let mut conn = database::connect(&self.database).await;
        sqlx::query("update job set state = 'succeeded', verdict = $2, summary = $3, facts = $4, finished_at = $5 where id = $1")
            .bind(job)
            .bind(verdict)
            .bind(summary)
            .bind(facts)
            .bind(now)
            .execute(&mut conn)
            .await
            .expect("a job");
    }
}
