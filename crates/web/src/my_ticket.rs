//! A ticket as its requester sees it: what happens next, what was said, and a place to answer. Everything here is read from
//! the public side of the timeline; no query on this page can return an internal entry.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::conversation::Message;
use tierdesk_desk::draft::Purpose;
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::{FormId, HostId, TicketNumber};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::PgConnection;
use tierdesk_store::requester::{self, Promises};
use tierdesk_store::ticket::{self, Ticket};
use tierdesk_store::timeline::Event;
use tierdesk_store::{attachment as files, link, person, team};

use crate::attachment::{self, File, Files, Sent};
use crate::extract::{Form, Me, Multipart, Now, Path};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::requester::pill;
use crate::routes::{Audience, Routes};
use crate::timeline::{Entry, Reader};
use crate::{AppState, WebError, filters, live};

/// How many entries the page shows at most; no requester's ticket comes near.
const ENTRIES: i64 = 500;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/my/{number}", show);
    routes.stream(Audience::SignedIn, "/my/{number}/live", stream);
    routes.upload(Audience::SignedIn, "/my/{number}/answer", answer);
    routes.post(Audience::SignedIn, "/my/{number}/say", say);
    routes.post(Audience::SignedIn, "/my/{number}/close", close);
    routes.post(Audience::SignedIn, "/my/{number}/seen", seen);
    routes.post(Audience::SignedIn, "/my/{number}/draft", keep);
}

fn address(number: TicketNumber) -> String {
    format!("/my/{}", number.0)
}

/// The ticket of a path, if the reader may read its public side.
pub(crate) async fn find(app: &AppState, me: &Me, number: i64) -> Result<Ticket, WebError> {
    let scope = app.desk.scope(&me.caller)?;
    let mut conn = app.desk.acquire().await?;
    let found = ticket::by_number(&mut conn, &scope, TicketNumber(number)).await?;
    found.ok_or(WebError::NotFound)
}

/// One step of a ticket's way.
struct Step {
    label: String,
    done: bool,
    current: bool,
}

#[derive(Template)]
#[template(path = "requester/ticket.html")]
struct TicketPage {
    frame: Frame,
    number: i64,
    title: String,
    pill: (&'static str, &'static str),
    steps: Vec<Step>,
    /// What happens next, a sentence each.
    next: Vec<String>,
    entries: Vec<Entry>,
    shortened: bool,
    /// Whether the reader is the requester; colleagues only read.
    own: bool,
    closed: bool,
    resolved: bool,
    /// Whether the bot asked if it works and waits for yes or no.
    asked: bool,
    unread: bool,
    who: String,
    waits_for: &'static str,
    urgency: &'static str,
    filed: Moment,
    host: Option<String>,
    requester: String,
    linked: Vec<link::Linked>,
    text: String,
    errors: Errors,
    files: Files,
    again: Again,
}

/// What asking again takes over from a closed ticket.
struct Again {
    category: String,
    impact: &'static str,
    urgency: &'static str,
    host: String,
}

