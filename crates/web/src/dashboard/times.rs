//! How long it took to acknowledge and to resolve: average, and what half, nine tenths and nineteen twentieths did not exceed.

use axum::extract::State;
use chrono::TimeDelta;
use tierdesk_desk::dashboard::{Figures, Pair};
use tierdesk_domain::clock;
use tierdesk_domain::dashboard::Dimension;
use tierdesk_domain::tally::{ERROR, Measure};
use tierdesk_domain::text;

use super::chart::{Times, seconds, spreads};
use super::head::Head;
use super::linked;
use super::promises::sorted;
use super::sheet::{Asked, Cell, Row, Section, SheetPage, Value, dimension_word, offers};
use super::view::counted;
use crate::extract::Query;
use crate::filters::grouped;
use crate::{WebError, moment};

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

/// The sheet.
pub(super) async fn sheet(
    (State(app), me, frame, Query(fields)): Asked,
) -> Result<SheetPage, WebError> {
    let chosen = fields.read()?;
    let dimension = chosen.view.by.unwrap_or(Dimension::Priority);
    let figures = app
        .desk
        .figures_by(&me.caller, chosen.view, (dimension, true), frame.now)
        .await?;
    let path = "/dashboard/times";
    Ok(SheetPage {
        head: Head::new(path, &figures.lens, &frame, (&fields, chosen.wrong_days)),
        lede: text::t("dashboard.times_lede"),
        offers: offers(path, &figures.lens, dimension),
        sections: TABLES
            .iter()
            .map(|table| section(*table, &figures, dimension))
            .collect(),
        frame,
    })
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
    let shown = |pair: &Pair| pair.now.spread(measure).number() > 0;
    let groups = sorted(figures, dimension, shown);
    let times = groups.iter().map(|(label, key, pair)| {
        let spread = pair.now.spread(measure);
        Times {
            label: label.clone(),
            number: text::count("dashboard.n_tickets", grouped(spread.number())),
            href: counted(measure, lens, key),
            spread,
        }
    });
    let chart = spreads(dimension_word(dimension), times.collect(), business);
    let rows = groups
        .into_iter()
        .map(|(label, key, pair)| {
            let (now, before) = (pair.now.spread(measure), pair.before.spread(measure));
            let cell = |now: Option<i64>, before: Option<i64>| {
                let told = seconds(before, business);
                Cell::time(now, business, counted(measure, lens, key)).before(
                    Value::Seconds(before),
                    linked::before(lens, key, measure, told),
                )
            };
            let told = grouped(before.number());
            let mut cells = vec![
                Cell::number(now.number(), counted(measure, lens, key)).before(
                    Value::Number(before.number()),
                    linked::before(lens, key, measure, told),
                ),
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
        chart,
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
