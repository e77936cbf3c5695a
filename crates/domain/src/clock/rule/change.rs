//! Another priority, kind or category: the new target is held against all that was counted.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use crate::clock::any::history;
use crate::clock::scene::{
    MONDAY_9, MONDAY_14, OFFICE, at, book, clock, hours, open, pending, resolution, ticket, waited,
};
use crate::clock::{Book, Change, Moment, clocks};
use crate::id::CategoryId;
use crate::sla::{Metric, PolicyRule, When};
use crate::ticket::{Kind, Priority};

use Metric::{FirstResponse, Resolution};

/// The standard promises with a rule of four hours for what `when` names, before the others.
fn with_rule(when: When) -> Book {
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

#[test]
fn a_clock_that_a_new_rule_does_not_promise_stays_as_it_was_last_promised() {
    let when = When {
        kinds: [Kind::Request].into(),
        ..When::default()
    };
    let changed = waited().then(MONDAY_14, Change::Kind(Kind::Request));
    let first = clock(
        &changed,
        &with_rule(when),
        FirstResponse,
        "2026-06-05T12:00:00Z",
    );
    assert_eq!(first.target, hours(4));
    assert_eq!((first.due_at, first.breached_at), (None, None));
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
