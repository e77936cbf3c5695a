//! The zone whose days all reports count: an administrator's choice for the whole instance, so that everybody reads the
//! same numbers.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use serde::Deserialize;
use tierdesk_domain::text;

use crate::extract::{Form, Me};
use crate::filters;
use crate::form::{self, Errors};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(super) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/reporting", show);
    routes.post(Audience::Administrator, "/admin/reporting", change);
}

#[derive(Template)]
#[template(path = "dashboard/zone.html")]
struct ZonePage {
    frame: Frame,
    now: String,
    /// The zone that is being counted anew, or `""`.
    next: String,
    zone: String,
    errors: Errors,
    zones: Vec<&'static str>,
}

async fn page(app: &AppState, frame: Frame, typed: Option<String>) -> Result<ZonePage, WebError> {
    let mut conn = app.desk.acquire().await?;
    let book = tierdesk_store::tally::block::book(&mut conn).await?;
    drop(conn);
    Ok(ZonePage {
        frame,
        zone: typed.unwrap_or_else(|| book.zone.clone()),
        now: book.zone,
        next: book.next_zone.unwrap_or_default(),
        errors: Errors::default(),
        zones: chrono_tz::TZ_VARIANTS.iter().map(|it| it.name()).collect(),
    })
}

async fn show(State(app): State<AppState>, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, frame, None).await?).into_response())
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    zone: String,
}

async fn change(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(chosen): Form<Chosen>,
) -> Result<Response, WebError> {
    let Ok(zone) = chosen.zone.trim().parse::<Tz>() else {
        let mut page = page(&app, frame, Some(chosen.zone)).await?;
        page.errors.add("zone", text::t("dashboard.no_such_zone"));
        return Ok(Page(page).status(form::LOOK_AGAIN));
    };
    app.desk
        .set_reporting_zone(&me.caller, zone, frame.now)
        .await?;
    Ok(see("/admin/reporting", Some("said.saved")))
}
