//! The building blocks of all pages in every state, for whoever makes a page: what is empty, waits, failed or went well, in
//! both themes and at any width. Open where the developer mailbox is; the browser tests look at it, too.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::text::t;
use tierdesk_domain::ticket::Status;

use crate::clock_chip::ClockChip;
use crate::filters;
use crate::form::Errors;
use crate::frame::Frame;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, words};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Everyone, "/gallery", show);
}

#[derive(Template)]
#[template(path = "gallery/show.html")]
struct GalleryPage {
    frame: Frame,
    statuses: Vec<(&'static str, &'static str)>,
    clocks: Vec<ClockChip>,
    errors: Errors,
}

async fn show(State(app): State<AppState>, frame: Frame) -> Result<Response, WebError> {
    if !app.mailbox() {
        return Err(WebError::NotFound);
    }
    let chip = |state, text, ring| ClockChip {
        label: words::clock("first_response"),
        state,
        text: t(text).to_owned(),
        title: String::new(),
        ring,
        left: None,
        risk: 0,
    };
    Ok(Page(GalleryPage {
        statuses: Status::ALL
            .iter()
            .map(|status| (words::status_slug(*status), words::status(*status)))
            .collect(),
        clocks: vec![
            chip("ok", "gallery.clock_ok", 60),
            chip("risk", "gallery.clock_risk", 20),
            chip("breached", "gallery.clock_over", 0),
            chip("paused", "ticket.clock_paused", 0),
            chip("met", "gallery.clock_met", 0),
        ],
        errors: Errors::from(vec![FieldError::new("wrong", "gallery.field_wrong")]),
        frame,
    })
    .into_response())
}
