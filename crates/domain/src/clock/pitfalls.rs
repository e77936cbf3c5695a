//! What other desks got wrong about clocks, one rule per test. 2026-06-01 is a Monday; Berlin is two hours ahead.

use super::scene::{OFFICE, POLICY, at, book, clock, hours, office, ticket, version};
use super::{Change, State, Why, clocks, explain, explain_plainly, next_due};
use crate::sla::{Metric, Policy, Reopen};
use crate::ticket::{Priority, ResolvedBy, Status};
use crate::tier::Tier;

use Change::{Ask, Queue, Reopened, Reply, Resolved};
use Metric::{FirstResponse, NextResponse, Resolution};

const MONDAY_9: &str = "2026-06-01T07:00:00Z";

fn pending() -> Change {
    Change::Status(Status::Pending)
}

fn open() -> Change {
    Change::Status(Status::Open)
}

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
fn a_new_priority_keeps_what_was_counted_and_earlier_pauses() {
    let ticket = ticket(MONDAY_9)
        .of(Priority::P4)
        .then("2026-06-01T08:00:00Z", pending())
        .then("2026-06-01T10:00:00Z", open())
        .then("2026-06-01T10:30:00Z", Change::Priority(Priority::P3));
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-01T10:30:00Z");
    assert_eq!(clock.left(), hours(4) - chrono::TimeDelta::minutes(90));
    assert_eq!(clock.due_at, Some(at("2026-06-01T13:00:00Z")));
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
fn each_tier_has_its_own_time_apart_from_the_promise_to_the_requester() {
    let mut book = book();
    for rule in &mut book.policy[0].body.rules {
        for targets in rule.targets.values_mut() {
            targets.extend([(Metric::TimeInTier, 7200), (Metric::PickUp, 600)]);
        }
    }
    let opened = ticket(MONDAY_9);
    let ticket = opened
        .clone()
        .then("2026-06-01T10:00:00Z", Queue(opened.opened.team, Tier::L2));
    let in_tier = clock(&ticket, &book, Metric::TimeInTier, "2026-06-01T10:30:00Z");
    assert_eq!(
        (in_tier.ordinal, in_tier.due_at),
        (2, Some(at("2026-06-01T12:00:00Z")))
    );
    let first = clocks(&ticket, &book, at("2026-06-01T10:30:00Z"));
    let first = first
        .iter()
        .find(|clock| clock.metric == Metric::TimeInTier)
        .unwrap();
    assert_eq!(
        (first.breached_at, first.counted),
        (Some(at("2026-06-01T09:00:00Z")), hours(3))
    );
    assert_eq!(
        clock(&ticket, &book, Resolution, "2026-06-01T10:30:00Z").started_at,
        at(MONDAY_9)
    );
    let taken = ticket.then("2026-06-01T10:05:00Z", Change::Assigned(true));
    assert!(matches!(
        clock(&taken, &book, Metric::PickUp, "2026-06-01T11:00:00Z").state,
        State::Met(_)
    ));
}

#[test]
fn overdue_is_derived_and_follows_the_due_time_but_a_breach_stays() {
    let late = ticket(MONDAY_9).then("2026-06-01T11:30:00Z", Change::Priority(Priority::P4));
    let clock = clock(&late, &book(), FirstResponse, "2026-06-01T11:30:00Z");
    assert_eq!(clock.due_at, Some(at("2026-06-01T15:00:00Z")));
    assert_eq!(clock.breached_at, Some(at("2026-06-01T11:00:00Z")));
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

#[test]
fn clocks_are_independent_and_the_earliest_open_one_is_shown() {
    let ticket = ticket(MONDAY_9);
    let all = clocks(&ticket, &book(), at("2026-06-01T08:00:00Z"));
    assert_eq!(
        next_due(&all).map(|clock| clock.metric),
        Some(FirstResponse)
    );
    let answered = clocks(
        &ticket.then("2026-06-01T08:00:00Z", Reply),
        &book(),
        at("2026-06-01T08:01:00Z"),
    );
    assert_eq!(
        next_due(&answered).map(|clock| clock.metric),
        Some(Resolution)
    );
}

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
fn a_late_first_reply_stays_late() {
    let ticket = ticket(MONDAY_9).then("2026-06-02T07:00:00Z", Reply);
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-30T00:00:00Z");
    assert_eq!(clock.state, State::Met(at("2026-06-02T07:00:00Z")));
    assert_eq!(clock.breached_at, Some(at("2026-06-01T11:00:00Z")));
}

#[test]
fn an_answer_exactly_at_the_due_time_is_in_time() {
    let ticket = ticket(MONDAY_9).then("2026-06-01T11:00:00Z", Reply);
    assert_eq!(
        clock(&ticket, &book(), FirstResponse, "2026-06-30T00:00:00Z").breached_at,
        None
    );
}

#[test]
fn at_risk_is_a_quarter_of_the_counted_time_and_never_midnight() {
    let ticket = ticket("2026-06-01T14:00:00Z");
    let clock = clock(&ticket, &book(), FirstResponse, "2026-06-01T14:00:00Z");
    assert_eq!(clock.risk_at, Some(at("2026-06-02T09:00:00Z")));
    assert_eq!(clock.due_at, Some(at("2026-06-02T10:00:00Z")));
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

#[test]
fn each_target_is_typed_by_its_metric_and_none_is_taken_for_another() {
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T07:01:00Z", Reply)
        .then("2026-06-01T07:02:00Z", Ask);
    let promising = |promised: &[(Metric, i64)]| {
        let mut book = book();
        for rule in &mut book.policy[0].body.rules {
            let all = promised.iter().map(|(metric, target)| {
                let seconds = u32::try_from(hours(*target).num_seconds()).unwrap();
                (*metric, seconds)
            });
            rule.targets.insert(Priority::P3, all.collect());
        }
        let clocks = clocks(&ticket, &book, at("2026-06-01T07:03:00Z"));
        let found = clocks
            .into_iter()
            .map(|it| (it.metric, it.target.num_hours()));
        found.collect::<std::collections::BTreeMap<_, _>>()
    };
    let each: Vec<_> = Metric::ALL.iter().copied().zip(1..).collect();
    assert_eq!(promising(&each), each.iter().copied().collect());
    for one in each {
        assert_eq!(promising(&[one]), [one].into(), "alone");
    }
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

#[test]
fn a_clock_explains_itself_to_engineers_and_to_the_requester() {
    let mut book = book();
    let mut document = office(r#"[["09:00","17:00"]]"#).document().clone();
    let holiday = "2026-06-02".parse().unwrap();
    document.holidays.insert(holiday);
    document.names.insert(holiday, "Founders' Day".to_owned());
    book.calendars.insert(
        OFFICE,
        vec![version(OFFICE, 1, "2020-01-01T00:00:00Z", document.into())],
    );
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T08:00:00Z", pending())
        .then("2026-06-01T09:00:00Z", open())
        .then("2026-06-03T07:00:00Z", Change::Priority(Priority::P2));
    let clock = clock(&ticket, &book, Resolution, "2026-06-03T08:00:00Z");

    let lines = explain(&clock, &book);
    let told: Vec<_> = lines
        .iter()
        .map(|line| (line.reason.as_str(), line.sum.num_minutes()))
        .collect();
    assert_eq!(
        told,
        [
            ("The clock started", 60),
            ("Pending: waited for the requester", 60),
            ("It went on", 420),
            ("Outside working hours", 420),
            ("Priority P3 became P2", 480),
        ]
    );
    assert_eq!(lines[3].special, [(holiday, "Founders' Day".to_owned())]);
    assert_eq!(
        lines[2].decided_by,
        "Rule “Working hours”, policy version 1; calendar “Office”, version 1"
    );

    let plain = explain_plainly(&clock, &book, chrono_tz::Europe::Berlin);
    assert_eq!(
        plain[0],
        "We promised a solution within 8 h of working time."
    );
    assert_eq!(
        plain[1],
        "We count our working hours: Mon–Fri 09:00–17:00 (Europe/Berlin), without public holidays."
    );
    assert_eq!(
        plain[3],
        "It stood still from Monday 1 June, 10:00 to Monday 1 June, 11:00, while we waited for you."
    );
    assert_eq!(
        plain[5],
        "If nothing stops it, it is due on Wednesday 3 June, 10:00."
    );
}
