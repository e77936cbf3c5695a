//! Working calendars for administrators: what holds now and later, a form for the next version with a picture of the week
//! and a preview of due times, and holidays out of a feed.

mod feed;
mod form;
mod retire;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_desk::DeskError;
use tierdesk_desk::calendar::{CalendarLine, Preview};
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::calendar::{CalendarDocument, DAYS, week_in_bars, week_in_words};
use tierdesk_domain::clock::spell;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::text::{self, fill, t};
use uuid::Uuid;

use crate::extract::{Form, Me, Path, Query};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::trial::{self, PromiseTrial};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError};

use form::CalendarForm;

pub(crate) fn routes(routes: &mut Routes) {
    let who = Audience::Administrator;
    routes.get(who, "/admin/calendars", list);
    routes.get(who, "/admin/calendars/new", fresh);
    routes.post(who, "/admin/calendars/new", create);
    routes.get(who, "/admin/calendars/{id}", show);
    routes.post(who, "/admin/calendars/{id}", save);
    routes.upload(who, "/admin/calendars/{id}/feed", feed::read);
    routes.post(who, "/admin/calendars/{id}/holidays", feed::take);
    routes.post(who, "/admin/calendars/{id}/retire", retire::retire);
    routes.post(who, "/admin/calendars/{id}/return", retire::bring_back);
}

/// Where a calendar is edited.
fn address(id: DocumentId) -> String {
    format!("/admin/calendars/{id}")
}

/// A calendar in the list.
struct Listed {
    it: CalendarLine,
    hours: String,
    /// The next holiday or special day, `""` if there is none.
    next_day: String,
    /// When another version takes over.
    until: Option<Moment>,
}

#[derive(Template)]
#[template(path = "calendar/list.html")]
struct ListPage {
    frame: Frame,
    calendars: Vec<Listed>,
}

/// A day of the picture: its name, its bars from and to in percent of a day, and its hours in words.
struct Day {
    name: &'static str,
    bars: Vec<(String, String)>,
    hours: String,
}

/// A line of the preview.
struct Due {
    priority: i16,
    first_response: String,
    resolution: String,
}

#[derive(Template)]
#[template(path = "calendar/show.html")]
struct CalendarPage {
    frame: Frame,
    id: Option<DocumentId>,
    form: CalendarForm,
    zones: Vec<&'static str>,
    days: Vec<(&'static str, &'static str)>,
    week: Vec<Day>,
    previews: Vec<Due>,
    /// The moment that the preview begins at.
    filed: Moment,
    versions: Vec<VersionLine>,
    left_out: Vec<String>,
    /// What counts in it.
    uses: Vec<String>,
    retired: bool,
    errors: Errors,
    conflict: bool,
    /// Whether it is being tried on the past.
    trial: bool,
}

impl CalendarPage {
    fn action(&self) -> String {
        self.id
            .map_or_else(|| "/admin/calendars/new".to_owned(), address)
    }
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let lines = app.desk.calendar_list(&me.caller, frame.now).await?;
    let calendars = lines
        .into_iter()
        .map(|it| Listed {
            hours: week_in_words(&it.document.body.windows),
            next_day: next_day(&it.document.body, frame.now),
            until: it.until.map(|at| frame.at(&at)),
            it,
        })
        .collect();
    Ok(Page(ListPage { frame, calendars }).into_response())
}

fn next_day(calendar: &CalendarDocument, now: DateTime<Utc>) -> String {
    let today = now.with_timezone(&calendar.zone).date_naive();
    let special = calendar.holidays.iter().chain(calendar.dates.keys());
    let Some(next) = special.filter(|date| **date >= today).min() else {
        return String::new();
    };
    let name = calendar.names.get(next).map_or("", String::as_str);
    let date = next.format("%a %-d %b %Y").to_string();
    fill("clock.special", &[("date", &date), ("name", &name)])
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    versions: &[Reign<CalendarDocument>],
    form: CalendarForm,
) -> Result<CalendarPage, WebError> {
    let (calendar, errors) = form.read();
    let id = versions.first().map(|it| it.document.id);
    let newest = versions.first().map(|it| &it.document);
    let filed = form.begins(calendar.zone, frame.now);
    let previews = app
        .desk
        .preview_calendar(&me.caller, id, &calendar, filed)
        .await?;
    let uses = match id {
        Some(id) => app.desk.calendar_uses(&me.caller, id, frame.now).await?,
        None => Vec::new(),
    };
    let left_out = newest
        .map(|it| it.body.left_out.iter())
        .into_iter()
        .flatten();
    Ok(CalendarPage {
        id,
        zones: chrono_tz::TZ_VARIANTS.iter().map(|it| it.name()).collect(),
        days: form::DAY_FIELDS.into_iter().zip(DAYS.map(t)).collect(),
        week: picture(&calendar),
        previews: if errors.is_empty() {
            previews.iter().map(|it| due(it, &frame)).collect()
        } else {
            Vec::new()
        },
        filed: frame.at(&filed),
        versions: versions
            .iter()
            .map(|it| {
                let says = in_words(&it.document.body);
                VersionLine::new(it, says, form.based_on, &frame)
            })
            .collect(),
        left_out: left_out
            .map(|(date, name)| format!("{date} {name}"))
            .collect(),
        uses: uses.iter().map(retire::in_words).collect(),
        retired: newest.is_some_and(|it| !it.active),
        form,
        errors: Errors::default(),
        conflict: false,
        trial: false,
        frame,
    })
}

