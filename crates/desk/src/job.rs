//! Runs of catalogue entries: asked for by people or the bot, taken by hosts, ended by them or by their deadline.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_catalogue::{Entry, Exit, Facts, ParamError, Params, Verdict, find};
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::authorize::{Action, Principal, Who, authorize};
use tierdesk_domain::host::HostState;
use tierdesk_domain::id::{HostId, JobId, PersonId, TicketId};
use tierdesk_domain::job::{
    ATTEMPTS, JobState, LEASE, LONGEST_WAIT, OUTPUT_LIMIT, QUEUE_LIMIT, WAIT, permit,
};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::host::Host;
use tierdesk_store::job::{self, Chunk, Ending, Job, NewJob};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{host, notify, person, ticket};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::{Caller, Desk, Work};

/// The channel on which hosts' long polls are woken; the payload is the host's id.
pub const WAKE_HOST: &str = "host";
/// The channel on which the signer is woken.
pub const WAKE_SIGNER: &str = "signer";
/// The channel on which pages hear of output; the payload is the job's id.
pub const OUTPUT: &str = "job";

/// How much of the output is copied to the timeline, in bytes; the whole is on the job's page.
const EXCERPT: usize = 4096;

/// A run to ask for.
#[derive(Debug, Clone)]
pub struct JobRequest {
    /// For which ticket.
    pub ticket: TicketId,
    /// On which host.
    pub host: HostId,
    /// The catalogue entry's id.
    pub entry: String,
    /// Parameters as typed.
    pub params: BTreeMap<String, String>,
    /// How long to wait for the host; half an hour if nothing is said.
    pub wait: Option<TimeDelta>,
}

/// Why a run was not asked for.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Parameters are wrong; each with its sentence.
    #[error("{} parameters are wrong", .0.len())]
    Params(Vec<ParamError>),
    /// The host would not run it.
    #[error("the host would not run it: {0:?}")]
    Refused(Obstacle),
    /// Anything else.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl From<tierdesk_store::StoreError> for RequestError {
    fn from(error: tierdesk_store::StoreError) -> Self {
        Self::Desk(error.into())
    }
}

/// Why an entry cannot be run on a host by somebody. Pages show each with its sentence `job.obstacle_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The host is not approved, or was sent away.
    HostState,
    /// The host's agent was not built with the entry.
    UnknownToHost,
    /// The host's agent means something else by it.
    OtherVersion,
    /// The host's owner does not allow it.
    HostPolicy,
    /// It needs approvals, which this version does not know.
    NeedsApproval,
    /// The person may not.
    NotPermitted,
    /// Too much waits for that host already.
    QueueFull,
}

impl Obstacle {
    /// The key of the sentence that explains it.
    pub fn key(self) -> &'static str {
        match self {
            Self::HostState => "job.obstacle_host_state",
            Self::UnknownToHost => "job.obstacle_unknown",
            Self::OtherVersion => "job.obstacle_version",
            Self::HostPolicy => "job.obstacle_policy",
            Self::NeedsApproval => "job.obstacle_approval",
            Self::NotPermitted => "job.obstacle_permission",
            Self::QueueFull => "job.obstacle_queue",
        }
    }
}

/// What stands between an entry and a host: the same answer for the drawer that greys it out and for the request.
pub fn obstacle(entry: &Entry, host: &Host, hashes: &BTreeMap<String, String>) -> Option<Obstacle> {
    if host.state != HostState::Active {
        return Some(Obstacle::HostState);
    }
    if !entry.class.is_read_only() {
        return Some(Obstacle::NeedsApproval);
    }
    match hashes.get(entry.id) {
        None => return Some(Obstacle::UnknownToHost),
        Some(hash) if *hash != entry.hash().to_string() => return Some(Obstacle::OtherVersion),
        Some(_) => {}
    }
    host.policy
        .check_entry(entry)
        .is_err()
        .then_some(Obstacle::HostPolicy)
}

