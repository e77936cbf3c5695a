//! Tickets: reading within a scope, and writing under a lock.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::{Scope, TicketFacts};
use tierdesk_domain::id::{
    CategoryId, DocumentId, HostId, OrganisationId, PersonId, TeamId, TicketId, TicketNumber,
};
use tierdesk_domain::ticket::{
    Channel, Impact, Kind, Priority, ResolutionCode, ResolvedBy, Status, Urgency,
};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, row};

/// A ticket with its properties. What happened to it is in its timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Which.
    pub id: TicketId,
    /// The number people know it by.
    pub number: TicketNumber,
    /// What kind.
    pub kind: Kind,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// How many people are hit.
    pub impact: Impact,
    /// How badly work is held up.
    pub urgency: Urgency,
    /// What follows from both.
    pub priority: Priority,
    /// What the requester chose.
    pub category: Option<CategoryId>,
    /// Who has it.
    pub team: TeamId,
    /// At which tier.
    pub tier: Tier,
    /// Which engineer, if somebody took it.
    pub assignee: Option<PersonId>,
    /// Who it is for.
    pub requester: PersonId,
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// The host it is about.
    pub host: Option<HostId>,
    /// How it came in.
    pub channel: Channel,
    /// Whether the bot works on it, so that no queue shows it.
    pub bot_holds: bool,
    /// Reopened so many times, plus one.
    pub cycle: i32,
    /// How it ended.
    pub resolution_code: Option<ResolutionCode>,
    /// Who brought the answer.
    pub resolved_by: Option<ResolvedBy>,
    /// Guards property edits.
    pub version: i32,
    /// When our intake accepted it.
    pub created_at: DateTime<Utc>,
    /// When anything last happened.
    pub updated_at: DateTime<Utc>,
    /// When it was resolved last.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it closes by itself.
    pub auto_close_at: Option<DateTime<Utc>>,
    /// The earliest running due time.
    pub next_clock_at: Option<DateTime<Utc>>,
    /// From when on the first of the running, unbroken promises is at risk.
    pub next_risk_at: Option<DateTime<Utc>>,
    /// Which clock is due then.
    pub next_clock: Option<String>,
    /// From when on that clock is at risk.
    pub next_clock_risk_at: Option<DateTime<Utc>>,
    /// What was promised of it, in seconds of counted time.
    pub next_clock_seconds: Option<i64>,
    /// The SLA policy in force for it, by document and version.
    pub sla_policy: Option<(DocumentId, i32)>,
    /// When a human first took it, was given it, or answered.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Whether its team is restricted.
    pub restricted: bool,
}

/// A ticket that is filed: with status new, and changed by nobody before the action commits.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// As it is to be; whether its person is a VIP is looked up.
    pub ticket: Ticket,
    /// For the search.
    pub description: String,
}

impl Ticket {
    /// Where it counts as it is.
    pub fn place(&self) -> Place {
        Place {
            team: self.team,
            tier: self.tier,
            priority: self.priority,
            open: self.status.is_open(),
            queued: self.status.is_open() && !self.bot_holds,
            assignee: self.assignee,
            waiting: matches!(self.status, Status::Pending | Status::OnHold),
            category: self.category,
            organisation: self.organisation,
        }
    }

    /// What `authorize` needs to know of it.
    pub fn facts(&self) -> TicketFacts {
        TicketFacts {
            requester: self.requester,
            organisation: self.organisation,
            team: self.team,
            restricted: self.restricted,
            tier: self.tier,
            status: self.status,
        }
    }
}

struct Row {
    id: Uuid,
    number: i64,
    kind: String,
    title: String,
    status: String,
    impact: i16,
    urgency: i16,
    priority: i16,
    category_id: Option<Uuid>,
    team_id: Uuid,
    tier: i16,
    assignee_id: Option<Uuid>,
    requester_id: Uuid,
    organisation_id: Option<Uuid>,
    host_id: Option<Uuid>,
    channel: String,
    bot_holds: bool,
    cycle: i32,
    resolution_code: Option<String>,
    resolved_by: Option<String>,
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    auto_close_at: Option<DateTime<Utc>>,
    next_clock_at: Option<DateTime<Utc>>,
    next_risk_at: Option<DateTime<Utc>>,
    next_clock: Option<String>,
    next_clock_risk_at: Option<DateTime<Utc>>,
    next_clock_seconds: Option<i64>,
    sla_policy_id: Option<Uuid>,
    sla_policy_version: Option<i32>,
    acknowledged_at: Option<DateTime<Utc>>,
    restricted: bool,
}

