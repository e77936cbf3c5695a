//! The bare page: what axum, sqlx and askama cost when they show the same rows and do nothing else. It is the yardstick, not
//! a product: no sign-in, no rights, no navigation, no Markdown, no drafts, no log, no audit.
//!
//! It reads what the main column of the product's page shows, each kind of row with one plain statement, as somebody would
//! who had just those libraries, with their usual settings.

use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

/// Lines of a queue, as many as the product's page has.
const LINES: i64 = 50;

/// Serves until it is ended.
pub(crate) async fn serve(url: &str, address: SocketAddr) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .connect(url)
        .await?;
    let (team, requester): (Uuid, Uuid) =
        sqlx::query_as("select team_id, requester_id from ticket limit 1")
            .fetch_one(&pool)
            .await?;
    let app = Router::new()
        .route("/", get(async || ""))
        .route("/queue/{team}/{tier}", get(queue))
        .route("/ticket/{number}", get(ticket))
        .route("/create", post(create))
        .with_state(Arc::new(Bare {
            pool,
            team,
            requester,
        }));
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}

struct Bare {
    pool: PgPool,
    team: Uuid,
    requester: Uuid,
}

type Answer = Result<Response, (StatusCode, String)>;

fn failed(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn page(template: &impl Template) -> Answer {
    Ok(Html(template.render().map_err(failed)?).into_response())
}

#[derive(sqlx::FromRow)]
struct Line {
    number: i64,
    title: String,
    status: String,
    priority: i16,
    assignee: Option<String>,
    requester: String,
    host: Option<String>,
    next_clock: Option<String>,
    next_clock_at: Option<DateTime<Utc>>,
    next_clock_risk_at: Option<DateTime<Utc>>,
    next_clock_seconds: Option<i64>,
    updated_at: DateTime<Utc>,
    unread: bool,
}

#[derive(sqlx::FromRow)]
struct Counts {
    queue: i64,
    free: i64,
    waiting: i64,
    breached: i64,
    at_risk: i64,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<!doctype html><title>Queue</title><p>{{ counts.queue }} {{ counts.free }} {{ counts.waiting }} {{ counts.breached }} {{ counts.at_risk }}</p><table>{% for it in lines %}<tr{% if it.unread %} class=unread{% endif %}><td><a href=/ticket/{{ it.number }}>{{ it.number }}</a><td>{{ it.title }}<td>{{ it.status }}<td>P{{ it.priority }}<td>{% if let Some(name) = it.assignee %}{{ name }}{% endif %}<td>{{ it.requester }}<td>{% if let Some(name) = it.host %}{{ name }}{% endif %}<td>{% if let Some(name) = it.next_clock %}{{ name }}{% endif %}<td>{% if let Some(at) = it.next_clock_at %}{{ at }}{% endif %}<td>{% if let Some(at) = it.next_clock_risk_at %}{{ at }}{% endif %}<td>{% if let Some(n) = it.next_clock_seconds %}{{ n }}{% endif %}<td>{{ it.updated_at }}{% endfor %}</table>"
)]
struct Queue {
    counts: Counts,
    lines: Vec<Line>,
}

async fn queue(State(bare): State<Arc<Bare>>, Path((team, tier)): Path<(Uuid, i16)>) -> Answer {
    let now = Utc::now();
    let counts = sqlx::query_as(
        "select coalesce(sum(n) filter (where measure = 'queue'), 0)::bigint as queue,
                coalesce(sum(n) filter (where measure = 'queue_free'), 0)::bigint as free,
                coalesce(sum(n) filter (where measure = 'queue_waiting'), 0)::bigint as waiting,
                (select count(*) from (select from ticket where team_id = $1 and tier = $2 and next_clock_at <= $3
                     and status in ('new', 'open', 'pending', 'on_hold') and not bot_holds limit 100) it) as breached,
                (select count(*) from (select from ticket where team_id = $1 and tier = $2 and next_risk_at <= $3
                     and status in ('new', 'open', 'pending', 'on_hold') and not bot_holds limit 100) it) as at_risk
         from tally where measure in ('queue', 'queue_free', 'queue_waiting') and day = '1970-01-01' and team_id = $1 and tier = $2",
    )
    .bind(team)
    .bind(tier)
    .bind(now)
    .fetch_one(&bare.pool)
    .await
    .map_err(failed)?;
    let lines = sqlx::query_as(
        "select t.number, t.title, t.status, t.priority, a.name as assignee, r.name as requester, h.name as host, t.next_clock,
                nullif(t.next_clock_at, 'infinity') as next_clock_at, t.next_clock_risk_at, t.next_clock_seconds, t.updated_at,
                coalesce(m.read_at < t.updated_at, true) as unread
         from ticket t join person r on r.id = t.requester_id left join person a on a.id = t.assignee_id
         left join host h on h.id = t.host_id left join read_mark m on m.ticket_id = t.id and m.person_id = $4
         where t.team_id = $1 and t.tier = $2 and t.status in ('new', 'open', 'pending', 'on_hold') and not t.bot_holds
         order by t.next_clock_at, t.id limit $3",
    )
    .bind(team)
    .bind(tier)
    .bind(LINES)
    .bind(bare.requester)
    .fetch_all(&bare.pool)
    .await
    .map_err(failed)?;
    page(&Queue { counts, lines })
}

