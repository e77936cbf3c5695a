//! Counts per day for the dashboards: a projection, spread over shards so that writers do not wait for each other.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tally::{Measure, NO_DAY};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, row};

/// One cell of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// What is counted.
    pub measure: Measure,
    /// The day, UTC.
    pub day: NaiveDate,
    /// The team whose queue it happened in.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// The priority.
    pub priority: Priority,
}

/// Adds to cells, in their order, so that two writers never wait for each other in a circle. `shard` is 0 to 7.
pub async fn add(conn: &mut PgConnection, cells: &[(Cell, i64)], shard: i16) -> Result<()> {
    let mut cells = cells.to_vec();
    cells.sort_unstable_by_key(|(cell, _)| *cell);
    let days: Vec<NaiveDate> = cells.iter().map(|(it, _)| it.day).collect();
    let teams: Vec<Uuid> = cells.iter().map(|(it, _)| it.team.0).collect();
    let tiers: Vec<i16> = cells.iter().map(|(it, _)| it.tier.number()).collect();
    let priorities: Vec<i16> = cells.iter().map(|(it, _)| it.priority.number()).collect();
    let measures: Vec<String> = cells
        .iter()
        .map(|(it, _)| it.measure.as_str().to_owned())
        .collect();
    let numbers: Vec<i64> = cells.iter().map(|(_, n)| *n).collect();
    sqlx::query!(
        "insert into tally (day, team_id, tier, priority, measure, n, shard)
         select day, team, tier, priority, measure, n, $7::smallint
         from unnest($1::date[], $2::uuid[], $3::smallint[], $4::smallint[], $5::text[], $6::bigint[])
              with ordinality as it (day, team, tier, priority, measure, n, position)
         order by position
         on conflict (measure, day, team_id, tier, priority, shard) do update set n = tally.n + excluded.n",
        &days,
        &teams,
        &tiers,
        &priorities,
        &measures,
        &numbers,
        shard
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The teams a scope's reports may count: nothing for those who only have tickets of their own.
fn teams(scope: &Scope) -> Vec<Uuid> {
    scope.teams().iter().map(|it| it.0).collect()
}

/// Every cell of what is counted from events over the days from `from` to before `to`, by day.
pub async fn cells(
    conn: &mut PgConnection,
    scope: &Scope,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Cell, i64)>> {
    // The teams are looked up once, because the scope's function costs a few microseconds per call.
    // Measures are named one by one, so that the primary key leads to the days of each.
    let measures: Vec<String> = Measure::ALL
        .iter()
        .filter(|it| it.events().is_some())
        .map(|it| it.as_str().to_owned())
        .collect();
    sqlx::query!(
        r#"select day, team_id, tier, priority, measure, sum(n)::bigint as "n!" from tally
           where measure = any ($6) and day >= $1 and day < $2 and team_id = any (array(select id from team where ticket_internal_in_scope($3, $4, $5, id)))
           group by day, team_id, tier, priority, measure having sum(n) <> 0 order by day, team_id, tier, priority, measure"#,
        from,
        to,
        scope.everything(),
        scope.unrestricted(),
        &teams(scope),
        &measures
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            Cell {
                measure: row::word("tally", &r.measure)?,
                day: r.day,
                team: TeamId(r.team_id),
                tier: row::tier("tally", r.tier)?,
                priority: row::number("tally", r.priority, Priority::from_number)?,
            },
            r.n,
        ))
    })
    .collect()
}

/// Open tickets of one queue by age.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// The team.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// Filed on `young` or later.
    pub young: i64,
    /// Filed before that, on `middle` or later.
    pub middle: i64,
    /// Filed before that.
    pub old: i64,
}

/// The backlog per queue; the limits are days of filing. Days before `middle` are not read: what is old is the rest of all
/// open tickets.
pub async fn backlog(
    conn: &mut PgConnection,
    scope: &Scope,
    young: NaiveDate,
    middle: NaiveDate,
) -> Result<Vec<Backlog>> {
    sqlx::query!(
        r#"select team_id, tier,
                  coalesce(sum(n) filter (where measure = 'backlog' and day >= $1), 0)::bigint as "young!",
                  coalesce(sum(n) filter (where measure = 'backlog' and day < $1), 0)::bigint as "middle!",
                  coalesce(sum(case measure when 'open' then n else -n end), 0)::bigint as "old!"
           from tally
           where (measure = 'open' and day = '1970-01-01' or measure = 'backlog' and day >= $2)
             and team_id = any (array(select id from team where ticket_internal_in_scope($3, $4, $5, id)))
           group by team_id, tier having sum(n) filter (where measure = 'open') <> 0 order by tier, team_id"#,
        young,
        middle,
        scope.everything(),
        scope.unrestricted(),
        &teams(scope)
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Backlog {
            team: TeamId(r.team_id),
            tier: row::tier("tally", r.tier)?,
            young: r.young,
            middle: r.middle,
            old: r.old,
        })
    })
    .collect()
}

