//! What priority follows from the two answers of a requester, for administrators: nine choices, saved as a version.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use tierdesk_desk::DeskError;
use tierdesk_desk::rulebook::Reign;
use tierdesk_domain::priority::{FIELDS, IMPACTS, Matrix, URGENCIES};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::Priority;

use crate::extract::{Form, Me, Query};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::versions::{Asked, VersionLine};
use crate::{AppState, WebError, filters, words};

const PAGE: &str = "/admin/priorities";

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, PAGE, show);
    routes.post(Audience::Administrator, PAGE, save);
}

/// One of the nine answers.
struct Cell {
    field: &'static str,
    /// What the select is called, for those who do not see the table around it.
    label: String,
    urgency: &'static str,
    /// What is chosen: the number of a priority, or what was typed.
    chosen: String,
    /// The number of the priority that follows now.
    now: i16,
}

/// The answers of one impact.
struct Row {
    impact: &'static str,
    cells: Vec<Cell>,
}

#[derive(Template)]
#[template(path = "priority/show.html")]
struct PrioritiesPage {
    frame: Frame,
    /// The newest version; 0 where nobody edited it.
    version: i32,
    /// The one that the form begins with.
    based_on: i32,
    urgencies: [&'static str; 3],
    rows: Vec<Row>,
    versions: Vec<VersionLine>,
    errors: Errors,
    conflict: bool,
}

/// What stands in the nine fields, in the places of the matrix.
type Chosen = [[String; 3]; 3];

fn of(matrix: &Matrix) -> Chosen {
    matrix.rows.map(|row| row.map(|it| it.number().to_string()))
}

fn page(frame: Frame, versions: &[Reign<Matrix>], based_on: i32, chosen: Chosen) -> PrioritiesPage {
    let now = versions.first().map(|it| it.document.body.clone());
    let now = now.unwrap_or_default();
    let urgencies = URGENCIES.map(words::urgency);
    let cell = |row: usize, column: usize| Cell {
        field: FIELDS[row][column],
        label: fill(
            "priority.of",
            &[
                ("impact", &words::impact(IMPACTS[row])),
                ("urgency", &urgencies[column]),
            ],
        ),
        urgency: urgencies[column],
        chosen: chosen[row][column].clone(),
        now: now.priority(IMPACTS[row], URGENCIES[column]).number(),
    };
    PrioritiesPage {
        version: versions.first().map_or(0, |it| it.document.version),
        based_on,
        urgencies,
        rows: (0..IMPACTS.len())
            .map(|row| Row {
                impact: words::impact(IMPACTS[row]),
                cells: (0..URGENCIES.len())
                    .map(|column| cell(row, column))
                    .collect(),
            })
            .collect(),
        versions: versions
            .iter()
            .map(|it| VersionLine::new(it, in_words(&it.document.body), based_on, &frame))
            .collect(),
        errors: Errors::default(),
        conflict: false,
        frame,
    }
}

/// What a version says, in words.
fn in_words(matrix: &Matrix) -> String {
    let rows = IMPACTS.iter().zip(&matrix.rows);
    let says: Vec<_> = rows
        .map(|(impact, row)| {
            let steps = row.map(|it| it.to_string()).join(" ");
            format!("{}: {steps}", words::impact(*impact))
        })
        .collect();
    says.join(" · ")
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let versions = app.desk.matrix_versions(&me.caller, frame.now).await?;
    let begins = asked.among(&versions)?;
    let (number, matrix) = begins.map_or_else(Default::default, |it| {
        let document = &it.with.document;
        (document.version, document.body.clone())
    });
    Ok(Page(page(frame, &versions, number, of(&matrix))).into_response())
}

async fn save(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Form(fields): Form<HashMap<String, String>>,
) -> Result<Response, WebError> {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let number = |name| field(name).parse().unwrap_or_default();
    let (seen, based_on) = (number("version"), number("based_on"));
    let chosen = FIELDS.map(|row| row.map(field));
    let mut errors = Errors::default();
    let mut matrix = Matrix::default();
    for (row, column) in (0..9).map(|place| (place / 3, place % 3)) {
        let priority = chosen[row][column].parse().ok();
        match priority.and_then(Priority::from_number) {
            Some(priority) => matrix.rows[row][column] = priority,
            None => errors.add(FIELDS[row][column], t("error.choose_one")),
        }
    }
    let mut status = LOOK_AGAIN;
    if errors.is_empty() {
        let saved = app.desk.save_matrix(&me.caller, seen, matrix, frame.now);
        match saved.await {
            Ok(()) => return Ok(see(PAGE, Some("said.saved"))),
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(DeskError::Conflict) => status = StatusCode::CONFLICT,
            Err(error) => return Err(error.into()),
        }
    }
    let versions = app.desk.matrix_versions(&me.caller, frame.now).await?;
    // What was chosen stays; sending it again saves it after the version that came between.
    let mut page = page(frame, &versions, based_on, chosen);
    page.conflict = status == StatusCode::CONFLICT;
    page.errors = errors;
    Ok(Page(page).status(status))
}