impl TryFrom<Row> for Ticket {
    type Error = crate::StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: TicketId(r.id),
            number: TicketNumber(r.number),
            kind: row::word("ticket", &r.kind)?,
            title: r.title,
            status: row::word("ticket", &r.status)?,
            impact: row::number("ticket", r.impact, Impact::from_number)?,
            urgency: row::number("ticket", r.urgency, Urgency::from_number)?,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            category: r.category_id.map(CategoryId),
            team: TeamId(r.team_id),
            tier: row::tier("ticket", r.tier)?,
            assignee: r.assignee_id.map(PersonId),
            requester: PersonId(r.requester_id),
            organisation: r.organisation_id.map(OrganisationId),
            host: r.host_id.map(HostId),
            channel: row::word("ticket", &r.channel)?,
            bot_holds: r.bot_holds,
            cycle: r.cycle,
            resolution_code: row::maybe_word("ticket", r.resolution_code.as_deref())?,
            resolved_by: row::maybe_word("ticket", r.resolved_by.as_deref())?,
            version: r.version,
            created_at: r.created_at,
            updated_at: r.updated_at,
            resolved_at: r.resolved_at,
            closed_at: r.closed_at,
            auto_close_at: r.auto_close_at,
            next_clock_at: r.next_clock_at,
            next_risk_at: r.next_risk_at,
            next_clock: r.next_clock,
            next_clock_risk_at: r.next_clock_risk_at,
            next_clock_seconds: r.next_clock_seconds,
            sla_policy: r.sla_policy_id.map(DocumentId).zip(r.sla_policy_version),
            acknowledged_at: r.acknowledged_at,
            restricted: r.restricted,
        })
    }
}

/// The ticket with that number, if the reader's scope holds it.
pub async fn by_number(
    conn: &mut PgConnection,
    scope: &Scope,
    number: TicketNumber,
) -> Result<Option<Ticket>> {
    let teams = scope.team_ids();
    sqlx::query_as!(
        Row,
        r#"select t.id, number, kind, title, status, impact, urgency, priority, category_id, team_id, tier, assignee_id,
                  requester_id, organisation_id, host_id, channel, bot_holds, cycle, resolution_code, resolved_by, t.version,
                  t.created_at, updated_at, resolved_at, closed_at, auto_close_at,
                  nullif(next_clock_at, 'infinity') as next_clock_at, nullif(next_risk_at, 'infinity') as next_risk_at, next_clock,
                  next_clock_risk_at, next_clock_seconds, sla_policy_id, sla_policy_version, acknowledged_at, team.restricted
           from ticket t join team on team.id = t.team_id
           where number = $1 and ($2 or t.team_id = any ($4) or ($3 and not team.restricted)
                                  or coalesce(t.requester_id = $5, false) or coalesce(t.organisation_id = $6, false))"#,
        number.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0)
    )
    .fetch_optional(conn)
    .await?
    .map(Ticket::try_from)
    .transpose()
}

/// The ticket with that id, locked until the transaction ends. For actions, which then ask `authorize` with its facts.
///
/// Its team is not joined: after waiting for somebody who moves the ticket, PostgreSQL would look for the new team in the row
/// of the old one, and find no ticket.
pub async fn lock(conn: &mut PgConnection, id: TicketId) -> Result<Option<Ticket>> {
    sqlx::query_as!(
        Row,
        r#"select t.id, number, kind, title, status, impact, urgency, priority, category_id, team_id, tier, assignee_id,
                  requester_id, organisation_id, host_id, channel, bot_holds, cycle, resolution_code, resolved_by, t.version,
                  t.created_at, updated_at, resolved_at, closed_at, auto_close_at,
                  nullif(next_clock_at, 'infinity') as next_clock_at, nullif(next_risk_at, 'infinity') as next_risk_at, next_clock,
                  next_clock_risk_at, next_clock_seconds, sla_policy_id, sla_policy_version, acknowledged_at,
                  (select team.restricted from team where team.id = t.team_id) as "restricted!"
           from ticket t where t.id = $1 for update"#,
        id.0
    )
    .fetch_optional(conn)
    .await?
    .map(Ticket::try_from)
    .transpose()
}

/// Tickets that are open or that anything happened to since a moment, newest first, at most `limit` before `before`.
pub async fn lately(
    conn: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
    before: Option<TicketId>,
    limit: i64,
) -> Result<Vec<Ticket>> {
    let teams = scope.team_ids();
    sqlx::query_as!(
        Row,
        r#"select t.id, number, kind, title, status, impact, urgency, priority, category_id, team_id, tier, assignee_id,
                  requester_id, organisation_id, host_id, channel, bot_holds, cycle, resolution_code, resolved_by, t.version,
                  t.created_at, updated_at, resolved_at, closed_at, auto_close_at,
                  nullif(next_clock_at, 'infinity') as next_clock_at, nullif(next_risk_at, 'infinity') as next_risk_at, next_clock,
                  next_clock_risk_at, next_clock_seconds, sla_policy_id, sla_policy_version, acknowledged_at, team.restricted
           from ticket t join team on team.id = t.team_id
           where (status in ('new', 'open', 'pending', 'on_hold') or updated_at >= $1)
             and t.id < $2
             and ticket_internal_in_scope($3, $4, $5, t.team_id)
           order by t.id desc limit $6"#,
        since,
        // Not `is null or`: the plan for any values would begin at the newest ticket on every page.
        before.map_or(Uuid::max(), |it| it.0),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Ticket::try_from)
    .collect()
}

