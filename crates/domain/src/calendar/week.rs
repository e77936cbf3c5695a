//! A week of working hours for people: in words, `Mon–Thu 09:00–17:00; Fri 09:00–12:00, 13:00–15:00`, and as bars.

use super::document::{Week, Window};
use super::pattern::united;
use crate::text::{fill, t};

/// The days from Monday on, short.
pub const DAYS: [&str; 7] = [
    "calendar.mon",
    "calendar.tue",
    "calendar.wed",
    "calendar.thu",
    "calendar.fri",
    "calendar.sat",
    "calendar.sun",
];

/// The windows of one day: `09:00–12:00, 13:00–17:00`.
pub fn windows_in_words(windows: &[Window]) -> String {
    let words: Vec<_> = windows.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// The week, days with the same hours together; days without working time are left out.
pub fn week_in_words(week: &Week) -> String {
    let days = week.days();
    let mut parts = Vec::new();
    let mut day = 0;
    while day < 7 {
        let same = days[day..]
            .iter()
            .take_while(|it| **it == days[day])
            .count();
        let last = day + same - 1;
        let hours = windows_in_words(days[day]);
        if !hours.is_empty() {
            let names = if same == 1 {
                t(DAYS[day]).to_owned()
            } else {
                format!("{}–{}", t(DAYS[day]), t(DAYS[last]))
            };
            parts.push(fill(
                "calendar.day_hours",
                &[("days", &names), ("hours", &hours)],
            ));
        }
        day += same;
    }
    if parts.is_empty() {
        return t("calendar.never").to_owned();
    }
    parts.join("; ")
}

/// For each day from Monday on, the minutes of the day that are working time. What spills over midnight is drawn where
/// it falls, on the next day.
pub fn week_in_bars(week: &Week) -> [Vec<(i64, i64)>; 7] {
    const DAY: i64 = 24 * 60;
    let mut bars: [Vec<(i64, i64)>; 7] = Default::default();
    for (day, windows) in week.days().into_iter().enumerate() {
        for window in windows {
            bars[day].push((window.start(), window.end().min(DAY)));
            bars[(day + 1) % 7].push((0, window.end() - DAY));
        }
    }
    bars.map(united)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_with_the_same_hours_are_told_together() {
        for (week, words) in [
            (
                r#"{"mon":[["09:00","17:00"]],"tue":[["09:00","17:00"]],"fri":[["09:00","12:00"],["13:00","24:00"]]}"#,
                "Mon–Tue 09:00–17:00; Fri 09:00–12:00, 13:00–24:00",
            ),
            (r#"{"sun":[["22:00","06:00"]]}"#, "Sun 22:00–06:00"),
            ("{}", "no working hours at all"),
        ] {
            assert_eq!(week_in_words(&serde_json::from_str(week).unwrap()), words);
        }
    }

    #[test]
    fn a_night_shift_is_drawn_on_both_days() {
        let week = serde_json::from_str(r#"{"sun":[["22:00","06:00"]],"mon":[["05:00","09:00"]]}"#);
        let bars = week_in_bars(&week.unwrap());
        assert_eq!(bars[0], [(0, 9 * 60)]);
        assert_eq!(bars[6], [(22 * 60, 24 * 60)]);
        assert!(bars[1..6].iter().all(Vec::is_empty));
    }
}
