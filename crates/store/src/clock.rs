//! What clocks are computed from, and the projections of them (decision 13).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::actor::{Actor, ActorKind};
use tierdesk_domain::id::{CategoryId, DocumentId, OrganisationId, TeamId, TicketId};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use uuid::Uuid;

use crate::{Result, row};

/// An event that a clock may care about.
#[derive(Debug, Clone)]
pub struct ClockEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub by: Actor,
    /// The facts of this kind of event.
    pub data: serde_json::Value,
    /// The queue at that time.
    pub team: TeamId,
    /// Its tier.
    pub tier: Tier,
    /// The priority at that time.
    pub priority: Priority,
    /// What it was about at that time.
    pub category: Option<CategoryId>,
    /// Whose it was at that time.
    pub organisation: Option<OrganisationId>,
}

/// One clock as it is kept for lists, counts and deadlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// What it measures.
    pub metric: Metric,
    /// Which one of this metric.
    pub ordinal: i32,
    /// `running`, `paused`, `met`, `stopped`, or `breached`: it runs on, broken.
    pub state: &'static str,
    /// What is allowed.
    pub target_seconds: i64,
    /// When it is, or was, due; none while paused.
    pub due_at: Option<DateTime<Utc>>,
    /// When a quarter is left.
    pub risk_at: Option<DateTime<Utc>>,
    /// When it was kept or ended.
    pub met_at: Option<DateTime<Utc>>,
    /// When it was broken.
    pub breached_at: Option<DateTime<Utc>>,
    /// When the timeline was told that it is at risk.
    pub warned_at: Option<DateTime<Utc>>,
    /// The policy that applied, and its version.
    pub policy: (DocumentId, i32),
}

/// The words of the column `state`.
const STATES: [&str; 5] = ["running", "paused", "met", "stopped", "breached"];

/// What may matter to a clock.
const KINDS: [EventKind; 19] = [
    EventKind::Opened,
    EventKind::Triage,
    EventKind::Ask,
    EventKind::Reply,
    EventKind::BotGaveUp,
    EventKind::Undone,
    EventKind::Escalated,
    EventKind::HandedBack,
    EventKind::HandoverAccepted,
    EventKind::HandoverBounced,
    EventKind::HandoverRated,
    EventKind::Assigned,
    EventKind::Acknowledged,
    EventKind::Status,
    EventKind::Priority,
    EventKind::Changed,
    EventKind::Resolved,
    EventKind::Reopened,
    EventKind::Closed,
];

impl ClockEvent {
    /// Whether a person did it.
    pub fn by_human(&self) -> bool {
        self.by.kind == ActorKind::Human
    }

    /// Whether a clock may care about events of this kind; the others are not read.
    pub fn matters(kind: EventKind) -> bool {
        KINDS.contains(&kind)
    }
}

/// Everything that happened to a ticket and may matter to its clocks, oldest first.
pub async fn events(conn: &mut PgConnection, ticket: TicketId) -> Result<Vec<ClockEvent>> {
    let mut all = events_of(conn, &[ticket]).await?;
    Ok(all.remove(&ticket).unwrap_or_default())
}

/// The same of several tickets.
pub async fn events_of(
    conn: &mut PgConnection,
    tickets: &[TicketId],
) -> Result<HashMap<TicketId, Vec<ClockEvent>>> {
    let ids: Vec<Uuid> = tickets.iter().map(|it| it.0).collect();
    let kinds: Vec<String> = KINDS.iter().map(|it| it.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        "select ticket_id, at, kind, actor_kind, actor_id, data, team_id, tier, priority, category_id, organisation_id from event
         where ticket_id = any($1) and kind = any($2) order by ticket_id, at, id",
        &ids,
        &kinds
    )
    .fetch_all(conn)
    .await?;
    let mut events: HashMap<TicketId, Vec<ClockEvent>> = HashMap::new();
    for r in rows {
        let event = ClockEvent {
            at: r.at,
            kind: row::word("event", &r.kind)?,
            by: Actor {
                kind: row::word("event", &r.actor_kind)?,
                id: r.actor_id,
                on_behalf_of: None,
            },
            data: r.data,
            team: TeamId(r.team_id),
            tier: row::tier("event", r.tier)?,
            priority: row::number("event", r.priority, Priority::from_number)?,
            category: r.category_id.map(CategoryId),
            organisation: r.organisation_id.map(OrganisationId),
        };
        events.entry(TicketId(r.ticket_id)).or_default().push(event);
    }
    Ok(events)
}

