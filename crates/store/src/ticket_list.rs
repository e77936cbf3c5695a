//! The lists behind the numbers of a dashboard: the same tickets that were counted.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::flow::MEASURES;
use tierdesk_domain::handover::BounceCode;
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId, TicketNumber};
use tierdesk_domain::tally::{Behind, Measure};
use tierdesk_domain::ticket::{Priority, Status};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use uuid::Uuid;

use crate::{Result, row};

/// Which of the counted tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Only these teams' queues.
    pub teams: Vec<TeamId>,
    /// Only this tier.
    pub tier: Option<Tier>,
    /// Only this priority.
    pub priority: Option<Priority>,
    /// Only one of these categories.
    pub categories: Option<Vec<CategoryId>>,
    /// Only this organisation.
    pub organisation: Option<OrganisationId>,
    /// Only what this engineer did, or has.
    pub person: Option<PersonId>,
}

impl Filter {
    pub(crate) fn categories(&self) -> Option<Vec<Uuid>> {
        let named = self.categories.as_ref()?;
        Some(named.iter().map(|it| it.0).collect())
    }
}

/// The place after the last row of the page before: its time and its id.
pub type After = Option<(DateTime<Utc>, Uuid)>;

/// Something that was counted.
#[derive(Debug, Clone)]
pub struct Line {
    /// The ticket; none where it is now with a team that the reader does not answer for.
    pub ticket: Option<Shown>,
    /// Elapsed and business seconds, where a time was measured.
    pub took: Option<(i64, i64)>,
    /// Why it was moved, where it was: what is known of it, or the reason.
    pub why: Option<String>,
    /// In a word, where a hand-over was sent back.
    pub code: Option<BounceCode>,
    /// When what was counted happened: the event, the filing, or the due time.
    pub at: DateTime<Utc>,
    /// With `at`, the place in the list.
    pub id: Uuid,
}

/// A ticket in such a list.
#[derive(Debug, Clone)]
pub struct Shown {
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
    shown: bool,
    elapsed: Option<i64>,
    business: Option<i64>,
    why: Option<String>,
    code: Option<String>,
    at: DateTime<Utc>,
    id: Uuid,
}

impl TryFrom<Row> for Line {
    type Error = crate::StoreError;

    fn try_from(r: Row) -> Result<Self> {
        let ticket = Shown {
            number: TicketNumber(r.number),
            title: r.title,
            status: row::word("ticket", &r.status)?,
            priority: row::number("ticket", r.priority, Priority::from_number)?,
            team: r.team,
            tier: row::tier("ticket", r.tier)?,
            requester: r.requester,
            assignee: r.assignee,
        };
        Ok(Self {
            ticket: r.shown.then_some(ticket),
            took: r.elapsed.zip(r.business),
            why: r.why.filter(|_| r.shown),
            code: row::maybe_word("event", r.code.as_deref())?,
            at: r.at,
            id: r.id,
        })
    }
}