fn picture(calendar: &CalendarDocument) -> Vec<Day> {
    let percent = |minutes: i64| format!("{:.2}%", f64::from(minutes as i32) / 14.4);
    let bars = week_in_bars(&calendar.windows);
    let days = DAYS.into_iter().zip(bars);
    days.map(|(name, bars)| {
        let minutes: i64 = bars.iter().map(|(from, to)| to - from).sum();
        Day {
            name: t(name),
            bars: bars
                .into_iter()
                .map(|(from, to)| (percent(from), percent(to - from)))
                .collect(),
            hours: match minutes {
                0 => t("calendar.closed").to_owned(),
                _ => spell(TimeDelta::minutes(minutes)),
            },
        }
    })
    .collect()
}

fn due(preview: &Preview, frame: &Frame) -> Due {
    let words = |it: Option<(TimeDelta, Option<DateTime<Utc>>)>| match it {
        None => t("calendar.no_promise").to_owned(),
        Some((target, None)) => fill("calendar.never_due", &[("target", &spell(target))]),
        Some((target, Some(due))) => {
            let due = due.with_timezone(&frame.zone).format("%a %-d %b, %H:%M");
            fill(
                "calendar.due",
                &[("target", &spell(target)), ("time", &due)],
            )
        }
    };
    Due {
        priority: preview.priority.number(),
        first_response: words(preview.first_response),
        resolution: words(preview.resolution),
    }
}

/// What a version says, in words.
fn in_words(body: &CalendarDocument) -> String {
    fill(
        "calendar.says",
        &[
            ("hours", &week_in_words(&body.windows)),
            ("zone", &body.zone.name()),
            (
                "holidays",
                &text::count("calendar.holiday_count", body.holidays.len()),
            ),
            (
                "dates",
                &text::count("calendar.date_count", body.dates.len()),
            ),
        ],
    )
}

async fn fresh(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let form = CalendarForm::fresh(frame.zone);
    Ok(Page(page(&app, &me, frame, &[], form).await?).into_response())
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let id = DocumentId(id);
    let versions = app
        .desk
        .calendar_versions(&me.caller, id, frame.now)
        .await?;
    let begins = asked.among(&versions)?.ok_or(WebError::NotFound)?;
    let form = CalendarForm::of(begins.with, begins.newest.document.version);
    Ok(Page(page(&app, &me, frame, &versions, form).await?).into_response())
}

async fn create(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(form): Form<CalendarForm>,
) -> Result<Response, WebError> {
    keep(app, me, frame, None, form).await
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<CalendarForm>,
) -> Result<Response, WebError> {
    keep(app, me, frame, Some(DocumentId(id)), form).await
}

async fn keep(
    app: AppState,
    me: Me,
    frame: Frame,
    id: Option<DocumentId>,
    mut form: CalendarForm,
) -> Result<Response, WebError> {
    let versions = match id {
        Some(id) => {
            app.desk
                .calendar_versions(&me.caller, id, frame.now)
                .await?
        }
        None => Vec::new(),
    };
    let (mut calendar, mut errors) = form.read();
    let from = form.effective_from(&mut errors);
    let (mut status, mut conflict) = (StatusCode::OK, false);
    let mut run = None;
    if !errors.is_empty() {
        status = LOOK_AGAIN;
    } else if let (Some(id), true) = (id, form.is_trial()) {
        let days = trial::days(&form.days);
        let begun = app
            .desk
            .replay_calendar(&me.caller, id, calendar, days, frame.now)
            .await?;
        run = Some(begun);
    } else if !form.is_preview() {
        // What was left out of feeds is no part of the form.
        if let Some(newest) = versions.first() {
            calendar.left_out.clone_from(&newest.document.body.left_out);
        }
        let seen = id.map(|id| (id, form.version));
        let name = &form.name;
        match app
            .desk
            .save_calendar(&me.caller, seen, name, from, calendar, frame.now)
            .await
        {
            Ok(id) => return Ok(see(&address(id), Some("said.saved"))),
            Err(DeskError::Invalid(wrong)) => (status, errors) = (LOOK_AGAIN, Errors::from(wrong)),
            Err(DeskError::Conflict) => (status, conflict) = (StatusCode::CONFLICT, true),
            Err(DeskError::State(why)) => {
                status = StatusCode::CONFLICT;
                errors.add("name", t(why));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let (true, Some(newest)) = (conflict, versions.first()) {
        // What was typed stays; sending it again saves it after the version that came between.
        form.version = newest.document.version;
    }
    let page = CalendarPage {
        errors,
        conflict,
        trial: run.is_some(),
        ..page(&app, &me, frame, &versions, form).await?
    };
    Ok(match run {
        Some(run) => PromiseTrial::stream(&page, &page.frame, run),
        None => Page(page).status(status),
    })
}
