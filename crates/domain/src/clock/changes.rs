//! What becomes of the elapsed time when something changes on the way: the table of docs/clocks.md, a test per row.

use super::scene::{OFFICE, POLICY, at, book, clock, hours, office, ticket, version};
use super::{Book, Change, Clock, History, State, clocks, set_by_hand};
use crate::id::{CategoryId, TeamId};
use crate::sla::{Metric, Policy, PolicyRule, Reopen, When};
use crate::ticket::{Kind, Priority, ResolvedBy, Status};
use crate::tier::Tier;
use Metric::{FirstResponse, NextResponse, PickUp, Resolution, TimeInTier};
use uuid::Uuid;

/// Monday, when the office opens; P3 has 24 working hours.
const MONDAY_9: &str = "2026-06-01T07:00:00Z";
const MONDAY_12: &str = "2026-06-01T10:00:00Z";
const MONDAY_14: &str = "2026-06-01T12:00:00Z";

fn resolution(history: &History, book: &Book, now: &str) -> Clock {
    clock(history, book, Resolution, now)
}

/// A ticket of which three working hours were used before it waited for two.
fn waited() -> History {
    ticket(MONDAY_9)
        .then(MONDAY_12, Change::Status(Status::Pending))
        .then(MONDAY_14, Change::Status(Status::Open))
}

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
fn another_tier_starts_the_clocks_between_tiers_and_not_the_promise() {
    let team = ticket(MONDAY_9).opened.team;
    let moved = ticket(MONDAY_9)
        .then("2026-06-01T07:05:00Z", Change::Assigned(true))
        .then(MONDAY_12, Change::Queue(team, Tier::L2));
    let of = |metric| clock(&moved, &book(), metric, MONDAY_14);
    assert_eq!(of(Resolution).counted, hours(5));
    assert_eq!(
        (of(TimeInTier).ordinal, of(TimeInTier).counted),
        (2, hours(2))
    );
    assert_eq!((of(PickUp).ordinal, of(PickUp).counted), (2, hours(2)));
    assert_eq!(of(PickUp).started_at, at(MONDAY_12));
}

#[test]
fn another_team_at_the_same_tier_is_like_another_tier() {
    let other = TeamId(Uuid::from_u128(77));
    let moved = ticket(MONDAY_9).then(MONDAY_12, Change::Queue(other, Tier::L1));
    let of = |metric| clock(&moved, &book(), metric, MONDAY_14);
    assert_eq!(of(Resolution).counted, hours(5));
    assert_eq!((of(TimeInTier).ordinal, of(PickUp).ordinal), (2, 2));
}

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
    for begins in [
        Change::Assigned(true),
        Change::Begun,
        Change::Reply,
        Change::Resolved(ResolvedBy::Human),
    ] {
        let begun = given().then(MONDAY_12, begins);
        let met = State::Met(at(MONDAY_12));
        assert_eq!(pick_up(&begun).state, met, "{begins:?}");
        assert!(!begun.waits_for_a_start());
    }
    for (other, state) in [
        (Change::Ask, State::Running),
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
    for change in [Change::Begun, Change::Reply] {
        let answered = ticket(MONDAY_9).then(MONDAY_12, change);
        let waits = clock(&answered, &book(), PickUp, MONDAY_14);
        assert_eq!(waits.state, State::Running, "{change:?}");
    }
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

fn resolved_and_reopened() -> History {
    ticket(MONDAY_9)
        .then(MONDAY_12, Change::Resolved(ResolvedBy::Human))
        .then("2026-06-02T07:00:00Z", Change::Reopened)
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
        .then(MONDAY_12, Change::Resolved(ResolvedBy::Human))
        .then("2026-06-02T07:00:00Z", Change::Reopened);
    assert_eq!(of(&taken, PickUp).0, 1);
}

#[test]
fn an_answer_of_the_requester_asks_for_the_next_response_and_only_once() {
    let asked = ticket(MONDAY_9)
        .then("2026-06-01T07:30:00Z", Change::Reply)
        .then("2026-06-01T08:00:00Z", Change::Ask)
        .then("2026-06-01T09:00:00Z", Change::Ask);
    let next = clock(&asked, &book(), NextResponse, "2026-06-01T09:00:00Z");
    assert_eq!(
        (next.ordinal, next.counted, next.target),
        (1, hours(1), hours(8))
    );
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
