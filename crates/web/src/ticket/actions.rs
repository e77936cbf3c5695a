//! What an engineer does with a ticket. Each form calls one desk function; what fails comes back with the page as it is now
//! and everything that was typed.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::conversation::{Afterwards, Message};
use tierdesk_desk::draft::Purpose;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::{CategoryId, EventId, FormId, PersonId, TeamId};
use tierdesk_domain::ticket::{Impact, Kind, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_store::ticket::Ticket;
use uuid::Uuid;

use super::workspace::{NO_CATEGORY, Typed, written};
use super::{Workspace, address, find};
use crate::attachment::{self, Sent};
use crate::extract::{Form, Me, Multipart, Path};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, interrupted};

pub(crate) fn routes(routes: &mut Routes) {
    routes.upload(Audience::Engineer, "/tickets/{number}/message", message);
    routes.post(Audience::Engineer, "/tickets/{number}/assign", assign);
    routes.post(Audience::Engineer, "/tickets/{number}/status", status);
    routes.post(Audience::Engineer, "/tickets/{number}/priority", priority);
    routes.post(Audience::Engineer, "/tickets/{number}/subject", subject);
    routes.post(Audience::Engineer, "/tickets/{number}/escalate", escalate);
    routes.post(Audience::Engineer, "/tickets/{number}/hand-back", hand_back);
    routes.post(Audience::Engineer, "/tickets/{number}/resolve", resolve);
    routes.post(Audience::Engineer, "/tickets/{number}/reopen", reopen);
}

/// An action on its way back to the person.
pub(super) struct Turn {
    pub(super) app: AppState,
    pub(super) me: Me,
    frame: Frame,
    pub(super) ticket: Ticket,
    pub(super) now: DateTime<Utc>,
    /// The dialog the form stands in, or `""`.
    dialog: &'static str,
    pub(super) typed: HashMap<&'static str, String>,
    pub(super) seen: String,
}

impl Turn {
    /// Goes on to the ticket's page, or shows it with what went wrong and what was typed.
    pub(super) async fn end<T>(
        self,
        result: Result<T, DeskError>,
        said: &'static str,
    ) -> Result<Response, WebError> {
        let (status, errors, conflict) = match result {
            Ok(_) => return Ok(see(&address(self.ticket.number), Some(said))),
            Err(DeskError::Invalid(errors)) => (LOOK_AGAIN, Errors::from(errors), false),
            Err(DeskError::Conflict) => (StatusCode::CONFLICT, Errors::default(), true),
            // It went to others meanwhile. What was written for it is not lost as long as the ticket can be read.
            Err(DeskError::Denied) => (StatusCode::FORBIDDEN, Errors::default(), true),
            Err(DeskError::State(why)) => {
                let mut errors = Errors::default();
                errors.add("", tierdesk_domain::text::t(why));
                (StatusCode::CONFLICT, errors, false)
            }
            Err(error) => return Err(WebError::from(error).with_words(written(&self.typed))),
        };
        self.show(status, errors, conflict).await
    }

    /// Shows the page with what went wrong and what was typed.
    async fn show(
        self,
        status: StatusCode,
        errors: Errors,
        conflict: bool,
    ) -> Result<Response, WebError> {
        // The ticket as it is now: that is what the next try must know.
        let ticket = find(&self.app, &self.me, self.ticket.number.0)
            .await
            .map_err(|error| error.with_words(written(&self.typed)))?;
        let mut conn = self.app.desk.acquire().await?;
        let desk = &self.app.desk;
        let mut page = Workspace::load(desk, &mut conn, &self.me, ticket, self.frame).await?;
        drop(conn);
        page.errors = errors;
        page.open = self.dialog;
        page.typed = Typed(self.typed);
        if page.typed.of("mode") == "note" {
            page.mode = "note";
        }
        page.out_of_reach = status == StatusCode::FORBIDDEN;
        if conflict {
            page.show_conflict(&self.seen);
        }
        Ok(Page(page).status(status))
    }
}

/// What every form needs before it begins, with what was typed into it: who must not see the ticket any more gets that back.
pub(super) async fn begin(
    app: AppState,
    me: Me,
    frame: Frame,
    number: i64,
    dialog: &'static str,
    typed: HashMap<&'static str, String>,
) -> Result<Turn, WebError> {
    let ticket = find(&app, &me, number)
        .await
        .map_err(|error| error.with_words(written(&typed)))?;
    let now = frame.now;
    Ok(Turn {
        app,
        me,
        frame,
        ticket,
        now,
        dialog,
        typed,
        seen: String::new(),
    })
}

