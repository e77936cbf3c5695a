//! The timeline: appended to, never edited. Requesters read a view that has no internal rows (law 3).

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{CategoryId, EventId, OrganisationId, PersonId, TeamId, TicketId};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::{EventKind, Visibility};
use uuid::Uuid;

use crate::{Result, row};

/// An entry of a timeline, with its words.
#[derive(Debug, Clone)]
pub struct Event {
    /// Which.
    pub id: EventId,
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: EventKind,
    /// Who may see it.
    pub visibility: Visibility,
    /// Who did it.
    pub actor: Actor,
    /// The name of that person, where it was one.
    pub actor_name: Option<String>,
    /// In which cycle of the ticket.
    pub cycle: i32,
    /// The words, in Markdown or plain.
    pub body: Option<String>,
    /// Why the words were removed, where they were.
    pub removed_why: Option<String>,
    /// The facts of this kind of event.
    pub data: serde_json::Value,
}

/// An entry to append, with what an action leaves behind ([`crate::outcome`]).
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// A fresh id.
    pub id: EventId,
    /// Of which ticket.
    pub ticket: TicketId,
    /// What happened.
    pub kind: EventKind,
    /// Who may see it.
    pub visibility: Visibility,
    /// Who did it.
    pub actor: Actor,
    /// In which cycle.
    pub cycle: i32,
    /// In which team's queue.
    pub team: TeamId,
    /// At which tier.
    pub tier: Tier,
    /// At which priority.
    pub priority: Priority,
    /// What the ticket is about.
    pub category: Option<CategoryId>,
    /// Whose it is.
    pub organisation: Option<OrganisationId>,
    /// The words, in Markdown.
    pub body: Option<String>,
    /// The facts.
    pub data: serde_json::Value,
}

struct Row {
    id: Uuid,
    at: DateTime<Utc>,
    kind: String,
    visibility: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    on_behalf_of: Option<Uuid>,
    actor_name: Option<String>,
    cycle: i32,
    body: Option<String>,
    replaced_why: Option<String>,
    data: serde_json::Value,
}

impl TryFrom<Row> for Event {
    type Error = crate::StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: EventId(r.id),
            at: r.at,
            kind: row::word("event", &r.kind)?,
            visibility: row::word("event", &r.visibility)?,
            actor: Actor {
                kind: row::word::<ActorKind>("event", &r.actor_kind)?,
                id: r.actor_id,
                on_behalf_of: r.on_behalf_of.map(PersonId),
            },
            actor_name: r.actor_name,
            cycle: r.cycle,
            body: r.body,
            removed_why: r.replaced_why,
            data: r.data,
        })
    }
}

/// What the requester of a ticket reads, oldest first, at most `limit` of the newest entries.
/// Nothing if the scope does not hold the ticket.
pub async fn public(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: TicketId,
    limit: i64,
) -> Result<Vec<Event>> {
    let teams = scope.team_ids();
    let mut events = sqlx::query_as!(
        Row,
        r#"select e.id as "id!", e.at as "at!", e.kind as "kind!", 'public' as "visibility!", e.actor_kind as "actor_kind!", e.actor_id,
                  e.on_behalf_of, p.name as "actor_name?", e.cycle as "cycle!", c.body as "body?", c.replaced_why as "replaced_why?", e.data as "data!"
           from public_event e
           join ticket t on t.id = e.ticket_id
           join team on team.id = t.team_id
           left join content c on c.id = e.content_id
           left join person p on p.id = e.actor_id
           where e.ticket_id = $1 and ($2 or t.team_id = any ($4) or ($3 and not team.restricted)
                                       or coalesce(t.requester_id = $5, false) or coalesce(t.organisation_id = $6, false))
           order by e.at desc, e.id desc limit $7"#,
        ticket.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Event::try_from)
    .collect::<Result<Vec<_>>>()?;
    events.reverse();
    Ok(events)
}

/// Everything, internal entries included, oldest first, at most `limit` of the newest entries.
/// Nothing unless the scope reaches the ticket's internal side.
pub async fn all(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: TicketId,
    limit: i64,
) -> Result<Vec<Event>> {
    if !scope.internal() {
        return Ok(Vec::new());
    }
    let teams = scope.team_ids();
    let mut events = sqlx::query_as!(
        Row,
        r#"select e.id, e.at, e.kind, e.visibility, e.actor_kind, e.actor_id, e.on_behalf_of, p.name as "actor_name?", e.cycle,
                  c.body as "body?", c.replaced_why as "replaced_why?", e.data
           from event e
           join ticket t on t.id = e.ticket_id
           join team on team.id = t.team_id
           left join content c on c.id = e.content_id
           left join person p on p.id = e.actor_id
           where e.ticket_id = $1 and ($2 or t.team_id = any ($4) or ($3 and not team.restricted))
           order by e.at desc, e.id desc limit $5"#,
        ticket.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Event::try_from)
    .collect::<Result<Vec<_>>>()?;
    events.reverse();
    Ok(events)
}

/// Whether a ticket's requester wrote, or it was reopened, after one of its events.
pub async fn asked_since(conn: &mut PgConnection, ticket: TicketId, seen: EventId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from event s join event e on e.ticket_id = s.ticket_id
                          where s.id = $2 and s.ticket_id = $1 and e.kind in ('ask', 'reopened')
                            and (e.at, e.id) > (s.at, s.id)) as "asked!""#,
        ticket.0,
        seen.0
    )
    .fetch_one(conn)
    .await?)
}

/// The queue that a ticket was last escalated from into the queue where it is now, if it was.
pub async fn came_from(
    conn: &mut PgConnection,
    ticket: TicketId,
    (team, tier): (TeamId, Tier),
) -> Result<Option<(TeamId, Tier)>> {
    let data = sqlx::query_scalar!(
        "select data from event where ticket_id = $1 and kind = 'escalated' and data->>'to_team' = $2::uuid::text and data->>'to_tier' = $3
         order by at desc, id desc limit 1",
        ticket.0,
        team.0,
        tier.name()
    )
    .fetch_optional(conn)
    .await?;
    data.map(|data| {
        let read = || {
            Some((
                serde_json::from_value(data["from_team"].clone()).ok()?,
                serde_json::from_value(data["from_tier"].clone()).ok()?,
            ))
        };
        read()
            .ok_or_else(|| crate::StoreError::corrupt("event", "an escalation without its origin"))
    })
    .transpose()
}
