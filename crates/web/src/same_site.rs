//! A change is accepted only from a page of this desk. tower-http's layer refuses what another site sends; this one refuses
//! what proves nothing: no `Sec-Fetch-Site` and no `Origin`. No token hides in forms (decision 18).

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::WebError;

/// Host agents prove themselves with a token or a signature and hold no cookie.
pub(crate) fn exempt(path: &str) -> bool {
    path.starts_with("/agent/")
}

/// Whether a request says that a page of another site made it. A live stream is opened by our own pages only (AT-CSRF-1).
pub(crate) fn is_foreign(headers: &HeaderMap, base_url: &str) -> bool {
    let says = |name| headers.get(name).map(HeaderValue::as_bytes);
    says("sec-fetch-site").is_some_and(|it| it == b"cross-site" || it == b"same-site")
        || says("origin").is_some_and(|it| it != base_url.as_bytes())
}

/// Refuses unsafe methods without any proof of origin, and host agents that come from a browser.
pub(crate) async fn refuse_unprovable(request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let origin = request.headers().contains_key(header::ORIGIN);
    if exempt(request.uri().path()) {
        // Decision 31: an agent never sends an Origin, a browser on another site always does.
        return if origin {
            WebError::CrossSite.into_response()
        } else {
            next.run(request).await
        };
    }
    if !safe && !origin && !request.headers().contains_key("sec-fetch-site") {
        return WebError::CrossSite.into_response();
    }
    next.run(request).await
}
