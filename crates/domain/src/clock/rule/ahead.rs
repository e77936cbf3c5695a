//! What is to come is told line by line like what was, in the hours that will hold then.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::oracle::{changing, reopen};
use crate::clock::scene::{OFFICE, at, book, clock, hours, office, ticket, version};
use crate::clock::{History, State, ahead, clocks};
use crate::sla::Metric;

const MONDAY_15: &str = "2026-06-01T13:00:00Z";
const TUESDAY: &str = "2026-06-01T22:00:00Z";
const WEDNESDAY_11: &str = "2026-06-03T09:00:00Z";

#[test]
fn a_holiday_that_is_planned_is_skipped_ahead_and_named() {
    let holiday = "2026-06-02".parse().unwrap();
    let mut document = office(r#"[["09:00","17:00"]]"#).document().clone();
    document.holidays.insert(holiday);
    document.names.insert(holiday, "Founders' Day".to_owned());
    let mut book = book();
    let versions = book.calendars.get_mut(&OFFICE).unwrap();
    versions.push(version(OFFICE, 2, TUESDAY, document.into()));

    let first = clock(&ticket(MONDAY_15), &book, Metric::FirstResponse, MONDAY_15);
    assert_eq!(first.due_at, Some(at(WEDNESDAY_11)));
    let lines = ahead(&first, &book, at(MONDAY_15));
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.reason.as_str(), line.counted, line.sum))
        .collect();
    assert_eq!(
        told,
        [
            ("If nothing stops it", hours(2), hours(2)),
            ("Outside working hours", hours(0), hours(2)),
            (
                "A new version of the calendar applied, outside working hours",
                hours(0),
                hours(2)
            ),
            ("Working hours began", hours(2), hours(4)),
        ]
    );
    let skipped: Vec<_> = lines.iter().map(|line| line.special.clone()).collect();
    let named = vec![(holiday, "Founders' Day".to_owned())];
    assert_eq!(skipped, [vec![], vec![], named, vec![]]);
    let by: Vec<_> = lines
        .iter()
        .map(|line| line.decided_by.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(by, ["1", "1", "2", "2"]);
}

#[test]
fn nothing_comes_of_a_clock_that_waits_or_is_late() {
    let late = clock(
        &ticket(MONDAY_15),
        &book(),
        Metric::FirstResponse,
        WEDNESDAY_11,
    );
    assert!(ahead(&late, &book(), at(WEDNESDAY_11)).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_comes_adds_up_to_what_is_left_whatever_versions_are_planned(
        history in history(), later in 0..15_000_i64, on_hold_pauses in any::<bool>(), reopen in reopen()
    ) {
        let book = changing(on_hold_pauses, reopen);
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        for clock in clocks(&history, &book, now) {
            let lines = ahead(&clock, &book, now);
            let due = clock.due_at.filter(|due| clock.state == State::Running && *due > now);
            let Some(due) = due else {
                prop_assert!(lines.is_empty());
                continue;
            };
            prop_assert_eq!(lines.iter().map(|line| line.counted).sum::<TimeDelta>(), clock.left());
            prop_assert_eq!(lines.last().unwrap().sum, clock.target);
            let mut at = now;
            for line in &lines {
                prop_assert_eq!(line.from, at);
                prop_assert!(line.counted.is_zero() || line.closed.is_zero());
                at = line.to;
            }
            prop_assert_eq!(at, due);
        }
    }
}
