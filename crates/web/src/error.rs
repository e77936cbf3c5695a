//! The only place where something that went wrong becomes text for a person: title, advice, and a number to name. Causes are
//! logged once, here; they are never shown.

use std::any::Any;
use std::error::Error;
use std::time::Duration;

use askama::Template;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tierdesk_desk::DeskError;
use tierdesk_domain::authorize::Denied;
use tierdesk_domain::text::{fill, t};
use tierdesk_store::StoreError;
use tower_http::csrf::ProtectionError;

use crate::AppState;
use crate::filters;
use crate::frame::Frame;
use crate::observe::RequestId;
use crate::page::Page;
use crate::visitor::Theme;

/// A text that somebody wrote into a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The field it stood in.
    pub field: &'static str,
    /// What the form called that.
    pub label: &'static str,
    /// The words.
    pub words: String,
}

/// What can go wrong while answering a request, as the person asking sees it.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// There is no such thing, or not for this person: the same answer, so that nobody learns which (decision 16).
    #[error("not found")]
    NotFound,
    /// The same for somebody who had written to it: they get their words back, and learn nothing else.
    #[error("not found, and words to give back")]
    NotFoundFor(Vec<Written>),
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignInFirst,
    /// The change asks for a fresh proof of who it is.
    #[error("identity was not confirmed lately")]
    ConfirmFirst,
    /// The page is for another role.
    #[error("not part of this role")]
    Forbidden,
    /// The request cannot be read.
    #[error("request cannot be read")]
    BadRequest,
    /// The request holds characters or times that the database has no place for.
    #[error("request cannot be written")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
    /// The body has another content type than the route takes.
    #[error("wrong content type")]
    WrongType,
    /// The body is larger than the route takes.
    #[error("body too large")]
    TooLarge,
    /// The path exists, the method does not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// A change that does not provably come from our own pages.
    #[error("cross-site request")]
    CrossSite,
    /// Another host name than ours; holds our address.
    #[error("foreign host name")]
    WrongHost(String),
    /// Somebody else was faster.
    #[error("changed by somebody else")]
    Conflict,
    /// Not possible in the state the thing is in; the key of the sentence that says why.
    #[error("not in this state: {0}")]
    State(&'static str),
    /// Too often; holds how long to wait.
    #[error("rate limited")]
    RateLimited(Duration),
    /// The handler took too long, or others held what it needed.
    #[error("timeout")]
    Timeout,
    /// The database is away.
    #[error("unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Something broke on our side.
    #[error("internal error")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl WebError {
    /// Something broke on our side.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    /// Gives words back to whoever wrote them to something that is not there for them any more.
    pub(crate) fn with_words(self, written: Vec<Written>) -> Self {
        match self {
            Self::NotFound if !written.is_empty() => Self::NotFoundFor(written),
            other => other,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::NotFoundFor(_) => StatusCode::NOT_FOUND,
            Self::SignInFirst => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::CrossSite | Self::ConfirmFirst => StatusCode::FORBIDDEN,
            Self::BadRequest | Self::Unwritable(_) => StatusCode::BAD_REQUEST,
            Self::WrongType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongHost(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Conflict | Self::State(_) => StatusCode::CONFLICT,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Timeout | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn problem(&self) -> Problem {
        let (code, title, advice) = match self {
            Self::NotFound | Self::NotFoundFor(_) => (
                "not_found",
                t("error.not_found"),
                t("error.not_found_advice").to_owned(),
            ),
            Self::SignInFirst => (
                "sign_in",
                t("error.sign_in"),
                t("error.sign_in_advice").to_owned(),
            ),
            Self::ConfirmFirst => (
                "confirm",
                t("error.confirm"),
                t("error.confirm_advice").to_owned(),
            ),
            Self::Forbidden => (
                "forbidden",
                t("error.forbidden"),
                t("error.forbidden_advice").to_owned(),
            ),
            Self::BadRequest => (
                "bad_request",
                t("error.bad_request"),
                t("error.bad_request_advice").to_owned(),
            ),
            Self::Unwritable(_) => (
                "unwritable",
                t("error.unwritable"),
                t("error.unwritable_advice").to_owned(),
            ),
            Self::WrongType => (
                "wrong_type",
                t("error.wrong_type"),
                t("error.wrong_type_advice").to_owned(),
            ),
            Self::TooLarge => (
                "too_large",
                t("error.too_large"),
                t("error.too_large_advice").to_owned(),
            ),
            Self::MethodNotAllowed => (
                "method",
                t("error.method"),
                t("error.method_advice").to_owned(),
            ),
            Self::CrossSite => (
                "cross_site",
                t("error.cross_site"),
                t("error.cross_site_advice").to_owned(),
            ),
            Self::WrongHost(ours) => (
                "wrong_host",
                t("error.wrong_host"),
                fill("error.wrong_host_advice", &[("address", ours)]),
            ),
            Self::Conflict => (
                "conflict",
                t("error.conflict"),
                t("error.conflict_advice").to_owned(),
            ),
            Self::State(why) => ("state", t("error.state"), t(why).to_owned()),
            Self::RateLimited(wait) => {
                let wait = crate::moment::spell(wait.as_secs().div_ceil(60).max(1));
                (
                    "rate_limited",
                    t("error.too_many"),
                    fill("error.too_many_advice", &[("wait", &wait)]),
                )
            }
            Self::Timeout => (
                "timeout",
                t("error.timeout"),
                t("error.timeout_advice").to_owned(),
            ),
            Self::Unavailable(_) => (
                "unavailable",
                t("error.unavailable"),
                t("error.unavailable_advice").to_owned(),
            ),
            Self::Internal(_) => (
                "internal",
                t("error.internal"),
                t("error.internal_advice").to_owned(),
            ),
        };
        let retry_after = match self {
            Self::RateLimited(wait) => Some(wait.as_secs().max(1)),
            _ => None,
        };
        let written = match self {
            Self::NotFoundFor(written) => written.clone(),
            _ => Vec::new(),
        };
        Problem {
            code,
            title,
            advice,
            retry_after,
            written,
        }
    }
}

impl From<DeskError> for WebError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NotFound => Self::NotFound,
            DeskError::Denied => Self::Forbidden,
            // A page shows its form again; what reaches this place came without a form.
            DeskError::Invalid(_) | DeskError::Filter(_) => Self::BadRequest,
            DeskError::Conflict => Self::Conflict,
            DeskError::State(why) => Self::State(why),
            DeskError::RateLimited { retry_after } => {
                Self::RateLimited(Duration::from_secs(retry_after))
            }
            DeskError::Store(error) => error.into(),
            broken @ DeskError::Broken(_) => Self::internal(broken),
        }
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            gone @ StoreError::Unavailable(_) => Self::Unavailable(Box::new(gone)),
            StoreError::Busy(cause) => {
                tracing::warn!(%cause, "a request waited in vain");
                Self::Timeout
            }
            input @ StoreError::Unwritable(_) => Self::Unwritable(Box::new(input)),
            other => Self::internal(other),
        }
    }
}

