//! Categories for administrators: in the order in which people see them, with the team that gets their tickets; a form for
//! the next version of one; and those that are retired.

mod list;
mod retire;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::category::{CategoryChoices, CategoryUse, Receiver};
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::category::Details;
use tierdesk_domain::id::{CategoryId, TeamId};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::Kind;
use uuid::Uuid;

use crate::extract::{Form, Me, Path, Query};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError, filters, words};

const PAGE: &str = "/admin/categories";

pub(crate) fn routes(routes: &mut Routes) {
    let who = Audience::Administrator;
    routes.get(who, PAGE, list::list);
    routes.get(who, "/admin/categories/new", fresh);
    routes.post(who, "/admin/categories/new", create);
    routes.get(who, "/admin/categories/{id}", show);
    routes.post(who, "/admin/categories/{id}", save);
    routes.post(who, "/admin/categories/{id}/move", list::move_on);
    routes.post(who, "/admin/categories/{id}/retire", retire::retire);
    routes.post(who, "/admin/categories/{id}/return", retire::bring_back);
}

/// Where a category is edited.
fn address(id: CategoryId) -> String {
    format!("{PAGE}/{id}")
}

/// A category as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CategoryForm {
    /// The newest version that was seen; 0 for a new one.
    version: i32,
    /// The version that the form began with.
    based_on: i32,
    name: String,
    hint: String,
    kind: String,
    /// The id of a team, or nothing for the Service Desk.
    team: String,
    /// The id of a category, or nothing.
    above: String,
}

impl CategoryForm {
    fn of(based_on: &Reign<Details>, newest: i32) -> Self {
        let document = &based_on.document;
        let id = |id: Option<Uuid>| id.map(|it| it.to_string()).unwrap_or_default();
        Self {
            version: newest,
            based_on: document.version,
            name: document.name.clone(),
            hint: document.body.hint.clone(),
            kind: document.body.kind.to_string(),
            team: id(document.body.team.map(|it| it.0)),
            above: id(document.body.above.map(|it| it.0)),
        }
    }

    /// What it says. What is no id is one that nothing has.
    fn read(&self, errors: &mut Errors) -> Details {
        let id = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap_or(Uuid::nil()));
        let kind = self.kind.parse().unwrap_or_else(|_| {
            errors.add("kind", t("error.choose_one"));
            Kind::Incident
        });
        Details {
            above: id(&self.above).map(CategoryId),
            hint: self.hint.clone(),
            kind,
            team: id(&self.team).map(TeamId),
        }
    }
}

/// An option of a choice.
struct Choice {
    value: String,
    title: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "category/show.html")]
struct CategoryPage {
    frame: Frame,
    id: Option<CategoryId>,
    form: CategoryForm,
    kinds: Vec<Choice>,
    /// The name of the team that gets what has no team.
    service_desk: String,
    teams: Vec<Choice>,
    above: Vec<Choice>,
    versions: Vec<VersionLine>,
    /// What names it.
    uses: Vec<String>,
    retired: bool,
    errors: Errors,
    conflict: bool,
}

impl CategoryPage {
    fn action(&self) -> String {
        self.id.map_or_else(|| format!("{PAGE}/new"), address)
    }
}

/// A team in a list to choose from, with what speaks against it.
fn receiver(it: &Receiver) -> String {
    match (it.staffed, it.restricted) {
        (false, _) => fill("category.team_nobody", &[("team", &it.name)]),
        (true, true) => fill("category.team_restricted", &[("team", &it.name)]),
        (true, false) => it.name.clone(),
    }
}

fn use_in_words(it: &CategoryUse) -> String {
    match it {
        CategoryUse::Promise(rule) => fill("category.use_promise", &[("rule", rule)]),
        CategoryUse::Rule(rule) => fill("category.use_rule", &[("rule", rule)]),
        CategoryUse::Skill(skill) => fill("category.use_skill", &[("skill", skill)]),
        CategoryUse::Below(name) => fill("category.use_below", &[("name", name)]),
    }
}

