//! The one way in: every route is registered here with its audience, and the guard in front of it lets nobody else pass.
//! The matrix test walks [`table`], so a route that exists is a route that is tested.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_desk::session::AskedBy;

use crate::visitor::{Needs, Visitor};
use crate::{AppState, WebError, interrupted, same_site};

/// A form with as many of the largest files as a message takes, and everything around them. They stream to disk; each
/// file's own limit is the desk's.
pub(crate) const UPLOAD_LIMIT: usize = 252 * 1024 * 1024;
/// A page that takes longer has failed.
const PAGE_TIME: Duration = Duration::from_secs(30);
/// How long a proof of who one is opens the administrators' pages (decision 19).
const CONFIRMED_FOR: TimeDelta = TimeDelta::minutes(10);
/// The header of what our scripts fetch without anybody having pressed or typed anything.
const BACKGROUND: &str = "tierdesk-background";
/// Large files over a slow line.
const UPLOAD_TIME: Duration = Duration::from_secs(600);

/// Who may ask for a route. What they then see of an object is decided by the object's own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Nobody is looked up: files of the product, health.
    Public,
    /// Anybody; a session is looked at where there is one.
    Everyone,
    /// Any signed-in person.
    SignedIn,
    /// Engineers, managers, administrators.
    Staff,
    /// Engineers.
    Engineer,
    /// Managers.
    Manager,
    /// Administrators.
    Administrator,
    /// An enrolled (or enrolling) host agent; the handler checks its signature or token. No cookie counts here.
    HostAgent,
    /// This machine, or the holder of the metrics token; the handler checks.
    Operator,
}

impl Audience {
    /// Whether a session is looked up at all.
    fn knows_people(self) -> bool {
        !matches!(self, Self::Public | Self::HostAgent | Self::Operator)
    }

    /// Whether this visitor belongs to the audience.
    #[must_use]
    pub fn admits(self, visitor: Option<&Visitor>) -> bool {
        match (self, visitor) {
            (Self::Public | Self::Everyone | Self::HostAgent | Self::Operator, _) => true,
            (_, None) => false,
            (Self::SignedIn, Some(_)) => true,
            (Self::Staff, Some(v)) => v.roles.staff(),
            (Self::Engineer, Some(v)) => v.roles.engineer,
            (Self::Manager, Some(v)) => v.roles.manager,
            (Self::Administrator, Some(v)) => v.roles.administrator,
        }
    }
}

/// One row of the route table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `GET` (which answers `HEAD` too) or `POST`.
    pub method: &'static str,
    /// The path with its `{parameters}`.
    pub path: &'static str,
    /// Who may ask.
    pub audience: Audience,
    /// How long the handler may take; `None` for live streams, which stay open.
    pub time: Option<Duration>,
}

/// Collects the routes of all modules.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<AppState>,
    table: Vec<Route>,
}

impl Routes {
    /// A page.
    pub(crate) fn get<H, T>(&mut self, audience: Audience, path: &'static str, handler: H)
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add("GET", audience, path, Some(PAGE_TIME), get(handler));
    }

    /// A form or a fetch that changes something.
    pub(crate) fn post<H, T>(&mut self, audience: Audience, path: &'static str, handler: H)
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add("POST", audience, path, Some(PAGE_TIME), post(handler));
    }

    /// A form that brings files.
    pub(crate) fn upload<H, T>(&mut self, audience: Audience, path: &'static str, handler: H)
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        let handler = post(handler).layer(DefaultBodyLimit::max(UPLOAD_LIMIT));
        self.add("POST", audience, path, Some(UPLOAD_TIME), handler);
    }

