//! Between the tiers: what becomes of hand-overs, and how long queues keep tickets, by queue and by category.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use tierdesk_desk::dashboard::{Figures, Key, Lens, Pair};
use tierdesk_domain::dashboard::{Dimension, Share, percent};
use tierdesk_domain::tally::{Counts, ERROR, Measure};
use tierdesk_domain::text;
use tierdesk_store::tally::block::By;

use super::chart::{Bar, Bars, parts};
use super::flow::queue;
use super::head::Head;
use super::sheet::{Cell, Row, Section, SheetPage, name};
use super::times::spelled;
use super::view::{Fields, counted};
use crate::extract::{Me, Query};
use crate::filters::grouped;
use crate::frame::Frame;
use crate::{AppState, WebError};

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
) -> Result<Response, WebError> {
    let chosen = fields.read()?;
    let by = By {
        team: true,
        tier: true,
        category: true,
        times: true,
        ..By::default()
    };
    let figures = app
        .desk
        .figures(&me.caller, chosen.view, by, frame.now)
        .await?;
    let queues = Table::new(
        &figures,
        ("dashboard.queue", "dashboard.flow_queues"),
        |key| Key {
            category: None,
            ..*key
        },
        queue,
    );
    let categories = Table::new(
        &figures,
        ("dashboard.category", "dashboard.by_category"),
        |key| Key {
            category: key.category,
            ..Key::default()
        },
        |lens, key| name(lens, key, Dimension::Category),
    );
    let page = SheetPage {
        head: Head::new(
            "/dashboard/tiers",
            &figures.lens,
            None,
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t("flow.lede"),
        offers: Vec::new(),
        sections: vec![
            queues.handovers("hq"),
            queues.stays("sq"),
            categories.handovers("hc"),
            categories.stays("sc"),
        ],
        frame,
    };
    Ok(page.answer(chosen.wrong_days))
}

/// What is counted of hand-overs: its head, the measure, and what it is a share of.
type Column = (&'static str, Measure, Option<fn(&Counts) -> u64>);

const HANDOVERS: [Column; 7] = [
    ("flow.handed_over", Measure::HandedOver, None),
    (
        "flow.came_back",
        Measure::BouncedBack,
        Some(|it| it.number(Measure::HandedOver)),
    ),
    ("flow.quality", Measure::Complete, Some(rated)),
    ("flow.received", Measure::Received, None),
    (
        "flow.sent_back",
        Measure::Bounced,
        Some(|it| it.number(Measure::Received)),
    ),
    (
        "flow.first_fix",
        Measure::SolvedFirst,
        Some(|it| it.number(Measure::Solved)),
    ),
    ("flow.ping_pong", Measure::PingPong, None),
];

/// How many hand-overs somebody said were complete, or not.
fn rated(counts: &Counts) -> u64 {
    [
        Measure::Complete,
        Measure::PartlyComplete,
        Measure::Incomplete,
    ]
    .into_iter()
    .map(|measure| counts.number(measure))
    .sum()
}

/// A number, or a share with its number.
fn told((_, measure, whole): &Column, counts: &Counts) -> String {
    let part = counts.number(*measure);
    match whole.map(|whole| whole(counts)) {
        None => grouped(part),
        Some(0) => "–".to_owned(),
        Some(whole) => text::fill(
            "flow.rate_of",
            &[
                ("rate", &percent(Share { part, whole })),
                ("n", &grouped(part)),
            ],
        ),
    }
}

/// Figures by queue or by category.
struct Table<'a> {
    lens: &'a Lens,
    of: &'static str,
    by: &'static str,
    rows: Vec<(String, Key, Pair)>,
}

impl<'a> Table<'a> {
    fn new(
        figures: &'a Figures,
        (of, by): (&'static str, &'static str),
        key: impl Fn(&Key) -> Key,
        label: impl Fn(&Lens, &Key) -> String,
    ) -> Self {
        let mut sums: BTreeMap<Key, Pair> = BTreeMap::new();
        for (group, pair) in &figures.groups {
            let sum = sums.entry(key(group)).or_default();
            sum.now.join(&pair.now);
            sum.before.join(&pair.before);
        }
        let mut rows: Vec<_> = sums
            .into_iter()
            .map(|(key, pair)| (label(&figures.lens, &key), key, pair))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        Self {
            lens: &figures.lens,
            of: text::t(of),
            by: text::t(by),
            rows,
        }
    }

    /// Those rows for which something was counted.
    fn with(&self, n: impl Fn(&Counts) -> u64) -> Vec<&(String, Key, Pair)> {
        let rows = self.rows.iter();
        rows.filter(|(_, _, pair)| n(&pair.now) > 0).collect()
    }

    /// A figure with its list, and what it was before.
    fn cell(
        &self,
        measure: Measure,
        key: &Key,
        pair: &Pair,
        of: impl Fn(&Counts) -> String,
    ) -> Cell {
        let cell = Cell::link(of(&pair.now), counted(measure, self.lens, key));
        match self.lens.before {
            None => cell,
            Some(_) => cell.with(text::fill("dashboard.before", &[("n", &of(&pair.before))])),
        }
    }

    fn section(
        &self,
        id: &'static str,
        (title, line): (&'static str, String),
        (legend, bars): ([(&'static str, &'static str); 2], Vec<Bar>),
        heads: &[&'static str],
        rows: Vec<Row>,
    ) -> Section {
        let heads = heads.iter().map(|key| text::t(key));
        Section {
            id,
            title: format!("{}: {}", text::t(title), self.by),
            line,
            chart: (!bars.is_empty()).then(|| Bars {
                of: self.of,
                legend: legend
                    .map(|(class, key)| (class, text::t(key).to_owned()))
                    .to_vec(),
                bars,
            }),
            heads: std::iter::once(self.of).chain(heads).collect(),
            words: None,
            rows,
        }
    }

    /// What became of hand-overs.
    fn handovers(&self, id: &'static str) -> Section {
        let received = |counts: &Counts| counts.number(Measure::Received);
        let shown = self.with(received);
        let longest = shown.iter().map(|(_, _, pair)| received(&pair.now)).max();
        let bars = shown.iter().map(|(label, key, pair)| {
            let (all, back) = (received(&pair.now), pair.now.number(Measure::Bounced));
            let list = |measure| counted(measure, self.lens, key);
            Bar {
                label: label.clone(),
                aria: text::fill(
                    "flow.bounce_aria",
                    &[("queue", label), ("received", &all), ("back", &back)],
                ),
                parts: parts(
                    vec![
                        (
                            "f-accent",
                            all.saturating_sub(back),
                            list(Measure::Received),
                        ),
                        ("f-danger", back, list(Measure::Bounced)),
                    ],
                    longest.unwrap_or(1),
                ),
                end: percent(Share {
                    part: back,
                    whole: all,
                }),
                end_href: list(Measure::Bounced),
            }
        });
        let any = |counts: &Counts| {
            let numbers = HANDOVERS
                .map(|column| counts.number(column.1) + column.2.map_or(0, |whole| whole(counts)));
            numbers.into_iter().sum()
        };
        let rows = self.with(any).into_iter().map(|(label, key, pair)| Row {
            label: label.clone(),
            cells: HANDOVERS
                .iter()
                .map(|column| self.cell(column.1, key, pair, |counts| told(column, counts)))
                .collect(),
        });
        self.section(
            id,
            ("flow.handovers", text::t("flow.note_fix").to_owned()),
            (
                [
                    ("f-accent", "flow.legend_accepted"),
                    ("f-danger", "flow.sent_back"),
                ],
                bars.collect(),
            ),
            &HANDOVERS.map(|it| it.0),
            rows.collect(),
        )
    }

    /// How long tickets stay, in business time: half of them, and nine in ten.
    fn stays(&self, id: &'static str) -> Section {
        let shown = self.with(|counts| counts.spread(Measure::Stay).number());
        let within = |counts: &Counts, percent| counts.spread(Measure::Stay).percentile(percent);
        let seconds =
            |counts: &Counts, percent| within(counts, percent).unwrap_or(0).unsigned_abs();
        let longest = shown
            .iter()
            .map(|(_, _, pair)| seconds(&pair.now, 90))
            .max();
        let time = |it: Option<i64>| it.map_or_else(|| "–".to_owned(), |it| spelled(it, true));
        let bars = shown.iter().map(|(label, key, pair)| {
            let list = counted(Measure::Stay, self.lens, key);
            let (half, most) = (seconds(&pair.now, 50), seconds(&pair.now, 90));
            let [half_told, most_told] = [50, 90].map(|it| time(within(&pair.now, it)));
            Bar {
                label: label.clone(),
                aria: text::fill(
                    "flow.time_aria",
                    &[
                        ("queue", label),
                        ("median", &half_told),
                        ("p90", &most_told),
                    ],
                ),
                parts: parts(
                    vec![
                        ("f-accent", half, list.clone()),
                        ("f-accent-2", most.saturating_sub(half), list.clone()),
                    ],
                    longest.unwrap_or(1),
                ),
                end: most_told,
                end_href: list,
            }
        });
        let cell =
            |key, pair, of: &dyn Fn(&Counts) -> String| self.cell(Measure::Stay, key, pair, of);
        let rows = shown.iter().map(|(label, key, pair)| Row {
            label: label.clone(),
            cells: vec![
                cell(key, pair, &|it| grouped(it.spread(Measure::Stay).number())),
                cell(key, pair, &|it| time(it.spread(Measure::Stay).mean())),
                cell(key, pair, &|it| time(within(it, 50))),
                cell(key, pair, &|it| time(within(it, 90))),
            ],
        });
        self.section(
            id,
            (
                "flow.times",
                text::fill("flow.note_time", &[("percent", &ERROR)]),
            ),
            (
                [
                    ("f-accent", "dashboard.p50"),
                    ("f-accent-2", "dashboard.p90"),
                ],
                bars.collect(),
            ),
            &[
                "flow.stays",
                "dashboard.mean",
                "dashboard.p50",
                "dashboard.p90",
            ],
            rows.collect(),
        )
    }
}
