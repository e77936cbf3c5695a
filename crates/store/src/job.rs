//! Runs of catalogue entries on hosts.

mod queue;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::collections::BTreeMap;
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::catalogue::{Class, Facts, Verdict};
use tierdesk_domain::id::{HostId, JobId, TicketId, TicketNumber};
use tierdesk_domain::job::{ATTEMPTS, JobState};
use uuid::Uuid;

use crate::{Result, StoreError, row};

pub use queue::{
    ask_to_stop, errors, hand_out, lease_next, next_overdue, put_off, renew, requeue, to_stop,
};

/// A run with everything that is known of it, save its output.
#[derive(Debug, Clone)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// On which host.
    pub host: HostId,
    /// The host's name.
    pub host_name: String,
    /// For which ticket.
    pub ticket: Option<TicketId>,
    /// That ticket's number.
    pub ticket_number: Option<TicketNumber>,
    /// The catalogue entry.
    pub entry: String,
    /// The entry's hash when it was asked for.
    pub entry_hash: String,
    /// Parameters in canonical form.
    pub params: BTreeMap<String, String>,
    /// The entry's class when it was asked for.
    pub class: Class,
    /// Where it stands.
    pub state: JobState,
    /// Who asked for it.
    pub actor: Actor,
    /// The name of that person.
    pub actor_name: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Until when it waits for its host.
    pub expires_at: DateTime<Utc>,
    /// Until when its host may be silent.
    pub lease_until: Option<DateTime<Utc>>,
    /// The current try, from 1.
    pub attempt: i32,
    /// When its host got it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it ran by the host's clock, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The exit code, where there was one.
    pub exit_code: Option<i32>,
    /// The host's verdict.
    pub verdict: Option<Verdict>,
    /// Its sentence, or why there is none.
    pub summary: Option<String>,
    /// Its facts.
    pub facts: Facts,
    /// Why the host refused it.
    pub refusal: Option<String>,
    /// Secrets that the host removed from the output.
    pub redactions: i32,
    /// Bytes of output that were not kept.
    pub dropped_bytes: i64,
    /// When somebody asked to stop it.
    pub cancel_asked_at: Option<DateTime<Utc>>,
}

struct Row {
    id: Uuid,
    host_id: Uuid,
    host_name: String,
    ticket_id: Option<Uuid>,
    ticket_number: Option<i64>,
    entry: String,
    entry_hash: String,
    params: serde_json::Value,
    class: String,
    state: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_name: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    lease_until: Option<DateTime<Utc>>,
    attempt: i32,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    duration_ms: Option<i64>,
    exit_code: Option<i32>,
    verdict: Option<String>,
    summary: Option<String>,
    facts: serde_json::Value,
    refusal: Option<String>,
    redactions: i32,
    dropped_bytes: i64,
    cancel_asked_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Job {
    type Error = StoreError;

    fn try_from(r: Row) -> Result<Self> {
        let json = |error| StoreError::corrupt("job", error);
        let verdict = r.verdict.as_deref().map(|word| {
            word.parse()
                .map_err(|()| StoreError::corrupt("job", format!("unknown verdict `{word}`")))
        });
        Ok(Self {
            id: JobId(r.id),
            host: HostId(r.host_id),
            host_name: r.host_name,
            ticket: r.ticket_id.map(TicketId),
            ticket_number: r.ticket_number.map(TicketNumber),
            entry: r.entry,
            entry_hash: r.entry_hash,
            params: serde_json::from_value(r.params).map_err(json)?,
            class: row::word("job", &r.class)?,
            state: row::word("job", &r.state)?,
            actor: Actor {
                kind: row::word::<ActorKind>("job", &r.actor_kind)?,
                id: r.actor_id,
                on_behalf_of: None,
            },
            actor_name: r.actor_name,
            created_at: r.created_at,
            expires_at: r.expires_at,
            lease_until: r.lease_until,
            attempt: r.attempt,
            started_at: r.started_at,
            finished_at: r.finished_at,
            duration_ms: r.duration_ms,
            exit_code: r.exit_code,
            verdict: verdict.transpose()?,
            summary: r.summary,
            facts: serde_json::from_value(r.facts).map_err(json)?,
            refusal: r.refusal,
            redactions: r.redactions,
            dropped_bytes: r.dropped_bytes,
            cancel_asked_at: r.cancel_asked_at,
        })
    }
}

/// A run to ask for.
#[derive(Debug)]
pub struct NewJob<'a> {
    /// A fresh id.
    pub id: JobId,
    /// On which host.
    pub host: HostId,
    /// For which ticket.
    pub ticket: TicketId,
    /// The catalogue entry.
    pub entry: &'a str,
    /// Its hash, as the host reported it.
    pub entry_hash: &'a str,
    /// Parameters in canonical form.
    pub params: &'a BTreeMap<String, String>,
    /// The entry's class.
    pub class: Class,
    /// Who asks.
    pub actor: Actor,
    /// Until when it waits.
    pub expires_at: DateTime<Utc>,
}

