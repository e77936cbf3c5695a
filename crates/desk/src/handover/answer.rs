//! The receiver's answer to a hand-over: accept it, say whether it was complete, or send it back with a reason.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field;
use tierdesk_domain::handover::{BounceCode, Quality, Standing, check_bounce};
use tierdesk_domain::id::{PersonId, TicketId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::handover::{Received, received};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{person, team};

use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::{Caller, Desk, Work};

impl Desk {
    /// Accepts the hand-over that a ticket came with: the ticket is the caller's then. Where somebody else has it, only they
    /// accept; whoever wants it instead takes the ticket, which accepts as well.
    ///
    /// # Errors
    /// [`DeskError::State`] when there is none that waits for an answer, or when somebody else has the ticket.
    pub async fn accept_handover(
        &self,
        caller: &Caller,
        id: TicketId,
        quality: Option<Quality>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        let handover = open(&mut work, &ticket).await?;
        let handover = handover.ok_or(DeskError::State("state.no_open_handover"))?;
        let me = caller.person_id().ok_or(DeskError::Denied)?;
        match ticket.assignee {
            Some(has) if has != me => return Err(DeskError::State("state.handover_of_another")),
            Some(_) => {}
            None => crate::assignment::give(&mut work, &mut ticket, Some(me)).await?,
        }
        accepted(&mut work, &ticket, &handover, quality).await?;
        crate::in_charge::seen_to(&mut work, &ticket).await?;
        work.save(&mut ticket, true).await?;
        work.commit().await
    }

    /// Says whether a hand-over that the caller accepted was complete. Once.
    ///
    /// # Errors
    /// [`DeskError::State`] when it was not they who accepted it, or when it is rated.
    pub async fn rate_handover(
        &self,
        caller: &Caller,
        id: TicketId,
        quality: Quality,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        let found = received(work.conn(), id, ticket.cycle).await?;
        let handover = found
            .filter(|it| may_rate(it, caller.person_id()))
            .ok_or(DeskError::State("state.no_handover_to_rate"))?;
        let data = json!({"handover": handover.event, "quality": quality});
        work.event(
            &ticket,
            EventKind::HandoverRated,
            Visibility::Internal,
            None,
            data.clone(),
        )
        .await?;
        work.audit(
            "ticket.handover_rated",
            "ticket",
            &ticket.number.0.to_string(),
            data,
        );
        work.save(&mut ticket, false).await?;
        work.commit().await
    }

    /// Sends a hand-over that nobody accepted back to the queue it came from, and to the person who made it where they
    /// still work there and are at work; else the queue routes it, where it does.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] without a code or a sentence; [`DeskError::Conflict`] if the ticket changed since `version`;
    /// [`DeskError::State`] when no hand-over waits for an answer, or nobody works any more where it came from.
    pub async fn bounce(
        &self,
        caller: &Caller,
        id: TicketId,
        version: i32,
        code: Option<BounceCode>,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        let reason = field::many_lines(reason);
        let code = check_bounce(code, &reason)?;
        if ticket.version != version {
            return Err(DeskError::Conflict);
        }
        let handover = open(&mut work, &ticket).await?;
        let handover = handover.ok_or(DeskError::State("state.no_open_handover"))?;
        let (team, tier) = handover.from;
        let back_to = sender(&mut work, &handover).await?;
        if back_to.is_none() && !super::staffed(&mut work, team, tier).await? {
            return Err(DeskError::State("state.nobody_there"));
        }
        let name = back_to.as_ref().map(|(_, name)| name.clone());
        let to = back_to.map(|(id, _)| id);
        let data = json!({
            "handover": handover.event, "code": code, "to": to, "name": name,
            "from_team": ticket.team, "from_tier": ticket.tier, "to_team": team, "to_tier": tier,
        });
        super::move_to(&mut work, &mut ticket, team, tier).await?;
        ticket.assignee = to;
        let event = work
            .event(
                &ticket,
                EventKind::HandoverBounced,
                Visibility::Internal,
                Some(&reason),
                data.clone(),
            )
            .await?;
        work.audit(
            "ticket.handover_bounced",
            "ticket",
            &ticket.number.0.to_string(),
            data,
        );
        let telling = Telling::of(NotificationKind::HandedBack, id, event);
        work.save_and_tell(&mut ticket, telling, None).await?;
        work.commit().await
    }
}

/// Whether this person may say whether the hand-over was complete.
pub fn may_rate(handover: &Received, person: Option<PersonId>) -> bool {
    handover.standing == Standing::Accepted
        && !handover.rated
        && person.is_some()
        && handover.accepted_by == person
}

/// Somebody of the receiving queue took a ticket: that accepts the hand-over it came with.
pub(crate) async fn taken(work: &mut Work<'_>, ticket: &Ticket) -> Result<()> {
    match open(work, ticket).await? {
        Some(handover) => accepted(work, ticket, &handover, None).await,
        None => Ok(()),
    }
}

/// The hand-over that waits for an answer, if there is one.
async fn open(work: &mut Work<'_>, ticket: &Ticket) -> Result<Option<Received>> {
    let found = received(work.written().await?, ticket.id, ticket.cycle).await?;
    Ok(found.filter(|it| it.standing == Standing::Open && ticket.status.is_open()))
}

async fn accepted(
    work: &mut Work<'_>,
    ticket: &Ticket,
    handover: &Received,
    quality: Option<Quality>,
) -> Result<()> {
    let data = json!({"handover": handover.event, "quality": quality});
    work.event(
        ticket,
        EventKind::HandoverAccepted,
        Visibility::Internal,
        None,
        data.clone(),
    )
    .await?;
    work.audit(
        "ticket.handover_accepted",
        "ticket",
        &ticket.number.0.to_string(),
        data,
    );
    Ok(())
}

/// Whoever made a hand-over, where they still work in the queue it came from and are at work now. With anybody else it
/// would lie until they come.
async fn sender(work: &mut Work<'_>, handover: &Received) -> Result<Option<(PersonId, String)>> {
    let Some(person) = handover.from_person else {
        return Ok(None);
    };
    let (team, tier) = handover.from;
    // They go on to until this action ends.
    person::hold(work.conn(), person).await?;
    let acting = team::who_acts(work.conn(), team, tier).await?;
    let Some(found) = acting.into_iter().find(|(id, _)| *id == person) else {
        return Ok(None);
    };
    let calendar = crate::routing::calendar_of(work, team, tier).await?;
    let here = crate::shift::is_here(work, person, calendar).await?;
    Ok(Some(found).filter(|_| here))
}
