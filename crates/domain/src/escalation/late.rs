//! A rule says that it is late where nobody looked when it should have fired, and nowhere else.

use uuid::Uuid;

use super::tests::{MONDAY_9, acts, card, holds_at, meant, rule};
use super::*;
use crate::clock::scene::{at, book, ticket};
use crate::clock::{Change, clocks};
use crate::ticket::ResolvedBy;

/// By how much a rule that fires at `now` is late; none where it does not fire then.
fn late(rule: &Rule, history: &History, released: &str, in_force: &str, now: &str) -> Option<i64> {
    let (book, now, card) = (book(), at(now), card());
    let situation = Situation {
        history,
        card: &card,
        clocks: &clocks(history, &book, now),
        book: &book,
        bot_held_until: Some(at(released)),
        bot_gave_up_at: Some(at(released)).filter(|it| *it > history.opened_at),
        now,
    };
    let since = rule.holds_at(&situation).filter(|since| *since <= now)?;
    Some((now - rule.due_at(&situation, since, at(in_force))).num_minutes())
}

/// Long before anything else.
const EVER: &str = "2020-01-01T00:00:00Z";

#[test]
fn a_reminder_that_was_held_back_at_night_is_not_late_in_the_morning() {
    // 20:00 in Berlin; 9:00 on the next morning is 7:00 UTC.
    let (evening, morning) = ("2026-06-01T18:00:00Z", "2026-06-02T07:00:00Z");
    let gave_up = rule(Condition::BotGaveUp {});
    let history = ticket(MONDAY_9);
    for (now, expected) in [
        (evening, None),
        ("2026-06-02T06:59:59Z", None),
        (morning, Some(0)),
        // Nobody looked in the morning: that is late.
        ("2026-06-02T08:30:00Z", Some(90)),
        // Nobody looked the whole day. It is not told in the night for that.
        ("2026-06-02T20:00:00Z", None),
        ("2026-06-03T07:00:00Z", Some(24 * 60)),
    ] {
        let late = late(&gave_up, &history, evening, EVER, now);
        assert_eq!(late, expected, "{now}");
    }
    // What acts does not wait for anybody to read.
    let act = acts(gave_up.conditions.clone());
    assert_eq!(late(&act, &history, evening, EVER, evening), Some(0));
    // A rule that was written in the evening waits for the morning as well.
    let old = rule(Condition::PriorityReached {
        priority: Priority::P3,
    });
    assert_eq!(late(&old, &history, MONDAY_9, evening, morning), Some(0));
    // A P1 is promised round the clock from when on it is one, not from before.
    let night = "2026-06-02T00:00:00Z";
    let raised = history.then(night, Change::Priority(Priority::P1));
    for (now, expected) in [(night, 0), ("2026-06-02T01:00:00Z", 60)] {
        let late = late(&gave_up, &raised, evening, EVER, now);
        assert_eq!(late, Some(expected), "{now}");
    }
}

#[test]
fn nothing_holds_since_before_the_cycle_began() {
    let reopened_at = "2026-06-09T08:00:00Z";
    let history = ticket(MONDAY_9)
        .of(Priority::P1)
        .then("2026-06-01T08:00:00Z", Change::Resolved(ResolvedBy::Human))
        .then("2026-06-01T09:00:00Z", Change::Reopened)
        .then("2026-06-02T08:00:00Z", Change::Resolved(ResolvedBy::Human))
        .then(reopened_at, Change::Reopened);
    for condition in [
        Condition::PriorityReached {
            priority: Priority::P1,
        },
        Condition::Reopened { times: 1 },
        meant("priority:P1"),
    ] {
        let rule = acts(vec![condition]);
        let since = holds_at(&rule, &history, reopened_at);
        assert_eq!(since, Some(at(reopened_at)), "{rule:?}");
    }
}

#[test]
fn nothing_holds_while_the_bot_has_it_and_what_held_meanwhile_is_not_late() {
    let released = "2026-06-01T12:00:00Z";
    let history = ticket(MONDAY_9);
    for condition in [
        Condition::TimeInTier { minutes: 60 },
        Condition::NoAnswerFor { minutes: 60 },
        Condition::PriorityReached {
            priority: Priority::P3,
        },
    ] {
        let rule = acts(vec![condition]);
        for (now, expected) in [(released, 0), ("2026-06-01T12:10:00Z", 10)] {
            let late = late(&rule, &history, released, EVER, now);
            assert_eq!(late, Some(expected), "{rule:?} {now}");
        }
    }
}

#[test]
fn nothing_holds_before_the_ticket_is_among_those_the_rule_is_for() {
    let raised_at = "2026-06-02T11:00:00Z";
    let history = ticket(MONDAY_9).then(raised_at, Change::Priority(Priority::P1));
    let mut rule = acts(vec![Condition::UnassignedFor { minutes: 120 }]);
    let waited = Some(at("2026-06-01T09:00:00Z"));
    assert_eq!(holds_at(&rule, &history, raised_at), waited);
    rule.only.priorities = [Priority::P1].into();
    assert_eq!(holds_at(&rule, &history, raised_at), Some(at(raised_at)));
    // It was one before, and is one again.
    let again = history
        .then("2026-06-02T12:00:00Z", Change::Priority(Priority::P3))
        .then("2026-06-02T14:00:00Z", Change::Priority(Priority::P1));
    let back = Some(at("2026-06-02T14:00:00Z"));
    assert_eq!(holds_at(&rule, &again, "2026-06-02T14:00:00Z"), back);
}

#[test]
fn nothing_that_asks_who_has_it_holds_since_before_they_got_it() {
    let (first, second) = ("2026-06-01T08:00:00Z", "2026-06-02T11:00:00Z");
    let mut selection = filter::Selection::default();
    let una = PersonId(Uuid::from_u128(7));
    selection.assignees.any = Some([Some(una)].into());
    let rule = acts(vec![Condition::Matches {
        filter: Box::new(Meant {
            text: "assignee:una".to_owned(),
            selection,
        }),
    }]);
    let history = ticket(MONDAY_9)
        .then(first, Change::Assigned(true))
        .then(second, Change::Assigned(true))
        .then("2026-06-02T12:00:00Z", Change::Priority(Priority::P2));
    let now = at("2026-06-02T13:00:00Z");
    let situation = Situation {
        history: &history,
        card: &Card {
            assignee: Some(una),
            ..card()
        },
        clocks: &[],
        book: &book(),
        bot_held_until: Some(history.opened_at),
        bot_gave_up_at: None,
        now,
    };
    assert_eq!(rule.holds_at(&situation), Some(at(second)));
}
