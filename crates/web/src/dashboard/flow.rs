//! Who escalates what, and in which direction: by team, tier and category.

use axum::extract::State;
use tierdesk_desk::dashboard::{Figures, Key, Lens, Pair};
use tierdesk_domain::dashboard::{Dimension, escalated};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_store::tally::block::By;

use super::chart::{Bar, Bars, parts};
use super::head::Head;
use super::linked::Piece;
use super::sheet::{Asked, Cell, Row, Section, SheetPage, name};
use super::view::{counted, counted_before};
use crate::WebError;
use crate::extract::Query;
use crate::filters::grouped;

/// Where tickets went, who moved them; each with its measure.
const DIRECTIONS: [(&str, Measure); 6] = [
    ("dashboard.to_l1", Measure::EscalatedToL1),
    ("dashboard.to_l2", Measure::EscalatedToL2),
    ("dashboard.to_l3", Measure::EscalatedToL3),
    ("dashboard.handed_back", Measure::HandedBack),
    ("dashboard.by_rule", Measure::EscalatedByRule),
    ("dashboard.by_bot_moved", Measure::EscalatedByBot),
];

/// The colours of the first four.
const COLOURS: [&str; 4] = ["f-ink", "f-accent", "f-accent-2", "f-mute"];

/// The sheet.
pub(super) async fn sheet(
    (State(app), me, frame, Query(fields)): Asked,
) -> Result<SheetPage, WebError> {
    let chosen = fields.read()?;
    let by = By {
        team: true,
        tier: true,
        category: true,
        ..By::default()
    };
    let figures = app
        .desk
        .figures(&me.caller, chosen.view, by, frame.now)
        .await?;
    Ok(SheetPage {
        head: Head::new(
            "/dashboard/flow",
            &figures.lens,
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t("dashboard.flow_lede"),
        offers: Vec::new(),
        sections: vec![queues(&figures), subjects(&figures)],
        frame,
    })
}

fn moved(pair: &Pair) -> u64 {
    escalated(&pair.now) + pair.now.number(Measure::HandedBack)
}

fn cells(figures: &Figures, key: &Key, pair: &Pair) -> Vec<Cell> {
    let mut cells: Vec<Cell> = DIRECTIONS
        .iter()
        .map(|(_, measure)| {
            let number = pair.now.number(*measure);
            Cell::number(number, counted(*measure, &figures.lens, key))
        })
        .collect();
    if figures.lens.before.is_some() {
        let before = escalated(&pair.before) + pair.before.number(Measure::HandedBack);
        let href = counted_before(Several::Moved, &figures.lens, key);
        cells.push(Cell::number(before, href));
    }
    cells
}

fn heads(figures: &Figures, first: &[&'static str]) -> Vec<&'static str> {
    let mut heads = first.to_vec();
    heads.extend(DIRECTIONS.iter().map(|(key, _)| text::t(key)));
    if figures.lens.before.is_some() {
        heads.push(text::t("dashboard.moved_before"));
    }
    heads
}

/// What a queue is called.
pub(super) fn queue(lens: &Lens, key: &Key) -> String {
    let tier = key.tier.map_or_else(String::new, |it| it.to_string());
    let team = key.team.map_or("", |it| lens.team(it));
    format!("{tier} {team}")
}

/// Per queue, whatever the category.
fn queues(figures: &Figures) -> Section {
    let mut queues: std::collections::BTreeMap<Key, Pair> = Default::default();
    for (key, pair) in &figures.groups {
        let key = Key {
            category: None,
            ..*key
        };
        let sum = queues.entry(key).or_default();
        sum.now.join(&pair.now);
        sum.before.join(&pair.before);
    }
    queues.retain(|_, pair| moved(pair) > 0);
    let longest = queues.values().map(moved).max().unwrap_or(1);
    let mut named: Vec<_> = queues
        .iter()
        .map(|(key, pair)| (queue(&figures.lens, key), key, pair))
        .collect();
    named.sort_by(|a, b| a.0.cmp(&b.0));
    let bars = named
        .iter()
        .map(|(label, key, pair)| {
            let numbers = DIRECTIONS[..4]
                .iter()
                .zip(COLOURS)
                .map(|((_, measure), class)| {
                    let href = counted(*measure, &figures.lens, key);
                    (class, pair.now.number(*measure), href)
                })
                .collect();
            Bar {
                label: label.clone(),
                from: Vec::new(),
                aria: text::fill(
                    "dashboard.moved_aria",
                    &[("queue", label), ("n", &moved(pair))],
                ),
                parts: parts(numbers, longest),
                mark: None,
                end: Piece::link(
                    grouped(moved(pair)),
                    counted(Several::Moved, &figures.lens, key),
                ),
            }
        })
        .collect();
    let legend = DIRECTIONS[..4]
        .iter()
        .zip(COLOURS)
        .map(|((key, _), class)| (class, text::t(key).to_owned()))
        .collect();
    Section {
        id: "queues",
        title: text::t("dashboard.flow_queues").to_owned(),
        line: text::t("dashboard.flow_why").to_owned(),
        chart: (!named.is_empty()).then(|| Bars {
            of: text::t("dashboard.queue"),
            legend,
            ends: None,
            bars,
            axis: Vec::new(),
        }),
        heads: heads(figures, &[text::t("dashboard.queue")]),
        words: None,
        rows: named
            .into_iter()
            .map(|(label, key, pair)| Row {
                label,
                cells: cells(figures, key, pair),
            })
            .collect(),
    }
}

/// Per queue and category, most first.
fn subjects(figures: &Figures) -> Section {
    let mut groups: Vec<_> = figures
        .groups
        .iter()
        .filter(|(_, pair)| moved(pair) > 0)
        .collect();
    groups.sort_by_key(|(_, pair)| std::cmp::Reverse(moved(pair)));
    Section {
        id: "subjects",
        title: text::t("dashboard.flow_subjects").to_owned(),
        line: String::new(),
        chart: None,
        heads: heads(
            figures,
            &[text::t("dashboard.queue"), text::t("dashboard.category")],
        ),
        words: Some(1),
        rows: groups
            .into_iter()
            .map(|(key, pair)| {
                let category = name(&figures.lens, key, Dimension::Category);
                let mut all = vec![Cell::words(category, Vec::new())];
                all.extend(cells(figures, key, pair));
                Row {
                    label: queue(&figures.lens, key),
                    cells: all,
                }
            })
            .collect(),
    }
}
