//! Filing a ticket, ending it, and opening it again.

mod filing;

pub use filing::{Filed, Filing, NewTicket};
pub(crate) use filing::{file, service_desk};

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::ticket::{ResolutionCode, ResolvedBy, Status};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::ticket;

use crate::conversation::{Message, has_read, words};
use crate::draft::{self, Purpose};
use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::work::Mail;
use crate::{Caller, Desk, Work, clock};

/// The longest title, in characters (a mail subject as we store it).
pub const MAX_TITLE: usize = 255;
/// The longest description or message, in characters.
pub const MAX_BODY: usize = 50_000;

/// Deadline: a resolved ticket closes by itself.
pub(crate) const CLOSES: &str = "auto_close";

impl Desk {
    /// Resolves a ticket. The requester reads the text of `message`; files do not go with it.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if the requester wrote after what `message` has seen.
    pub async fn resolve(
        &self,
        caller: &Caller,
        id: TicketId,
        code: ResolutionCode,
        message: impl Into<Message<'_>>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let message = message.into();
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if ticket.status.is_open() {
            has_read(&mut work, id, message.seen).await?;
        }
        let by = if caller.principal().is_some() {
            ResolvedBy::Human
        } else {
            ResolvedBy::Bot
        };
        resolve(&mut work, &mut ticket, code, by, message.text).await?;
        work.commit().await
    }

    /// The requester says that it works again, or that they need nothing more.
    pub async fn close_by_requester(
        &self,
        caller: &Caller,
        id: TicketId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::ActAsRequester).await?;
        if ticket.status == Status::Closed {
            return Err(DeskError::State("state.closed_already"));
        }
        if ticket.status.is_open() {
            ticket.resolution_code = Some(ResolutionCode::Withdrawn);
            ticket.resolved_by = Some(ResolvedBy::Requester);
            ticket.resolved_at = Some(work.now);
            work.event(
                &ticket,
                EventKind::Resolved,
                Visibility::Public,
                None,
                json!({"code": "withdrawn", "by": "requester"}),
            )
            .await?;
        }
        close(&mut work, &mut ticket, "requester").await?;
        work.commit().await
    }

    /// Reopens a resolved ticket: a new cycle, back to a human, and rules may fire again (decision 22).
    pub async fn reopen(
        &self,
        caller: &Caller,
        id: TicketId,
        message: impl Into<Message<'_>>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let message = message.into();
        let mut work = self.begin(caller, now).await?;
        let mut ticket = match work.ticket(id, Action::ActAsRequester).await {
            Err(DeskError::Denied) => work.ticket(id, Action::WorkTicket).await?,
            other => other?,
        };
        reopen(&mut work, &mut ticket, message).await?;
        work.commit().await
    }
}

/// Resolves a locked ticket within an action.
pub(crate) async fn resolve(
    work: &mut Work<'_>,
    ticket: &mut ticket::Ticket,
    code: ResolutionCode,
    by: ResolvedBy,
    message: &str,
) -> Result<()> {
    if !ticket.status.is_open() {
        return Err(DeskError::State("state.resolved_already"));
    }
    let message = field::many_lines(message);
    let mut errors = Vec::new();
    field::required("body", &message, MAX_BODY, &mut errors);
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let now = work.now;
    ticket.status = Status::Resolved;
    ticket.resolution_code = Some(code);
    ticket.resolved_by = Some(by);
    ticket.resolved_at = Some(now);
    ticket.bot_holds = false;
    let close_at = clock::auto_close_at(work, now).await?;
    ticket.auto_close_at = Some(close_at);
    let event = work
        .event(
            ticket,
            EventKind::Resolved,
            Visibility::Public,
            Some(&message),
            json!({"code": code.as_str(), "by": by.as_str(), "closes_at": close_at}),
        )
        .await?;
    work.timer(CLOSES, ticket.id.0, ticket.cycle, close_at);
    work.audit(
        "ticket.resolved",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"code": code.as_str()}),
    );
    work.mail(Mail {
        kind: MailKind::TicketResolved,
        to: ticket.requester,
        ticket: Some(ticket.id),
        event: Some(event),
        data: json!({}),
        secret: None,
    })
    .await?;
    work.save(ticket, true).await
}

