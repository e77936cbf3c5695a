//! Charts as the template draws them: every shape has its numbers, its words and its list.

use tierdesk_desk::dashboard::{Dashboard, Key};
use tierdesk_domain::dashboard::{SLA, escalated, percent, resolved_by_people};
use tierdesk_domain::period::{MOST_STEPS, Period};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;

use super::sheet::step_name;
use super::view::{Listed, counted, list, summed};
use crate::filters::grouped;

/// A figure with its label and its list.
pub(super) struct Figure {
    pub(super) label: &'static str,
    pub(super) icon: &'static str,
    pub(super) tone: &'static str,
    pub(super) number: String,
    pub(super) href: String,
    pub(super) line: String,
    /// The list behind the number in that line, where it holds one that has a list.
    pub(super) line_href: String,
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
    let everything = Key::default();
    let by_bot = d.total.now.number(Measure::ResolvedByBot);
    let passed_on = d.total.now.number(Measure::BotPassedOn);
    // What people of a tier resolved, passed on, handed back and still have.
    let of = |tier: Tier| {
        let counts = &d.tiers[usize::from(tier.number().unsigned_abs()) - 1];
        let resolved = resolved_by_people(counts);
        let back = counts.number(Measure::HandedBack);
        [resolved, escalated(counts), back, d.open_in(tier)]
    };
    let tiers = Tier::ALL.map(|tier| (tier, of(tier)));
    let longest = tiers
        .iter()
        .map(|(_, parts)| parts.iter().sum::<u64>())
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
    let behind = |measure, key: &Key| counted(measure, &d.lens, key);
    let bot = text::t("dashboard.bot");
    let mut bars = vec![Bar {
        label: bot.to_owned(),
        aria: aria(bot, by_bot, passed_on, 0),
        parts: parts(
            vec![
                (
                    "f-success",
                    by_bot,
                    behind(Measure::ResolvedByBot, &everything),
                ),
                (
                    "f-accent",
                    passed_on,
                    behind(Measure::BotPassedOn, &everything),
                ),
                ("f-mute", 0, String::new()),
                ("f-accent-2", 0, String::new()),
            ],
            longest,
        ),
        end: grouped(by_bot),
        end_href: behind(Measure::ResolvedByBot, &everything),
    }];
    for (tier, [resolved, up, back, open]) in tiers {
        let key = Key {
            tier: Some(tier),
            ..everything
        };
        let have = list(Listed::Open, None, &d.lens.view, &key);
        bars.push(Bar {
            label: tier.to_string(),
            aria: aria(tier.name(), resolved, up, open),
            parts: parts(
                vec![
                    ("f-success", resolved, behind(Measure::ResolveElapsed, &key)),
                    ("f-accent", up, summed(Several::Escalated, &d.lens, &key)),
                    ("f-mute", back, behind(Measure::HandedBack, &key)),
                    ("f-accent-2", open, have.clone()),
                ],
                longest,
            ),
            end: grouped(open),
            end_href: have,
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
    let promise = SLA[2];
    let bars = d
        .priorities
        .iter()
        .map(|(priority, counts)| {
            let key = Key {
                priority: Some(*priority),
                ..Key::default()
            };
            let share = promise.share(counts);
            let broken = share.whole - share.part;
            let kept_list = counted(promise.kept, &d.lens, &key);
            Bar {
                label: priority.to_string(),
                aria: text::fill(
                    "dashboard.kept_aria",
                    &[
                        ("priority", priority),
                        ("kept", &share.part),
                        ("broken", &broken),
                    ],
                ),
                parts: parts(
                    vec![
                        ("f-success", share.part, kept_list.clone()),
                        ("f-danger", broken, counted(promise.broken, &d.lens, &key)),
                    ],
                    share.whole,
                ),
                end: percent(share),
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

/// The colour and the word of each age, the youngest first.
const AGES: [(&str, &str); 4] = [
    ("f-accent-2", "dashboard.age_young"),
    ("f-info", "dashboard.age_middle"),
    ("f-accent", "dashboard.age_older"),
    ("f-ink", "dashboard.age_old"),
];

/// The days on which tickets of each age were filed.
fn filed(d: &Dashboard) -> [Period; 4] {
    let back = |days: u64| {
        let day = d.lens.today.checked_sub_days(chrono::Days::new(days));
        day.unwrap_or(d.lens.today)
    };
    let [young, middle, older] = tierdesk_desk::dashboard::AGES;
    [
        Period {
            from: back(young - 1),
            to: d.lens.today,
        },
        Period {
            from: back(middle - 1),
            to: back(young),
        },
        Period {
            from: back(older - 1),
            to: back(middle),
        },
        Period {
            from: chrono::NaiveDate::default(),
            to: back(older),
        },
    ]
}

/// The days on which those were filed that are older than the two younger ages.
pub(super) fn filed_before_this_week(d: &Dashboard) -> Period {
    let [_, _, older, old] = filed(d);
    Period {
        from: old.from,
        to: older.to,
    }
}

/// Open tickets of each queue, by age.
pub(super) fn ages(d: &Dashboard) -> Bars {
    let total = |open: &[u64; 4]| open.iter().sum::<u64>();
    let longest = d.ages.iter().map(|it| total(&it.open)).max().unwrap_or(1);
    let filed = filed(d);
    let bars = d
        .ages
        .iter()
        .map(|it| {
            let key = Key {
                team: Some(it.team),
                tier: Some(it.tier),
                ..Key::default()
            };
            let label = format!("{} {}", it.tier, d.lens.team(it.team));
            let [young, middle, older, old] = it.open;
            let numbers = AGES.iter().zip(it.open).zip(filed);
            Bar {
                aria: text::fill(
                    "dashboard.age_aria",
                    &[
                        ("queue", &label),
                        ("young", &young),
                        ("middle", &middle),
                        ("older", &older),
                        ("old", &old),
                    ],
                ),
                label,
                parts: parts(
                    numbers
                        .map(|(((class, _), n), days)| {
                            (
                                *class,
                                n,
                                list(Listed::Open, Some(days), &d.lens.view, &key),
                            )
                        })
                        .collect(),
                    longest,
                ),
                end: grouped(total(&it.open)),
                end_href: list(Listed::Open, None, &d.lens.view, &key),
            }
        })
        .collect();
    Bars {
        of: text::t("dashboard.queue"),
        legend: AGES
            .iter()
            .map(|(class, key)| (*class, text::t(key).to_owned()))
            .collect(),
        bars,
    }
}

/// Two lines over the days, or months, of the period.
pub(super) struct Trend {
    pub(super) opened: String,
    pub(super) resolved: String,
    pub(super) top: String,
    pub(super) axis: Vec<String>,
    pub(super) days: Vec<TrendDay>,
    pub(super) title: &'static str,
    pub(super) of: &'static str,
}

/// One day or month as a row of the table.
pub(super) struct TrendDay {
    pub(super) day: String,
    pub(super) opened: String,
    pub(super) opened_href: String,
    pub(super) resolved: String,
    pub(super) resolved_href: String,
}

/// The drawing is 1000 by 160 units, with the zero line at 150 and the top at 30.
pub(super) fn trend(d: &Dashboard) -> Trend {
    let most = d.steps.iter().map(|it| it.opened.max(it.resolved)).max();
    let top = most.unwrap_or(0).max(1);
    let places = u64::try_from(d.steps.len().saturating_sub(1).max(1)).unwrap_or(1);
    let line = |of: fn(&tierdesk_desk::dashboard::Step) -> u64| {
        let points: Vec<String> = d
            .steps
            .iter()
            .zip(0u64..)
            .map(|(step, i)| format!("{},{}", i * 1000 / places, 150 - of(step) * 120 / top))
            .collect();
        points.join(" ")
    };
    let months = d.lens.period.days() > MOST_STEPS;
    let name = |period: Period| step_name(&d.lens, period);
    let every = d.steps.len().div_ceil(5).max(1);
    let number = |n, measure, days| {
        let href = list(
            Listed::Counted(measure),
            Some(days),
            &d.lens.view,
            &Key::default(),
        );
        (grouped(n), href)
    };
    Trend {
        opened: line(|it| it.opened),
        resolved: line(|it| it.resolved),
        top: grouped(top),
        axis: d
            .steps
            .iter()
            .step_by(every)
            .map(|it| name(it.period))
            .collect(),
        days: d
            .steps
            .iter()
            .rev()
            .map(|step| {
                let (opened, opened_href) = number(step.opened, Measure::Opened, step.period);
                let (resolved, resolved_href) =
                    number(step.resolved, Measure::Resolved, step.period);
                TrendDay {
                    day: name(step.period),
                    opened,
                    opened_href,
                    resolved,
                    resolved_href,
                }
            })
            .collect(),
        title: text::t(if months {
            "dashboard.trend_months"
        } else {
            "dashboard.trend"
        }),
        of: text::t(if months {
            "dashboard.month"
        } else {
            "dashboard.day"
        }),
    }
}
