//! Holidays out of an iCalendar file (RFC 5545): whole days with their names. What is read is offered, never taken:
//! public feeds hold days that are no holidays here.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate};

/// The most days that a file may name.
const MAX_DAYS: usize = 2_000;

/// The most days that one entry may last.
const MAX_LENGTH: u64 = 31;

/// A day that a feed names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The day, a date and never an instant.
    pub date: NaiveDate,
    /// What it is called.
    pub name: String,
}

/// What a feed says about a stretch of days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feed {
    /// The days, in order; a day with two names is there twice.
    pub entries: Vec<Entry>,
    /// Names of entries that are no whole days, last longer than a month, or repeat in a way that is not understood.
    pub skipped: BTreeSet<String>,
}

/// A file that is no feed of holidays; the words are in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedError {
    /// Not an iCalendar file.
    NotACalendar,
    /// More days than a calendar could want.
    TooMany,
}

/// An event as far as it was read.
#[derive(Default)]
struct Event {
    start: Option<NaiveDate>,
    end: Option<NaiveDate>,
    /// How many days it lasts, where that is said instead of an end.
    length: Option<u64>,
    name: String,
    rule: Option<String>,
    not_on: Vec<NaiveDate>,
    cancelled: bool,
    odd: bool,
}

/// The days of a feed from one date to another, both included.
///
/// # Errors
/// See [`FeedError`].
pub fn read_feed(text: &str, from: NaiveDate, to: NaiveDate) -> Result<Feed, FeedError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = unfolded(text).into_iter();
    if !lines.any(|line| line.eq_ignore_ascii_case("BEGIN:VCALENDAR")) {
        return Err(FeedError::NotACalendar);
    }
    let mut feed = Feed::default();
    let mut event: Option<Event> = None;
    // Alarms and the like lie inside an event and have lines of their own.
    let mut inner = 0;
    for line in lines {
        let Some((property, value)) = line.split_once(':') else {
            continue;
        };
        let (name, parameters) = property.split_once(';').unwrap_or((property, ""));
        match (name.to_ascii_uppercase().as_str(), &mut event) {
            ("BEGIN", None) if value.eq_ignore_ascii_case("VEVENT") => {
                event = Some(Event::default())
            }
            ("BEGIN", Some(_)) => inner += 1,
            ("END", Some(_)) if inner > 0 => inner -= 1,
            ("END", Some(_)) => {
                feed.add(event.take().unwrap_or_default(), from, to);
                if feed.entries.len() > MAX_DAYS {
                    return Err(FeedError::TooMany);
                }
            }
            (name, Some(event)) if inner == 0 => event.read(name, parameters, value),
            _ => {}
        }
    }
    feed.entries.sort();
    feed.entries.dedup();
    Ok(feed)
}

impl Event {
    fn read(&mut self, name: &str, parameters: &str, value: &str) {
        match name {
            "DTSTART" => match whole_day(parameters, value) {
                Some(day) => self.start = Some(day),
                None => self.odd = true,
            },
            "DTEND" => match whole_day(parameters, value) {
                Some(day) => self.end = Some(day),
                None => self.odd = true,
            },
            "DURATION" => match whole_days(value) {
                Some(days) => self.length = Some(days),
                None => self.odd = true,
            },
            "SUMMARY" => self.name = unescaped(value),
            "RRULE" => self.rule = Some(value.to_ascii_uppercase()),
            "EXDATE" => (self.not_on).extend(
                value
                    .split(',')
                    .filter_map(|day| whole_day(parameters, day)),
            ),
            "STATUS" => self.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
            // A recurrence that was moved replaces one of the rule's days; feeds of holidays do not do that.
            "RECURRENCE-ID" => self.odd = true,
            _ => {}
        }
    }

    /// How many days it lasts: up to the day before its end, and one where nothing is said. None for more than
    /// [`MAX_LENGTH`].
    fn days(&self) -> Option<u64> {
        let (start, end) = (self.start?, self.end);
        let until = end.map(|end| (end - start).num_days().max(1).unsigned_abs());
        let days = until.or(self.length).unwrap_or(1).max(1);
        (days <= MAX_LENGTH).then_some(days)
    }

