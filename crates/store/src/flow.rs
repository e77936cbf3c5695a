//! What is counted between the tiers: facts, one row each, and their sums by day.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::flow::{Fact, FlowMeasure, bucket};
use tierdesk_domain::id::{CategoryId, TeamId, TicketId};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::ticket_list::{After, Line, Shown};
use crate::{Result, row};

/// A sum over the days of a period. The bucket is 0 but for times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// What.
    pub measure: FlowMeasure,
    /// The team.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// The category; none for tickets without one.
    pub category: Option<CategoryId>,
    /// The bucket of times.
    pub bucket: i16,
    /// How many.
    pub n: i64,
    /// The sum of their values.
    pub total: i64,
}

/// Where the category is not known.
fn category_key(category: Option<CategoryId>) -> Uuid {
    category.map_or(Uuid::nil(), |it| it.0)
}

fn category_of(key: Uuid) -> Option<CategoryId> {
    (!key.is_nil()).then_some(CategoryId(key))
}

fn bucket_of(fact: &Fact) -> i16 {
    match fact.measure {
        FlowMeasure::Stay => bucket(fact.value),
        _ => 0,
    }
}

/// Writes a fact of a ticket and counts it, unless it is there already. `shard` is 0 to 7.
pub async fn note(
    conn: &mut PgConnection,
    ticket: TicketId,
    fact: &Fact,
    shard: i16,
) -> Result<()> {
    sqlx::query!(
        "with fresh as (
             insert into flow_fact (id, ticket_id, at, measure, team_id, tier, category_id, value) values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (ticket_id, measure, at, team_id, tier) do nothing returning value
         )
         insert into flow_tally (day, measure, team_id, tier, category_id, bucket, shard, n, total)
         select ($3 at time zone 'UTC')::date, $4, $5, $6, $9, $10, $11, 1, value from fresh
         on conflict (day, measure, team_id, tier, category_id, bucket, shard)
         do update set n = flow_tally.n + 1, total = flow_tally.total + excluded.total",
        Uuid::now_v7(),
        ticket.0,
        fact.at,
        fact.measure.as_str(),
        fact.queue.0.0,
        fact.queue.1.number(),
        fact.category.map(|it| it.0),
        fact.value,
        category_key(fact.category),
        bucket_of(fact),
        shard
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sums over the days from `from` to before `to`, of the queues that the scope's internal side reaches.
pub async fn sums(
    conn: &mut PgConnection,
    scope: &Scope,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Sum>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    sqlx::query!(
        r#"select measure, team_id, tier, category_id, bucket, sum(n)::bigint as "n!", sum(total)::bigint as "total!" from flow_tally
           where day >= $1 and day < $2 and team_id = any (array(select id from team where ticket_internal_in_scope($3, $4, $5, id)))
           group by measure, team_id, tier, category_id, bucket order by measure, team_id, tier, category_id, bucket"#,
        from,
        to,
        scope.everything(),
        scope.unrestricted(),
        &teams
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Sum {
            measure: row::word("flow_tally", &r.measure)?,
            team: TeamId(r.team_id),
            tier: row::tier("flow_tally", r.tier)?,
            category: category_of(r.category_id),
            bucket: r.bucket,
            n: r.n,
            total: r.total,
        })
    })
    .collect()
}

/// Which of the counted things: all of them, or those of one team, tier or category.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only this team's queue.
    pub team: Option<TeamId>,
    /// Only this tier.
    pub tier: Option<Tier>,
    /// Only this category; `Some(None)` for tickets without one.
    pub category: Option<Option<CategoryId>>,
}