/// Reopens a locked ticket within an action.
pub(crate) async fn reopen(
    work: &mut Work<'_>,
    ticket: &mut ticket::Ticket,
    message: Message<'_>,
) -> Result<()> {
    if ticket.status != Status::Resolved {
        return Err(DeskError::State("state.not_resolved"));
    }
    let text = words(work, message).await?;
    ticket.status = Status::Open;
    ticket.cycle += 1;
    ticket.resolution_code = None;
    let after = ticket.resolved_by.take();
    ticket.resolved_at = None;
    ticket.auto_close_at = None;
    ticket.bot_holds = false;
    work.clear_timer(CLOSES, ticket.id.0).await?;
    let by_requester = work.caller().person_id() == Some(ticket.requester);
    let event = work
        .event(
            ticket,
            EventKind::Reopened,
            Visibility::Public,
            text.as_deref(),
            json!({"internal": {"after": after, "asks": by_requester}}),
        )
        .await?;
    let entry = (ticket.id, event, Visibility::Public);
    draft::sent(work, Purpose::Answer(ticket.id), message.files, entry);
    let had = ticket.assignee;
    crate::assignment::come_back(work, ticket).await?;
    work.audit(
        "ticket.reopened",
        "ticket",
        &ticket.number.0.to_string(),
        json!({}),
    );
    if !by_requester {
        work.mail(Mail {
            kind: MailKind::TicketReopened,
            to: ticket.requester,
            ticket: Some(ticket.id),
            event: Some(event),
            data: json!({}),
            secret: None,
        })
        .await?;
    }
    if had.is_some() {
        // Whoever reopened it. Where whoever had it left, it is the whole queue's to know, or whose it is by routing.
        let telling = Telling::of(NotificationKind::Reopened, ticket.id, event);
        return work.save_and_tell(ticket, telling, None).await;
    }
    work.save(ticket, true).await
}

/// Counts anew when a resolved, locked ticket closes by itself, and moves that where the working days have become other ones:
/// never to before what its requester was told. True where it closes later than now.
pub(crate) async fn closes_later(work: &mut Work<'_>, ticket: &mut ticket::Ticket) -> Result<bool> {
    let Some((resolved_at, told)) = ticket.resolved_at.zip(ticket.auto_close_at) else {
        return Ok(false);
    };
    let close_at = clock::auto_close_at(work, resolved_at).await?.max(told);
    if close_at > told {
        ticket.auto_close_at = Some(close_at);
        let detail = json!({"closes_at": close_at, "from_closes_at": told});
        work.event(
            ticket,
            EventKind::Recomputed,
            Visibility::Internal,
            None,
            detail.clone(),
        )
        .await?;
        let number = ticket.number.0.to_string();
        work.audit("ticket.closes_later", "ticket", &number, detail);
        work.timer(CLOSES, ticket.id.0, ticket.cycle, close_at);
        work.save(ticket, false).await?;
    }
    Ok(close_at > work.now)
}

/// Closes a locked ticket within an action. `by` is `requester` or `time`.
pub(crate) async fn close(
    work: &mut Work<'_>,
    ticket: &mut ticket::Ticket,
    by: &str,
) -> Result<()> {
    ticket.status = Status::Closed;
    ticket.closed_at = Some(work.now);
    ticket.auto_close_at = None;
    ticket.bot_holds = false;
    work.clear_timer(CLOSES, ticket.id.0).await?;
    let event = work
        .event(
            ticket,
            EventKind::Closed,
            Visibility::Public,
            None,
            json!({"by": by}),
        )
        .await?;
    if by == "time" {
        work.mail(Mail {
            kind: MailKind::TicketClosed,
            to: ticket.requester,
            ticket: Some(ticket.id),
            event: Some(event),
            data: json!({}),
            secret: None,
        })
        .await?;
    }
    work.audit(
        "ticket.closed",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"by": by}),
    );
    work.save(ticket, true).await
}