impl TicketPage {
    async fn load(app: &AppState, me: &Me, frame: Frame, ticket: Ticket) -> Result<Self, WebError> {
        let scope = app.desk.scope(&me.caller)?;
        let mut conn = app.desk.acquire().await?;
        let events =
            tierdesk_store::timeline::public(&mut conn, &scope, ticket.id, ENTRIES).await?;
        let attached: Vec<File> = files::public(&mut conn, &scope, ticket.id)
            .await?
            .into_iter()
            .map(File::from)
            .collect();
        let linked = link::follow_ups(&mut conn, &scope, ticket.id).await?;
        let promises = requester::promises(&mut conn, ticket.id).await?;
        let read_at = requester::read_at(&mut conn, me.visitor.principal.person, ticket.id).await?;
        let host = match ticket.host {
            Some(host) => requester::host_name(&mut conn, host).await?,
            None => None,
        };
        let names = person::names(
            &mut conn,
            &[Some(ticket.requester), ticket.assignee]
                .into_iter()
                .flatten()
                .map(|it| it.0)
                .collect::<Vec<_>>(),
        )
        .await?;
        let team = team::find(&mut conn, ticket.team).await?;
        let host_again = host_again(&mut conn, me, &ticket).await?;
        drop(conn);
        let name = |id| {
            names
                .iter()
                .find(|(found, _)| *found == id)
                .map(|(_, name)| name.clone())
        };
        let requester = name(ticket.requester).unwrap_or_default();
        let engineer = ticket.assignee.and_then(name);
        let has = Has {
            engineer: engineer.as_deref(),
            // The name of a team whose tickets are for its members only says too much.
            team: team.filter(|it| !it.restricted).map(|it| it.name),
        };
        let own = authorize(&me.caller.who, Action::ActAsRequester(ticket.facts())).is_ok();
        let files = if own {
            let action = match ticket.status {
                Status::Closed => "/tickets/new".to_owned(),
                _ => format!("{}/answer", address(ticket.number)),
            };
            let form = FormId::answer(ticket.id);
            Files::of(app, &me.caller, form, &action, frame.now).await?
        } else {
            Files::default()
        };
        let reader = Reader {
            now: frame.now,
            zone: frame.zone,
            requester: &requester,
            teams: &HashMap::new(),
            files: &attached,
            desk: false,
        };
        let me_id = me.visitor.principal.person.0;
        let unread = own
            && events.iter().any(|event| {
                event.at > read_at.unwrap_or(ticket.created_at) && event.actor.id != Some(me_id)
            });
        Ok(Self {
            entries: reader.read(&events),
            shortened: i64::try_from(events.len()).is_ok_and(|n| n >= ENTRIES),
            steps: steps(&ticket, &frame),
            next: what_next(&ticket, &has, promises, &frame),
            who: has.words(&ticket),
            waits_for: waits_for(&ticket),
            pill: pill(ticket.status),
            number: ticket.number.0,
            own,
            closed: ticket.status == Status::Closed,
            resolved: ticket.status == Status::Resolved,
            asked: own && bot_asked(&ticket, &events),
            unread,
            urgency: match ticket.urgency {
                Urgency::High => t("requester.work_stopped"),
                Urgency::Medium => t("requester.work_slowed"),
                Urgency::Low => t("requester.work_goes_on"),
            },
            filed: frame.at(&ticket.created_at),
            host,
            requester,
            linked,
            text: String::new(),
            errors: Errors::default(),
            files,
            again: Again {
                category: ticket.category.map(|it| it.to_string()).unwrap_or_default(),
                impact: ticket.impact.as_str(),
                urgency: ticket.urgency.as_str(),
                host: host_again.map(|it| it.to_string()).unwrap_or_default(),
            },
            title: ticket.title,
            frame,
        })
    }
}

/// The closed ticket's machine, where asking again may name it: it may have gone, or have become somebody else's.
async fn host_again(
    conn: &mut PgConnection,
    me: &Me,
    ticket: &Ticket,
) -> Result<Option<HostId>, WebError> {
    let Some(host) = ticket.host.filter(|_| ticket.status == Status::Closed) else {
        return Ok(None);
    };
    let own = requester::hosts(conn, me.visitor.principal.person).await?;
    Ok(own.iter().any(|(id, _)| *id == host).then_some(host))
}

/// Who has a ticket.
struct Has<'a> {
    engineer: Option<&'a str>,
    team: Option<String>,
}

impl Has<'_> {
    /// In plain words, for “who has it”.
    fn words(&self, ticket: &Ticket) -> String {
        if ticket.bot_holds {
            return t("requester.who_bot").to_owned();
        }
        match (self.engineer, &self.team) {
            (Some(name), _) => name.to_owned(),
            (None, Some(team)) if ticket.tier == Tier::L1 => {
                fill("requester.who_team", &[("team", team)])
            }
            (None, Some(team)) => fill("requester.who_engineers", &[("team", team)]),
            (None, None) => t("requester.who_specialists").to_owned(),
        }
    }
}

