//! When a promise breaks, when it is at risk, and that a breach stays.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, at, book, clock, ticket};
use crate::clock::{Change, History, State, clocks};
use crate::sla::Metric;
use crate::ticket::Priority;

use Change::Reply;
use Metric::FirstResponse;

#[test]
fn an_answer_exactly_at_the_due_time_is_in_time() {
    let ticket = ticket(MONDAY_9).then("2026-06-01T11:00:00Z", Reply);
    assert_eq!(
        clock(&ticket, &book(), FirstResponse, "2026-06-30T00:00:00Z").breached_at,
        None
    );
}

#[test]
fn a_target_already_exceeded_breaks_at_the_change_and_not_before() {
    let ticket = ticket(MONDAY_9)
        .of(Priority::P4)
        .then("2026-06-01T12:00:00Z", Change::Priority(Priority::P3));
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-01T12:00:00Z");
    assert_eq!(clock.breached_at, Some(at("2026-06-01T12:00:00Z")));
}

#[test]
fn overdue_is_derived_and_follows_the_due_time_but_a_breach_stays() {
    let late = ticket(MONDAY_9).then("2026-06-01T11:30:00Z", Change::Priority(Priority::P4));
    let clock = clock(&late, &book(), FirstResponse, "2026-06-01T11:30:00Z");
    assert_eq!(clock.due_at, Some(at("2026-06-01T15:00:00Z")));
    assert_eq!(clock.breached_at, Some(at("2026-06-01T11:00:00Z")));
}

#[test]
fn at_risk_is_a_quarter_of_the_counted_time_and_never_midnight() {
    let ticket = ticket("2026-06-01T14:00:00Z");
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-01T14:00:00Z");
    assert_eq!(clock.risk_at, Some(at("2026-06-02T09:00:00Z")));
    assert_eq!(clock.due_at, Some(at("2026-06-02T10:00:00Z")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_breach_once_seen_stays_as_it_was(history in history(), first in 0..20_000_i64, more in 0..20_000_i64) {
        let early = history.opened_at + TimeDelta::minutes(first);
        let late = early + TimeDelta::minutes(more);
        let known = History {
            moments: history.moments.iter().copied().filter(|it| it.at <= early).collect(),
            ..history.clone()
        };
        let now = clocks(&history, &book(), late);
        for clock in clocks(&known, &book(), early) {
            let later = now.iter().find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal)).unwrap();
            if let Some(breached) = clock.breached_at {
                prop_assert!(breached <= early);
                prop_assert_eq!(later.breached_at, Some(breached));
            } else if let Some(breached) = later.breached_at {
                prop_assert!(breached >= early);
            }
        }
    }

    #[test]
    fn a_running_clock_breaks_exactly_when_its_due_time_passes(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.state == State::Running && it.breached_at.is_none()) {
            let due = clock.due_at.unwrap();
            let find = |at| clocks(&history, &book(), at).into_iter()
                .find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal)).unwrap();
            prop_assert_eq!(find(due).breached_at, None);
            prop_assert_eq!(find(due + TimeDelta::seconds(1)).breached_at, Some(due));
            let risk = clock.risk_at.unwrap();
            prop_assert!(risk <= due);
            prop_assert!(find(risk.max(now)).is_at_risk());
        }
    }
}
