//! The bare page: what axum, sqlx and askama cost when they show the same rows and do nothing else. No sign-in, no rights,
//! no navigation, no Markdown, no log, no audit, no clocks. It is the yardstick, not a product.

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
    next_clock: Option<String>,
    next_clock_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

#[derive(Template)]
#[template(
    ext = "html",
    source = "<!doctype html><title>Queue</title><table>{% for it in lines %}<tr><td><a href=/ticket/{{ it.number }}>{{ it.number }}</a><td>{{ it.title }}<td>{{ it.status }}<td>P{{ it.priority }}<td>{% if let Some(name) = it.assignee %}{{ name }}{% endif %}<td>{{ it.requester }}<td>{% if let Some(name) = it.next_clock %}{{ name }}{% endif %}<td>{% if let Some(at) = it.next_clock_at %}{{ at }}{% endif %}<td>{{ it.updated_at }}{% endfor %}</table>"
)]
struct Queue {
    lines: Vec<Line>,
}

async fn queue(State(bare): State<Arc<Bare>>, Path((team, tier)): Path<(Uuid, i16)>) -> Answer {
    let lines = sqlx::query_as(
        "select t.number, t.title, t.status, t.priority, a.name as assignee, r.name as requester, t.next_clock,
                nullif(t.next_clock_at, 'infinity') as next_clock_at, t.updated_at
         from ticket t join person r on r.id = t.requester_id left join person a on a.id = t.assignee_id
         where t.team_id = $1 and t.tier = $2 and t.status in ('new', 'open', 'pending', 'on_hold') and not t.bot_holds
         order by t.next_clock_at, t.id limit $3",
    )
    .bind(team)
    .bind(tier)
    .bind(LINES)
    .fetch_all(&bare.pool)
    .await
    .map_err(failed)?;
    page(&Queue { lines })
}

#[derive(sqlx::FromRow)]
struct Head {
    id: Uuid,
    number: i64,
    title: String,
    status: String,
    priority: i16,
    team: String,
    tier: i16,
    assignee: Option<String>,
    requester: String,
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

#[derive(Template)]
#[template(
    ext = "html",
    source = "<!doctype html><title>{{ head.title }}</title><h1>{{ head.number }} {{ head.title }}</h1><p>{{ head.status }} P{{ head.priority }} {{ head.team }} L{{ head.tier }} {% if let Some(name) = head.assignee %}{{ name }}{% endif %} {{ head.requester }} {{ head.created_at }} {{ head.updated_at }}</p>{% for it in entries %}<h2>{{ it.kind }} {% if let Some(name) = it.name %}{{ name }}{% endif %} {{ it.at }}</h2>{% if let Some(body) = it.body %}<p>{{ body }}</p>{% endif %}{% endfor %}"
)]
struct Ticket {
    head: Head,
    entries: Vec<Entry>,
}

async fn ticket(State(bare): State<Arc<Bare>>, Path(number): Path<i64>) -> Answer {
    let head: Head = sqlx::query_as(
        "select t.id, t.number, t.title, t.status, t.priority, team.name as team, t.tier, a.name as assignee, r.name as requester,
                t.created_at, t.updated_at
         from ticket t join team on team.id = t.team_id join person r on r.id = t.requester_id
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
    page(&Ticket { head, entries })
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
