//! Is it alive, can it work, what does it count.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use ring::digest;

use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Public, "/healthz", alive);
    routes.get(Audience::Public, "/readyz", ready);
    routes.get(Audience::Operator, "/metrics", numbers);
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Answers once the database does.
async fn ready(State(app): State<AppState>) -> Result<&'static str, WebError> {
    let mut conn = app.desk.acquire().await?;
    tierdesk_store::instance::ping(&mut conn).await?;
    Ok("ready\n")
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
    Ok((
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        recorder.render(),
    )
        .into_response())
}

/// Compares digests, so that the time taken says nothing about the token.
fn same(a: &str, b: &str) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    hash(a).as_ref() == hash(b).as_ref()
}
