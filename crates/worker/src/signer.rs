//! Signs jobs that hosts have asked for: its own key, its own database role (decision 30). The web has neither.
//!
//! A job is signed only when its requester may still ask for it, its host may still run it, and its host has reported
//! exactly the entry that is signed.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tierdesk_desk::job::{Obstacle, WAKE_HOST, WAKE_SIGNER};
use tierdesk_desk::keys::random;
use tierdesk_desk::{Caller, Desk, DeskError, Work, caught};
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::{ENVELOPE_LIFE, reach};
use tierdesk_protocol::job::Job as Envelope;
use tierdesk_protocol::{Blob, SecretKey, VERSION};
use tierdesk_store::{job, notify, signer};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::wake::Wake;

/// How long the loop rests when nothing wakes it.
const REST: Duration = Duration::from_secs(1);

/// The signer. Cheap to clone; its key is opened, or made, when it is first needed.
#[derive(Clone)]
pub struct Signer {
    desk: Desk,
    key: Arc<OnceCell<SecretKey>>,
}

impl Signer {
    /// A signer over a desk's jobs.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self {
            desk,
            key: Arc::default(),
        }
    }

    /// Makes sure that there is a key, so that hosts can be told its public half when they join.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prepare(&self, now: DateTime<Utc>) -> Result<(), DeskError> {
        self.key(now).await.map(|_| ())
    }

    /// The newest key that this instance's secret opens; made where there is none.
    async fn key(&self, now: DateTime<Utc>) -> Result<&SecretKey, DeskError> {
        self.key
            .get_or_try_init(|| async {
                let desk = &self.desk;
                let caller = Caller::machine(Actor::system());
                let mut work = desk.begin(&caller, now).await?;
                let sealed = signer::keys(work.conn()).await?;
                let opened = sealed.into_iter().find_map(|(id, sealed)| {
                    let document = desk.keys.open(&place(id), &sealed).ok()?;
                    SecretKey::from_pkcs8(&document).ok()
                });
                if let Some(key) = opened {
                    return Ok(key);
                }
                let (key, document) = SecretKey::generate()
                    .map_err(|_| DeskError::Broken("no random bytes for a key".to_owned()))?;
                let id = Uuid::now_v7();
                let sealed = desk.keys.seal(&place(id), &document);
                signer::insert_key(work.conn(), id, key.public().as_bytes(), &sealed, now).await?;
                signer::leave_role(work.conn()).await?;
                let fingerprint = key.public().fingerprint();
                let detail = serde_json::json!({ "fingerprint": fingerprint });
                work.audit("signer_key.made", "signer_key", &id.to_string(), detail);
                work.commit().await?;
                tracing::info!(fingerprint, "made a key that signs jobs");
                Ok(key)
            })
            .await
    }

    /// Signs what waits until stopped: woken when a host asks for work, and every second in case that was missed.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        if let Err(error) = self.prepare(clock()).await {
            tracing::error!(%error, "the signer has no key yet");
        }
        let mut wake = Wake::on(&self.desk, WAKE_SIGNER).await;
        while !stop.is_cancelled() {
            if let Err(error) = self.drain(clock()).await {
                tracing::error!(%error, "the signer failed");
            }
            wake.rest(REST, &stop).await;
        }
    }

    /// Signs everything that waits; returns how many jobs were signed, refused, or put off because of an error.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        let mut count = 0;
        while self.sign_one(now).await? {
            count += 1;
        }
        Ok(count)
    }

    async fn sign_one(&self, now: DateTime<Utc>) -> Result<bool, DeskError> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.desk.begin(&caller, now).await?;
        let Some(id) = signer::next_unsigned(work.conn(), now).await? else {
            return Ok(false);
        };
        signer::leave_role(work.conn()).await?;
        // Without a key it is no fault of the job's.
        let key = self.key(now).await?;
        let signed = caught(self.sign(&mut work, id, key)).await;
        if let Err(error) = work.commit_if(signed).await {
            self.desk.put_job_off(id, &error, now).await?;
        }
        Ok(true)
    }

    async fn sign(&self, work: &mut Work<'_>, id: JobId, key: &SecretKey) -> Result<(), DeskError> {
        let now = work.now;
        let job = job::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        if let Some(obstacle) = self.desk.obstacle_at_dispatch(work, &job).await? {
            tracing::warn!(job = %id, ?obstacle, "not signed");
            return self.desk.refuse_dispatch(work, &job, obstacle).await;
        }
        let Some(envelope) = envelope(&job, now) else {
            return self
                .desk
                .refuse_dispatch(work, &job, Obstacle::OtherVersion)
                .await;
        };
        let signed = envelope.sign(key);
        signer::insert_envelope(
            work.conn(),
            id,
            job.attempt,
            &signed.payload.0,
            signed.signature.as_bytes(),
            now,
        )
        .await?;
        signer::leave_role(work.conn()).await?;
        Ok(notify(work.conn(), WAKE_HOST, &job.host.to_string()).await?)
    }
}

fn place(id: Uuid) -> String {
    format!("signer_key.sealed.{id}")
}

/// What is signed; `None` for a job without an attempt.
fn envelope(job: &job::Job, now: DateTime<Utc>) -> Option<Envelope> {
    let not_before = now.trunc_subsecs(0);
    Some(Envelope {
        version: VERSION,
        job: job.id.0,
        attempt: u32::try_from(job.attempt)
            .ok()
            .filter(|attempt| *attempt > 0)?,
        host: job.host.0,
        entry: job.entry.clone(),
        entry_hash: job.entry_hash.clone(),
        class: job.class,
        params: job.params.clone(),
        reach: reach(job.actor.kind),
        requested_by: match (&job.actor_name, job.actor.kind) {
            (Some(name), _) => name.clone(),
            (None, ActorKind::Bot) => "the bot".to_owned(),
            (None, kind) => kind.to_string(),
        },
        ticket: job.ticket_number.map(|number| format!("TD-{}", number.0)),
        not_before,
        // Whole seconds inside the 15 minutes.
        expires_at: not_before + ENVELOPE_LIFE - TimeDelta::seconds(1),
        nonce: Blob(random::<16>().to_vec()),
    })
}
