//! The days of a zone: each instant belongs to exactly one, also where the clock goes back over midnight.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::start_of_day;
use super::zone::Zone;

/// The first instant at which the clock of a zone shows a time; where it skips that, the first after it.
pub fn first_instant(zone: Tz, wall: NaiveDateTime) -> DateTime<Utc> {
    let wall = wall.and_utc().timestamp_micros();
    DateTime::from_timestamp_micros(Zone::of(zone).first(wall)).unwrap_or_default()
}

/// The instant that a time of `<input type=datetime-local>` means in a zone, as [`first_instant`] has it; seconds may be there.
pub fn typed_instant(zone: Tz, text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let mut read = formats
        .iter()
        .filter_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    read.next().map(|wall| first_instant(zone, wall))
}

/// The day of a zone that an instant belongs to.
pub fn local_day(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    let day = at.with_timezone(&zone).date_naive();
    // Where the clock went back over midnight, it shows a date that is over.
    match day.checked_add_days(Days::new(1)) {
        Some(next) if start_of_day(zone, next) <= at => next,
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_day_is_as_long_as_its_clock_says() {
        let london: Tz = "Europe/London".parse().expect("a zone");
        let hours = |from: &str, to: &str| {
            (start_of_day(london, day(to)) - start_of_day(london, day(from))).num_hours()
        };
        assert_eq!(hours("2026-03-29", "2026-03-30"), 23);
        assert_eq!(hours("2026-10-25", "2026-10-26"), 25);
        assert_eq!(hours("2026-10-01", "2026-11-01"), 31 * 24 + 1);
    }

    #[test]
    fn a_time_that_is_typed_is_the_first_instant_of_it_or_after_the_gap() {
        for (zone, typed, at) in [
            ("Europe/Berlin", "2026-06-01T09:30", "2026-06-01T07:30:00Z"),
            (
                "Europe/Berlin",
                " 2026-06-01 09:30 ",
                "2026-06-01T07:30:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-06-01T09:30:15",
                "2026-06-01T07:30:15Z",
            ),
            // From 02:00 the clock goes to 03:00.
            ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z"),
            // And from 03:00 back to 02:00.
            ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
            // Here it goes from 02:00 to 02:30 alone.
            (
                "Australia/Lord_Howe",
                "2026-10-04T02:15",
                "2026-10-03T15:30:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-10-04T02:30",
                "2026-10-03T15:30:00Z",
            ),
        ] {
            let zone: Tz = zone.parse().expect("a zone");
            let at: DateTime<Utc> = at.parse().expect("a time");
            assert_eq!(typed_instant(zone, typed), Some(at), "{zone} {typed}");
        }
        for wrong in ["", "tomorrow", "2026-02-30T09:00", "2026-03-29T24:30"] {
            assert_eq!(typed_instant(Tz::UTC, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_day_without_midnight_begins_with_its_first_instant() {
        let cairo: Tz = "Africa/Cairo".parse().expect("a zone");
        // On 24 April 2026 the clock goes from 00:00 to 01:00.
        let start = start_of_day(cairo, day("2026-04-24"));
        assert_eq!(start.to_rfc3339(), "2026-04-23T22:00:00+00:00");
        assert_eq!(local_day(cairo, start), day("2026-04-24"));
    }

    #[test]
    fn a_clock_that_goes_back_over_midnight_does_not_go_back_a_day() {
        // Newfoundland went back from 00:01 to 23:01 on 7 November 2010.
        let zone: Tz = "America/St_Johns".parse().expect("a zone");
        let at: DateTime<Utc> = "2010-11-07T02:45:00Z".parse().expect("a time");
        assert_eq!(at.with_timezone(&zone).date_naive(), day("2010-11-06"));
        assert_eq!(local_day(zone, at), day("2010-11-07"));
    }

    proptest! {
        #[test]
        fn an_instant_lies_between_its_day_and_the_next(
            zone in prop::sample::select(chrono_tz::TZ_VARIANTS.as_slice()), at in 0..4_000_000_000_i64,
        ) {
            let at = DateTime::from_timestamp(at, 0).expect("a time");
            let day = local_day(zone, at);
            let next = day.checked_add_days(Days::new(1)).expect("a day");
            prop_assert!(start_of_day(zone, day) <= at && at < start_of_day(zone, next));
        }
    }
}
