//! Routing for administrators: how each queue gives its tickets to people, tried out on a category before and after.

mod explain;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::routing::QueueRouting;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{CategoryId, DocumentId, TeamId};
use tierdesk_domain::routing::{Mode, Routing};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;
use tierdesk_store::category;
use uuid::Uuid;

use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError};

pub(crate) use explain::Explain;

const LIST: &str = "/admin/routing";

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, LIST, list);
    routes.get(
        Audience::Administrator,
        "/admin/routing/{team}/{tier}",
        show,
    );
    routes.post(
        Audience::Administrator,
        "/admin/routing/{team}/{tier}",
        save,
    );
}

/// An option of the form.
struct Choice {
    value: String,
    title: String,
    line: &'static str,
}

/// A category tried out.
struct Preview {
    categories: Vec<(String, String)>,
    chosen: String,
    says: String,
    reasons: Vec<(String, String)>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RoutingForm {
    /// The newest version, after which it is saved.
    version: i32,
    /// The version whose words it began with.
    based_on: i32,
    mode: String,
    cap: String,
    calendar: String,
}

/// A queue with its form.
struct Shown {
    team: TeamId,
    tier: Tier,
    name: String,
    form: RoutingForm,
    versions: Vec<VersionLine>,
    preview: Preview,
}

impl Shown {
    fn address(&self) -> String {
        format!("{LIST}/{}/{}", self.team, self.tier)
    }
}

#[derive(Template)]
#[template(path = "routing/routing.html")]
struct RoutingPage {
    frame: Frame,
    queues: Vec<QueueRouting>,
    shown: Option<Shown>,
    modes: Vec<Choice>,
    calendars: Vec<(String, String)>,
    errors: Errors,
    conflict: bool,
}

impl RoutingPage {
    fn is_shown(&self, queue: &QueueRouting) -> bool {
        self.shown
            .as_ref()
            .is_some_and(|it| (it.team, it.tier) == (queue.team, queue.tier))
    }

    fn mode(&self, queue: &QueueRouting) -> &'static str {
        let mode = queue.document.as_ref().map(|it| it.body.mode);
        mode_word(mode.unwrap_or(Mode::Off))
    }

    fn is_on(&self, queue: &QueueRouting) -> bool {
        queue
            .document
            .as_ref()
            .is_some_and(|it| it.body.mode != Mode::Off)
    }
}

fn mode_word(mode: Mode) -> &'static str {
    text::t(match mode {
        Mode::Off => "routing.mode_off",
        Mode::RoundRobin => "routing.mode_round_robin",
        Mode::LeastLoaded => "routing.mode_least_loaded",
        Mode::Skill => "routing.mode_skill",
    })
}

fn mode_line(mode: Mode) -> &'static str {
    text::t(match mode {
        Mode::Off => "routing.mode_off_line",
        Mode::RoundRobin => "routing.mode_round_robin_line",
        Mode::LeastLoaded => "routing.mode_least_loaded_line",
        Mode::Skill => "routing.mode_skill_line",
    })
}

fn says(routing: &Routing) -> String {
    let mode = mode_word(routing.mode);
    match routing.cap {
        Some(cap) => text::fill("routing.says_cap", &[("mode", &mode), ("cap", &cap)]),
        None => mode.to_owned(),
    }
}

/// `?category=…`: the category that is tried out, `none` for a ticket without one.
#[derive(Debug, Default, Deserialize)]
struct Tried {
    #[serde(default)]
    category: String,
}

