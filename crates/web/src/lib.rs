//! Request in, page out.
#![warn(missing_docs)]

mod agent;
mod assets;
mod attachment;
mod audit;
mod base_url;
mod bot;
mod calendar;
mod category;
mod clock;
mod clock_chip;
mod dashboard;
mod enrolment;
mod error;
mod extract;
mod filter_box;
mod filters;
mod form;
mod frame;
mod gallery;
mod headers;
mod health;
mod home;
mod host;
mod interrupted;
mod job;
mod live;
mod mailbox;
mod moment;
mod my_ticket;
mod navigation;
mod network;
mod new_ticket;
mod notification;
mod numbers;
mod observe;
mod on_call;
mod page;
mod password;
mod path;
mod people;
mod priority;
mod profile;
mod promise;
mod queue;
mod requester;
mod routes;
mod routing;
mod rules;
mod safe_html;
mod same_site;
mod search;
mod shift;
mod sign_in;
mod skill;
mod state;
mod team;
mod ticket;
mod timeline;
mod trial;
mod versions;
mod visitor;
mod wake;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

pub use error::WebError;
pub use network::{Network, NoNetwork};
pub use routes::{Audience, Route, table};
pub use state::{AppState, Clock, Settings};
pub use visitor::{Density, Preferences, Roles, Theme, Visitor};

/// A form may have this many bytes; uploads have a limit of their own ([`routes::UPLOAD_LIMIT`]).
const FORM_LIMIT: usize = 2 * 1024 * 1024;

/// Everything the web answers, ready to be served. The peer address comes as `ConnectInfo<SocketAddr>` where the server
/// gives it.
pub fn router(state: AppState) -> Router {
    routes::build(&state)
        .fallback(async || WebError::NotFound)
        .method_not_allowed_fallback(async || WebError::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(CsrfLayer::new().with_insecure_bypass(|_, uri| same_site::exempt(uri.path())))
        .layer(from_fn(same_site::refuse_unprovable))
        .layer(from_fn_with_state(state.clone(), base_url::check))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn_with_state(state.clone(), error::show))
        .layer(from_fn_with_state(state.clone(), headers::set))
        .layer(from_fn(observe::observe))
        .with_state(state)
}

/// Registers every page. A module that is not named here does not exist for the outside.
fn register(routes: &mut routes::Routes) {
    agent::routes(routes);
    assets::routes(routes);
    attachment::routes(routes);
    audit::routes(routes);
    bot::routes(routes);
    calendar::routes(routes);
    category::routes(routes);
    clock::routes(routes);
    dashboard::routes(routes);
    enrolment::routes(routes);
    gallery::routes(routes);
    health::routes(routes);
    host::routes(routes);
    job::routes(routes);
    mailbox::routes(routes);
    my_ticket::routes(routes);
    new_ticket::routes(routes);
    notification::routes(routes);
    numbers::routes(routes);
    on_call::routes(routes);
    password::routes(routes);
    path::routes(routes);
    people::routes(routes);
    priority::routes(routes);
    profile::routes(routes);
    promise::routes(routes);
    home::routes(routes);
    queue::routes(routes);
    requester::routes(routes);
    routing::routes(routes);
    rules::routes(routes);
    search::routes(routes);
    shift::routes(routes);
    sign_in::routes(routes);
    skill::routes(routes);
    team::routes(routes);
    ticket::routes(routes);
}
