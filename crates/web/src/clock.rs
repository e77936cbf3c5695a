//! Explain this clock: every second of a ticket's clocks with the rule and version that decided it, what would happen if …,
//! and the same story in plain words for the requester.

mod ledger;
mod picture;
mod plain;
mod what_if;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use tierdesk_desk::clock::Clocks;
use tierdesk_domain::calendar::week_in_words;
use tierdesk_domain::clock::{Clock, State as Standing, spell};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::Status;

use crate::clock_chip::ClockChip;
use crate::extract::{Me, Path, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, ticket, words};

use ledger::Ledger;
use picture::Picture;
use what_if::{Choice, Compared};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Staff, "/tickets/{number}/clocks", show);
    routes.get(Audience::SignedIn, "/my/{number}/clocks", plain::show);
}

/// What the page was asked for.
#[derive(Deserialize)]
struct Asked {
    /// A clock: `resolution.1`.
    #[serde(default)]
    clock: String,
    /// What would happen: see [`what_if`].
    #[serde(default, rename = "if")]
    what_if: String,
}

/// One of the ticket's clocks, to be chosen.
struct Tab {
    key: String,
    label: String,
    word: String,
    here: bool,
}

/// What decides about the chosen clock now, or did last.
struct Applies {
    rule: String,
    target: String,
    policy: String,
    calendar: String,
    hours: String,
    zone: &'static str,
}

/// The chosen clock.
struct Chosen {
    key: String,
    title: String,
    lede: String,
    chip: ClockChip,
    picture: Picture,
    ledger: Ledger,
    applies: Applies,
    broken: Option<Moment>,
}

#[derive(Template)]
#[template(path = "clock/show.html")]
struct ClocksPage {
    frame: Frame,
    number: i64,
    ticket_title: String,
    tabs: Vec<Tab>,
    chosen: Option<Chosen>,
    choices: Vec<Choice>,
    /// What was supposed, and what came of it.
    supposed: Option<(String, Vec<Compared>)>,
}

/// A clock's name in addresses.
fn key(clock: &Clock) -> String {
    format!("{}.{}", clock.metric, clock.ordinal)
}

/// A clock's name for people; the second of its kind has a number.
fn name(clock: &Clock) -> String {
    match clock.ordinal {
        1 => words::metric(clock.metric).to_owned(),
        n => format!("{} {n}", words::metric(clock.metric)),
    }
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let ticket = ticket::find(&app, &me, number).await?;
    let mut conn = app.desk.acquire().await?;
    let clocks = app.desk.clocks(&mut conn, &ticket, frame.now).await?;
    let (queues, categories) = match ticket.status {
        Status::Resolved | Status::Closed => (Vec::new(), Vec::new()),
        _ => (
            tierdesk_store::queue::all(&mut conn).await?,
            tierdesk_store::category::all(&mut conn).await?,
        ),
    };
    drop(conn);
    let given = clocks.told.history.waits_for_a_start();
    let choices = what_if::choices(&ticket, &queues, &categories, given, &asked.what_if);
    let supposed = choices.iter().find(|choice| choice.chosen).map(|choice| {
        let then = clocks.what_if(&choice.changes, frame.now);
        (
            choice.title.clone(),
            what_if::compare(&clocks.clocks, &then, &frame),
        )
    });
    let open = |clock: &&Clock| clock.is_open();
    let chosen = (clocks.clocks.iter())
        .find(|clock| key(clock) == asked.clock)
        .or_else(|| tierdesk_domain::clock::next_due(&clocks.clocks))
        .or_else(|| clocks.clocks.iter().find(open))
        .or(clocks.clocks.first());
    let tabs = clocks
        .clocks
        .iter()
        .map(|clock| Tab {
            key: key(clock),
            label: name(clock),
            word: tab_word(clock),
            here: chosen.is_some_and(|it| key(it) == key(clock)),
        })
        .collect();
    let page = ClocksPage {
        number: ticket.number.0,
        tabs,
        chosen: chosen.map(|clock| choose(clock, &clocks, &frame)),
        choices,
        supposed,
        ticket_title: ticket.title,
        frame,
    };
    Ok(Page(page).into_response())
}

