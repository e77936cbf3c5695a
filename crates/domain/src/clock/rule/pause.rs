//! What waits for others stands still: a pause is no time, takes none away, and nothing breaks in it.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, at, book, clock, hours, open, pending, ticket};
use crate::clock::{Change, History, State, Why, clocks};
use crate::sla::Metric;
use crate::ticket::{ResolvedBy, Status};

use Change::Resolved;
use Metric::{FirstResponse, Resolution};

#[test]
fn straight_from_pending_to_resolved_the_pause_is_not_counted() {
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T08:00:00Z", pending())
        .then("2026-07-13T08:00:00Z", Resolved(ResolvedBy::Human));
    let clock = clock(&ticket, &book(), Resolution, "2026-08-01T00:00:00Z");
    assert_eq!((clock.counted, clock.breached_at), (hours(1), None));
    assert_eq!(clock.state, State::Met(at("2026-07-13T08:00:00Z")));
}

#[test]
fn a_pause_is_added_to_what_remains_and_the_start_stays() {
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T09:00:00Z", pending())
        .then("2026-06-02T09:00:00Z", open());
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-02T09:30:00Z");
    assert_eq!(clock.started_at, at(MONDAY_9));
    assert_eq!(clock.due_at, Some(at("2026-06-02T11:00:00Z")));
}

#[test]
fn nothing_breaks_while_it_is_pending() {
    let ticket = ticket(MONDAY_9).then("2026-06-01T10:59:59Z", pending());
    let clock = clock(&ticket, &book(), FirstResponse, "2027-06-01T00:00:00Z");
    assert_eq!(
        (clock.state, clock.due_at, clock.breached_at),
        (State::Paused(Why::Pending), None, None)
    );
    assert!(clock.is_at_risk());
}

#[test]
fn on_hold_pauses_only_where_the_policy_says_so() {
    let ticket = ticket(MONDAY_9).then("2026-06-01T08:00:00Z", Change::Status(Status::OnHold));
    let mut book = book();
    assert_eq!(
        clock(&ticket, &book, FirstResponse, "2026-06-01T10:00:00Z").counted,
        hours(3)
    );
    for rule in &mut book.policy[0].body.rules {
        rule.on_hold_pauses = true;
    }
    let paused = clock(&ticket, &book, FirstResponse, "2026-06-01T10:00:00Z");
    assert_eq!(
        (paused.counted, paused.state),
        (hours(1), State::Paused(Why::OnHold))
    );
}

#[test]
fn a_ticket_created_as_pending_or_closed_is_judged_by_that() {
    let mut waiting = ticket(MONDAY_9);
    waiting.opened.status = Status::Pending;
    assert_eq!(
        clock(&waiting, &book(), FirstResponse, "2026-06-05T00:00:00Z").counted,
        hours(0)
    );
    waiting.opened.status = Status::Closed;
    let imported = clock(&waiting, &book(), Resolution, "2026-06-05T00:00:00Z");
    assert_eq!(
        (imported.state, imported.breached_at),
        (State::Stopped(at(MONDAY_9)), None)
    );
}

#[test]
fn progress_is_counted_time_over_target() {
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T08:00:00Z", pending())
        .then("2026-06-01T14:00:00Z", open());
    let (book, now) = (book(), "2026-06-01T14:00:00Z");
    let clock = clock(&ticket, &book, FirstResponse, now);
    assert_eq!((clock.left(), clock.target), (hours(3), hours(4)));
    // Lists know the due time alone: a night and a weekend before it are no time that is left.
    let left = book.counted(&ticket.opened.subject(), at(now), clock.due_at.unwrap());
    assert_eq!(left, hours(3));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pause_never_makes_anything_due_earlier(history in history(), later in 0..20_000_i64, pause in 1..3_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        let after = now + TimeDelta::minutes(pause);
        let paused = history.clone()
            .what_if(now, &[Change::Status(Status::Pending)])
            .what_if(after, &[Change::Status(Status::Open)]);
        let paused = clocks(&paused, &book(), after);
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.state == State::Running && it.breached_at.is_none()) {
            let later = paused.iter().find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal)).unwrap();
            prop_assert!(later.due_at >= clock.due_at, "{:?} then {:?}", clock.due_at, later.due_at);
            prop_assert_eq!(later.counted, clock.counted);
        }
    }
}
