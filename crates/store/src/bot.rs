//! What the bot needs to know and to remember about the tickets it works on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use tierdesk_domain::bot::{AddressFacts, State};
use tierdesk_domain::connectivity::{Ended, NotRun, Step};
use tierdesk_domain::id::{HostId, JobId, PersonId, TicketId};
use tierdesk_domain::person::PersonKind;
use tierdesk_domain::target::Target;
use tierdesk_domain::triage::Intent;
use uuid::Uuid;

use crate::{Result, StoreError, row};

/// The bot's work on one ticket.
#[derive(Debug, Clone)]
pub struct Case {
    /// The ticket.
    pub ticket: TicketId,
    /// Who it is for.
    pub requester: PersonId,
    /// Where the work stands.
    pub state: State,
    /// What the ticket asks for.
    pub intent: Intent,
    /// What cannot be reached.
    pub target: Option<Target>,
    /// The probes asked for.
    pub probes: Vec<AskedProbe>,
    /// How many of the requester's messages it has read.
    pub asks_read: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A probe and the job that runs it; no job where none could be asked for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct AskedProbe {
    /// What and where.
    #[serde(flatten)]
    pub step: Step,
    /// The job.
    pub job: Option<JobId>,
}

/// The bot's work on a ticket, if there is any. The ticket's lock guards it.
pub async fn case(conn: &mut PgConnection, ticket: TicketId) -> Result<Option<Case>> {
    sqlx::query!(
        "select ticket_id, requester_id, state, intent, target, probes, asks_read, started_at, updated_at from bot_case where ticket_id = $1",
        ticket.0
    )
    .fetch_optional(conn)
    .await?
    .map(|r| {
        Ok(Case {
            ticket: TicketId(r.ticket_id),
            requester: PersonId(r.requester_id),
            state: row::word("bot_case", &r.state)?,
            intent: match r.intent.as_str() {
                "password_reset" => Intent::PasswordReset,
                "connectivity" => Intent::Connectivity,
                _ => Intent::None,
            },
            target: r.target.map(serde_json::from_value).transpose().map_err(|e| StoreError::corrupt("bot_case", e))?,
            probes: serde_json::from_value(r.probes).map_err(|e| StoreError::corrupt("bot_case", e))?,
            asks_read: r.asks_read,
            started_at: r.started_at,
            updated_at: r.updated_at,
        })
    })
    .transpose()
}

/// Writes the bot's work on a ticket.
pub async fn save(conn: &mut PgConnection, case: &Case) -> Result<()> {
    let target = case
        .target
        .as_ref()
        .map(serde_json::to_value)
        .transpose()
        .map_err(|e| StoreError::corrupt("bot_case", e))?;
    let probes =
        serde_json::to_value(&case.probes).map_err(|e| StoreError::corrupt("bot_case", e))?;
    sqlx::query!(
        "insert into bot_case (ticket_id, requester_id, state, intent, target, probes, asks_read, started_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (ticket_id) do update set state = excluded.state, intent = excluded.intent, target = excluded.target,
             probes = excluded.probes, asks_read = excluded.asks_read, updated_at = excluded.updated_at",
        case.ticket.0,
        case.requester.0,
        case.state.as_str(),
        case.intent.as_str(),
        target,
        probes,
        case.asks_read,
        case.started_at,
        case.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The description a ticket was filed with; empty when it was removed.
pub async fn description(conn: &mut PgConnection, ticket: TicketId) -> Result<String> {
    Ok(sqlx::query_scalar!(
        "select c.body from event e join content c on c.id = e.content_id
         where e.ticket_id = $1 and e.kind = 'opened' and c.replaced_at is null order by e.at limit 1",
        ticket.0
    )
    .fetch_optional(conn)
    .await?
    .unwrap_or_default())
}

/// Whether somebody asked for help again on the sign-in page, from `since` on.
pub async fn asked_again(
    conn: &mut PgConnection,
    ticket: TicketId,
    since: DateTime<Utc>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from event where ticket_id = $1 and kind = 'ask' and at >= $2 and data ? 'sign_in_help') as "yes!""#,
        ticket.0,
        since
    )
    .fetch_one(conn)
    .await?)
}

/// What the requester wrote on a ticket after the first `read` messages, oldest first, and how many messages there are now.
/// What was asked on the sign-in page is not among them: anybody may have asked that.
/// The ticket's lock makes the count exact.
pub async fn answers(
    conn: &mut PgConnection,
    ticket: TicketId,
    read: i32,
) -> Result<(Vec<String>, i32)> {
    let bodies = sqlx::query_scalar!(
        "select coalesce(c.body, '') as \"body!\" from event e left join content c on c.id = e.content_id and c.replaced_at is null
         where e.ticket_id = $1 and e.kind = 'ask' and not e.data ? 'sign_in_help' order by e.at, e.id offset $2",
        ticket.0,
        i64::from(read)
    )
    .fetch_all(conn)
    .await?;
    let now = read.saturating_add(i32::try_from(bodies.len()).unwrap_or(i32::MAX));
    Ok((bodies, now))
}

/// What is on file about an account, for the policy of resets.
#[derive(Debug, Clone)]
pub struct Account {
    /// What kind of account.
    pub kind: PersonKind,
    /// Whether it may sign in.
    pub active: bool,
    /// Whether it is a manager's.
    pub manager: bool,
    /// Whether it is an administrator's.
    pub administrator: bool,
    /// Whether it works tickets.
    pub engineer: bool,
    /// The address mail goes to.
    pub address: Option<AddressFacts>,
    /// Its password's version, and when that was set; none without a password here.
    pub password: Option<(i32, DateTime<Utc>)>,
    /// The primary address itself.
    pub email: Option<String>,
}

