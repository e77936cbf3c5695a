//! Changes come from our own pages only, and looking changes nothing (AT-CSRF-1, decision 18).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use sqlx::{AssertSqlSafe, Row};
use support::database;
use support::world::{PEOPLE, World};
use tierdesk_web::Audience;

/// What a cross-site form, a foreign page and a client that says nothing about where it comes from send.
const FOREIGN: [&[(&str, &str)]; 4] = [
    &[
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ],
    &[
        ("sec-fetch-site", "same-site"),
        ("origin", "https://other.example"),
    ],
    &[("origin", "https://evil.example")],
    &[],
];

#[tokio::test]
async fn no_form_is_taken_from_another_site_or_from_nowhere() {
    let world = World::build().await;
    let forms = tierdesk_web::table()
        .into_iter()
        .filter(|it| it.method != "GET" && it.audience != Audience::HostAgent);
    for route in forms {
        for headers in FOREIGN {
            // The administrator and the engineer: whoever the route would let in otherwise.
            for column in [3, 7] {
                let client = world.client(column).await;
                let mut request = Request::builder()
                    .method(route.method)
                    .uri(world.path(route.path))
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let reply = client.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!(
                    reply.status,
                    StatusCode::FORBIDDEN,
                    "{} {} with {headers:?}",
                    route.method,
                    route.path
                );
            }
        }
    }
}

#[tokio::test]
async fn a_live_stream_is_opened_by_no_other_site() {
    let world = World::build().await;
    let streams: Vec<_> = tierdesk_web::table()
        .into_iter()
        .filter(|it| it.time.is_none())
        .collect();
    assert!(streams.len() >= 3);
    for route in streams {
        for headers in &FOREIGN[..3] {
            let client = world.client(3).await;
            let mut request = Request::get(world.path(route.path));
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            let reply = client.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{}", route.path);
        }
    }
}

/// Tables that looking may write to, by name (decision 18).
const EXEMPT: [&str; 4] = ["session", "rate_limit", "presence", "audit"];

#[tokio::test]
async fn looking_changes_nothing() {
    let world = World::build().await;
    let mut owner = database::connect(&world.tierdesk.database).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and not relname = any($1)",
    )
    .bind(EXEMPT.map(str::to_owned).to_vec())
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let count = tables
        .iter()
        .map(|table| format!("select '{table}' as name, count(*) as n, coalesce(max(xmin::text::bigint), 0) as newest from {table}"))
        .collect::<Vec<_>>()
        .join(" union all ");
    let mut before = counts(&mut owner, &count).await;
    for route in tierdesk_web::table()
        .into_iter()
        .filter(|it| it.method == "GET")
    {
        for column in 0..PEOPLE.len() {
            let client = world.client(column).await;
            client.knock("GET", &world.path(route.path)).await;
        }
        let now = counts(&mut owner, &count).await;
        assert_eq!(now, before, "{} changed something", route.path);
        before = now;
    }
}

/// How many rows each table has, and the newest transaction that wrote one.
async fn counts(owner: &mut sqlx::PgConnection, query: &str) -> BTreeMap<String, (i64, i64)> {
    sqlx::query(AssertSqlSafe(query.to_owned()))
        .fetch_all(owner)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.get("name"), (row.get("n"), row.get("newest"))))
        .collect()
}