/// A reply or a note, with or without files. Files that were received wait for the composer of this ticket until it is sent.
async fn message(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    parts: Multipart,
) -> Result<Response, WebError> {
    let mut turn = match begin(app, me, frame, number, "", HashMap::new()).await {
        Err(WebError::NotFound) => {
            let body = interrupted::texts(parts)
                .await
                .and_then(|fields| fields.into_iter().find(|(name, _)| name == "body"))
                .map(|(_, body)| ("body", body));
            let typed = body.into_iter().collect();
            return Err(WebError::NotFound.with_words(written(&typed)));
        }
        other => other?,
    };
    let (desk, caller, id) = (
        turn.app.desk.clone(),
        turn.me.caller.clone(),
        turn.ticket.id,
    );
    authorize(&caller.who, Action::AddNote(turn.ticket.facts()))?;
    let form = FormId::composer(id);
    let sent = Sent::read(parts, &turn.app, &turn.me, Some(form)).await?;
    let now = sent.at;
    (turn.now, turn.frame.now) = (now, now);
    turn.typed = ["body", "mode", "pending"]
        .map(|field| (field, sent.text(field).to_owned()))
        .into();
    sent.text("seen").clone_into(&mut turn.seen);
    let message = Message {
        text: sent.text("body"),
        files: Some(form),
        seen: event(&turn.seen),
    };
    let refused = sent.has(attachment::REMOVE) || !sent.errors.is_empty();
    let (purpose, said) = match sent.text("mode") {
        "note" => (Purpose::Note(id), "said.noted"),
        _ => (Purpose::Reply(id), "said.sent"),
    };
    let result = match purpose {
        _ if refused => Err(DeskError::Invalid(Vec::new())),
        Purpose::Note(_) => desk.note(&caller, id, message, now).await,
        _ => {
            let afterwards = if sent.text("pending").is_empty() {
                Afterwards::Open
            } else {
                Afterwards::Pending
            };
            desk.reply(&caller, id, message, afterwards, now).await
        }
    };
    // What is not sent now is a draft, so that even closing the page loses nothing.
    match &result {
        Ok(_) => desk.mark_read(&caller, id, now).await?,
        // It went out of their sight meanwhile, and the answer gives them their words back.
        Err(DeskError::NotFound) => {}
        Err(_) => {
            desk.keep_draft(&caller, purpose, sent.text("body"), now)
                .await?;
        }
    }
    match sent.has(attachment::REMOVE) {
        true => turn.show(StatusCode::OK, sent.errors, false).await,
        false if refused => turn.show(LOOK_AGAIN, sent.errors, false).await,
        false => turn.end(result, said).await,
    }
}

#[derive(Debug, Deserialize)]
struct AssignForm {
    /// A person, `me`, or nothing for nobody.
    #[serde(default)]
    assignee: String,
    /// Who had it when the page was loaded.
    #[serde(default)]
    expected: String,
    #[serde(default)]
    seen: String,
}

/// The newest event that a form's page showed.
fn event(text: &str) -> Option<EventId> {
    text.parse().ok().map(EventId)
}

fn person(text: &str) -> Option<PersonId> {
    text.parse::<Uuid>().ok().map(PersonId)
}

async fn assign(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<AssignForm>,
) -> Result<Response, WebError> {
    let mut turn = begin(app, me, frame, number, "", HashMap::new()).await?;
    turn.seen = form.seen;
    let own = turn.me.visitor.principal.person;
    let to = match form.assignee.as_str() {
        "me" => Some(own),
        "" | "nobody" => None,
        other => match person(other) {
            Some(id) => Some(id),
            None => {
                return turn
                    .end::<()>(
                        Err(vec![FieldError::new("assignee", "error.choose_one")].into()),
                        "",
                    )
                    .await;
            }
        },
    };
    let result = turn
        .app
        .desk
        .assign(
            &turn.me.caller,
            turn.ticket.id,
            to,
            person(&form.expected),
            turn.now,
        )
        .await;
    let said = if to == Some(own) {
        "said.taken"
    } else {
        "said.assigned"
    };
    turn.end(result, said).await
}

#[derive(Debug, Deserialize)]
struct StatusForm {
    version: i32,
    status: String,
    #[serde(default)]
    seen: String,
}

async fn status(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<StatusForm>,
) -> Result<Response, WebError> {
    let mut turn = begin(app, me, frame, number, "", HashMap::new()).await?;
    turn.seen = form.seen;
    let next: Status = form.status.parse().map_err(|_| WebError::BadRequest)?;
    let result = turn
        .app
        .desk
        .set_status(
            &turn.me.caller,
            turn.ticket.id,
            form.version,
            next,
            turn.now,
        )
        .await;
    turn.end(result, "said.saved").await
}

#[derive(Debug, Deserialize)]
struct PriorityForm {
    version: i32,
    impact: String,
    urgency: String,
    #[serde(default)]
    seen: String,
}

async fn priority(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<PriorityForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([
        ("impact", form.impact.clone()),
        ("urgency", form.urgency.clone()),
    ]);
    let mut turn = begin(app, me, frame, number, "properties", typed).await?;
    turn.seen = form.seen;
    let impact: Impact = form.impact.parse().map_err(|_| WebError::BadRequest)?;
    let urgency: Urgency = form.urgency.parse().map_err(|_| WebError::BadRequest)?;
    let desk = &turn.app.desk;
    let result = desk
        .set_impact_urgency(
            &turn.me.caller,
            turn.ticket.id,
            form.version,
            impact,
            urgency,
            turn.now,
        )
        .await;
    turn.end(result, "said.saved").await
}

