//! What people say on a ticket: answers, replies and notes. Messages never conflict: each is appended. Only what ends or pauses
//! the work together with a message must know what the requester wrote last.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field;
use tierdesk_domain::id::{EventId, FormId, TicketId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::ticket::Status;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::timeline;

use crate::draft::{self, Purpose};
use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::properties::becomes;
use crate::ticket::{MAX_BODY, reopen};
use crate::work::Mail;
use crate::{Caller, Desk, Work, attachment};

/// What becomes of the ticket after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// Work goes on.
    Open,
    /// It waits for the requester.
    Pending,
}

/// What somebody says, and the form whose files go with it. A plain text has none.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The words, in Markdown. May be empty where files say it all.
    pub text: &'a str,
    /// The form that files were uploaded for.
    pub files: Option<FormId>,
    /// The newest event that the writer's page showed. A message that ends or pauses the work is refused where the requester
    /// wrote after it; without one nothing is.
    pub seen: Option<EventId>,
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text,
            files: None,
            seen: None,
        }
    }
}

impl<'a> From<&'a String> for Message<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

/// The words of a message as they are kept: there must be some, unless it brings files.
pub(crate) async fn words(work: &mut Work<'_>, message: Message<'_>) -> Result<Option<String>> {
    let text = field::many_lines(message.text);
    if text.trim().is_empty() && attachment::waiting(work, message.files).await? > 0 {
        return Ok(None);
    }
    let mut errors = Vec::new();
    field::required("body", &text, MAX_BODY, &mut errors);
    if errors.is_empty() {
        Ok(Some(text))
    } else {
        Err(errors.into())
    }
}

/// Refuses to end or pause the work over words of the requester that the caller has not read.
///
/// # Errors
/// [`DeskError::Conflict`].
pub(crate) async fn has_read(
    work: &mut Work<'_>,
    ticket: TicketId,
    seen: Option<EventId>,
) -> Result<()> {
    let unread = match seen {
        Some(seen) => timeline::asked_since(work.conn(), ticket, seen).await?,
        None => false,
    };
    if unread {
        return Err(DeskError::Conflict);
    }
    Ok(())
}

/// The requester wrote: a ticket that waited for them goes on, and whoever has it is told.
pub(crate) async fn goes_on(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    event: EventId,
) -> Result<()> {
    if ticket.status == Status::Pending {
        becomes(work, ticket, Status::Open, json!({"why": "answered"})).await?;
    }
    if let Some(engineer) = ticket.assignee {
        let telling = Telling::of(NotificationKind::Answered, ticket.id, event);
        work.tell(&[engineer], telling).await?;
    }
    Ok(())
}

/// Writes down what the requester says on an open ticket, which goes on; a bot that works on it reads that next.
pub(crate) async fn answered(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    message: Message<'_>,
) -> Result<()> {
    let text = words(work, message).await?;
    let event = work
        .event(
            ticket,
            EventKind::Ask,
            Visibility::Public,
            text.as_deref(),
            json!({}),
        )
        .await?;
    draft::sent(
        work,
        Purpose::Answer(ticket.id),
        message.files,
        (ticket.id, event, Visibility::Public),
    );
    said(work, "ticket.answered", ticket, event);
    goes_on(work, ticket, event).await?;
    crate::bot::heard(work, ticket);
    work.save(ticket, false).await
}

/// Writes down that something was said, without the words: those may be removed from the timeline one day.
fn said(work: &mut Work<'_>, action: &str, ticket: &Ticket, event: EventId) {
    let number = ticket.number.0.to_string();
    work.audit(action, "ticket", &number, json!({"event": event}));
}

impl Desk {
    /// The requester writes. A pending ticket goes on; a resolved one is reopened; a closed one takes no more.
    pub async fn answer(
        &self,
        caller: &Caller,
        id: TicketId,
        message: impl Into<Message<'_>>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let message = message.into();
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::ActAsRequester).await?;
        match ticket.status {
            Status::Closed => return Err(DeskError::State("state.closed_already")),
            Status::Resolved => reopen(&mut work, &mut ticket, message).await?,
            Status::New | Status::Open | Status::Pending | Status::OnHold => {
                answered(&mut work, &mut ticket, message).await?;
            }
        }
        work.commit().await
    }

    /// An engineer answers in public. The first answer of a human meets the first-response promise.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if the ticket shall wait for its requester, who wrote after what `message` has seen.
    pub async fn reply(
        &self,
        caller: &Caller,
        id: TicketId,
        message: impl Into<Message<'_>>,
        afterwards: Afterwards,
        now: DateTime<Utc>,
    ) -> Result<EventId> {
        let message = message.into();
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if !ticket.status.is_open() {
            return Err(DeskError::State("state.resolved_already"));
        }
        if afterwards == Afterwards::Pending {
            has_read(&mut work, id, message.seen).await?;
        }
        let text = words(&mut work, message).await?;
        let event = work
            .event(
                &ticket,
                EventKind::Reply,
                Visibility::Public,
                text.as_deref(),
                json!({}),
            )
            .await?;
        draft::sent(
            &mut work,
            Purpose::Reply(id),
            message.files,
            (id, event, Visibility::Public),
        );
        said(&mut work, "ticket.replied", &ticket, event);
        let next = match afterwards {
            Afterwards::Open if ticket.status == Status::New => Status::Open,
            Afterwards::Open => ticket.status,
            Afterwards::Pending => Status::Pending,
        };
        let changed = next != ticket.status;
        if changed {
            becomes(&mut work, &mut ticket, next, json!({})).await?;
        }
        ticket.bot_holds = false;
        crate::in_charge::seen_to(&mut work, &ticket).await?;
        work.mail(Mail {
            kind: MailKind::PublicReply,
            to: ticket.requester,
            ticket: Some(id),
            event: Some(event),
            data: json!({}),
            secret: None,
        })
        .await?;
        work.save(&mut ticket, changed).await?;
        work.commit().await?;
        Ok(event)
    }

    /// An internal note, from any engineer who may read the ticket.
    pub async fn note(
        &self,
        caller: &Caller,
        id: TicketId,
        message: impl Into<Message<'_>>,
        now: DateTime<Utc>,
    ) -> Result<EventId> {
        let message = message.into();
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::AddNote).await?;
        let text = words(&mut work, message).await?;
        let event = work
            .event(
                &ticket,
                EventKind::Note,
                Visibility::Internal,
                text.as_deref(),
                json!({}),
            )
            .await?;
        draft::sent(
            &mut work,
            Purpose::Note(id),
            message.files,
            (id, event, Visibility::Internal),
        );
        said(&mut work, "ticket.noted", &ticket, event);
        work.save(&mut ticket, false).await?;
        work.commit().await?;
        Ok(event)
    }
}
