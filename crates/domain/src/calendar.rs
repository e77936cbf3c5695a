//! Working hours: when business time counts, and arithmetic on it.
//!
//! A [`CalendarDocument`] is what an administrator writes; a [`Calendar`] is the same thing ready to
//! count with. [`WorkingTime`] puts calendars of several versions and pauses on one line of time.
//!
//! The rules (decision 23): windows are half-open; a window that spills over midnight belongs to the
//! day it starts on; overlapping windows unite; a time in a gap of the clock is the first valid instant
//! after it; of a repeated hour a window's start takes the first and its end the last; what cannot be
//! reached within [`HORIZON_YEARS`] is not reached at all.

mod document;
mod feed;
mod hours;
mod local_day;
mod pattern;
mod veto;
mod week;
mod working_time;
mod written;
mod zone;

#[cfg(test)]
mod any;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod rule;
#[cfg(test)]
mod scene;

pub use document::{CalendarDocument, CalendarError, TimeOfDay, Week, Window};
pub use feed::{Entry, Feed, FeedError, read_feed};
pub use hours::Calendar;
pub use local_day::{first_instant, local_day, typed_instant};
pub use veto::Known;
pub use week::{DAYS, week_in_bars, week_in_words, windows_in_words};
pub use working_time::{Hours, WorkingTime};
pub use written::{
    Wrong, read_dates, read_holidays, read_windows, written_dates, written_holidays,
};
pub use zone::{first_at, last_at};

/// How far ahead a deadline may lie, in years; beyond it a calendar counts as never open.
pub const HORIZON_YEARS: u32 = 50;

/// The first instant of a date on a zone's wall clock; where midnight does not exist, the first one after it.
pub fn start_of_day(zone: chrono_tz::Tz, date: chrono::NaiveDate) -> chrono::DateTime<chrono::Utc> {
    let day = i64::from(date.to_epoch_days());
    hours::instant(zone::Zone::of(zone).first(day * DAY)).unwrap_or_default()
}

/// One second in microseconds, the unit of all arithmetic below (PostgreSQL keeps no finer time).
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 86_400 * SECOND;
const WEEK: i64 = 7 * DAY;
