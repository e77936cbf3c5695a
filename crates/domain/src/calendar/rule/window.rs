//! Several windows a day, over midnight too, and each minute counts once.

use chrono::TimeDelta;

use crate::calendar::scene::{at, calendar, due};

#[test]
fn lunch_is_a_gap_between_two_windows_and_not_a_holiday() {
    let calendar =
        calendar(r#"{"zone":"UTC","windows":{"mon":[["09:00","12:00"],["13:00","17:00"]]}}"#);
    assert_eq!(
        due(&calendar, "2026-06-01T11:30:00Z", 3600),
        at("2026-06-01T13:30:00Z")
    );
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_starts_on() {
    let calendar = calendar(
        r#"{"zone":"UTC","windows":{"thu":[["22:00","06:00"]],"fri":[["22:00","06:00"]]},"holidays":["2026-06-05"]}"#,
    );
    // Thursday's night shift ends on the holiday; the holiday's own does not start.
    let (from, to) = (at("2026-06-04T00:00:00Z"), at("2026-06-08T00:00:00Z"));
    assert_eq!(calendar.elapsed(from, to), TimeDelta::hours(8));
    assert_eq!(
        due(&calendar, "2026-06-04T00:00:00Z", 8 * 3600),
        at("2026-06-05T06:00:00Z")
    );
}

#[test]
fn overlapping_windows_count_once() {
    let calendar = calendar(
        r#"{"zone":"UTC","windows":{"mon":[["09:00","13:00"],["12:00","17:00"],["12:30","12:45"]]}}"#,
    );
    assert_eq!(
        calendar.elapsed(at("2026-06-01T00:00:00Z"), at("2026-06-02T00:00:00Z")),
        TimeDelta::hours(8)
    );
}
