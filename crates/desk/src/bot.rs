//! What the triage bot does on a ticket it holds: one step per deadline, each in one transaction, as the bot.
//!
//! Whatever people do on the ticket meanwhile, taking it, answering in its place, closing it, ends the bot's work: the
//! ticket's `bot_holds` says whose it is.

pub(crate) mod probing;
mod receiver;
pub(crate) mod reset;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::bot::State;
use tierdesk_domain::id::{EventId, JobId, PersonId, TicketId};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::text::t;
use tierdesk_domain::ticket::Status;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::bot::{self as memory, Case};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::timer::{self, Timer};

use crate::caught::caught;
use crate::conversation::answered;
use crate::error::{DeskError, Result};
use crate::work::Mail;
use crate::{Caller, Desk, Work, triage};

pub use receiver::ReceiverSettings;

/// Deadline: look at a new ticket.
pub(crate) const TRIAGE: &str = "triage";
/// Deadline: a ticket that nobody looked at goes to people.
pub(crate) const TRIAGE_DEADLINE: &str = "triage_deadline";
/// Deadline: the bot's next step on a ticket.
pub(crate) const BOT: &str = "bot";
/// The kinds of deadlines that are acted on here.
pub(crate) const KINDS: &[&str] = &[TRIAGE, TRIAGE_DEADLINE, BOT];
/// How long one that cannot be acted on rests at first: a person waits for the answer.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(15);

impl Desk {
    /// Acts on the bot's earliest deadline that passed. False if there is none.
    ///
    /// # Errors
    /// When the database does not answer. What goes wrong with one ticket puts that one off and is logged; the deadline
    /// that brings an unseen ticket to people is another one and is not put off with it.
    pub async fn act_on_next_bot_deadline(&self, now: DateTime<Utc>) -> Result<bool> {
        let caller = Caller::machine(Actor::bot());
        let mut work = self.begin(&caller, now).await?;
        let Some(due) = timer::take_of_ticket(work.conn(), KINDS, now).await? else {
            return Ok(false);
        };
        let acted = caught(act(&mut work, &due)).await;
        let done = work.commit_if(acted).await;
        self.put_off_if(done, &due, FIRST_PAUSE, now).await?;
        Ok(true)
    }

    /// Takes the bot's next step on a ticket now, for pages that want to show what came of an answer at once.
    pub async fn step_bot(&self, id: TicketId, now: DateTime<Utc>) -> Result<()> {
        let caller = Caller::machine(Actor::bot());
        let mut work = self.begin(&caller, now).await?;
        step(&mut work, id).await?;
        work.commit().await
    }

    /// The requester says with one button that it works again, and the bot reads it at once. True where the ticket is solved
    /// by that; a ticket that the bot has solved meanwhile stays so, for whoever presses twice.
    ///
    /// All of it is one transaction: whoever takes the ticket meanwhile either finds it solved or keeps it.
    ///
    /// # Errors
    /// [`DeskError::State`] when the bot did not ask, or has the ticket no longer.
    pub async fn confirm_works(
        &self,
        caller: &Caller,
        id: TicketId,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::ActAsRequester).await?;
        let case = memory::case(work.conn(), id).await?;
        let state = case.map(|case| case.state);
        if state == Some(State::Helped) && !ticket.status.is_open() {
            return Ok(true);
        }
        let asked = state == Some(State::AskedWorks) && ticket.bot_holds;
        if !asked || !ticket.status.is_open() {
            return Err(DeskError::State("state.bot_did_not_ask"));
        }
        answered(&mut work, &mut ticket, t("bot.confirmed").into()).await?;
        // The bot reads answers from the timeline.
        work.written().await?;
        let part = work.part(Caller::machine(Actor::bot())).await?;
        let stepped = step(&mut work, id).await;
        work.end(part, stepped).await??;
        let solved = work.row(id).is_some_and(|it| !it.status.is_open());
        work.commit().await?;
        Ok(solved)
    }

    /// An engineer says that the bot was wrong: it stops, a link that it sent no longer works, and people go on at L1.
    ///
    /// # Errors
    /// [`DeskError::State`] when there is nothing to undo.
    pub async fn undo_bot(&self, caller: &Caller, id: TicketId, now: DateTime<Utc>) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        let Some(mut case) = memory::case(work.conn(), id)
            .await?
            .filter(|case| case.state.is_active())
        else {
            return Err(DeskError::State("state.nothing_to_undo"));
        };
        let links = memory::revoke_links(work.conn(), id, now).await?;
        let data = json!({"what": t("bot.undone_what"), "intent": case.intent, "state": case.state, "links_revoked": links});
        work.event(
            &ticket,
            EventKind::Undone,
            Visibility::Internal,
            None,
            data.clone(),
        )
        .await?;
        work.audit(
            "ticket.bot_undone",
            "ticket",
            &ticket.number.0.to_string(),
            data,
        );
        become_state(&mut case, State::Undone, now);
        memory::save(work.conn(), &case).await?;
        work.clear_timer(BOT, id.0).await?;
        release(&mut work, &mut ticket).await?;
        work.save(&mut ticket, true).await?;
        work.commit().await
    }
}