/// Puts a run in its host's queue.
pub async fn insert(conn: &mut PgConnection, job: &NewJob<'_>, now: DateTime<Utc>) -> Result<()> {
    let params = serde_json::to_value(job.params).map_err(|e| StoreError::corrupt("job", e))?;
    sqlx::query!(
        "insert into job (id, host_id, ticket_id, entry, entry_hash, params, class, state, actor_kind, actor_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $10, $11)",
        job.id.0,
        job.host.0,
        job.ticket.0,
        job.entry,
        job.entry_hash,
        params,
        job.class.as_str(),
        job.actor.kind.as_str(),
        job.actor.id,
        now,
        job.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A run by its id.
pub async fn find(conn: &mut PgConnection, id: JobId) -> Result<Option<Job>> {
    sqlx::query_as!(
        Row,
        r#"select j.id, j.host_id, h.name as host_name, j.ticket_id, t.number as "ticket_number?", j.entry, j.entry_hash, j.params, j.class,
                  j.state, j.actor_kind, j.actor_id, p.name as "actor_name?", j.created_at, j.expires_at, j.lease_until, j.attempt, j.started_at,
                  j.finished_at, j.duration_ms, j.exit_code, j.verdict, j.summary, j.facts, j.refusal, j.redactions, j.dropped_bytes, j.cancel_asked_at
           from job j join host h on h.id = j.host_id left join ticket t on t.id = j.ticket_id left join person p on p.id = j.actor_id
           where j.id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?
    .map(Job::try_from)
    .transpose()
}

/// A run by its id, locked until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: JobId) -> Result<Option<Job>> {
    let found = sqlx::query_scalar!("select id from job where id = $1 for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    match found {
        Some(_) => find(conn, id).await,
        None => Ok(None),
    }
}

/// The newest runs of a ticket, newest first. The caller has asked whether its reader may see the ticket's internal side.
pub async fn of_ticket(conn: &mut PgConnection, ticket: TicketId, limit: i64) -> Result<Vec<Job>> {
    sqlx::query_as!(
        Row,
        r#"select j.id, j.host_id, h.name as host_name, j.ticket_id, t.number as "ticket_number?", j.entry, j.entry_hash, j.params, j.class,
                  j.state, j.actor_kind, j.actor_id, p.name as "actor_name?", j.created_at, j.expires_at, j.lease_until, j.attempt, j.started_at,
                  j.finished_at, j.duration_ms, j.exit_code, j.verdict, j.summary, j.facts, j.refusal, j.redactions, j.dropped_bytes, j.cancel_asked_at
           from job j join host h on h.id = j.host_id join ticket t on t.id = j.ticket_id left join person p on p.id = j.actor_id
           where j.ticket_id = $1 order by j.created_at desc, j.id desc limit $2"#,
        ticket.0,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Job::try_from)
    .collect()
}

/// The newest runs on a host, newest first, for tickets whose internal side the scope reaches, or for none.
pub async fn of_host(
    conn: &mut PgConnection,
    scope: &Scope,
    host: HostId,
    limit: i64,
) -> Result<Vec<Job>> {
    let teams = scope.team_ids();
    sqlx::query_as!(
        Row,
        r#"select j.id, j.host_id, h.name as host_name, j.ticket_id, t.number as "ticket_number?", j.entry, j.entry_hash, j.params, j.class,
                  j.state, j.actor_kind, j.actor_id, p.name as "actor_name?", j.created_at, j.expires_at, j.lease_until, j.attempt, j.started_at,
                  j.finished_at, j.duration_ms, j.exit_code, j.verdict, j.summary, j.facts, j.refusal, j.redactions, j.dropped_bytes, j.cancel_asked_at
           from job j join host h on h.id = j.host_id left join ticket t on t.id = j.ticket_id left join person p on p.id = j.actor_id
           where j.host_id = $1 and (t.id is null or ticket_internal_in_scope($2, $3, $4, t.team_id))
           order by j.created_at desc, j.id desc limit $5"#,
        host.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Job::try_from)
    .collect()
}

/// How many runs wait or run on a host.
pub async fn unfinished(conn: &mut PgConnection, host: HostId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from job where host_id = $1 and state in ('queued', 'leased', 'running')"#,
        host.0
    )
    .fetch_one(conn)
    .await?)
}

