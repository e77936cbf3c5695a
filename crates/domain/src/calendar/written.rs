//! Calendars as people type them: windows as `09:00–12:30, 13:00–17:00`, dates a line each with what they are called.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::document::{Window, parse_date};
use super::windows_in_words;

/// Something typed that cannot be read: the message's key in the catalogue, and the words it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Such as `calendar.bad_window`.
    pub message: &'static str,
    /// Fills `{text}`.
    pub text: String,
}

fn wrong(message: &'static str, text: &str) -> Wrong {
    Wrong {
        message,
        text: text.chars().take(60).collect(),
    }
}

/// Reads windows that are separated by commas or semicolons; nothing written is no window. `9:00-17:30` is understood too.
pub fn read_windows(text: &str) -> Result<Vec<Window>, Wrong> {
    let parts = text.split([',', ';']).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(|part| read_window(part).ok_or_else(|| wrong("calendar.bad_window", part)))
        .collect()
}

fn read_window(text: &str) -> Option<Window> {
    let (start, end) = text.split_once(['-', '–', '—'])?;
    let time = |text: &str| {
        let text = text.trim();
        let padded = if text.find(':') == Some(1) {
            format!("0{text}")
        } else {
            text.to_owned()
        };
        padded.parse().ok()
    };
    Window::new(time(start)?, time(end)?).ok()
}

/// Holidays, `2026-12-25 Christmas Day` a line. Returns the dates and what they are called.
pub fn read_holidays(
    text: &str,
) -> Result<(BTreeSet<NaiveDate>, BTreeMap<NaiveDate, String>), Wrong> {
    let (mut dates, mut names) = (BTreeSet::new(), BTreeMap::new());
    for line in lines(text) {
        let (date, rest) = dated(line)?;
        if !dates.insert(date) {
            return Err(wrong("calendar.date_twice", &date.to_string()));
        }
        name(date, rest, &mut names);
    }
    Ok((dates, names))
}

/// Days with hours of their own, `2026-12-24 09:00–12:00, 13:00–14:00 Christmas Eve` a line; a line without hours is
/// refused, because that is a holiday.
#[expect(clippy::type_complexity, reason = "the two maps of a calendar")]
pub fn read_dates(
    text: &str,
) -> Result<
    (
        BTreeMap<NaiveDate, Vec<Window>>,
        BTreeMap<NaiveDate, String>,
    ),
    Wrong,
> {
    let (mut dates, mut names) = (BTreeMap::new(), BTreeMap::new());
    for line in lines(text) {
        let (date, rest) = dated(line)?;
        // The hours end where a word begins that is neither a time nor a dash.
        let word = |c: char| !(c.is_ascii_digit() || ":-–—,; \t".contains(c));
        let (hours, rest) = rest.split_at(rest.find(word).unwrap_or(rest.len()));
        let windows = read_windows(hours)?;
        if windows.is_empty() {
            return Err(wrong("calendar.date_without_hours", line));
        }
        if dates.insert(date, windows).is_some() {
            return Err(wrong("calendar.date_twice", &date.to_string()));
        }
        name(date, rest, &mut names);
    }
    Ok((dates, names))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn dated(line: &str) -> Result<(NaiveDate, &str), Wrong> {
    let (date, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let date = parse_date(date).map_err(|_| wrong("calendar.bad_date", line))?;
    Ok((date, rest.trim()))
}

fn name(date: NaiveDate, rest: &str, names: &mut BTreeMap<NaiveDate, String>) {
    if !rest.is_empty() {
        names.insert(date, rest.to_owned());
    }
}

/// Holidays as [`read_holidays`] reads them.
pub fn written_holidays(
    dates: &BTreeSet<NaiveDate>,
    names: &BTreeMap<NaiveDate, String>,
) -> String {
    let lines = dates.iter().map(|date| line(*date, "", names));
    lines.collect()
}

/// Days with hours of their own as [`read_dates`] reads them.
pub fn written_dates(
    dates: &BTreeMap<NaiveDate, Vec<Window>>,
    names: &BTreeMap<NaiveDate, String>,
) -> String {
    let lines = dates
        .iter()
        .map(|(date, windows)| line(*date, &windows_in_words(windows), names));
    lines.collect()
}

fn line(date: NaiveDate, hours: &str, names: &BTreeMap<NaiveDate, String>) -> String {
    let name = names.get(&date).map_or("", String::as_str);
    let words = [date.to_string(), hours.to_owned(), name.to_owned()];
    let said: Vec<_> = words.into_iter().filter(|it| !it.is_empty()).collect();
    format!("{}\n", said.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_as_people_write_them() {
        for (text, read) in [
            ("", ""),
            ("09:00–17:00", "09:00–17:00"),
            (" 9:00-12:30 ,13:00 - 17:00;", "09:00–12:30, 13:00–17:00"),
            ("22:00—06:00", "22:00–06:00"),
            ("00:00–24:00", "00:00–24:00"),
        ] {
            assert_eq!(
                windows_in_words(&read_windows(text).unwrap()),
                read,
                "{text}"
            );
        }
        for (text, complaint) in [
            ("nine to five", "nine to five"),
            ("09:00", "09:00"),
            ("09:00–25:00", "09:00–25:00"),
            ("24:00–06:00", "24:00–06:00"),
            ("09:00–12:00, 13–17", "13–17"),
        ] {
            let wrong = read_windows(text).unwrap_err();
            assert_eq!(
                (wrong.message, &*wrong.text),
                ("calendar.bad_window", complaint)
            );
        }
    }

    #[test]
    fn dates_are_read_a_line_each_and_written_the_same_way() {
        let text = "2026-12-25 Christmas Day\n\n 2027-01-01\n";
        let (dates, names) = read_holidays(text).unwrap();
        assert_eq!(
            written_holidays(&dates, &names),
            "2026-12-25 Christmas Day\n2027-01-01\n"
        );
        let text = "2026-12-24 09:00-12:00, 13:00–14:00 Christmas Eve\n2026-12-31 10:00–12:00\n";
        let (dates, names) = read_dates(text).unwrap();
        assert_eq!(dates.len(), 2);
        assert_eq!(written_dates(&dates, &names), text.replace("0-1", "0–1"));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, message) in [
            ("25.12.2026 Christmas", "calendar.bad_date"),
            ("2026-02-29", "calendar.bad_date"),
            ("2026-12-25\n2026-12-25 again", "calendar.date_twice"),
        ] {
            assert_eq!(read_holidays(text).unwrap_err().message, message);
        }
        for (text, message) in [
            ("2026-12-24 Christmas Eve", "calendar.date_without_hours"),
            ("2026-12-24", "calendar.date_without_hours"),
            ("2026-12-24 9–12", "calendar.bad_window"),
            (
                "2026-12-24 09:00–10:00\n2026-12-24 11:00–12:00",
                "calendar.date_twice",
            ),
        ] {
            assert_eq!(read_dates(text).unwrap_err().message, message, "{text}");
        }
    }
}
