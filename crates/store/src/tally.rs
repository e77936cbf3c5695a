//! Counts: what queues show now, spread over shards so that writers do not wait for each other; and what dashboards count.

pub mod block;
pub mod delta;
pub mod recount;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tally::Standing;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::ticket_list::Filter;
use crate::{Result, row};

/// One count of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// What is counted.
    pub standing: Standing,
    /// The queue's team.
    pub team: TeamId,
    /// Its tier.
    pub tier: Tier,
    /// The priority.
    pub priority: Priority,
}

/// The teams a scope's reports may count: nothing for those who only have tickets of their own.
pub async fn teams(conn: &mut PgConnection, scope: &Scope) -> Result<Vec<TeamId>> {
    let teams = scope.team_ids();
    let found = sqlx::query_scalar!(
        "select id from team where ticket_internal_in_scope($1, $2, $3, id) order by id",
        scope.everything(),
        scope.unrestricted(),
        &teams
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().map(TeamId).collect())
}

/// How many tickets have a promise with a quarter or less of its time left, by queue, most first (decision 43).
pub async fn at_risk(
    conn: &mut PgConnection,
    filter: &Filter,
    now: DateTime<Utc>,
) -> Result<Vec<(TeamId, Tier, i64)>> {
    let plain =
        filter.priority.is_none() && filter.categories.is_none() && filter.organisation.is_none();
    let categories = filter.categories();
    let rows = if plain {
        // The index holds everything that this asks for.
        sqlx::query_as!(
            QueueCount,
            r#"select q.team_id, q.tier, t.n as "n!"
               from (select distinct team_id, tier from tally where measure = 'open' and day = '1970-01-01') q
               cross join lateral (select count(*) as n from ticket where team_id = q.team_id and tier = q.tier and next_risk_at <= $1
                   and status in ('new', 'open', 'pending', 'on_hold')) t
               where t.n > 0 and q.team_id = any ($2) and ($3::smallint is null or q.tier = $3)
               order by t.n desc"#,
            now,
            &ids(&filter.teams),
            filter.tier.map(Tier::number)
        )
        .fetch_all(conn)
        .await?
    } else {
        sqlx::query_as!(
            QueueCount,
            r#"select team_id, tier, count(*) as "n!" from ticket
               where next_risk_at <= $1 and status in ('new', 'open', 'pending', 'on_hold')
                 and team_id = any ($2) and ($3::smallint is null or tier = $3) and ($4::smallint is null or priority = $4)
                 and ($5::uuid[] is null or coalesce(category_id, '00000000-0000-0000-0000-000000000000') = any ($5))
                 and ($6::uuid is null or coalesce(organisation_id, '00000000-0000-0000-0000-000000000000') = $6)
               group by team_id, tier order by count(*) desc"#,
            now,
            &ids(&filter.teams),
            filter.tier.map(Tier::number),
            filter.priority.map(Priority::number),
            categories.as_deref(),
            filter.organisation.map(|it| it.0)
        )
        .fetch_all(conn)
        .await?
    };
    rows.into_iter()
        .map(|r| Ok((TeamId(r.team_id), row::tier("ticket", r.tier)?, r.n)))
        .collect()
}

struct QueueCount {
    team_id: Uuid,
    tier: i16,
    n: i64,
}

pub(crate) fn ids(teams: &[TeamId]) -> Vec<Uuid> {
    teams.iter().map(|it| it.0).collect()
}

/// Folds the shards into one row each, and removes rows that came to nothing. Sums stay the same.
pub async fn fold(conn: &mut PgConnection) -> Result<u64> {
    Ok(sqlx::query!(
        "with gone as (
             delete from tally where shard > 0 or n = 0 returning day, team_id, tier, priority, measure, n
         )
         insert into tally (day, team_id, tier, priority, measure, n, shard)
         select day, team_id, tier, priority, measure, sum(n), 0 from gone
         group by day, team_id, tier, priority, measure having sum(n) <> 0
         on conflict (measure, day, team_id, tier, priority, shard) do update set n = tally.n + excluded.n",
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// A count of a queue and its sum over all shards, as it is kept. For the recount.
pub async fn kept(conn: &mut PgConnection) -> Result<Vec<(Cell, i64)>> {
    sqlx::query!(
        r#"select team_id, tier, priority, measure, sum(n)::bigint as "n!" from tally
           group by team_id, tier, priority, measure having sum(n) <> 0"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            Cell {
                standing: row::word("tally", &r.measure)?,
                team: TeamId(r.team_id),
                tier: row::tier("tally", r.tier)?,
                priority: row::number("tally", r.priority, Priority::from_number)?,
            },
            r.n,
        ))
    })
    .collect()
}

/// What the queues show, from the tickets themselves. For the recount.
pub async fn recount(conn: &mut PgConnection) -> Result<Vec<(Cell, i64)>> {
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
        for (standing, n) in [
            (Standing::Open, r.open),
            (Standing::Queue, r.shown),
            (Standing::QueueFree, r.free),
            (Standing::QueueWaiting, r.waiting),
        ] {
            let cell = Cell {
                standing,
                team: TeamId(r.team_id),
                tier: row::tier("ticket", r.tier)?,
                priority: row::number("ticket", r.priority, Priority::from_number)?,
            };
            cells.extend((n > 0).then_some((cell, n)));
        }
    }
    Ok(cells)
}
