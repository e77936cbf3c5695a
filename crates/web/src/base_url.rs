//! The desk answers only to its own name: a foreign `Host` could poison links in mails and caches.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::{AppState, WebError};

/// Probes come by address, from load balancers that know no name.
const BY_ANY_NAME: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// 400 without one readable host, 421 with a foreign one.
pub(crate) async fn check(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if BY_ANY_NAME.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match named(&request) {
        Some(host) if is_ours(host, app.settings.authority()) => next.run(request).await,
        Some(_) => WebError::WrongHost(app.settings.base_url.clone()).into_response(),
        None => WebError::BadRequest.into_response(),
    }
}

/// The one host that a request names: in its `Host`, in its target, or the same in both. Whoever names two tries to make
/// us and a cache before us see different ones.
fn named(request: &Request) -> Option<&str> {
    let target = request.uri().authority().map(|it| it.as_str());
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) => None,
        (Some(host), None) => Some(host.to_str().ok()?),
        (Some(_), Some(_)) => return None,
    };
    match (target, host) {
        (Some(target), Some(host)) if !target.eq_ignore_ascii_case(host) => None,
        (target, host) => host.or(target),
    }
}

/// The same name and port, or another name of the loopback when the desk itself lives there.
fn is_ours(given: &str, ours: &str) -> bool {
    if given.eq_ignore_ascii_case(ours) {
        return true;
    }
    let (given_name, given_port) = split(given);
    let (our_name, our_port) = split(ours);
    given_port == our_port && loopback(our_name) && loopback(given_name)
}

fn split(authority: &str) -> (&str, &str) {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, port),
        _ => (authority, ""),
    }
}

fn loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_name_and_the_loopbacks_other_names_are_ours() {
        assert!(is_ours("desk.example.com", "desk.example.com"));
        assert!(is_ours("Desk.Example.com", "desk.example.com"));
        assert!(is_ours("127.0.0.1:8080", "localhost:8080"));
        assert!(is_ours("[::1]:8080", "localhost:8080"));
        assert!(!is_ours("127.0.0.1:8081", "localhost:8080"));
        assert!(!is_ours("localhost", "desk.example.com"));
        assert!(!is_ours(
            "desk.example.com.evil.example",
            "desk.example.com"
        ));
        assert!(!is_ours("desk.example.com:81", "desk.example.com"));
    }
}
