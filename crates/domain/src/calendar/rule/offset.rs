//! The offset is that of the date, however odd it is.

use chrono::TimeDelta;

use crate::calendar::oracle::Oracle;
use crate::calendar::scene::{at, due, office};
use crate::calendar::{Calendar, CalendarDocument};

#[test]
fn the_offset_is_taken_from_the_date_and_not_from_today() {
    let calendar = office("Africa/Casablanca");
    // In Ramadan 2026 the clock was an hour back.
    assert_eq!(
        calendar.next_opening(at("2026-03-02T00:00:00Z")),
        Some(at("2026-03-02T09:00:00Z"))
    );
    assert_eq!(
        calendar.next_opening(at("2026-04-01T00:00:00Z")),
        Some(at("2026-04-01T08:00:00Z"))
    );
}

#[test]
fn half_hour_and_quarter_hour_zones_count_like_any_other() {
    assert_eq!(
        due(&office("Asia/Kathmandu"), "2026-06-01T00:00:00Z", 60),
        at("2026-06-01T03:16:00Z")
    );
    // Lord Howe moved its clock back by half an hour on Sunday the 5th: 9:00 was 22:00 UTC before, 22:30 after.
    let lord_howe = office("Australia/Lord_Howe");
    assert_eq!(
        lord_howe.next_opening(at("2026-04-01T12:00:00Z")),
        Some(at("2026-04-01T22:00:00Z"))
    );
    assert_eq!(
        due(&lord_howe, "2026-04-03T00:00:00Z", 8 * 3600),
        at("2026-04-06T00:30:00Z")
    );
}

/// Before 1972 clocks were ahead by odd seconds: the Netherlands by 19 min 32 s, Liberia behind by 44 min 30 s.
#[test]
fn offsets_with_odd_seconds_agree_with_a_second_by_second_oracle() {
    let windows = r#"{"sat":[["00:00","02:30"],["23:00","01:00"]],"fri":[["22:15","24:00"]],"wed":[["08:00","09:00"]]}"#;
    for (zone, begin) in [
        ("Europe/Amsterdam", "1937-06-30T20:00:00Z"),
        ("Africa/Monrovia", "1972-01-06T12:00:00Z"),
    ] {
        let document: CalendarDocument =
            serde_json::from_str(&format!(r#"{{"zone":"{zone}","windows":{windows}}}"#)).unwrap();
        let calendar = Calendar::from(document.clone());
        let length = 4 * 86_400;
        let oracle = Oracle::new(
            &document,
            begin.parse().unwrap(),
            TimeDelta::seconds(1),
            length,
        );
        for start in (0..length).step_by(4_999) {
            let from = oracle.at(start);
            assert_eq!(
                calendar.elapsed(from, oracle.at(length)),
                TimeDelta::seconds(oracle.elapsed(start, length) as i64)
            );
            if let Some(due) = oracle.due(start, start % 9_000) {
                assert_eq!(
                    calendar.due(from, TimeDelta::seconds((start % 9_000) as i64)),
                    Some(oracle.at(due))
                );
            }
        }
    }
}
