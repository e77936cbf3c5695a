//! How long things took, told in the event that ended them: the first acknowledgement, a resolution.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::clock::{Change, Moment, counted_between};
use tierdesk_domain::tally::{ACKNOWLEDGED, FIRST_CONTACT, RESOLVED};
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::ticket::Ticket;

use crate::Work;
use crate::clock::{PICKED_UP, Told};
use crate::error::Result;

/// Adds to an event's internal facts how long the ticket waited for it, if it is one that ended a wait.
pub(crate) async fn timed(
    work: &mut Work<'_>,
    actor: Actor,
    ticket: &Ticket,
    kind: EventKind,
    mut data: Value,
) -> Result<Value> {
    // A ticket that a rule gives to somebody still waits for them.
    let human = actor.kind == ActorKind::Human;
    let acknowledges = match kind {
        EventKind::Assigned => human && data["to"].is_string(),
        EventKind::Acknowledged => human && data[PICKED_UP] == true,
        EventKind::HandoverAccepted | EventKind::Reply => human,
        EventKind::Resolved => data["by"] == "human",
        _ => false,
    };
    let acknowledges =
        acknowledges && ticket.acknowledged_at.is_none() && !work.acknowledged.contains(&ticket.id);
    let resolves = kind == EventKind::Resolved && data["by"] != "requester";
    if !acknowledges && !resolves {
        return Ok(data);
    }
    let rulebook = work.rulebook().await?;
    let told = work.told(ticket).await?;
    let now = work.now;
    let since = |from: DateTime<Utc>| {
        let business = counted_between(&told.history, &rulebook.book, from, now);
        json!({
            "elapsed_seconds": (now - from).num_seconds().max(0), "business_seconds": business.num_seconds(),
        })
    };
    if acknowledges {
        data["internal"][ACKNOWLEDGED] = since(told.history.opened_at);
        work.acknowledged.insert(ticket.id);
    }
    if resolves {
        data["internal"][RESOLVED] = since(told.history.cycle_began());
        if data["by"] == "human" && ticket.cycle == 1 && nobody_else_had_it(&told) {
            data["internal"][FIRST_CONTACT] = json!(true);
        }
    }
    Ok(data)
}

/// Whether no human had answered before, and it never left its first queue.
fn nobody_else_had_it(told: &Told) -> bool {
    let other = |moment: &&Moment| matches!(moment.change, Change::Reply | Change::Queue(..));
    told.history.moments.iter().find(other).is_none()
}
