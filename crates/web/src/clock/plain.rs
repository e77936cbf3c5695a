//! How the times of a ticket come about, for its requester: only what was promised to them, in plain words.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tierdesk_domain::clock::{Clock, explain_plainly};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::text::t;

use super::picture::Picture;
use crate::extract::{Me, Path};
use crate::filters;
use crate::frame::Frame;
use crate::page::Page;
use crate::{AppState, WebError, my_ticket};

/// One promise.
struct Promise {
    name: &'static str,
    sentences: Vec<String>,
    picture: Picture,
}

#[derive(Template)]
#[template(path = "clock/mine.html")]
struct MyClocksPage {
    frame: Frame,
    number: i64,
    title: String,
    promises: Vec<Promise>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = my_ticket::find(&app, &me, number).await?;
    let mut conn = app.desk.acquire().await?;
    let clocks = app.desk.clocks(&mut conn, &ticket, frame.now).await?;
    drop(conn);
    let promise = |clock: &Clock| {
        let (lines, ahead) = (clocks.explain(clock), clocks.ahead(clock, frame.now));
        Some(Promise {
            name: t(name(clock.metric)?),
            sentences: explain_plainly(clock, clocks.book(), frame.zone),
            picture: Picture::new(clock, &lines, &ahead, &frame),
        })
    };
    let page = MyClocksPage {
        number: ticket.number.0,
        promises: clocks.clocks.iter().filter_map(promise).collect(),
        title: ticket.title,
        frame,
    };
    Ok(Page(page).into_response())
}

/// What was promised to the requester; what tiers promise each other is nothing to them.
fn name(metric: Metric) -> Option<&'static str> {
    match metric {
        Metric::FirstResponse => Some("clock.mine_first_response"),
        Metric::NextResponse => Some("clock.mine_next_response"),
        Metric::Resolution => Some("clock.mine_resolution"),
        Metric::PickUp | Metric::TimeInTier => None,
    }
}
