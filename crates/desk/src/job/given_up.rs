//! Runs that meet an error of our own: they rest, so that those behind them get their turn, and end when it does not pass.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::{ERRORS, JobState, rests_until};
use tierdesk_domain::text::t;
use tierdesk_store::{job, notify};

use super::OUTPUT;
use super::run::{end, ended};
use crate::caught::caught;
use crate::error::{DeskError, Result};
use crate::{Caller, Desk, Work};

impl Desk {
    /// Puts a run off that could not be signed or settled because of an error of ours; the caller's transaction is over. After
    /// [`ERRORS`] of them it ends, which its ticket says.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn put_job_off(
        &self,
        id: JobId,
        error: &DeskError,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let caller = Caller::machine(Actor::system());
        let mut work = self.begin(&caller, now).await?;
        let Some(before) = job::errors(work.conn(), id).await? else {
            return Ok(());
        };
        let errors = before + 1;
        tracing::error!(%error, job = %id, errors, "a job could not be gone on with");
        job::put_off(work.conn(), id, errors, rests_until(errors, now)).await?;
        work.commit().await?;
        if errors < ERRORS {
            return Ok(());
        }
        let mut work = self.begin(&caller, now).await?;
        let told = caught(give_up(&mut work, id)).await;
        if let Err(error) = work.commit_if(told).await {
            tracing::error!(%error, job = %id, "a job that was given up cannot be written on its ticket");
            let mut work = self.begin(&caller, now).await?;
            give_up_silently(&mut work, id).await?;
            work.commit().await?;
        }
        Ok(())
    }
}

/// Ends a run as any other ends: the row, the ticket's timeline, and whoever waits for it.
async fn give_up(work: &mut Work<'_>, id: JobId) -> Result<()> {
    let job = job::lock(work.conn(), id)
        .await?
        .ok_or(DeskError::NotFound)?;
    if job.state.is_final() {
        return Ok(());
    }
    let ending = ended(job.state.given_up(), Some(t("job.given_up")));
    audit(work, id, ending.state).await?;
    end(work, &job, &ending, "").await
}

/// Ends a run whose row or ticket is what cannot be read or written: the row alone, which the ticket's diagnostics show.
async fn give_up_silently(work: &mut Work<'_>, id: JobId) -> Result<()> {
    let now = work.now;
    if job::errors(work.conn(), id).await?.is_none() {
        return Ok(());
    }
    let ending = ended(JobState::Lost, Some(t("job.given_up")));
    job::finish(work.conn(), id, &ending, now).await?;
    audit(work, id, ending.state).await?;
    Ok(notify(work.conn(), OUTPUT, &id.to_string()).await?)
}

async fn audit(work: &mut Work<'_>, id: JobId, state: JobState) -> Result<()> {
    let detail = json!({ "state": state });
    work.audit("job.given_up", "job", &id.to_string(), detail);
    Ok(())
}
