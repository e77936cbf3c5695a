//! Queues: a team's open work at one tier, and one engineer's own, sorted by the next clock and paged by key.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId, TicketId, TicketNumber};
use tierdesk_domain::sla::Subject;
use tierdesk_domain::ticket::{Priority, Status};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, row};

/// Counts of what is kept in no tally stop here; pages show more as `100+`. Counting a million rows to print one number helps nobody.
pub const COUNTED: i64 = 100;

/// One queue of an engineer, for the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCount {
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub team_name: String,
    /// The tier.
    pub tier: Tier,
    /// Open tickets.
    pub open: u64,
}

/// What an engineer has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    /// Open tickets of their own, at most [`COUNTED`].
    pub mine: u64,
    /// The queues they are a member of.
    pub queues: Vec<QueueCount>,
}

/// The counts of an engineer's navigation, for somebody who is a member of at least one queue.
pub async fn workload(conn: &mut PgConnection, person: PersonId) -> Result<Workload> {
    let rows = sqlx::query!(
        r#"select m.team_id, team.name, m.tier,
                  coalesce((select sum(n) from tally y where y.measure = 'queue' and y.day = '1970-01-01' and y.team_id = m.team_id and y.tier = m.tier), 0)::bigint as "open!",
                  (select count(*) from (select from ticket where assignee_id = $1 and status in ('new', 'open', 'pending', 'on_hold') limit $2) as counted) as "mine!"
           from membership m join team on team.id = m.team_id
           where m.person_id = $1 order by m.tier, lower(team.name)"#,
        person.0,
        COUNTED
    )
    .fetch_all(conn)
    .await?;
    let mine = rows.first().map_or(0, |r| r.mine.unsigned_abs());
    let queues = rows
        .into_iter()
        .map(|r| {
            Ok(QueueCount {
                team: TeamId(r.team_id),
                team_name: r.name,
                tier: row::tier("membership", r.tier)?,
                open: r.open.unsigned_abs(),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Workload { mine, queues })
}

/// A queue whose tickets the reader's scope reaches; only [`find`] and [`counted`] make one.
#[derive(Debug, Clone)]
pub struct Queue {
    team: TeamId,
    team_name: String,
    tier: Tier,
}

impl Queue {
    /// The team.
    pub fn team(&self) -> TeamId {
        self.team
    }

    /// The team's name.
    pub fn team_name(&self) -> &str {
        &self.team_name
    }

    /// The tier.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    fn reached(
        scope: &Scope,
        team: TeamId,
        team_name: String,
        restricted: bool,
        tier: Tier,
    ) -> Option<Self> {
        let reaches = scope.everything()
            || scope.teams().contains(&team)
            || (scope.unrestricted() && !restricted);
        reaches.then_some(Self {
            team,
            team_name,
            tier,
        })
    }
}

/// The queue of the team with that name (any case), if the scope reaches it.
pub async fn find(
    conn: &mut PgConnection,
    scope: &Scope,
    team_name: &str,
    tier: Tier,
) -> Result<Option<Queue>> {
    let found = sqlx::query!(
        "select id, name, restricted from team where lower(name) = lower($1)",
        team_name
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.and_then(|r| Queue::reached(scope, TeamId(r.id), r.name, r.restricted, tier)))
}

/// The queue, by the name that its team has now, of a team that once had this name, unless another one took it; none if the
/// reader may not see it.
pub async fn renamed(
    conn: &mut PgConnection,
    scope: &Scope,
    former: &str,
    tier: Tier,
) -> Result<Option<Queue>> {
    let found = sqlx::query!(
        "select t.id, t.name, t.restricted from configuration v join team t on t.id = v.id
         where v.kind = 'team' and lower(v.name) = lower($1)
           and not exists (select from team its where lower(its.name) = lower($1))
         order by v.valid_from desc, v.version desc limit 1",
        former
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.and_then(|r| Queue::reached(scope, TeamId(r.id), r.name, r.restricted, tier)))
}

/// Every queue that somebody works in, with its open tickets: where a ticket can go.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<QueueCount>> {
    sqlx::query!(
        r#"select team.id, team.name, tiers.tier as "tier!", coalesce(y.n, 0) as "open!"
           from team cross join (values (1::smallint), (2::smallint), (3::smallint)) as tiers (tier)
           left join (select team_id, tier, sum(n)::bigint as n from tally where measure = 'queue' and day = '1970-01-01' group by team_id, tier) y
               on y.team_id = team.id and y.tier = tiers.tier
           where team.retired_at is null and exists (
               select from membership m join person p on p.id = m.person_id
               where m.team_id = team.id and m.tier = tiers.tier and p.deactivated_at is null)
           order by tiers.tier, lower(team.name)"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(QueueCount {
            team: TeamId(r.id),
            team_name: r.name,
            tier: row::tier("membership", r.tier)?,
            open: r.open.unsigned_abs(),
        })
    })
    .collect()
}

/// Which part of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Everything open.
    All,
    /// What the reader has.
    Mine,
    /// What nobody has.
    Free,
    /// At risk or breached.
    Late,
    /// Pending or on hold.
    Waiting,
}

