//! Working days from an instant on, each by the hours that are in force when it ends.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::Book;
use crate::calendar::{Hours, local_day};

impl Book {
    /// When the `days`-th of the desk's ordinary working days after the day of an instant ends; round the clock a working
    /// day is 24 hours. A day counts by the version in force at its end, and once. None where so many never come.
    pub fn end_of_working_day(&self, from: DateTime<Utc>, days: usize) -> Option<DateTime<Utc>> {
        let turns = self.ordinary_turns(from);
        let begins = std::iter::once(from).chain(turns.iter().copied());
        let ends = turns.iter().copied().map(Some).chain([None]);
        let mut last = (today(&self.ordinary_hours(from), from), from);
        let mut left = days;
        for (begin, end) in begins.zip(ends) {
            let hours = self.ordinary_hours(begin);
            let in_force = following(&hours, last)
                .take_while(|(_, at)| end.is_none_or(|end| *at <= end))
                .filter(|(_, at)| *at > begin)
                .take(left)
                .collect::<Vec<_>>();
            left -= in_force.len();
            last = in_force.last().copied().unwrap_or(last);
            if left == 0 {
                return Some(last.1);
            }
        }
        None
    }
}

/// The day of an instant, where these hours are kept.
fn today(hours: &Hours, at: DateTime<Utc>) -> NaiveDate {
    match hours {
        Hours::Always => at.date_naive(),
        Hours::Calendar(calendar) => local_day(calendar.document().zone, at),
    }
}

/// The working days after one, each with its end.
fn following<'a>(
    hours: &'a Hours,
    (day, end): (NaiveDate, DateTime<Utc>),
) -> Box<dyn Iterator<Item = (NaiveDate, DateTime<Utc>)> + 'a> {
    match hours {
        Hours::Calendar(calendar) => Box::new(calendar.working_days(day)),
        Hours::Always => Box::new((1..).map_while(move |n| {
            let days = Days::new(n);
            Some((day.checked_add_days(days)?, end.checked_add_days(days)?))
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Calendar, CalendarDocument};
    use crate::clock::scene::{OFFICE, at, book, office, version};

    /// The office of Berlin with what is changed about it from a moment on.
    fn changed(from: &str, change: impl FnOnce(&mut CalendarDocument)) -> Book {
        let mut book = book();
        let mut document = office(r#"[["09:00","17:00"]]"#).document().clone();
        change(&mut document);
        let second = version(OFFICE, 2, from, Calendar::from(document));
        book.calendars.get_mut(&OFFICE).unwrap().push(second);
        book
    }

    fn holidays(dates: &[&str]) -> impl FnOnce(&mut CalendarDocument) {
        let dates = dates.iter().map(|date| date.parse::<NaiveDate>().unwrap());
        let dates: Vec<_> = dates.collect();
        move |document| document.holidays.extend(dates)
    }

    /// Monday noon: the fifth working day after it ends on the next Monday at 17:00 in Berlin.
    const MONDAY: &str = "2026-06-01T10:00:00Z";
    const NEXT_MONDAY: &str = "2026-06-08T15:00:00Z";

    #[test]
    fn the_table_of_five_working_days() {
        let long = |document: &mut CalendarDocument| {
            let day = office(r#"[["09:00","20:00"]]"#).document().windows.clone();
            document.windows = day;
        };
        let nights = |document: &mut CalendarDocument| {
            let night = office(r#"[["22:00","06:00"]]"#).document().windows.clone();
            document.windows = night;
        };
        let tokyo = |document: &mut CalendarDocument| document.zone = chrono_tz::Tz::Asia__Tokyo;
        let ever = "2020-01-02T00:00:00Z";
        for (name, book, expected) in [
            ("as it always was", book(), NEXT_MONDAY),
            (
                "a holiday that is written in already",
                changed(ever, holidays(&["2026-06-03"])),
                "2026-06-09T15:00:00Z",
            ),
            (
                "a planned version moves the days that end in it",
                changed(
                    "2026-06-04T00:00:00Z",
                    holidays(&["2026-06-03", "2026-06-05"]),
                ),
                "2026-06-09T15:00:00Z",
            ),
            (
                "and its hours are those of the last day",
                changed("2026-06-04T00:00:00Z", long),
                "2026-06-08T18:00:00Z",
            ),
            (
                "a day that was over counts once",
                changed("2026-06-04T15:30:00Z", long),
                "2026-06-08T18:00:00Z",
            ),
            (
                "a day that becomes longer on the day counts once, too",
                changed("2026-06-08T14:00:00Z", long),
                "2026-06-08T18:00:00Z",
            ),
            (
                "the day itself is none, whatever begins on it",
                changed("2026-06-01T11:00:00Z", long),
                "2026-06-08T18:00:00Z",
            ),
            (
                "a night belongs to the day on which it begins",
                changed(ever, nights),
                "2026-06-09T04:00:00Z",
            ),
            (
                "in the zone that holds then",
                changed("2026-06-07T00:00:00Z", tokyo),
                "2026-06-08T08:00:00Z",
            ),
            (
                "what comes later changes nothing",
                changed("2026-06-08T15:00:00Z", long),
                NEXT_MONDAY,
            ),
        ] {
            assert_eq!(
                book.end_of_working_day(at(MONDAY), 5),
                Some(at(expected)),
                "{name}"
            );
        }
    }

    #[test]
    fn round_the_clock_a_working_day_has_24_hours_and_where_nobody_works_there_is_none() {
        let always = Book::default();
        let saturday = "2026-06-06T10:00:00Z";
        assert_eq!(always.end_of_working_day(at(MONDAY), 5), Some(at(saturday)));
        let never = changed("2020-01-02T00:00:00Z", |it| it.windows = Default::default());
        assert_eq!(never.end_of_working_day(at(MONDAY), 5), None);
    }
}
