//! Times and durations as a reader sees them: short in the line, exact on hover, in their own zone.

use std::sync::LazyLock;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;

/// `Tuesday 24 November 2026, 07:41:09 CET`, read once: a queue writes a hundred of these.
static EXACT: LazyLock<Vec<Item<'static>>> =
    LazyLock::new(|| StrftimeItems::new("%A %-d %B %Y, %H:%M:%S %Z").collect());
static ISO: LazyLock<Vec<Item<'static>>> =
    LazyLock::new(|| StrftimeItems::new("%Y-%m-%dT%H:%M:%SZ").collect());

/// One moment, ready for `<time>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// For machines.
    pub(crate) iso: String,
    /// For the line: `07:41` today, `Mon 07:41` within the week around now, `3 Nov`, `3 Nov 2025`.
    pub(crate) short: String,
    /// For hover: `Tuesday 24 November 2026, 07:41:09 CET`.
    pub(crate) exact: String,
}

impl Moment {
    /// `at` as a reader in `zone` sees it at `now`.
    pub(crate) fn new(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Self {
        let there = at.with_timezone(&zone);
        let today = now.with_timezone(&zone).date_naive();
        let days = (there.date_naive() - today).num_days();
        let format = match days {
            0 => "%H:%M",
            -6..=6 => "%a %H:%M",
            _ if there.year() == today.year() => "%-d %b",
            _ => "%-d %b %Y",
        };
        Self {
            iso: at.format_with_items(ISO.iter()).to_string(),
            short: there.format(format).to_string(),
            exact: there.format_with_items(EXACT.iter()).to_string(),
        }
    }
}

/// Minutes in words: `16 min`, `2 h 50 min`, `3 d 4 h`.
pub(crate) fn spell(minutes: u64) -> String {
    let part = |n: u64, unit: &str| {
        if n == 0 {
            String::new()
        } else {
            format!(" {n} {unit}")
        }
    };
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1440 => format!("{} h{}", minutes / 60, part(minutes % 60, "min")),
        _ => format!("{} d{}", minutes / 1440, part(minutes % 1440 / 60, "h")),
    }
}

/// How long ago, in the largest unit that fits: `now`, `13 min`, `4 h`, `12 d`.
pub(crate) fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let passed = (now - at).max(TimeDelta::zero());
    match passed.num_minutes() {
        0..60 => format!("{} min", passed.num_minutes()),
        60..2880 => format!("{} h", passed.num_hours()),
        _ => format!("{} d", passed.num_days()),
    }
}

/// A size in bytes as people read it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", bytes.div_ceil(1024)),
        _ => format!(
            "{}.{} MB",
            bytes / 1_048_576,
            bytes % 1_048_576 * 10 / 1_048_576
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_moment_is_short_in_the_line_and_exact_on_hover() {
        let now = at("2026-11-24T08:24:00Z");
        let zone = chrono_tz::Europe::Berlin;
        let short = |text| Moment::new(at(text), now, zone).short;
        assert_eq!(short("2026-11-24T06:41:00Z"), "07:41");
        assert_eq!(short("2026-11-23T23:30:00Z"), "00:30");
        assert_eq!(short("2026-11-23T20:30:00Z"), "Mon 21:30");
        assert_eq!(short("2026-03-03T06:41:00Z"), "3 Mar");
        assert_eq!(short("2025-03-03T06:41:00Z"), "3 Mar 2025");
        assert_eq!(
            Moment::new(at("2026-11-24T06:41:09Z"), now, zone).exact,
            "Tuesday 24 November 2026, 07:41:09 CET"
        );
    }

    #[test]
    fn durations_and_sizes_are_spelled_for_people() {
        assert_eq!(
            (spell(8), spell(60), spell(170), spell(1440), spell(4560)),
            (
                "8 min".into(),
                "1 h".into(),
                "2 h 50 min".into(),
                "1 d".into(),
                "3 d 4 h".into()
            )
        );
        assert_eq!(
            (size(12), size(2000), size(26_214_400)),
            ("12 B".into(), "2 KB".into(), "25.0 MB".into())
        );
        assert_eq!(
            ago(at("2026-11-24T08:00:00Z"), at("2026-11-24T08:13:59Z")),
            "13 min"
        );
        assert_eq!(
            ago(at("2026-11-25T08:00:00Z"), at("2026-11-24T08:13:59Z")),
            "0 min"
        );
    }
}
