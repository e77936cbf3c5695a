//! What is promised, for administrators: ordered rules with their targets, tried on a sample ticket before they are saved
//! as a version that holds from a date on.

mod form;
mod sample;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::sla::{Metric, Policy, PolicyRule};
use tierdesk_domain::text::{self, fill};
use tierdesk_domain::ticket::{Kind, Priority};

use crate::extract::{Form, Me, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::trial::{self, PromiseTrial};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError, words};

use form::{Doing, PolicyForm};
use sample::{Sample, Tried};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/promises", show);
    routes.post(Audience::Administrator, "/admin/promises", save);
}

/// A choice of a select or a row of boxes.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
}

/// Everything that can be chosen.
struct Options {
    priorities: Vec<Choice>,
    kinds: Vec<Choice>,
    categories: Vec<Choice>,
    /// Those that are retired: a rule that names one keeps it.
    retired: Vec<Choice>,
    organisations: Vec<Choice>,
    calendars: Vec<Choice>,
    /// The clocks: the word in the form, its name, whether it is promised to the requester.
    metrics: Vec<(&'static str, &'static str, bool)>,
}

impl Options {
    async fn load(app: &AppState, me: &Me, frame: &Frame) -> Result<Self, WebError> {
        let calendars = app.desk.calendar_list(&me.caller, frame.now).await?;
        let choice = |value: String, title: String| Choice { value, title };
        let mut conn = app.desk.acquire().await?;
        let (retired, categories): (Vec<_>, Vec<_>) = tierdesk_store::category::every(&mut conn)
            .await?
            .into_iter()
            .map(|it| (it.retired, choice(it.id.to_string(), words::category(&it))))
            .partition(|it| it.0);
        let organisations = tierdesk_store::person::organisations(&mut conn).await?;
        Ok(Self {
            priorities: Priority::ALL
                .map(|it| choice(it.to_string(), it.to_string()))
                .into(),
            kinds: Kind::ALL
                .iter()
                .map(|it| choice(it.to_string(), words::kind(*it).to_owned()))
                .collect(),
            categories: categories.into_iter().map(|it| it.1).collect(),
            retired: retired.into_iter().map(|it| it.1).collect(),
            organisations: organisations
                .into_iter()
                .map(|(id, name)| choice(id.to_string(), name))
                .collect(),
            calendars: calendars
                .into_iter()
                .filter(|it| !it.retired)
                .map(|it| choice(it.document.id.to_string(), it.document.name))
                .collect(),
            metrics: Metric::ALL
                .iter()
                .map(|it| (it.as_str(), words::metric(*it), it.is_sla()))
                .collect(),
        })
    }
}

#[derive(Template)]
#[template(path = "promise/show.html")]
struct PromisesPage {
    frame: Frame,
    form: PolicyForm,
    options: Options,
    tried: Option<Tried>,
    /// Whether it is being tried on the tickets of the last days.
    trial: bool,
    versions: Vec<VersionLine>,
    errors: Errors,
    conflict: bool,
}

impl PromisesPage {
    /// The name of a rule's field.
    fn field(&self, place: &usize, field: &str) -> String {
        format!("r{place}-{field}")
    }

    /// The name of a target's field.
    fn target_field(&self, place: &usize, priority: &Choice, metric: &str) -> String {
        format!("r{place}-{}-{metric}", priority.value)
    }

    /// What a target's field is called, for those who do not see the table around it.
    fn target_label(&self, clock: &str, priority: &Choice, number: &usize) -> String {
        fill(
            "promise.target_of",
            &[
                ("clock", &clock),
                ("priority", &priority.title),
                ("n", number),
            ],
        )
    }
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    versions: &[Reign<Policy>],
    form: PolicyForm,
) -> Result<PromisesPage, WebError> {
    Ok(PromisesPage {
        options: Options::load(app, me, &frame).await?,
        tried: None,
        trial: false,
        versions: versions
            .iter()
            .map(|it| {
                let says = in_words(&it.document.body);
                VersionLine::new(it, says, form.based_on, &frame)
            })
            .collect(),
        form,
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

/// What a version says, in words.
fn in_words(policy: &Policy) -> String {
    let names: Vec<_> = policy.rules.iter().map(|it| &*it.name).collect();
    fill(
        "promise.says",
        &[
            ("count", &text::count("promise.rule_count", names.len())),
            ("names", &names.join(" → ")),
        ],
    )
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let versions = app.desk.promises(&me.caller, frame.now).await?;
    let form = match asked.among(&versions)? {
        Some(it) => PolicyForm::of(it.with, it.newest.document.version, frame.zone),
        None => PolicyForm::default(),
    };
    Ok(Page(page(&app, &me, frame, &versions, form).await?).into_response())
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let versions = app.desk.promises(&me.caller, frame.now).await?;
    let mut form = PolicyForm::sent(&fields);
    let (policy, mut errors) = form.read();
    let from = form.effective_from(&mut errors);
    let (mut status, mut conflict, mut tried) = (StatusCode::OK, false, None);
    let mut run = None;
    match form.doing() {
        // A changed form is shown again; nothing is saved and nothing typed is lost.
        Doing::Edit(edit) => {
            errors = Errors::default();
            form.edit(edit);
        }
        _ if !errors.is_empty() => status = LOOK_AGAIN,
        Doing::Try => tried = Some(Tried::new(&app, &me, &frame, &policy, &form.sample).await?),
        Doing::Replay => {
            let days = trial::DAYS;
            let begun = app
                .desk
                .replay_policy(&me.caller, policy, days, frame.now)
                .await?;
            run = Some(begun);
        }
        Doing::Save => {
            let (seen, zone) = (form.version, frame.zone);
            let saved = app
                .desk
                .save_promises(&me.caller, seen, (from, zone), policy, frame.now)
                .await;
            match saved {
                Ok(()) => return Ok(see("/admin/promises", Some("said.saved"))),
                Err(DeskError::Invalid(it)) => (status, errors) = (LOOK_AGAIN, Errors::from(it)),
                Err(DeskError::Conflict) => (status, conflict) = (StatusCode::CONFLICT, true),
                Err(error) => return Err(error.into()),
            }
        }
    }
    if let (true, Some(newest)) = (conflict, versions.first()) {
        // What was typed stays; sending it again saves it after the version that came between.
        form.version = newest.document.version;
    }
    let page = PromisesPage {
        errors,
        conflict,
        tried,
        trial: run.is_some(),
        ..page(&app, &me, frame, &versions, form).await?
    };
    Ok(match run {
        Some(run) => PromiseTrial::stream(&page, &page.frame, run),
        None => Page(page).status(status),
    })
}

/// The first rule that holds for a sample, and its place.
fn first_rule<'a>(policy: &'a Policy, sample: &Sample) -> Option<(usize, &'a PolicyRule)> {
    let subject = sample.subject();
    let mut rules = policy.rules.iter().enumerate();
    rules.find(|(_, rule)| rule.when.holds(&subject))
}
