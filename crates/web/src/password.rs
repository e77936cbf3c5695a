//! Pages behind links from mail: a new password, an invitation, the first administrator's set-up. Looking at them changes
//! nothing; only their form uses the link up. The link never leaves in a `Referer`.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::password::LinkState;
use tierdesk_domain::secret::Secret;
use tierdesk_domain::text;

use crate::extract::{CameFrom, Form, Me, Now, Path};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Everyone, "/password/reset/{secret}", reset);
    routes.post(Audience::Everyone, "/password/reset/{secret}", set_password);
    routes.post(Audience::Everyone, "/password/reset/{secret}/fresh", fresh);
    routes.post(
        Audience::Engineer,
        "/tickets/{number}/send-reset",
        send_reset,
    );
    routes.get(Audience::Everyone, "/invitation/{secret}", invitation);
    routes.post(Audience::Everyone, "/invitation/{secret}", join);
    routes.get(Audience::Everyone, "/set-up/{secret}", setup);
    routes.post(Audience::Everyone, "/set-up/{secret}", set_up);
}

/// What the link is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Reset,
    Invitation,
    Setup,
}

#[derive(Template)]
#[template(path = "password/link.html")]
struct LinkPage {
    frame: Frame,
    action: String,
    title: &'static str,
    line: &'static str,
    /// Whether the form asks for name and address, too.
    asks_who: bool,
    name: String,
    mail: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "password/over.html")]
struct OverPage {
    frame: Frame,
    title: &'static str,
    line: &'static str,
    /// The form that sends a fresh link, or `""`.
    fresh: String,
}

/// No page behind a secret link tells the next site where one came from (AT-RESET-1).
fn secret(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    response
}

fn form(kind: For, link: &str, frame: Frame) -> LinkPage {
    let (base, title, line) = match kind {
        For::Reset => (
            "/password/reset",
            "password.reset_title",
            "password.reset_line",
        ),
        For::Invitation => ("/invitation", "password.join_title", "password.join_line"),
        For::Setup => ("/set-up", "password.setup_title", "password.setup_line"),
    };
    LinkPage {
        frame,
        action: format!("{base}/{}", filters::encoded(link)),
        title: text::t(title),
        line: text::t(line),
        asks_who: kind == For::Setup,
        name: String::new(),
        mail: String::new(),
        errors: Errors::default(),
    }
}

fn over(kind: For, state: LinkState, link: &str, frame: Frame) -> Response {
    let again = kind == For::Reset && state == LinkState::Expired;
    let line = match kind {
        For::Reset if again => "password.expired_line",
        For::Reset => "password.link_over",
        For::Invitation => "password.invitation_over",
        For::Setup => "password.setup_over",
    };
    let fresh = if again {
        format!("/password/reset/{}/fresh", filters::encoded(link))
    } else {
        String::new()
    };
    let page = OverPage {
        frame,
        title: text::t("password.over_title"),
        line: text::t(line),
        fresh,
    };
    secret(Page(page).status(StatusCode::GONE))
}

fn show(kind: For, state: LinkState, link: &str, frame: Frame) -> Response {
    match state {
        LinkState::Open => secret(Page(form(kind, link, frame)).into_response()),
        LinkState::Expired | LinkState::Useless => over(kind, state, link, frame),
    }
}

async fn reset(
    State(app): State<AppState>,
    frame: Frame,
    Path(link): Path<String>,
) -> Result<Response, WebError> {
    let state = app.desk.reset_link(&link, frame.now).await?;
    Ok(show(For::Reset, state, &link, frame))
}

async fn invitation(
    State(app): State<AppState>,
    frame: Frame,
    Path(link): Path<String>,
) -> Result<Response, WebError> {
    let state = app.desk.invitation_link(&link, frame.now).await?;
    Ok(show(For::Invitation, state, &link, frame))
}

async fn setup(
    State(app): State<AppState>,
    frame: Frame,
    Path(link): Path<String>,
) -> Result<Response, WebError> {
    let state = app.desk.setup_state(&link, frame.now).await?;
    Ok(show(For::Setup, state, &link, frame))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    again: Secret,
}

