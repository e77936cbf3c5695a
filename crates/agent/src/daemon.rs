//! The agent at work: asks for jobs, verifies, runs and reports them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tierdesk_catalogue::{ENTRIES, Policy};
use tierdesk_protocol::job::{Job, SignedJob, VerifiedJob};
use tierdesk_protocol::message::{
    CLAIM, ClaimRequest, ClaimResponse, HEARTBEAT, HeartbeatRequest, HeartbeatResponse, HostState,
    MAX_RUNNING, MAX_WAIT_SECONDS, Outcome, REPORT, ReportRequest, ReportResponse, ResultRequest,
    Run,
};
use tierdesk_protocol::{PublicKey, Refusal, VERSION};
use uuid::Uuid;

use crate::backoff::{Backoff, random_fraction};
use crate::client::{Client, ClientError};
use crate::journal::{Admission, Journal};
use crate::runner::{self, Finished};
use crate::upload::{Upload, deliver_chunks, deliver_result};
use crate::{Config, Stop, facts, state};

const HEARTBEAT_EVERY: Duration = Duration::from_secs(20);
const REPORT_EVERY: Duration = Duration::from_secs(15 * 60);
const PATIENCE: Duration = Duration::from_secs(20);
const STACK: usize = 512 * 1024;

/// What all threads of one agent share.
struct Shared {
    config: Config,
    client: Arc<Client>,
    journal: Journal,
    host: Uuid,
    signer_keys: Vec<PublicKey>,
    running: Mutex<HashMap<Run, Stop>>,
    stop: Stop,
}

/// A run's place among those that run; leaving it is dropping it.
struct Place<'a> {
    shared: &'a Shared,
    run: Run,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.shared.running().remove(&self.run);
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, HashMap<Run, Stop>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs an enrolled agent until `stop` is set. Errors are those of its own set-up; a server
/// that is away is waited for.
pub fn daemon(config: &Config, stop: &Stop) -> anyhow::Result<()> {
    state::prepare_dir(&config.state_dir)?;
    let identity = state::load_identity(config)?
        .context("this host has not joined a server; run: tierdesk-agent enroll https://…")?;
    let key = state::load_or_make_key(config)?;
    let shared = Arc::new(Shared {
        client: Arc::new(Client::new(&identity.server, identity.host, key)?),
        journal: Journal::open(&config.state_dir)?,
        host: identity.host,
        signer_keys: identity.signer_keys,
        running: Mutex::default(),
        stop: stop.clone(),
        config: config.clone(),
    });
    // A policy that cannot be read must stop the agent at once, not at the first job.
    state::load_policy(config)?;
    for result in shared.journal.recover(Utc::now())? {
        spawn("result", {
            let shared = Arc::clone(&shared);
            move || deliver_result(&shared.client, &shared.journal, &result, &shared.stop)
        })?;
    }
    let heart = spawn("heartbeat", {
        let shared = Arc::clone(&shared);
        move || beat(&shared)
    })?;
    tracing::info!(server = identity.server, host = %shared.host, "the agent is at work");
    work(&shared);
    for run in shared.running().values() {
        run.set();
    }
    if heart.join().is_err() {
        tracing::error!("the heartbeat has failed");
    }
    Ok(())
}

fn spawn(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .stack_size(STACK)
        .spawn(body)
}

