//! Folds what actions counted into blocks of days, so that dashboards stay quick, and counts anew when the reporting zone
//! changes. Safe to run twice and on several nodes.

use std::time::Duration;

use tierdesk_desk::{Desk, DeskError};
use tokio_util::sync::CancellationToken;

/// How often.
const EVERY: Duration = Duration::from_secs(30);

/// The loop that folds.
#[derive(Clone)]
pub struct Folder {
    desk: Desk,
}

impl Folder {
    /// A loop over a desk.
    #[must_use]
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Folds twice a minute until stopped.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.run_once().await {
                tracing::error!(%error, "the counts could not be folded");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Folds once.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_once(&self) -> Result<(), DeskError> {
        let rows = self.desk.fold_tally().await?;
        tracing::debug!(rows, "folded counts");
        Ok(())
    }
}
