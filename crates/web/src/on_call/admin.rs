//! On-call schedules for administrators: read, write, switch off. Each saved form is a new version.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::on_call::OnCall;
use tierdesk_domain::id::{DocumentId, PersonId};
use uuid::Uuid;

use super::form::{DAYS, ScheduleForm};
use super::picture::Picture;
use super::{AHEAD, Warnings};
use crate::extract::{Form, Me, Path};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(super) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/on-call", list);
    routes.post(Audience::Administrator, "/admin/on-call", create);
    routes.get(Audience::Administrator, "/admin/on-call/{id}", show);
    routes.post(Audience::Administrator, "/admin/on-call/{id}", save);
}

/// A schedule in the list.
struct Line {
    id: DocumentId,
    name: String,
    now: String,
    active: bool,
    warns: bool,
    here: bool,
}

#[derive(Template)]
#[template(path = "on_call/admin.html")]
struct AdminPage {
    frame: Frame,
    lines: Vec<Line>,
    shown: Option<DocumentId>,
    form: ScheduleForm,
    people: Vec<(PersonId, String)>,
    zones: &'static [chrono_tz::Tz],
    picture: Option<Picture>,
    warnings: Warnings,
    errors: Errors,
    conflict: bool,
}

impl AdminPage {
    fn action(&self) -> String {
        match self.shown {
            Some(id) => format!("/admin/on-call/{id}"),
            None => "/admin/on-call".to_owned(),
        }
    }

    fn days(&self) -> [&'static str; 7] {
        DAYS
    }

    fn day_name(&self, number: &usize) -> &'static str {
        tierdesk_domain::text::t(tierdesk_domain::calendar::DAYS[*number])
    }

    fn is(&self, chosen: &str, person: &PersonId) -> bool {
        chosen == person.to_string()
    }

    fn error(&self, layer: &usize, field: &str) -> &str {
        self.errors.of(&format!("l{layer}-{field}"))
    }
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    shown: Option<DocumentId>,
    typed: Option<ScheduleForm>,
) -> Result<AdminPage, WebError> {
    let now = frame.now;
    let schedules = app.desk.on_call_schedules(&me.caller, now).await?;
    let mut conn = app.desk.acquire().await?;
    let mut people = tierdesk_store::on_call::candidates(&mut conn).await?;
    drop(conn);
    let found: Option<&OnCall> = match shown {
        Some(id) => Some(
            schedules
                .iter()
                .find(|it| it.document.id == id)
                .ok_or(WebError::NotFound)?,
        ),
        None => None,
    };
    let zone = found.map_or(frame.zone, |it| it.document.body.zone);
    let today = now.with_timezone(&zone).date_naive().to_string();
    // Who left stays in the list while they are in the schedule, so that saving does not silently drop their turns.
    for person in found.iter().flat_map(|it| &it.gone) {
        let name = found.map_or("", |it| it.name(*person));
        people.push((*person, name.to_owned()));
    }
    let form = typed.unwrap_or_else(|| {
        found.map_or_else(
            || ScheduleForm::fresh(frame.zone.name()),
            |it| ScheduleForm::of(&it.document),
        )
    });
    let lines = schedules
        .iter()
        .map(|it| {
            let warnings = Warnings::of(it, now);
            Line {
                id: it.document.id,
                name: it.document.name.clone(),
                now: it.who(now).map_or_else(
                    || tierdesk_domain::text::t("on_call.nobody").to_owned(),
                    |(person, _)| it.name(person).to_owned(),
                ),
                active: it.document.active,
                warns: !warnings.gaps.is_empty()
                    || !warnings.gone.is_empty()
                    || !warnings.absent.is_empty(),
                here: shown == Some(it.document.id),
            }
        })
        .collect();
    Ok(AdminPage {
        lines,
        shown,
        form: form.with_room(&today),
        people,
        zones: &chrono_tz::TZ_VARIANTS,
        picture: found.map(|it| Picture::of(it, now, now + AHEAD, now)),
        warnings: found.map_or_else(Warnings::default, |it| Warnings::of(it, now)),
        errors: Errors::default(),
        conflict: false,
        frame,
    })
}

async fn list(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, None, None).await?).into_response())
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, Some(DocumentId(id)), None).await?).into_response())
}

async fn create(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    keep(app, me, frame, None, ScheduleForm::sent(pairs)).await
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let id = DocumentId(id);
    // A schedule that does not exist gets no version.
    app.desk.on_call_schedule(&me.caller, id, frame.now).await?;
    keep(app, me, frame, Some(id), ScheduleForm::sent(pairs)).await
}

async fn keep(
    app: AppState,
    me: Me,
    frame: Frame,
    id: Option<DocumentId>,
    form: ScheduleForm,
) -> Result<Response, WebError> {
    let mut errors = Errors::default();
    let (mut status, mut conflict) = (LOOK_AGAIN, false);
    if let Some(schedule) = form.read(&mut errors) {
        let seen = id.map(|id| (id, form.version));
        let saved = app
            .desk
            .save_on_call(
                &me.caller,
                seen,
                &form.name,
                form.active,
                schedule,
                frame.now,
            )
            .await;
        match saved {
            Ok(id) => return Ok(see(&format!("/admin/on-call/{id}"), Some("said.saved"))),
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(DeskError::Conflict) => (status, conflict) = (StatusCode::CONFLICT, true),
            Err(error) => return Err(error.into()),
        }
    }
    let now = frame.now;
    let mut page = page(&app, &me, frame, id, Some(form)).await?;
    if let Some(id) = id.filter(|_| conflict) {
        // What was typed stays; sending it again saves it after the version that came between.
        let newest = app.desk.on_call_schedule(&me.caller, id, now).await?;
        page.form.version = newest.document.version;
    }
    (page.errors, page.conflict) = (errors, conflict);
    Ok(Page(page).status(status))
}
