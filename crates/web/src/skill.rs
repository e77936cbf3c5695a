//! The catalogue of skills, and what categories need, for administrators.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::skill::Catalogue;
use tierdesk_domain::id::{CategoryId, SkillId};
use tierdesk_domain::skill::Level;
use uuid::Uuid;

use crate::extract::{Form, Me, Path};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, filters, words};

const PAGE: &str = "/admin/skills";

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, PAGE, show);
    routes.post(Audience::Administrator, PAGE, add);
    routes.post(Audience::Administrator, "/admin/skills/need", need);
    routes.post(Audience::Administrator, "/admin/skills/{id}/retire", retire);
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SkillForm {
    name: String,
    description: String,
    needs_certificate: Option<String>,
}

#[derive(Template)]
#[template(path = "skill/catalogue.html")]
struct CataloguePage {
    frame: Frame,
    catalogue: Catalogue,
    levels: [Level; 3],
    form: SkillForm,
    errors: Errors,
}

async fn page(app: &AppState, me: &Me, frame: Frame) -> Result<CataloguePage, WebError> {
    Ok(CataloguePage {
        catalogue: app.desk.skill_catalogue(&me.caller).await?,
        levels: Level::ALL,
        form: SkillForm::default(),
        errors: Errors::default(),
        frame,
    })
}

async fn show(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame).await?).into_response())
}

async fn add(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<SkillForm>,
) -> Result<Response, WebError> {
    let needs_certificate = form.needs_certificate.is_some();
    let added = app
        .desk
        .add_skill(
            &me.caller,
            &form.name,
            &form.description,
            needs_certificate,
            frame.now,
        )
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NeedForm {
    category: Uuid,
    skill: Uuid,
    /// 1 to 3, or nothing where the category does not need it.
    #[serde(default)]
    level: String,
}

async fn need(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<NeedForm>,
) -> Result<Response, WebError> {
    let level = read_level(&form.level)?;
    let (category, skill) = (CategoryId(form.category), SkillId(form.skill));
    app.desk
        .need_skill(&me.caller, category, skill, level, frame.now)
        .await?;
    Ok(see(PAGE, Some("said.saved")))
}

/// A level as forms write it; nothing for none.
pub(crate) fn read_level(text: &str) -> Result<Option<Level>, WebError> {
    match text {
        "" => Ok(None),
        number => {
            let level = number.parse().ok().and_then(Level::from_number);
            level.map(Some).ok_or(WebError::BadRequest)
        }
    }
}

async fn retire(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk
        .retire_skill(&me.caller, SkillId(id), frame.now)
        .await?;
    Ok(see(PAGE, Some("said.saved")))
}