async fn act(work: &mut Work<'_>, due: &Timer) -> Result<()> {
    let id = TicketId(due.object_id);
    match due.kind.as_str() {
        TRIAGE => triage::look(work, id).await,
        TRIAGE_DEADLINE => triage::overdue(work, id).await,
        _ => step(work, id).await,
    }
}

/// The bot's next step on a ticket, whatever brought it about: a deadline, an answer, a new password, a job's end.
async fn step(work: &mut Work<'_>, id: TicketId) -> Result<()> {
    let mut ticket = match work.ticket(id, Action::WorkTicket).await {
        Err(DeskError::NotFound) => return Ok(()),
        other => other?,
    };
    let Some(mut case) = memory::case(work.conn(), id)
        .await?
        .filter(|case| case.state.is_active())
    else {
        return Ok(());
    };
    if !ticket.bot_holds || !ticket.status.is_open() {
        let now = work.now;
        become_state(&mut case, State::HandedOver, now);
        memory::save(work.conn(), &case).await?;
        return Ok(());
    }
    let (answers, asks) = memory::answers(work.conn(), id, case.asks_read).await?;
    // What is written while probes run is looked at when they are done.
    if case.state != State::Probing {
        case.asks_read = asks;
    }
    match case.state {
        State::LinkSent | State::Reminded => {
            reset::step(work, &mut ticket, &mut case, &answers).await?
        }
        State::AskedTarget | State::Probing | State::AskedWorks => {
            probing::step(work, &mut ticket, &mut case, &answers).await?
        }
        State::Helped | State::HandedOver | State::Undone | State::Idle => {}
    }
    memory::save(work.conn(), &case).await?;
    work.save(&mut ticket, false).await
}

/// The requester wrote on a ticket: a bot that works on it reads that next.
pub(crate) fn heard(work: &mut Work<'_>, ticket: &Ticket) {
    if ticket.bot_holds {
        let now = work.now;
        work.timer(BOT, ticket.id.0, 0, now);
    }
}

/// A person set a new password: the bot resolves the tickets on which it waited for that.
pub(crate) async fn password_was_set(work: &mut Work<'_>, person: PersonId) -> Result<()> {
    let now = work.now;
    for ticket in memory::waits_for_password(work.conn(), person).await? {
        work.timer(BOT, ticket.0, 0, now);
    }
    Ok(())
}

/// A job of a ticket ended: a bot that waits for it goes on.
pub(crate) async fn job_ended(work: &mut Work<'_>, ticket: TicketId, job: JobId) -> Result<()> {
    let waits = memory::case(work.conn(), ticket)
        .await?
        .is_some_and(|case| {
            case.state == State::Probing && case.probes.iter().any(|probe| probe.job == Some(job))
        });
    if waits {
        let now = work.now;
        work.timer(BOT, ticket.0, 0, now);
    }
    Ok(())
}

