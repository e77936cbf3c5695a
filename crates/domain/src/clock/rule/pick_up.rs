//! Picked up is what somebody took, or began with after a rule gave it to them.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, MONDAY_12, MONDAY_14, at, book, clock, hours, ticket};
use crate::clock::{Change, History, State, clocks, set_by_hand};
use crate::sla::Metric;
use crate::ticket::{Priority, ResolvedBy, Status};

use Metric::{PickUp, TimeInTier};

#[test]
fn a_ticket_put_back_waits_to_be_picked_up_again_with_a_clock_of_its_own() {
    let back = ticket(MONDAY_9)
        .then("2026-06-01T07:05:00Z", Change::Assigned(true))
        .then(MONDAY_12, Change::Assigned(false));
    let again = clock(&back, &book(), PickUp, MONDAY_14);
    assert_eq!((again.ordinal, again.counted), (2, hours(2)));
    assert_eq!(again.state, State::Running);
    // The tier has had it all the time.
    assert_eq!(clock(&back, &book(), TimeInTier, MONDAY_14).ordinal, 1);
}

/// A ticket that came in when the office opened, and that routing gave to somebody five minutes later.
fn given() -> History {
    ticket(MONDAY_9).then("2026-06-01T07:05:00Z", Change::Given)
}

#[test]
fn what_routing_gave_is_picked_up_once_whoever_has_it_begins() {
    let pick_up = |history: &History| clock(history, &book(), PickUp, MONDAY_14);
    let waits = pick_up(&given());
    assert_eq!((waits.state, waits.counted), (State::Running, hours(5)));
    assert!(given().waits_for_a_start());
    for begins in [Change::Assigned(true), Change::Begun] {
        let begun = given().then(MONDAY_12, begins);
        let met = State::Met(at(MONDAY_12));
        assert_eq!(pick_up(&begun).state, met, "{begins:?}");
        assert!(!begun.waits_for_a_start());
    }
    for (other, state) in [
        (Change::Ask, State::Running),
        // Anybody of the desk may have answered, or have resolved it.
        (Change::Reply, State::Running),
        (
            Change::Resolved(ResolvedBy::Human),
            State::Stopped(at(MONDAY_12)),
        ),
        (Change::Priority(Priority::P3), State::Running),
        (
            Change::Resolved(ResolvedBy::Bot),
            State::Stopped(at(MONDAY_12)),
        ),
        (
            Change::Resolved(ResolvedBy::Requester),
            State::Stopped(at(MONDAY_12)),
        ),
    ] {
        let went_on = given().then(MONDAY_12, other);
        assert_eq!(pick_up(&went_on).state, state, "{other:?}");
    }
}

#[test]
fn what_routing_gave_and_nobody_began_with_waits_on_when_it_is_put_back_or_given_to_another() {
    for change in [Change::Assigned(false), Change::Given] {
        let passed_on = given().then(MONDAY_12, change);
        let waits = clock(&passed_on, &book(), PickUp, MONDAY_14);
        assert_eq!((waits.ordinal, waits.counted), (1, hours(5)), "{change:?}");
    }
}

#[test]
fn nobody_begins_with_what_nobody_has() {
    let begun = ticket(MONDAY_9).then(MONDAY_12, Change::Begun);
    let waits = clock(&begun, &book(), PickUp, MONDAY_14);
    assert_eq!(waits.state, State::Running);
}

#[test]
fn who_makes_a_ticket_wait_by_hand_has_begun_with_it() {
    for (status, begins) in [
        (Status::Open, false),
        (Status::Pending, true),
        (Status::OnHold, true),
    ] {
        let set = given().what_if(at(MONDAY_12), &set_by_hand(status));
        let clock = clock(&set, &book(), PickUp, MONDAY_12);
        assert_eq!(clock.state == State::Met(at(MONDAY_12)), begins, "{status}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_picked_up_was_taken_or_begun_at_that_moment(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.metric == PickUp) {
            let State::Met(met) = clock.state else { continue };
            let shows = |change| matches!(change, Change::Assigned(true) | Change::Begun);
            let shown = history.moments.iter().any(|it| it.at == met && shows(it.change));
            prop_assert!(shown, "{met}");
        }
    }
}
