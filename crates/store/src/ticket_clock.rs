//! The clocks of one ticket as pages show them; the clock engine writes them.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::TicketId;

use crate::Result;

/// One clock.
#[derive(Debug, Clone)]
pub struct Clock {
    /// Which: `first_response`, `resolution` …
    pub metric: String,
    /// `running`, `paused`, `met`, `breached` or `stopped`.
    pub state: String,
    /// The promise, in seconds of counted time.
    pub target_seconds: i64,
    /// When it is due, while it runs.
    pub due_at: Option<DateTime<Utc>>,
    /// From when it is at risk.
    pub risk_at: Option<DateTime<Utc>>,
    /// When it was kept.
    pub met_at: Option<DateTime<Utc>>,
    /// When it was broken.
    pub breached_at: Option<DateTime<Utc>>,
}

/// The newest clock of each kind, those to the requester first.
pub async fn of_ticket(conn: &mut PgConnection, ticket: TicketId) -> Result<Vec<Clock>> {
    Ok(sqlx::query_as!(
        Clock,
        "select metric, state, target_seconds, due_at, risk_at, met_at, breached_at
         from (select distinct on (metric) * from ticket_clock where ticket_id = $1 order by metric, cycle desc) newest
         order by array_position(array['first_response', 'next_response', 'resolution', 'pick_up', 'time_in_tier'], metric)",
        ticket.0
    )
    .fetch_all(conn)
    .await?)
}