#[derive(sqlx::FromRow)]
struct Head {
    id: Uuid,
    number: i64,
    title: String,
    status: String,
    priority: i16,
    kind: String,
    channel: String,
    impact: i16,
    urgency: i16,
    team_id: Uuid,
    team: String,
    tier: i16,
    category: Option<String>,
    assignee: Option<String>,
    requester: String,
    site: Option<String>,
    email: Option<String>,
    time_zone: String,
    others: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Entry {
    at: DateTime<Utc>,
    kind: String,
    name: Option<String>,
    body: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Clock {
    metric: String,
    state: String,
    target_seconds: i64,
    due_at: Option<DateTime<Utc>>,
    met_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct Target {
    name: String,
    tier: i16,
    open: i64,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<!doctype html><title>{{ head.title }}</title><h1>{{ head.number }} {{ head.title }}</h1><p>{{ head.status }} P{{ head.priority }} {{ head.kind }} {{ head.channel }} {{ head.impact }} {{ head.urgency }} {{ head.team }} L{{ head.tier }} {% if let Some(name) = head.category %}{{ name }}{% endif %} {% if let Some(name) = head.assignee %}{{ name }}{% endif %} {{ head.created_at }} {{ head.updated_at }}</p><p>{{ head.requester }} {% if let Some(name) = head.site %}{{ name }}{% endif %} {% if let Some(name) = head.email %}{{ name }}{% endif %} {{ head.time_zone }} {{ head.others }}</p>{% for it in clocks %}<p>{{ it.metric }} {{ it.state }} {{ it.target_seconds }} {% if let Some(at) = it.due_at %}{{ at }}{% endif %} {% if let Some(at) = it.met_at %}{{ at }}{% endif %}</p>{% endfor %}{% for it in entries %}<h2>{{ it.kind }} {% if let Some(name) = it.name %}{{ name }}{% endif %} {{ it.at }}</h2>{% if let Some(body) = it.body %}<p>{{ body }}</p>{% endif %}{% endfor %}<select>{% for (id, name) in engineers %}<option value={{ id }}>{{ name }}</option>{% endfor %}</select><select>{% for it in targets %}<option>L{{ it.tier }} {{ it.name }} {{ it.open }}</option>{% endfor %}</select>"
)]
struct Ticket {
    head: Head,
    clocks: Vec<Clock>,
    entries: Vec<Entry>,
    engineers: Vec<(Uuid, String)>,
    targets: Vec<Target>,
}

async fn ticket(State(bare): State<Arc<Bare>>, Path(number): Path<i64>) -> Answer {
    let head: Head = sqlx::query_as(
        "select t.id, t.number, t.title, t.status, t.priority, t.kind, t.channel, t.impact, t.urgency, t.team_id, team.name as team, t.tier,
                c.name as category, a.name as assignee, r.name as requester, r.site, r.time_zone, m.email,
                (select count(*) from (select from ticket o where o.requester_id = t.requester_id and o.id <> t.id
                     and o.status in ('new', 'open', 'pending', 'on_hold') limit 1000) it) as others,
                t.created_at, t.updated_at
         from ticket t join team on team.id = t.team_id join person r on r.id = t.requester_id
         left join address m on m.person_id = r.id and m.is_primary left join category c on c.id = t.category_id
         left join person a on a.id = t.assignee_id where t.number = $1",
    )
    .bind(number)
    .fetch_one(&bare.pool)
    .await
    .map_err(failed)?;
    let entries = sqlx::query_as(
        "select e.at, e.kind, p.name, c.body from event e left join person p on p.id = e.actor_id
         left join content c on c.id = e.content_id where e.ticket_id = $1 order by e.at, e.id",
    )
    .bind(head.id)
    .fetch_all(&bare.pool)
    .await
    .map_err(failed)?;
    let clocks = sqlx::query_as(
        "select metric, state, target_seconds, due_at, met_at from ticket_clock where ticket_id = $1 order by metric, cycle",
    )
    .bind(head.id)
    .fetch_all(&bare.pool)
    .await
    .map_err(failed)?;
    let engineers = sqlx::query_as(
        "select distinct p.id, p.name from membership m join person p on p.id = m.person_id
         where m.team_id = $1 and m.tier in ($2, 3) and p.deactivated_at is null order by p.name, p.id",
    )
    .bind(head.team_id)
    .bind(head.tier)
    .fetch_all(&bare.pool)
    .await
    .map_err(failed)?;
    let targets = sqlx::query_as(
        "select team.name, y.tier, sum(y.n)::bigint as open from tally y join team on team.id = y.team_id
         where y.measure = 'queue' and y.day = '1970-01-01' group by team.name, y.tier order by y.tier, team.name",
    )
    .fetch_all(&bare.pool)
    .await
    .map_err(failed)?;
    page(&Ticket {
        head,
        clocks,
        entries,
        engineers,
        targets,
    })
}

#[derive(Deserialize)]
struct New {
    title: String,
    description: String,
}

/// One row with what the search needs, as the product writes it.
async fn create(State(bare): State<Arc<Bare>>, Form(new): Form<New>) -> Answer {
    let now = Utc::now();
    let number: i64 = sqlx::query_scalar(
        "insert into ticket (id, kind, title, status, impact, urgency, priority, team_id, tier, requester_id, channel, created_at,
                             updated_at, search, bot_holds)
         values ($1, 'incident', $2, 'new', 3, 2, 3, $3, 1, $4, 'web', $5, $5,
                 setweight(to_tsvector('english', $2), 'A') || setweight(to_tsvector('english', $6), 'B'), true)
         returning number",
    )
    .bind(Uuid::now_v7())
    .bind(new.title)
    .bind(bare.team)
    .bind(bare.requester)
    .bind(now)
    .bind(new.description)
    .fetch_one(&bare.pool)
    .await
    .map_err(failed)?;
    Ok(Redirect::to(&format!("/ticket/{number}")).into_response())
}