    /// The days on which it begins; none if it repeats in a way that is not understood.
    fn starts(&self, to: NaiveDate) -> Option<Vec<NaiveDate>> {
        let start = self.start?;
        let Some(rule) = &self.rule else {
            return Some(vec![start]);
        };
        let (mut every, mut most, mut until) = (1, usize::MAX, to);
        for part in rule.split(';') {
            match part.split_once('=')? {
                ("FREQ", "YEARLY") => {}
                ("INTERVAL", n) => every = n.parse().ok().filter(|n| *n > 0)?,
                ("COUNT", n) => most = n.parse().ok()?,
                ("UNTIL", day) => until = until.min(day_of(day.get(..8)?)?),
                ("BYMONTH", n) if n.parse() == Ok(start.month()) => {}
                ("BYMONTHDAY", n) if n.parse() == Ok(start.day()) => {}
                ("WKST", _) => {}
                _ => return None,
            }
        }
        if !rule.contains("FREQ=YEARLY") {
            return None;
        }
        // 29 February comes only in the years that have one.
        let years = (start.year()..=to.year()).step_by(every);
        let days = years.filter_map(|year| start.with_year(year));
        Some(days.take(most).take_while(|day| *day <= until).collect())
    }
}

impl Feed {
    fn add(&mut self, event: Event, from: NaiveDate, to: NaiveDate) {
        if event.cancelled {
            return;
        }
        let (Some(days), Some(starts), false) = (event.days(), event.starts(to), event.odd) else {
            self.skipped.insert(event.name);
            return;
        };
        for begin in starts.into_iter().filter(|day| !event.not_on.contains(day)) {
            let dates = (0..days).filter_map(|n| begin.checked_add_days(Days::new(n)));
            for date in dates.filter(|date| (from..=to).contains(date)) {
                self.entries.push(Entry {
                    date,
                    name: event.name.clone(),
                });
            }
        }
    }
}

/// A date as the feed writes it. With a time of day it is no whole day, unless it is midnight without a zone.
fn whole_day(parameters: &str, value: &str) -> Option<NaiveDate> {
    let value = value.trim();
    let floating = !parameters.to_ascii_uppercase().contains("TZID");
    match value.strip_suffix("T000000") {
        Some(day) if floating => day_of(day),
        _ => day_of(value),
    }
}

/// A duration of whole days or weeks (RFC 5545, 3.3.6).
fn whole_days(value: &str) -> Option<u64> {
    let value = value.trim().to_ascii_uppercase();
    let length = value
        .strip_prefix('+')
        .unwrap_or(&value)
        .strip_prefix('P')?;
    match (length.strip_suffix('D'), length.strip_suffix('W')) {
        (Some(days), _) => days.parse().ok(),
        (_, Some(weeks)) => weeks.parse::<u64>().ok()?.checked_mul(7),
        _ => None,
    }
}

fn day_of(text: &str) -> Option<NaiveDate> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    NaiveDate::parse_from_str(text, "%Y%m%d")
        .ok()
        .filter(|_| digits)
}

