//! The desk answers only to its own name: a foreign `Host` could poison links in mails and caches.

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::{AppState, WebError};

/// Probes come by address, from load balancers that know no name.
const BY_ANY_NAME: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// 400 without a readable host, 421 with a foreign one.
pub(crate) async fn check(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if BY_ANY_NAME.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let given = match (request.uri().authority(), hosts.as_slice()) {
        (Some(authority), _) => authority.as_str(),
        (None, [host]) => match host.to_str() {
            Ok(host) => host,
            Err(_) => return WebError::BadRequest.into_response(),
        },
        (None, _) => return WebError::BadRequest.into_response(),
    };
    if is_ours(given, app.settings.authority()) {
        next.run(request).await
    } else {
        WebError::WrongHost(app.settings.base_url.clone()).into_response()
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
