//! The lists behind the numbers of a dashboard: the same tickets that were counted.

mod standing;

pub use standing::{at_risk, backlog};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::flow::MEASURES;
use tierdesk_domain::handover::BounceCode;
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId, TicketNumber};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::tally::{Behind, Measure, Several};
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
    /// Which count it was; none for what is open or at risk.
    pub counted_as: Option<Measure>,
    /// Elapsed seconds, where they were measured.
    pub elapsed: Option<i64>,
    /// Business seconds, where they were measured.
    pub business: Option<i64>,
    /// Why it was moved, where it was: what is known of it, or the reason.
    pub why: Option<String>,
    /// In a word, where a hand-over was sent back.
    pub code: Option<BounceCode>,
    /// Which kind of doer did it, where something happened.
    pub by: Option<ActorKind>,
    /// The person's name, where a person did it.
    pub who: Option<String>,
    /// The promise that is at risk, and when it is due, where that is listed.
    pub due: Option<(Metric, DateTime<Utc>)>,
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
    by: Option<String>,
    who: Option<String>,
    /// An event's facts, where they tell which count it was.
    facts: Option<Value>,
    promise: Option<String>,
    due_at: Option<DateTime<Utc>>,
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
            counted_as: None,
            elapsed: r.elapsed,
            business: r.business,
            why: r.why.filter(|_| r.shown),
            code: row::maybe_word("event", r.code.as_deref())?,
            by: row::maybe_word("event", r.by.as_deref())?,
            who: r.who.filter(|_| r.shown),
            due: row::maybe_word("ticket_clock", r.promise.as_deref())?.zip(r.due_at),
            at: r.at,
            id: r.id,
        })
    }
}

/// The place and the length of a page.
pub type Page = (After, i64);

/// What was counted of events or facts, from `from` to before `to`, oldest first. Nothing for what is counted from tickets.
pub async fn counted(
    conn: &mut PgConnection,
    scope: &Scope,
    measure: Measure,
    span: (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    page: Page,
) -> Result<Vec<Line>> {
    if MEASURES.contains(&measure) {
        return between_tiers(conn, scope, measure, span, filter, page).await;
    }
    let behind = measure.behind();
    let mut lines = happened(conn, scope, behind.as_slice(), None, span, filter, page).await?;
    for line in &mut lines {
        line.counted_as = Some(measure);
    }
    Ok(lines)
}

/// What several counts add up, from `from` to before `to`, oldest first; each says which of them it is.
pub async fn several(
    conn: &mut PgConnection,
    scope: &Scope,
    several: Several,
    span: (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    page: Page,
) -> Result<Vec<Line>> {
    let behind = several.behind();
    let mut lines = happened(conn, scope, &behind, Some(several), span, filter, page).await?;
    for measure in several.measures() {
        if MEASURES.contains(measure) {
            lines.extend(between_tiers(conn, scope, *measure, span, filter, page).await?);
        }
    }
    Ok(first_of(lines, page.1))
}

/// The first of what several looks found.
fn first_of(mut lines: Vec<Line>, limit: i64) -> Vec<Line> {
    lines.sort_by_key(|line| (line.at, line.id));
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    lines
}

/// These events, from `from` to before `to`, oldest first.
async fn happened(
    conn: &mut PgConnection,
    scope: &Scope,
    behind: &[Behind],
    several: Option<Several>,
    span: (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    page: Page,
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    // One kind at a time, so that the index gives each in its order.
    for behind in behind {
        for kind in behind.kinds {
            let these = (*kind, *behind, several);
            lines.extend(of_kind(conn, scope, these, span, filter, page).await?);
        }
    }
    Ok(first_of(lines, page.1))
}

async fn of_kind(
    conn: &mut PgConnection,
    scope: &Scope,
    (kind, behind, several): (EventKind, Behind, Option<Several>),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    (after, limit): Page,
) -> Result<Vec<Line>> {
    let teams = scope.team_ids();
    let categories = filter.categories();
    let path: Option<Vec<String>> = behind
        .fact
        .map(|(path, _)| path.iter().map(ToString::to_string).collect());
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", ticket_internal_in_scope($9, $10, $11, t.team_id) as "shown!", e.at, e.id,
                  (coalesce(case when not $21 then e.data #> '{internal,resolved_in}' end, e.data #> '{internal,acknowledged_in}') ->> 'elapsed_seconds')::bigint as elapsed,
                  (coalesce(case when not $21 then e.data #> '{internal,resolved_in}' end, e.data #> '{internal,acknowledged_in}') ->> 'business_seconds')::bigint as business,
                  case when e.kind in ('escalated', 'handed_back') then coalesce(e.data ->> 'known', left(c.body, 300)) end as "why?",
                  null::text as code, e.actor_kind as "by?", doer.name as "who?", case when $20 then e.data end as facts,
                  null::text as promise, null::timestamptz as due_at
           from event e
           join ticket t on t.id = e.ticket_id
           left join content c on c.id = e.content_id and c.replaced_at is null
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           left join person doer on doer.id = e.actor_id and e.actor_kind = 'human'
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
        filter.person.map(|it| it.0),
        several.is_some(),
        behind.is_acknowledged()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|mut row| {
        let facts = row.facts.take();
        let counted_as = several.zip(facts).and_then(|(several, facts)| several.counted_as(kind, &facts));
        Ok(Line {
            counted_as,
            ..Line::try_from(row)?
        })
    })
    .collect()
}

/// The facts between the tiers that a measure counts; none is an engineer's.
async fn between_tiers(
    conn: &mut PgConnection,
    scope: &Scope,
    measure: Measure,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    filter: &Filter,
    (after, limit): Page,
) -> Result<Vec<Line>> {
    if filter.person.is_some() {
        return Ok(Vec::new());
    }
    let teams = scope.team_ids();
    let categories = filter.categories();
    sqlx::query_as!(
        Row,
        r#"select t.number, t.title, t.status, t.priority, team.name as team, t.tier, r.name as requester,
                  a.name as "assignee?", ticket_internal_in_scope($4, $5, $6, t.team_id) as "shown!", f.at, f.id,
                  null::bigint as elapsed, case when f.measure = 'stay' then f.value end as business,
                  coalesce(e.data ->> 'known', left(c.body, 300)) as "why?", e.data ->> 'code' as code,
                  e.actor_kind as "by?", doer.name as "who?", null::jsonb as facts,
                  null::text as promise, null::timestamptz as due_at
           from flow_fact f
           join ticket t on t.id = f.ticket_id
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           left join lateral (
               select data, content_id, actor_kind, actor_id from event
               where ticket_id = f.ticket_id and event.at = f.at
                 and kind = case when f.measure in ('bounced', 'bounced_back') then 'handover_bounced'
                                 when f.measure in ('handed_over', 'received') then 'escalated' end
               limit 1) e on true
           left join person doer on doer.id = e.actor_id and e.actor_kind = 'human'
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
    .map(|row| {
        Ok(Line {
            counted_as: Some(measure),
            ..Line::try_from(row)?
        })
    })
    .collect()
}
