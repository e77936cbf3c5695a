//! Who is on call: for everybody at the desk, with swaps; and the schedules for administrators.

mod admin;
mod form;
mod picture;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_desk::on_call::{OnCall, Swap};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::calendar::typed_instant;
use tierdesk_domain::id::{DocumentId, PersonId};
use tierdesk_domain::text::{self, fill, t};
use uuid::Uuid;

use crate::extract::{Form, Me, Path};
use crate::filters;
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

use picture::Picture;

/// How far a page looks ahead.
const AHEAD: TimeDelta = TimeDelta::days(14);

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Staff, "/on-call", show);
    routes.post(Audience::Staff, "/on-call/{id}/swap", swap);
    routes.post(
        Audience::Staff,
        "/on-call/{id}/swaps/{swap}/take-back",
        take_back,
    );
    admin::routes(routes);
}

/// An override that is not over.
struct SwapLine {
    id: Uuid,
    text: String,
    /// Whether the reader may take it back.
    mine: bool,
}

/// One schedule as everybody at the desk sees it.
struct Card {
    id: DocumentId,
    name: String,
    zone: &'static str,
    now: String,
    until: String,
    next: String,
    picture: Picture,
    swaps: Vec<SwapLine>,
    /// Who is absent while they are on call, one sentence each.
    absent: Vec<String>,
    /// Whom the reader may give time to; nobody where they have none to give.
    takers: Vec<(PersonId, String)>,
    form: SwapForm,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "on_call/show.html")]
struct OnCallPage {
    frame: Frame,
    administers: bool,
    cards: Vec<Card>,
}

/// What somebody gives away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct SwapForm {
    person: String,
    from: String,
    to: String,
}

impl SwapForm {
    fn is_chosen(&self, person: &PersonId) -> bool {
        self.person == person.to_string()
    }
}

/// A moment as `datetime-local` writes it, on a zone's wall clock.
fn typed(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()
}

