//! Where a due time lies: exactly so much working time after the start, at an end of a window rather than the next opening.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::calendar::Calendar;
use crate::calendar::any::{case, cases, config};
use crate::calendar::scene::{at, calendar, due, office};

#[test]
fn the_last_minutes_of_a_day_count_as_minutes() {
    let calendar = office("UTC");
    assert_eq!(
        due(&calendar, "2026-06-01T16:59:30Z", 60),
        at("2026-06-02T09:00:30Z")
    );
    assert_eq!(
        due(&calendar, "2026-06-01T16:30:00Z", 1800),
        at("2026-06-01T17:00:00Z")
    );
}

#[test]
fn a_warning_is_found_by_subtracting_business_time() {
    let calendar = office("UTC");
    // Two working hours before Tuesday 10:00 is Monday 16:00, never midnight.
    assert_eq!(
        calendar.before(at("2026-06-02T10:00:00Z"), TimeDelta::hours(2)),
        Some(at("2026-06-01T16:00:00Z"))
    );
}

#[test]
fn outside_working_hours_time_starts_at_the_next_opening() {
    let calendar = office("UTC");
    assert_eq!(
        due(&calendar, "2026-05-30T12:00:00Z", 0),
        at("2026-06-01T09:00:00Z")
    );
    assert_eq!(
        due(&calendar, "2026-06-01T17:00:00Z", 0),
        at("2026-06-02T09:00:00Z")
    );
    assert_eq!(
        due(&calendar, "2026-06-01T16:59:59Z", 0),
        at("2026-06-01T16:59:59Z")
    );
}

#[test]
fn five_working_days_end_with_the_fifth_days_last_window() {
    let calendar = office("Europe/Berlin");
    let friday = "2026-06-05".parse().unwrap();
    assert_eq!(
        calendar.working_days(friday).nth(4),
        Some(("2026-06-12".parse().unwrap(), at("2026-06-12T15:00:00Z")))
    );
}

#[test]
fn what_is_never_open_has_no_due_time() {
    let closed = calendar(r#"{"zone":"Europe/Berlin","windows":{}}"#);
    assert_eq!(
        closed.due(at("2026-06-01T00:00:00Z"), TimeDelta::zero()),
        None
    );
    assert_eq!(
        closed.due(at("2026-06-01T00:00:00Z"), TimeDelta::seconds(1)),
        None
    );
    assert_eq!(
        closed.elapsed(at("2026-06-01T00:00:00Z"), at("2036-06-01T00:00:00Z")),
        TimeDelta::zero()
    );
    let once =
        calendar(r#"{"zone":"UTC","windows":{},"dates":{"2075-01-01":[["09:00","10:00"]]}}"#);
    assert_eq!(
        due(&once, "2026-06-01T00:00:00Z", 3600),
        at("2075-01-01T10:00:00Z")
    );
    assert_eq!(
        once.due(at("2020-06-01T00:00:00Z"), TimeDelta::hours(1)),
        None
    );
    assert_eq!(
        office("UTC").due(at("2026-06-01T00:00:00Z"), TimeDelta::days(40 * 365)),
        None
    );
}

proptest! {
    #![proptest_config(config(cases()))]

    #[test]
    fn a_due_time_has_exactly_the_time_between_it_and_the_start(
        case in case(1_000),
        seconds in 1..40_000_000_i64,
        fraction in 0..1_000_000_i64,
    ) {
        let calendar = Calendar::from(case.document);
        let start = case.begin + TimeDelta::microseconds(fraction);
        if let Some(due) = calendar.due(start, TimeDelta::seconds(seconds)) {
            prop_assert_eq!(calendar.elapsed(start, due), TimeDelta::seconds(seconds));
            let sooner = due - TimeDelta::microseconds(1);
            prop_assert!(calendar.elapsed(start, sooner) < TimeDelta::seconds(seconds));
            let warning = calendar.before(due, TimeDelta::seconds(seconds)).unwrap();
            prop_assert_eq!(calendar.elapsed(warning, due), TimeDelta::seconds(seconds));
            prop_assert_eq!(calendar.next_opening(warning), Some(warning));
            prop_assert!(warning >= start);
        }
    }
}
