//! Holidays and other special dates are dates of the zone.

use crate::calendar::scene::{at, calendar, due};

#[test]
fn holidays_are_dates_of_the_zone_and_not_instants() {
    let document = r#"{"zone":"Pacific/Auckland","windows":{"thu":[["09:00","17:00"]],"fri":[["09:00","17:00"]]},"holidays":["2026-12-25"]}"#;
    let calendar = calendar(document);
    // Friday the 25th is closed, Thursday the 24th is not, though it is the 23rd in UTC when it starts.
    assert_eq!(
        calendar.next_opening(at("2026-12-23T12:00:00Z")),
        Some(at("2026-12-23T20:00:00Z"))
    );
    assert_eq!(
        calendar.next_opening(at("2026-12-24T04:00:00Z")),
        Some(at("2026-12-30T20:00:00Z"))
    );
    assert_eq!(
        calendar.special_dates(at("2026-12-23T12:00:00Z"), at("2026-12-31T00:00:00Z")),
        ["2026-12-25".parse().unwrap()]
    );
}

#[test]
fn a_leap_day_is_a_day() {
    let calendar = calendar(
        r#"{"zone":"UTC","windows":{"tue":[["09:00","10:00"]]},"dates":{"2028-02-28":[["09:00","10:00"]]}}"#,
    );
    assert_eq!(
        due(&calendar, "2028-02-28T00:00:00Z", 2 * 3600),
        at("2028-02-29T10:00:00Z")
    );
}