impl View {
    /// The word in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mine => "mine",
            Self::Free => "free",
            Self::Late => "late",
            Self::Waiting => "waiting",
        }
    }

    /// Reads the word; anything else means everything.
    pub fn from_word(word: &str) -> Self {
        match word {
            "mine" => Self::Mine,
            "free" => Self::Free,
            "late" => Self::Late,
            "waiting" => Self::Waiting,
            _ => Self::All,
        }
    }
}

/// One line of a queue.
#[derive(Debug, Clone)]
pub struct Line {
    /// Which.
    pub id: TicketId,
    /// Its number.
    pub number: TicketNumber,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// How pressing.
    pub priority: Priority,
    /// At which tier.
    pub tier: Tier,
    /// The team's name.
    pub team_name: String,
    /// Who has it.
    pub assignee: Option<(PersonId, String)>,
    /// Who it is for.
    pub requester: String,
    /// The host it is about.
    pub host: Option<String>,
    /// What promises ask about it.
    pub about: Subject,
    /// The earliest running clock.
    pub clock: Option<LineClock>,
    /// When anything last happened.
    pub updated_at: DateTime<Utc>,
    /// Whether that was after the reader last looked.
    pub unread: bool,
}

/// The earliest running clock of a ticket.
#[derive(Debug, Clone)]
pub struct LineClock {
    /// Which: `first_response`, `resolution` …
    pub metric: String,
    /// When it is due.
    pub due_at: DateTime<Utc>,
    /// From when it is at risk.
    pub risk_at: Option<DateTime<Utc>>,
    /// The promise, in seconds of counted time.
    pub target_seconds: i64,
}

/// Where a page begins: after this ticket. The clock is `None` for tickets without a running one, which come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// The last ticket's clock.
    pub clock: Option<DateTime<Utc>>,
    /// The last ticket.
    pub id: TicketId,
}

/// A line as queries of lists return it.
pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) priority: i16,
    pub(crate) tier: i16,
    pub(crate) team_name: String,
    pub(crate) assignee_id: Option<Uuid>,
    pub(crate) assignee: Option<String>,
    pub(crate) requester: String,
    pub(crate) host: Option<String>,
    pub(crate) kind: String,
    pub(crate) category_id: Option<Uuid>,
    pub(crate) organisation_id: Option<Uuid>,
    pub(crate) vip: bool,
    pub(crate) next_clock: Option<String>,
    pub(crate) next_clock_at: Option<DateTime<Utc>>,
    pub(crate) risk_at: Option<DateTime<Utc>>,
    pub(crate) target_seconds: Option<i64>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) unread: bool,
}

impl TryFrom<Row> for Line {
    type Error = crate::StoreError;

    fn try_from(r: Row) -> Result<Self> {
        let clock = r.next_clock.zip(r.next_clock_at);
        let priority = row::number("ticket", r.priority, Priority::from_number)?;
        Ok(Self {
            id: TicketId(r.id),
            number: TicketNumber(r.number),
            title: r.title,
            status: row::word("ticket", &r.status)?,
            priority,
            tier: row::tier("ticket", r.tier)?,
            team_name: r.team_name,
            assignee: r.assignee_id.map(PersonId).zip(r.assignee),
            requester: r.requester,
            host: r.host,
            about: Subject {
                priority,
                kind: row::word("ticket", &r.kind)?,
                category: r.category_id.map(CategoryId),
                organisation: r.organisation_id.map(OrganisationId),
                vip: r.vip,
            },
            clock: clock.map(|(metric, due_at)| LineClock {
                metric,
                due_at,
                risk_at: r.risk_at,
                target_seconds: r.target_seconds.unwrap_or_default(),
            }),
            updated_at: r.updated_at,
            unread: r.unread,
        })
    }
}

