//! Throws away what nobody needs any more, and folds the queues' counts. Every step is safe to run twice and on several nodes.

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
            self.run_once(clock()).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Tidies up once. A step that fails is logged and keeps no other from its turn.
    pub async fn run_once(&self, now: DateTime<Utc>) {
        let desk = &self.desk;
        done("drafts", desk.sweep_drafts(now).await);
        done("files", desk.sweep_files(now).await);
        done("counts", desk.fold_queues().await);
        done("notifications", desk.sweep_notifications(now).await);
        done("sessions", desk.sweep_sessions(now).await);
        done("rate limits", desk.sweep_rate_limits(now).await);
        done("links", desk.sweep_links(now).await);
        done("mail", desk.sweep_mail(now).await);
    }
}

fn done<T: std::fmt::Debug>(step: &str, result: Result<T, DeskError>) {
    match result {
        Ok(swept) => tracing::debug!(step, ?swept, "tidied up"),
        Err(error) => tracing::error!(step, %error, "housekeeping failed"),
    }
}
