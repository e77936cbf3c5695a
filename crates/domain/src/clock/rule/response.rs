//! An answer is a public message of a human: what waits for one, and what counts as one.

use crate::clock::scene::{MONDAY_9, at, book, clock, hours, open, ticket};
use crate::clock::{Change, State};
use crate::sla::Metric;
use crate::ticket::ResolvedBy;

use Change::{Ask, Reply, Resolved};
use Metric::{FirstResponse, NextResponse};

#[test]
fn a_first_response_is_a_public_message_of_a_human_or_the_bot_that_resolves() {
    let taken = ticket(MONDAY_9)
        .then("2026-06-01T07:05:00Z", Change::Assigned(true))
        .then("2026-06-01T07:05:00Z", open())
        .then("2026-06-01T07:10:00Z", Ask);
    assert_eq!(
        clock(&taken, &book(), FirstResponse, "2026-06-01T08:00:00Z").state,
        State::Running
    );
    let bot = ticket(MONDAY_9).then("2026-06-01T07:05:00Z", Resolved(ResolvedBy::Bot));
    assert_eq!(
        clock(&bot, &book(), FirstResponse, "2026-06-01T08:00:00Z").state,
        State::Met(at("2026-06-01T07:05:00Z"))
    );
    let withdrawn = ticket(MONDAY_9).then("2026-06-01T07:05:00Z", Resolved(ResolvedBy::Requester));
    assert!(matches!(
        clock(&withdrawn, &book(), FirstResponse, "2026-06-01T08:00:00Z").state,
        State::Stopped(_)
    ));
}

#[test]
fn a_late_first_reply_stays_late() {
    let ticket = ticket(MONDAY_9).then("2026-06-02T07:00:00Z", Reply);
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-30T00:00:00Z");
    assert_eq!(clock.state, State::Met(at("2026-06-02T07:00:00Z")));
    assert_eq!(clock.breached_at, Some(at("2026-06-01T11:00:00Z")));
}

#[test]
fn the_next_response_runs_from_each_question_to_the_first_answer() {
    let mut book = book();
    for rule in &mut book.policy[0].body.rules {
        for targets in rule.targets.values_mut() {
            targets.insert(NextResponse, 3600);
        }
    }
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T07:30:00Z", Reply)
        .then("2026-06-01T08:00:00Z", Ask)
        .then("2026-06-01T08:30:00Z", Ask)
        .then("2026-06-01T08:45:00Z", Reply)
        .then("2026-06-01T09:00:00Z", Ask);
    let clock = clock(&ticket, &book, NextResponse, "2026-06-01T09:10:00Z");
    assert_eq!(
        (clock.ordinal, clock.due_at),
        (2, Some(at("2026-06-01T10:00:00Z")))
    );
}

#[test]
fn an_answer_of_the_requester_asks_for_the_next_response_and_only_once() {
    let asked = ticket(MONDAY_9)
        .then("2026-06-01T07:30:00Z", Reply)
        .then("2026-06-01T08:00:00Z", Ask)
        .then("2026-06-01T09:00:00Z", Ask);
    let next = clock(&asked, &book(), NextResponse, "2026-06-01T09:00:00Z");
    assert_eq!(
        (next.ordinal, next.counted, next.target),
        (1, hours(1), hours(8))
    );
}
