//! What other desks got wrong about working hours, one rule per test.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Calendar, CalendarDocument};

fn calendar(json: &str) -> Calendar {
    Calendar::from(serde_json::from_str::<CalendarDocument>(json).unwrap())
}

fn office(zone: &str) -> Calendar {
    let day = r#"[["09:00","17:00"]]"#;
    calendar(&format!(
        r#"{{"zone":"{zone}","windows":{{"mon":{day},"tue":{day},"wed":{day},"thu":{day},"fri":{day}}}}}"#
    ))
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn due(calendar: &Calendar, start: &str, seconds: i64) -> DateTime<Utc> {
    calendar
        .due(at(start), TimeDelta::seconds(seconds))
        .unwrap()
}

#[test]
fn windows_are_built_from_the_wall_clock_of_each_day() {
    // Sao Paulo's clocks went forward on Sunday 2018-11-04 at 00:00.
    let calendar = office("America/Sao_Paulo");
    assert_eq!(
        due(&calendar, "2018-11-02T19:00:00Z", 3600 + 60),
        at("2018-11-05T11:01:00Z")
    );
    assert_eq!(
        calendar.elapsed(at("2018-11-02T11:00:00Z"), at("2018-11-05T12:00:00Z")),
        TimeDelta::hours(9)
    );
}

#[test]
fn midnight_need_not_exist_and_a_day_need_not_have_24_hours() {
    let every_hour = |zone: &str| {
        let day = r#"[["00:00","24:00"]]"#;
        calendar(&format!(
            r#"{{"zone":"{zone}","windows":{{"mon":{day},"tue":{day},"wed":{day},"thu":{day},"fri":{day},"sat":{day},"sun":{day}}}}}"#
        ))
    };
    // 00:00 of 2018-11-04 did not exist; the day had 23 hours.
    let sao_paulo = every_hour("America/Sao_Paulo");
    assert_eq!(
        due(&sao_paulo, "2018-11-03T12:00:00Z", 86_400),
        at("2018-11-04T12:00:00Z")
    );
    // Apia skipped 2011-12-30 altogether.
    let apia = every_hour("Pacific/Apia");
    assert_eq!(
        due(&apia, "2011-12-30T08:00:00Z", 86_400),
        at("2011-12-31T08:00:00Z")
    );
    let apia = office("Pacific/Apia");
    assert_eq!(
        due(&apia, "2011-12-30T03:00:00Z", 3600),
        at("2012-01-01T19:00:00Z") + TimeDelta::hours(1)
    );
}

#[test]
fn a_window_whose_start_falls_in_a_gap_starts_after_it() {
    let calendar = calendar(r#"{"zone":"Europe/London","windows":{"sun":[["01:30","03:00"]]}}"#);
    assert_eq!(
        calendar.next_opening(at("2026-03-29T00:00:00Z")),
        Some(at("2026-03-29T01:00:00Z"))
    );
    assert_eq!(
        calendar.elapsed(at("2026-03-29T00:00:00Z"), at("2026-03-30T00:00:00Z")),
        TimeDelta::hours(1)
    );
}

#[test]
fn a_window_whose_end_falls_in_a_gap_ends_there() {
    let calendar = calendar(r#"{"zone":"Europe/London","windows":{"sun":[["00:00","01:30"]]}}"#);
    assert_eq!(
        calendar.elapsed(at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z")),
        TimeDelta::hours(1)
    );
    assert_eq!(
        due(&calendar, "2026-03-28T00:00:00Z", 3600),
        at("2026-03-29T01:00:00Z")
    );
}

#[test]
fn a_window_inside_a_gap_does_not_exist_that_day() {
    let calendar = calendar(r#"{"zone":"Europe/London","windows":{"sun":[["01:10","01:50"]]}}"#);
    assert_eq!(
        due(&calendar, "2026-03-28T00:00:00Z", 60),
        at("2026-04-05T00:11:00Z")
    );
}

#[test]
fn of_a_repeated_hour_the_start_is_the_first_and_the_end_the_last() {
    let calendar = calendar(r#"{"zone":"Europe/London","windows":{"sun":[["01:15","01:45"]]}}"#);
    let (before, after) = (at("2026-10-24T00:00:00Z"), at("2026-10-26T00:00:00Z"));
    assert_eq!(
        calendar.next_opening(before),
        Some(at("2026-10-25T00:15:00Z"))
    );
    assert_eq!(calendar.elapsed(before, after), TimeDelta::minutes(90));
    assert_eq!(
        due(&calendar, "2026-10-24T00:00:00Z", 5400),
        at("2026-10-25T01:45:00Z")
    );
}

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
fn lunch_is_a_gap_between_two_windows_and_not_a_holiday() {
    let calendar =
        calendar(r#"{"zone":"UTC","windows":{"mon":[["09:00","12:00"],["13:00","17:00"]]}}"#);
    assert_eq!(
        due(&calendar, "2026-06-01T11:30:00Z", 3600),
        at("2026-06-01T13:30:00Z")
    );
}

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

#[test]
fn a_deadline_decades_ahead_is_exact_to_the_second() {
    let calendar = office("America/New_York");
    let (start, target) = (at("2026-06-01T13:30:01Z"), TimeDelta::hours(80_000));
    let due = calendar.due(start, target).unwrap();
    assert_eq!(calendar.elapsed(start, due), target);
    assert_eq!(
        calendar.elapsed(start, due - TimeDelta::seconds(1)),
        target - TimeDelta::seconds(1)
    );
    // 10,000 days of eight hours from a Monday morning on are 2,000 weeks.
    assert_eq!(due, at("2064-09-29T13:30:01Z"));
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
fn a_deadline_years_away_costs_steps_for_changes_of_the_clock_and_special_dates_and_none_for_days()
{
    let (from, to) = (at("2026-01-05T08:00:00Z"), at("2056-01-05T08:00:00Z"));
    assert_eq!(office("UTC").pieces(from, to), 1);
    // Sixty changes of the clock, and a few windows around each.
    let berlin = office("Europe/Berlin");
    let changes = berlin.pieces(from, to);
    assert!((60..=60 * 4).contains(&changes), "{changes}");
    let mut document = berlin.document().clone();
    let holidays = (2026..2056).map(|year| format!("{year}-12-25").parse().unwrap());
    document.holidays = holidays.collect();
    let with_holidays = Calendar::from(document).pieces(from, to);
    assert!(with_holidays <= changes + 30 * 5, "{with_holidays}");
}
