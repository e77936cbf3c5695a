//! Moving a ticket between tiers and teams: escalate with a hand-over, hand back with a reason.

mod answer;

pub use answer::may_rate;
pub(crate) use answer::taken;

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::handover::{Handover, MAX_PART, MOVED};
use tierdesk_domain::id::{TeamId, TicketId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::routing::Wish;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, team, timeline};

use crate::error::{DeskError, Result};
use crate::notification::Telling;
use crate::{Caller, Desk, Work};

impl Desk {
    /// Escalates a ticket to a higher tier, or to another team at the same or a higher one.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if it changed since `version`; [`DeskError::Invalid`] for a missing part, a wrong target, or
    /// one where nobody works.
    pub async fn escalate(
        &self,
        caller: &Caller,
        id: TicketId,
        version: i32,
        to: (TeamId, Tier),
        note: Handover,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        let note = note.check()?;
        if ticket.version != version {
            return Err(DeskError::Conflict);
        }
        let (team, tier) = to;
        if tier < ticket.tier || (tier == ticket.tier && team == ticket.team) {
            return Err(vec![FieldError::new("to", "error.escalate_upwards")].into());
        }
        escalate(&mut work, &mut ticket, team, tier, &note, None).await?;
        work.commit().await
    }

    /// Hands a ticket back to the queue it came from, with a reason.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if it changed since `version`; [`DeskError::Invalid`] without a reason; [`DeskError::State`]
    /// where it came from nowhere, or nobody works there any more.
    pub async fn hand_back(
        &self,
        caller: &Caller,
        id: TicketId,
        version: i32,
        reason: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        let reason = field::many_lines(reason);
        let mut errors = Vec::new();
        field::required("reason", &reason, MAX_PART, &mut errors);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        if ticket.version != version {
            return Err(DeskError::Conflict);
        }
        if !ticket.status.is_open() {
            return Err(DeskError::State("state.resolved_already"));
        }
        let (team, tier) = timeline::came_from(work.conn(), id, (ticket.team, ticket.tier))
            .await?
            .ok_or(DeskError::State("state.never_escalated"))?;
        if !staffed(&mut work, team, tier).await? {
            return Err(DeskError::State("state.nobody_there"));
        }
        let data = json!({
            "from_team": ticket.team, "from_tier": ticket.tier, "to_team": team, "to_tier": tier,
        });
        move_to(&mut work, &mut ticket, team, tier).await?;
        let event = work
            .event(
                &ticket,
                EventKind::HandedBack,
                Visibility::Internal,
                Some(&reason),
                data.clone(),
            )
            .await?;
        work.audit(
            "ticket.handed_back",
            "ticket",
            &ticket.number.0.to_string(),
            data,
        );
        let telling = Telling::of(NotificationKind::HandedBack, id, event);
        work.save_and_tell(&mut ticket, telling, None).await?;
        work.commit().await
    }
}

/// Whether [`Desk::hand_back`] has a way for an open ticket: it was escalated into the queue where it is now, at whatever
/// tier, and somebody works where it came from.
pub async fn has_way_back(conn: &mut PgConnection, ticket: &Ticket) -> Result<bool> {
    let here = (ticket.team, ticket.tier);
    match timeline::came_from(conn, ticket.id, here).await? {
        Some((team, tier)) => Ok(!team::members(conn, team, tier).await?.is_empty()),
        None => Ok(false),
    }
}

/// Escalates a locked ticket within an action; the note was checked. `wish` is what a rule asks of whoever gets it.
pub(crate) async fn escalate(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    to: TeamId,
    tier: Tier,
    note: &Handover,
    wish: Option<Wish>,
) -> Result<()> {
    if !ticket.status.is_open() {
        return Err(DeskError::State("state.resolved_already"));
    }
    let target = team::find(work.conn(), to)
        .await?
        .ok_or_else(|| vec![FieldError::new("to", "error.choose_one")])?;
    if !staffed(work, to, tier).await? {
        return Err(vec![FieldError::new("to", "error.nobody_there")].into());
    }
    let data = json!({
        "from_team": ticket.team, "from_tier": ticket.tier, "from_person": ticket.assignee,
        "to_team": to, "to_tier": tier, "team": target.name,
        "known": note.known, "tried": note.tried, "evidence": note.evidence, "ask": note.ask,
    });
    let previous = ticket.assignee;
    move_to(work, ticket, to, tier).await?;
    let event = work
        .event(
            ticket,
            EventKind::Escalated,
            Visibility::Internal,
            None,
            data.clone(),
        )
        .await?;
    work.audit(
        "ticket.escalated",
        "ticket",
        &ticket.number.0.to_string(),
        json!({"from_team": data["from_team"], "from_tier": data["from_tier"], "to_team": to, "to_tier": tier, "assignee": previous}),
    );
    let telling = Telling::of(NotificationKind::Escalated, ticket.id, event);
    work.save_and_tell(ticket, telling, wish).await
}

/// Whether anybody works in a queue; where nobody does, nobody would see a ticket.
pub(crate) async fn staffed(work: &mut Work<'_>, team: TeamId, tier: Tier) -> Result<bool> {
    Ok(!team::members(work.conn(), team, tier).await?.is_empty())
}

/// The ticket leaves its queue: nobody has it there, and it is open again if it waited.
async fn move_to(work: &mut Work<'_>, ticket: &mut Ticket, team: TeamId, tier: Tier) -> Result<()> {
    let target = team::find(work.conn(), team)
        .await?
        .ok_or(DeskError::NotFound)?;
    (
        ticket.team,
        ticket.tier,
        ticket.assignee,
        ticket.bot_holds,
        ticket.restricted,
    ) = (team, tier, None, false, target.restricted);
    if ticket.status != MOVED {
        let data = json!({"from": ticket.status.as_str(), "to": MOVED.as_str()});
        work.event(ticket, EventKind::Status, Visibility::Public, None, data)
            .await?;
        ticket.status = MOVED;
    }
    Ok(())
}
