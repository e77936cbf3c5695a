//! One request, one id, one log line, one count.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

/// Names a request in its log lines, in its error page and in the answer's `x-request-id`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId(pub(crate) Uuid);

/// Outermost layer. The log names the route's pattern, never the path or the query: those can hold secrets (reset links).
pub(crate) async fn observe(mut request: Request, next: Next) -> Response {
    let id = Uuid::now_v7();
    let started = Instant::now();
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId(id));
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = tracing::field::Empty);
    let mut response = next.run(request).instrument(span.clone()).await;
    let route = response.extensions_mut().remove::<MatchedPath>();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    let took = started.elapsed();
    span.record("http.route", route);
    span.in_scope(|| {
        tracing::info!(
            http.status = status,
            duration_ms = took.as_secs_f64() * 1000.0,
            "answered"
        )
    });
    let labels = [
        ("method", method_label(&method)),
        ("route", route.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!("tierdesk_http_requests_total", &labels).increment(1);
    metrics::histogram!("tierdesk_http_request_seconds", "route" => route.to_owned())
        .record(took.as_secs_f64());
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// Methods are the caller's invention; a metric must not be.
fn method_label(method: &axum::http::Method) -> String {
    match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "OPTIONS" | "PUT" | "PATCH" | "DELETE") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    }
}
