//! Every second has a line: no gap, the sum is what was counted, and the line says why.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, OFFICE, book, clock, office, open, pending, ticket, version};
use crate::clock::{Change, Clock, History, State, clocks, explain, explain_plainly};
use crate::sla::Metric;
use crate::ticket::Priority;

use Metric::Resolution;

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

fn end(clock: &Clock, now: DateTime<Utc>) -> DateTime<Utc> {
    match clock.state {
        State::Met(at) | State::Stopped(at) => at,
        State::Running | State::Paused(_) => now,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_has_no_gap_and_its_sum_is_what_was_counted(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        for clock in clocks(&history, &book(), now) {
            let mut at = clock.started_at;
            for segment in &clock.segments {
                prop_assert_eq!(segment.from, at);
                prop_assert!(segment.why.is_none() || segment.counted.is_zero());
                prop_assert!(segment.counted <= segment.to - segment.from);
                at = segment.to;
            }
            prop_assert_eq!(at, end(&clock, now));
            let sum: TimeDelta = clock.segments.iter().map(|it| it.counted).sum();
            prop_assert_eq!(clock.used_before + sum, clock.counted);
        }
    }

    #[test]
    fn what_is_left_of_a_running_clock_is_the_counted_time_to_its_due_time(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        let about = history.now().subject();
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.state == State::Running && it.breached_at.is_none()) {
            prop_assert_eq!(book().counted(&about, now, clock.due_at.unwrap()), clock.left());
        }
    }
}