/// What a version says, in words.
fn in_words(name: &str, body: &Details, choices: &CategoryChoices) -> String {
    let team = body
        .team
        .map(|id| choices.teams.iter().find(|it| it.id == id));
    let team = match team {
        None => choices.service_desk.name.as_str(),
        Some(Some(team)) => team.name.as_str(),
        Some(None) => t("category.team_gone"),
    };
    let mut says = fill(
        "category.says",
        &[
            ("name", &name),
            ("kind", &words::kind(body.kind)),
            ("team", &team),
        ],
    );
    if !body.hint.is_empty() {
        says = format!("{says}. {}", body.hint);
    }
    says
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    id: Option<CategoryId>,
    versions: &[Reign<Details>],
    form: CategoryForm,
) -> Result<CategoryPage, WebError> {
    let choices = app.desk.category_choices(&me.caller, id).await?;
    let uses = match id {
        Some(id) => app.desk.category_uses(&me.caller, id, frame.now).await?,
        None => Vec::new(),
    };
    let choice = |value: String, title: String, chosen: &str| Choice {
        chosen: value == chosen,
        value,
        title,
    };
    Ok(CategoryPage {
        id,
        kinds: Kind::ALL
            .iter()
            .map(|it| choice(it.to_string(), words::kind(*it).to_owned(), &form.kind))
            .collect(),
        service_desk: receiver(&choices.service_desk),
        teams: choices
            .teams
            .iter()
            .map(|it| choice(it.id.to_string(), receiver(it), &form.team))
            .collect(),
        above: choices
            .above
            .iter()
            .map(|(id, name)| choice(id.to_string(), name.clone(), &form.above))
            .collect(),
        versions: versions
            .iter()
            .map(|it| {
                let says = in_words(&it.document.name, &it.document.body, &choices);
                VersionLine::new(it, says, form.based_on, &frame)
            })
            .collect(),
        uses: uses.iter().map(use_in_words).collect(),
        retired: versions.first().is_some_and(|it| !it.document.active),
        form,
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

async fn fresh(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let form = CategoryForm {
        kind: Kind::Incident.to_string(),
        ..CategoryForm::default()
    };
    Ok(Page(page(&app, &me, frame, None, &[], form).await?).into_response())
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let id = CategoryId(id);
    let versions = app
        .desk
        .category_versions(&me.caller, id, frame.now)
        .await?;
    let begins = asked.among(&versions)?.ok_or(WebError::NotFound)?;
    let form = CategoryForm::of(begins.with, begins.newest.document.version);
    Ok(Page(page(&app, &me, frame, Some(id), &versions, form).await?).into_response())
}

async fn create(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<CategoryForm>,
) -> Result<Response, WebError> {
    keep(app, me, frame, None, form).await
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<CategoryForm>,
) -> Result<Response, WebError> {
    keep(app, me, frame, Some(CategoryId(id)), form).await
}

async fn keep(
    app: AppState,
    me: Me,
    frame: Frame,
    id: Option<CategoryId>,
    mut form: CategoryForm,
) -> Result<Response, WebError> {
    let mut errors = Errors::default();
    let details = form.read(&mut errors);
    let (mut status, mut conflict) = (LOOK_AGAIN, false);
    if errors.is_empty() {
        let seen = id.map(|id| (id, form.version));
        let saved = app
            .desk
            .save_category(&me.caller, seen, &form.name, details, frame.now)
            .await;
        match saved {
            Ok(id) => return Ok(see(&address(id), Some("said.saved"))),
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(DeskError::Conflict) => (status, conflict) = (StatusCode::CONFLICT, true),
            Err(DeskError::State(why)) => {
                status = StatusCode::CONFLICT;
                errors.add("uses", t(why));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let versions = match id {
        Some(id) => {
            app.desk
                .category_versions(&me.caller, id, frame.now)
                .await?
        }
        None => Vec::new(),
    };
    if let (true, Some(newest)) = (conflict, versions.first()) {
        // What was typed stays; sending it again saves it after the version that came between.
        form.version = newest.document.version;
    }
    let page = CategoryPage {
        errors,
        conflict,
        ..page(&app, &me, frame, id, &versions, form).await?
    };
    Ok(Page(page).status(status))
}
