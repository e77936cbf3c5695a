//! The working calendar as an administrator writes it, and as it is stored: a versioned JSON document.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A calendar that cannot be used, in words that say what is wrong and then what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is not in the IANA database.
    #[error("`{0}` is not a time zone; write an IANA name such as Europe/Berlin")]
    UnknownZone(String),
    /// A window's time is not a time of day.
    #[error("`{0}` is not a time of day; write it as 09:00 (24:00 may end a window)")]
    BadTime(String),
    /// A window starts at 24:00.
    #[error("a window cannot start at 24:00; let it start at 00:00 of the next day")]
    StartsAtMidnightsEnd,
    /// A holiday or special date is not a date.
    #[error("`{0}` is not a date; write it as 2026-12-25")]
    BadDate(String),
}

/// A time of day in whole minutes, from 00:00 to 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// 24:00, the end of a day.
    pub const END: Self = Self(24 * 60);

    /// Minutes since 00:00, at most 1440.
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl FromStr for TimeOfDay {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let bad = || CalendarError::BadTime(text.to_owned());
        let &[h1, h2, b':', m1, m2] = text.as_bytes() else {
            return Err(bad());
        };
        if ![h1, h2, m1, m2].iter().all(u8::is_ascii_digit) {
            return Err(bad());
        }
        let two = |tens: u8, ones: u8| u16::from(tens - b'0') * 10 + u16::from(ones - b'0');
        let minutes = two(h1, h2) * 60 + two(m1, m2);
        if two(m1, m2) > 59 || minutes > Self::END.0 {
            return Err(bad());
        }
        Ok(Self(minutes))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A stretch of working time that starts on its day; one that ends at or before its start runs into the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    start: TimeOfDay,
    end: TimeOfDay,
}

impl Window {
    /// A window between two times of day; fails if it starts at 24:00.
    pub fn new(start: TimeOfDay, end: TimeOfDay) -> Result<Self, CalendarError> {
        if start == TimeOfDay::END {
            return Err(CalendarError::StartsAtMidnightsEnd);
        }
        Ok(Self { start, end })
    }

    /// When it starts, in minutes of its day.
    pub fn start(self) -> i64 {
        i64::from(self.start.0)
    }

    /// When it ends, in minutes counted from 00:00 of its day: more than 1440 when it runs into the next.
    pub fn end(self) -> i64 {
        let end = i64::from(self.end.0);
        if end <= self.start() {
            end + 24 * 60
        } else {
            end
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{}", self.start, self.end)
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.start.to_string(), self.end.to_string()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (start, end) = <(String, String)>::deserialize(deserializer)?;
        let window = start
            .parse()
            .and_then(|start| Window::new(start, end.parse()?));
        window.map_err(serde::de::Error::custom)
    }
}

/// The windows of each weekday.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields are the days of the week")]
pub struct Week {
    pub mon: Vec<Window>,
    pub tue: Vec<Window>,
    pub wed: Vec<Window>,
    pub thu: Vec<Window>,
    pub fri: Vec<Window>,
    pub sat: Vec<Window>,
    pub sun: Vec<Window>,
}

impl Week {
    /// The seven days from Monday on.
    pub fn days(&self) -> [&Vec<Window>; 7] {
        [
            &self.mon, &self.tue, &self.wed, &self.thu, &self.fri, &self.sat, &self.sun,
        ]
    }

    /// The seven days from Monday on, to be changed.
    pub fn days_mut(&mut self) -> [&mut Vec<Window>; 7] {
        [
            &mut self.mon,
            &mut self.tue,
            &mut self.wed,
            &mut self.thu,
            &mut self.fri,
            &mut self.sat,
            &mut self.sun,
        ]
    }
}

/// Working hours as configuration: the body of a calendar's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarDocument {
    /// IANA name of the zone whose wall clock the windows mean.
    #[serde(serialize_with = "zone_name", deserialize_with = "known_zone")]
    pub zone: chrono_tz::Tz,
    /// The ordinary week.
    pub windows: Week,
    /// Days without working time; dates of the zone, never instants.
    #[serde(default, deserialize_with = "dates")]
    pub holidays: BTreeSet<NaiveDate>,
    /// Days with windows of their own, instead of the weekday's and before `holidays`.
    #[serde(default, deserialize_with = "dated")]
    pub dates: BTreeMap<NaiveDate, Vec<Window>>,
    /// What a holiday or special date is called, for people to read.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "dated"
    )]
    pub names: BTreeMap<NaiveDate, String>,
    /// Entries of holiday feeds that an administrator left out, so that the next import does not bring them back.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "dated"
    )]
    pub left_out: BTreeMap<NaiveDate, String>,
}

