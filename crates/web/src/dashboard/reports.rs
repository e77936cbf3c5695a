//! Saved reports: a view of figures under a name, mailed on a schedule where that is wanted.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Weekday;
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::dashboard::Lens;
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::id::PersonId;
use tierdesk_domain::report::{Page as Figures, Rhythm, Schedule};
use tierdesk_domain::text;
use tierdesk_store::report::Report;
use uuid::Uuid;

use super::day;
use super::filter_form::{Choice, choice, preset_words};
use super::head::PAGES;
use super::sheet::dimension_word;
use super::typed::Typed;
use super::view::{Fields, address, only};
use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{self, Errors};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(super) fn routes(routes: &mut Routes) {
    routes.get(Audience::Manager, "/dashboard/reports", list);
    routes.get(Audience::Manager, "/dashboard/reports/new", new);
    routes.post(Audience::Manager, "/dashboard/reports/new", create);
    routes.get(Audience::Manager, "/dashboard/reports/{id}", show);
    routes.post(Audience::Manager, "/dashboard/reports/{id}", change);
    routes.post(Audience::Manager, "/dashboard/reports/{id}/remove", remove);
}

struct Line {
    id: Uuid,
    name: String,
    page: &'static str,
    /// Which days and tickets, in words.
    view: String,
    /// Where it leads; nowhere where its team is not the reader's any more.
    href: Option<String>,
    schedule: String,
    recipients: String,
    mailed: Option<Moment>,
    stopped: Option<Moment>,
}

#[derive(Template)]
#[template(path = "dashboard/reports.html")]
struct ReportsPage {
    frame: Frame,
    lines: Vec<Line>,
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let found = app.desk.reports(&me.caller).await?;
    let mut conn = app.desk.acquire().await?;
    let names = View::default();
    let (_, lens) = app
        .desk
        .lens(&mut conn, &me.caller, names, frame.now)
        .await?;
    drop(conn);
    let name = |id: &PersonId| {
        let known = found.managers.iter().find(|it| it.0 == *id);
        known
            .map_or(text::t("report.former"), |it| it.1.as_str())
            .to_owned()
    };
    let lines = found
        .reports
        .iter()
        .map(|report| Line {
            id: report.id,
            name: report.name.clone(),
            page: page_word(report.page),
            view: view_words(&lens, &report.view),
            href: {
                let theirs = |team| lens.teams.contains_key(&team);
                let open = report.view.team.is_none_or(theirs);
                open.then(|| address(report.page.path(), &report.view))
            },
            schedule: report.schedule.map_or_else(
                || text::t("report.not_mailed").to_owned(),
                |schedule| words(&schedule),
            ),
            recipients: report
                .recipients
                .iter()
                .map(name)
                .collect::<Vec<_>>()
                .join(", "),
            mailed: report.mailed_at.map(|at| frame.at(&at)),
            stopped: report.stopped_at.map(|at| frame.at(&at)),
        })
        .collect();
    Ok(Page(ReportsPage { lines, frame }).into_response())
}

/// `Last month, L2, by category`
fn view_words(lens: &Lens, view: &View) -> String {
    let days = match view.when {
        When::Preset(preset) => preset_words(preset).to_owned(),
        When::Days { from, to } => {
            text::fill("report.days", &[("from", &day(from)), ("to", &day(to))])
        }
    };
    let by = view.by.map(|by| {
        let what = dimension_word(by).to_lowercase();
        text::fill("report.by", &[("what", &what)])
    });
    let words = [days].into_iter().chain(only(lens, view)).chain(by);
    words.collect::<Vec<_>>().join(", ")
}

fn page_word(page: Figures) -> &'static str {
    let found = PAGES.iter().find(|it| it.1 == page.path());
    found.map_or("", |it| text::t(it.0))
}

/// Monday first.
const WEEKDAYS: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

fn weekday(on: u32) -> &'static str {
    text::t(match on {
        1 => "report.mon",
        2 => "report.tue",
        3 => "report.wed",
        4 => "report.thu",
        5 => "report.fri",
        6 => "report.sat",
        _ => "report.sun",
    })
}

/// `Every Monday at 07:30, Europe/Berlin`
fn words(schedule: &Schedule) -> String {
    let at = schedule.at.format("%H:%M");
    let zone = schedule.zone.name();
    match schedule.rhythm {
        Rhythm::Daily => text::fill("report.daily_at", &[("at", &at), ("zone", &zone)]),
        Rhythm::Weekly => text::fill(
            "report.weekly_at",
            &[("day", &weekday(schedule.on)), ("at", &at), ("zone", &zone)],
        ),
        Rhythm::Monthly => text::fill(
            "report.monthly_at",
            &[("day", &schedule.on), ("at", &at), ("zone", &zone)],
        ),
    }
}

#[derive(Template)]
#[template(path = "dashboard/report.html")]
struct ReportPage {
    frame: Frame,
    /// The report that is changed; none for a new one.
    id: Option<Uuid>,
    typed: Typed,
    errors: Errors,
    /// What the view says, in words, and where it leads.
    shows: String,
    href: String,
    rhythms: Vec<Choice>,
    weekdays: Vec<Choice>,
    people: Vec<Choice>,
    stopped: Option<Moment>,
    conflict: bool,
    /// It shows what its owner may not see any more: it can only be removed.
    lost: bool,
}

impl ReportPage {
    fn action(&self) -> String {
        match self.id {
            None => "/dashboard/reports/new".to_owned(),
            Some(id) => format!("/dashboard/reports/{id}"),
        }
    }
}

