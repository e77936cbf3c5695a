//! Charts as the template draws them: every shape has its numbers, its words and its list.

use tierdesk_desk::dashboard::Dashboard;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;

use super::{list, percent};
use crate::filters::grouped;

/// A figure with its label and its list.
pub(super) struct Figure {
    pub(super) label: &'static str,
    pub(super) icon: &'static str,
    pub(super) tone: &'static str,
    pub(super) number: String,
    pub(super) href: String,
    pub(super) line: String,
}

/// One coloured part of a bar. `x` and `width` are percent.
pub(crate) struct Part {
    pub(crate) class: &'static str,
    pub(crate) x: String,
    pub(crate) width: String,
    pub(crate) number: String,
    pub(crate) href: String,
}

/// One bar: its name, its parts and the figure at its end.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) aria: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) end: String,
    pub(crate) end_href: String,
}

/// A chart of bars, with the words for its parts.
pub(crate) struct Bars {
    /// The head of the table's first column.
    pub(crate) of: &'static str,
    /// Each part's colour and word.
    pub(crate) legend: Vec<(&'static str, String)>,
    pub(crate) bars: Vec<Bar>,
}

/// Puts parts beside each other; the longest bar has `longest`.
pub(crate) fn parts(numbers: Vec<(&'static str, u64, String)>, longest: u64) -> Vec<Part> {
    let mut start = 0.0;
    numbers
        .into_iter()
        .map(|(class, n, href)| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a bar's width needs three digits"
            )]
            let width = n as f64 * 100.0 / longest.max(1) as f64;
            let part = Part {
                class,
                x: format!("{start:.2}%"),
                width: format!("{width:.2}%"),
                number: grouped(n),
                href,
            };
            start += width;
            part
        })
        .collect()
}

/// What each tier did with the tickets it had.
pub(super) fn flow(d: &Dashboard) -> Bars {
    let by_bot = d.total(Measure::ResolvedByBot);
    let passed_on = d.total(Measure::BotPassedOn);
    let longest = d
        .tiers
        .iter()
        .map(|it| it.resolved + it.escalated.iter().sum::<u64>() + it.handed_back + it.open)
        .chain([by_bot + passed_on])
        .max()
        .unwrap_or(1);
    let aria = |who: &str, resolved: u64, up: u64, open: u64| {
        text::fill(
            "dashboard.flow_aria",
            &[
                ("who", &who),
                ("resolved", &resolved),
                ("up", &up),
                ("open", &open),
            ],
        )
    };
    let bot = text::t("dashboard.bot");
    let mut bars = vec![Bar {
        label: bot.to_owned(),
        aria: aria(bot, by_bot, passed_on, 0),
        parts: parts(
            vec![
                (
                    "f-success",
                    by_bot,
                    list::address(Measure::ResolvedByBot, d.period),
                ),
                (
                    "f-accent",
                    passed_on,
                    list::address(Measure::BotPassedOn, d.period),
                ),
                ("f-mute", 0, String::new()),
                ("f-accent-2", 0, String::new()),
            ],
            longest,
        ),
        end: grouped(by_bot + passed_on),
        end_href: list::address(Measure::Opened, d.period),
    }];
    for (tier, it) in tierdesk_domain::tier::Tier::ALL.into_iter().zip(d.tiers) {
        let up: u64 = it.escalated.iter().sum();
        let escalated = match tier {
            tierdesk_domain::tier::Tier::L1 => Measure::EscalatedToL2,
            _ => Measure::EscalatedToL3,
        };
        bars.push(Bar {
            label: tier.to_string(),
            aria: aria(tier.name(), it.resolved, up, it.open),
            parts: parts(
                vec![
                    (
                        "f-success",
                        it.resolved,
                        list::tier_address(Measure::Resolved, d.period, tier),
                    ),
                    (
                        "f-accent",
                        up,
                        list::tier_address(escalated, d.period, tier),
                    ),
                    (
                        "f-mute",
                        it.handed_back,
                        list::tier_address(Measure::HandedBack, d.period, tier),
                    ),
                    ("f-accent-2", it.open, list::backlog_tier_address(tier)),
                ],
                longest,
            ),
            end: grouped(it.open),
            end_href: list::backlog_tier_address(tier),
        });
    }
    Bars {
        of: text::t("dashboard.tier"),
        legend: vec![
            ("f-success", text::t("dashboard.resolved").to_owned()),
            ("f-accent", text::t("dashboard.passed_on").to_owned()),
            ("f-mute", text::t("dashboard.handed_back").to_owned()),
            ("f-accent-2", text::t("dashboard.open_now").to_owned()),
        ],
        bars,
    }
}