/// Typing it twice is the only guard against a slip that nobody sees.
fn same(password: &Secret, again: &Secret) -> Errors {
    let mut errors = Errors::default();
    if password.reveal() != again.reveal() {
        errors.add("again", text::t("error.password_differs"));
    }
    errors
}

/// Goes to the sign-in, or shows the form again with what is wrong. Passwords are never sent back.
fn end(
    kind: For,
    result: Result<(), DeskError>,
    link: &str,
    mut page: LinkPage,
    said: &'static str,
) -> Result<Response, WebError> {
    match result {
        Ok(()) => Ok(secret(see("/sign-in", Some(said)))),
        Err(DeskError::Invalid(errors)) => {
            page.errors = errors.into();
            Ok(secret(Page(page).status(LOOK_AGAIN)))
        }
        Err(DeskError::State(_)) => Ok(over(kind, LinkState::Useless, link, page.frame)),
        Err(error) => Err(error.into()),
    }
}

async fn set_password(
    State(app): State<AppState>,
    frame: Frame,
    CameFrom(origin): CameFrom,
    Path(link): Path<String>,
    Form(new): Form<NewPassword>,
) -> Result<Response, WebError> {
    let now = frame.now;
    let mut page = form(For::Reset, &link, frame);
    page.errors = same(&new.password, &new.again);
    if !page.errors.is_empty() {
        return Ok(secret(Page(page).status(LOOK_AGAIN)));
    }
    let result = app
        .desk
        .set_password_by_link(&link, new.password.reveal(), &origin, now)
        .await;
    end(For::Reset, result, &link, page, "said.password_set")
}

async fn fresh(
    State(app): State<AppState>,
    frame: Frame,
    CameFrom(origin): CameFrom,
    Path(link): Path<String>,
) -> Result<Response, WebError> {
    match app.desk.fresh_reset_link(&link, &origin, frame.now).await {
        Ok(()) => Ok(secret(see("/sign-in", Some("said.link_sent")))),
        Err(DeskError::State(_)) => Ok(over(For::Reset, LinkState::Useless, &link, frame)),
        Err(error) => Err(error.into()),
    }
}

/// An engineer decides that the requester of a ticket gets the link.
async fn send_reset(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let found = crate::ticket::find(&app, &me, number).await?;
    app.desk.send_reset_on(&me.caller, found.id, now).await?;
    let page = crate::ticket::address(found.number);
    Ok(see(&page, Some("said.reset_sent")))
}

async fn join(
    State(app): State<AppState>,
    frame: Frame,
    CameFrom(origin): CameFrom,
    Path(link): Path<String>,
    Form(new): Form<NewPassword>,
) -> Result<Response, WebError> {
    let now = frame.now;
    let mut page = form(For::Invitation, &link, frame);
    page.errors = same(&new.password, &new.again);
    if !page.errors.is_empty() {
        return Ok(secret(Page(page).status(LOOK_AGAIN)));
    }
    let result = app
        .desk
        .join(&link, new.password.reveal(), &origin, now)
        .await;
    end(For::Invitation, result, &link, page, "said.joined")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstAdministrator {
    #[serde(default)]
    name: String,
    #[serde(default)]
    mail: String,
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    again: Secret,
}

async fn set_up(
    State(app): State<AppState>,
    frame: Frame,
    CameFrom(origin): CameFrom,
    Path(link): Path<String>,
    Form(new): Form<FirstAdministrator>,
) -> Result<Response, WebError> {
    let now = frame.now;
    let mut page = form(For::Setup, &link, frame);
    (page.name, page.mail) = (new.name.clone(), new.mail.clone());
    page.errors = same(&new.password, &new.again);
    if !page.errors.is_empty() {
        return Ok(secret(Page(page).status(LOOK_AGAIN)));
    }
    let result = app
        .desk
        .set_up(
            &link,
            &new.name,
            &new.mail,
            new.password.reveal(),
            &origin,
            now,
        )
        .await;
    end(For::Setup, result, &link, page, "said.set_up")
}
