//! A category into which no more tickets shall come is retired, and brought back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tierdesk_desk::DeskError;
use tierdesk_domain::id::CategoryId;
use tierdesk_domain::text::t;
use uuid::Uuid;

use super::{CategoryForm, address, page};
use crate::extract::{Form, Me, Path};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::versions::Seen;
use crate::{AppState, WebError};

pub(super) async fn retire(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(seen): Form<Seen>,
) -> Result<Response, WebError> {
    let id = CategoryId(id);
    let done = app
        .desk
        .retire_category(&me.caller, (id, seen.version), frame.now)
        .await;
    end(app, me, frame, id, done, "said.category_retired").await
}

pub(super) async fn bring_back(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(seen): Form<Seen>,
) -> Result<Response, WebError> {
    let id = CategoryId(id);
    let done = app
        .desk
        .bring_category_back(&me.caller, (id, seen.version), frame.now)
        .await;
    end(app, me, frame, id, done, "said.category_back").await
}

/// The category as it is now, or as it is and why not.
async fn end(
    app: AppState,
    me: Me,
    frame: Frame,
    id: CategoryId,
    done: Result<(), DeskError>,
    said: &'static str,
) -> Result<Response, WebError> {
    let why = match done {
        Ok(()) => return Ok(see(&address(id), Some(said))),
        Err(DeskError::State(why)) => why,
        Err(DeskError::Conflict) => "category.changed_meanwhile",
        Err(error) => return Err(error.into()),
    };
    let versions = app
        .desk
        .category_versions(&me.caller, id, frame.now)
        .await?;
    let newest = versions.first().ok_or(WebError::NotFound)?;
    let form = CategoryForm::of(newest, newest.document.version);
    let mut page = page(&app, &me, frame, Some(id), &versions, form).await?;
    page.errors.add("uses", t(why));
    Ok(Page(page).status(StatusCode::CONFLICT))
}