/// How a host says that a run ended.
#[derive(Debug, Clone)]
pub struct HostResult {
    /// In which state.
    pub state: JobState,
    /// Verdict, sentence, facts and exit, where it was judged.
    pub judged: Option<(Verdict, String, Facts, Exit)>,
    /// Why it could not run.
    pub reason: Option<String>,
    /// Why the host refused.
    pub refusal: Option<&'static str>,
    /// How long it ran, in milliseconds.
    pub duration_ms: i64,
    /// Bytes that were not kept.
    pub dropped_bytes: u64,
    /// Secrets that were removed.
    pub redactions: u32,
    /// The whole message, for evidence when it changes nothing.
    pub raw: Value,
}

/// What a host that asks for work gets.
#[derive(Debug, Clone, Default)]
pub struct Work4Host {
    /// The payload and signature of a run.
    pub envelope: Option<(Vec<u8>, Vec<u8>)>,
    /// Runs to stop.
    pub stop: Vec<JobId>,
}

/// What became of a host's message about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Taken.
    Taken,
    /// Too late, or for another attempt: the host should let go of it.
    Void,
}

/// The caller behind a stored actor, with the rights they have now; for asking again at dispatch (AT-JOB-2).
async fn who(work: &mut Work<'_>, actor: Actor) -> Result<Option<Who>> {
    match (actor.kind, actor.id) {
        (ActorKind::Human, Some(id)) => {
            let principal: Option<Principal> = person::principal(work.conn(), PersonId(id)).await?;
            Ok(principal.map(Who::Person))
        }
        _ => Ok(Some(Who::Machine(actor))),
    }
}

impl Desk {
    /// Asks for a run. Its output and verdict come to the ticket's timeline, internally.
    ///
    /// # Errors
    /// [`RequestError`]: wrong parameters, an obstacle, or no right to do it.
    pub async fn request_job(
        &self,
        caller: &Caller,
        request: &JobRequest,
        now: DateTime<Utc>,
    ) -> std::result::Result<JobId, RequestError> {
        let mut work = self.begin(caller, now).await?;
        let id = request_job(&mut work, request).await?;
        work.commit().await?;
        Ok(id)
    }

    /// Stops a run: one that waits ends at once, one that runs is killed by its host.
    ///
    /// # Errors
    /// [`DeskError::State`] for a run that has ended.
    pub async fn stop_job(&self, caller: &Caller, id: JobId, now: DateTime<Utc>) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let job = job::lock(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let ticket = job.ticket.ok_or(DeskError::NotFound)?;
        work.ticket(ticket, Action::WorkTicket).await?;
        match job.state {
            JobState::Queued | JobState::Leased => {
                let ending = ended(JobState::Cancelled, Some("It was stopped before it began."));
                end(&mut work, &job, &ending, "").await?;
            }
            JobState::Running => {
                job::ask_to_stop(work.conn(), id, now).await?;
                notify(work.conn(), WAKE_HOST, &job.host.to_string()).await?;
            }
            _ => return Err(DeskError::State("state.job_over")),
        }
        work.audit(
            "job.stopped",
            "job",
            &id.to_string(),
            json!({ "entry": job.entry, "host": job.host_name }),
        )
        .await?;
        work.commit().await
    }

    /// What there is for a host that asks for work: an envelope that was signed meanwhile, and runs to stop. Where there is
    /// no envelope, the oldest run that waits is leased and the signer woken; ask again when woken.
    pub async fn work_for_host(
        &self,
        host: HostId,
        most: i64,
        now: DateTime<Utc>,
    ) -> Result<Work4Host> {
        let caller = Caller::machine(Actor::host(host));
        let mut work = self.begin(&caller, now).await?;
        let stop = job::to_stop(work.conn(), host).await?;
        let lease_until = now + LEASE;
        let mut found = Work4Host {
            envelope: None,
            stop,
        };
        if let Some((id, payload, signature)) =
            job::hand_out(work.conn(), host, now, lease_until).await?
        {
            notify(work.conn(), OUTPUT, &id.to_string()).await?;
            found.envelope = Some((payload, signature));
        } else if job::lease_next(work.conn(), host, most, now, lease_until).await? {
            notify(work.conn(), WAKE_SIGNER, "").await?;
        }
        work.commit().await?;
        Ok(found)
    }

