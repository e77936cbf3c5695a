//! Another priority, kind or category: the new target is held against all that was counted.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use crate::clock::any::history;
use crate::clock::scene::{
    MONDAY_9, MONDAY_14, OFFICE, at, book, clock, hours, open, pending, resolution, ticket, waited,
};
use crate::clock::{Book, Change, Moment, State, clocks, explain_plainly, next_due};
use crate::id::CategoryId;
use crate::sla::{Metric, PolicyRule, When};
use crate::ticket::{Kind, Priority};

use Metric::{FirstResponse, Resolution};

/// The standard promises with a rule of four hours for what `when` names, before the others.
pub(super) fn with_rule(when: When) -> Book {
    let mut book = book();
    let rule = PolicyRule {
        name: "Short".to_owned(),
        when,
        calendar: Some(OFFICE),
        on_hold_pauses: false,
        targets: Priority::ALL
            .map(|priority| (priority, [(Resolution, 4 * 3600)].into()))
            .into(),
    };
    book.policy[0].body.rules.insert(0, rule);
    book
}

#[test]
fn a_new_priority_is_held_against_all_that_was_counted_and_against_no_pause() {
    let raised = waited().then(MONDAY_14, Change::Priority(Priority::P2));
    let clock = resolution(&raised, &book(), MONDAY_14);
    assert_eq!((clock.counted, clock.left()), (hours(3), hours(5)));
    // Three hours are left of Monday.
    assert_eq!(clock.due_at, Some(at("2026-06-02T09:00:00Z")));
}

#[test]
fn a_new_priority_keeps_what_was_counted_and_earlier_pauses() {
    let ticket = ticket(MONDAY_9)
        .of(Priority::P4)
        .then("2026-06-01T08:00:00Z", pending())
        .then("2026-06-01T10:00:00Z", open())
        .then("2026-06-01T10:30:00Z", Change::Priority(Priority::P3));
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-01T10:30:00Z");
    assert_eq!(clock.left(), hours(4) - TimeDelta::minutes(90));
    assert_eq!(clock.due_at, Some(at("2026-06-01T13:00:00Z")));
}

#[test]
fn a_lower_priority_gives_the_longer_target_and_takes_back_no_breach() {
    let late = ticket(MONDAY_9)
        .of(Priority::P2)
        .then("2026-06-02T08:00:00Z", Change::Priority(Priority::P4));
    let clock = resolution(&late, &book(), "2026-06-02T08:00:00Z");
    assert_eq!(clock.target, hours(40));
    assert_eq!(clock.breached_at, Some(at("2026-06-01T15:00:00Z")));
    assert!(clock.due_at > Some(at("2026-06-04T00:00:00Z")));
}

#[test]
fn another_kind_or_category_brings_its_rule_and_keeps_what_was_counted() {
    let category = CategoryId(Uuid::from_u128(5));
    for (when, change) in [
        (
            When {
                kinds: [Kind::Request].into(),
                ..When::default()
            },
            Change::Kind(Kind::Request),
        ),
        (
            When {
                categories: [category].into(),
                ..When::default()
            },
            Change::Category(Some(category)),
        ),
    ] {
        let changed = waited().then(MONDAY_14, change);
        let clock = resolution(&changed, &with_rule(when), MONDAY_14);
        assert_eq!(clock.applied.rule, "Short");
        assert_eq!((clock.counted, clock.left()), (hours(3), hours(1)));
    }
}

/// The rule of four hours for requests, which promises a solution and no first response.
fn requests() -> Book {
    with_rule(When {
        kinds: [Kind::Request].into(),
        ..When::default()
    })
}