/// The clocks of a ticket as they are kept.
pub async fn projections(conn: &mut PgConnection, ticket: TicketId) -> Result<Vec<Projection>> {
    sqlx::query!(
        "select metric, cycle, state, target_seconds, due_at, risk_at, met_at, breached_at, warned_at, policy_id, policy_version
         from ticket_clock where ticket_id = $1 order by metric, cycle",
        ticket.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Projection {
            metric: row::word("ticket_clock", &r.metric)?,
            ordinal: r.cycle,
            state: STATES.into_iter().find(|state| *state == r.state).unwrap_or("stopped"),
            target_seconds: r.target_seconds,
            due_at: r.due_at,
            risk_at: r.risk_at,
            met_at: r.met_at,
            breached_at: r.breached_at,
            warned_at: r.warned_at,
            policy: (DocumentId(r.policy_id), r.policy_version),
        })
    })
    .collect()
}

/// The place of an open ticket among all of them: when it was filed, and its id.
pub type OpenPlace = (DateTime<Utc>, Uuid);

/// Lets the clocks of the next `limit` open tickets be looked at again by a deadline of this kind, as when a calendar changed. Returns how many there
/// were and the place to go on from.
pub async fn recompute_open(
    conn: &mut PgConnection,
    kind: &str,
    at: DateTime<Utc>,
    after: Option<OpenPlace>,
    limit: i64,
) -> Result<(i64, Option<OpenPlace>)> {
    let row = sqlx::query!(
        r#"with part as (
               select created_at, id from ticket
               where status in ('new', 'open', 'pending', 'on_hold')
                 and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))
               order by created_at, id limit $4),
           looked as (
               insert into timer (kind, object_id, cycle, fires_at) select $5, id, 1, $1 from part order by id
               on conflict (kind, object_id, cycle) do update set fires_at = least(timer.fires_at, excluded.fires_at))
           select created_at, id, (select count(*) from part) as "n!" from part order by created_at desc, id desc limit 1"#,
        at,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit,
        kind
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map_or((0, None), |it| (it.n, Some((it.created_at, it.id)))))
}

/// The same for the next `limit` resolved tickets that have not closed: those with a deadline of the first kind get one of the
/// second. Returns the ticket to go on from; none where these were the last.
pub async fn recompute_resolved(
    conn: &mut PgConnection,
    (closes, again): (&str, &str),
    at: DateTime<Utc>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Option<Uuid>> {
    Ok(sqlx::query_scalar!(
        "with part as (
             select object_id from timer where kind = $1 and ($2::uuid is null or object_id > $2) order by object_id limit $3),
         looked as (
             insert into timer (kind, object_id, cycle, fires_at) select $4, object_id, 1, $5 from part order by object_id
             on conflict (kind, object_id, cycle) do update set fires_at = least(timer.fires_at, excluded.fires_at))
         select object_id from part order by object_id offset $3 - 1 limit 1",
        closes,
        after,
        limit,
        again,
        at
    )
    .fetch_optional(conn)
    .await?)
}

/// All tickets, for the recount that compares projections with a computation from scratch.
pub async fn all_tickets(conn: &mut PgConnection) -> Result<Vec<TicketId>> {
    let ids = sqlx::query_scalar!("select id from ticket order by number")
        .fetch_all(conn)
        .await?;
    Ok(ids.into_iter().map(TicketId).collect())
}
