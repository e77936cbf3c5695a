//! Between the tiers: what becomes of hand-overs, and how long queues keep tickets, by queue and by category.

use std::collections::BTreeMap;

use axum::extract::State;
use tierdesk_desk::dashboard::{Figures, Key, Lens, Pair};
use tierdesk_domain::dashboard::{Dimension, Share};
use tierdesk_domain::tally::{Counts, ERROR, Measure, Several, Spread};
use tierdesk_domain::text;
use tierdesk_store::tally::block::By;

use super::chart::{Bar, Bars, Times, parts, seconds, spreads};
use super::flow::queue;
use super::head::Head;
use super::linked::{self, Shared, counted_from};
use super::sheet::{Asked, Cell, Row, Section, SheetPage, Value, name};
use super::view::counted;
use crate::WebError;
use crate::extract::Query;
use crate::filters::grouped;

/// The sheet.
pub(super) async fn sheet(
    (State(app), me, frame, Query(fields)): Asked,
) -> Result<SheetPage, WebError> {
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
    Ok(SheetPage {
        head: Head::new(
            "/dashboard/tiers",
            &figures.lens,
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
    })
}

/// What is counted of hand-overs: its head, the measure, and what it is a share of.
type Column = (&'static str, Measure, Option<(Shared, fn(&Counts) -> u64)>);

const HANDOVERS: [Column; 7] = [
    ("flow.handed_over", Measure::HandedOver, None),
    (
        "flow.came_back",
        Measure::BouncedBack,
        Some((
            Shared::to(Measure::BouncedBack, Measure::HandedOver, "dashboard.of"),
            |it| it.number(Measure::HandedOver),
        )),
    ),
    (
        "flow.quality",
        Measure::Complete,
        Some((Shared::of(Measure::Complete, Several::Judged), judged)),
    ),
    ("flow.received", Measure::Received, None),
    (
        "flow.sent_back",
        Measure::Bounced,
        Some((SENT_BACK, |it| it.number(Measure::Received))),
    ),
    (
        "flow.first_fix",
        Measure::SolvedFirst,
        Some((
            Shared::to(Measure::SolvedFirst, Measure::Solved, "dashboard.of"),
            |it| it.number(Measure::Solved),
        )),
    ),
    ("flow.ping_pong", Measure::PingPong, None),
];

/// Hand-overs sent back, beside those received.
const SENT_BACK: Shared = Shared::to(Measure::Bounced, Measure::Received, "dashboard.of");

/// How many hand-overs somebody said were complete, or not.
fn judged(counts: &Counts) -> u64 {
    let all = Several::Judged.measures().iter();
    all.map(|measure| counts.number(*measure)).sum()
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

    /// A number with its list, or a share with those of both its numbers; and what it was before.
    fn cell(&self, (_, measure, share): &Column, key: &Key, pair: &Pair) -> Cell {
        let Some((shared, whole)) = share else {
            let [now, before] = [&pair.now, &pair.before].map(|it| it.number(*measure));
            return Cell::number(now, counted(*measure, self.lens, key)).before(
                Value::Number(before),
                linked::before(self.lens, key, *measure, grouped(before)),
            );
        };
        let [now, before] = [&pair.now, &pair.before].map(|counts| Share {
            part: counts.number(*measure),
            whole: whole(counts),
        });
        let cell = Cell::share(now, shared.share(now, self.lens, key));
        let cell = match now.part + now.whole {
            0 => cell,
            _ => cell.with(shared.numbers(now, self.lens, key)),
        };
        cell.before(Value::Share(before), shared.before(before, self.lens, key))
    }

    /// A time of the stays with their list, and what it was before.
    fn time(&self, key: &Key, pair: &Pair, of: impl Fn(&Spread) -> Option<i64>) -> Cell {
        let [now, before] = [&pair.now, &pair.before].map(|it| of(&it.spread(Measure::Stay)));
        let told = seconds(before, true);
        Cell::time(now, true, counted(Measure::Stay, self.lens, key)).before(
            Value::Seconds(before),
            linked::before(self.lens, key, Measure::Stay, told),
        )
    }

    /// How many stays there were.
    fn stayed(&self, key: &Key, pair: &Pair) -> Cell {
        let [now, before] = [&pair.now, &pair.before].map(|it| it.spread(Measure::Stay).number());
        Cell::number(now, counted(Measure::Stay, self.lens, key)).before(
            Value::Number(before),
            linked::before(self.lens, key, Measure::Stay, grouped(before)),
        )
    }

    fn section(
        &self,
        id: &'static str,
        (title, line): (&'static str, String),
        chart: Option<Bars>,
        heads: &[&'static str],
        rows: Vec<Row>,
    ) -> Section {
        let heads = heads.iter().map(|key| text::t(key));
        Section {
            id,
            title: format!("{}: {}", text::t(title), self.by),
            line,
            chart,
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
            let list = |measure: Measure| counted(measure, self.lens, key);
            Bar {
                label: label.clone(),
                from: counted_from(all, Measure::Received, self.lens, key),
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
                mark: None,
                end: SENT_BACK.share(
                    Share {
                        part: back,
                        whole: all,
                    },
                    self.lens,
                    key,
                ),
            }
        });
        let bars: Vec<Bar> = bars.collect();
        let chart = (!bars.is_empty()).then(|| Bars {
            of: self.of,
            legend: vec![
                ("f-accent", text::t("flow.legend_accepted").to_owned()),
                ("f-danger", text::t("flow.sent_back").to_owned()),
            ],
            ends: None,
            bars,
            axis: Vec::new(),
        });
        let any = |counts: &Counts| -> u64 {
            let numbers = HANDOVERS.map(|(_, measure, share)| {
                counts.number(measure) + share.map_or(0, |(_, whole)| whole(counts))
            });
            numbers.into_iter().sum()
        };
        let rows = self.with(any).into_iter().map(|(label, key, pair)| Row {
            label: label.clone(),
            cells: HANDOVERS
                .iter()
                .map(|column| self.cell(column, key, pair))
                .collect(),
        });
        self.section(
            id,
            ("flow.handovers", text::t("flow.note_fix").to_owned()),
            chart,
            &HANDOVERS.map(|it| it.0),
            rows.collect(),
        )
    }

    /// How long tickets stay, in business time: half of them, and nine in ten.
    fn stays(&self, id: &'static str) -> Section {
        let shown = self.with(|counts| counts.spread(Measure::Stay).number());
        let times = shown.iter().map(|(label, key, pair)| {
            let spread = pair.now.spread(Measure::Stay);
            Times {
                label: label.clone(),
                number: text::count("flow.n_stays", grouped(spread.number())),
                href: counted(Measure::Stay, self.lens, key),
                spread,
            }
        });
        let chart = spreads(self.of, times.collect(), true);
        let rows = shown.iter().map(|(label, key, pair)| Row {
            label: label.clone(),
            cells: vec![
                self.stayed(key, pair),
                self.time(key, pair, Spread::mean),
                self.time(key, pair, |it| it.percentile(50)),
                self.time(key, pair, |it| it.percentile(90)),
            ],
        });
        self.section(
            id,
            (
                "flow.times",
                text::fill("flow.note_time", &[("percent", &ERROR)]),
            ),
            chart,
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