/// The facts of an account.
pub async fn account(conn: &mut PgConnection, person: PersonId) -> Result<Option<Account>> {
    sqlx::query!(
        r#"select p.kind, p.deactivated_at, p.manager, p.administrator,
                  exists (select from membership m where m.person_id = p.id) as "engineer!",
                  a.email as "email?", a.verified_at as "verified_at?", a.changed_at as "address_changed_at?",
                  c.version as "version?", c.changed_at as "password_changed_at?"
           from person p
           left join address a on a.person_id = p.id and a.is_primary
           left join credential c on c.person_id = p.id
           where p.id = $1"#,
        person.0
    )
    .fetch_optional(conn)
    .await?
    .map(|r| {
        Ok(Account {
            kind: row::word("person", &r.kind)?,
            active: r.deactivated_at.is_none(),
            manager: r.manager,
            administrator: r.administrator,
            engineer: r.engineer,
            address: r.address_changed_at.map(|changed_at| AddressFacts { verified_at: r.verified_at, changed_at }),
            password: r.version.zip(r.password_changed_at),
            email: r.email,
        })
    })
    .transpose()
}

/// Resets that the bot started for a person since `since`: those that name a ticket.
pub async fn resets_since(
    conn: &mut PgConnection,
    person: PersonId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from event e join ticket t on t.id = e.ticket_id
           where t.requester_id = $1 and e.kind = 'password_reset' and e.actor_kind = 'bot' and e.at > $2
             and e.data->>'step' = 'link_sent'"#,
        person.0,
        since
    )
    .fetch_one(conn)
    .await?)
}

/// Makes the reset links of a ticket useless. Returns how many there were.
pub async fn revoke_links(
    conn: &mut PgConnection,
    ticket: TicketId,
    now: DateTime<Utc>,
) -> Result<u64> {
    Ok(sqlx::query!(
        "update person_token set superseded_at = $2 where ticket_id = $1 and purpose = 'reset' and used_at is null and superseded_at is null",
        ticket.0,
        now
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// Tickets of a person on which the bot waits for a new password.
pub async fn waits_for_password(
    conn: &mut PgConnection,
    person: PersonId,
) -> Result<Vec<TicketId>> {
    Ok(sqlx::query_scalar!(
        "select ticket_id from bot_case where requester_id = $1 and state in ('link_sent', 'reminded')",
        person.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(TicketId)
    .collect())
}

/// Playbooks that ran for a person since `since`.
pub async fn runs_since(
    conn: &mut PgConnection,
    person: PersonId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from bot_case where requester_id = $1 and started_at > $2 and probes <> '[]'"#,
        person.0,
        since
    )
    .fetch_one(conn)
    .await?)
}

/// A machine that probes can run on.
#[derive(Debug, Clone)]
pub struct Prober {
    /// Which.
    pub host: HostId,
    /// Its name.
    pub name: String,
}

/// The agent beside the server: active, labelled `vantage=server`, and the one seen last where there are several.
pub async fn server_vantage(conn: &mut PgConnection) -> Result<Option<Prober>> {
    Ok(sqlx::query!(
        "select id, name from host where state = 'active' and labels @> array['vantage=server']
         order by last_seen_at desc nulls last, id limit 1"
    )
    .fetch_optional(conn)
    .await?
    .map(|r| Prober {
        host: HostId(r.id),
        name: r.name,
    }))
}

/// The requester's own machine: the one the ticket is about if it is theirs to speak of, else the only one they own.
pub async fn own_machine(conn: &mut PgConnection, ticket: TicketId) -> Result<Option<Prober>> {
    Ok(sqlx::query!(
        "select h.id, h.name from ticket t join host h on h.id = t.host_id or (t.host_id is null and h.owner_id = t.requester_id)
         where t.id = $1 and h.state = 'active' and h.owner_id = t.requester_id
           and not h.labels && array['demo-recorded', 'vantage=server']
         order by (h.id = t.host_id) desc nulls last, h.last_seen_at desc nulls last, h.id limit 1",
        ticket.0
    )
    .fetch_optional(conn)
    .await?
    .map(|r| Prober { host: HostId(r.id), name: r.name }))
}

/// How the jobs of a case ended; those still on their way are left out.
pub async fn ended(conn: &mut PgConnection, jobs: &[JobId]) -> Result<Vec<(JobId, Ended)>> {
    let ids: Vec<Uuid> = jobs.iter().map(|it| it.0).collect();
    sqlx::query!(
        "select id, state, verdict, summary, facts from job where id = any($1) and state not in ('queued', 'leased', 'running')",
        &ids
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let ended = match (r.state.as_str(), r.verdict) {
            ("succeeded", Some(verdict)) => Ended::Ran {
                verdict: verdict.parse().map_err(|()| StoreError::corrupt("job", format!("verdict `{verdict}`")))?,
                summary: r.summary.unwrap_or_default(),
                facts: match r.facts {
                    serde_json::Value::Object(facts) => facts,
                    _ => serde_json::Map::new(),
                },
            },
            ("expired" | "lost" | "interrupted", _) => Ended::NotRun(NotRun::Expired),
            ("refused", _) => Ended::NotRun(NotRun::Refused),
            _ => Ended::NotRun(NotRun::Failed),
        };
        Ok((JobId(r.id), ended))
    })
    .collect()
}
