//! Runs of catalogue entries: asked for by people or the bot, taken by hosts, ended by them or by their deadline.

mod given_up;
mod run;
mod shown;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_catalogue::{Entry, ParamError, Params, find};
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::authorize::{Action, Principal, Who, authorize};
use tierdesk_domain::host::HostState;
use tierdesk_domain::id::{HostId, JobId, PersonId, TicketId};
use tierdesk_domain::job::{JobState, LONGEST_WAIT, QUEUE_LIMIT, WAIT, permit};
use tierdesk_domain::text::t;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::host::Host;
use tierdesk_store::job::{self, Ending, Job, NewJob};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{host, notify, person, ticket};
use uuid::Uuid;

use self::run::{end, ended};
use crate::error::{DeskError, Result};
use crate::{Caller, Desk, Work};

pub use run::{Heard, HostResult, Work4Host};
pub use shown::visible;

/// The channel on which hosts' long polls are woken; the payload is the host's id.
pub const WAKE_HOST: &str = "host";
/// The channel on which the signer is woken.
pub const WAKE_SIGNER: &str = "signer";
/// The channel on which pages hear of output; the payload is the job's id.
pub const OUTPUT: &str = "job";

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
                let ending = ended(JobState::Cancelled, Some(t("job.ended_before_it_began")));
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
        );
        work.commit().await
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
        let ticket = work.lock(ticket).await?.ok_or(DeskError::NotFound)?;
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
        let why = t(obstacle.key());
        let ending = Ending {
            refusal: Some("at_dispatch"),
            ..ended(JobState::Refused, Some(why))
        };
        work.audit(
            "job.refused",
            "job",
            &job.id.to_string(),
            json!({ "entry": job.entry, "why": format!("{obstacle:?}") }),
        );
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
    work.audit("job.requested", "job", &id.to_string(), data);
    notify(work.conn(), WAKE_HOST, &host.id.to_string()).await?;
    Ok(id)
}
