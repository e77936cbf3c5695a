//! Holidays out of an iCalendar file: what was found is shown with boxes, and only what stays ticked is taken.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_domain::calendar::{CalendarDocument, Entry, FeedError, Known, read_feed};
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::text::{fill, t};
use uuid::Uuid;

use super::{CalendarForm, CalendarPage, address, page};
use crate::extract::{Form, Me, Multipart, Path};
use crate::filters;
use crate::form::LOOK_AGAIN;
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::{AppState, WebError};

/// The largest file, in bytes.
const MAX_FEED: usize = 1024 * 1024;

/// So many whole years after the present one are offered.
const YEARS: i32 = 3;

/// A day that was found.
struct Offer {
    /// `2026-12-25 Christmas Day`, as the form sends it back.
    value: String,
    date: String,
    name: String,
    ticked: bool,
    /// What the calendar knows of it, or `""`.
    note: &'static str,
}

#[derive(Template)]
#[template(path = "calendar/feed.html")]
struct FeedPage {
    frame: Frame,
    id: DocumentId,
    version: i32,
    name: String,
    offers: Vec<Offer>,
    skipped: Vec<String>,
}

/// Reads the file that was sent. Nothing is kept of it.
pub(super) async fn read(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    parts: Multipart,
) -> Result<Response, WebError> {
    let id = DocumentId(id);
    let versions = app
        .desk
        .calendar_versions(&me.caller, id, frame.now)
        .await?;
    let newest = versions.first().ok_or(WebError::NotFound)?;
    let today = frame
        .now
        .with_timezone(&newest.document.body.zone)
        .date_naive();
    let last = NaiveDate::from_ymd_opt(today.year() + YEARS, 12, 31).unwrap_or(today);
    let found = match file(parts).await? {
        None => Err("calendar.feed_missing"),
        Some(bytes) if bytes.len() > MAX_FEED => Err("calendar.feed_large"),
        Some(bytes) => match read_feed(&String::from_utf8_lossy(&bytes), today, last) {
            Ok(feed) if feed.entries.is_empty() => Err("calendar.feed_empty"),
            Ok(feed) => Ok(feed),
            Err(FeedError::NotACalendar) => Err("calendar.feed_no_calendar"),
            Err(FeedError::TooMany) => Err("calendar.feed_many"),
        },
    };
    let feed = match found {
        Ok(feed) => feed,
        Err(why) => {
            let form = CalendarForm::of(newest, newest.document.version);
            let mut page: CalendarPage = page(&app, &me, frame, &versions, form).await?;
            page.errors.add("file", t(why));
            return Ok(Page(page).status(LOOK_AGAIN));
        }
    };
    let calendar = &newest.document.body;
    let offers = feed.entries.iter().map(|it| offer(it, calendar)).collect();
    let page = FeedPage {
        id,
        version: newest.document.version,
        name: newest.document.name.clone(),
        offers,
        skipped: feed
            .skipped
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect(),
        frame,
    };
    Ok(Page(page).into_response())
}

/// The first file of the form, at most one byte more than the largest; none if nothing was chosen.
async fn file(mut parts: Multipart) -> Result<Option<Vec<u8>>, WebError> {
    while let Some(mut part) = parts.next().await? {
        if part.file_name().is_none_or(str::is_empty) {
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = part.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_FEED {
                break;
            }
        }
        return Ok(Some(bytes));
    }
    Ok(None)
}

fn offer(entry: &Entry, calendar: &CalendarDocument) -> Offer {
    let known = calendar.knows(entry);
    Offer {
        value: format!("{} {}", entry.date, entry.name),
        date: entry.date.format("%a %-d %b %Y").to_string(),
        name: entry.name.clone(),
        ticked: known.ticked(),
        note: match known {
            Known::New => "",
            Known::Holiday => t("calendar.feed_known"),
            Known::OwnHours => t("calendar.feed_own_hours"),
            Known::LeftOut => t("calendar.feed_left_out"),
        },
    }
}

/// What the boxes say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ticked {
    version: i32,
    /// Every day that was offered.
    entry: Vec<String>,
    /// Those that stayed ticked.
    take: Vec<String>,
}

impl Ticked {
    fn entries(&self) -> Vec<(Entry, bool)> {
        let read = |line: &String| {
            let (date, name) = line.split_once(' ')?;
            let entry = Entry {
                date: date.parse().ok()?,
                name: tierdesk_domain::field::one_line(name),
            };
            Some((entry, self.take.contains(line)))
        };
        self.entry.iter().filter_map(read).collect()
    }
}

pub(super) async fn take(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(ticked): Form<Ticked>,
) -> Result<Response, WebError> {
    let id = DocumentId(id);
    let seen = (id, ticked.version);
    let entries = ticked.entries();
    let taken = app
        .desk
        .take_holidays(&me.caller, seen, &entries, frame.now)
        .await;
    let (status, why) = match taken {
        Ok(()) => return Ok(see(&address(id), Some("said.saved"))),
        Err(DeskError::Conflict) => (StatusCode::CONFLICT, t("calendar.feed_conflict").to_owned()),
        Err(DeskError::Invalid(wrong)) => {
            let limit = wrong.first().and_then(|it| it.limit).unwrap_or_default();
            let message = wrong.first().map_or("error.required", |it| it.message);
            (LOOK_AGAIN, fill(message, &[("limit", &limit)]))
        }
        Err(error) => return Err(error.into()),
    };
    let versions = app
        .desk
        .calendar_versions(&me.caller, id, frame.now)
        .await?;
    let newest = versions.first().ok_or(WebError::NotFound)?;
    let form = CalendarForm::of(newest, newest.document.version);
    let mut page = page(&app, &me, frame, &versions, form).await?;
    page.errors.add("file", why);
    Ok(Page(page).status(status))
}
