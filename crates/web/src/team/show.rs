//! One team: a form for its next version, who works in its queues, and its versions.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::team::Details;
use tierdesk_domain::text::fill;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use super::{PAGE, TeamForm};
use crate::extract::{Form, Me, Path, Query};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError, filters};

/// Where a team is edited.
fn address(id: TeamId) -> String {
    format!("{PAGE}/{id}")
}

/// One of the team's queues.
struct QueueLine {
    tier: Tier,
    people: Vec<(PersonId, String)>,
}

#[derive(Template)]
#[template(path = "team/show.html")]
struct TeamPage {
    frame: Frame,
    address: String,
    /// Its name now.
    name: String,
    form: TeamForm,
    queues: Vec<QueueLine>,
    versions: Vec<VersionLine>,
    errors: Errors,
    conflict: bool,
}

/// What a version says, in words.
fn in_words(name: &str, body: &Details) -> String {
    let key = match body.restricted {
        true => "team.says_restricted",
        false => "team.says_open",
    };
    let mut says = fill(key, &[("name", &name)]);
    if !body.description.is_empty() {
        says = format!("{says}. {}", body.description);
    }
    says
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    id: TeamId,
    versions: &[Reign<Details>],
    form: TeamForm,
) -> Result<TeamPage, WebError> {
    let workers = app.desk.team_workers(&me.caller, id).await?;
    let queue = |tier: Tier| {
        let here = workers.iter().filter(|it| it.0 == tier);
        QueueLine {
            tier,
            people: here.map(|it| (it.1, it.2.clone())).collect(),
        }
    };
    let newest = versions.first().ok_or(WebError::NotFound)?;
    Ok(TeamPage {
        address: address(id),
        name: newest.document.name.clone(),
        queues: Tier::ALL.map(queue).into(),
        versions: versions
            .iter()
            .map(|it| {
                let says = in_words(&it.document.name, &it.document.body);
                VersionLine::new(it, says, form.based_on, &frame)
            })
            .collect(),
        form,
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let id = TeamId(id);
    let versions = app.desk.team_versions(&me.caller, id, frame.now).await?;
    let begins = asked.among(&versions)?.ok_or(WebError::NotFound)?;
    let form = TeamForm::of(begins.with, begins.newest.document.version);
    Ok(Page(page(&app, &me, frame, id, &versions, form).await?).into_response())
}

pub(super) async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(mut form): Form<TeamForm>,
) -> Result<Response, WebError> {
    let id = TeamId(id);
    let seen = (id, form.version);
    let saved = app
        .desk
        .save_team(&me.caller, seen, &form.name, form.read(), frame.now)
        .await;
    let (status, errors) = match saved {
        Ok(()) => return Ok(see(&address(id), Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, errors.into()),
        Err(DeskError::Conflict) => (StatusCode::CONFLICT, Errors::default()),
        Err(error) => return Err(error.into()),
    };
    let conflict = status == StatusCode::CONFLICT;
    let versions = app.desk.team_versions(&me.caller, id, frame.now).await?;
    if let (true, Some(newest)) = (conflict, versions.first()) {
        // What was typed stays; sending it again saves it after the version that came between.
        form.version = newest.document.version;
    }
    let page = TeamPage {
        errors,
        conflict,
        ..page(&app, &me, frame, id, &versions, form).await?
    };
    Ok(Page(page).status(status))
}
