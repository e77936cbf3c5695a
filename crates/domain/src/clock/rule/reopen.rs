//! Reopened: which clocks start anew, which go on, and that resolved time counts in none.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, MONDAY_12, at, book, clock, hours, resolution, ticket};
use crate::clock::{Change, History, clocks};
use crate::sla::{Metric, Reopen};
use crate::ticket::ResolvedBy;

use Change::{Reopened, Reply, Resolved};
use Metric::{FirstResponse, NextResponse, PickUp, Resolution, TimeInTier};

fn resolved_and_reopened() -> History {
    ticket(MONDAY_9)
        .then(MONDAY_12, Resolved(ResolvedBy::Human))
        .then("2026-06-02T07:00:00Z", Reopened)
}

#[test]
fn reopened_the_solution_starts_a_new_cycle_where_the_policy_says_so() {
    let all = clocks(
        &resolved_and_reopened(),
        &book(),
        at("2026-06-02T08:00:00Z"),
    );
    let cycles: Vec<_> = all
        .iter()
        .filter(|it| it.metric == Resolution)
        .map(|it| (it.ordinal, it.target, it.counted))
        .collect();
    assert_eq!(cycles, [(1, hours(24), hours(3)), (2, hours(24), hours(1))]);
    // The first answer was given; nothing is promised about it twice.
    assert_eq!(
        all.iter().filter(|it| it.metric == FirstResponse).count(),
        1
    );
}

#[test]
fn reopened_the_solution_goes_on_with_a_least_time_left_where_the_policy_says_so() {
    let mut book = book();
    for (least, target) in [(3600, hours(21)), (30 * 3600, hours(30))] {
        book.policy[0].body.reopen = Reopen::Carry {
            at_least_seconds: least,
        };
        let clock = resolution(&resolved_and_reopened(), &book, "2026-06-02T08:00:00Z");
        assert_eq!((clock.ordinal, clock.target), (2, target));
        assert_eq!(clock.breached_at, None);
    }
}

#[test]
fn reopened_the_tier_starts_anew_and_so_does_the_pick_up_if_nobody_has_it() {
    let of = |history: &History, metric| {
        let clock = clock(history, &book(), metric, "2026-06-02T08:00:00Z");
        (clock.ordinal, clock.counted)
    };
    let reopened = resolved_and_reopened();
    assert_eq!(of(&reopened, TimeInTier), (2, hours(1)));
    assert_eq!(of(&reopened, PickUp), (2, hours(1)));
    let taken = ticket(MONDAY_9)
        .then(MONDAY_9, Change::Assigned(true))
        .then(MONDAY_12, Resolved(ResolvedBy::Human))
        .then("2026-06-02T07:00:00Z", Reopened);
    assert_eq!(of(&taken, PickUp).0, 1);
}

#[test]
fn reopened_with_words_of_the_requester_it_asks_for_the_next_response_and_otherwise_not() {
    let reopened_at = "2026-06-02T07:00:00Z";
    let asked = resolved_and_reopened().then(reopened_at, Change::Ask);
    let next = clock(&asked, &book(), NextResponse, "2026-06-02T08:00:00Z");
    assert_eq!((next.started_at, next.counted), (at(reopened_at), hours(1)));
    assert_eq!(next.due_at, Some(at("2026-06-02T15:00:00Z")));
    // What an engineer reopens waits for no answer.
    let all = clocks(&resolved_and_reopened(), &book(), at(reopened_at));
    assert!(all.iter().all(|it| it.metric != NextResponse));
}

#[test]
fn resolved_and_closed_time_counts_in_no_cycle() {
    let mut book = book();
    book.policy[0].body.reopen = Reopen::Carry {
        at_least_seconds: 0,
    };
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T09:00:00Z", Resolved(ResolvedBy::Human))
        .then("2026-06-03T07:00:00Z", Reopened);
    let clock = clock(&ticket, &book, Resolution, "2026-06-03T08:00:00Z");
    assert_eq!(
        (clock.ordinal, clock.target, clock.counted),
        (2, hours(22), hours(1))
    );
}

#[test]
fn a_reopened_ticket_is_not_overdue_at_once() {
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T07:30:00Z", Reply)
        .then("2026-06-08T07:00:00Z", Resolved(ResolvedBy::Human))
        .then("2026-06-09T07:00:00Z", Reopened);
    let fresh = clock(&ticket, &book(), Resolution, "2026-06-09T07:00:00Z");
    assert_eq!(
        (fresh.ordinal, fresh.breached_at, fresh.left()),
        (2, None, hours(24))
    );
    let mut carrying = book();
    carrying.policy[0].body.reopen = Reopen::Carry {
        at_least_seconds: 7200,
    };
    let carried = clock(&ticket, &carrying, Resolution, "2026-06-09T07:00:00Z");
    assert_eq!(
        (carried.breached_at, carried.due_at),
        (None, Some(at("2026-06-09T09:00:00Z")))
    );
    let broken = clocks(&ticket, &book(), at("2026-06-09T07:00:00Z"));
    assert!(
        broken
            .iter()
            .any(|clock| clock.ordinal == 1 && clock.breached_at.is_some())
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_new_cycle_begins_with_nothing_used_and_nothing_broken(
        history in history(), later in 0..20_000_i64, resolved in 1..5_000_i64
    ) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        let again = now + TimeDelta::minutes(resolved);
        let reopened = history.what_if(now, &[Resolved(ResolvedBy::Human)]).what_if(again, &[Reopened]);
        let clocks = clocks(&reopened, &book(), again);
        let newest = clocks.iter().rfind(|it| it.metric == Resolution).unwrap();
        prop_assert_eq!((newest.started_at, newest.counted, newest.breached_at), (again, TimeDelta::zero(), None));
    }
}
