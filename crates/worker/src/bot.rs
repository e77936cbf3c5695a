//! The bot's loop: looks at new tickets and takes the next steps on those that it holds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tokio_util::sync::CancellationToken;

use crate::wake::Wake;

/// How long the loop rests when nothing wakes it; deadlines that pass meanwhile wait that long at most.
const REST: Duration = Duration::from_secs(1);

/// The loop over a desk's tickets that the bot holds.
#[derive(Clone)]
pub struct Bot {
    desk: Desk,
}

impl Bot {
    /// A loop over a desk.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Works until stopped: wakes up when a deadline is set, and every second for those that passed.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        let mut wake = Wake::on(&self.desk, "timer").await;
        while !stop.is_cancelled() {
            if let Err(error) = self.drain(clock()).await {
                tracing::error!(%error, "the bot's loop failed");
            }
            wake.rest(REST, &stop).await;
        }
    }

    /// Does everything that is due. Returns how much that was.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        let mut done = 0;
        while self.desk.act_on_next_bot_deadline(now).await? {
            done += 1;
        }
        Ok(done)
    }
}
