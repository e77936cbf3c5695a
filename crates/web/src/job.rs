//! Runs of diagnostics: the drawer that asks for them, their page, their output as it comes.

mod diagnose;
mod output;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use tierdesk_catalogue::find;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::JobState;
use tierdesk_domain::text::{fill, t};
use tierdesk_store::job::{self, Job};
use uuid::Uuid;

use crate::extract::{Me, Path};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::ticket;
use crate::{AppState, WebError};

/// Pieces of output on one page: more than a job can have (1 MiB in pieces of any size, bounded again by bytes).
const PIECES: i64 = 5000;

pub(crate) fn routes(routes: &mut Routes) {
    diagnose::routes(routes);
    routes.get(Audience::Staff, "/tickets/{number}/jobs/{id}", show);
    routes.get(
        Audience::Staff,
        "/tickets/{number}/jobs/{id}/output",
        download,
    );
    routes.stream(
        Audience::Staff,
        "/tickets/{number}/jobs/{id}/stream",
        stream,
    );
    routes.get(Audience::Staff, "/jobs/{id}", lead);
    routes.post(Audience::Engineer, "/tickets/{number}/jobs/{id}/stop", stop);
}

/// The word for a state.
fn word(state: JobState) -> &'static str {
    t(match state {
        JobState::Queued => "job.queued",
        JobState::Leased => "job.leased",
        JobState::Running => "job.running",
        JobState::Succeeded => "job.succeeded",
        JobState::Failed => "job.failed",
        JobState::TimedOut => "job.timed_out",
        JobState::Cancelled => "job.cancelled",
        JobState::Refused => "job.refused",
        JobState::Expired => "job.expired",
        JobState::Interrupted => "job.interrupted",
        JobState::Lost => "job.lost",
    })
}

/// A run as lists and cards show it.
pub(crate) struct Line {
    /// Its page.
    pub(crate) address: String,
    pub(crate) entry: String,
    pub(crate) title: &'static str,
    pub(crate) host: String,
    pub(crate) host_id: Uuid,
    pub(crate) ticket: String,
    pub(crate) by: String,
    pub(crate) state: &'static str,
    pub(crate) over: bool,
    pub(crate) waits: bool,
    /// Whether the reader may stop it.
    pub(crate) may_stop: bool,
    /// `healthy`, `problem`, `unknown`, or `""` while there is none.
    pub(crate) verdict: &'static str,
    pub(crate) summary: String,
    pub(crate) took: String,
    pub(crate) at: Moment,
    pub(crate) until: Moment,
}

impl Line {
    /// `may_work` says whether the reader may work on its ticket.
    pub(crate) fn new(job: Job, may_work: bool, frame: &Frame) -> Self {
        let number = job.ticket_number.map_or(0, |it| it.0);
        Self {
            address: format!("/tickets/{number}/jobs/{}", job.id),
            title: find(&job.entry).map_or("", |entry| entry.title),
            entry: job.entry,
            host: job.host_name,
            host_id: job.host.0,
            ticket: job
                .ticket_number
                .map(|it| it.to_string())
                .unwrap_or_default(),
            by: job.actor_name.unwrap_or_else(|| t("ui.bot").to_owned()),
            state: word(job.state),
            over: job.state.is_final(),
            waits: job.state == JobState::Queued,
            may_stop: may_work && !job.state.is_final() && job.cancel_asked_at.is_none(),
            verdict: match job.state {
                JobState::Succeeded => job.verdict.map_or("unknown", |verdict| verdict.as_str()),
                state if state.is_final() => "unknown",
                _ => "",
            },
            summary: job.summary.unwrap_or_default(),
            took: job.duration_ms.map(took).unwrap_or_default(),
            at: frame.at(&job.created_at),
            until: frame.at(&job.expires_at),
        }
    }
}

fn took(millis: i64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
}

/// The runs of a ticket that have not ended, for its page: oldest first.
pub(crate) async fn unfinished(
    conn: &mut tierdesk_store::PgConnection,
    ticket: tierdesk_domain::id::TicketId,
    may_work: bool,
    frame: &Frame,
) -> Result<Vec<Line>, WebError> {
    let jobs = job::of_ticket(conn, ticket, 50).await?;
    let going = jobs.into_iter().rev().filter(|job| !job.state.is_final());
    Ok(going.map(|job| Line::new(job, may_work, frame)).collect())
}

#[derive(Template)]
#[template(path = "job/show.html")]
struct Show {
    frame: Frame,
    number: i64,
    line: Line,
    class: &'static str,
    params: Vec<(String, String)>,
    command: Vec<String>,
    facts: Vec<(String, String)>,
    refusal: String,
    attempts: i32,
    redactions: u64,
    dropped: String,
    exit_code: Option<i32>,
    started: Option<Moment>,
    finished: Option<Moment>,
    output: String,
}

