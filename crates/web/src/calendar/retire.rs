//! A calendar that nothing counts in any more is retired, and brought back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tierdesk_desk::DeskError;
use tierdesk_desk::calendar::CalendarUse;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::text::{fill, t};
use uuid::Uuid;

use super::{CalendarForm, address, page};
use crate::extract::{Form, Me, Path};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::versions::Seen;
use crate::{AppState, WebError};

/// What counts in a calendar, in words.
pub(super) fn in_words(it: &CalendarUse) -> String {
    match it {
        CalendarUse::Promise(rule) => fill("calendar.use_promise", &[("rule", rule)]),
        CalendarUse::Routing(queue) => fill("calendar.use_routing", &[("queue", queue)]),
        CalendarUse::Hours(name) => fill("calendar.use_hours", &[("name", name)]),
    }
}

pub(super) async fn retire(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(seen): Form<Seen>,
) -> Result<Response, WebError> {
    let id = DocumentId(id);
    let done = app
        .desk
        .retire_calendar(&me.caller, (id, seen.version), frame.now)
        .await;
    end(app, me, frame, id, done, "said.calendar_retired").await
}

pub(super) async fn bring_back(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(seen): Form<Seen>,
) -> Result<Response, WebError> {
    let id = DocumentId(id);
    let done = app
        .desk
        .bring_calendar_back(&me.caller, (id, seen.version), frame.now)
        .await;
    end(app, me, frame, id, done, "said.calendar_back").await
}

/// The calendar as it is now, or as it is and why not.
async fn end(
    app: AppState,
    me: Me,
    frame: Frame,
    id: DocumentId,
    done: Result<(), DeskError>,
    said: &'static str,
) -> Result<Response, WebError> {
    let why = match done {
        Ok(()) => return Ok(see(&address(id), Some(said))),
        Err(DeskError::State(why)) => Some(why),
        Err(DeskError::Conflict) => None,
        Err(error) => return Err(error.into()),
    };
    let versions = app
        .desk
        .calendar_versions(&me.caller, id, frame.now)
        .await?;
    let newest = versions.first().ok_or(WebError::NotFound)?;
    let form = CalendarForm::of(newest, newest.document.version);
    let mut page = page(&app, &me, frame, &versions, form).await?;
    match why {
        Some(why) => {
            let uses = page.uses.join("; ");
            page.errors.add("uses", fill(why, &[("uses", &uses)]));
        }
        None => page.errors.add("uses", t("calendar.changed_meanwhile")),
    }
    Ok(Page(page).status(StatusCode::CONFLICT))
}
