//! Lists of tickets by the one filter language: one fixed query, every part of a filter a typed parameter of it (AT-SQL-1).

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::filter::{Among, Known, Mentioned, Selection};
use tierdesk_domain::id::{CategoryId, HostId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::ticket::{Channel, Kind, Priority, Status};
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::Result;
use crate::queue::{After, Line, Queue, Row, View};

/// The names that a filter may use, as they are now.
pub async fn known(conn: &mut PgConnection, mentioned: &Mentioned) -> Result<Known> {
    let teams = sqlx::query!("select id, name from team order by name")
        .fetch_all(&mut *conn)
        .await?;
    let categories = sqlx::query!("select id, name from category order by name")
        .fetch_all(&mut *conn)
        .await?;
    let organisations = sqlx::query!("select id, name from organisation order by name")
        .fetch_all(&mut *conn)
        .await?;
    let mut known = Known {
        teams: teams.into_iter().map(|r| (r.name, TeamId(r.id))).collect(),
        categories: categories
            .into_iter()
            .map(|r| (r.name, CategoryId(r.id)))
            .collect(),
        organisations: organisations
            .into_iter()
            .map(|r| (r.name, OrganisationId(r.id)))
            .collect(),
        ..Known::default()
    };
    if !mentioned.categories.is_empty() {
        // What was written before a category or a team was renamed still means it, unless another one took the name.
        let renamed = sqlx::query!(
            "select distinct id, lower(name) as \"name!\" from configuration v where kind = 'category' and lower(name) = any($1)
             and not exists (select from category c where lower(c.name) = lower(v.name)) order by id",
            &mentioned.categories
        )
        .fetch_all(&mut *conn)
        .await?;
        known
            .categories
            .extend(renamed.into_iter().map(|r| (r.name, CategoryId(r.id))));
    }
    if !mentioned.teams.is_empty() {
        let renamed = sqlx::query!(
            "select distinct id, lower(name) as \"name!\" from configuration v where kind = 'team' and lower(name) = any($1)
             and not exists (select from team t where lower(t.name) = lower(v.name)) order by id",
            &mentioned.teams
        )
        .fetch_all(&mut *conn)
        .await?;
        known
            .teams
            .extend(renamed.into_iter().map(|r| (r.name, TeamId(r.id))));
    }
    if !mentioned.people.is_empty() {
        let people = sqlx::query!(
            "select id, name from person where lower(name) = any($1) order by id",
            &mentioned.people
        )
        .fetch_all(&mut *conn)
        .await?;
        known.people = people
            .into_iter()
            .map(|r| (r.name, PersonId(r.id)))
            .collect();
    }
    if !mentioned.hosts.is_empty() {
        let hosts = sqlx::query!(
            "select id, name from host where lower(name) = any($1) order by id",
            &mentioned.hosts
        )
        .fetch_all(&mut *conn)
        .await?;
        known.hosts = hosts.into_iter().map(|r| (r.name, HostId(r.id))).collect();
    }
    Ok(known)
}

/// The ids that may be, and those that may not.
fn ids<T: Copy + Ord>(among: &Among<T>, id: impl Fn(T) -> Uuid) -> (Option<Vec<Uuid>>, Vec<Uuid>) {
    let any = among.any.as_ref();
    let any = any.map(|any| any.iter().map(|it| id(*it)).collect());
    (any, among.none.iter().map(|it| id(*it)).collect())
}

/// Of all values those that may be.
fn left<T: Copy + Ord, U>(among: &Among<T>, all: &[T], word: impl Fn(T) -> U) -> Vec<U> {
    let may = all.iter().filter(|it| among.has(it));
    may.map(|it| word(*it)).collect()
}

/// Yes or no where only one may be; none where both may.
fn answer(among: &Among<bool>) -> Option<bool> {
    (among.has(&true) != among.has(&false)).then(|| among.has(&true))
}

/// Whether yes and no are both asked for, which nothing is.
fn is_contradiction(among: &Among<bool>) -> bool {
    !among.has(&true) && !among.has(&false)
}

/// The statuses that a list shows: without a word about them, the open ones.
fn statuses(selection: &Selection) -> Vec<String> {
    let open = |status: &Status| selection.statuses.any.is_some() || status.is_open();
    let mut words = left(&selection.statuses, Status::ALL, |it| it);
    words.retain(open);
    words.iter().map(ToString::to_string).collect()
}

/// Which tickets a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Those that it means.
    pub selection: &'a Selection,
    /// Only those in a part of a queue.
    pub within: Option<(&'a Queue, View)>,
}

/// A page of the tickets that are wanted, within a scope that reaches internal things: at most `limit` lines after
/// `after`, the next due clock first.
///
/// Run it within [`crate::search::begin`], after [`crate::search::plan_for_values`]: plans are made for the very filter, and none
/// runs for long.
pub async fn page(
    conn: &mut PgConnection,
    scope: &Scope,
    Wanted { selection, within }: Wanted<'_>,
    reader: PersonId,
    after: Option<After>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Line>> {
    let yes_and_no = [&selection.vip, &selection.risk, &selection.breached];
    if !scope.internal() || yes_and_no.into_iter().any(is_contradiction) {
        return Ok(Vec::new());
    }
    let reach = scope.team_ids();
    let (teams, no_teams) = ids(&selection.teams, |it| it.0);
    let (categories, no_categories) = ids(&selection.categories, |it| it.0);
    let (organisations, no_organisations) = ids(&selection.organisations, |it| it.0);
    let (requesters, no_requesters) = ids(&selection.requesters, |it| it.0);
    let (hosts, no_hosts) = ids(&selection.hosts, |it| it.0);
    // Nobody is the id of no one, so that one comparison does for all.
    let (assignees, no_assignees) =
        ids(&selection.assignees, |it| it.map_or(Uuid::nil(), |it| it.0));
    let filed = |seconds: Option<u32>| seconds.map(|it| now - TimeDelta::seconds(it.into()));
    let cycle = |times: Option<u32>| times.map(|it| i32::try_from(it).unwrap_or(i32::MAX - 1) + 1);
    sqlx::query_as!(
        Row,
        r#"select t.id, t.number, t.title, t.status, t.priority, t.tier, team.name as team_name, t.assignee_id, a.name as "assignee?",
                  r.name as requester, h.name as "host?", t.kind, t.category_id, t.organisation_id, t.vip, t.next_clock, nullif(t.next_clock_at, 'infinity') as next_clock_at,
                  c.risk_at as "risk_at?", c.target_seconds as "target_seconds?", t.updated_at,
                  coalesce(m.read_at < t.updated_at, true) as "unread!"
           from ticket t
           join team on team.id = t.team_id
           join person r on r.id = t.requester_id
           left join person a on a.id = t.assignee_id
           left join host h on h.id = t.host_id
           left join ticket_clock c on c.ticket_id = t.id and c.metric = t.next_clock and c.state = 'running' and c.due_at = t.next_clock_at
           left join read_mark m on m.ticket_id = t.id and m.person_id = $1
           where ticket_internal_in_scope($2, $3, $4, t.team_id)
             and (t.next_clock_at, t.id) > (coalesce($5::timestamptz, case when $6::uuid is null then '-infinity' else 'infinity' end::timestamptz),
                                            coalesce($6::uuid, '00000000-0000-0000-0000-000000000000'))
             and ($7::uuid is null or (t.team_id = $7 and not t.bot_holds))
             and case $8::text when 'mine' then t.assignee_id = $1 when 'free' then t.assignee_id is null
                      when 'late' then least(t.next_risk_at, t.next_clock_at) <= $9 when 'waiting' then t.status in ('pending', 'on_hold') else true end
             and t.status = any($10) and t.tier = any($11) and t.priority = any($12) and t.kind = any($13) and t.channel = any($14)
             and ($15::uuid[] is null or t.team_id = any($15)) and t.team_id <> all($16::uuid[])
             and ($17::uuid[] is null or t.category_id = any($17)) and (t.category_id is null or t.category_id <> all($18::uuid[]))
             and ($19::uuid[] is null or t.organisation_id = any($19)) and (t.organisation_id is null or t.organisation_id <> all($20::uuid[]))
             and ($21::uuid[] is null or t.requester_id = any($21)) and t.requester_id <> all($22::uuid[])
             and ($23::uuid[] is null or t.host_id = any($23)) and (t.host_id is null or t.host_id <> all($24::uuid[]))
             and ($25::uuid[] is null or coalesce(t.assignee_id, '00000000-0000-0000-0000-000000000000') = any($25))
             and coalesce(t.assignee_id, '00000000-0000-0000-0000-000000000000') <> all($26::uuid[])
             and ($27::boolean is null or t.vip = $27)
             and ($28::boolean is null or (t.next_risk_at <= $9) = $28) and ($28::boolean is not true or t.next_risk_at <= $9)
             and ($29::boolean is null or (t.next_clock_at <= $9) = $29)
             and ($30::timestamptz is null or t.created_at <= $30) and ($31::timestamptz is null or t.created_at > $31)
             and ($32::integer is null or t.cycle >= $32) and ($33::integer is null or t.cycle < $33)
             and not exists (select from unnest($34::text[]) as word where position(word in lower(t.title)) = 0)
             and not exists (select from unnest($35::text[]) as word where position(word in lower(t.title)) > 0)
           order by t.next_clock_at, t.id limit $36"#,
        reader.0,
        scope.everything(),
        scope.unrestricted(),
        &reach,
        after.and_then(|it| it.clock),
        after.map(|it| it.id.0),
        within.map(|(queue, _)| queue.team().0),
        within.map_or(View::All, |(_, view)| view).as_str(),
        now,
        &statuses(selection),
        &match within {
            Some((queue, _)) => left(&selection.tiers, &[queue.tier()], Tier::number),
            None => left(&selection.tiers, &Tier::ALL, Tier::number),
        },
        &left(&selection.priorities, &Priority::ALL, Priority::number),
        &left(&selection.kinds, Kind::ALL, |it| it.to_string()),
        &left(&selection.channels, Channel::ALL, |it| it.to_string()),
        teams.as_deref(),
        &no_teams,
        categories.as_deref(),
        &no_categories,
        organisations.as_deref(),
        &no_organisations,
        requesters.as_deref(),
        &no_requesters,
        hosts.as_deref(),
        &no_hosts,
        assignees.as_deref(),
        &no_assignees,
        answer(&selection.vip),
        answer(&selection.risk),
        answer(&selection.breached),
        filed(selection.age.from),
        filed(selection.age.to),
        cycle(selection.reopened.from),
        cycle(selection.reopened.to),
        &selection.title_has,
        &selection.title_lacks,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Line::try_from)
    .collect()
}
