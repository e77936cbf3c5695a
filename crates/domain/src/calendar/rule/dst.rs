//! Clocks that go forward and back: windows are built from the wall clock of each day.

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::calendar::Calendar;
use crate::calendar::any::{case, cases, config, minutes};
use crate::calendar::oracle::Oracle;
use crate::calendar::scene::{at, calendar, due, office};

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

proptest! {
    #![proptest_config(config(cases()))]

    #[test]
    fn the_engine_agrees_with_a_minute_by_minute_oracle(
        case in case(12),
        start in 0..4_000_usize,
        spans in vec((0..8_000_usize, 0..2_500_usize), 4),
    ) {
        let calendar = Calendar::from(case.document.clone());
        let oracle = Oracle::new(&case.document, case.begin, minutes(1), 8_000);
        let from = oracle.at(start);

        for (to, ticks) in spans.into_iter().chain([(0, 0), (start, 1)]) {
            let elapsed = oracle.elapsed(start, to.max(start));
            prop_assert_eq!(calendar.elapsed(from, oracle.at(to)), minutes(elapsed));

            if let Some(due) = oracle.due(start, ticks) {
                prop_assert_eq!(calendar.due(from, minutes(ticks)), Some(oracle.at(due)));
            }
        }
    }
}
