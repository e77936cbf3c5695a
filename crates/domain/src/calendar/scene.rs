//! Builders for tests: calendars as they are written, times, and what is due.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Calendar, CalendarDocument};

pub(super) fn calendar(json: &str) -> Calendar {
    Calendar::from(serde_json::from_str::<CalendarDocument>(json).unwrap())
}

pub(super) fn office(zone: &str) -> Calendar {
    let day = r#"[["09:00","17:00"]]"#;
    calendar(&format!(
        r#"{{"zone":"{zone}","windows":{{"mon":{day},"tue":{day},"wed":{day},"thu":{day},"fri":{day}}}}}"#
    ))
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn due(calendar: &Calendar, start: &str, seconds: i64) -> DateTime<Utc> {
    calendar
        .due(at(start), TimeDelta::seconds(seconds))
        .unwrap()
}