    /// Renews the leases of what a host runs; returns what it should let go of.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when it names a run of another host.
    pub async fn host_beat(
        &self,
        host: HostId,
        running: &[(JobId, i32)],
        now: DateTime<Utc>,
    ) -> Result<Vec<JobId>> {
        let caller = Caller::machine(Actor::host(host));
        let mut work = self.begin(&caller, now).await?;
        let mut let_go = Vec::new();
        for (id, attempt) in running {
            own(&mut work, host, *id).await?;
            if !job::renew(work.conn(), host, *id, *attempt, now + LEASE).await? {
                let_go.push(*id);
            }
        }
        work.commit().await?;
        Ok(let_go)
    }

    /// Keeps pieces of output of a run, and renews its lease.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when the run is another host's.
    pub async fn host_output(
        &self,
        host: HostId,
        id: JobId,
        attempt: i32,
        chunks: &[Chunk],
        now: DateTime<Utc>,
    ) -> Result<Heard> {
        let caller = Caller::machine(Actor::host(host));
        let mut work = self.begin(&caller, now).await?;
        own(&mut work, host, id).await?;
        let job = job::lock(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        if job.state != JobState::Running || job.attempt != attempt {
            return Ok(Heard::Void);
        }
        for chunk in chunks {
            if !job::add_chunk(work.conn(), id, attempt, chunk, OUTPUT_LIMIT, now).await? {
                tracing::debug!(job = %id, seq = chunk.seq, "a piece of output was not kept: there before, or too much");
            }
        }
        let goes_on = job::renew(work.conn(), host, id, attempt, now + LEASE).await?;
        notify(work.conn(), OUTPUT, &id.to_string()).await?;
        work.commit().await?;
        Ok(if goes_on { Heard::Taken } else { Heard::Void })
    }

    /// Takes the result of a run, once, from its host, while it runs. Anything else is kept as evidence (AT-JOB-3).
    ///
    /// # Errors
    /// [`DeskError::NotFound`] when the run is another host's.
    pub async fn host_result(
        &self,
        host: HostId,
        id: JobId,
        attempt: i32,
        result: &HostResult,
        now: DateTime<Utc>,
    ) -> Result<Heard> {
        let caller = Caller::machine(Actor::host(host));
        let mut work = self.begin(&caller, now).await?;
        own(&mut work, host, id).await?;
        let job = job::lock(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        if job.state != JobState::Running || job.attempt != attempt {
            job::keep_late(work.conn(), id, attempt, &result.raw, now).await?;
            work.commit().await?;
            return Ok(Heard::Void);
        }
        // An agent that was restarted lost a read-only run: it is tried again while somebody may still want it.
        if result.state == JobState::Interrupted
            && job.class.is_read_only()
            && job.attempt < ATTEMPTS
            && job.expires_at > now
        {
            job::requeue(work.conn(), id).await?;
            notify(work.conn(), WAKE_HOST, &host.to_string()).await?;
            work.commit().await?;
            return Ok(Heard::Taken);
        }
        let nothing = Facts::new();
        let (verdict, summary, facts, exit) = match &result.judged {
            Some((verdict, summary, facts, exit)) => {
                (Some(*verdict), Some(summary.as_str()), facts, Some(exit))
            }
            None => (None, result.reason.as_deref(), &nothing, None),
        };
        let ending = Ending {
            state: result.state,
            verdict,
            summary: summary.or(default_summary(result.state)),
            facts,
            exit_code: match exit {
                Some(Exit::Code(code)) => Some(*code),
                _ => None,
            },
            refusal: result.refusal,
            duration_ms: Some(result.duration_ms.max(0)),
            redactions: i32::try_from(result.redactions).unwrap_or(i32::MAX),
            dropped_bytes: i64::try_from(result.dropped_bytes).unwrap_or(i64::MAX),
        };
        let excerpt = excerpt(&job::chunks(work.conn(), id, attempt, -1, 4).await?);
        end(&mut work, &job, &ending, &excerpt).await?;
        work.commit().await?;
        Ok(Heard::Taken)
    }

    /// Acts on one run whose deadline has passed; `false` when there is none. A waiting one expires; one whose host fell
    /// silent is tried again if it only reads, and is lost otherwise.
    pub async fn settle_overdue_job(&self, now: DateTime<Utc>) -> Result<bool> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let Some(id) = job::next_overdue(work.conn(), now).await? else {
            return Ok(false);
        };
        let job = job::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let again = job.state != JobState::Queued
            && job.class.is_read_only()
            && job.attempt < ATTEMPTS
            && job.expires_at > now
            && job.cancel_asked_at.is_none();
        if again {
            job::requeue(work.conn(), id).await?;
            notify(work.conn(), WAKE_HOST, &job.host.to_string()).await?;
        } else {
            let state = match job.state {
                JobState::Queued => JobState::Expired,
                _ if job.cancel_asked_at.is_some() => JobState::Cancelled,
                _ => JobState::Lost,
            };
            let excerpt = excerpt(&job::chunks(work.conn(), id, job.attempt, -1, 4).await?);
            end(
                &mut work,
                &job,
                &ended(state, default_summary(state)),
                &excerpt,
            )
            .await?;
        }
        work.commit().await?;
        Ok(true)
    }

    /// Whether a claimed run may still be signed: asked again with the rights its requester has now (AT-JOB-2), and with
    /// what its host says of itself now. `None` when it may.
    pub async fn obstacle_at_dispatch(
        &self,
        work: &mut Work<'_>,
        job: &Job,
    ) -> Result<Option<Obstacle>> {
        let Some(found) = host::find(work.conn(), job.host).await? else {
            return Ok(Some(Obstacle::HostState));
        };
        let Some(entry) = find(&job.entry) else {
            return Ok(Some(Obstacle::UnknownToHost));
        };
        let hashes = host::entries(work.conn(), job.host).await?;
        if let Some(obstacle) = obstacle(entry, &found, &hashes) {
            return Ok(Some(obstacle));
        }
        if entry.class != job.class || entry.hash().to_string() != job.entry_hash {
            return Ok(Some(Obstacle::OtherVersion));
        }
        let Some(ticket) = job.ticket else {
            return Ok(Some(Obstacle::NotPermitted));
        };
        let ticket = ticket::lock(work.conn(), ticket)
            .await?
            .ok_or(DeskError::NotFound)?;
        let allowed = match who(work, job.actor).await? {
            Some(who) => permit(&who, ticket.facts(), entry.class).is_ok(),
            None => false,
        };
        Ok((!allowed).then_some(Obstacle::NotPermitted))
    }

    /// Ends a claimed run that may not be signed.
    pub async fn refuse_dispatch(
        &self,
        work: &mut Work<'_>,
        job: &Job,
        obstacle: Obstacle,
    ) -> Result<()> {
        let why = tierdesk_domain::text::t(obstacle.key());
        let ending = Ending {
            refusal: Some("at_dispatch"),
            ..ended(JobState::Refused, Some(why))
        };
        work.audit(
            "job.refused",
            "job",
            &job.id.to_string(),
            json!({ "entry": job.entry, "why": format!("{obstacle:?}") }),
        )
        .await?;
        end(work, job, &ending, "").await
    }

    /// A run and its output, for somebody who may read the internal side of its ticket.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a run that does not exist or whose ticket must stay hidden.
    pub async fn read_job(&self, caller: &Caller, id: JobId) -> Result<Job> {
        let mut conn = self.acquire().await?;
        let job = job::find(&mut conn, id).await?.ok_or(DeskError::NotFound)?;
        let number = job.ticket_number.ok_or(DeskError::NotFound)?;
        let scope = self.scope(caller)?;
        let ticket = ticket::by_number(&mut conn, &scope, number)
            .await?
            .ok_or(DeskError::NotFound)?;
        authorize(&caller.who, Action::ReadInternal(ticket.facts()))?;
        Ok(job)
    }
}

/// Asks for a run inside another action.
async fn request_job(
    work: &mut Work<'_>,
    request: &JobRequest,
) -> std::result::Result<JobId, RequestError> {
    let mut ticket = work.ticket(request.ticket, Action::WorkTicket).await?;
    let id = queue(work, &ticket, request).await?;
    work.save(&mut ticket, false).await?;
    Ok(id)
}

/// Puts a run in its host's queue: the one way there, for people and for the bot (AT-JOB-2). The caller holds the ticket's
/// lock and saves it.
pub(crate) async fn queue(
    work: &mut Work<'_>,
    ticket: &Ticket,
    request: &JobRequest,
) -> std::result::Result<JobId, RequestError> {
    let now = work.now;
    let entry = find(&request.entry).ok_or(DeskError::NotFound)?;
    let host = host::find(work.conn(), request.host)
        .await?
        .ok_or(DeskError::NotFound)?;
    let hashes = host::entries(work.conn(), host.id).await?;
    if let Some(obstacle) = obstacle(entry, &host, &hashes) {
        return Err(RequestError::Refused(obstacle));
    }
    if permit(&work.caller().who, ticket.facts(), entry.class).is_err() {
        return Err(RequestError::Refused(Obstacle::NotPermitted));
    }
    let params = Params::parse(entry, &request.params).map_err(RequestError::Params)?;
    if host.policy.check_params(&params).is_err() {
        return Err(RequestError::Refused(Obstacle::HostPolicy));
    }
    if job::unfinished(work.conn(), host.id).await? >= QUEUE_LIMIT {
        return Err(RequestError::Refused(Obstacle::QueueFull));
    }
    let id = JobId(Uuid::now_v7());
    let wait = request
        .wait
        .unwrap_or(WAIT)
        .clamp(TimeDelta::minutes(1), LONGEST_WAIT);
    let expires_at = now + wait;
    let actor = work.caller().actor();
    job::insert(
        work.conn(),
        &NewJob {
            id,
            host: host.id,
            ticket: ticket.id,
            entry: entry.id,
            entry_hash: &entry.hash().to_string(),
            params: &params.canonical(),
            class: entry.class,
            actor,
            expires_at,
        },
        now,
    )
    .await?;
    let data = json!({
        "job": id, "entry": entry.id, "title": entry.title, "class": entry.class, "params": params.canonical(),
        "host": host.id, "host_name": host.name, "expires_at": expires_at,
    });
    work.event(
        ticket,
        EventKind::JobRequested,
        Visibility::Internal,
        None,
        data.clone(),
    )
    .await?;
    work.audit("job.requested", "job", &id.to_string(), data)
        .await?;
    notify(work.conn(), WAKE_HOST, &host.id.to_string()).await?;
    Ok(id)
}

/// Refuses a host that names another host's run: it must look as if there were none (AT-ENR-2).
async fn own(work: &mut Work<'_>, host: HostId, id: JobId) -> Result<()> {
    match job::find(work.conn(), id).await? {
        Some(job) if job.host == host => Ok(()),
        _ => Err(DeskError::NotFound),
    }
}

fn ended(state: JobState, summary: Option<&'static str>) -> Ending<'static> {
    static NOTHING: std::sync::LazyLock<Facts> = std::sync::LazyLock::new(Facts::new);
    Ending {
        state,
        verdict: None,
        summary,
        facts: &NOTHING,
        exit_code: None,
        refusal: None,
        duration_ms: None,
        redactions: 0,
        dropped_bytes: 0,
    }
}

fn default_summary(state: JobState) -> Option<&'static str> {
    Some(match state {
        JobState::TimedOut => "It took too long and was stopped.",
        JobState::Cancelled => "It was stopped.",
        JobState::Interrupted => "The host's agent was restarted meanwhile.",
        JobState::Refused => "The host did not run it.",
        JobState::Failed => "It could not run.",
        JobState::Expired => "The host did not come in time.",
        JobState::Lost => "The host fell silent while it ran.",
        _ => return None,
    })
}

/// Ends a run: the row, the ticket's timeline, and whoever waits for it.
async fn end(work: &mut Work<'_>, job: &Job, ending: &Ending<'_>, excerpt: &str) -> Result<()> {
    let now = work.now;
    job::finish(work.conn(), job.id, ending, now).await?;
    notify(work.conn(), OUTPUT, &job.id.to_string()).await?;
    let Some(id) = job.ticket else {
        return Ok(());
    };
    let Some(mut ticket) = ticket::lock(work.conn(), id).await? else {
        return Ok(());
    };
    let data = json!({
        "job": job.id, "entry": job.entry, "host": job.host, "host_name": job.host_name, "state": ending.state,
        "verdict": ending.verdict.map_or("unknown", Verdict::as_str), "summary": ending.summary.unwrap_or_default(),
        "facts": shown(ending.facts), "output": excerpt, "duration_ms": ending.duration_ms, "redactions": ending.redactions,
        "refusal": ending.refusal,
    });
    work.event(
        &ticket,
        EventKind::JobFinished,
        Visibility::Internal,
        None,
        data,
    )
    .await?;
    crate::bot::job_ended(work, ticket.id, job.id).await?;
    work.save(&mut ticket, false).await
}

/// Facts as a card shows them: plain values with their names in words.
fn shown(facts: &Facts) -> Vec<Value> {
    let plain = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.chars().take(200).collect()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            words
                .filter(|words| !words.is_empty())
                .map(|words| words.join(", ").chars().take(200).collect())
        }
        _ => None,
    };
    facts
        .iter()
        .filter_map(|(name, value)| {
            Some(json!({ "label": name.replace('_', " "), "value": plain(value)? }))
        })
        .take(12)
        .collect()
}