/// A piece of output.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Its number within the attempt, from 0.
    pub seq: i32,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// Where it begins in its stream.
    pub start: i64,
    /// The bytes, as the host sent them: hostile.
    pub bytes: Vec<u8>,
}

/// Keeps a piece of output once, as long as the attempt has no more than `limit` bytes; `false` when it was not kept.
pub async fn add_chunk(
    conn: &mut PgConnection,
    job: JobId,
    attempt: i32,
    chunk: &Chunk,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let size = i64::try_from(chunk.bytes.len()).unwrap_or(i64::MAX);
    let done = sqlx::query!(
        "insert into job_chunk (job_id, attempt, seq, start, stream, bytes, at)
         select $1, $2, $3, $4, $5, $6, $7 from job where id = $1 and output_bytes + $8 <= $9
         on conflict do nothing",
        job.0,
        attempt,
        chunk.seq,
        chunk.start,
        chunk.stream,
        chunk.bytes,
        now,
        size,
        limit
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "update job set output_bytes = output_bytes + $2 where id = $1",
        job.0,
        size
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// Output of an attempt after the piece `after` (−1 for all), in order, at most `limit` pieces.
pub async fn chunks(
    conn: &mut PgConnection,
    job: JobId,
    attempt: i32,
    after: i32,
    limit: i64,
) -> Result<Vec<Chunk>> {
    Ok(sqlx::query_as!(
        Chunk,
        "select seq, stream, start, bytes from job_chunk where job_id = $1 and attempt = $2 and seq > $3 order by seq limit $4",
        job.0,
        attempt,
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ending<'a> {
    /// In which state.
    pub state: JobState,
    /// The host's verdict.
    pub verdict: Option<Verdict>,
    /// Its sentence, or why there is none.
    pub summary: Option<&'a str>,
    /// Its facts.
    pub facts: &'a Facts,
    /// The exit code.
    pub exit_code: Option<i32>,
    /// Why the host refused it.
    pub refusal: Option<&'a str>,
    /// How long it ran, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Secrets that the host removed.
    pub redactions: i32,
    /// Bytes that were not kept.
    pub dropped_bytes: i64,
}

/// Ends a run that the caller has locked.
pub async fn finish(
    conn: &mut PgConnection,
    job: JobId,
    ending: &Ending<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let facts = serde_json::Value::Object(ending.facts.clone());
    sqlx::query!(
        "update job set state = $2, verdict = $3, summary = $4, facts = $5, exit_code = $6, refusal = $7, duration_ms = $8, redactions = $9,
                dropped_bytes = $10, finished_at = $11, lease_until = null
         where id = $1",
        job.0,
        ending.state.as_str(),
        ending.verdict.map(Verdict::as_str),
        ending.summary,
        facts,
        ending.exit_code,
        ending.refusal,
        ending.duration_ms,
        ending.redactions,
        ending.dropped_bytes,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A result that changes nothing, kept as evidence. At most [`ATTEMPTS`] × 3 of a job.
pub async fn keep_late(
    conn: &mut PgConnection,
    job: JobId,
    attempt: i32,
    body: &serde_json::Value,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into job_late_result (id, job_id, attempt, at, body)
         select $1, $2, $3, $4, $5 where (select count(*) from job_late_result where job_id = $2) < $6",
        Uuid::now_v7(),
        job.0,
        attempt,
        now,
        body,
        i64::from(ATTEMPTS) * 3
    )
    .execute(conn)
    .await?;
    Ok(())
}
