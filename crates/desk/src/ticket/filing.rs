//! How a ticket comes to be: a form is looked through, and what comes of it is written in one statement.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::bot::TRIAGE_WAITS;
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{CategoryId, FormId, HostId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::ticket::{Channel, Impact, Kind, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::requester::Filer;
use tierdesk_store::{instance, link, requester, ticket};
use uuid::Uuid;

use super::{MAX_BODY, MAX_TITLE};
use crate::bot::{TRIAGE, TRIAGE_DEADLINE};
use crate::draft::{self, Purpose};
use crate::error::{DeskError, Result};
use crate::work::Mail;
use crate::{Caller, Desk, Work};

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
        let requester = caller.person_id().ok_or(DeskError::Denied)?;
        let mut work = self.begin_one(caller, now).await?;
        let looked = look(&mut work, requester, new.into()).await?;
        if !looked.is_one_statement() {
            work = work.in_transaction().await?;
        }
        let filed = write(&mut work, looked).await?;
        work.commit().await?;
        Ok(filed)
    }
}

/// Files a ticket for `requester` within an action.
pub(crate) async fn file(
    work: &mut Work<'_>,
    requester: PersonId,
    filing: impl Into<Filing>,
) -> Result<Filed> {
    let looked = look(work, requester, filing.into()).await?;
    write(work, looked).await
}

/// A form that is as it should be, and what else filing must know.
struct Looked {
    new: NewTicket,
    requester: PersonId,
    person: Filer,
    number: TicketNumber,
    /// The form whose files go with the ticket; none where none were there when it was sent.
    files: Option<FormId>,
    follows: Option<TicketId>,
}

impl Looked {
    /// Whether nothing but what the action leaves behind is written. Files may turn out to be too many, and an earlier
    /// ticket is locked.
    fn is_one_statement(&self) -> bool {
        self.files.is_none() && self.follows.is_none()
    }
}

/// Looks a form through, and writes nothing.
async fn look(work: &mut Work<'_>, requester: PersonId, filing: Filing) -> Result<Looked> {
    authorize(&work.caller().who, Action::FileTicket)?;
    let new = NewTicket {
        title: field::one_line(&filing.ticket.title),
        description: field::many_lines(&filing.ticket.description),
        ..filing.ticket
    };
    let mut errors = Vec::new();
    field::required("title", &new.title, MAX_TITLE, &mut errors);
    field::required("description", &new.description, MAX_BODY, &mut errors);

    let form = requester::Form {
        category: new.category,
        otherwise: service_desk(work).await?,
        files: filing.files.map(|it| it.0),
        valid: errors.is_empty(),
    };
    let now = work.now;
    let person = requester::filer(work.conn(), requester, form, now)
        .await?
        .ok_or(DeskError::NotFound)?;
    if new.category.is_some() && person.chosen.is_none() {
        errors.push(FieldError::new("category", "error.choose_one"));
    }
    if let Some(host) = new.host
        && !may_name(work, requester, host).await?
    {
        errors.push(FieldError::new("host", "error.choose_one"));
    }
    let (Some(number), true) = (person.number, errors.is_empty()) else {
        return Err(errors.into());
    };
    Ok(Looked {
        new,
        requester,
        number,
        files: filing.files.filter(|_| person.has_files),
        person,
        follows: filing.follows,
    })
}

/// Whether a ticket may be about that machine: people name their own, engineers any that there is. What the machinery names
/// it has looked up itself.
async fn may_name(work: &mut Work<'_>, requester: PersonId, host: HostId) -> Result<bool> {
    let Some(principal) = work.caller().principal() else {
        return Ok(true);
    };
    if principal.is_engineer() {
        return Ok(requester::host_name(work.conn(), host).await?.is_some());
    }
    let own = requester::hosts(work.conn(), requester).await?;
    Ok(own.iter().any(|(id, _)| *id == host))
}

/// Files what was looked through.
async fn write(work: &mut Work<'_>, looked: Looked) -> Result<Filed> {
    let Looked {
        new,
        requester,
        person,
        number,
        files,
        follows,
    } = looked;
    let now = work.now;
    let rulebook = work.rulebook_at(person.versions).await?;
    let id = TicketId(Uuid::now_v7());
    let mut ticket = ticket::Ticket {
        id,
        number,
        kind: person.chosen.map_or(Kind::Incident, |it| it.kind),
        title: new.title,
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
    work.insert(&mut ticket, &new.description, &opened).await?;
    let event = work
        .event(
            &ticket,
            EventKind::Opened,
            Visibility::Public,
            Some(&new.description),
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
    work.timer(TRIAGE, id.0, 1, now);
    // A human has it at the latest then.
    work.timer(TRIAGE_DEADLINE, id.0, 1, now + TRIAGE_WAITS);
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