/// What happens next and by when, a sentence each.
fn what_next(ticket: &Ticket, has: &Has<'_>, promises: Promises, frame: &Frame) -> Vec<String> {
    let said = |key| vec![t(key).to_owned()];
    match ticket.status {
        Status::Closed => said("requester.next_closed"),
        Status::Resolved => match ticket.auto_close_at {
            Some(at) => vec![
                t("requester.next_resolved").to_owned(),
                fill("requester.next_closes", &[("time", &frame.at(&at).short)]),
            ],
            None => said("requester.next_resolved"),
        },
        Status::Pending => said("requester.next_pending"),
        Status::OnHold => said("requester.next_on_hold"),
        Status::New | Status::Open if ticket.bot_holds => said("requester.next_bot"),
        Status::New | Status::Open => {
            let who = match (has.engineer, &has.team) {
                (Some(name), _) => fill("requester.next_engineer", &[("name", &name)]),
                (None, Some(team)) if ticket.tier == Tier::L1 => {
                    fill("requester.next_team", &[("team", team)])
                }
                (None, Some(team)) => fill("requester.next_engineers", &[("team", team)]),
                (None, None) => t("requester.next_specialists").to_owned(),
            };
            let mut sentences = vec![who];
            let aims = [
                (
                    promises.answer_by,
                    "requester.aim_answer",
                    "requester.late_answer",
                ),
                (
                    promises.solved_by,
                    "requester.aim_solved",
                    "requester.late_solved",
                ),
            ];
            for (due, aim, late) in aims {
                if let Some(due) = due {
                    let key = if due > frame.now { aim } else { late };
                    sentences.push(fill(key, &[("time", &frame.at(&due).short)]));
                }
            }
            sentences
        }
    }
}

fn waits_for(ticket: &Ticket) -> &'static str {
    t(match ticket.status {
        Status::New | Status::Open => "requester.waits_us",
        Status::Pending => "requester.waits_you",
        Status::OnHold => "requester.waits_others",
        Status::Resolved => "requester.waits_confirmation",
        Status::Closed => "requester.waits_nothing",
    })
}

fn steps(ticket: &Ticket, frame: &Frame) -> Vec<Step> {
    let at = match ticket.status {
        Status::New => 0,
        Status::Open | Status::Pending | Status::OnHold => 1,
        Status::Resolved => 2,
        Status::Closed => 3,
    };
    let received = fill(
        "requester.step_received",
        &[("time", &frame.at(&ticket.created_at).short)],
    );
    let middle = match ticket.status {
        Status::Pending => t("requester.step_pending"),
        Status::OnHold => t("requester.step_on_hold"),
        _ => t("requester.step_working"),
    };
    [
        received,
        middle.to_owned(),
        t("requester.step_solved").to_owned(),
        t("requester.step_closed").to_owned(),
    ]
    .into_iter()
    .enumerate()
    .map(|(n, label)| Step {
        label,
        done: n < at || at == 3,
        current: n == at && at < 3,
    })
    .collect()
}

/// Whether the last thing said is the bot's question whether it works, and nobody has answered it or taken the ticket.
fn bot_asked(ticket: &Ticket, events: &[Event]) -> bool {
    let last = events.iter().rev().find(|event| {
        matches!(
            event.kind,
            EventKind::Reply | EventKind::Ask | EventKind::Reopened | EventKind::Resolved
        )
    });
    ticket.status.is_open()
        && ticket.bot_holds
        && last.is_some_and(|event| {
            event.actor.kind == ActorKind::Bot && event.data["asks"] == "works"
        })
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    let draft = app
        .desk
        .draft(&me.caller, Purpose::Answer(ticket.id))
        .await?;
    let page = TicketPage {
        text: draft,
        ..TicketPage::load(&app, &me, frame, ticket).await?
    };
    Ok(Page(page).into_response())
}

async fn stream(
    State(app): State<AppState>,
    me: Me,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    Ok(live::requesters_ticket(&app, &me, ticket.id))
}

