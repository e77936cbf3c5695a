//! Turns a template into an answer.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::WebError;

/// A rendered page: what a handler returns.
pub(crate) struct Page<T>(pub(crate) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        answer(StatusCode::OK, &self.0)
    }
}

impl<T: Template> Page<T> {
    /// The page with another status: 422 for a form that needs another look, 409 for one that came too late.
    pub(crate) fn status(self, status: StatusCode) -> Response {
        answer(status, &self.0)
    }
}

/// Most pages fit; text that grows piece by piece is copied again and again.
const USUAL_SIZE: usize = 64 * 1024;

fn answer(status: StatusCode, template: &impl Template) -> Response {
    let mut html = String::with_capacity(USUAL_SIZE);
    match template.render_into(&mut html) {
        Ok(()) => (status, Html(html)).into_response(),
        Err(error) => WebError::internal(error).into_response(),
    }
}

/// After a change: see the page at `path`, with the sentence `said` (a key of the catalogue that starts with `said.`).
pub(crate) fn see(path: &str, said: Option<&'static str>) -> Response {
    let target = match said.and_then(|key| key.strip_prefix("said.")) {
        None => path.to_owned(),
        Some(word) => {
            let (address, anchor) = path.split_once('#').map_or((path, ""), |(a, b)| (a, b));
            let joint = if address.contains('?') { '&' } else { '?' };
            let hash = if anchor.is_empty() { "" } else { "#" };
            format!("{address}{joint}said={word}{hash}{anchor}")
        }
    };
    Redirect::to(&target).into_response()
}
