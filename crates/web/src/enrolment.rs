//! Tokens that hosts join with: made here, shown once.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::enrolment::{Made, NewToken};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::secret::Secret;
use tierdesk_store::enrolment::{self, Token};
use uuid::Uuid;

use crate::extract::{Form, Me, Path};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/enrolment", show);
    routes.post(Audience::Administrator, "/admin/enrolment", make);
    routes.post(
        Audience::Administrator,
        "/admin/enrolment/{id}/revoke",
        revoke,
    );
}

/// One line of the list.
struct Line {
    id: Uuid,
    by: String,
    made: Moment,
    until: Moment,
    uses: i32,
    name: String,
    labels: Vec<String>,
    /// Whether hosts can still join with it.
    good: bool,
    revoked: bool,
}

#[derive(Template)]
#[template(path = "enrolment/list.html")]
struct List {
    frame: Frame,
    errors: Errors,
    typed: Typed,
    made: Option<Shown>,
    lines: Vec<Line>,
}

/// A token, this one time.
struct Shown {
    secret: Secret,
    until: Moment,
    server: String,
}

/// What the form holds.
#[derive(Debug, Clone, Deserialize)]
struct Typed {
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    uses: String,
    #[serde(default)]
    expected_name: String,
    #[serde(default)]
    labels: String,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            minutes: "60".to_owned(),
            uses: "1".to_owned(),
            expected_name: String::new(),
            labels: String::new(),
        }
    }
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    errors: Errors,
    typed: Typed,
    made: Option<Made>,
) -> Result<Page<List>, WebError> {
    authorize(&me.caller.who, Action::Administer)?;
    let mut conn = app.desk.acquire().await?;
    let tokens = enrolment::list(&mut conn).await?;
    let line = |token: Token| Line {
        id: token.id,
        by: token.created_by,
        made: frame.at(&token.created_at),
        until: frame.at(&token.expires_at),
        uses: token.uses_left,
        name: token.expected_name.unwrap_or_default(),
        labels: token.labels,
        good: token.revoked_at.is_none() && token.uses_left > 0 && token.expires_at > frame.now,
        revoked: token.revoked_at.is_some(),
    };
    let lines = tokens.into_iter().map(line).collect();
    let made = made.map(|made| Shown {
        secret: made.secret,
        until: frame.at(&made.expires_at),
        server: app.settings.base_url.clone(),
    });
    Ok(Page(List {
        lines,
        errors,
        typed,
        made,
        frame,
    }))
}

async fn show(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let page = page(&app, &me, frame, Errors::default(), Typed::default(), None).await?;
    Ok(page.into_response())
}

/// The token is on the answer to this very request and nowhere else; reloading the page does not show it again.
async fn make(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(typed): Form<Typed>,
) -> Result<Response, WebError> {
    let new = NewToken {
        minutes: typed.minutes.clone(),
        uses: typed.uses.clone(),
        expected_name: typed.expected_name.clone(),
        labels: typed.labels.clone(),
    };
    let now = frame.now;
    match app.desk.make_enrolment_token(&me.caller, &new, now).await {
        Ok(made) => {
            let page = page(
                &app,
                &me,
                frame,
                Errors::default(),
                Typed::default(),
                Some(made),
            )
            .await?;
            Ok(page.into_response())
        }
        Err(DeskError::Invalid(errors)) => {
            let page = page(&app, &me, frame, errors.into(), typed, None).await?;
            Ok(page.status(LOOK_AGAIN))
        }
        Err(error) => Err(error.into()),
    }
}

async fn revoke(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk
        .revoke_enrolment_token(&me.caller, id, frame.now)
        .await?;
    Ok(see("/admin/enrolment", Some("said.token_revoked")))
}
