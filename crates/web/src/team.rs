//! Teams, a page to edit each, and which of them the bot hands tickets to, for administrators.

mod show;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::connectivity::Receivers;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::team::Details;
use tierdesk_store::team::{self, Team};
use uuid::Uuid;

use crate::extract::{Form, Me};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

const PAGE: &str = "/admin/teams";

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, PAGE, list);
    routes.post(Audience::Administrator, PAGE, add);
    routes.post(Audience::Administrator, "/admin/teams/bot", hand_to);
    routes.get(Audience::Administrator, "/admin/teams/{id}", show::show);
    routes.post(Audience::Administrator, "/admin/teams/{id}", show::save);
}

/// A team as it was typed.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TeamForm {
    /// The newest version that was seen; 0 for a new one.
    version: i32,
    /// The version that the form began with.
    based_on: i32,
    name: String,
    description: String,
    restricted: Option<String>,
}

impl TeamForm {
    fn of(based_on: &Reign<Details>, newest: i32) -> Self {
        let document = &based_on.document;
        Self {
            version: newest,
            based_on: document.version,
            name: document.name.clone(),
            description: document.body.description.clone(),
            restricted: document.body.restricted.then(|| "on".to_owned()),
        }
    }

    fn read(&self) -> Details {
        Details {
            description: self.description.clone(),
            restricted: self.restricted.is_some(),
        }
    }
}

#[derive(Template)]
#[template(path = "people/teams.html")]
struct TeamsPage {
    frame: Frame,
    teams: Vec<Team>,
    /// The version of whom the bot hands tickets to.
    version: i32,
    network: Receiver,
    servers: Receiver,
    form: TeamForm,
    errors: Errors,
    conflict: bool,
}

/// Who gets one kind of faults.
struct Receiver {
    /// The id of the team that is chosen, or `""`.
    chosen: String,
    /// The name of the team that gets them now, or `""`.
    now: String,
}

fn receiver(chosen: Option<TeamId>, now: Option<String>) -> Receiver {
    Receiver {
        chosen: chosen.map(|it| it.to_string()).unwrap_or_default(),
        now: now.unwrap_or_default(),
    }
}

async fn page(app: &AppState, me: &Me, frame: Frame) -> Result<TeamsPage, WebError> {
    let kept = app.desk.receivers(&me.caller).await?;
    let mut conn = app.desk.acquire().await?;
    Ok(TeamsPage {
        teams: team::all(&mut conn).await?,
        version: kept.version,
        network: receiver(kept.chosen.network, kept.network),
        servers: receiver(kept.chosen.servers, kept.servers),
        form: TeamForm::default(),
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame).await?).into_response())
}

async fn add(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<TeamForm>,
) -> Result<Response, WebError> {
    let added = app
        .desk
        .add_team(&me.caller, &form.name, form.read(), frame.now)
        .await;
    match added {
        Ok(_) => Ok(see(PAGE, Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => {
            let mut page = page(&app, &me, frame).await?;
            (page.form, page.errors) = (form, errors.into());
            Ok(Page(page).status(LOOK_AGAIN))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ReceiverForm {
    version: i32,
    network: String,
    servers: String,
}

/// A team as the form names it; nothing for the one that its name says. What is no id is a team that nobody finds.
fn chosen(value: &str) -> Option<TeamId> {
    let value = value.trim();
    (!value.is_empty()).then(|| TeamId(value.parse().unwrap_or(Uuid::nil())))
}

async fn hand_to(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<ReceiverForm>,
) -> Result<Response, WebError> {
    let chosen = Receivers {
        network: chosen(&form.network),
        servers: chosen(&form.servers),
    };
    let saved = app
        .desk
        .save_receivers(&me.caller, form.version, chosen, frame.now)
        .await;
    let (status, errors) = match saved {
        Ok(()) => return Ok(see(PAGE, Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, errors.into()),
        Err(DeskError::Conflict) => (StatusCode::CONFLICT, Errors::default()),
        Err(error) => return Err(error.into()),
    };
    let mut page = page(&app, &me, frame).await?;
    page.conflict = status == StatusCode::CONFLICT;
    // What was chosen stays; sending it again saves it after the version that came between.
    (page.network.chosen, page.servers.chosen) = (form.network, form.servers);
    page.errors = errors;
    Ok(Page(page).status(status))
}
