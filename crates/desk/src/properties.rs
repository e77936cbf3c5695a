//! Properties of a ticket, guarded by its version: two editors never overwrite each other unseen.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::authorize::Action;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{CategoryId, TicketId};
use tierdesk_domain::ticket::{Impact, Kind, Priority, Status, Urgency};
use tierdesk_domain::timeline::{EventKind, Visibility};
use tierdesk_store::category::{self, Named};
use tierdesk_store::ticket::Ticket;

use crate::bot::BOT;
use crate::error::{DeskError, Result};
use crate::{Caller, Desk, Work};

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
        becomes(&mut work, &mut ticket, next, json!({})).await?;
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
        let rulebook = work.rulebook().await?;
        let priority = rulebook.matrix.priority(impact, urgency);
        let change = json!({
            "from": ticket.priority.number(), "to": priority.number(),
            "impact": impact.as_str(), "urgency": urgency.as_str(),
            "impact_from": ticket.impact.as_str(), "urgency_from": ticket.urgency.as_str(),
            "matrix": rulebook.matrix_version,
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
        if ticket.bot_holds && ticket.priority == Priority::P1 {
            // A P1 waits for no answer to the bot.
            work.timer(BOT, id.0, 0, now);
        }
        crate::in_charge::confirmed(&mut work, &ticket).await?;
        work.save(&mut ticket, true).await?;
        work.commit().await
    }

    /// Changes what a ticket is about: its kind and its category. It stays in its queue; the promises of its new kind and
    /// category apply from now on.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if the ticket changed since `version`; [`DeskError::Invalid`] for a category that tickets do
    /// not come into; [`DeskError::State`] once it is resolved.
    pub async fn set_subject(
        &self,
        caller: &Caller,
        id: TicketId,
        version: i32,
        kind: Kind,
        category: Option<CategoryId>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let mut ticket = work.ticket(id, Action::WorkTicket).await?;
        if (ticket.kind, ticket.category) == (kind, category) {
            return Ok(());
        }
        if ticket.version != version {
            return Err(DeskError::Conflict);
        }
        if !ticket.status.is_open() {
            return Err(DeskError::State("state.resolved_already"));
        }
        // What stays as it is is no change: clocks and readers hear of what is in the event, and of nothing else.
        let mut change = json!({});
        if ticket.kind != kind {
            change["kind_from"] = json!(ticket.kind);
            change["kind"] = json!(kind);
        }
        if ticket.category != category {
            let old = name_of(&mut work, ticket.category).await?;
            let new = name_of(&mut work, category).await?;
            if category.is_some() && new.as_ref().is_none_or(|it| it.retired) {
                return Err(vec![FieldError::new("category", "error.choose_one")].into());
            }
            change["category_from"] = json!(ticket.category);
            change["category"] = json!(category);
            change["category_from_name"] = json!(old.map(|it| it.name));
            change["category_name"] = json!(new.map(|it| it.name));
            crate::routing::needs_others(&mut work, id).await?;
        }
        (ticket.kind, ticket.category) = (kind, category);
        work.event(
            &ticket,
            EventKind::Changed,
            Visibility::Internal,
            None,
            change.clone(),
        )
        .await?;
        work.audit(
            "ticket.subject",
            "ticket",
            &ticket.number.0.to_string(),
            change,
        );
        work.save(&mut ticket, true).await?;
        work.commit().await
    }
}

/// Gives a locked ticket another status within an action. `data` says more than from and to.
pub(crate) async fn becomes(
    work: &mut Work<'_>,
    ticket: &mut Ticket,
    next: Status,
    mut data: Value,
) -> Result<()> {
    data["from"] = json!(ticket.status.as_str());
    data["to"] = json!(next.as_str());
    let (kind, visibility) = (EventKind::Status, Visibility::Public);
    work.event(ticket, kind, visibility, None, data.clone())
        .await?;
    work.audit(
        "ticket.status",
        "ticket",
        &ticket.number.0.to_string(),
        data,
    );
    ticket.status = next;
    Ok(())
}

async fn name_of(work: &mut Work<'_>, category: Option<CategoryId>) -> Result<Option<Named>> {
    match category {
        Some(id) => Ok(category::named(work.conn(), id).await?),
        None => Ok(None),
    }
}
