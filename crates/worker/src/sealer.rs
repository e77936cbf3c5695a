//! Chains the audit log: every row within seconds of its commit.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tokio_util::sync::CancellationToken;

/// How often rows are sealed; the promise is within 5 s.
const EVERY: Duration = Duration::from_secs(2);

/// The loop that seals.
#[derive(Clone)]
pub struct Sealer {
    desk: Desk,
}

impl Sealer {
    /// A loop over a desk.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Seals every two seconds until stopped.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.run_once(clock()).await {
                tracing::error!(%error, "sealing failed");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Seals everything that was committed by now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_once(&self, now: DateTime<Utc>) -> Result<(), DeskError> {
        while self.desk.seal_audit(now).await? > 0 {}
        Ok(())
    }
}
