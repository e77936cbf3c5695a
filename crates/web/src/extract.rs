//! Reading requests. Each extractor wraps axum's and answers bad input with a page that helps; a request can be wrong, it
//! cannot break us (4xx, never 5xx).
#![expect(
    clippy::disallowed_types,
    reason = "this is the one place that wraps them"
)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use tierdesk_desk::{Caller, Origin};

use crate::network::Network;
use crate::observe::RequestId;
use crate::routes::RequestTime;
use crate::visitor::Visitor;
use crate::{AppState, WebError};

fn refused(status: StatusCode, why: &str) -> WebError {
    tracing::debug!(why, "input refused");
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => WebError::WrongType,
        _ => WebError::BadRequest,
    }
}

/// A form; repeated keys become lists.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        match axum_extra::extract::Form::from_request(request, state).await {
            Ok(form) => Ok(Self(form.0)),
            Err(error) => Err(refused(error.status(), &error.to_string())),
        }
    }
}

/// A query; repeated keys become lists.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        match axum_extra::extract::Query::from_request_parts(parts, state).await {
            Ok(query) => Ok(Self(query.0)),
            Err(error) => Err(refused(error.status(), &error.to_string())),
        }
    }
}

/// What a path names. A path that cannot be read names nothing: 404.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(error) => {
                tracing::debug!(%error, "path refused");
                Err(WebError::NotFound)
            }
        }
    }
}

/// A form with files, read part by part.
#[derive(Debug)]
pub(crate) struct Multipart(axum::extract::Multipart);

impl<S: Send + Sync> FromRequest<S> for Multipart {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        match axum::extract::Multipart::from_request(request, state).await {
            Ok(multipart) => Ok(Self(multipart)),
            Err(error) => Err(refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                &error.to_string(),
            )),
        }
    }
}

impl Multipart {
    /// The next part, or `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Part<'_>>, WebError> {
        match self.0.next_field().await {
            Ok(field) => Ok(field.map(Part)),
            Err(error) => Err(refused(error.status(), &error.to_string())),
        }
    }
}

/// One part of a form with files.
#[derive(Debug)]
pub(crate) struct Part<'a>(axum::extract::multipart::Field<'a>);

impl Part<'_> {
    /// The field's name.
    pub(crate) fn name(&self) -> &str {
        self.0.name().unwrap_or_default()
    }

    /// The name of the file on the sender's machine: text for people, never a path of ours.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    /// The next piece of the content.
    pub(crate) async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, WebError> {
        self.0
            .chunk()
            .await
            .map_err(|error| refused(error.status(), &error.to_string()))
    }

    /// The content as text, at most `limit` bytes of it. What is longer is read to its end and dropped, so that the rest of
    /// the form can be read.
    pub(crate) async fn text(mut self, limit: usize) -> Result<Text, WebError> {
        let mut kept = Vec::new();
        let mut whole = true;
        let ended = loop {
            match self.chunk().await {
                Ok(Some(chunk)) => {
                    let room = limit - kept.len();
                    whole = whole && chunk.len() <= room;
                    kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Ok(None) => break true,
                Err(WebError::TooLarge) => break false,
                Err(error) => return Err(error),
            }
        };
        let words = if whole && ended {
            String::from_utf8(kept).map_err(|_| WebError::BadRequest)?
        } else {
            // The cut may go through a letter.
            String::from_utf8_lossy(&kept).into_owned()
        };
        Ok(Text {
            words,
            whole,
            ended,
        })
    }
}

/// What a text field of a form with files holds.
#[derive(Debug)]
pub(crate) struct Text {
    /// The text, or its beginning.
    pub(crate) words: String,
    /// Whether nothing of it was dropped.
    pub(crate) whole: bool,
    /// Whether the rest of the form can still be read.
    pub(crate) ended: bool,
}

impl Text {
    /// The text, if it is all there.
    pub(crate) fn all(self) -> Option<String> {
        (self.whole && self.ended).then_some(self.words)
    }
}

/// The time of this request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now(pub(crate) DateTime<Utc>);

impl FromRequestParts<AppState> for Now {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        Ok(Self(
            parts
                .extensions
                .get::<RequestTime>()
                .map_or_else(|| app.now(), |time| time.0),
        ))
    }
}

/// The signed-in person behind a request, and the same as the desk's caller.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) caller: Caller,
}

impl FromRequestParts<AppState> for Me {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        let visitor = parts.extensions.get::<Option<Arc<Visitor>>>();
        let visitor = visitor.cloned().flatten().ok_or(WebError::SignInFirst)?;
        let origin = origin(parts, app);
        let caller = Caller::person(visitor.principal.clone(), origin);
        Ok(Self { visitor, caller })
    }
}

/// Where a request came from, for the audit log.
pub(crate) fn origin(parts: &Parts, app: &AppState) -> Origin {
    let id = parts.extensions.get::<RequestId>();
    Origin {
        ip: ip_of(parts, app).to_string(),
        request_id: id.map(|id| id.0.to_string()).unwrap_or_default(),
    }
}

/// [`origin`] for handlers that nobody needs to be signed in for.
#[derive(Debug, Clone)]
pub(crate) struct CameFrom(pub(crate) Origin);

impl FromRequestParts<AppState> for CameFrom {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, WebError> {
        Ok(Self(origin(parts, app)))
    }
}

fn ip_of(parts: &Parts, app: &AppState) -> IpAddr {
    let peer = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    client_ip(peer, &parts.headers, &app.settings.trusted_proxies)
}

/// Walks `X-Forwarded-For` from the right and stops at the first address that is no proxy of ours: what stands further left
/// is the client's own invention.
fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer;
    let hops: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in hops.iter().rev() {
        if !trusted.iter().any(|network| network.contains(client)) {
            break;
        }
        match hop.trim().parse() {
            Ok(ip) => client = ip,
            Err(_) => break,
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().expect("a header"));
        let trusted: Vec<Network> = trusted
            .iter()
            .map(|ip| ip.parse().expect("a network"))
            .collect();
        client_ip(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
        assert_eq!(from("198.51.100.7", "10.9.9.9", &[]), "198.51.100.7");
        assert_eq!(
            from("10.0.0.1", "198.51.100.7", &["10.0.0.1"]),
            "198.51.100.7"
        );
        assert_eq!(
            from("10.0.0.1", "1.1.1.1, 198.51.100.7", &["10.0.0.1"]),
            "198.51.100.7"
        );
        assert_eq!(
            from(
                "10.0.0.1",
                "198.51.100.7, 10.0.0.2",
                &["10.0.0.1", "10.0.0.2"]
            ),
            "198.51.100.7"
        );
        assert_eq!(from("10.0.0.1", "nonsense", &["10.0.0.1"]), "10.0.0.1");
    }
}
