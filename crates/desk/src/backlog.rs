//! What waits, for whoever watches the desk from outside.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_store::backlog::{self, Backlog, Waiting};

use crate::error::Result;
use crate::{Desk, bot, timer};

/// How far back mail that ended its way is counted.
pub const OF_LATE: TimeDelta = TimeDelta::hours(1);

impl Desk {
    /// What waits at `now`, and the deadlines that passed, by kind. Kinds without any are there too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn backlog(&self, now: DateTime<Utc>) -> Result<(Backlog, Vec<(String, Waiting)>)> {
        let mut conn = self.acquire().await?;
        let waiting = backlog::backlog(&mut conn, now - OF_LATE).await?;
        let kinds: Vec<&str> = [
            timer::OF_TICKETS,
            timer::AFTER_A_VERSION,
            timer::OF_OTHERS,
            bot::KINDS,
        ]
        .concat();
        let overdue = backlog::overdue(&mut conn, &kinds, now).await?;
        Ok((waiting, overdue))
    }
}
