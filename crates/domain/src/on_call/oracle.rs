//! The slow way, to compare with: a wall clock that is looked at every minute. Nothing here divides.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;
use uuid::Uuid;

use super::*;
use crate::calendar::Window;

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// What a zone's clock shows, minute by minute.
struct Clock {
    begin: DateTime<Utc>,
    shows: Vec<NaiveDateTime>,
}

impl Clock {
    fn between(zone: Tz, begin: DateTime<Utc>, end: DateTime<Utc>) -> Self {
        let minutes = (end - begin).num_minutes() as i32;
        let shows = (0..minutes)
            .map(|n| (begin + MINUTE * n).with_timezone(&zone).naive_local())
            .collect();
        Self { begin, shows }
    }

    /// Whether a minute lies in a window: the clock has shown the start by now, and has not shown the end for good.
    fn open(&self, week: &Week, minute: usize) -> bool {
        let today = self.shows[minute].date();
        let near = |from: usize, to: usize| &self.shows[from..to.min(self.shows.len())];
        (0..4_u64).any(|back| {
            let day = today + Days::new(1) - Days::new(back);
            let windows = week.days()[day.weekday().num_days_from_monday() as usize];
            windows.iter().any(|window| {
                let midnight = day.and_hms_opt(0, 0, 0).unwrap();
                let start = midnight + TimeDelta::minutes(window.start());
                let end = midnight + TimeDelta::minutes(window.end());
                near(minute.saturating_sub(200), minute + 1)
                    .iter()
                    .any(|it| *it >= start)
                    && near(minute, minute + 201).iter().any(|it| *it < end)
            })
        })
    }
}

/// The minutes from `begin` on: who is on call in each.
fn minute_by_minute(
    schedule: &Schedule,
    overrides: &[Override],
    away: &BTreeSet<PersonId>,
    begin: DateTime<Utc>,
    minutes: i32,
) -> Vec<Option<PersonId>> {
    let mut answer = vec![None; minutes as usize];
    let starts = schedule
        .layers
        .iter()
        .map(|layer| layer.start)
        .min()
        .unwrap();
    let since = starts.and_hms_opt(0, 0, 0).unwrap().and_utc() - TimeDelta::days(2);
    let end = begin + MINUTE * minutes;
    let clock = Clock::between(schedule.zone, since, end + MINUTE * 201);
    for layer in schedule.layers.iter().rev() {
        // Walks from well before the first shift, and hands over whenever the clock first shows the time.
        let mut next = layer.start.and_hms_opt(0, 0, 0).unwrap()
            + TimeDelta::minutes(i64::from(layer.hand_over.minutes()));
        let mut on = None;
        for (minute, shown) in clock.shows.iter().enumerate() {
            let at = clock.begin + MINUTE * minute as i32;
            while *shown >= next {
                on = Some(on.map_or(0, |n: usize| n + 1));
                next += TimeDelta::days(i64::from(layer.days));
            }
            if (begin..end).contains(&at)
                && let Some(shift) = on
                && layer
                    .only
                    .as_ref()
                    .is_none_or(|week| clock.open(week, minute))
            {
                let person = layer.people[shift % layer.people.len()];
                if !away.contains(&person) {
                    answer[(at - begin).num_minutes() as usize] = Some(person);
                }
            }
        }
    }
    for it in overrides.iter().filter(|it| !away.contains(&it.person)) {
        for (minute, cell) in answer.iter_mut().enumerate() {
            let at = begin + MINUTE * minute as i32;
            if it.from <= at && at < it.to {
                *cell = Some(it.person);
            }
        }
    }
    answer
}

const ZONES: [Tz; 8] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::Africa__Casablanca,
    Tz::Australia__Lord_Howe,
    Tz::Asia__Kathmandu,
    Tz::America__Havana,
];

fn time_of_day() -> impl Strategy<Value = TimeOfDay> {
    prop_oneof![3 => (0..24_u32).prop_map(|h| h * 60), 2 => 0..240_u32, 1 => 0..1440_u32].prop_map(
        |minute| {
            format!("{:02}:{:02}", minute / 60, minute % 60)
                .parse()
                .unwrap()
        },
    )
}