    /// A live stream, which stays open.
    pub(crate) fn stream<H, T>(&mut self, audience: Audience, path: &'static str, handler: H)
    where
        H: Handler<T, AppState>,
        T: 'static,
    {
        self.add("GET", audience, path, None, get(handler));
    }

    fn add(
        &mut self,
        method: &'static str,
        audience: Audience,
        path: &'static str,
        time: Option<Duration>,
        handler: MethodRouter<AppState>,
    ) {
        self.router = mem::take(&mut self.router).route(path, handler);
        self.table.push(Route {
            method,
            path,
            audience,
            time,
        });
    }
}

/// Every route of the product, sorted by path.
#[must_use]
pub fn table() -> Vec<Route> {
    let mut routes = Routes::default();
    crate::register(&mut routes);
    routes.table.sort_by_key(|route| (route.path, route.method));
    routes.table
}

/// The router with the guard in front of every route.
pub(crate) fn build(state: &AppState) -> Router<AppState> {
    let mut routes = Routes::default();
    crate::register(&mut routes);
    let by_path = routes
        .table
        .into_iter()
        .map(|route| ((route.method, route.path), route))
        .collect();
    let guard = Guard {
        app: state.clone(),
        routes: Arc::new(by_path),
    };
    routes.router.route_layer(from_fn_with_state(guard, admit))
}

#[derive(Clone)]
struct Guard {
    app: AppState,
    routes: Arc<HashMap<(&'static str, &'static str), Route>>,
}

/// The time of this request, the same for everything it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestTime(pub(crate) DateTime<Utc>);

/// Puts the route's pattern on every answer, for the log and the counts: outside the routes nobody knows it.
async fn admit(
    State(guard): State<Guard>,
    matched: MatchedPath,
    jar: CookieJar,
    request: Request,
    next: Next,
) -> Response {
    let mut response = pass(&guard, &matched, &jar, request, next).await;
    response.extensions_mut().insert(matched);
    response
}

/// Whether somebody pressed or typed something, or the page asks by itself: a stream, which browsers open again and again,
/// and what our scripts fetch in the background and say so of.
fn asked_by(route: &Route, request: &Request) -> AskedBy {
    if route.time.is_none() || request.headers().contains_key(BACKGROUND) {
        AskedBy::Page
    } else {
        AskedBy::Person
    }
}

/// Looks up who is asking, refuses who does not belong to the route's audience, and ends what takes too long.
async fn pass(
    guard: &Guard,
    matched: &MatchedPath,
    jar: &CookieJar,
    mut request: Request,
    next: Next,
) -> Response {
    let method = if request.method() == Method::HEAD {
        "GET"
    } else {
        request.method().as_str()
    };
    let Some(route) = guard.routes.get(&(method, matched.as_str())).cloned() else {
        return next.run(request).await; // another method: the fallback answers 405
    };
    if route.time.is_none()
        && same_site::is_foreign(request.headers(), &guard.app.settings.base_url)
    {
        return WebError::CrossSite.into_response();
    }
    let now = guard.app.now();
    request.extensions_mut().insert(RequestTime(now));
    let mut theme = None;
    if route.audience.knows_people() {
        // A form that is refused is shown again, too; streams have no frame.
        let needs = match route.time {
            Some(_) => Needs::Page,
            None => Needs::Rights,
        };
        let visitor = match jar.get(guard.app.settings.cookie()) {
            Some(cookie) => {
                let by = asked_by(&route, &request);
                match Visitor::by_cookie(&guard.app, cookie.value(), needs, by, now).await {
                    Ok(visitor) => visitor.map(Arc::new),
                    // A form for everybody says itself what is wrong, and keeps what it holds.
                    Err(WebError::Unavailable(cause))
                        if route.audience == Audience::Everyone && route.method == "POST" =>
                    {
                        tracing::warn!(%cause, "nobody could be asked who sent a form");
                        None
                    }
                    Err(error) => return error.into_response(),
                }
            }
            None => None,
        };
        if !route.audience.admits(visitor.as_deref()) {
            return match visitor {
                None => {
                    let cookie = jar.get(guard.app.settings.cookie());
                    let cookie = cookie.map(|it| it.value());
                    interrupted::sign_in_first(&guard.app, cookie, request).await
                }
                Some(visitor) => {
                    tracing::warn!(person = %visitor.principal.person, "refused: not in the audience of this route");
                    WebError::Forbidden.into_response()
                }
            };
        }
        if let Some(visitor) = &visitor
            && route.audience == Audience::Administrator
            && now - visitor.auth_time > CONFIRMED_FOR
        {
            let target = request.uri().path_and_query().map_or("/", |it| it.as_str());
            return match *request.method() {
                Method::GET | Method::HEAD => Redirect::to(&format!(
                    "/confirm?next={}",
                    crate::filters::encoded(target)
                ))
                .into_response(),
                _ => interrupted::confirm_first(&guard.app, Arc::clone(visitor), request).await,
            };
        }
        theme = visitor.as_ref().map(|v| v.preferences.theme);
        request.extensions_mut().insert(visitor);
    }
    let mut response = match route.time {
        None => next.run(request).await,
        Some(limit) => match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => WebError::Timeout.into_response(),
        },
    };
    if let Some(theme) = theme {
        response.extensions_mut().insert(theme);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_route_is_there_twice() {
        let table = table();
        for pair in table.windows(2) {
            assert!(
                (pair[0].path, pair[0].method) != (pair[1].path, pair[1].method),
                "{} {}",
                pair[0].method,
                pair[0].path
            );
        }
    }
}
