//! Whether an engineer is at work: their hours, absences, and "away now".

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::calendar::{Hours, first_at, local_day, start_of_day};
use crate::names::named;

named! {
    /// Why somebody is not there although it is their working time.
    AbsenceKind, "kind of absence" {
        /// Planned: holiday, illness, training. The reason is their own.
        Absent = "absent",
        /// Away for a while, switched on by themselves; it ends by itself.
        Away = "away",
    }
}

/// The longest reason, in characters.
pub const MAX_REASON: usize = 500;
/// The longest absence: a year and a half, as for parental leave.
pub const MAX_ABSENCE: TimeDelta = TimeDelta::days(550);
/// The longest time for which somebody can switch themselves away.
pub const MAX_AWAY: TimeDelta = TimeDelta::hours(24);
/// How many stretches of absence that follow each other are looked through.
const STRETCHES: usize = 100;

/// A time in which somebody is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    /// Which kind.
    pub kind: AbsenceKind,
    /// From.
    pub from: DateTime<Utc>,
    /// Up to, half-open.
    pub until: DateTime<Utc>,
}

impl Absence {
    fn covers(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }
}

/// Whether somebody is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "presence")]
pub enum Presence {
    /// In their hours, and there.
    Here,
    /// Outside their hours; when these begin again, if ever.
    OffShift {
        /// The next opening.
        until: Option<DateTime<Utc>>,
    },
    /// Absent, with the end of it.
    Absent {
        /// When they are back.
        until: DateTime<Utc>,
    },
    /// Away for a while.
    Away {
        /// When they are back.
        until: DateTime<Utc>,
    },
    /// They may not sign in any more.
    Deactivated,
}

/// Everything presence follows from.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Whether they may sign in.
    pub active: bool,
    /// Their hours.
    pub hours: Hours,
    /// The zone in which their days begin and end.
    pub zone: Tz,
    /// Their absences that have not ended.
    pub absences: Vec<Absence>,
}

/// When somebody who works round the clock is told what belongs to a day, in minutes after its midnight: at nine.
const NINE: i64 = 9 * 60;