/// From a run's own address to its page beside its ticket.
async fn lead(
    State(app): State<AppState>,
    me: Me,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    let job = readable(&app, &me, id).await?;
    let number = job.ticket_number.ok_or(WebError::NotFound)?.0;
    Ok(see(&format!("/tickets/{number}/jobs/{id}"), None))
}

/// A run whose ticket's internal side the reader may see.
async fn readable(app: &AppState, me: &Me, id: Uuid) -> Result<Job, WebError> {
    let job = app.desk.read_job(&me.caller, JobId(id)).await;
    job.map_err(|error| match error {
        // Who may read the ticket only as its requester learns nothing here.
        tierdesk_desk::DeskError::Denied => WebError::NotFound,
        other => other.into(),
    })
}

/// The run of a path, if it belongs to that ticket and the reader may see its internal side.
async fn find_job(app: &AppState, me: &Me, number: i64, id: Uuid) -> Result<Job, WebError> {
    let job = readable(app, me, id).await?;
    if job.ticket_number.is_some_and(|it| it.0 == number) {
        Ok(job)
    } else {
        Err(WebError::NotFound)
    }
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path((number, id)): Path<(i64, Uuid)>,
) -> Result<Response, WebError> {
    let job = find_job(&app, &me, number, id).await?;
    let ticket = ticket::find(&app, &me, number).await?;
    let may_work = authorize(&me.caller.who, Action::WorkTicket(ticket.facts())).is_ok();
    let mut conn = app.desk.acquire().await?;
    let chunks = job::chunks(&mut conn, job.id, job.attempt, -1, PIECES).await?;
    drop(conn);
    let command = find(&job.entry)
        .and_then(|entry| {
            let params = tierdesk_catalogue::Params::parse(entry, &job.params).ok()?;
            let plan = tierdesk_catalogue::plan(entry, &params);
            Some(plan.iter().map(tierdesk_catalogue::Argv::display).collect())
        })
        .unwrap_or_default();
    let facts = job
        .facts
        .iter()
        .filter(|(_, value)| !value.is_null() && !value.is_object())
        .filter(|(_, value)| {
            value
                .as_array()
                .is_none_or(|items| items.iter().all(|item| !item.is_object()))
        })
        .map(|(name, value)| {
            let text = match value {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Array(items) => items
                    .iter()
                    .map(|item| {
                        item.as_str()
                            .map_or_else(|| item.to_string(), str::to_owned)
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
                other => other.to_string(),
            };
            (
                name.replace('_', " "),
                tierdesk_domain::field::one_line(&text),
            )
        })
        .collect();
    let page = Show {
        number,
        class: job.class.as_str(),
        params: job.params.clone().into_iter().collect(),
        command,
        facts,
        refusal: job.refusal.clone().unwrap_or_default(),
        attempts: job.attempt,
        redactions: u64::try_from(job.redactions).unwrap_or(0),
        dropped: match u64::try_from(job.dropped_bytes) {
            Ok(0) | Err(_) => String::new(),
            Ok(bytes) => fill("job.dropped", &[("size", &crate::moment::size(bytes))]),
        },
        exit_code: job.exit_code,
        started: job.started_at.map(|at| frame.at(&at)),
        finished: job.finished_at.map(|at| frame.at(&at)),
        output: output::text(&chunks),
        line: Line::new(job, may_work, &frame),
        frame,
    };
    Ok(Page(page).into_response())
}

/// The bytes as they came from the host: a file, never a page.
async fn download(
    State(app): State<AppState>,
    me: Me,
    Path((number, id)): Path<(i64, Uuid)>,
) -> Result<Response, WebError> {
    let job = find_job(&app, &me, number, id).await?;
    let mut conn = app.desk.acquire().await?;
    let chunks = job::chunks(&mut conn, job.id, job.attempt, -1, PIECES).await?;
    let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.bytes).collect();
    let name = format!("attachment; filename=\"{}-{}.txt\"", job.entry, job.id);
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
    ];
    Ok((headers, bytes).into_response())
}

async fn stream(
    State(app): State<AppState>,
    me: Me,
    Path((number, id)): Path<(i64, Uuid)>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let job = find_job(&app, &me, number, id).await?;
    let seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    Ok(output::stream(&app, &me, &job, seen))
}

async fn stop(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path((number, id)): Path<(i64, Uuid)>,
) -> Result<Response, WebError> {
    let job = find_job(&app, &me, number, id).await?;
    app.desk.stop_job(&me.caller, job.id, frame.now).await?;
    Ok(see(
        &format!("/tickets/{number}/jobs/{id}"),
        Some("said.job_stopped"),
    ))
}
