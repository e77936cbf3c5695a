//! The sweeper: acts on every deadline that passed, in the order in which they passed. After downtime it catches up;
//! what it does is idempotent and says how late it is.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tokio_util::sync::CancellationToken;

/// How long a deadline may have passed before somebody looks.
const PULSE: Duration = Duration::from_secs(1);

/// The loop over the deadlines.
#[derive(Clone)]
pub struct Sweeper {
    desk: Desk,
}

impl Sweeper {
    /// A sweeper of a desk's deadlines.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Sweeps until stopped.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let done = self.desk.act_on_next_deadline(clock()).await;
            go_on(done, &stop).await;
        }
    }

    /// Looks again at the open tickets after a version was saved, until stopped. With a million of them that takes an hour
    /// or two; it runs beside the deadlines, one ticket at a time, and leaves the machine to people.
    pub async fn run_again(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let done = self.desk.look_at_next_again(clock()).await;
            go_on(done, &stop).await;
        }
    }

    /// Acts on everything that has passed. Returns how much that was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        let mut done = 0;
        while self.desk.act_on_next_deadline(now).await?
            || self.desk.look_at_next_again(now).await?
        {
            done += 1;
        }
        Ok(done)
    }
}

/// Rests when nothing was to be done.
async fn go_on(done: Result<bool, DeskError>, stop: &CancellationToken) {
    match done {
        Ok(true) => return,
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the deadlines cannot be read"),
    }
    tokio::select! {
        () = tokio::time::sleep(PULSE) => {}
        () = stop.cancelled() => {}
    }
}