/// A line that begins with a blank continues the one before it.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// A text without its escapes, as one line of at most 200 characters.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('n' | 'N') | None => ' ',
                Some(other) => other,
            },
            c => c,
        });
    }
    let out: String = out.chars().take(200).collect();
    crate::field::one_line(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(events: &str) -> Feed {
        let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}\nEND:VCALENDAR\n");
        let day = |text: &str| text.parse().unwrap();
        read_feed(
            &text.replace('\n', "\r\n"),
            day("2026-01-01"),
            day("2029-12-31"),
        )
        .unwrap()
    }

    fn days(events: &str) -> Vec<String> {
        let feed = read(events);
        let entries = feed.entries.iter();
        entries
            .map(|it| format!("{} {}", it.date, it.name))
            .collect()
    }

    #[test]
    fn whole_days_are_read_with_their_names() {
        assert_eq!(
            days(
                "BEGIN:VEVENT\nUID:1@example\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nSUMMARY:Christmas\\, bo\n th days\nBEGIN:VALARM\nDTSTART:19990101T000000\nSUMMARY:ring\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260101\nSUMMARY:New Year\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260501T000000\nSUMMARY:May Day\nEND:VEVENT"
            ),
            [
                "2026-01-01 New Year",
                "2026-05-01 May Day",
                "2026-12-25 Christmas, both days",
                "2026-12-26 Christmas, both days"
            ]
        );
    }

    #[test]
    fn several_days_end_or_last_and_what_is_longer_than_a_month_is_named() {
        let event = |rest: &str| {
            format!("BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\n{rest}\nSUMMARY:Rest\nEND:VEVENT")
        };
        for (said, days) in [
            ("DTEND;VALUE=DATE:20261227", Some(2)),
            ("DURATION:P2D", Some(2)),
            ("DURATION:+P1W", Some(7)),
            ("DURATION:P0D", Some(1)),
            ("DTEND;VALUE=DATE:20270125", Some(31)),
            ("DTEND;VALUE=DATE:20270126", None),
            ("DURATION:P40D", None),
            ("DURATION:PT36H", None),
            ("DURATION:P99999999999999999999W", None),
            ("DTEND:20261226T120000", None),
        ] {
            let feed = read(&event(said));
            assert_eq!(feed.entries.len(), days.unwrap_or(0), "{said}");
            assert_eq!(feed.skipped.len(), usize::from(days.is_none()), "{said}");
        }
    }

    #[test]
    fn a_day_of_every_year_comes_every_year_and_29_february_only_in_leap_years() {
        assert_eq!(
            days(
                "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20201003\nRRULE:FREQ=YEARLY;UNTIL=20281231\nEXDATE;VALUE=DATE:20271003\nSUMMARY:Unity\nEND:VEVENT"
            ),
            ["2026-10-03 Unity", "2028-10-03 Unity"]
        );
        assert_eq!(
            days(
                "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY\nSUMMARY:Leap\nEND:VEVENT"
            ),
            ["2028-02-29 Leap"]
        );
        assert_eq!(
            days(
                "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2\nSUMMARY:Odd\nEND:VEVENT"
            ),
            ["2027-01-01 Odd"]
        );
    }

    #[test]
    fn what_is_no_whole_day_or_repeats_strangely_is_named_and_left_out() {
        let feed = read(
            "BEGIN:VEVENT\nDTSTART:20260101T090000Z\nSUMMARY:Meeting\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20260101T000000\nSUMMARY:Midnight\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\nSUMMARY:Thanksgiving\nEND:VEVENT\nBEGIN:VEVENT\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20260202\nSUMMARY:Gone\nEND:VEVENT",
        );
        assert!(feed.entries.is_empty(), "{feed:?}");
        let skipped: Vec<_> = feed.skipped.iter().map(String::as_str).collect();
        assert_eq!(skipped, ["Meeting", "Midnight", "Thanksgiving"]);
    }

    #[test]
    fn a_file_that_is_no_calendar_is_refused_and_none_breaks_the_reader() {
        let day = |text: &str| text.parse().unwrap();
        let (from, to) = (day("2026-01-01"), day("2026-12-31"));
        for text in ["", "<html>", "\0\0", "BEGIN:VEVENT\nEND:VEVENT"] {
            assert_eq!(read_feed(text, from, to), Err(FeedError::NotACalendar));
        }
        for text in [
            "BEGIN:VCALENDAR\nEND:VEVENT\nBEGIN:VEVENT",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:é\u{301}2026\nRRULE:FREQ\nUNTIL\nEND:VEVENT",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=YEARLY;UNTIL=éééé\nEND:VEVENT",
        ] {
            assert!(read_feed(text, from, to).unwrap().entries.is_empty());
        }
        let event = "BEGIN:VEVENT\nDTSTART:20260101\nDTEND:20260201\nSUMMARY:x{n}\nEND:VEVENT\n";
        let many: String = (0..100)
            .map(|n| event.replace("{n}", &n.to_string()))
            .collect();
        let many = format!("BEGIN:VCALENDAR\n{many}");
        assert_eq!(read_feed(&many, from, to), Err(FeedError::TooMany));
    }
}
