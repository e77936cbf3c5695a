//! Hand-overs as the timeline tells them: which one a ticket came with, and what its receiver said.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::handover::{Standing, standing};
use tierdesk_domain::id::{EventId, PersonId, TeamId, TicketId};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use uuid::Uuid;

use crate::{Result, StoreError, row};

/// The newest hand-over of a ticket's present cycle.
#[derive(Debug, Clone)]
pub struct Received {
    /// The event that made it.
    pub event: EventId,
    /// When.
    pub at: DateTime<Utc>,
    /// The queue it came from.
    pub from: (TeamId, Tier),
    /// Who had it there.
    pub from_person: Option<PersonId>,
    /// Where it stands.
    pub standing: Standing,
    /// Who accepted it.
    pub accepted_by: Option<PersonId>,
    /// Whether the receiver rated it.
    pub rated: bool,
}

/// The newest hand-over of a cycle of a ticket, if there was one. For actions that hold the ticket's lock, and for readers
/// who were given the ticket within their scope.
pub async fn received(
    conn: &mut PgConnection,
    ticket: TicketId,
    cycle: i32,
) -> Result<Option<Received>> {
    let Some(made) = sqlx::query!(
        "select id, at, data from event where ticket_id = $1 and kind = 'escalated' and cycle = $2
         order by at desc, id desc limit 1",
        ticket.0,
        cycle
    )
    .fetch_optional(&mut *conn)
    .await?
    else {
        return Ok(None);
    };
    let later = sqlx::query!(
        "select kind, actor_id, data->>'quality' as quality from event where ticket_id = $1 and (at, id) > ($2, $3) order by at, id",
        ticket.0,
        made.at,
        made.id
    )
    .fetch_all(conn)
    .await?;
    let kinds = later
        .iter()
        .map(|it| row::word("event", &it.kind))
        .collect::<Result<Vec<EventKind>>>()?;
    let standing = standing(kinds.iter().copied());
    let accepted = kinds
        .iter()
        .position(|it| *it == EventKind::HandoverAccepted)
        .filter(|_| standing == Standing::Accepted)
        .and_then(|at| later.get(at));
    let corrupt = || StoreError::corrupt("event", "an escalation without its origin");
    let data = &made.data;
    Ok(Some(Received {
        event: EventId(made.id),
        at: made.at,
        from: (
            serde_json::from_value(data["from_team"].clone()).map_err(|_| corrupt())?,
            serde_json::from_value(data["from_tier"].clone()).map_err(|_| corrupt())?,
        ),
        from_person: data["from_person"]
            .as_str()
            .and_then(|id| id.parse::<Uuid>().ok())
            .map(PersonId),
        standing,
        accepted_by: accepted.and_then(|it| it.actor_id).map(PersonId),
        rated: later.iter().any(|it| it.quality.is_some()),
    }))
}
