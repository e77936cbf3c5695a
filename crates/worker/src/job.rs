//! Acts on jobs whose deadline has passed: no state without a deadline (law 10).

use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tokio_util::sync::CancellationToken;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(5);

/// The loop that settles jobs. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    desk: Desk,
}

impl Jobs {
    /// A loop over a desk's jobs.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Settles every job whose deadline has passed, and forgets nonces that are too old to matter; returns how many jobs,
    /// those put off because of an error among them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drain(&self, now: DateTime<Utc>) -> Result<usize, DeskError> {
        let mut count = 0;
        while self.desk.settle_overdue_job(now).await? {
            count += 1;
        }
        self.desk.forget_nonces(now).await?;
        Ok(count)
    }

    /// The same every few seconds until stopped.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.drain(clock()).await {
                tracing::error!(%error, "overdue jobs could not be settled");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}
