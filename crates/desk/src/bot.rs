//! What the triage bot does on a ticket it holds.

use tierdesk_store::ticket::Ticket;

use crate::Work;
use crate::error::Result;

/// The requester wrote on a ticket; a bot that waits for an answer goes on.
pub(crate) async fn heard(_work: &mut Work<'_>, _ticket: &mut Ticket, _text: &str) -> Result<()> {
    Ok(())
}
