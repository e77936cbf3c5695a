//! Everything that happens by itself, in one value: the loops run side by side, and tests and the demo's seeder run them to
//! their end instead.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::bot::Bot;
use crate::housekeeping::Housekeeping;
use crate::job::Jobs;
use crate::outbox::{Outbox, Post};
use crate::sealer::Sealer;
use crate::signer::Signer;
use crate::tally::Folder;
use crate::timer::Sweeper;

/// Where the loops get their time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How many deadlines are acted on at the same time: many pass in the same minute, and each waits for the disk.
const SWEEPERS: usize = 4;
/// How long a loop that broke rests before it starts again.
const REST: Duration = Duration::from_secs(1);

/// All loops over one desk. Cheap to clone; any number of workers may run beside each other.
#[derive(Clone)]
pub struct Worker {
    bot: Bot,
    outbox: Outbox,
    jobs: Jobs,
    sealer: Sealer,
    signer: Signer,
    housekeeping: Housekeeping,
    folder: Folder,
    sweeper: Sweeper,
}

impl Worker {
    /// The loops over a desk that writes mail as `post` says.
    #[must_use]
    pub fn new(desk: Desk, post: Post) -> Self {
        Self {
            bot: Bot::new(desk.clone()),
            outbox: Outbox::new(desk.clone(), post),
            jobs: Jobs::new(desk.clone()),
            sealer: Sealer::new(desk.clone()),
            signer: Signer::new(desk.clone()),
            housekeeping: Housekeeping::new(desk.clone()),
            folder: Folder::new(desk.clone()),
            sweeper: Sweeper::new(desk),
        }
    }

    /// Makes what hosts must be told when they join and that there is not yet: the key that signs jobs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prepare(&self, now: DateTime<Utc>) -> Result<(), DeskError> {
        self.signer.prepare(now).await
    }

    /// Runs every loop until stopped. A loop that breaks is logged and started again; the others do not notice.
    pub async fn run(&self, clock: Clock, stop: CancellationToken) {
        let mut loops = JoinSet::new();
        {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("bot", stop.clone(), move || {
                let (bot, clock, stop) = (this.bot.clone(), clock.clone(), stop.clone());
                async move { bot.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("outbox", stop.clone(), move || {
                let (outbox, clock, stop) = (this.outbox.clone(), clock.clone(), stop.clone());
                async move { outbox.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("jobs", stop.clone(), move || {
                let (jobs, clock, stop) = (this.jobs.clone(), clock.clone(), stop.clone());
                async move { jobs.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("sealer", stop.clone(), move || {
                let (sealer, clock, stop) = (this.sealer.clone(), clock.clone(), stop.clone());
                async move { sealer.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("signer", stop.clone(), move || {
                let (signer, clock, stop) = (this.signer.clone(), clock.clone(), stop.clone());
                async move { signer.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("housekeeping", stop.clone(), move || {
                let (house, clock, stop) = (this.housekeeping.clone(), clock.clone(), stop.clone());
                async move { house.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, stop) = (self.clone(), stop.clone());
            loops.spawn(keep_running("counts", stop.clone(), move || {
                let (folder, stop) = (this.folder.clone(), stop.clone());
                async move { folder.run(stop).await }
            }));
        }
        for _ in 0..SWEEPERS {
            let (this, clock, stop) = (self.clone(), clock.clone(), stop.clone());
            loops.spawn(keep_running("deadlines", stop.clone(), move || {
                let (sweeper, clock, stop) = (this.sweeper.clone(), clock.clone(), stop.clone());
                async move { sweeper.run(|| clock(), stop).await }
            }));
        }
        {
            let (this, stop) = (self.clone(), stop.clone());
            loops.spawn(keep_running("clocks again", stop.clone(), move || {
                let (sweeper, clock, stop) = (this.sweeper.clone(), clock.clone(), stop.clone());
                async move { sweeper.run_again(|| clock(), stop).await }
            }));
        }
        while loops.join_next().await.is_some() {}
    }

    /// Does everything that is due at `now`, until nothing is left. Returns how much that was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        let mut done = 0;
        loop {
            let mut round = 0;
            round += self.sweeper.drain(now).await?;
            round += self.bot.drain(now).await?;
            round += self.jobs.drain(now).await?;
            round += self.signer.drain(now).await?;
            round += self.outbox.drain(now).await?;
            if round == 0 {
                return Ok(done);
            }
            done += round;
        }
    }
}

/// Starts a loop again when it panics.
async fn keep_running<F>(name: &'static str, stop: CancellationToken, start: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    while !stop.is_cancelled() {
        let ended = tokio::spawn(start()).await;
        if let Err(error) = ended {
            tracing::error!(%error, worker.loop = name, "a loop broke and starts again");
            tokio::time::sleep(REST).await;
        }
    }
}
