//! Any calendar, around the worst hours of the worst zones: what the properties of the rules are tried on.
//!
//! 100,000 of them in the properties of `rule/dst.rs` and `rule/version.rs` together, which the test profile's optimisation makes
//! cheap (see Cargo.toml); `TIERDESK_CASES` asks for another number of each.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::SECOND;
use super::document::{CalendarDocument, TimeOfDay, Week, Window};
use super::zone::Zone;

const ZONES: [Tz; 16] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::Africa__Casablanca,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
    Tz::Asia__Kathmandu,
    Tz::Africa__Cairo,
    Tz::Antarctica__Troll,
    Tz::Asia__Beirut,
    Tz::America__Havana,
    Tz::America__St_Johns,
    Tz::Pacific__Kwajalein,
    Tz::Asia__Tehran,
];

/// A calendar, and a moment where it gets interesting.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) document: CalendarDocument,
    pub(super) begin: DateTime<Utc>,
}

pub(super) fn cases() -> u32 {
    let wanted = std::env::var("TIERDESK_CASES").ok();
    wanted
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(50_000)
}

pub(super) fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

fn time() -> impl Strategy<Value = u32> {
    prop_oneof![
        3 => (0..24_u32).prop_map(|hour| hour * 60),
        2 => 0..240_u32,
        1 => 0..1440_u32,
    ]
}

fn window() -> impl Strategy<Value = Window> {
    (time(), prop_oneof![5 => time(), 1 => Just(1440_u32)]).prop_map(|(start, end)| {
        let time = |minutes: u32| -> TimeOfDay {
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
                .parse()
                .unwrap()
        };
        Window::new(time(start), time(end)).unwrap()
    })
}

pub(super) fn week() -> impl Strategy<Value = Week> {
    vec(vec(window(), 0..3), 7).prop_map(|days| {
        let mut week = Week::default();
        for (day, windows) in week.days_mut().into_iter().zip(days) {
            *day = windows;
        }
        week
    })
}

/// A calendar whose special dates lie within `days` of a moment near a change of the clock, or anywhere.
pub(super) fn case(days: u64) -> impl Strategy<Value = Case> {
    let when = (
        0..ZONES.len(),
        1973..2085_i32,
        0..366_u64,
        any::<bool>(),
        -3000..3000_i64,
    );
    let special = (
        btree_set(0..days, 0..4),
        btree_map(0..days, vec(window(), 0..3), 0..4),
    );
    (when, week(), special).prop_map(
        |((zone, year, day, near_change, minutes), windows, special)| {
            let zone = ZONES[zone];
            let date = NaiveDate::from_ymd_opt(year, 1, 1).unwrap() + Days::new(day);
            let mut begin = date.and_time(Default::default()).and_utc();
            let change = Zone::of(zone).next_change(begin.timestamp_micros());
            if let (true, Some(change)) = (near_change, change) {
                begin = DateTime::from_timestamp_micros(change - change % (60 * SECOND)).unwrap();
            }
            let begin = begin + TimeDelta::minutes(minutes);
            let date = |day: u64| begin.date_naive() - Days::new(3) + Days::new(day);
            let document = CalendarDocument {
                zone,
                windows,
                holidays: special.0.into_iter().map(date).collect::<BTreeSet<_>>(),
                dates: (special.1.into_iter())
                    .map(|(day, windows)| (date(day), windows))
                    .collect::<BTreeMap<_, _>>(),
                names: BTreeMap::new(),
                left_out: BTreeMap::new(),
            };
            Case { document, begin }
        },
    )
}

pub(super) fn minutes(count: usize) -> TimeDelta {
    TimeDelta::minutes(count as i64)
}
