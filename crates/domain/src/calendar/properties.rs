//! Random calendars around the worst hours of the worst zones: the engine agrees with the oracle.
//!
//! 100,000 of them in the first two properties together, which the test profile's optimisation makes cheap (see Cargo.toml);
//! `TIERDESK_CASES` asks for another number of each.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::document::{CalendarDocument, TimeOfDay, Week, Window};
use super::oracle::Oracle;
use super::zone::Zone;
use super::{Calendar, Hours, SECOND, WorkingTime};

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
struct Case {
    document: CalendarDocument,
    begin: DateTime<Utc>,
}

fn cases() -> u32 {
    let wanted = std::env::var("TIERDESK_CASES").ok();
    wanted
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(50_000)
}

fn config(cases: u32) -> Config {
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

fn week() -> impl Strategy<Value = Week> {
    vec(vec(window(), 0..3), 7).prop_map(|days| {
        let mut week = Week::default();
        for (day, windows) in week.days_mut().into_iter().zip(days) {
            *day = windows;
        }
        week
    })
}

/// A calendar whose special dates lie within `days` of a moment near a change of the clock, or anywhere.
fn case(days: u64) -> impl Strategy<Value = Case> {
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

fn minutes(count: usize) -> TimeDelta {
    TimeDelta::minutes(count as i64)
}

proptest! {
    #![proptest_config(config(cases()))]

    #[test]
    fn the_engine_agrees_with_a_minute_by_minute_oracle(
        case in case(12),
        start in 0..4_000_usize,
        spans in vec((0..8_000_usize, 0..2_500_usize), 4),
    ) {
        let calendar = Calendar::from(case.document.clone());
        let oracle = Oracle::new(&case.document, case.begin, minutes(1), 8_000);
        let from = oracle.at(start);

        for (to, ticks) in spans.into_iter().chain([(0, 0), (start, 1)]) {
            let elapsed = oracle.elapsed(start, to.max(start));
            prop_assert_eq!(calendar.elapsed(from, oracle.at(to)), minutes(elapsed));

            if let Some(due) = oracle.due(start, ticks) {
                prop_assert_eq!(calendar.due(from, minutes(ticks)), Some(oracle.at(due)));
            }
        }
    }

    #[test]
    fn pauses_and_new_versions_agree_with_the_oracle(
        case in case(8),
        other in week(),
        start in 0..1_500_usize,
        change in 0..4_000_usize,
        pauses in vec((0..4_000_usize, 0..900_usize), 0..4),
        ticks in 0..1_200_usize,
    ) {
        let other = CalendarDocument { windows: other, ..case.document.clone() };
        let mut oracle = Oracle::new(&case.document, case.begin, minutes(1), 4_000);
        let after = Oracle::new(&other, case.begin, minutes(1), 4_000);
        oracle.replace_from(change, &after);
        for (from, length) in &pauses {
            oracle.pause(*from, from + length);
        }
        let time = WorkingTime::new(Hours::Calendar(Calendar::from(case.document)))
            .then(oracle.at(change), Hours::Calendar(Calendar::from(other)))
            .without(pauses.iter().map(|(from, length)| (oracle.at(*from), oracle.at(from + length))));

        let from = oracle.at(start);
        prop_assert_eq!(time.elapsed(from, oracle.at(4_000)), minutes(oracle.elapsed(start, 4_000)));
        if let Some(due) = oracle.due(start, ticks) {
            prop_assert_eq!(time.due(from, minutes(ticks)), Some(oracle.at(due)));
        }
    }

    #[test]
    fn a_due_time_has_exactly_the_time_between_it_and_the_start(
        case in case(1_000),
        seconds in 1..40_000_000_i64,
        fraction in 0..1_000_000_i64,
    ) {
        let calendar = Calendar::from(case.document);
        let start = case.begin + TimeDelta::microseconds(fraction);
        if let Some(due) = calendar.due(start, TimeDelta::seconds(seconds)) {
            prop_assert_eq!(calendar.elapsed(start, due), TimeDelta::seconds(seconds));
            let sooner = due - TimeDelta::microseconds(1);
            prop_assert!(calendar.elapsed(start, sooner) < TimeDelta::seconds(seconds));
            let warning = calendar.before(due, TimeDelta::seconds(seconds)).unwrap();
            prop_assert_eq!(calendar.elapsed(warning, due), TimeDelta::seconds(seconds));
            prop_assert_eq!(calendar.next_opening(warning), Some(warning));
            prop_assert!(warning >= start);
        }
    }
}

proptest! {
    #![proptest_config(config(cases() / 50))]

    /// Months at a time, so that the division over ordinary weeks is what is tested.
    #[test]
    fn long_stretches_agree_with_the_oracle(case in case(300), start in 0..10_000_usize, ticks in 0..100_000_usize) {
        let length = 400_000;
        let calendar = Calendar::from(case.document.clone());
        let oracle = Oracle::new(&case.document, case.begin, minutes(1), length);
        let from = oracle.at(start);

        prop_assert_eq!(calendar.elapsed(from, oracle.at(length)), minutes(oracle.elapsed(start, length)));
        if let Some(due) = oracle.due(start, ticks) {
            prop_assert_eq!(calendar.due(from, minutes(ticks)), Some(oracle.at(due)));
        }
    }
}

/// Before 1972 clocks were ahead by odd seconds: the Netherlands by 19 min 32 s, Liberia behind by 44 min 30 s.
#[test]
fn offsets_with_odd_seconds_agree_with_a_second_by_second_oracle() {
    let windows = r#"{"sat":[["00:00","02:30"],["23:00","01:00"]],"fri":[["22:15","24:00"]],"wed":[["08:00","09:00"]]}"#;
    for (zone, begin) in [
        ("Europe/Amsterdam", "1937-06-30T20:00:00Z"),
        ("Africa/Monrovia", "1972-01-06T12:00:00Z"),
    ] {
        let document: CalendarDocument =
            serde_json::from_str(&format!(r#"{{"zone":"{zone}","windows":{windows}}}"#)).unwrap();
        let calendar = Calendar::from(document.clone());
        let length = 4 * 86_400;
        let oracle = Oracle::new(
            &document,
            begin.parse().unwrap(),
            TimeDelta::seconds(1),
            length,
        );
        for start in (0..length).step_by(4_999) {
            let from = oracle.at(start);
            assert_eq!(
                calendar.elapsed(from, oracle.at(length)),
                TimeDelta::seconds(oracle.elapsed(start, length) as i64)
            );
            if let Some(due) = oracle.due(start, start % 9_000) {
                assert_eq!(
                    calendar.due(from, TimeDelta::seconds((start % 9_000) as i64)),
                    Some(oracle.at(due))
                );
            }
        }
    }
}