#[test]
fn a_clock_that_a_new_rule_does_not_promise_stops_and_nothing_keeps_or_breaks_it() {
    let changed = waited().then(MONDAY_14, Change::Kind(Kind::Request));
    let answered = changed.clone().then("2026-06-05T11:00:00Z", Change::Reply);
    let waits = changed.clone().then("2026-06-02T08:00:00Z", pending());
    for ticket in [&changed, &answered, &waits] {
        let first = clock(ticket, &requests(), FirstResponse, "2026-06-05T12:00:00Z");
        assert_eq!(first.state, State::Stopped(at(MONDAY_14)));
        assert_eq!(first.target, hours(4));
        assert_eq!((first.due_at, first.breached_at), (None, None));
        assert!(!first.is_open() && !first.is_at_risk());
    }
    let first = clock(&changed, &requests(), FirstResponse, "2026-06-05T12:00:00Z");
    let plain = explain_plainly(&first, &requests(), chrono_tz::Europe::Berlin);
    assert_eq!(
        plain.last().unwrap(),
        "It has not been promised any more since Monday 1 June, 14:00."
    );
    // The ledger goes on; what was used of the promise is what was used while there was one.
    assert!(
        plain.contains(&"3 h of 4 h are used.".to_owned()),
        "{plain:?}"
    );
    assert_eq!(first.unpromised_since(), Some(at(MONDAY_14)));
    assert!(first.counted > first.used());
    // What comes first is the solution, which is promised still.
    let all = clocks(&changed, &requests(), at(MONDAY_14));
    assert_eq!(next_due(&all).map(|it| it.metric), Some(Resolution));
}

#[test]
fn a_clock_that_is_not_promised_any_more_stays_broken_if_it_was() {
    let late = ticket(MONDAY_9).then("2026-06-02T08:00:00Z", Change::Kind(Kind::Request));
    let first = clock(&late, &requests(), FirstResponse, "2026-06-05T12:00:00Z");
    assert_eq!(first.state, State::Stopped(at("2026-06-02T08:00:00Z")));
    assert_eq!(first.breached_at, Some(at("2026-06-01T11:00:00Z")));
}

#[test]
fn a_clock_that_is_promised_again_goes_on_with_all_that_was_counted() {
    let away = waited().then(MONDAY_14, Change::Kind(Kind::Request));
    let soon = away
        .clone()
        .then("2026-06-01T12:30:00Z", Change::Kind(Kind::Incident));
    let first = clock(&soon, &requests(), FirstResponse, "2026-06-01T12:30:00Z");
    assert_eq!(first.state, State::Running);
    assert_eq!(first.left(), TimeDelta::minutes(30));
    assert_eq!(first.due_at, Some(at("2026-06-01T13:00:00Z")));
    // What was exceeded meanwhile breaks at the moment of the change, and not before.
    let back = "2026-06-02T08:00:00Z";
    let late = away.then(back, Change::Kind(Kind::Incident));
    let first = clock(&late, &requests(), FirstResponse, back);
    assert_eq!(first.breached_at, Some(at(back)));
}

#[test]
fn what_if_shows_the_clocks_that_would_result_and_changes_nothing() {
    let ticket = ticket(MONDAY_9);
    let now = at("2026-06-01T08:00:00Z");
    let raised = ticket
        .clone()
        .what_if(now, &[Change::Priority(Priority::P2)]);
    assert_eq!(
        clock(&raised, &book(), Resolution, "2026-06-01T08:00:00Z").due_at,
        Some(at("2026-06-01T15:00:00Z"))
    );
    assert_eq!(
        clock(&ticket, &book(), Resolution, "2026-06-01T08:00:00Z").target,
        hours(24)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn saying_again_what_holds_already_changes_nothing(history in history(), split in 0..20_000_i64, later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let at = history.opened_at + TimeDelta::minutes(split);
        let known = history.facts();
        let facts = known[known.partition_point(|(when, _)| *when <= at) - 1].1;
        let mut split = history.clone();
        let position = split.moments.partition_point(|it| it.at <= at);
        let again = [Change::Priority(facts.priority), Change::Category(facts.category)];
        for change in again {
            split.moments.insert(position, Moment { at, change });
        }
        prop_assert_eq!(clocks(&split, &book(), now), clocks(&history, &book(), now));
    }
}
