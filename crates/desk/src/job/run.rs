//! The host's side of a run: it asks for work, sends output and results; and what becomes of runs whose deadline passes.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_catalogue::{Exit, Facts, Verdict};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::id::{HostId, JobId};
use tierdesk_domain::job::{ATTEMPTS, JobState, LEASE, OUTPUT_LIMIT};
use tierdesk_domain::text::t;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::job::{self, Chunk, Ending, Job};
use tierdesk_store::notify;

use super::shown::{excerpt, shown};
use super::{OUTPUT, WAKE_HOST, WAKE_SIGNER};
use crate::caught::caught;
use crate::error::{DeskError, Result};
use crate::{Caller, Desk, Work};

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

impl Desk {
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
    /// silent is tried again if it only reads, and is lost otherwise. What goes wrong with one puts that one off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_overdue_job(&self, now: DateTime<Utc>) -> Result<bool> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let Some(id) = job::next_overdue(work.conn(), now).await? else {
            return Ok(false);
        };
        let settled = caught(settle(&mut work, id)).await;
        if let Err(error) = work.commit_if(settled).await {
            self.put_job_off(id, &error, now).await?;
        }
        Ok(true)
    }
}

async fn settle(work: &mut Work<'_>, id: JobId) -> Result<()> {
    let now = work.now;
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
        end(work, &job, &ended(state, default_summary(state)), &excerpt).await?;
    }
    Ok(())
}

/// Refuses a host that names another host's run: it must look as if there were none (AT-ENR-2).
async fn own(work: &mut Work<'_>, host: HostId, id: JobId) -> Result<()> {
    match job::find(work.conn(), id).await? {
        Some(job) if job.host == host => Ok(()),
        _ => Err(DeskError::NotFound),
    }
}

pub(super) fn ended(state: JobState, summary: Option<&'static str>) -> Ending<'static> {
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
    Some(t(match state {
        JobState::TimedOut => "job.ended_timed_out",
        JobState::Cancelled => "job.ended_cancelled",
        JobState::Interrupted => "job.ended_interrupted",
        JobState::Refused => "job.ended_refused",
        JobState::Failed => "job.ended_failed",
        JobState::Expired => "job.ended_expired",
        JobState::Lost => "job.ended_lost",
        _ => return None,
    }))
}

/// Ends a run: the row, the ticket's timeline, and whoever waits for it.
pub(super) async fn end(
    work: &mut Work<'_>,
    job: &Job,
    ending: &Ending<'_>,
    excerpt: &str,
) -> Result<()> {
    let now = work.now;
    job::finish(work.conn(), job.id, ending, now).await?;
    notify(work.conn(), OUTPUT, &job.id.to_string()).await?;
    let Some(id) = job.ticket else {
        return Ok(());
    };
    let Some(mut ticket) = work.lock(id).await? else {
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
