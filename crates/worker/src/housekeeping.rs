//! Throws away what nobody needs any more, and folds counts of past days. Every step is safe to run twice and on several nodes.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tierdesk_desk::{Desk, DeskError};
use tokio_util::sync::CancellationToken;

/// How often the house is kept.
const EVERY: Duration = Duration::from_secs(15 * 60);

/// The loop that tidies up.
#[derive(Clone)]
pub struct Housekeeping {
    desk: Desk,
}

impl Housekeeping {
    /// A loop over a desk.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Tidies up every quarter of an hour until stopped.
    pub async fn run(&self, clock: impl Fn() -> DateTime<Utc>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.run_once(clock()).await {
                tracing::error!(%error, "housekeeping failed");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Tidies up once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_once(&self, now: DateTime<Utc>) -> Result<(), DeskError> {
        let drafts = self.desk.sweep_drafts(now).await?;
        let files = self.desk.sweep_files(now).await?;
        self.desk.fold_tally(now).await?;
        let told = self.desk.sweep_notifications(now).await?;
        tracing::debug!(drafts, told, files = ?files, "tidied up");
        Ok(())
    }
}