#[derive(Debug, Deserialize)]
struct SubjectForm {
    version: i32,
    kind: String,
    /// A category, or [`NO_CATEGORY`].
    category: String,
    #[serde(default)]
    seen: String,
}

async fn subject(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<SubjectForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([
        ("kind", form.kind.clone()),
        ("category", form.category.clone()),
    ]);
    let mut turn = begin(app, me, frame, number, "subject", typed).await?;
    turn.seen = form.seen;
    let kind: Kind = form.kind.parse().map_err(|_| WebError::BadRequest)?;
    let category = match form.category.as_str() {
        NO_CATEGORY => None,
        id => Some(CategoryId(id.parse().map_err(|_| WebError::BadRequest)?)),
    };
    let desk = &turn.app.desk;
    let result = desk
        .set_subject(
            &turn.me.caller,
            turn.ticket.id,
            form.version,
            kind,
            category,
            turn.now,
        )
        .await;
    turn.end(result, "said.saved").await
}

#[derive(Debug, Deserialize)]
struct EscalateForm {
    version: i32,
    #[serde(default)]
    to: String,
    #[serde(default)]
    known: String,
    #[serde(default)]
    tried: String,
    #[serde(default)]
    evidence: String,
    #[serde(default)]
    ask: String,
    #[serde(default)]
    seen: String,
}

/// `TEAM:L2` as the form's choices write it.
fn target(text: &str) -> Option<(TeamId, Tier)> {
    let (team, tier) = text.split_once(':')?;
    let tier = Tier::from_name(tier)?;
    Some((TeamId(team.parse().ok()?), tier))
}

async fn escalate(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<EscalateForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([
        ("to", form.to.clone()),
        ("known", form.known.clone()),
        ("tried", form.tried.clone()),
        ("evidence", form.evidence.clone()),
        ("ask", form.ask.clone()),
    ]);
    let mut turn = begin(app, me, frame, number, "escalate", typed).await?;
    turn.seen = form.seen;
    let Some((team, tier)) = target(&form.to) else {
        return turn
            .end::<()>(
                Err(vec![FieldError::new("to", "error.choose_one")].into()),
                "",
            )
            .await;
    };
    let note = Handover {
        known: form.known,
        tried: form.tried,
        evidence: form.evidence,
        ask: form.ask,
    };
    let result = turn
        .app
        .desk
        .escalate(
            &turn.me.caller,
            turn.ticket.id,
            form.version,
            (team, tier),
            note,
            turn.now,
        )
        .await;
    turn.end(result, "said.escalated").await
}

#[derive(Debug, Deserialize)]
struct HandBackForm {
    version: i32,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    seen: String,
}

async fn hand_back(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<HandBackForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([("reason", form.reason.clone())]);
    let mut turn = begin(app, me, frame, number, "hand-back", typed).await?;
    turn.seen = form.seen;
    let result = turn
        .app
        .desk
        .hand_back(
            &turn.me.caller,
            turn.ticket.id,
            form.version,
            &form.reason,
            turn.now,
        )
        .await;
    turn.end(result, "said.handed_back").await
}

#[derive(Debug, Deserialize)]
struct ResolveForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    seen: String,
}

/// The desk speaks of `body`; the form that shares its page with the composer calls it otherwise.
fn renamed<T>(result: Result<T, DeskError>, to: &'static str) -> Result<T, DeskError> {
    result.map_err(|error| match error {
        DeskError::Invalid(errors) => DeskError::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError {
                    field: if error.field == "body" {
                        to
                    } else {
                        error.field
                    },
                    ..error
                })
                .collect(),
        ),
        other => other,
    })
}

async fn resolve(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<ResolveForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([("code", form.code.clone()), ("answer", form.answer.clone())]);
    let mut turn = begin(app, me, frame, number, "resolve", typed).await?;
    turn.seen = form.seen;
    let Ok(code) = form.code.parse::<ResolutionCode>() else {
        return turn
            .end::<()>(
                Err(vec![FieldError::new("code", "error.choose_one")].into()),
                "",
            )
            .await;
    };
    let result = turn
        .app
        .desk
        .resolve(
            &turn.me.caller,
            turn.ticket.id,
            code,
            Message {
                text: &form.answer,
                files: None,
                seen: event(&turn.seen),
            },
            turn.now,
        )
        .await;
    turn.end(renamed(result, "answer"), "said.resolved").await
}

#[derive(Debug, Deserialize)]
struct ReopenForm {
    #[serde(default)]
    why: String,
}

async fn reopen(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<ReopenForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([("why", form.why.clone())]);
    let turn = begin(app, me, frame, number, "reopen", typed).await?;
    let result = turn
        .app
        .desk
        .reopen(&turn.me.caller, turn.ticket.id, &form.why, turn.now)
        .await;
    turn.end(renamed(result, "why"), "said.reopened").await
}
