//! The lists of what stands now: what is open, and what is at risk.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::sla::Metric;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;

use super::{Filter, Line, Page, Row};
use crate::Result;

/// Open tickets filed from `from` (none: ever) to before `to` (none: until now), oldest first.
pub async fn backlog(
    conn: &mut PgConnection,
    scope: &Scope,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    filter: &Filter,
    (after, limit): Page,
) -> Result<Vec<Line>> {
    let teams = scope.team_ids();
    let categories = filter.categories();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", true as "shown!", null::bigint as elapsed, null::bigint as business,
                  null::text as why, null::text as code, null::text as by, null::text as who, null::jsonb as facts,
                  null::text as promise, null::timestamptz as due_at, t.created_at as at, t.id
           from ticket t
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where t.status in ('new', 'open', 'pending', 'on_hold')
             and ($1::timestamptz is null or t.created_at >= $1)
             and ($2::timestamptz is null or t.created_at < $2)
             and t.team_id = any ($3) and ($4::smallint is null or t.tier = $4)
             and ($5::smallint is null or t.priority = $5)
             and ticket_internal_in_scope($6, $7, $8, t.team_id)
             and ($9::timestamptz is null or (t.created_at, t.id) > ($9, $10::uuid))
             and ($12::uuid[] is null or coalesce(t.category_id, '00000000-0000-0000-0000-000000000000') = any ($12))
             and ($13::uuid is null or coalesce(t.organisation_id, '00000000-0000-0000-0000-000000000000') = $13)
             and ($14::uuid is null or t.assignee_id = $14)
           order by t.created_at, t.id limit $11"#,
        from,
        to,
        &crate::tally::ids(&filter.teams),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit,
        categories.as_deref(),
        filter.organisation.map(|it| it.0),
        filter.person.map(|it| it.0)
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}

/// Tickets with a running promise to the requester that is not broken and has a quarter or less of its time left (decision 43),
/// what is due first before the others, whatever else they have broken.
pub async fn at_risk(
    conn: &mut PgConnection,
    scope: &Scope,
    filter: &Filter,
    now: DateTime<Utc>,
    (after, limit): Page,
) -> Result<Vec<Line>> {
    let teams = scope.team_ids();
    let categories = filter.categories();
    let promised = Metric::ALL.iter().filter(|it| it.is_sla());
    let promised: Vec<_> = promised.map(ToString::to_string).collect();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", true as "shown!", null::bigint as elapsed, null::bigint as business,
                  null::text as why, null::text as code, null::text as by, null::text as who, null::jsonb as facts,
                  c.metric as "promise?", c.due_at as "due_at?", c.due_at as "at!", t.id
           from ticket t
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           join lateral (
               select metric, due_at from ticket_clock
               where ticket_id = t.id and state = 'running' and breached_at is null and risk_at <= $1 and metric = any ($13) and due_at is not null
               order by due_at limit 1) c on true
           where t.next_risk_at <= $1 and t.status in ('new', 'open', 'pending', 'on_hold')
             and t.team_id = any ($2) and ($3::smallint is null or t.tier = $3)
             and ($4::smallint is null or t.priority = $4)
             and ticket_internal_in_scope($5, $6, $7, t.team_id)
             and ($8::timestamptz is null or (c.due_at, t.id) > ($8, $9::uuid))
             and ($11::uuid[] is null or coalesce(t.category_id, '00000000-0000-0000-0000-000000000000') = any ($11))
             and ($12::uuid is null or coalesce(t.organisation_id, '00000000-0000-0000-0000-000000000000') = $12)
           order by c.due_at, t.id limit $10"#,
        now,
        &crate::tally::ids(&filter.teams),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit,
        categories.as_deref(),
        filter.organisation.map(|it| it.0),
        &promised
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}