fn tab_word(clock: &Clock) -> String {
    match (clock.state, clock.breached_at) {
        (Standing::Met(_), None) => t("clock.tab_kept").to_owned(),
        (Standing::Met(_), Some(_)) => t("clock.tab_late").to_owned(),
        (Standing::Stopped(_), _) => t("clock.tab_ended").to_owned(),
        (Standing::Paused(_), _) => t("clock.tab_paused").to_owned(),
        (Standing::Running, Some(_)) => fill(
            "clock.tab_over",
            &[("time", &spell(clock.counted - clock.target))],
        ),
        (Standing::Running, None) => fill("clock.tab_left", &[("time", &spell(clock.left()))]),
    }
}

/// The question that the page answers.
fn title(clock: &Clock, frame: &Frame) -> String {
    let time = |at: DateTime<Utc>| frame.at(&at).short;
    match (clock.state, clock.breached_at) {
        (Standing::Met(_), None) => t("clock.why_kept").to_owned(),
        (Standing::Met(_), Some(_)) => t("clock.why_late").to_owned(),
        (Standing::Stopped(_), _) => t("clock.why_ended").to_owned(),
        (_, Some(at)) => fill("clock.why_broken", &[("time", &time(at))]),
        (Standing::Paused(_), None) => t("clock.why_stands").to_owned(),
        (Standing::Running, None) => match clock.due_at {
            Some(due) => fill("clock.why_due", &[("time", &time(due))]),
            None => t("clock.why_undue").to_owned(),
        },
    }
}

fn choose(clock: &Clock, clocks: &Clocks, frame: &Frame) -> Chosen {
    let (lines, ahead) = (clocks.explain(clock), clocks.ahead(clock, frame.now));
    Chosen {
        key: key(clock),
        title: title(clock, frame),
        lede: fill(
            "clock.lede",
            &[
                ("used", &spell(clock.used())),
                ("target", &spell(clock.target)),
            ],
        ),
        chip: ClockChip::of(clock, frame.now, frame.zone),
        picture: Picture::new(clock, &lines, &ahead, frame),
        ledger: Ledger::new(clock, &lines, &ahead, frame),
        applies: applies(clock, clocks, frame),
        broken: clock.breached_at.map(|at| frame.at(&at)),
    }
}

fn applies(clock: &Clock, clocks: &Clocks, frame: &Frame) -> Applies {
    let (book, applied) = (clocks.book(), &clock.applied);
    let (policy, number) = applied.policy;
    let policy = book
        .policy
        .iter()
        .find(|it| it.id == policy && it.version == number);
    let calendar = applied.calendar.and_then(|(id, number)| {
        let versions = book.calendars.get(&id)?;
        versions.iter().find(|it| it.version == number)
    });
    let round_the_clock = t("clock.round_the_clock").to_owned();
    Applies {
        rule: applied.rule.clone(),
        target: fill(
            "clock.target_since",
            &[
                ("target", &spell(clock.target)),
                ("priority", &applied.priority),
            ],
        ),
        policy: policy.map_or_else(String::new, |it| {
            let date = it.valid_from.with_timezone(&frame.zone).date_naive();
            fill(
                "clock.policy_since",
                &[
                    ("version", &it.version),
                    ("date", &date.format("%-d %b %Y")),
                ],
            )
        }),
        calendar: calendar.map_or(round_the_clock, |it| {
            fill(
                "clock.calendar_version",
                &[("name", &it.name), ("version", &it.version)],
            )
        }),
        hours: calendar.map_or_else(String::new, |it| week_in_words(&it.body.document().windows)),
        zone: calendar.map_or("", |it| it.body.document().zone.name()),
    }
}

/// Whole seconds, cut off, so that sums of what is shown are sums of what was counted.
fn seconds(time: TimeDelta) -> TimeDelta {
    TimeDelta::seconds(time.num_seconds())
}