/// Parses a date written as 2026-12-25 and nothing else.
pub(crate) fn parse_date(text: &str) -> Result<NaiveDate, CalendarError> {
    let shaped = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| shaped)
        .ok_or_else(|| CalendarError::BadDate(text.to_owned()))
}

/// Finds a zone by its IANA name.
pub(crate) fn parse_zone(name: &str) -> Result<chrono_tz::Tz, CalendarError> {
    name.parse()
        .map_err(|_| CalendarError::UnknownZone(name.to_owned()))
}

fn zone_name<S: Serializer>(zone: &chrono_tz::Tz, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}

fn known_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<chrono_tz::Tz, D::Error> {
    parse_zone(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn dates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<NaiveDate>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let dates = texts
        .iter()
        .map(|text| parse_date(text))
        .collect::<Result<_, _>>();
    dates.map_err(serde::de::Error::custom)
}

/// A map by date that names a date twice is refused instead of half ignored.
fn dated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<NaiveDate, T>, D::Error> {
    struct Dated<T>(std::marker::PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Dated<T> {
        type Value = BTreeMap<NaiveDate, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with dates as its keys")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut dated = BTreeMap::new();
            while let Some((key, value)) = map.next_entry::<String, T>()? {
                let date = parse_date(&key).map_err(serde::de::Error::custom)?;
                if dated.insert(date, value).is_some() {
                    return Err(serde::de::Error::custom(format!("{date} is listed twice")));
                }
            }
            Ok(dated)
        }
    }

    deserializer.deserialize_map(Dated(std::marker::PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<CalendarDocument, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_calendar_survives_being_stored() {
        let calendar = parse(
            r#"{"zone":"Europe/Berlin","windows":{"mon":[["09:00","12:30"],["13:00","24:00"]],"fri":[["22:00","06:00"]]},
                "holidays":["2026-12-25"],"dates":{"2026-12-24":[["09:00","12:00"]]},"names":{"2026-12-25":"Christmas Day"}}"#,
        )
        .unwrap();

        let stored = serde_json::to_string(&calendar).unwrap();

        assert_eq!(parse(&stored).unwrap(), calendar);
    }

    #[test]
    fn what_is_wrong_with_a_calendar_is_said() {
        for (json, complaint) in [
            (
                r#"{"zone":"Mars/Base","windows":{}}"#,
                "`Mars/Base` is not a time zone",
            ),
            (
                r#"{"zone":"UTC","windows":{"Mon":[]}}"#,
                "unknown field `Mon`",
            ),
            (
                r#"{"zone":"UTC","windows":{"mon":[["9:00","17:00"]]}}"#,
                "`9:00` is not a time of day",
            ),
            (
                r#"{"zone":"UTC","windows":{"mon":[["09:00","24:01"]]}}"#,
                "`24:01` is not a time of day",
            ),
            (
                r#"{"zone":"UTC","windows":{"mon":[["24:00","06:00"]]}}"#,
                "cannot start at 24:00",
            ),
            (
                r#"{"zone":"UTC","windows":{"mon":[["09:00"]]}}"#,
                "invalid length 1",
            ),
            (
                r#"{"zone":"UTC","windows":{},"holidays":["2026-02-29"]}"#,
                "`2026-02-29` is not a date",
            ),
            (
                r#"{"zone":"UTC","windows":{},"holidays":["2026-2-01"]}"#,
                "`2026-2-01` is not a date",
            ),
            (
                r#"{"zone":"UTC","windows":{},"dates":{"tomorrow":[]}}"#,
                "`tomorrow` is not a date",
            ),
            (
                r#"{"zone":"UTC","windows":{},"dates":{"2026-01-01":[],"2026-01-01":[]}}"#,
                "listed twice",
            ),
            (r#"{"zone":"UTC"}"#, "missing field `windows`"),
            (
                r#"{"zone":"UTC","windows":{},"holiday":[]}"#,
                "unknown field `holiday`",
            ),
        ] {
            let error = parse(json).unwrap_err();
            assert!(error.contains(complaint), "{json}: {error}");
        }
    }
}