fn week() -> impl Strategy<Value = Week> {
    let window = (time_of_day(), time_of_day()).prop_map(|(a, b)| Window::new(a, b).unwrap());
    vec(vec(window, 0..3), 7).prop_map(|days| {
        let mut week = Week::default();
        for (day, windows) in week.days_mut().into_iter().zip(days) {
            *day = windows;
        }
        week
    })
}

fn person(n: u8) -> PersonId {
    PersonId(Uuid::from_u128(u128::from(n)))
}

/// A schedule around a change of the clock, with the moment to look from.
fn case() -> impl Strategy<Value = (Schedule, Vec<Override>, BTreeSet<PersonId>, DateTime<Utc>)> {
    // The last days of March and October, and others: that is when clocks change somewhere.
    let days = prop_oneof![
        2 => (27..31_u32).prop_map(|d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap()),
        2 => (23..27_u32).prop_map(|d| NaiveDate::from_ymd_opt(2026, 10, d).unwrap()),
        1 => (6..10_u32).prop_map(|d| NaiveDate::from_ymd_opt(2026, 3, d).unwrap()),
        1 => (1..28_u32).prop_map(|d| NaiveDate::from_ymd_opt(2018, 11, d).unwrap()),
    ];
    (0..ZONES.len(), days).prop_flat_map(|(zone, date)| {
        let layer = (
            vec(0..5_u8, 1..4),
            1..4_u16,
            time_of_day(),
            0..6_u64,
            prop_oneof![Just(None), week().prop_map(Some)],
        )
            .prop_map(move |(people, days, hand_over, before, only)| Layer {
                name: String::new(),
                people: people.into_iter().map(person).collect(),
                days,
                hand_over,
                start: date - Days::new(before),
                only,
            });
        let over = (0..5_u8, -600..2000_i64, 1..900_i64);
        let begin = date.and_hms_opt(0, 0, 0).unwrap().and_utc();
        (
            vec(layer, 1..3),
            vec(over, 0..3),
            proptest::collection::btree_set((0..5_u8).prop_map(person), 0..2),
            -720..720_i64,
        )
            .prop_map(move |(layers, overrides, away, shift)| {
                let begin = begin + TimeDelta::minutes(shift);
                let overrides = overrides
                    .into_iter()
                    .map(|(who, from, length)| Override {
                        id: Uuid::nil(),
                        person: person(who),
                        from: begin + TimeDelta::minutes(from),
                        to: begin + TimeDelta::minutes(from + length),
                    })
                    .collect();
                let schedule = Schedule {
                    zone: ZONES[zone],
                    layers,
                };
                (schedule, overrides, away, begin)
            })
    })
}

fn config() -> Config {
    let wanted = std::env::var("TIERDESK_CASES").ok();
    Config {
        cases: wanted.and_then(|it| it.parse().ok()).unwrap_or(40),
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_turns_say_what_a_clock_that_is_looked_at_every_minute_says((schedule, overrides, away, begin) in case()) {
        let minutes = 2 * 24 * 60;
        let slow = minute_by_minute(&schedule, &overrides, &away, begin, minutes);
        let turns = turns(&schedule, &overrides, &away, begin, begin + MINUTE * minutes);
        prop_assert_eq!(turns.first().map(|it| it.from), Some(begin));
        prop_assert_eq!(turns.last().map(|it| it.to), Some(begin + MINUTE * minutes));
        prop_assert!(turns.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].who != pair[1].who));
        for (minute, expected) in slow.into_iter().enumerate() {
            let at = begin + MINUTE * minute as i32;
            let turn = turns.iter().find(|it| it.from <= at && at < it.to);
            let found = turn.and_then(|it| it.who).map(|(person, _)| person);
            prop_assert_eq!(found, expected, "{} in {}", at, schedule.zone);
            if minute % 7 == 0 {
                let at_once = who(&schedule, &overrides, &away, at).map(|(person, _)| person);
                prop_assert_eq!(at_once, expected, "at once, {}", at);
            }
        }
    }

    #[test]
    fn nobody_who_is_away_is_ever_on_call((schedule, overrides, away, begin) in case()) {
        for turn in turns(&schedule, &overrides, &away, begin, begin + TimeDelta::days(9)) {
            prop_assert!(turn.who.is_none_or(|(person, _)| !away.contains(&person)));
            prop_assert!(turn.from < turn.to);
        }
    }
}
