//! A deadline years away is as exact as one of today, and costs no more than its changes of the clock and special dates.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::calendar::Calendar;
use crate::calendar::any::{case, cases, config, minutes};
use crate::calendar::oracle::Oracle;
use crate::calendar::scene::{at, office};

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

proptest! {
    #![proptest_config(config(cases() / 50))]

    /// Months at a time, so that the division over ordinary weeks is what is tested.
    #[test]
    fn long_stretches_agree_with_the_oracle(case in case(300), start in 0..10_000_usize, ticks in 0..100_000_usize) {
        let length = 400_000;
        let calendar = Calendar::from(case.document.clone());
        let oracle = Oracle::new(&case.document, case.begin, minutes(1), length);
        let from = oracle.at(start);

        prop_assert_eq!(calendar.elapsed(from, oracle.at(length)), minutes(oracle.elapsed(start, length)));
        if let Some(due) = oracle.due(start, ticks) {
            prop_assert_eq!(calendar.due(from, minutes(ticks)), Some(oracle.at(due)));
        }
    }
}
