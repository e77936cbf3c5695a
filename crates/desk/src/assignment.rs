//! Who has a ticket: take, assign, put back.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{PersonId, TicketId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::shift::Presence;
use tierdesk_domain::ticket::Status;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{person, team};

use crate::clock::PICKED_UP;
use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::{Caller, Desk, Work};

impl Desk {
    /// Gives a ticket to an engineer, or to nobody. `expected` is who had it when the caller looked, so that of two who
    /// take the same ticket one wins. Whoever takes what routing gave them says that they begin with it.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] when somebody else has it meanwhile; [`DeskError::Invalid`] for a person who may not act
    /// on its queue.
    pub async fn assign(
        &self,
        caller: &Caller,
        id: TicketId,
        to: Option<PersonId>,
        expected: Option<PersonId>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if !ticket.status.is_open() {
            return Err(DeskError::State("state.resolved_already"));
        }
        let taken = to.is_some() && to == caller.person_id();
        if ticket.assignee == to {
            return if taken {
                begin(work, ticket).await
            } else {
                Ok(())
            };
        }
        if ticket.assignee != expected {
            return Err(DeskError::Conflict);
        }
        if taken {
            crate::handover::taken(&mut work, &ticket).await?;
        }
        give(&mut work, &mut ticket, to).await?;
        if taken {
            crate::in_charge::seen_to(&mut work, &ticket).await?;
        }
        work.save(&mut ticket, true).await?;
        work.commit().await
    }
}

/// Whoever routing gave a ticket to begins with it. Where they did already, nothing happens.
async fn begin(mut work: Work<'_>, mut ticket: Ticket) -> Result<()> {
    let told = work.told(&ticket).await?;
    if !told.history.waits_for_a_start() {
        return Ok(());
    }
    crate::handover::taken(&mut work, &ticket).await?;
    let data = json!({PICKED_UP: true});
    let (kind, visibility) = (EventKind::Acknowledged, Visibility::Internal);
    work.event(&ticket, kind, visibility, None, data).await?;
    work.audit(
        "ticket.picked_up",
        "ticket",
        &ticket.number.0.to_string(),
        json!({}),
    );
    crate::in_charge::seen_to(&mut work, &ticket).await?;
    work.save(&mut ticket, false).await?;
    work.commit().await
}

/// Gives a locked ticket to somebody who may act on its queue, or to nobody, and tells them.
pub(crate) async fn give(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    to: Option<PersonId>,
) -> Result<()> {
    let to = match to {
        None => None,
        Some(person) => {
            let found = acts(work, ticket, person).await?;
            Some(found.ok_or_else(|| vec![FieldError::new("assignee", "error.not_in_queue")])?)
        }
    };
    let by = work.caller().actor();
    hand(work, ticket, to, by, None).await
}

/// Why a ticket leaves somebody who did not put it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// They are absent or away.
    Absent,
    /// They left.
    Deactivated,
    /// They do not work in its queue any more.
    NotInQueue,
}

impl Why {
    /// The word in the event.
    fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Deactivated => "deactivated",
            Self::NotInQueue => "not_in_queue",
        }
    }
}

/// Takes these locked tickets from the people who have them. `successor` gets those that they may act on; the others are free
/// in their queues, which route them anew.
pub(crate) async fn take_away(
    work: &mut Work<'_>,
    tickets: Vec<Ticket>,
    successor: Option<PersonId>,
    why: Why,
) -> Result<()> {
    let by = work.caller().actor();
    let mut free = Vec::new();
    for mut ticket in tickets {
        let next = match successor {
            Some(person) => acts(work, &ticket, person).await?,
            None => None,
        };
        hand(work, &mut ticket, next, by, Some(why)).await?;
        work.save(&mut ticket, true).await?;
        if ticket.assignee.is_none() {
            free.push(ticket);
        }
    }
    // A queue's routing is the last thing that anybody waits for.
    crate::routing::enter_all(work, free).await
}

/// A locked ticket that comes back to somebody who may no longer act on its queue, or who is absent, is nobody's: with them it
/// would lie until somebody misses it. The caller saves it, which routes it.
pub(crate) async fn come_back(work: &mut Work<'_>, ticket: &mut Ticket) -> Result<()> {
    let Some(person) = ticket.assignee else {
        return Ok(());
    };
    let why = if acts(work, ticket, person).await?.is_none() {
        Why::NotInQueue
    } else if work.caller().person_id() != Some(person) && is_absent(work, person).await? {
        Why::Absent
    } else {
        return Ok(());
    };
    hand(work, ticket, None, Actor::system(), Some(why)).await
}

async fn is_absent(work: &mut Work<'_>, person: PersonId) -> Result<bool> {
    let now = work.now;
    let rulebook = work.rulebook().await?;
    let shift = crate::shift::shift(work.conn(), &rulebook, person, now).await?;
    Ok(matches!(shift.at(now), Presence::Absent { .. }))
}

/// Somebody with their name, if they may act on a ticket's queue; they go on to until this action ends.
async fn acts(
    work: &mut Work<'_>,
    ticket: &Ticket,
    person: PersonId,
) -> Result<Option<(PersonId, String)>> {
    person::hold(work.conn(), person).await?;
    let acting = team::who_acts(work.conn(), ticket.team, ticket.tier).await?;
    Ok(acting.into_iter().find(|(id, _)| *id == person))
}

/// Writes down who has a locked ticket now, and tells them.
async fn hand(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    to: Option<(PersonId, String)>,
    by: Actor,
    why: Option<Why>,
) -> Result<()> {
    let from = ticket.assignee;
    let (to, name) = to.unzip();
    ticket.assignee = to;
    ticket.bot_holds = false;
    crate::routing::forget(work, ticket.id).await?;
    let mut data = json!({"to": to, "name": name, "internal": {"from": from}});
    if let Some(why) = why {
        data["internal"]["why"] = json!(why.as_str());
    }
    let event = work
        .event_by(
            by,
            ticket,
            EventKind::Assigned,
            Visibility::Public,
            None,
            data,
        )
        .await?;
    if ticket.status == Status::New && to.is_some() {
        work.event_by(
            by,
            ticket,
            EventKind::Status,
            Visibility::Public,
            None,
            json!({"from": "new", "to": "open"}),
        )
        .await?;
        ticket.status = Status::Open;
    }
    work.audit_by(
        by,
        "ticket.assigned",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"to": to}),
    );
    if let Some(person) = to {
        let telling = Telling::of(NotificationKind::Assigned, ticket.id, event);
        work.tell(&[person], telling).await?;
    }
    Ok(())
}