/// A moment on a schedule's wall clock, with its day and time however far away it is.
fn moment(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Moment {
    let there = at.with_timezone(&zone);
    let far = there.date_naive() != now.with_timezone(&zone).date_naive();
    let format = if far { "%a %-d %b %H:%M" } else { "%H:%M" };
    Moment {
        short: there.format(format).to_string(),
        ..Moment::new(at, now, zone)
    }
}

fn card(
    schedule: &OnCall,
    candidates: &[(PersonId, String)],
    me: &Me,
    now: DateTime<Utc>,
    typed_in: Option<(SwapForm, Errors)>,
) -> Card {
    let zone = schedule.document.body.zone;
    let turns = schedule.turns(now, now + AHEAD);
    let name = |who: Option<PersonId>| {
        who.map_or_else(
            || t("on_call.nobody").to_owned(),
            |it| schedule.name(it).to_owned(),
        )
    };
    let short = |at| moment(at, now, zone).short;
    let who = |turn: &tierdesk_domain::on_call::Turn| turn.who.map(|(person, _)| person);
    let reader = me.visitor.principal.person;
    let administers = authorize(&me.caller.who, Action::Administer).is_ok();
    let own = turns.iter().find(|turn| who(turn) == Some(reader));
    let members = schedule.document.body.people();
    let takers: Vec<_> = candidates
        .iter()
        .filter(|(id, _)| administers || (own.is_some() && members.contains(id)))
        .filter(|(id, _)| administers || *id != reader)
        .cloned()
        .collect();
    let (form, errors) = typed_in.unwrap_or_else(|| {
        let (from, to) = own.map_or((now, now + TimeDelta::days(1)), |turn| (turn.from, turn.to));
        let form = SwapForm {
            person: String::new(),
            from: typed(from, zone),
            to: typed(to, zone),
        };
        (form, Errors::default())
    });
    let first = turns.first();
    Card {
        id: schedule.document.id,
        name: schedule.document.name.clone(),
        zone: zone.name(),
        now: name(first.and_then(who)),
        until: first.map_or_else(String::new, |turn| {
            fill("on_call.until", &[("time", &short(turn.to))])
        }),
        next: turns.get(1).map_or_else(String::new, |turn| {
            fill(
                "on_call.next",
                &[("name", &name(who(turn))), ("time", &short(turn.from))],
            )
        }),
        picture: Picture::of(schedule, now, now + AHEAD, now),
        absent: absent(schedule, now),
        swaps: schedule
            .overrides
            .iter()
            .map(|it| SwapLine {
                id: it.it.id,
                text: fill(
                    "on_call.swap_by",
                    &[
                        ("person", &it.person),
                        ("from", &short(it.it.from)),
                        ("to", &short(it.it.to)),
                        (
                            "by",
                            &it.made_by.as_deref().unwrap_or(t("notification.the_desk")),
                        ),
                    ],
                ),
                mine: administers || it.maker == Some(reader),
            })
            .collect(),
        takers,
        form,
        errors,
    }
}

async fn page(
    app: &AppState,
    me: &Me,
    frame: Frame,
    mut came_back: Option<(DocumentId, SwapForm, Errors)>,
) -> Result<OnCallPage, WebError> {
    let schedules = app.desk.on_call_schedules(&me.caller, frame.now).await?;
    let mut conn = app.desk.acquire().await?;
    let candidates = tierdesk_store::on_call::candidates(&mut conn).await?;
    drop(conn);
    let mut cards = Vec::new();
    for schedule in schedules.iter().filter(|it| it.document.active) {
        let typed_in = came_back
            .take_if(|(id, ..)| *id == schedule.document.id)
            .map(|(_, form, errors)| (form, errors));
        cards.push(card(schedule, &candidates, me, frame.now, typed_in));
    }
    Ok(OnCallPage {
        administers: me.visitor.roles.administrator,
        cards,
        frame,
    })
}

async fn show(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    Ok(Page(page(&app, &me, frame, None).await?).into_response())
}

async fn swap(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(id): Path<Uuid>,
    Form(form): Form<SwapForm>,
) -> Result<Response, WebError> {
    let (id, now) = (DocumentId(id), frame.now);
    let schedule = app.desk.on_call_schedule(&me.caller, id, now).await?;
    let zone = schedule.document.body.zone;
    let mut errors = Errors::default();
    let (from, to) = (
        typed_instant(zone, &form.from),
        typed_instant(zone, &form.to),
    );
    for (field, found) in [("from", from), ("to", to)] {
        if found.is_none() {
            errors.add(field, t("error.moment"));
        }
    }
    let person: Option<Uuid> = form.person.parse().ok();
    if person.is_none() {
        errors.add("person", t("error.choose_one"));
    }
    if let (Some(from), Some(to), Some(person)) = (from, to, person) {
        let swap = Swap {
            person: PersonId(person),
            from,
            to,
        };
        match app.desk.swap(&me.caller, id, swap, now).await {
            Ok(()) => return Ok(see("/on-call", Some("said.swapped"))),
            Err(DeskError::Invalid(wrong)) => errors = wrong.into(),
            Err(error) => return Err(error.into()),
        }
    }
    let page = page(&app, &me, frame, Some((id, form, errors))).await?;
    Ok(Page(page).status(LOOK_AGAIN))
}

async fn take_back(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path((id, swap)): Path<(Uuid, Uuid)>,
) -> Result<Response, WebError> {
    app.desk
        .take_swap_back(&me.caller, DocumentId(id), swap, frame.now)
        .await?;
    Ok(see("/on-call", Some("said.taken_back")))
}

/// Who is absent while they are on call, one sentence each.
fn absent(schedule: &OnCall, now: DateTime<Utc>) -> Vec<String> {
    let zone = schedule.document.body.zone;
    let short = |at| moment(at, now, zone).short;
    let absent = schedule.absent_turns(now, now + AHEAD);
    absent
        .iter()
        .map(|(person, absence)| {
            fill(
                "on_call.absent_line",
                &[
                    ("name", &schedule.name(*person)),
                    ("from", &short(absence.from)),
                    ("to", &short(absence.until)),
                ],
            )
        })
        .collect()
}

/// What should worry who looks after a schedule.
#[derive(Debug, Default)]
struct Warnings {
    /// How many stretches nobody covers, in words, or `""`.
    gaps: String,
    /// The first of them.
    gap_lines: Vec<String>,
    more: bool,
    /// Deactivated people who are still in it, or `""`.
    gone: String,
    /// Who is absent while they are on call, one sentence each.
    absent: Vec<String>,
}

impl Warnings {
    fn of(schedule: &OnCall, now: DateTime<Utc>) -> Self {
        let zone = schedule.document.body.zone;
        let turns = schedule.turns(now, now + AHEAD);
        let gaps: Vec<_> = turns.iter().filter(|turn| turn.who.is_none()).collect();
        let lines = gaps.iter().take(5).map(|turn| {
            let short = |at| moment(at, now, zone).short;
            fill(
                "on_call.gap_line",
                &[("from", &short(turn.from)), ("to", &short(turn.to))],
            )
        });
        let gone: Vec<_> = schedule.gone.iter().map(|it| schedule.name(*it)).collect();
        Self {
            gaps: if gaps.is_empty() {
                String::new()
            } else {
                text::count("on_call.gaps", gaps.len())
            },
            gap_lines: lines.collect(),
            absent: absent(schedule, now),
            more: gaps.len() > 5,
            gone: if gone.is_empty() {
                String::new()
            } else {
                fill("on_call.gone_line", &[("names", &gone.join(", "))])
            },
        }
    }
}
