//! A new version of the promises or of a calendar: it holds from its date, and what was counted before stays.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::clocks;
use crate::clock::scene::{
    MONDAY_9, MONDAY_12, MONDAY_14, OFFICE, POLICY, at, book, clock, hours, office, open, pending,
    resolution, ticket, version, waited,
};
use crate::sla::{Metric, Policy};

use Metric::{FirstResponse, Resolution};

#[test]
fn a_new_policy_is_held_against_all_that_was_counted() {
    let mut book = book();
    let mut short = Policy::standard(OFFICE);
    for targets in short.rules[1].targets.values_mut() {
        targets.insert(Resolution, 10 * 3600);
    }
    book.policy.push(version(POLICY, 2, MONDAY_14, short));
    let clock = resolution(&waited(), &book, MONDAY_14);
    assert_eq!((clock.counted, clock.left()), (hours(3), hours(7)));
    assert_eq!(clock.applied.policy, (POLICY, 2));
}

#[test]
fn a_new_policy_counts_from_its_date_and_takes_back_no_breach() {
    let mut book = book();
    let mut generous = Policy::standard(OFFICE);
    for rule in &mut generous.rules {
        for targets in rule.targets.values_mut() {
            targets.insert(FirstResponse, 100 * 3600);
        }
    }
    book.policy
        .push(version(POLICY, 2, "2026-06-02T12:00:00Z", generous));
    let clock = clock(
        &ticket(MONDAY_9),
        &book,
        FirstResponse,
        "2026-06-02T13:00:00Z",
    );
    assert_eq!(clock.breached_at, Some(at("2026-06-01T11:00:00Z")));
    assert_eq!(
        (clock.applied.policy, clock.target),
        ((POLICY, 2), hours(100))
    );
}

#[test]
fn a_new_calendar_counts_from_its_date_and_what_was_counted_before_stays() {
    let mut book = book();
    let long = office(r#"[["00:00","24:00"]]"#);
    let calendars = book.calendars.get_mut(&OFFICE).unwrap();
    calendars.push(version(OFFICE, 2, "2026-06-02T00:00:00Z", long));
    let clock = resolution(&ticket(MONDAY_9), &book, "2026-06-02T05:00:00Z");
    assert_eq!(clock.counted, hours(8 + 5));
    // It was known on Monday already, because the version was planned.
    let monday = resolution(&ticket(MONDAY_9), &book, MONDAY_12);
    assert_eq!(monday.due_at, Some(at("2026-06-02T16:00:00Z")));
    assert_eq!(clock.due_at, monday.due_at);
}

#[test]
fn a_version_that_is_planned_changes_nothing_before_its_date() {
    let mut planned = book();
    let mut short = Policy::standard(OFFICE);
    for targets in short.rules[1].targets.values_mut() {
        targets.insert(Resolution, 3600);
    }
    planned
        .policy
        .push(version(POLICY, 2, "2026-07-01T00:00:00Z", short));
    let now = "2026-06-02T08:00:00Z";
    assert_eq!(
        resolution(&waited(), &planned, now),
        resolution(&waited(), &book(), now)
    );
}

#[test]
fn open_tickets_follow_a_new_calendar_and_the_ledger_names_both_versions() {
    let mut book = book();
    let longer = office(r#"[["07:00","19:00"]]"#);
    book.calendars.get_mut(&OFFICE).unwrap().push(version(
        OFFICE,
        2,
        "2026-06-01T12:00:00Z",
        longer,
    ));
    let ticket = ticket(MONDAY_9);
    let before = clock(&ticket, &book, Resolution, "2026-06-01T11:00:00Z");
    assert_eq!(before.applied.calendar, Some((OFFICE, 1)));
    let after = clock(&ticket, &book, Resolution, "2026-06-01T12:30:00Z");
    assert_eq!(before.due_at, after.due_at);
    assert_eq!(after.due_at, Some(at("2026-06-03T05:00:00Z") + hours(2)));
    let versions: Vec<_> = after
        .segments
        .iter()
        .map(|it| it.applied.clone().unwrap().calendar.unwrap().1)
        .collect();
    assert_eq!(versions, [1, 2]);
}

#[test]
fn a_fixed_date_is_no_timer_and_no_pause_moves_it() {
    // An administrator fixed when the new promises begin: on Wednesday at noon, for everybody.
    let mut book = book();
    let mut generous = Policy::standard(OFFICE);
    for rule in &mut generous.rules {
        for targets in rule.targets.values_mut() {
            targets.insert(Resolution, 100 * 3600);
        }
    }
    let (before, begins) = ("2026-06-03T09:59:59Z", "2026-06-03T10:00:00Z");
    book.policy.push(version(POLICY, 2, begins, generous));
    let straight = ticket(MONDAY_9);
    let paused = ticket(MONDAY_9)
        .then("2026-06-01T12:00:00Z", pending())
        .then("2026-06-02T12:00:00Z", open());
    let resolution = |ticket, now| clock(ticket, &book, Resolution, now);
    // The pause moved what is counted, by the working day that it took …
    assert_eq!(
        (
            resolution(&straight, before).due_at,
            resolution(&paused, before).due_at
        ),
        (
            Some(at("2026-06-03T15:00:00Z")),
            Some(at("2026-06-04T15:00:00Z"))
        )
    );
    // … and not the date.
    for ticket in [&straight, &paused] {
        let target = |now| resolution(ticket, now).target;
        assert_eq!((target(before), target(begins)), (hours(24), hours(100)));
    }
    // When a promise broke is a date as well: no later pause moves it.
    let late = ticket(MONDAY_9)
        .then("2026-06-01T12:00:00Z", pending())
        .then("2026-06-02T12:00:00Z", open());
    let first = clock(&late, &book, FirstResponse, before);
    assert_eq!(first.breached_at, Some(at("2026-06-01T11:00:00Z")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_that_are_planned_change_nothing_before_their_date(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let mut planned = book();
        let mut none = version(POLICY, 2, MONDAY_9, Policy::standard(OFFICE));
        none.body.rules.iter_mut().for_each(|rule| rule.targets.clear());
        none.valid_from = now + TimeDelta::minutes(1);
        planned.policy.push(none);
        prop_assert_eq!(clocks(&history, &planned, now), clocks(&history, &book(), now));
    }
}
