//! Every category in the order in which people see it, and the buttons that change that order.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::category::{Beside, CategoryLine};
use tierdesk_domain::id::CategoryId;
use tierdesk_domain::text::t;
use uuid::Uuid;

use super::PAGE;
use crate::extract::{Form, Me, Path};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::{AppState, WebError, filters, words};

/// A category in the list.
struct Listed {
    it: CategoryLine,
    kind: &'static str,
    changed: Moment,
    author: String,
}

#[derive(Template)]
#[template(path = "category/list.html")]
struct ListPage {
    frame: Frame,
    /// In the order in which people see them.
    in_use: Vec<Listed>,
    retired: Vec<Listed>,
    /// Whether the order changed before a category could be moved.
    conflict: bool,
}

impl ListPage {
    /// The category that stands just before this place, if there is one.
    fn before(&self, place: &usize) -> Option<CategoryId> {
        let before = place.checked_sub(1)?;
        self.in_use.get(before).map(|it| it.it.category.id)
    }

    /// The category that stands just behind this place, if there is one.
    fn behind(&self, place: &usize) -> Option<CategoryId> {
        self.in_use.get(place + 1).map(|it| it.it.category.id)
    }
}

async fn list_page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    conflict: bool,
) -> Result<ListPage, WebError> {
    let lines = app.desk.category_list(&me.caller).await?.into_iter();
    let shown = lines.map(|it| Listed {
        kind: words::kind(it.category.kind),
        changed: frame.at(&it.changed),
        author: (it.author.clone()).unwrap_or_else(|| t("rules.shipped").to_owned()),
        it,
    });
    let (retired, in_use) = shown.partition(|it| it.it.category.retired);
    Ok(ListPage {
        in_use,
        retired,
        conflict,
        frame,
    })
}

pub(super) async fn list(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
) -> Result<Response, WebError> {
    Ok(Page(list_page(&app, &me, frame, false).await?).into_response())
}

/// The one that a category changes places with, as its sender saw the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveForm {
    before: Option<Uuid>,
    behind: Option<Uuid>,
}

pub(super) async fn move_on(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<MoveForm>,
) -> Result<Response, WebError> {
    let beside = match (form.before, form.behind) {
        (Some(other), None) => Beside::Before(CategoryId(other)),
        (None, Some(other)) => Beside::Behind(CategoryId(other)),
        _ => return Err(WebError::BadRequest),
    };
    let moved = app
        .desk
        .move_category(&me.caller, CategoryId(id), beside, frame.now)
        .await;
    match moved {
        Ok(()) => Ok(see(&format!("{PAGE}#c-{id}"), Some("said.saved"))),
        Err(DeskError::Conflict) => {
            let page = list_page(&app, &me, frame, true).await?;
            Ok(Page(page).status(StatusCode::CONFLICT))
        }
        Err(error) => Err(error.into()),
    }
}
