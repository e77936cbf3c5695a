//! Filing a ticket, and ending it.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{CategoryId, FormId, HostId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::ticket::{Channel, Impact, Kind, ResolutionCode, ResolvedBy, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::{instance, link, requester, ticket};
use uuid::Uuid;

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

/// What a requester fills in.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// What it is about.
    pub category: Option<CategoryId>,
    /// One line.
    pub title: String,
    /// The story, in Markdown.
    pub description: String,
    /// Who is hit.
    pub impact: Impact,
    /// Whether work goes on.
    pub urgency: Urgency,
    /// The host it is about.
    pub host: Option<HostId>,
    /// How it came in.
    pub channel: Channel,
}

/// What a form sends: a ticket, its files, and the ticket that it goes on from. A ticket alone has neither.
#[derive(Debug, Clone)]
pub struct Filing {
    /// The ticket.
    pub ticket: NewTicket,
    /// The form that files were uploaded for.
    pub files: Option<FormId>,
    /// The caller's closed ticket that this one follows.
    pub follows: Option<TicketId>,
}

impl From<NewTicket> for Filing {
    fn from(ticket: NewTicket) -> Self {
        Self {
            ticket,
            files: None,
            follows: None,
        }
    }
}

/// A ticket that was just filed.
#[derive(Debug, Clone, Copy)]
pub struct Filed {
    /// Which.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
}

impl Desk {
    /// Files a ticket for the calling person. The bot holds it first; a deadline makes sure that a human sees it
    /// whatever becomes of the bot.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the fields that are wrong.
    pub async fn file_ticket(
        &self,
        caller: &Caller,
        new: impl Into<Filing>,
        now: DateTime<Utc>,
    ) -> Result<Filed> {
        let new = new.into();
        let requester = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = match new.follows {
            None => self.begin_one(caller, now).await?,
            Some(_) => self.begin(caller, now).await?,
        };
        let filed = file(&mut work, requester, new).await?;
        work.commit().await?;
        Ok(filed)
    }

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
            ticket.resolved_at = Some(now);
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

/// Files a ticket for `requester` within an action.
pub(crate) async fn file(
    work: &mut Work<'_>,
    requester: PersonId,
    filing: impl Into<Filing>,
) -> Result<Filed> {
    let Filing {
        ticket: new,
        files,
        follows,
    } = filing.into();
    authorize(&work.caller().who, Action::FileTicket)?;
    let title = field::one_line(&new.title);
    let description = field::many_lines(&new.description);
    let mut errors = Vec::new();
    field::required("title", &title, MAX_TITLE, &mut errors);
    field::required("description", &description, MAX_BODY, &mut errors);

    let form = requester::Form {
        category: new.category,
        otherwise: service_desk(work).await?,
        files: files.map(|it| it.0),
        valid: errors.is_empty(),
    };
    let now = work.now;
    let person = requester::filer(work.conn(), requester, form, now)
        .await?
        .ok_or(DeskError::NotFound)?;
    draft::not_too_many(person.files.unsigned_abs())?;
    if new.category.is_some() && person.chosen.is_none() {
        errors.push(FieldError::new("category", "error.choose_one"));
    }
    // People name their own machines; engineers and the machinery name any.
    if let (Some(host), Some(principal)) = (new.host, work.caller().principal())
        && !principal.is_engineer()
        && !requester::hosts(work.conn(), requester)
            .await?
            .iter()
            .any(|(id, _)| *id == host)
    {
        errors.push(FieldError::new("host", "error.choose_one"));
    }
    let (Some(number), true) = (person.number, errors.is_empty()) else {
        return Err(errors.into());
    };
    let rulebook = work.rulebook_at(person.versions).await?;
    let id = TicketId(Uuid::now_v7());
    let mut ticket = ticket::Ticket {
        id,
        number,
        kind: person.chosen.map_or(Kind::Incident, |it| it.kind),
        title,
        status: Status::New,
        impact: new.impact,
        urgency: new.urgency,
        priority: rulebook.matrix.priority(new.impact, new.urgency),
        category: new.category,
        team: person.team,
        tier: Tier::L1,
        assignee: None,
        requester,
        organisation: person.organisation,
        host: new.host,
        channel: new.channel,
        bot_holds: true,
        cycle: 1,
        resolution_code: None,
        resolved_by: None,
        version: 1,
        created_at: now,
        updated_at: now,
        resolved_at: None,
        closed_at: None,
        auto_close_at: None,
        next_clock_at: None,
        next_risk_at: None,
        next_clock: None,
        next_clock_risk_at: None,
        next_clock_seconds: None,
        sla_policy: None,
        acknowledged_at: None,
        restricted: person.restricted,
    };
    let opened = json!({"title": ticket.title, "channel": new.channel.as_str(), "priority": ticket.priority.number(), "internal": {
        "kind": ticket.kind, "category": ticket.category, "vip": person.vip,
        // What decided them.
        "category_version": person.chosen.map(|it| it.version), "matrix": rulebook.matrix_version,
    }});
    work.insert(&mut ticket, &description, &opened).await?;
    let event = work
        .event(
            &ticket,
            EventKind::Opened,
            Visibility::Public,
            Some(&description),
            opened,
        )
        .await?;
    draft::sent(work, Purpose::New, files, (id, event, Visibility::Public));
    if let Some(before) = follows {
        // The earlier ticket must be one that its reader may act on as requester (AT-IDOR-3).
        let before = work.ticket(before, Action::ActAsRequester).await?;
        link::follow_up(work.written().await?, id, before.id, now).await?;
    }
    work.audit(
        "ticket.filed",
        "ticket",
        &number.0.to_string(),
        json!({"requester": requester}),
    );
    if let Some(address) = &person.email {
        let received = Mail {
            kind: MailKind::TicketReceived,
            to: requester,
            ticket: Some(id),
            event: Some(event),
            data: json!({}),
            secret: None,
        };
        // A confirmation, and nobody reads along yet.
        work.mail_to(&received, address);
    }
    work.timer("triage", id.0, 1, now);
    let human_at_the_latest = now + chrono::TimeDelta::minutes(2);
    work.timer("triage_deadline", id.0, 1, human_at_the_latest);
    work.save(&mut ticket, false).await?;
    Ok(Filed { id, number })
}

/// The team that gets what no category names (decision 14).
pub(crate) async fn service_desk(work: &mut Work<'_>) -> Result<TeamId> {
    if let Some(known) = work.desk().service_desk.get() {
        return Ok(*known);
    }
    let team = instance::get(work.conn(), "service_desk").await?;
    let team = team.ok_or_else(|| {
        DeskError::Broken("no service desk team is set up: run `tierdesk migrate`".to_owned())
    })?;
    Ok(*work.desk().service_desk.get_or_init(|| team))
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
    } else if had.is_some() {
        // Where whoever had it left, it is the whole queue's to know, or whose it is by routing.
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
