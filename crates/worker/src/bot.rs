//! The bot's loop: looks at new tickets and takes the next steps on those that it holds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tierdesk_store::PgListener;
use tokio_util::sync::CancellationToken;

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
        let mut wake = self.listener().await;
        while !stop.is_cancelled() {
            if let Err(error) = self.drain(clock()).await {
                tracing::error!(%error, "the bot's loop failed");
            }
            let woken = async {
                match wake.as_mut() {
                    Some(listener) => listener.recv().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            let alive = tokio::select! {
                alive = woken => alive,
                () = tokio::time::sleep(REST) => wake.is_some(),
                () = stop.cancelled() => true,
            };
            if !alive {
                wake = self.listener().await;
            }
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

    async fn listener(&self) -> Option<PgListener> {
        let mut listener = PgListener::connect_with(&self.desk.pool).await.ok()?;
        listener.listen("timer").await.ok()?;
        Some(listener)
    }
}