/// What was counted of events or facts, from `from` to before `to`, oldest first. Nothing for what is counted from tickets.
pub async fn counted(
    conn: &mut PgConnection,
    scope: &Scope,
    measure: Measure,
    span: (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    if MEASURES.contains(&measure) {
        return between_tiers(conn, scope, measure, span, filter, after, limit).await;
    }
    match measure.behind() {
        Some(behind) => happened(conn, scope, behind, span, filter, after, limit).await,
        None => Ok(Vec::new()),
    }
}

/// These events, from `from` to before `to`, oldest first.
pub async fn happened(
    conn: &mut PgConnection,
    scope: &Scope,
    behind: Behind,
    span: (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    // One kind at a time, so that the index gives each in its order.
    for kind in behind.kinds {
        lines.extend(of_kind(conn, scope, (*kind, behind), span, filter, after, limit).await?);
    }
    lines.sort_by_key(|line| (line.at, line.id));
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(lines)
}

async fn of_kind(
    conn: &mut PgConnection,
    scope: &Scope,
    (kind, behind): (EventKind, Behind),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    let categories = filter.categories();
    let path: Option<Vec<String>> = behind
        .fact
        .map(|(path, _)| path.iter().map(ToString::to_string).collect());
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", ticket_internal_in_scope($9, $10, $11, t.team_id) as "shown!", e.at, e.id,
                  (coalesce(e.data #> '{internal,resolved_in}', e.data #> '{internal,acknowledged_in}') ->> 'elapsed_seconds')::bigint as elapsed,
                  (coalesce(e.data #> '{internal,resolved_in}', e.data #> '{internal,acknowledged_in}') ->> 'business_seconds')::bigint as business,
                  case when e.kind in ('escalated', 'handed_back') then coalesce(e.data ->> 'known', left(c.body, 300)) end as "why?",
                  null::text as code
           from event e
           join ticket t on t.id = e.ticket_id
           left join content c on c.id = e.content_id and c.replaced_at is null
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where e.kind = $1 and e.at >= $2 and e.at < $3
             and ($4::text[] is null or case when $5 = '' then e.data #>> $4 is not null else e.data #>> $4 = $5 end)
             and e.team_id = any ($6) and ($7::smallint is null or e.tier = $7)
             and ($8::smallint is null or e.priority = $8)
             and ($12::timestamptz is null or (e.at, e.id) > ($12, $13::uuid))
             and ($15::text is null or e.actor_kind = $15) and (not $16 or e.tier > 1)
             and ($17::uuid[] is null or coalesce(e.category_id, '00000000-0000-0000-0000-000000000000') = any ($17))
             and ($18::uuid is null or coalesce(e.organisation_id, '00000000-0000-0000-0000-000000000000') = $18)
             and ($19::uuid is null or case when e.kind = 'assigned' then e.data ->> 'to' = $19::text
                                            else e.actor_id = $19 and e.data ->> 'by' = 'human' end)
           order by e.at, e.id limit $14"#,
        kind.as_str(),
        from,
        to,
        path.as_deref(),
        behind.fact.map_or("", |it| it.1),
        &crate::tally::ids(&filter.teams),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit,
        behind.by.map(|it| it.as_str()),
        behind.above,
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

/// The facts between the tiers that a measure counts; none is an engineer's.
async fn between_tiers(
    conn: &mut PgConnection,
    scope: &Scope,
    measure: Measure,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    if filter.person.is_some() {
        return Ok(Vec::new());
    }
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    let categories = filter.categories();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", ticket_internal_in_scope($4, $5, $6, t.team_id) as "shown!", f.at, f.id,
                  null::bigint as elapsed, null::bigint as business, left(c.body, 300) as "why?", e.data ->> 'code' as code
           from flow_fact f
           join ticket t on t.id = f.ticket_id
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           left join lateral (
               select data, content_id from event
               where ticket_id = f.ticket_id and event.at = f.at and kind = 'handover_bounced' and f.measure in ('bounced', 'bounced_back')
               limit 1) e on true
           left join content c on c.id = e.content_id and c.replaced_at is null
           where f.measure = $1 and f.at >= $2 and f.at < $3
             and f.team_id = any ($7) and ($8::smallint is null or f.tier = $8) and ($9::smallint is null or f.priority = $9)
             and ($10::uuid[] is null or coalesce(f.category_id, '00000000-0000-0000-0000-000000000000') = any ($10))
             and ($11::uuid is null or coalesce(f.organisation_id, '00000000-0000-0000-0000-000000000000') = $11)
             and ($12::timestamptz is null or (f.at, f.id) > ($12, $13::uuid))
           order by f.at, f.id limit $14"#,
        measure.as_str(),
        from,
        to,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        &crate::tally::ids(&filter.teams),
        filter.tier.map(Tier::number),
        filter.priority.map(Priority::number),
        categories.as_deref(),
        filter.organisation.map(|it| it.0),
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

/// Open tickets filed from `from` (none: ever) to before `to` (none: until now), oldest first.
pub async fn backlog(
    conn: &mut PgConnection,
    scope: &Scope,
    (from, to): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    filter: &Filter,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    let categories = filter.categories();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", true as "shown!", null::bigint as elapsed, null::bigint as business,
                  null::text as why, null::text as code, t.created_at as at, t.id
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

/// Tickets with a running clock that has a quarter or less of its time left, the earliest due first (decision 43).
pub async fn at_risk(
    conn: &mut PgConnection,
    scope: &Scope,
    filter: &Filter,
    now: DateTime<Utc>,
    after: After,
    limit: i64,
) -> Result<Vec<Line>> {
    let teams: Vec<Uuid> = scope.teams().iter().map(|it| it.0).collect();
    let categories = filter.categories();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", true as "shown!", null::bigint as elapsed, null::bigint as business,
                  null::text as why, null::text as code, t.next_risk_at as "at!", t.id
           from ticket t
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           where t.next_risk_at <= $1 and t.status in ('new', 'open', 'pending', 'on_hold')
             and t.team_id = any ($2) and ($3::smallint is null or t.tier = $3)
             and ($4::smallint is null or t.priority = $4)
             and ticket_internal_in_scope($5, $6, $7, t.team_id)
             and ($8::timestamptz is null or (t.next_risk_at, t.id) > ($8, $9::uuid))
             and ($11::uuid[] is null or coalesce(t.category_id, '00000000-0000-0000-0000-000000000000') = any ($11))
             and ($12::uuid is null or coalesce(t.organisation_id, '00000000-0000-0000-0000-000000000000') = $12)
           order by t.next_risk_at, t.id limit $10"#,
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
        filter.organisation.map(|it| it.0)
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}