/// How many tickets have a promise with a quarter or less of its time left, by queue, most first (decision 43).
pub async fn at_risk(
    conn: &mut PgConnection,
    scope: &Scope,
    now: DateTime<Utc>,
) -> Result<Vec<(TeamId, Tier, i64)>> {
    sqlx::query!(
        r#"select q.team_id, q.tier, t.n as "n!"
           from (select distinct team_id, tier from tally where measure = 'open' and day = '1970-01-01') q
           cross join lateral (select count(*) as n from ticket where team_id = q.team_id and tier = q.tier and next_risk_at <= $1
               and status in ('new', 'open', 'pending', 'on_hold')) t
           where t.n > 0 and q.team_id = any (array(select id from team where ticket_internal_in_scope($2, $3, $4, id)))
           order by t.n desc"#,
        now,
        scope.everything(),
        scope.unrestricted(),
        &teams(scope)
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Ok((TeamId(r.team_id), row::tier("tally", r.tier)?, r.n)))
    .collect()
}

/// Folds the shards of days before `before` into one row each, and removes rows that came to nothing. Sums stay the same.
pub async fn fold(conn: &mut PgConnection, before: NaiveDate) -> Result<u64> {
    Ok(sqlx::query!(
        "with gone as (
             delete from tally where day < $1 and (shard > 0 or n = 0) returning day, team_id, tier, priority, measure, n
         )
         insert into tally (day, team_id, tier, priority, measure, n, shard)
         select day, team_id, tier, priority, measure, sum(n), 0 from gone
         group by day, team_id, tier, priority, measure having sum(n) <> 0
         on conflict (measure, day, team_id, tier, priority, shard) do update set n = tally.n + excluded.n",
        before
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// A cell and its sum over all shards, as it is kept. For the recount.
pub async fn kept(conn: &mut PgConnection) -> Result<Vec<(Cell, i64)>> {
    sqlx::query!(
        r#"select day, team_id, tier, priority, measure, sum(n)::bigint as "n!" from tally
           group by day, team_id, tier, priority, measure having sum(n) <> 0"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            Cell {
                measure: row::word("tally", &r.measure)?,
                day: r.day,
                team: TeamId(r.team_id),
                tier: row::tier("tally", r.tier)?,
                priority: row::number("tally", r.priority, Priority::from_number)?,
            },
            r.n,
        ))
    })
    .collect()
}

/// The open tickets as the backlog counts them, from the tickets themselves. For the recount.
pub async fn recount_backlog(conn: &mut PgConnection) -> Result<Vec<(Cell, i64)>> {
    sqlx::query!(
        r#"select (created_at at time zone 'UTC')::date as "day!", team_id, tier, priority, count(*) as "n!" from ticket
           where status in ('new', 'open', 'pending', 'on_hold') group by 1, 2, 3, 4"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            Cell {
                measure: Measure::Backlog,
                day: r.day,
                team: TeamId(r.team_id),
                tier: row::tier("ticket", r.tier)?,
                priority: row::number("ticket", r.priority, Priority::from_number)?,
            },
            r.n,
        ))
    })
    .collect()
}

/// What is open and what the queues show, as it is counted on no day, from the tickets themselves. For the recount.
pub async fn recount_queues(conn: &mut PgConnection) -> Result<Vec<(Cell, i64)>> {
    let rows = sqlx::query!(
        r#"select team_id, tier, priority, count(*) as "open!", count(*) filter (where not bot_holds) as "shown!",
                  count(*) filter (where not bot_holds and assignee_id is null) as "free!",
                  count(*) filter (where not bot_holds and status in ('pending', 'on_hold')) as "waiting!"
           from ticket where status in ('new', 'open', 'pending', 'on_hold') group by 1, 2, 3"#
    )
    .fetch_all(conn)
    .await?;
    let mut cells = Vec::new();
    for r in rows {
        for (measure, n) in [
            (Measure::Open, r.open),
            (Measure::Queue, r.shown),
            (Measure::QueueFree, r.free),
            (Measure::QueueWaiting, r.waiting),
        ] {
            let cell = Cell {
                measure,
                day: NO_DAY,
                team: TeamId(r.team_id),
                tier: row::tier("ticket", r.tier)?,
                priority: row::number("ticket", r.priority, Priority::from_number)?,
            };
            cells.extend((n > 0).then_some((cell, n)));
        }
    }
    Ok(cells)
}

/// Everything that counts, from the events themselves. For the recount.
pub async fn recount_events(conn: &mut PgConnection) -> Result<Vec<(Cell, i64)>> {
    let rows = sqlx::query!(
        r#"select (at at time zone 'UTC')::date as "day!", team_id, tier, priority, kind, data from event"#
    )
    .fetch_all(conn)
    .await?;
    let mut cells = std::collections::BTreeMap::new();
    for r in rows {
        for measure in tierdesk_domain::tally::measures(row::word("event", &r.kind)?, &r.data) {
            let cell = Cell {
                measure,
                day: r.day,
                team: TeamId(r.team_id),
                tier: row::tier("event", r.tier)?,
                priority: row::number("event", r.priority, Priority::from_number)?,
            };
            *cells.entry(cell).or_insert(0) += 1;
        }
    }
    Ok(cells.into_iter().collect())
}