/// The beginning of the output with control characters made visible.
fn excerpt(chunks: &[Chunk]) -> String {
    let bytes: Vec<u8> = chunks
        .iter()
        .flat_map(|chunk| &chunk.bytes)
        .copied()
        .take(EXCERPT)
        .collect();
    visible(&bytes)
}

/// Hostile bytes as harmless text (AT-LOG-1): control characters and direction marks become visible, what is not UTF-8
/// becomes a replacement mark. Never markup: templates escape it like any other text.
pub fn visible(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| *c != '\r')
        .map(|c| match c {
            '\n' | '\t' => c,
            // The pictures of control characters: ␀ … ␟, ␡.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_output_can_steer_a_terminal_or_a_page() {
        let hostile =
            b"a\x1b[31mred\x1b]52;c;x\x07\0\x7f\xc2\x9b\xff\xe2\x80\xae<script>\r\nnext\ttab";
        let text = visible(hostile);
        assert_eq!(
            text,
            "a␛[31mred␛]52;c;x␇␀␡\u{fffd}\u{fffd}\u{fffd}<script>\nnext\ttab"
        );
        assert!(
            !text
                .chars()
                .any(|c| c.is_control() && c != '\n' && c != '\t')
        );
    }

    #[test]
    fn facts_on_a_card_are_plain_values() {
        let facts = json!({ "loss_percent": 0.5, "ok": true, "list": [{"a": 1}], "names": ["a", "b"], "none": null });
        let Value::Object(facts) = facts else {
            unreachable!()
        };
        let shown = shown(&facts);
        assert_eq!(shown.len(), 3);
        assert_eq!(shown[0], json!({ "label": "loss percent", "value": "0.5" }));
        assert_eq!(shown[1], json!({ "label": "names", "value": "a, b" }));
    }
}
