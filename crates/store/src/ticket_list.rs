//! The lists behind the numbers of a dashboard: the same tickets that were counted.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{TeamId, TicketNumber};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::ticket::{Priority, Status};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, row};

/// Which of the counted tickets: all of them, or those of one team, tier or priority.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only this team's queue.
    pub team: Option<TeamId>,
    /// Only this tier.
    pub tier: Option<Tier>,
    /// Only this priority.
    pub priority: Option<Priority>,
}

/// The place after the last row of the page before: its time and its id.
pub type After = Option<(DateTime<Utc>, Uuid)>;

/// A ticket in such a list.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its number.
    pub number: TicketNumber,
    /// Its title.
    pub title: String,
    /// Where it stands now.
    pub status: Status,
    /// Its priority now.
    pub priority: Priority,
    /// The team that has it now.
    pub team: String,
    /// The tier it is at now.
    pub tier: Tier,
    /// Who it is for.
    pub requester: String,
    /// Who has it.
    pub assignee: Option<String>,
    /// When what was counted happened: the event, the filing, or the due time.
    pub at: DateTime<Utc>,
    /// With `at`, the place in the list.
    pub id: Uuid,
}

struct Row {
    number: i64,
    title: String,
    status: String,
    priority: i16,
    team: String,
    tier: i16,
    requester: String,
    assignee: Option<String>,
    at: DateTime<Utc>,
    id: Uuid,
}

impl TryFrom<Row> for Line {
    type Error = crate::StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            number: TicketNumber(r.number),
            title: r.title,
            status: row::word("ticket", &r.status)?,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            team: r.team,
            tier: row::tier("ticket", r.tier)?,
            requester: r.requester,
            assignee: r.assignee,
            at: r.at,
            id: r.id,
        })
    }
}

/// The tickets behind a count of events, from `from` to before `to` (UTC days), oldest first. Nothing for the backlog.
pub async fn counted(
    conn: &mut PgConnection,
    scope: &Scope,
    measure: Measure,
    (from, to): (NaiveDate, NaiveDate),
    filter: Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let Some((kind, data)) = measure.events() else {
        return Ok(Vec::new());
    };
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", e.at, e.id
           from event e
           join ticket t on t.id = e.ticket_id
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where e.kind = $1 and e.at >= ($2::date::timestamp at time zone 'UTC') and e.at < ($3::date::timestamp at time zone 'UTC')
             and ($4::text is null or e.data->>$4 = $5)
             and ($6::uuid is null or e.team_id = $6) and ($7::smallint is null or e.tier = $7)
             and ($8::smallint is null or e.priority = $8)
             and ticket_internal_in_scope($9, $10, $11, e.team_id)
             and ticket_internal_in_scope($9, $10, $11, t.team_id)
             and ($12::timestamptz is null or (e.at, e.id) > ($12, $13::uuid))
           order by e.at, e.id limit $14"#,
        kind.as_str(),
        from,
        to,
        data.map(|it| it.0),
        data.map(|it| it.1),
        filter.team.map(|it| it.0),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}

/// Open tickets filed from `from` (none: ever) to before `to` (none: until now), UTC days, oldest first.
pub async fn backlog(
    conn: &mut PgConnection,
    scope: &Scope,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    filter: Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", t.created_at as at, t.id
           from ticket t
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where t.status in ('new', 'open', 'pending', 'on_hold')
             and ($1::date is null or t.created_at >= ($1::date::timestamp at time zone 'UTC'))
             and ($2::date is null or t.created_at < ($2::date::timestamp at time zone 'UTC'))
             and ($3::uuid is null or t.team_id = $3) and ($4::smallint is null or t.tier = $4)
             and ($5::smallint is null or t.priority = $5)
             and ticket_internal_in_scope($6, $7, $8, t.team_id)
             and ($9::timestamptz is null or (t.created_at, t.id) > ($9, $10::uuid))
           order by t.created_at, t.id limit $11"#,
        from,
        to,
        filter.team.map(|it| it.0),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}

/// Tickets with a running clock that has a quarter or less of its time left, the earliest due first (decision 43).
pub async fn at_risk(
    conn: &mut PgConnection,
    scope: &Scope,
    filter: Filter,
    now: DateTime<Utc>,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", c.due as "at!", t.id
           from (select ticket_id, cycle, min(due_at) as due from ticket_clock
                 where state = 'running' and metric in ('first_response', 'next_response', 'resolution') and risk_at <= $1 and due_at > $1
                 group by ticket_id, cycle) c
           join ticket t on t.id = c.ticket_id and t.cycle = c.cycle
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where ($2::uuid is null or t.team_id = $2) and ($3::smallint is null or t.tier = $3)
             and ($4::smallint is null or t.priority = $4)
             and ticket_internal_in_scope($5, $6, $7, t.team_id)
             and ($8::timestamptz is null or (c.due, t.id) > ($8, $9::uuid))
           order by c.due, t.id limit $10"#,
        now,
        filter.team.map(|it| it.0),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}
