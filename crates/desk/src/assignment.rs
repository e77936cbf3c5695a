//! Who has a ticket: take, assign, put back.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{PersonId, TicketId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::ticket::Status;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::team;
use tierdesk_store::ticket::Ticket;

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
    let who_acts = team::who_acts(work.conn(), ticket.team, ticket.tier).await?;
    let name = match to {
        None => None,
        Some(person) => {
            let found = who_acts.into_iter().find(|(id, _)| *id == person);
            Some(
                found
                    .ok_or_else(|| vec![FieldError::new("assignee", "error.not_in_queue")])?
                    .1,
            )
        }
    };
    let from = ticket.assignee;
    ticket.assignee = to;
    ticket.bot_holds = false;
    crate::routing::forget(work, ticket.id).await?;
    let event = work
        .event(
            ticket,
            EventKind::Assigned,
            Visibility::Public,
            None,
            json!({"to": to, "name": name, "internal": {"from": from}}),
        )
        .await?;
    if ticket.status == Status::New && to.is_some() {
        work.event(
            ticket,
            EventKind::Status,
            Visibility::Public,
            None,
            json!({"from": "new", "to": "open"}),
        )
        .await?;
        ticket.status = Status::Open;
    }
    work.audit(
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