fn queue((team, tier): (Uuid, String)) -> Result<(TeamId, Tier), WebError> {
    let tier = Tier::from_name(&tier).ok_or(WebError::NotFound)?;
    Ok((TeamId(team), tier))
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    queue: Option<(TeamId, Tier)>,
    asked: (Asked, Tried),
) -> Result<RoutingPage, WebError> {
    let queues = app.desk.routing_list(&me.caller).await?;
    let own = app
        .desk
        .own_time(&me.caller, me.visitor.principal.person, frame.now)
        .await?;
    let calendars = own.calendars;
    let shown = match queue {
        Some(queue) => Some(shown(app, me, &frame, &queues, queue, asked).await?),
        None => None,
    };
    Ok(RoutingPage {
        queues,
        shown,
        modes: Mode::ALL
            .iter()
            .map(|it| Choice {
                value: it.to_string(),
                title: mode_word(*it).to_owned(),
                line: mode_line(*it),
            })
            .collect(),
        calendars: calendars
            .into_iter()
            .map(|(id, name)| (id.to_string(), name))
            .collect(),
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

async fn shown(
    app: &AppState,
    me: &Me,
    frame: &Frame,
    queues: &[QueueRouting],
    (team, tier): (TeamId, Tier),
    (asked, tried): (Asked, Tried),
) -> Result<Shown, WebError> {
    let found = queues
        .iter()
        .find(|it| (it.team, it.tier) == (team, tier))
        .ok_or(WebError::NotFound)?;
    let history = app
        .desk
        .routing_history(&me.caller, team, tier, frame.now)
        .await?;
    let never = Routing {
        team,
        tier,
        mode: Mode::Off,
        cap: None,
        calendar: None,
    };
    let (version, based_on, routing) = match asked.among(&history)? {
        Some(begins) => (
            begins.newest.document.version,
            begins.with.document.version,
            begins.with.document.body.clone(),
        ),
        None => (0, 0, never),
    };
    let versions = history
        .iter()
        .map(|it| VersionLine::new(it, says(&it.document.body), based_on, frame));
    Ok(Shown {
        team,
        tier,
        name: format!("{tier} {}", found.team_name),
        form: RoutingForm {
            version,
            based_on,
            mode: routing.mode.to_string(),
            cap: routing.cap.map(|it| it.to_string()).unwrap_or_default(),
            calendar: routing
                .calendar
                .map(|it| it.to_string())
                .unwrap_or_default(),
        },
        versions: versions.collect(),
        preview: preview(app, me, frame, &routing, &tried).await?,
    })
}

async fn preview(
    app: &AppState,
    me: &Me,
    frame: &Frame,
    routing: &Routing,
    tried: &Tried,
) -> Result<Preview, WebError> {
    let mut conn = app.desk.acquire().await?;
    let categories = category::all(&mut conn).await?;
    drop(conn);
    let category: Option<CategoryId> = categories
        .iter()
        .map(|it| it.id)
        .find(|id| id.to_string() == tried.category);
    let decision = app
        .desk
        .try_routing(&me.caller, routing, category, frame.now)
        .await?;
    let explain = Explain {
        now: frame.now,
        zone: frame.zone,
    };
    Ok(Preview {
        categories: categories
            .into_iter()
            .map(|it| (it.id.to_string(), it.name))
            .collect(),
        chosen: category.map(|it| it.to_string()).unwrap_or_default(),
        says: explain.preview(&decision),
        reasons: explain.everybody(&decision),
    })
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, None, Default::default()).await?).into_response())
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(path): Path<(Uuid, String)>,
    Query(asked): Query<Asked>,
    Query(tried): Query<Tried>,
) -> Result<Response, WebError> {
    let queue = queue(path)?;
    Ok(Page(page(&app, &me, frame, Some(queue), (asked, tried)).await?).into_response())
}

impl RoutingForm {
    fn routing(&self, team: TeamId, tier: Tier) -> Result<Routing, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mode = self.mode.parse();
        if mode.is_err() {
            errors.push(FieldError::new("mode", "error.choose_one"));
        }
        let cap = match self.cap.trim() {
            "" => Ok(None),
            number => number.parse().map(Some),
        };
        if cap.is_err() {
            errors.push(FieldError::new("cap", "error.routing_cap"));
        }
        let calendar = match self.calendar.as_str() {
            "" => Ok(None),
            id => id.parse().map(|id| Some(DocumentId(id))),
        };
        if calendar.is_err() {
            errors.push(FieldError::new("calendar", "error.choose_one"));
        }
        match (mode, cap, calendar) {
            (Ok(mode), Ok(cap), Ok(calendar)) => Ok(Routing {
                team,
                tier,
                mode,
                cap,
                calendar,
            }),
            _ => Err(errors),
        }
    }
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(path): Path<(Uuid, String)>,
    Form(form): Form<RoutingForm>,
) -> Result<Response, WebError> {
    let (team, tier) = queue(path)?;
    let saved = match form.routing(team, tier) {
        Ok(routing) => {
            let desk = &app.desk;
            desk.save_routing(&me.caller, form.version, routing, frame.now)
                .await
        }
        Err(errors) => Err(errors.into()),
    };
    let (status, errors, conflict) = match saved {
        Ok(()) => return Ok(see(&format!("{LIST}/{team}/{tier}"), Some("said.saved"))),
        Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, Errors::from(errors), false),
        Err(DeskError::Conflict) => (StatusCode::CONFLICT, Errors::default(), true),
        Err(error) => return Err(error.into()),
    };
    let mut page = page(&app, &me, frame, Some((team, tier)), Default::default()).await?;
    if let Some(shown) = &mut page.shown {
        // What was typed stays; sending it again saves it after the version that came between.
        let newest = shown.form.version;
        for line in &mut shown.versions {
            line.shown = line.number == form.based_on;
        }
        shown.form = form;
        shown.form.version = newest;
    }
    page.errors = errors;
    page.conflict = conflict;
    Ok(Page(page).status(status))
}