/// Asks for work until told to stop.
fn work(shared: &Arc<Shared>) {
    let mut backoff = Backoff::default();
    let mut reported: Option<(Instant, Policy)> = None;
    let mut last_state = None;
    while !shared.stop.is_set() {
        let policy = match state::load_policy(&shared.config) {
            Ok(policy) => policy,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "nothing runs until the policy can be read"
                );
                shared.stop.wait(Duration::from_secs(10));
                continue;
            }
        };
        if shared.running().len() >= MAX_RUNNING {
            shared.stop.wait(Duration::from_millis(100));
            continue;
        }
        let due = reported
            .as_ref()
            .is_none_or(|(at, said)| at.elapsed() >= REPORT_EVERY || *said != policy);
        let result = if due {
            if let Err(error) = shared.journal.forget_old(Utc::now()) {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "old entries stay in the journal"
                );
            }
            report(shared, &policy).map(|()| {
                reported = Some((Instant::now(), policy.clone()));
                None
            })
        } else {
            claim(shared).map(Some)
        };
        match result {
            Ok(answer) => {
                backoff.reset();
                let Some(answer) = answer else { continue };
                if last_state != Some(answer.state) {
                    tracing::info!(state = ?answer.state, "the server knows this host");
                    // What was said while pending may have been too early to count.
                    if last_state == Some(HostState::Pending) {
                        reported = None;
                    }
                    last_state = Some(answer.state);
                }
                if !stop_runs(shared, &answer.stop) {
                    // Asked before and not gone yet: give it a moment.
                    shared.stop.wait(Duration::from_secs(1));
                }
                if let Some(signed) = answer.job {
                    take(shared, &signed, &policy);
                } else if answer.state == HostState::Pending {
                    shared.stop.wait(Duration::from_secs(1));
                }
            }
            Err(error) => {
                let retry_after = match &error {
                    ClientError::Busy(after) => *after,
                    // A revoked host asks rarely.
                    ClientError::Refused(..) => Some(Duration::from_secs(30)),
                    ClientError::Unreachable(_) => None,
                };
                let pause = backoff.next(random_fraction(), retry_after);
                tracing::warn!(%error, pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX), "will ask again");
                shared.stop.wait(pause);
            }
        }
    }
}

fn claim(shared: &Shared) -> Result<ClaimResponse, ClientError> {
    let wait_seconds = shared.config.poll_seconds.min(MAX_WAIT_SECONDS);
    let message = ClaimRequest {
        version: VERSION,
        wait_seconds,
    };
    let patience = Duration::from_secs(wait_seconds.into()) + PATIENCE;
    shared.client.post(CLAIM, &message, patience)
}

fn report(shared: &Shared, policy: &Policy) -> Result<(), ClientError> {
    let message = ReportRequest {
        version: VERSION,
        agent_version: crate::VERSION.to_owned(),
        hostname: facts::hostname(),
        facts: facts::collect(&shared.config),
        policy: policy.clone(),
        catalogue: ENTRIES
            .iter()
            .map(|entry| (entry.id.to_owned(), entry.hash().to_string()))
            .collect(),
    };
    shared
        .client
        .post::<ReportResponse>(REPORT, &message, PATIENCE)
        .map(|_| ())
}

/// On a thread of its own: tells the server every 20 s what runs, and stops what it should.
fn beat(shared: &Shared) {
    loop {
        let pause = HEARTBEAT_EVERY.mul_f64(0.8 + 0.4 * random_fraction());
        if shared.stop.wait(pause) {
            return;
        }
        let running: Vec<Run> = shared.running().keys().copied().collect();
        if running.is_empty() {
            continue;
        }
        let message = HeartbeatRequest {
            version: VERSION,
            running,
        };
        match shared
            .client
            .post::<HeartbeatResponse>(HEARTBEAT, &message, PATIENCE)
        {
            Ok(answer) => {
                stop_runs(shared, &answer.stop);
            }
            Err(error) => tracing::warn!(%error, "no heartbeat"),
        }
    }
}

/// Stops these runs; whether all of them were news.
fn stop_runs(shared: &Shared, jobs: &[Uuid]) -> bool {
    let mut news = true;
    for (run, stop) in shared.running().iter() {
        if jobs.contains(&run.job) {
            news &= !stop.is_set();
            stop.set();
        }
    }
    news
}

/// Decides about a job that came, and starts it when everything holds.
fn take(shared: &Arc<Shared>, signed: &SignedJob, policy: &Policy) {
    let now = Utc::now();
    let verified = match signed.verify(&shared.signer_keys, shared.host, now, policy) {
        Ok(verified) => verified,
        Err(refusal) => return refuse(shared, signed, refusal, now),
    };
    let run = Run {
        job: verified.job.job,
        attempt: verified.job.attempt,
    };
    match shared.journal.admit(&verified.job, now) {
        Ok(Admission::Run) => {}
        Ok(Admission::Done(result)) => {
            tracing::info!(job = %run.job, "taken before; its result goes again");
            return in_background(shared, *result);
        }
        Ok(Admission::Taken) => return refuse(shared, signed, Refusal::AlreadyTaken, now),
        Err(error) => {
            // Not written down, so not run: the server's lease brings it back.
            tracing::error!(job = %run.job, error = format!("{error:#}"), "the journal cannot be written");
            return;
        }
    }
    tracing::info!(
        job = %run.job, attempt = run.attempt, entry = verified.job.entry, requested_by = verified.job.requested_by,
        ticket = verified.job.ticket, "runs a job"
    );
    let stop_run = Stop::new();
    shared.running().insert(run, stop_run.clone());
    let worker = Arc::clone(shared);
    let policy = policy.clone();
    let started = spawn("job", move || {
        // Also where a bug ends the thread: a run that nobody ends would keep its place, and be said to run, for ever.
        let place = Place {
            shared: &worker,
            run,
        };
        let result = execute(&worker, &verified, &policy, &stop_run, now);
        drop(place);
        deliver_result(&worker.client, &worker.journal, &result, &worker.stop);
    });
    if let Err(error) = started {
        tracing::error!(job = %run.job, %error, "no thread for a job");
        shared.running().remove(&run);
        let outcome = Outcome::Failed {
            reason: "the host has no room for another thread".into(),
        };
        in_background(shared, result(run, outcome, now));
    }
}

