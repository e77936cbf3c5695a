//! A form whose sender must prove first who they are: what they typed is not lost. It travels in the page that asks, sealed for
//! them, and is shown afterwards to be sent once more; the route then decides about it as about any form.

use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tierdesk_desk::interrupted::Interrupted;
use tierdesk_desk::session::AskedBy;
use tierdesk_domain::id::PersonId;

use crate::error::wants_json;
use crate::extract::{Form, Multipart};
use crate::filters;
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::visitor::{Needs, Theme, Visitor};
use crate::{AppState, WebError, sign_in};

/// At most so many bytes of names and values are kept: more than the longest message takes, in any script.
const LIMIT: usize = 512 * 1024;

/// Asks a visitor to sign in. A form from a page of theirs is kept, if its cookie says whose it was.
pub(crate) async fn sign_in_first(
    app: &AppState,
    cookie: Option<&str>,
    request: Request,
) -> Response {
    if !is_form(&request) {
        return WebError::SignInFirst.into_response();
    }
    let person = match cookie {
        Some(cookie) => match app.desk.whose_session(cookie).await {
            Ok(person) => person,
            Err(error) => return WebError::from(error).into_response(),
        },
        None => None,
    };
    let kept = match person {
        Some(person) => keep(app, person, request).await,
        None => None,
    };
    match kept {
        Some(kept) => sign_in::sign_in_interrupted(Frame::bare(app, Theme::default()), kept),
        None => WebError::SignInFirst.into_response(),
    }
}

/// Asks somebody who is signed in to prove again who they are, and keeps the form that they sent.
pub(crate) async fn confirm_first(
    app: &AppState,
    visitor: Arc<Visitor>,
    request: Request,
) -> Response {
    if !is_form(&request) {
        return WebError::ConfirmFirst.into_response();
    }
    let person = visitor.principal.person;
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(Some(visitor));
    let frame = match Frame::from_request_parts(&mut parts, app).await {
        Ok(frame) => frame,
        Err(error) => return error.into_response(),
    };
    match keep(app, person, Request::from_parts(parts, body)).await {
        Some(kept) => sign_in::confirm_interrupted(frame, kept),
        None => WebError::ConfirmFirst.into_response(),
    }
}

/// Whether a page sent it, and will show the answer.
fn is_form(request: &Request) -> bool {
    *request.method() == Method::POST && !wants_json(request)
}

async fn keep(app: &AppState, person: PersonId, request: Request) -> Option<String> {
    let path = request.uri().path_and_query()?.as_str().to_owned();
    let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let with_files = kind.starts_with("multipart/form-data");
    let fields = if with_files {
        words(request).await?
    } else {
        Form::<Vec<(String, String)>>::from_request(request, app)
            .await
            .ok()?
            .0
    };
    if path == "/confirm" {
        // It holds a form that is sealed for them already.
        let mut fields = fields.into_iter();
        let kept = fields.find(|(name, value)| name == "kept" && !value.is_empty());
        return kept.map(|it| it.1);
    }
    let size: usize = fields
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    let secret = fields.iter().any(|(name, _)| name.contains("password"));
    let said = fields.iter().any(|(_, value)| !value.trim().is_empty());
    if secret || !said || size > LIMIT {
        return None;
    }
    let form = Interrupted {
        path,
        with_files,
        fields,
    };
    Some(app.desk.seal_interrupted(person, form, app.now()))
}

async fn words(request: Request) -> Option<Vec<(String, String)>> {
    texts(Multipart::from_request(request, &()).await.ok()?).await
}

/// The fields of a form with files, without the files. What comes after too much is left where it is.
pub(crate) async fn texts(mut parts: Multipart) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    while let Ok(Some(part)) = parts.next().await {
        if part.file_name().is_none() {
            let name = part.name().to_owned();
            fields.push((name, part.text(LIMIT).await.ok()?.all()?));
        }
    }
    Some(fields)
}

#[derive(Template)]
#[template(path = "sign_in/resume.html")]
struct ResumePage {
    frame: Frame,
    form: Interrupted,
}

impl ResumePage {
    /// What people write, as against what they choose: everything of more than one word.
    fn written(&self) -> impl Iterator<Item = &str> {
        let values = self.form.fields.iter().map(|(_, value)| value.as_str());
        values.filter(|it| it.trim().contains(char::is_whitespace))
    }
}

/// Goes on after somebody proved who they are: to the form that was kept for them, or to `next`.
pub(crate) async fn go_on(
    app: &AppState,
    frame: Frame,
    cookie: &str,
    kept: &str,
    next: &str,
) -> Result<Response, WebError> {
    if kept.is_empty() {
        return Ok(see(next, None));
    }
    let visitor =
        Visitor::by_cookie(app, cookie, Needs::Rights, AskedBy::Person, frame.now).await?;
    let form =
        visitor.and_then(|it| (app.desk).open_interrupted(it.principal.person, kept, frame.now));
    Ok(match form {
        Some(form) => Page(ResumePage { frame, form }).status(StatusCode::OK),
        None => see(next, Some("said.not_kept")),
    })
}