/// What is shown, and the typed fields around it.
struct Shown {
    id: Option<Uuid>,
    typed: Typed,
    view: View,
    page: Figures,
    errors: Errors,
    stopped: Option<chrono::DateTime<chrono::Utc>>,
    conflict: bool,
}

async fn page(app: &AppState, me: &Me, frame: Frame, shown: Shown) -> Result<ReportPage, WebError> {
    let managers = app.desk.reports(&me.caller).await?.managers;
    let mut conn = app.desk.acquire().await?;
    let lens = app.desk.lens(&mut conn, &me.caller, shown.view, frame.now);
    let (lens, lost) = match lens.await {
        Err(DeskError::NotFound) if shown.id.is_some() => {
            let rest = View {
                when: shown.view.when,
                ..View::default()
            };
            let lens = app.desk.lens(&mut conn, &me.caller, rest, frame.now);
            (lens.await?.1, true)
        }
        found => (found?.1, false),
    };
    drop(conn);
    let typed = shown.typed;
    let rhythm = |value: &str, key| choice(value, text::t(key), typed.rhythm == value);
    Ok(ReportPage {
        shows: format!(
            "{}. {}",
            page_word(shown.page),
            super::head::line(&lens, &frame)
        ),
        href: address(shown.page.path(), &shown.view),
        rhythms: vec![
            rhythm("", "report.not_mailed"),
            rhythm(Rhythm::Daily.as_str(), "report.daily"),
            rhythm(Rhythm::Weekly.as_str(), "report.weekly"),
            rhythm(Rhythm::Monthly.as_str(), "report.monthly"),
        ],
        weekdays: WEEKDAYS
            .iter()
            .map(|it| it.number_from_monday())
            .map(|on| choice(on, weekday(on), typed.weekday == on.to_string()))
            .collect(),
        people: managers
            .iter()
            .map(|(id, name)| {
                let chosen = typed.recipients.contains(&id.to_string());
                choice(id, name, chosen)
            })
            .collect(),
        stopped: shown.stopped.map(|at| frame.at(&at)),
        conflict: shown.conflict,
        lost,
        id: shown.id,
        errors: shown.errors,
        typed,
        frame,
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Of {
    page: String,
}

/// The form for what is shown on a page of figures: `?page=/dashboard/times&period=…`.
async fn new(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(of): Query<Of>,
    Query(fields): Query<Fields>,
) -> Result<Response, WebError> {
    let view = fields.read()?.view;
    let page_of = match of.page.as_str() {
        "" => Figures::Overview,
        word => word.parse().map_err(|_| WebError::BadRequest)?,
    };
    let typed = Typed {
        page: page_of.to_string(),
        view: serde_json::to_string(&view).map_err(WebError::internal)?,
        weekday: "1".to_owned(),
        monthday: "1".to_owned(),
        at: "07:30".to_owned(),
        zone: frame.zone.name().to_owned(),
        recipients: me
            .caller
            .person_id()
            .iter()
            .map(ToString::to_string)
            .collect(),
        ..Typed::default()
    };
    let shown = Shown {
        id: None,
        typed,
        view,
        page: page_of,
        errors: Errors::default(),
        stopped: None,
        conflict: false,
    };
    Ok(Page(page(&app, &me, frame, shown).await?).into_response())
}

async fn found(app: &AppState, me: &Me, id: Uuid) -> Result<Report, WebError> {
    let reports = app.desk.reports(&me.caller).await?.reports;
    let report = reports.into_iter().find(|report| report.id == id);
    report.ok_or(WebError::NotFound)
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let report = found(&app, &me, id).await?;
    let shown = Shown {
        id: Some(id),
        typed: Typed::of(&report, &frame)?,
        view: report.view,
        page: report.page,
        errors: Errors::default(),
        stopped: report.stopped_at,
        conflict: false,
    };
    Ok(Page(page(&app, &me, frame, shown).await?).into_response())
}

async fn create(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(typed): Form<Typed>,
) -> Result<Response, WebError> {
    save(&app, &me, frame, None, typed).await
}

async fn change(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(typed): Form<Typed>,
) -> Result<Response, WebError> {
    found(&app, &me, id).await?;
    save(&app, &me, frame, Some(id), typed).await
}

async fn save(
    app: &AppState,
    me: &Me,
    frame: Frame,
    id: Option<Uuid>,
    typed: Typed,
) -> Result<Response, WebError> {
    let (new, mut errors) = typed.read()?;
    let (view, page_of) = (new.view, new.page);
    let mut conflict = false;
    if errors.is_empty() {
        let known = id.map(|id| (id, typed.version));
        match app
            .desk
            .save_report(&me.caller, known, new, frame.now)
            .await
        {
            Ok(_) => return Ok(see("/dashboard/reports", Some("said.saved"))),
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(DeskError::Conflict) => conflict = true,
            Err(error) => return Err(error.into()),
        }
    }
    let shown = Shown {
        id,
        typed,
        view,
        page: page_of,
        errors,
        stopped: None,
        conflict,
    };
    let status = if conflict {
        axum::http::StatusCode::CONFLICT
    } else {
        form::LOOK_AGAIN
    };
    Ok(Page(page(app, me, frame, shown).await?).status(status))
}

async fn remove(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    app.desk.remove_report(&me.caller, id, frame.now).await?;
    Ok(see("/dashboard/reports", Some("said.saved")))
}
