//! What people have typed and not sent yet: kept on the server, so that it survives a reload, the end of a session and a
//! restart. Sending clears it in the same transaction.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::TicketId;
use tierdesk_store::draft;

use crate::error::{DeskError, Result};
use crate::ticket::{MAX_BODY, MAX_TITLE};
use crate::{Caller, Desk, Work};

/// Drafts that nobody touched for this long are thrown away.
const LIFE: TimeDelta = TimeDelta::days(30);
/// The largest draft, in bytes of JSON: every field of a form at its limit, each character in six bytes.
const MAX_DRAFT: usize = 6 * (MAX_BODY + MAX_TITLE + 1_000);

/// What a draft is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The form for a new ticket.
    New,
    /// A public message on a ticket.
    Reply(TicketId),
    /// An internal note on a ticket.
    Note(TicketId),
}

impl Purpose {
    fn key(self) -> String {
        match self {
            Self::New => "new".to_owned(),
            Self::Reply(ticket) => format!("reply:{ticket}"),
            Self::Note(ticket) => format!("note:{ticket}"),
        }
    }
}

impl Desk {
    /// Keeps a draft of the caller's; `None` forgets it.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] or [`DeskError::Denied`] for a ticket that the caller may not read, or not note on.
    pub async fn keep_draft(
        &self,
        caller: &Caller,
        purpose: Purpose,
        body: Option<Value>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin(caller, now).await?;
        match purpose {
            Purpose::New => {}
            Purpose::Reply(ticket) => drop(work.ticket(ticket, Action::ReadTicket).await?),
            Purpose::Note(ticket) => drop(work.ticket(ticket, Action::AddNote).await?),
        }
        match body {
            Some(body) => {
                if body.to_string().len() > MAX_DRAFT {
                    return Err(vec![FieldError::too_long("body", MAX_BODY)].into());
                }
                draft::keep(work.conn(), person, &purpose.key(), &body, now).await?;
            }
            None => draft::clear(work.conn(), person, &purpose.key()).await?,
        }
        work.commit().await
    }

    /// The caller's draft for a purpose.
    pub async fn draft(&self, caller: &Caller, purpose: Purpose) -> Result<Option<Value>> {
        let person = caller.person_id().ok_or(DeskError::Denied)?;
        let mut conn = self.acquire().await?;
        Ok(draft::find(&mut conn, person, &purpose.key()).await?)
    }

    /// Throws away drafts that nobody touched for 30 days. Returns how many.
    pub async fn sweep_drafts(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(draft::sweep(&mut conn, now - LIFE).await?)
    }
}

/// Forgets the caller's draft within the action that sent it.
pub(crate) async fn sent(work: &mut Work<'_>, purpose: Purpose) -> Result<()> {
    if let Some(person) = work.caller().person_id() {
        draft::clear(work.conn(), person, &purpose.key()).await?;
    }
    Ok(())
}
