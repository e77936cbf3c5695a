//! The charts of the first page: where tickets end, what was kept, and how old what is open is.

use tierdesk_desk::dashboard::{Dashboard, Key};
use tierdesk_domain::dashboard::{SLA, escalated, resolved_by_people};
use tierdesk_domain::period::Period;
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;

use super::{Bar, Bars, parts};
use crate::dashboard::linked::{Piece, Shared, counted_from};
use crate::dashboard::view::{Listed, counted, list};
use crate::filters::grouped;

/// What each tier did with the tickets it had.
pub(in crate::dashboard) fn flow(d: &Dashboard) -> Bars {
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
    let behind = |measure: Measure, key: &Key| counted(measure, &d.lens, key);
    let bot = text::t("dashboard.bot");
    let mut bars = vec![Bar {
        label: bot.to_owned(),
        from: Vec::new(),
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
        mark: None,
        end: Piece::link(grouped(by_bot), behind(Measure::ResolvedByBot, &everything)),
    }];
    for (tier, [resolved, up, back, open]) in tiers {
        let key = Key {
            tier: Some(tier),
            ..everything
        };
        let have = list(Listed::Open, None, &d.lens.view, &key);
        bars.push(Bar {
            label: tier.to_string(),
            from: Vec::new(),
            aria: aria(tier.name(), resolved, up, open),
            parts: parts(
                vec![
                    ("f-success", resolved, behind(Measure::ResolveElapsed, &key)),
                    ("f-accent", up, counted(Several::Escalated, &d.lens, &key)),
                    ("f-mute", back, behind(Measure::HandedBack, &key)),
                    ("f-accent-2", open, have.clone()),
                ],
                longest,
            ),
            mark: None,
            end: Piece::link(grouped(open), have),
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
        ends: None,
        bars,
        axis: Vec::new(),
    }
}

/// Resolutions in time, for each priority.
pub(in crate::dashboard) fn priorities(d: &Dashboard) -> Bars {
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
            Bar {
                label: priority.to_string(),
                from: counted_from(share.whole, promise.all, &d.lens, &key),
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
                        (
                            "f-success",
                            share.part,
                            counted(promise.kept, &d.lens, &key),
                        ),
                        ("f-danger", broken, counted(promise.broken, &d.lens, &key)),
                    ],
                    share.whole,
                ),
                mark: None,
                end: Shared::promise(promise).share(share, &d.lens, &key),
            }
        })
        .collect();
    Bars {
        of: text::t("dashboard.priority"),
        legend: vec![
            ("f-success", text::t("dashboard.kept").to_owned()),
            ("f-danger", text::t("dashboard.broken").to_owned()),
        ],
        ends: Some(text::t("dashboard.share")),
        bars,
        axis: Vec::new(),
    }
}

/// The colour and the word of each age, the youngest first.
const AGES: [(&str, &str); 4] = [
    ("f-accent-2", "dashboard.age_young"),
    ("f-mute", "dashboard.age_middle"),
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
pub(in crate::dashboard) fn filed_before_this_week(d: &Dashboard) -> Period {
    let [_, _, older, old] = filed(d);
    Period {
        from: old.from,
        to: older.to,
    }
}

/// Open tickets of each queue, by age.
pub(in crate::dashboard) fn ages(d: &Dashboard) -> Bars {
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
                from: Vec::new(),
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
                mark: None,
                end: Piece::link(
                    grouped(total(&it.open)),
                    list(Listed::Open, None, &d.lens.view, &key),
                ),
            }
        })
        .collect();
    Bars {
        of: text::t("dashboard.queue"),
        legend: AGES
            .iter()
            .map(|(class, key)| (*class, text::t(key).to_owned()))
            .collect(),
        ends: Some(text::t("dashboard.all")),
        bars,
        axis: Vec::new(),
    }
}
