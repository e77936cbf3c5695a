//! How long it took to acknowledge and to resolve: average, and what half, nine tenths and nineteen twentieths did not exceed.

use axum::extract::State;
use axum::response::Response;
use chrono::TimeDelta;
use tierdesk_desk::dashboard::Figures;
use tierdesk_domain::clock;
use tierdesk_domain::dashboard::Dimension;
use tierdesk_domain::tally::{ERROR, Measure};
use tierdesk_domain::text;

use super::head::Head;
use super::promises::{Asked, sorted};
use super::sheet::{Cell, Row, Section, SheetPage, dimension_word, offers};
use super::view::{Fields, counted};
use crate::extract::{Me, Query};
use crate::filters::grouped;
use crate::frame::Frame;
use crate::{AppState, WebError, moment};

/// A table of times: its id, its title, the measure, and whether the time is business time.
const TABLES: [(&str, &str, Measure, bool); 6] = [
    (
        "tab",
        "dashboard.acknowledge_business",
        Measure::AcknowledgeBusiness,
        true,
    ),
    (
        "tae",
        "dashboard.acknowledge_elapsed",
        Measure::AcknowledgeElapsed,
        false,
    ),
    (
        "trb",
        "dashboard.resolve_business",
        Measure::ResolveBusiness,
        true,
    ),
    (
        "tre",
        "dashboard.resolve_elapsed",
        Measure::ResolveElapsed,
        false,
    ),
    (
        "tbb",
        "dashboard.bot_resolve_business",
        Measure::BotResolveBusiness,
        true,
    ),
    (
        "tbe",
        "dashboard.bot_resolve_elapsed",
        Measure::BotResolveElapsed,
        false,
    ),
];

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let dimension = asked.by(Dimension::Priority)?;
    let chosen = fields.read()?;
    let figures = app
        .desk
        .figures_by(&me.caller, chosen.view, (dimension, true), frame.now)
        .await?;
    let path = "/dashboard/times";
    let page = SheetPage {
        head: Head::new(
            path,
            &figures.lens,
            Some(dimension),
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t("dashboard.times_lede"),
        offers: offers(path, &figures.lens, dimension),
        sections: TABLES
            .iter()
            .map(|table| section(*table, &figures, dimension))
            .collect(),
        frame,
    };
    Ok(page.answer(chosen.wrong_days))
}

/// A length of time as its kind is read: business time is never folded into days, which have no fixed length.
pub(crate) fn spelled(seconds: i64, business: bool) -> String {
    if business || seconds < 60 {
        clock::spell(TimeDelta::seconds(seconds))
    } else {
        moment::spell(seconds.unsigned_abs() / 60)
    }
}

fn section(
    (id, title, measure, business): (&'static str, &'static str, Measure, bool),
    figures: &Figures,
    dimension: Dimension,
) -> Section {
    let lens = &figures.lens;
    let time = |seconds: Option<i64>| {
        seconds.map_or_else(|| "–".to_owned(), |seconds| spelled(seconds, business))
    };
    let shown = |pair: &tierdesk_desk::dashboard::Pair| pair.now.spread(measure).number() > 0;
    let rows = sorted(figures, dimension, shown)
        .into_iter()
        .map(|(label, key, pair)| {
            let (now, before) = (pair.now.spread(measure), pair.before.spread(measure));
            let cell = |now: Option<i64>, before: Option<i64>| {
                let cell = Cell::plain(time(now));
                match lens.before {
                    None => cell,
                    Some(_) => cell.with(text::fill("dashboard.before", &[("n", &time(before))])),
                }
            };
            let tickets = grouped(now.number());
            let mut cells = vec![
                Cell::link(tickets, counted(measure, lens, key)),
                cell(now.mean(), before.mean()),
            ];
            for percent in [50, 90, 95] {
                cells.push(cell(now.percentile(percent), before.percentile(percent)));
            }
            Row { label, cells }
        })
        .collect();
    Section {
        id,
        title: text::t(title).to_owned(),
        line: text::fill("dashboard.times_error", &[("percent", &ERROR)]),
        chart: None,
        heads: vec![
            dimension_word(dimension),
            text::t("dashboard.tickets"),
            text::t("dashboard.mean"),
            text::t("dashboard.p50"),
            text::t("dashboard.p90"),
            text::t("dashboard.p95"),
        ],
        words: None,
        rows,
    }
}
