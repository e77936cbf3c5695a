//! Escalation rules for administrators: read, write, try on the past, switch off. Each saved form is a new version.

mod choices;
mod form;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::escalation::RuleLine;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::text;
use uuid::Uuid;

use crate::extract::{Form, Me, Path};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::trial::{self, RuleTrial};
use crate::{AppState, WebError};

use choices::Options;
use form::RuleForm;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/rules", list);
    routes.post(Audience::Administrator, "/admin/rules", create);
    routes.get(Audience::Administrator, "/admin/rules/{id}", show);
    routes.post(Audience::Administrator, "/admin/rules/{id}", save);
}

/// A version of the rule that is shown, newest first.
struct VersionLine {
    number: i32,
    name: String,
    at: Moment,
    author: String,
    active: bool,
    conditions: String,
    effects: String,
}

#[derive(Template)]
#[template(path = "rules/rules.html")]
struct RulesPage {
    frame: Frame,
    rules: Vec<RuleLine>,
    /// The rule that is shown, or none for a new one.
    shown: Option<DocumentId>,
    form: RuleForm,
    options: Options,
    versions: Vec<VersionLine>,
    errors: Errors,
    conflict: bool,
    /// Whether the rule of the form is being tried.
    trial: bool,
}

impl RulesPage {
    fn is_shown(&self, rule: &RuleLine) -> bool {
        self.shown == Some(rule.document.id)
    }

    fn action(&self) -> String {
        match self.shown {
            Some(id) => format!("/admin/rules/{id}"),
            None => "/admin/rules".to_owned(),
        }
    }
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    shown: Option<DocumentId>,
    typed: Option<RuleForm>,
) -> Result<RulesPage, WebError> {
    let rules = app.desk.rule_list(&me.caller, frame.now).await?;
    let options = Options::load(app).await?;
    let mut versions = Vec::new();
    let mut form = RuleForm::fresh();
    if let Some(id) = shown {
        let all = app.desk.rule_history(&me.caller, id).await?;
        if let Some(newest) = all.last() {
            form = RuleForm::of(&newest.document);
        }
        versions = all
            .into_iter()
            .rev()
            .map(|it| VersionLine {
                number: it.document.version,
                name: it.document.name,
                at: frame.at(&it.document.valid_from),
                author: it
                    .author
                    .unwrap_or_else(|| text::t("rules.shipped").to_owned()),
                active: it.document.active,
                conditions: it.conditions,
                effects: it.effects.join(text::t("escalation.and")),
            })
            .collect();
    }
    Ok(RulesPage {
        rules,
        shown,
        form: typed.unwrap_or(form),
        options,
        versions,
        errors: Errors::default(),
        conflict: false,
        trial: false,
        frame,
    })
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, None, None).await?).into_response())
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, Some(DocumentId(id)), None).await?).into_response())
}

async fn create(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<RuleForm>,
) -> Result<Response, WebError> {
    keep(app, me, frame, None, form).await
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<RuleForm>,
) -> Result<Response, WebError> {
    keep(app, me, frame, Some(DocumentId(id)), form).await
}

async fn keep(
    app: AppState,
    me: Me,
    frame: Frame,
    id: Option<DocumentId>,
    mut form: RuleForm,
) -> Result<Response, WebError> {
    if let Some(id) = id {
        // A rule that does not exist gets no version.
        app.desk.rule_versions(&me.caller, id).await?;
    }
    if form.edit() {
        return Ok(Page(page(&app, &me, frame, id, Some(form)).await?).into_response());
    }
    let rule = form.rule();
    let done = if form.pressed == "try" {
        let days = trial::days(&form.days);
        app.desk
            .replay_rule(&me.caller, id, rule, days, frame.now)
            .await
    } else {
        let seen = id.map(|id| (id, form.version));
        let (name, active) = (form.name.as_str(), form.is_active());
        let saved = app
            .desk
            .save_rule(&me.caller, seen, name, active, rule, frame.now)
            .await;
        match saved {
            Ok(id) => return Ok(see(&format!("/admin/rules/{id}"), Some("said.saved"))),
            Err(error) => Err(error),
        }
    };
    let (status, errors, conflict) = match done {
        Ok(run) => {
            let mut page = page(&app, &me, frame, id, Some(form)).await?;
            page.trial = true;
            return Ok(RuleTrial::stream(&page, &page.frame, run));
        }
        Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, Errors::from(errors), false),
        Err(DeskError::Filter(error)) => {
            let mut errors = Errors::default();
            errors.add("filter", error.sentence());
            (LOOK_AGAIN, errors, false)
        }
        Err(DeskError::Conflict) => (StatusCode::CONFLICT, Errors::default(), true),
        Err(error) => return Err(error.into()),
    };
    let mut page = page(&app, &me, frame, id, Some(form)).await?;
    if conflict && let Some(newest) = page.versions.first() {
        // What was typed stays; sending it again saves it after the version that came between.
        page.form.version = newest.number;
    }
    page.errors = errors;
    page.conflict = conflict;
    Ok(Page(page).status(status))
}