/// A page of a queue: at most `limit` lines after `after`, the next due clock first.
pub async fn page(
    conn: &mut PgConnection,
    queue: &Queue,
    reader: PersonId,
    view: View,
    after: Option<After>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Line>> {
    sqlx::query_as!(
        Row,
        r#"select t.id, t.number, t.title, t.status, t.priority, t.tier, $9::text as "team_name!", t.assignee_id, a.name as "assignee?",
                  r.name as requester, h.name as "host?", t.kind, t.category_id, t.organisation_id, t.vip, t.next_clock, nullif(t.next_clock_at, 'infinity') as next_clock_at,
                  t.next_clock_risk_at as risk_at, t.next_clock_seconds as target_seconds, t.updated_at,
                  coalesce(m.read_at < t.updated_at, true) as "unread!"
           from ticket t
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           left join host h on h.id = t.host_id
           left join read_mark m on m.ticket_id = t.id and m.person_id = $3
           where t.team_id = $1 and t.tier = $2 and t.status in ('new', 'open', 'pending', 'on_hold') and not t.bot_holds
             and (t.next_clock_at, t.id) > (coalesce($5::timestamptz, case when $6::uuid is null then '-infinity' else 'infinity' end::timestamptz),
                                            coalesce($6::uuid, '00000000-0000-0000-0000-000000000000'))
             and case $4::text when 'mine' then t.assignee_id = $3 when 'free' then t.assignee_id is null
                      when 'late' then least(t.next_risk_at, t.next_clock_at) <= $7 when 'waiting' then t.status in ('pending', 'on_hold') else true end
           order by t.next_clock_at, t.id limit $8"#,
        queue.team.0,
        queue.tier.number(),
        reader.0,
        view.as_str(),
        after.and_then(|it| it.clock),
        after.map(|it| it.id.0),
        now,
        limit,
        queue.team_name
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}

/// A page of one engineer's own open tickets, the next due clock first.
pub async fn own_page(
    conn: &mut PgConnection,
    reader: PersonId,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Line>> {
    sqlx::query_as!(
        Row,
        r#"select t.id, t.number, t.title, t.status, t.priority, t.tier, team.name as team_name, t.assignee_id, a.name as "assignee?",
                  r.name as requester, h.name as "host?", t.kind, t.category_id, t.organisation_id, t.vip, t.next_clock, nullif(t.next_clock_at, 'infinity') as next_clock_at,
                  t.next_clock_risk_at as risk_at, t.next_clock_seconds as target_seconds, t.updated_at,
                  coalesce(m.read_at < t.updated_at, true) as "unread!"
           from ticket t
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           left join host h on h.id = t.host_id
           left join read_mark m on m.ticket_id = t.id and m.person_id = $1
           where t.assignee_id = $1 and t.status in ('new', 'open', 'pending', 'on_hold')
             and (t.next_clock_at, t.id) > (coalesce($2::timestamptz, case when $3::uuid is null then '-infinity' else 'infinity' end::timestamptz),
                                            coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
           order by t.next_clock_at, t.id limit $4"#,
        reader.0,
        after.and_then(|it| it.clock),
        after.map(|it| it.id.0),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}

/// The numbers on top of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open.
    pub all: u64,
    /// The reader's, at most [`COUNTED`].
    pub mine: u64,
    /// Nobody's.
    pub free: u64,
    /// Past their next due time, at most [`COUNTED`].
    pub breached: u64,
    /// At risk, at most [`COUNTED`]: a promise that is not broken has a quarter or less of its time left. Another one may be
    /// broken already.
    pub at_risk: u64,
    /// One or the other, or both; at most twice [`COUNTED`].
    pub late: u64,
    /// Pending or on hold.
    pub waiting: u64,
}

/// The queue of the team with that name, if the scope reaches it, and its numbers. What stands in the tally is exact; what
/// depends on the reader or on the time is counted here, as far as [`COUNTED`].
pub async fn counted(
    conn: &mut PgConnection,
    scope: &Scope,
    team_name: &str,
    tier: Tier,
    reader: PersonId,
    now: DateTime<Utc>,
) -> Result<Option<(Queue, Counts)>> {
    let row = sqlx::query!(
        r#"select team.id, team.name, team.restricted, kept.queue as "queue!", kept.free as "free!", kept.waiting as "waiting!",
                  (select count(*) from (select from ticket where assignee_id = $3 and team_id = team.id and tier = $2
                       and status in ('new', 'open', 'pending', 'on_hold') and not bot_holds limit $5) as counted) as "mine!",
                  (select count(*) from (select from ticket where team_id = team.id and tier = $2 and next_clock_at <= $4
                       and status in ('new', 'open', 'pending', 'on_hold') and not bot_holds limit $5) as counted) as "breached!",
                  (select count(*) from (select from ticket where team_id = team.id and tier = $2 and next_risk_at <= $4
                       and status in ('new', 'open', 'pending', 'on_hold') and not bot_holds limit $5) as counted) as "at_risk!",
                  (select count(*) from (select from ticket where team_id = team.id and tier = $2 and next_risk_at <= $4 and next_clock_at > $4
                       and status in ('new', 'open', 'pending', 'on_hold') and not bot_holds limit $5) as counted) as "only_at_risk!"
           from team cross join lateral (
               select coalesce(sum(n) filter (where measure = 'queue'), 0)::bigint as queue,
                      coalesce(sum(n) filter (where measure = 'queue_free'), 0)::bigint as free,
                      coalesce(sum(n) filter (where measure = 'queue_waiting'), 0)::bigint as waiting
               from tally where measure in ('queue', 'queue_free', 'queue_waiting') and day = '1970-01-01' and team_id = team.id and tier = $2) as kept
           where lower(team.name) = lower($1)"#,
        team_name,
        tier.number(),
        reader.0,
        now,
        COUNTED
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.and_then(|r| {
        let queue = Queue::reached(scope, TeamId(r.id), r.name, r.restricted, tier)?;
        let counts = Counts {
            all: r.queue.unsigned_abs(),
            mine: r.mine.unsigned_abs(),
            free: r.free.unsigned_abs(),
            breached: r.breached.unsigned_abs(),
            at_risk: r.at_risk.unsigned_abs(),
            late: (r.breached + r.only_at_risk).unsigned_abs(),
            waiting: r.waiting.unsigned_abs(),
        };
        Some((queue, counts))
    }))
}
