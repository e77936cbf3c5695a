//! What a scraper reads: the counters of this process, and what waits in the database at this moment. Whichever process does
//! the work, what waits is the same on every one that serves pages.

use std::fmt::Write;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use ring::digest;
use tierdesk_store::backlog::{Backlog, Waiting};

use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Operator, "/metrics", numbers);
}

/// For a scraper on this machine, or one that holds the token. A request that went through a proxy is not from this machine.
async fn numbers(
    State(app): State<AppState>,
    headers: HeaderMap,
    peer: Option<axum::Extension<ConnectInfo<SocketAddr>>>,
) -> Result<Response, WebError> {
    let forwarded =
        headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    let local = !forwarded && peer.is_some_and(|peer| peer.0.0.ip().is_loopback());
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer "));
    let known = match (&app.settings.metrics_token, given) {
        (Some(token), Some(given)) => same(token.reveal(), given),
        _ => false,
    };
    if !local && !known {
        return Err(WebError::NotFound);
    }
    let Some(recorder) = &app.metrics else {
        return Err(WebError::NotFound);
    };
    let mut text = recorder.render();
    let now = app.now();
    match app.desk.backlog(now).await {
        Ok((backlog, overdue)) => text.push_str(&gauges(&backlog, &overdue, now)),
        // The counters are worth having just then; what waits is missing rather than old.
        Err(error) => tracing::error!(%error, "what waits cannot be counted"),
    }
    Ok((
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
        .into_response())
}

/// Compares digests, so that the time taken says nothing about the token.
fn same(a: &str, b: &str) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    hash(a).as_ref() == hash(b).as_ref()
}

/// What waits, in the scraper's format. Labels are words of our own, so nothing in them needs escaping.
fn gauges(backlog: &Backlog, overdue: &[(String, Waiting)], now: DateTime<Utc>) -> String {
    let age = |waiting: &Waiting| {
        waiting
            .since
            .map_or(0, |since| (now - since).num_seconds().max(0))
    };
    let of_kinds = |value: &dyn Fn(&Waiting) -> i64| -> Vec<(String, i64)> {
        overdue
            .iter()
            .map(|(kind, waiting)| (format!("{{kind=\"{kind}\"}}"), value(waiting)))
            .collect()
    };
    let one = |value: i64| vec![(String::new(), value)];
    let families = [
        (
            "tierdesk_mails_waiting",
            "Mails that have not ended their way.",
            one(backlog.mails.count),
        ),
        (
            "tierdesk_mails_waiting_seconds",
            "Age of the oldest of them.",
            one(age(&backlog.mails)),
        ),
        (
            "tierdesk_mails_last_hour",
            "Mails that ended their way in the last hour, by what became of them.",
            [
                ("sent", backlog.sent),
                ("failed", backlog.failed),
                ("unknown", backlog.unknown),
                ("dropped", backlog.dropped),
            ]
            .map(|(outcome, count)| (format!("{{outcome=\"{outcome}\"}}"), count))
            .to_vec(),
        ),
        (
            "tierdesk_deadlines_overdue",
            "Deadlines that passed and nobody acted on, at most 10000 of a kind.",
            of_kinds(&|it| it.count),
        ),
        (
            "tierdesk_deadlines_overdue_seconds",
            "How long ago the first of them passed.",
            of_kinds(&age),
        ),
        (
            "tierdesk_jobs_waiting",
            "Diagnostics that no host has taken yet.",
            one(backlog.jobs.count),
        ),
        (
            "tierdesk_jobs_waiting_seconds",
            "Age of the oldest of them.",
            one(age(&backlog.jobs)),
        ),
    ];
    let mut text = String::new();
    for (name, help, values) in families {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    text
}