impl From<Denied> for WebError {
    fn from(denied: Denied) -> Self {
        DeskError::from(denied).into()
    }
}

/// What [`show`] needs to answer; travels in the response's extensions.
#[derive(Debug, Clone)]
struct Problem {
    code: &'static str,
    title: &'static str,
    advice: String,
    retry_after: Option<u64>,
    written: Vec<Written>,
}

/// Why a form cannot be taken now, where the very same form can be sent again in a while.
#[derive(Debug, Clone)]
pub(crate) struct NotNow {
    status: StatusCode,
    /// What to do about it, with how long to wait where that is known.
    pub(crate) advice: String,
    retry_after: Option<u64>,
}

impl NotNow {
    /// The form's page again, which holds what its sender must not lose.
    pub(crate) fn show(&self, page: Page<impl Template>) -> Response {
        let mut response = page.status(self.status);
        if let Some(wait) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

impl WebError {
    /// For a page that shows its form again: why it cannot be taken now. Any other error comes back as it is.
    pub(crate) fn not_now(self) -> Result<NotNow, Self> {
        match self {
            Self::RateLimited(_) | Self::Timeout | Self::Unavailable(_) => {
                self.log();
                let problem = self.problem();
                Ok(NotNow {
                    status: self.status(),
                    advice: problem.advice,
                    retry_after: problem.retry_after,
                })
            }
            other => Err(other),
        }
    }

    fn log(&self) {
        if let Self::Internal(cause) | Self::Unavailable(cause) = self {
            tracing::error!(cause = %Chain(cause.as_ref()), "request failed");
        }
        if let Self::Unwritable(cause) = self {
            tracing::warn!(cause = %Chain(cause.as_ref()), "input refused by the database");
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        self.log();
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self.problem());
        response
    }
}

/// An error with everything behind it, on one line.
struct Chain<'a>(&'a (dyn Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// A panic in a handler is our mistake and nobody else's: 500, and the process goes on.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("silent panic");
    WebError::internal(format!("handler panicked: {what}")).into_response()
}

#[derive(Template)]
#[template(path = "error/error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    status: u16,
    problem: &'a Problem,
    id: String,
}

/// Gives every error its body: a page, or the JSON twin for host agents and fetches. Someone who is not signed in and asks
/// for a page is led to the sign-in and back.
pub(crate) async fn show(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let wants_json = wants_json(&request);
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(|id| id.0.to_string())
        .unwrap_or_default();
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |p| p.as_str())
        .to_owned();
    let is_get = request.method() == axum::http::Method::GET;
    let mut response = next.run(request).await;
    if response.extensions().get::<ProtectionError>().is_some() {
        response = WebError::CrossSite.into_response();
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let status = response.status();
    let route = response.extensions_mut().remove::<MatchedPath>();
    let mut shown = if status == StatusCode::UNAUTHORIZED && is_get && !wants_json {
        let next = filters::encoded(&target);
        Redirect::to(&if target == "/" {
            "/sign-in".to_owned()
        } else {
            format!("/sign-in?next={next}")
        })
        .into_response()
    } else if wants_json {
        let body = serde_json::json!({ "error": { "code": problem.code, "title": problem.title, "advice": problem.advice, "id": id } });
        (status, axum::Json(body)).into_response()
    } else {
        let theme = response
            .extensions()
            .get::<Theme>()
            .copied()
            .unwrap_or_default();
        let page = ErrorPage {
            frame: Frame::bare(&app, theme),
            status: status.as_u16(),
            problem: &problem,
            id,
        };
        // The page is a constant template over plain strings; if even that fails, the status and the title remain.
        let html = page.render().unwrap_or_else(|_| problem.title.to_owned());
        (status, axum::response::Html(html)).into_response()
    };
    if let Some(wait) = problem
        .retry_after
        .and_then(|s| HeaderValue::from_str(&s.to_string()).ok())
    {
        shown.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    if let Some(allow) = response.headers().get(header::ALLOW) {
        shown.headers_mut().insert(header::ALLOW, allow.clone());
    }
    if let Some(route) = route {
        shown.extensions_mut().insert(route);
    }
    shown
}

/// Whether a program asks, and not a person's page.
pub(crate) fn wants_json(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/agent/")
        || path.starts_with("/api/")
        || request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|accept| accept.starts_with("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_logged_and_never_shown() {
        let problem = WebError::internal("relation \"ticket\" does not exist").problem();
        assert!(!format!("{problem:?}").contains("relation"));
    }

    #[test]
    fn a_target_survives_the_way_through_the_sign_in() {
        assert_eq!(
            filters::encoded("/tickets/7?a=b&c=ü"),
            "/tickets/7%3Fa%3Db%26c%3D%C3%BC"
        );
    }
}