/// The requester writes, with or without files. A solved ticket is reopened by it.
async fn answer(
    State(app): State<AppState>,
    me: Me,
    mut frame: Frame,
    Path(number): Path<i64>,
    parts: Multipart,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    authorize(&me.caller.who, Action::ActAsRequester(ticket.facts()))?;
    let form = FormId::answer(ticket.id);
    let sent = Sent::read(parts, &app, &me, Some(form)).await?;
    frame.now = sent.at;
    let now = sent.at;
    let id = ticket.id;
    let was_resolved = ticket.status == Status::Resolved;
    let outcome = if sent.has(attachment::REMOVE) {
        Err((StatusCode::OK, sent.errors.clone()))
    } else if !sent.errors.is_empty() {
        Err((LOOK_AGAIN, sent.errors.clone()))
    } else {
        let message = Message {
            text: sent.text("body"),
            files: Some(sent.form),
            seen: None,
        };
        match app.desk.answer(&me.caller, id, message, now).await {
            Ok(()) => Ok(()),
            Err(DeskError::Invalid(wrong)) => Err((LOOK_AGAIN, Errors::from(wrong))),
            // It closed while the answer was written: the page offers to ask again with the same words and files.
            Err(DeskError::State(why)) => {
                let mut errors = Errors::default();
                errors.add("body", t(why));
                Err((StatusCode::CONFLICT, errors))
            }
            Err(other) => return Err(other.into()),
        }
    };
    let (status, errors) = match outcome {
        Ok(()) => {
            app.desk.mark_read(&me.caller, id, now).await?;
            let said = if was_resolved {
                "said.reopened"
            } else {
                "said.sent"
            };
            return Ok(see(&address(ticket.number), Some(said)));
        }
        Err(found) => found,
    };
    app.desk
        .keep_draft(&me.caller, Purpose::Answer(id), sent.text("body"), now)
        .await?;
    let ticket = find(&app, &me, number).await?;
    let page = TicketPage {
        text: sent.text("body").to_owned(),
        errors,
        ..TicketPage::load(&app, &me, frame, ticket).await?
    };
    Ok(Page(page).status(status))
}

/// What a button says for the requester.
#[derive(Debug, Deserialize)]
struct Said {
    works: String,
}

/// Yes or no to the bot's question. Yes solves the ticket, no is an answer like any other, which a person reads.
async fn say(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
    Form(said): Form<Said>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    let page = address(ticket.number);
    if said.works != "yes" {
        let words = t("requester.say_no");
        app.desk.answer(&me.caller, ticket.id, words, now).await?;
        return Ok(see(&page, Some("said.sent")));
    }
    match app.desk.confirm_works(&me.caller, ticket.id, now).await {
        Ok(true) => Ok(see(&page, Some("said.works"))),
        // They had written something else before, which a person reads.
        Ok(false) => Ok(see(&page, Some("said.sent"))),
        // Somebody was faster: the page says how it stands.
        Err(DeskError::State(_)) => Ok(see(&page, Some("said.nobody_asked"))),
        Err(other) => Err(other.into()),
    }
}

/// It works again, or nothing more is needed. Pressed twice it stays closed.
async fn close(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    match app
        .desk
        .close_by_requester(&me.caller, ticket.id, now)
        .await
    {
        Ok(()) | Err(DeskError::State(_)) => Ok(see(&address(ticket.number), Some("said.closed"))),
        Err(other) => Err(other.into()),
    }
}

/// The page tells when it was really looked at; a link that opens elsewhere marks nothing.
async fn seen(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    app.desk.mark_read(&me.caller, ticket.id, now).await?;
    Ok(see(&address(ticket.number), None))
}

/// What the answer holds.
#[derive(Debug, Deserialize)]
struct Typed {
    #[serde(default)]
    body: String,
}

/// Keeps what is typed, while it is typed.
async fn keep(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
    Form(typed): Form<Typed>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    let purpose = Purpose::Answer(ticket.id);
    app.desk
        .keep_draft(&me.caller, purpose, &typed.body, now)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
