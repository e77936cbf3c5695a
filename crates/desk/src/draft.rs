//! What people have typed and not sent yet, and what they have read: small marks of a person's own, kept on the server so
//! that they survive a reload, the end of a session and a restart. Sending clears a draft in the same transaction.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tierdesk_domain::attachment::MAX_PER_MESSAGE;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field;
use tierdesk_domain::id::{EventId, FormId, PersonId, TicketId};
use tierdesk_domain::timeline::Visibility;
use tierdesk_store::draft::{self, Sent};
use tierdesk_store::{notification, requester};

use crate::attachment::refused;
use crate::error::{DeskError, Result};
use crate::ticket::MAX_BODY;
use crate::{Caller, Desk, Work};

/// Drafts that nobody touched for this long are thrown away.
const LIFE: TimeDelta = TimeDelta::days(30);

/// What a draft is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The form for a new ticket.
    New,
    /// A requester's answer.
    Answer(TicketId),
    /// An engineer's reply.
    Reply(TicketId),
    /// An internal note.
    Note(TicketId),
}

impl Purpose {
    /// Under which a person's draft for it is kept.
    pub fn key(self) -> String {
        match self {
            Self::New => "new".to_owned(),
            Self::Answer(ticket) => format!("answer:{ticket}"),
            Self::Reply(ticket) => format!("reply:{ticket}"),
            Self::Note(ticket) => format!("note:{ticket}"),
        }
    }
}

fn person(caller: &Caller) -> Result<PersonId> {
    caller.person_id().ok_or(DeskError::Denied)
}

impl Desk {
    /// Keeps what the caller began to write; an empty text forgets it. Text beyond the longest message is cut.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] or [`DeskError::Denied`] for a ticket that the caller may not read, answer or note on.
    pub async fn keep_draft(
        &self,
        caller: &Caller,
        purpose: Purpose,
        text: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let text: String = field::many_lines(text).chars().take(MAX_BODY).collect();
        let body = (!text.trim().is_empty()).then(|| json!({"text": text}));
        self.keep_form(caller, purpose, body, now).await
    }

    /// What the caller began to write, or `""`.
    pub async fn draft(&self, caller: &Caller, purpose: Purpose) -> Result<String> {
        let body = self.form(caller, purpose).await?;
        let text = body.and_then(|body| body["text"].as_str().map(str::to_owned));
        Ok(text.unwrap_or_default())
    }

    /// Keeps a half-filled form of several fields; `None` forgets it. The caller has cut each field to its limit.
    ///
    /// # Errors
    /// As [`Self::keep_draft`].
    pub async fn keep_form(
        &self,
        caller: &Caller,
        purpose: Purpose,
        body: Option<Value>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let person = person(caller)?;
        let mut work = self.begin(caller, now).await?;
        match purpose {
            Purpose::New => {}
            Purpose::Answer(ticket) => {
                work.ticket(ticket, Action::ActAsRequester).await?;
            }
            // A reply may be prepared by whoever may note: the ticket may come to their queue before it is sent.
            Purpose::Reply(ticket) | Purpose::Note(ticket) => {
                work.ticket(ticket, Action::AddNote).await?;
            }
        }
        match body {
            Some(body) => draft::keep(work.conn(), person, &purpose.key(), &body, now).await?,
            None => draft::forget(work.conn(), person, &purpose.key()).await?,
        }
        work.commit().await
    }

    /// The caller's half-filled form.
    pub async fn form(&self, caller: &Caller, purpose: Purpose) -> Result<Option<Value>> {
        let mut conn = self.acquire().await?;
        Ok(draft::find(&mut conn, person(caller)?, &purpose.key()).await?)
    }

    /// Throws away drafts that nobody touched for 30 days. Returns how many. Called by the worker.
    pub async fn sweep_drafts(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut conn = self.acquire().await?;
        Ok(draft::sweep(&mut conn, now - LIFE).await?)
    }

    /// Notes that the caller has read a ticket up to now.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a ticket that does not exist or must stay hidden.
    pub async fn mark_read(
        &self,
        caller: &Caller,
        ticket: TicketId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let person = person(caller)?;
        let mut work = self.begin(caller, now).await?;
        work.ticket(ticket, Action::ReadTicket).await?;
        requester::mark_read(work.conn(), person, ticket, now).await?;
        if notification::mark_ticket_read(work.conn(), person, ticket, now).await? > 0 {
            tierdesk_store::notify(work.conn(), notification::PERSON, &person.to_string()).await?;
        }
        work.commit().await
    }
}

/// The caller's form was sent within an action: when that commits, its draft is forgotten, and its files belong to the entry
/// that came of it.
pub(crate) fn sent(
    work: &mut Work<'_>,
    purpose: Purpose,
    files: Option<FormId>,
    (ticket, event, visibility): (TicketId, EventId, Visibility),
) {
    work.outcome.sent = work.caller().person_id().map(|person| Sent {
        person,
        purpose: purpose.key(),
        files,
        ticket,
        event,
        visibility,
    });
}

/// Whether a message takes so many files.
///
/// # Errors
/// [`DeskError::Invalid`] if two uploads at once brought more.
pub(crate) fn not_too_many(files: u64) -> Result<()> {
    if files > MAX_PER_MESSAGE as u64 {
        return Err(refused("error.too_many_files", Some(MAX_PER_MESSAGE)));
    }
    Ok(())
}
