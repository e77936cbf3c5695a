//! Who learns that a promise is at risk.

use serde_json::json;
use tierdesk_domain::clock::Clock;
use tierdesk_domain::escalation::share;
use tierdesk_domain::id::{DocumentId, EventId};
use tierdesk_domain::notification::NotificationKind;
use tierdesk_store::team;
use tierdesk_store::ticket::Ticket;

use crate::Work;
use crate::error::Result;
use crate::notification::Telling;

/// Somebody learns that a promise is at risk while it can still be kept, once the action has decided who has the ticket.
pub(super) fn warn(work: &mut Work<'_>, ticket: &Ticket, clock: &Clock, event: EventId) {
    let data = json!({"metric": clock.metric.as_str(), "due_at": clock.due_at});
    work.warnings.push(Warning {
        promises: clock.applied.policy.0,
        telling: Telling {
            data,
            ..Telling::of(NotificationKind::AtRisk, ticket.id, event)
        },
    });
}

/// That a promise on a ticket is at risk.
#[derive(Debug, Clone)]
pub(crate) struct Warning {
    /// The policy that promised it.
    promises: DocumentId,
    telling: Telling,
}

/// Warns, as the last thing of an action: the engineer who has the ticket, else the engineers of its queue, within the limits
/// of what one document may tell one person. The rows of those limits come after those of rules, so that two workers never
/// wait for each other in a circle.
pub(crate) async fn warn_at_last(work: &mut Work<'_>) -> Result<()> {
    for warning in std::mem::take(&mut work.warnings) {
        let Some(ticket) = warning.telling.ticket.and_then(|id| work.row(id).cloned()) else {
            continue;
        };
        if let Some(engineer) = ticket.assignee {
            work.tell(&[engineer], warning.telling).await?;
        } else if ticket.status.is_open() {
            let members = team::members(work.conn(), ticket.team, ticket.tier).await?;
            let share = share(ticket.priority, false);
            work.tell_within_limits(warning.promises, &members, warning.telling, share)
                .await?;
        }
    }
    Ok(())
}