/// Resolutions in time, for each priority.
pub(super) fn priorities(d: &Dashboard) -> Bars {
    let bars = d
        .by_priority
        .iter()
        .map(|&(priority, kept, broken)| {
            let kept_list = list::priority_address(Measure::ResolutionKept, d.period, priority);
            Bar {
                label: priority.to_string(),
                aria: text::fill(
                    "dashboard.kept_aria",
                    &[
                        ("priority", &priority),
                        ("kept", &kept),
                        ("broken", &broken),
                    ],
                ),
                parts: parts(
                    vec![
                        ("f-success", kept, kept_list.clone()),
                        (
                            "f-danger",
                            broken,
                            list::priority_address(Measure::ResolutionBreached, d.period, priority),
                        ),
                    ],
                    kept + broken,
                ),
                end: percent(kept, kept + broken),
                end_href: kept_list,
            }
        })
        .collect();
    Bars {
        of: text::t("dashboard.priority"),
        legend: vec![
            ("f-success", text::t("dashboard.kept").to_owned()),
            ("f-danger", text::t("dashboard.broken").to_owned()),
        ],
        bars,
    }
}

/// Open tickets of each queue, by age.
pub(super) fn ages(d: &Dashboard) -> Bars {
    let longest = d
        .queues
        .iter()
        .map(|it| it.young + it.middle + it.old)
        .max()
        .unwrap_or(1);
    let bars = d
        .queues
        .iter()
        .map(|it| {
            let label = format!("{} {}", it.tier, it.name);
            let queue = Some((it.team, it.tier));
            Bar {
                aria: text::fill(
                    "dashboard.age_aria",
                    &[
                        ("queue", &label),
                        ("young", &it.young),
                        ("middle", &it.middle),
                        ("old", &it.old),
                    ],
                ),
                label,
                parts: parts(
                    vec![
                        (
                            "f-accent-2",
                            it.young,
                            list::backlog_address("young", queue),
                        ),
                        (
                            "f-accent",
                            it.middle,
                            list::backlog_address("middle", queue),
                        ),
                        ("f-ink", it.old, list::backlog_address("old", queue)),
                    ],
                    longest,
                ),
                end: grouped(it.young + it.middle + it.old),
                end_href: list::backlog_address("", queue),
            }
        })
        .collect();
    Bars {
        of: text::t("dashboard.queue"),
        legend: vec![
            ("f-accent-2", text::t("dashboard.age_young").to_owned()),
            ("f-accent", text::t("dashboard.age_middle").to_owned()),
            ("f-ink", text::t("dashboard.age_old").to_owned()),
        ],
        bars,
    }
}

/// Two lines over the days of the period.
pub(super) struct Trend {
    pub(super) opened: String,
    pub(super) resolved: String,
    pub(super) top: String,
    pub(super) axis: Vec<String>,
    pub(super) days: Vec<TrendDay>,
}

/// One day as a row of the table.
pub(super) struct TrendDay {
    pub(super) day: String,
    pub(super) opened: String,
    pub(super) opened_href: String,
    pub(super) resolved: String,
    pub(super) resolved_href: String,
}

/// The drawing is 1000 by 160 units, with the zero line at 150 and the top at 30.
pub(super) fn trend(d: &Dashboard) -> Trend {
    let top = d
        .daily
        .iter()
        .map(|it| it.1.max(it.2))
        .max()
        .unwrap_or(0)
        .max(1);
    let steps = u64::try_from(d.daily.len().saturating_sub(1).max(1)).unwrap_or(1);
    let line = |of: &dyn Fn(&(chrono::NaiveDate, u64, u64)) -> u64| {
        let points: Vec<String> = d
            .daily
            .iter()
            .zip(0u64..)
            .map(|(day, i)| format!("{},{}", i * 1000 / steps, 150 - of(day) * 120 / top))
            .collect();
        points.join(" ")
    };
    let every = d.daily.len().div_ceil(5).max(1);
    Trend {
        opened: line(&|it| it.1),
        resolved: line(&|it| it.2),
        top: grouped(top),
        axis: d
            .daily
            .iter()
            .step_by(every)
            .map(|it| it.0.format("%a %-d %b").to_string())
            .collect(),
        days: d
            .daily
            .iter()
            .rev()
            .map(|&(day, opened, resolved)| TrendDay {
                day: day.format("%a %-d %b").to_string(),
                opened: grouped(opened),
                opened_href: list::day_address(Measure::Opened, day),
                resolved: grouped(resolved),
                resolved_href: list::day_address(Measure::Resolved, day),
            })
            .collect(),
    }
}