/// How many tickets [`lately`] would show, page after page.
pub async fn lately_count(
    conn: &mut PgConnection,
    scope: &Scope,
    since: DateTime<Utc>,
) -> Result<i64> {
    let teams = scope.team_ids();
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from ticket
           where (status in ('new', 'open', 'pending', 'on_hold') or updated_at >= $1)
             and ticket_internal_in_scope($2, $3, $4, team_id)"#,
        since,
        scope.everything(),
        scope.unrestricted(),
        &teams
    )
    .fetch_one(conn)
    .await?)
}

/// The id behind a number, whoever asks. For actions, which lock and authorise next.
pub async fn id_of(conn: &mut PgConnection, number: TicketNumber) -> Result<Option<TicketId>> {
    Ok(
        sqlx::query_scalar!("select id from ticket where number = $1", number.0)
            .fetch_optional(conn)
            .await?
            .map(TicketId),
    )
}

/// Where a ticket counted before it was written: in which queue, at which priority, open or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The team.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// The priority.
    pub priority: Priority,
    /// Whether it was open.
    pub open: bool,
    /// Whether a queue showed it.
    pub queued: bool,
    /// Who had it.
    pub assignee: Option<PersonId>,
    /// Whether it was pending or on hold.
    pub waiting: bool,
    /// What it was about.
    pub category: Option<CategoryId>,
    /// Whose it was.
    pub organisation: Option<OrganisationId>,
}

/// Writes back a ticket that [`lock`] gave; its version goes up where `edited` says that properties changed.
/// Returns where it counted before.
pub async fn save(conn: &mut PgConnection, t: &Ticket, edited: bool) -> Result<Place> {
    let old = sqlx::query!(
        r#"update ticket set kind = $2, title = $3, status = $4, impact = $5, urgency = $6, priority = $7, category_id = $8,
                team_id = $9, tier = $10, assignee_id = $11, host_id = $12, bot_holds = $13, cycle = $14, resolution_code = $15,
                resolved_by = $16, version = ticket.version + $17, updated_at = greatest(ticket.updated_at, $18), resolved_at = $19,
                closed_at = $20, auto_close_at = $21, next_clock_at = coalesce($22::timestamptz, 'infinity'::timestamptz), next_clock = $23,
                sla_policy_id = $24, sla_policy_version = $25, next_risk_at = coalesce($26::timestamptz, 'infinity'::timestamptz),
                next_clock_risk_at = $27, next_clock_seconds = $28, acknowledged_at = $29
         from (select id, team_id, tier, priority, status, bot_holds, assignee_id, category_id, organisation_id from ticket where id = $1) as old
         where ticket.id = old.id
         returning old.team_id as "team_id!", old.tier as "tier!", old.priority as "priority!", old.status as "status!",
                   old.bot_holds as "bot_holds!", old.assignee_id, old.category_id, old.organisation_id"#,
        t.id.0,
        t.kind.as_str(),
        t.title,
        t.status.as_str(),
        t.impact.number(),
        t.urgency.number(),
        t.priority.number(),
        t.category.map(|it| it.0),
        t.team.0,
        t.tier.number(),
        t.assignee.map(|it| it.0),
        t.host.map(|it| it.0),
        t.bot_holds,
        t.cycle,
        t.resolution_code.map(ResolutionCode::as_str),
        t.resolved_by.map(ResolvedBy::as_str),
        i32::from(edited),
        t.updated_at,
        t.resolved_at,
        t.closed_at,
        t.auto_close_at,
        t.next_clock_at,
        t.next_clock,
        t.sla_policy.map(|it| it.0.0),
        t.sla_policy.map(|it| it.1),
        t.next_risk_at,
        t.next_clock_risk_at,
        t.next_clock_seconds,
        t.acknowledged_at
    )
    .fetch_one(conn)
    .await?;
    let status: Status = row::word("ticket", &old.status)?;
    Ok(Place {
        team: TeamId(old.team_id),
        tier: row::tier("ticket", old.tier)?,
        priority: row::number("ticket", old.priority, Priority::from_number)?,
        open: status.is_open(),
        queued: status.is_open() && !old.bot_holds,
        assignee: old.assignee_id.map(PersonId),
        waiting: matches!(status, Status::Pending | Status::OnHold),
        category: old.category_id.map(CategoryId),
        organisation: old.organisation_id.map(OrganisationId),
    })
}