/// The tickets behind a count, from `from` to before `to` (UTC days), oldest first.
pub async fn tickets(
    conn: &mut PgConnection,
    scope: &Scope,
    measure: FlowMeasure,
    (from, to): (NaiveDate, NaiveDate),
    filter: Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    sqlx::query!(
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", f.at, f.id
           from flow_fact f
           join ticket t on t.id = f.ticket_id
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where f.measure = $1 and f.at >= ($2::date::timestamp at time zone 'UTC') and f.at < ($3::date::timestamp at time zone 'UTC')
             and ($4::uuid is null or f.team_id = $4) and ($5::smallint is null or f.tier = $5)
             and ($6::uuid is null or coalesce(f.category_id, '00000000-0000-0000-0000-000000000000') = $6)
             and ticket_internal_in_scope($7, $8, $9, f.team_id)
             and ticket_internal_in_scope($7, $8, $9, t.team_id)
             and ($10::timestamptz is null or (f.at, f.id) > ($10, $11::uuid))
           order by f.at, f.id limit $12"#,
        measure.as_str(),
        from,
        to,
        filter.team.map(|it| it.0),
        filter.tier.map(Tier::number),
        filter.category.map(category_key),
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
    .map(|r| {
        let ticket = Shown {
            number: tierdesk_domain::id::TicketNumber(r.number),
            title: r.title,
            status: row::word("ticket", &r.status)?,
            priority: row::number("ticket", r.priority, tierdesk_domain::ticket::Priority::from_number)?,
            team: r.team,
            tier: row::tier("ticket", r.tier)?,
            requester: r.requester,
            assignee: r.assignee,
        };
        Ok(Line {
            ticket: Some(ticket),
            took: None,
            at: r.at,
            id: r.id,
        })
    })
    .collect()
}

/// Folds the shards of days before `before` into one row each. Sums stay the same.
pub async fn fold(conn: &mut PgConnection, before: NaiveDate) -> Result<u64> {
    Ok(sqlx::query!(
        "with gone as (
             delete from flow_tally where day < $1 and shard > 0 returning day, measure, team_id, tier, category_id, bucket, n, total
         )
         insert into flow_tally (day, measure, team_id, tier, category_id, bucket, shard, n, total)
         select day, measure, team_id, tier, category_id, bucket, 0, sum(n), sum(total) from gone
         group by day, measure, team_id, tier, category_id, bucket
         on conflict (day, measure, team_id, tier, category_id, bucket, shard)
         do update set n = flow_tally.n + excluded.n, total = flow_tally.total + excluded.total",
        before
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// The facts of a ticket as they are kept. For the recount.
pub async fn kept(conn: &mut PgConnection, ticket: TicketId) -> Result<Vec<Fact>> {
    sqlx::query!(
        "select at, measure, team_id, tier, category_id, value from flow_fact where ticket_id = $1",
        ticket.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Fact {
            at: r.at,
            measure: row::word("flow_fact", &r.measure)?,
            queue: (TeamId(r.team_id), row::tier("flow_fact", r.tier)?),
            category: r.category_id.map(CategoryId),
            value: r.value,
        })
    })
    .collect()
}

/// Every day's sums from the facts, and as they are kept: day, then the sum. For the recount.
pub async fn recount(conn: &mut PgConnection) -> Result<[Vec<(NaiveDate, Sum)>; 2]> {
    let mut counted = std::collections::BTreeMap::new();
    let facts =
        sqlx::query!("select at, measure, team_id, tier, category_id, value from flow_fact")
            .fetch_all(&mut *conn)
            .await?;
    for r in facts {
        let at: DateTime<Utc> = r.at;
        let measure: FlowMeasure = row::word("flow_fact", &r.measure)?;
        let fact = Fact {
            at,
            measure,
            queue: (TeamId(r.team_id), row::tier("flow_fact", r.tier)?),
            category: r.category_id.map(CategoryId),
            value: r.value,
        };
        let key = (
            at.date_naive(),
            measure,
            fact.queue,
            fact.category,
            bucket_of(&fact),
        );
        let cell: &mut (i64, i64) = counted.entry(key).or_default();
        *cell = (cell.0 + 1, cell.1 + fact.value);
    }
    let counted = counted.into_iter().map(
        |((day, measure, (team, tier), category, bucket), (n, total))| {
            (
                day,
                Sum {
                    measure,
                    team,
                    tier,
                    category,
                    bucket,
                    n,
                    total,
                },
            )
        },
    );
    let rows = sqlx::query!(
        r#"select day, measure, team_id, tier, category_id, bucket, sum(n)::bigint as "n!", sum(total)::bigint as "total!"
           from flow_tally group by day, measure, team_id, tier, category_id, bucket"#
    )
    .fetch_all(conn)
    .await?;
    let mut kept = Vec::new();
    for r in rows {
        kept.push((
            r.day,
            Sum {
                measure: row::word("flow_tally", &r.measure)?,
                team: TeamId(r.team_id),
                tier: row::tier("flow_tally", r.tier)?,
                category: category_of(r.category_id),
                bucket: r.bucket,
                n: r.n,
                total: r.total,
            },
        ));
    }
    kept.sort_unstable();
    let mut counted: Vec<_> = counted.collect();
    counted.sort_unstable();
    Ok([counted, kept])
}
