//! Properties of a ticket, guarded by its version: two editors never overwrite each other unseen.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::{Impact, Status, Urgency};
use tierdesk_domain::timeline::{EventKind, Visibility};

use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

impl Desk {
    /// Sets open, pending or on hold by hand.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if the ticket changed since `version`; [`DeskError::State`] for a step that its state
    /// does not allow.
    pub async fn set_status(
        &self,
        caller: &Caller,
        id: TicketId,
        version: i32,
        next: Status,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if ticket.status == next {
            return Ok(());
        }
        if ticket.version != version {
            return Err(DeskError::Conflict);
        }
        if !ticket.status.may_become(next) {
            return Err(DeskError::State("state.status_step"));
        }
        work.event(
            &ticket,
            EventKind::Status,
            Visibility::Public,
            None,
            json!({"from": ticket.status.as_str(), "to": next.as_str()}),
        )
        .await?;
        work.audit(
            "ticket.status",
            "ticket",
            &ticket.number.0.to_string(),
            json!({"from": ticket.status.as_str(), "to": next.as_str()}),
        );
        ticket.status = next;
        ticket.bot_holds = false;
        work.save(&mut ticket, true).await?;
        work.commit().await
    }

    /// Changes impact and urgency; the priority follows by the matrix.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if the ticket changed since `version`.
    pub async fn set_impact_urgency(
        &self,
        caller: &Caller,
        id: TicketId,
        version: i32,
        impact: Impact,
        urgency: Urgency,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if (ticket.impact, ticket.urgency) == (impact, urgency) {
            return Ok(());
        }
        if ticket.version != version {
            return Err(DeskError::Conflict);
        }
        if !ticket.status.is_open() {
            return Err(DeskError::State("state.resolved_already"));
        }
        let priority = work.rulebook().await?.matrix.priority(impact, urgency);
        let change = json!({
            "from": ticket.priority.number(), "to": priority.number(),
            "impact": impact.as_str(), "urgency": urgency.as_str(),
            "impact_from": ticket.impact.as_str(), "urgency_from": ticket.urgency.as_str(),
        });
        (ticket.impact, ticket.urgency, ticket.priority) = (impact, urgency, priority);
        work.event(
            &ticket,
            EventKind::Priority,
            Visibility::Internal,
            None,
            change.clone(),
        )
        .await?;
        work.audit(
            "ticket.priority",
            "ticket",
            &ticket.number.0.to_string(),
            change,
        );
        crate::in_charge::confirmed(&mut work, &ticket).await?;
        work.save(&mut ticket, true).await?;
        work.commit().await
    }
}