/// A public message of the bot on the timeline alone, where another mail says the same.
pub(crate) async fn write(work: &mut Work<'_>, ticket: &Ticket, text: &str) -> Result<EventId> {
    work.event(
        ticket,
        EventKind::Reply,
        Visibility::Public,
        Some(text),
        json!({}),
    )
    .await
}

/// A public message of the bot, which the requester also gets by mail.
pub(crate) async fn say(work: &mut Work<'_>, ticket: &Ticket, text: &str) -> Result<EventId> {
    let event = write(work, ticket, text).await?;
    work.mail(Mail {
        kind: MailKind::PublicReply,
        to: ticket.requester,
        ticket: Some(ticket.id),
        event: Some(event),
        data: json!({}),
        secret: None,
    })
    .await?;
    Ok(event)
}

/// A question of the bot.
pub(crate) struct Question<'a> {
    /// What it asks for, so that the requester's page can offer buttons: `target` or `works`.
    pub(crate) asks: &'static str,
    /// The whole message on the timeline.
    pub(crate) text: &'a str,
    /// The question alone.
    pub(crate) question: &'a str,
    /// What was found so far.
    pub(crate) found: &'a [&'a str],
    /// When silence counts as an answer.
    pub(crate) resolves_at: Option<DateTime<Utc>>,
}

/// Asks: the ticket waits for the requester.
pub(crate) async fn ask(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    question: Question<'_>,
) -> Result<()> {
    let event = work
        .event(
            ticket,
            EventKind::Reply,
            Visibility::Public,
            Some(question.text),
            json!({"asks": question.asks, "resolves_at": question.resolves_at}),
        )
        .await?;
    work.mail(Mail {
        kind: MailKind::BotQuestion,
        to: ticket.requester,
        ticket: Some(ticket.id),
        event: Some(event),
        data: json!({"question": question.question, "found": question.found, "resolves_at": question.resolves_at}),
        secret: None,
    })
    .await?;
    set_status(work, ticket, Status::Pending).await
}

/// The bot stops; people go on. `why` is for engineers.
pub(crate) async fn pass_on(work: &mut Work<'_>, ticket: &mut Ticket, why: &str) -> Result<()> {
    release(work, ticket).await?;
    work.event(
        ticket,
        EventKind::BotGaveUp,
        Visibility::Internal,
        None,
        json!({"why": why}),
    )
    .await?;
    work.audit(
        "ticket.bot_gave_up",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"why": why}),
    );
    Ok(())
}

/// The ticket shows up in its queue, and no longer waits for the requester.
async fn release(work: &mut Work<'_>, ticket: &mut Ticket) -> Result<()> {
    ticket.bot_holds = false;
    if ticket.status == Status::Pending {
        set_status(work, ticket, Status::Open).await?;
    }
    Ok(())
}

pub(crate) async fn set_status(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    next: Status,
) -> Result<()> {
    if ticket.status != next {
        let data = json!({"from": ticket.status, "to": next});
        work.event(ticket, EventKind::Status, Visibility::Public, None, data)
            .await?;
        ticket.status = next;
    }
    Ok(())
}

/// Moves a case on. A step that the policy does not know is a bug and is logged.
pub(crate) fn become_state(case: &mut Case, next: State, now: DateTime<Utc>) {
    if !case.state.may_become(next) && case.state != State::Idle {
        tracing::error!(ticket = %case.ticket, from = %case.state, to = %next, "the bot took a step that it does not know");
    }
    case.state = next;
    case.updated_at = now;
}

/// The moment when so much of the desk's ordinary working time has passed, in the hours that hold at each time: around the
/// clock where no promise has a calendar.
pub(crate) async fn business(
    work: &mut Work<'_>,
    from: DateTime<Utc>,
    time: TimeDelta,
) -> Result<DateTime<Utc>> {
    let due = (work.rulebook().await?.book)
        .ordinary_time(from)
        .due(from, time);
    Ok(due.unwrap_or(from + time))
}