fn execute(
    shared: &Shared,
    verified: &VerifiedJob,
    policy: &Policy,
    stop_run: &Stop,
    started_at: DateTime<Utc>,
) -> ResultRequest {
    let run = Run {
        job: verified.job.job,
        attempt: verified.job.attempt,
    };
    let (mut sink, chunks) = Upload::new(&verified.entry.limits);
    let uploader = spawn("upload", {
        let (client, stop_run) = (Arc::clone(&shared.client), stop_run.clone());
        move || deliver_chunks(&client, run, &chunks, &stop_run)
    });
    let finished = runner::run(
        verified.entry,
        &verified.params,
        (policy, verified.job.reach),
        &shared.config.exec_child,
        stop_run,
        &mut sink,
    );
    let outcome = match finished {
        Finished::Judged { judgement, exit } => Outcome::Succeeded {
            verdict: judgement.verdict,
            summary: judgement.summary,
            facts: judgement.facts,
            exit,
        },
        Finished::Failed(reason) => Outcome::Failed { reason },
        Finished::TimedOut => Outcome::TimedOut,
        Finished::Stopped if shared.stop.is_set() => Outcome::Interrupted,
        Finished::Stopped => Outcome::Cancelled,
        Finished::Forbidden => Outcome::Refused {
            refusal: Refusal::HostPolicy,
        },
        Finished::OutOfReach => Outcome::Refused {
            refusal: Refusal::OutOfReach,
        },
    };
    let (dropped_bytes, redactions) = sink.finish();
    let ended_at = Utc::now();
    let result = ResultRequest {
        ended_at,
        dropped_bytes,
        redactions,
        ..result(run, outcome, started_at)
    };
    if let Err(error) = shared.journal.finish(&result, ended_at) {
        tracing::error!(job = %run.job, error = format!("{error:#}"), "the journal cannot be written");
    }
    // The whole output goes before the result that closes the job.
    match uploader.map(std::thread::JoinHandle::join) {
        Ok(Ok(())) => {}
        Ok(Err(_)) => tracing::error!(job = %run.job, "the upload has failed"),
        Err(error) => tracing::error!(job = %run.job, %error, "no thread for the output"),
    }
    result
}

fn refuse(shared: &Arc<Shared>, signed: &SignedJob, refusal: Refusal, now: DateTime<Utc>) {
    // Only to name the job to the server that sent it: nothing here is believed.
    let Ok(job) = serde_json::from_slice::<Job>(&signed.payload.0) else {
        tracing::warn!(
            refusal = refusal.as_str(),
            "a job was refused that does not even say which it is"
        );
        return;
    };
    tracing::warn!(job = %job.job, refusal = refusal.as_str(), "a job was refused");
    let run = Run {
        job: job.job,
        attempt: job.attempt,
    };
    in_background(shared, result(run, Outcome::Refused { refusal }, now));
}

fn result(run: Run, outcome: Outcome, at: DateTime<Utc>) -> ResultRequest {
    ResultRequest {
        version: VERSION,
        run,
        outcome,
        started_at: at,
        ended_at: at,
        dropped_bytes: 0,
        redactions: 0,
    }
}

fn in_background(shared: &Arc<Shared>, result: ResultRequest) {
    let worker = Arc::clone(shared);
    let started = spawn("result", move || {
        deliver_result(&worker.client, &worker.journal, &result, &worker.stop)
    });
    if let Err(error) = started {
        tracing::error!(%error, "no thread for a result");
    }
}