impl Shift {
    /// The day it is for them.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        local_day(self.zone, now)
    }

    /// When they are told what belongs to a day: as their hours open on it or, where they do not, at the next time after it.
    pub fn telling(&self, day: NaiveDate) -> DateTime<Utc> {
        let opening = match self.hours {
            Hours::Always => None,
            Hours::Calendar(_) => self.hours.next_opening(start_of_day(self.zone, day)),
        };
        opening.unwrap_or_else(|| first_at(self.zone, day, NINE))
    }

    /// Whether they are at work at a moment.
    pub fn at(&self, now: DateTime<Utc>) -> Presence {
        if !self.active {
            return Presence::Deactivated;
        }
        let covering = self.absences.iter().filter(|it| it.covers(now));
        // A planned absence says more than a switch.
        if let Some(absence) = covering.min_by_key(|it| it.kind) {
            let until = self.end_of_absence(absence.until);
            return match absence.kind {
                AbsenceKind::Absent => Presence::Absent { until },
                AbsenceKind::Away => Presence::Away { until },
            };
        }
        match self.hours.next_opening(now) {
            // Not `==`: hours are reckoned in microseconds, and a moment may be finer.
            Some(opening) if opening <= now => Presence::Here,
            until => Presence::OffShift { until },
        }
    }

    /// When they are next at work, `now` included; none where that cannot be said.
    pub fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.active {
            return None;
        }
        let mut at = now;
        for _ in 0..STRETCHES {
            let opening = self.hours.next_opening(self.end_of_absence(at))?;
            if !self.absences.iter().any(|it| it.covers(opening)) {
                return Some(opening);
            }
            at = opening;
        }
        None
    }

    /// The end of the absences that follow each other from a moment on; the moment itself where none covers it.
    fn end_of_absence(&self, from: DateTime<Utc>) -> DateTime<Utc> {
        let mut at = from;
        for _ in 0..STRETCHES {
            let covering = self.absences.iter().filter(|it| it.covers(at));
            match covering.map(|it| it.until).max() {
                Some(until) => at = until,
                None => break,
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::scene::{at, office};

    /// 9 to 17 in Berlin on weekdays.
    fn shift(absences: Vec<Absence>) -> Shift {
        Shift {
            active: true,
            hours: Hours::Calendar(office(r#"[["09:00","17:00"]]"#)),
            zone: Tz::Europe__Berlin,
            absences,
        }
    }

    #[test]
    fn a_day_is_theirs_and_they_hear_of_it_when_their_hours_open() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let berlin = shift(Vec::new());
        let auckland = Shift {
            hours: Hours::Always,
            zone: Tz::Pacific__Auckland,
            ..berlin.clone()
        };
        // Auckland is thirteen hours ahead of UTC in November, Berlin one.
        for (now, in_berlin, in_auckland) in [
            ("2026-11-23T10:59:59Z", "2026-11-23", "2026-11-23"),
            ("2026-11-23T11:00:00Z", "2026-11-23", "2026-11-24"),
            ("2026-11-23T23:00:00Z", "2026-11-24", "2026-11-24"),
        ] {
            assert_eq!(berlin.today(at(now)), day(in_berlin), "{now}");
            assert_eq!(auckland.today(at(now)), day(in_auckland), "{now}");
        }
        for (date, in_berlin, in_auckland) in [
            ("2026-11-23", "2026-11-23T08:00:00Z", "2026-11-22T20:00:00Z"),
            // A Saturday.
            ("2026-11-28", "2026-11-30T08:00:00Z", "2026-11-27T20:00:00Z"),
        ] {
            assert_eq!(berlin.telling(day(date)), at(in_berlin), "{date}");
            assert_eq!(auckland.telling(day(date)), at(in_auckland), "{date}");
        }
    }

    fn absence(kind: AbsenceKind, from: &str, until: &str) -> Absence {
        Absence {
            kind,
            from: at(from),
            until: at(until),
        }
    }

    #[test]
    fn the_table_of_who_is_there() {
        // Monday 23 November 2026; Berlin is an hour ahead of UTC.
        let holiday = absence(
            AbsenceKind::Absent,
            "2026-11-24T00:00:00Z",
            "2026-11-25T00:00:00Z",
        );
        let longer = absence(
            AbsenceKind::Absent,
            "2026-11-25T00:00:00Z",
            "2026-11-27T00:00:00Z",
        );
        let lunch = absence(
            AbsenceKind::Away,
            "2026-11-23T11:00:00Z",
            "2026-11-23T12:00:00Z",
        );
        let shift = shift(vec![holiday, longer, lunch]);
        let table = [
            ("2026-11-23T08:00:00Z", Presence::Here),
            (
                "2026-11-23T07:59:59Z",
                Presence::OffShift {
                    until: Some(at("2026-11-23T08:00:00Z")),
                },
            ),
            (
                "2026-11-23T11:30:00Z",
                Presence::Away {
                    until: at("2026-11-23T12:00:00Z"),
                },
            ),
            ("2026-11-23T12:00:00Z", Presence::Here),
            (
                "2026-11-23T16:00:00Z",
                Presence::OffShift {
                    until: Some(at("2026-11-24T08:00:00Z")),
                },
            ),
            // Two absences that follow each other are one.
            (
                "2026-11-24T10:00:00Z",
                Presence::Absent {
                    until: at("2026-11-27T00:00:00Z"),
                },
            ),
        ];
        for (time, expected) in table {
            assert_eq!(shift.at(at(time)), expected, "{time}");
        }
        let back = at("2026-11-27T08:00:00Z");
        assert_eq!(shift.next(at("2026-11-23T16:30:00Z")), Some(back));
        let gone = Shift {
            active: false,
            ..shift
        };
        assert_eq!(gone.at(at("2026-11-23T08:00:00Z")), Presence::Deactivated);
        assert_eq!(gone.next(at("2026-11-23T08:00:00Z")), None);
    }

    #[test]
    fn whoever_is_next_at_work_is_there_then() {
        let holiday = absence(
            AbsenceKind::Absent,
            "2026-11-24T09:30:00Z",
            "2026-12-01T12:00:00Z",
        );
        let shift = shift(vec![holiday]);
        for hour in 0..24 * 14 {
            let now = at("2026-11-20T00:30:00Z") + TimeDelta::hours(hour);
            let next = shift.next(now).expect("they come back");
            assert!(next >= now);
            assert_eq!(shift.at(next), Presence::Here, "{now}: {next}");
            assert_eq!(shift.at(now) == Presence::Here, next == now, "{now}");
        }
    }
}
