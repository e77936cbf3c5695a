//! The security headers of every answer, errors included. A handler may set a stricter policy of its own (downloads, mail
//! frames); it is kept.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::AppState;

/// No inline script or style, nothing from elsewhere, no string that becomes markup in a script.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
                   form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; \
                   require-trusted-types-for 'script'";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(self), \
                           geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

const TWO_YEARS: &str = "max-age=63072000; includeSubDomains";

/// Adds what the answer does not carry yet.
pub(crate) async fn set(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    fill(headers, header::CONTENT_SECURITY_POLICY, CSP);
    fill(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    fill(headers, header::REFERRER_POLICY, "same-origin");
    fill(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    fill(
        headers,
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    fill(
        headers,
        HeaderName::from_static("permissions-policy"),
        PERMISSIONS,
    );
    // Whatever does not say otherwise may be about a person.
    fill(headers, header::CACHE_CONTROL, "no-store");
    if app.settings.https() {
        fill(headers, header::STRICT_TRANSPORT_SECURITY, TWO_YEARS);
    }
    response
}

fn fill(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert_with(|| HeaderValue::from_static(value));
}
