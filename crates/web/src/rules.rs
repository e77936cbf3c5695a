//! Escalation rules for administrators: read, write, try on the past, switch off. Each saved form is a new version.

mod choices;
mod form;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::escalation::{RuleLine, RuleVersion};
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::escalation::Rule;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::text;
use uuid::Uuid;

use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::trial::{self, RuleTrial};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError};

use choices::Options;
use form::RuleForm;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/rules", list);
    routes.post(Audience::Administrator, "/admin/rules", create);
    routes.get(Audience::Administrator, "/admin/rules/{id}", show);
    routes.post(Audience::Administrator, "/admin/rules/{id}", save);
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

/// What the form begins with.
enum Begin {
    /// A version that is asked for, or a rule that is not there yet.
    With(Asked),
    /// What was typed before.
    Typed(Box<RuleForm>),
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    shown: Option<DocumentId>,
    begin: Begin,
) -> Result<RulesPage, WebError> {
    let rules = app.desk.rule_list(&me.caller, frame.now).await?;
    let options = Options::load(app).await?;
    let (reigns, says): (Vec<_>, Vec<_>) = match shown {
        Some(id) => {
            let all = app.desk.rule_history(&me.caller, id, frame.now).await?;
            all.into_iter().map(in_words).unzip()
        }
        None => Default::default(),
    };
    let form = match begin {
        Begin::Typed(form) => *form,
        Begin::With(asked) => (asked.among(&reigns)?).map_or_else(RuleForm::fresh, |begins| {
            RuleForm::of(begins.newest.document.version, &begins.with.document)
        }),
    };
    let lines = reigns.iter().zip(says);
    let versions = lines
        .map(|(it, says)| VersionLine::switched(it, says, form.based_on, &frame))
        .collect();
    Ok(RulesPage {
        rules,
        shown,
        form,
        options,
        versions,
        errors: Errors::default(),
        conflict: false,
        trial: false,
        frame,
    })
}

/// A version and what it says.
fn in_words(it: RuleVersion) -> (Reign<Rule>, String) {
    let effects = it.effects.join(text::t("escalation.and"));
    let name = &it.reign.document.name;
    let says = format!("{name}: {} → {effects}", it.conditions);
    (it.reign, says)
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, None, Begin::With(Asked::default())).await?).into_response())
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let begin = Begin::With(asked);
    Ok(Page(page(&app, &me, frame, Some(DocumentId(id)), begin).await?).into_response())
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
        return Ok(
            Page(page(&app, &me, frame, id, Begin::Typed(Box::new(form))).await?).into_response(),
        );
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
            let mut page = page(&app, &me, frame, id, Begin::Typed(Box::new(form))).await?;
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
    let mut page = page(&app, &me, frame, id, Begin::Typed(Box::new(form))).await?;
    if conflict && let Some(newest) = page.versions.first() {
        // What was typed stays; sending it again saves it after the version that came between.
        page.form.version = newest.number;
    }
    page.errors = errors;
    page.conflict = conflict;
    Ok(Page(page).status(status))
}
