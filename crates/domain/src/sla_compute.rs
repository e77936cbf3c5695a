//! `tierdesk sla compute`: one question about business time per line of JSON, one answer per line.
//!
//! A line gives `id`, `calendar`, `start` and either `business_seconds` (answered with `due`) or `end`
//! (answered with `elapsed_business_seconds`), and may give `pauses`. It is answered by the same engine
//! that runs the tickets' clocks.

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::calendar::{Calendar, CalendarDocument, HORIZON_YEARS, Hours, WorkingTime};

/// A question, as it is written in a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    #[serde(rename = "id")]
    _id: Value,
    calendar: CalendarDocument,
    start: Instant,
    #[serde(default, deserialize_with = "whole_seconds")]
    business_seconds: Option<u64>,
    #[serde(default, deserialize_with = "present")]
    end: Option<Instant>,
    #[serde(default)]
    pauses: Vec<(Instant, Instant)>,
}

/// What names a line. It is given back as it was written: a number too long for this machine is still its writer's name.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
}

/// An answer; its fields are written in this order.
#[derive(Serialize)]
struct Answer<'a> {
    id: Option<&'a RawValue>,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Due(String),
    ElapsedBusinessSeconds(i64),
    Error(String),
}

/// Answers one line; a bad line is answered with `error`, and with its `id` wherever that can be read.
pub fn sla_compute_line(line: &str) -> String {
    let value = serde_json::from_str::<Value>(line);
    let named: Option<Named> = serde_json::from_str(line).ok();
    let outcome = match &value {
        Err(error) => Err(format!(
            "this line is not JSON ({error}); write one object per line"
        )),
        Ok(value) if !value.is_object() => {
            Err("this line is not an object; write {\"id\": …}".into())
        }
        Ok(_) => serde_json::from_str(line)
            .map_err(without_position)
            .and_then(answer),
    };
    let answer = Answer {
        id: named.map(|named| named.id),
        outcome: outcome.unwrap_or_else(Outcome::Error),
    };
    serde_json::to_string(&answer).expect("strings, numbers and JSON values can always be written")
}

fn answer(question: Question) -> Result<Outcome, String> {
    let start = question.start.0;
    if let Some((from, to)) = question.pauses.iter().find(|(from, to)| to.0 < from.0) {
        return Err(format!(
            "the pause from {from} to {to} ends before it begins"
        ));
    }
    let pauses = question.pauses.iter().map(|(from, to)| (from.0, to.0));
    let time = WorkingTime::new(Hours::Calendar(Calendar::from(question.calendar))).without(pauses);
    match (question.business_seconds, question.end) {
        (Some(seconds), None) => i64::try_from(seconds)
            .ok()
            .and_then(TimeDelta::try_seconds)
            .and_then(|seconds| time.due(start, seconds))
            .filter(|due| due.year() <= 9999)
            .map(|due| Outcome::Due(due.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
            .ok_or_else(|| {
                format!("{seconds} business seconds are not reached within {HORIZON_YEARS} years; give the calendar more windows or ask for less")
            }),
        (None, Some(end)) if end.0 < start => {
            Err(format!("`end` {end} is before `start` {}", question.start))
        }
        (None, Some(end)) => Ok(Outcome::ElapsedBusinessSeconds(time.elapsed(start, end.0).num_seconds())),
        (Some(_), Some(_)) => Err("both `business_seconds` and `end` are given; give one of them".into()),
        (None, None) => Err("neither `business_seconds` nor `end` is given; give one of them".into()),
    }
}

/// A line has no lines and columns that would help its writer.
fn without_position(error: serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

/// An instant written as RFC 3339 with its offset.
#[derive(Clone, Copy)]
struct Instant(DateTime<Utc>);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let instant = DateTime::parse_from_rfc3339(&text).map_err(|_| {
            serde::de::Error::custom(format!(
                "`{text}` is not an RFC 3339 instant; write it as 2026-12-24T09:00:00+01:00"
            ))
        })?;
        // A leap second is the second after it.
        DateTime::from_timestamp_micros(instant.timestamp_micros())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is out of range")))
    }
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Instant>, D::Error> {
    Instant::deserialize(deserializer).map(Some)
}

fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let whole = value
        .as_f64()
        .filter(|number| number.fract() == 0.0 && (0.0..1e18).contains(number));
    // 3600.0 is a whole number too; beyond 2^53 only what was written as an integer is exact.
    let seconds = value.as_u64().or(whole.map(|number| number as u64));
    seconds.map(Some).ok_or_else(|| {
        serde::de::Error::custom(format!(
            "`business_seconds` is {value}; write a whole number of seconds, 0 or more"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICE: &str = r#""calendar":{"zone":"Europe/Berlin","windows":{"mon":[["09:00","17:00"]],"tue":[["09:00","17:00"]]},
        "holidays":["2026-06-02"],"dates":{"2026-06-03":[["10:00","12:00"]]}}"#;

    /// What the command answers to a question with the office's calendar.
    fn ask(rest: &str) -> String {
        sla_compute_line(&format!(
            r#"{{"id":1,{},{rest}}}"#,
            OFFICE.replace('\n', "")
        ))
    }

    #[test]
    fn a_due_time_is_answered_in_utc() {
        for (start, seconds, due) in [
            ("2026-06-01T09:00:00+02:00", 3600, "2026-06-01T08:00:00Z"),
            ("2026-06-01T09:00:00+02:00", 28_800, "2026-06-01T15:00:00Z"),
            ("2026-06-01T09:00:00+02:00", 28_801, "2026-06-03T08:00:01Z"),
            ("2026-06-01T17:00:00+02:00", 0, "2026-06-03T08:00:00Z"),
            ("2026-06-01T16:59:59+02:00", 0, "2026-06-01T14:59:59Z"),
            ("2026-05-30T00:00:00Z", 0, "2026-06-01T07:00:00Z"),
            (
                "2026-06-01T09:00:00.250+02:00",
                1,
                "2026-06-01T07:00:01.250Z",
            ),
        ] {
            assert_eq!(
                ask(&format!(
                    r#""start":"{start}","business_seconds":{seconds}"#
                )),
                format!(r#"{{"id":1,"due":"{due}"}}"#)
            );
        }
    }

    #[test]
    fn elapsed_time_is_answered_in_whole_seconds() {
        for (start, end, elapsed) in [
            ("2026-06-01T00:00:00Z", "2026-06-04T00:00:00Z", 10 * 3600),
            ("2026-06-01T10:00:00Z", "2026-06-01T10:00:00Z", 0),
            ("2026-06-01T10:00:00.6Z", "2026-06-01T10:00:02.5Z", 1),
        ] {
            assert_eq!(
                ask(&format!(r#""start":"{start}","end":"{end}""#)),
                format!(r#"{{"id":1,"elapsed_business_seconds":{elapsed}}}"#)
            );
        }
    }

    #[test]
    fn a_line_gets_its_id_back_as_it_was_written() {
        for id in [
            "7",
            "\"a\\u00e9/\"",
            "12345678901234567890123",
            "1.10",
            "-0",
            "null",
            "[1, {\"a\": 2}]",
        ] {
            for (seconds, said) in [("0", "due"), ("-1", "error")] {
                let answer = sla_compute_line(&format!(
                    r#"{{ "id" : {id} ,"calendar":{{"zone":"UTC","windows":{{"mon":[["09:00","17:00"]]}}}},"start":"2026-06-01T09:00:00Z","business_seconds":{seconds}}}"#
                ));
                let begins = format!(r#"{{"id":{id},"{said}":""#);
                assert!(answer.starts_with(&begins), "{answer}");
            }
        }
    }

    #[test]
    fn pauses_count_for_both() {
        let pauses = r#""pauses":[["2026-06-01T08:00:00Z","2026-06-01T09:00:00Z"],["2026-06-01T08:30:00Z","2026-06-01T10:00:00Z"],
            ["2026-06-01T10:00:00Z","2026-06-01T11:00:00Z"],["2026-05-01T10:00:00Z","2026-05-01T11:00:00Z"],["2026-06-01T14:00:00Z","2026-06-01T14:00:00Z"]]"#;
        let pauses = pauses.replace('\n', "");
        assert_eq!(
            ask(&format!(
                r#""start":"2026-06-01T07:00:00Z","end":"2026-06-01T15:00:00Z",{pauses}"#
            )),
            r#"{"id":1,"elapsed_business_seconds":18000}"#
        );
        for (seconds, due) in [(3600, "08:00:00"), (3601, "11:00:01"), (18_000, "15:00:00")] {
            assert_eq!(
                ask(&format!(
                    r#""start":"2026-06-01T07:00:00Z","business_seconds":{seconds},{pauses}"#
                )),
                format!(r#"{{"id":1,"due":"2026-06-01T{due}Z"}}"#)
            );
        }
        assert_eq!(
            ask(&format!(
                r#""start":"2026-06-01T08:10:00Z","business_seconds":0,{pauses}"#
            )),
            r#"{"id":1,"due":"2026-06-01T11:00:00Z"}"#
        );
    }

    #[test]
    fn a_bad_line_is_answered_with_its_id_and_what_is_wrong() {
        for (rest, complaint) in [
            (r#""start":"2026-06-01T09:00:00Z""#, "neither"),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":1,"end":"2026-06-01T09:00:00Z""#,
                "both",
            ),
            (
                r#""start":"2026-06-01T09:00:00","business_seconds":1"#,
                "not an RFC 3339 instant",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":-1"#,
                "0 or more",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":1.5"#,
                "whole number",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":"60""#,
                "whole number",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":null"#,
                "whole number",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":18446744073709551615"#,
                "not reached within 50 years",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":99999999999999999999999"#,
                "whole number",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","end":"2026-06-01T08:59:59Z""#,
                "before `start`",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":1,"pauses":[["2026-06-01T09:00:00Z"]]"#,
                "invalid length 1",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":1,"pauses":[["2026-06-01T09:00:00Z","2026-06-01T08:00:00Z"]]"#,
                "ends before it begins",
            ),
            (
                r#""start":"2026-06-01T09:00:00Z","business_seconds":1,"note":"x""#,
                "unknown field `note`",
            ),
            (r#""business_seconds":1"#, "missing field `start`"),
        ] {
            let answer: Value = serde_json::from_str(&ask(rest)).unwrap();
            assert_eq!(answer["id"], 1, "{rest}");
            let error = answer["error"].as_str().unwrap();
            assert!(
                error.contains(complaint) && !error.contains(" at line "),
                "{rest}: {error}"
            );
        }
        for (line, complaint) in [
            ("nonsense", "not JSON"),
            ("[1,2]", "not an object"),
            ("{}", "missing field `id`"),
            (r#"{"id":null}"#, "missing field"),
        ] {
            let answer: Value = serde_json::from_str(&sla_compute_line(line)).unwrap();
            assert_eq!(answer["id"], Value::Null);
            assert!(
                answer["error"].as_str().unwrap().contains(complaint),
                "{answer}"
            );
        }
    }

    #[test]
    fn a_calendar_that_never_opens_is_an_error_only_where_time_must_pass() {
        let closed = r#""calendar":{"zone":"UTC","windows":{}},"start":"2026-06-01T09:00:00Z""#;
        for seconds in [0, 1] {
            let answer = sla_compute_line(&format!(
                r#"{{"id":"a",{closed},"business_seconds":{seconds}}}"#
            ));
            assert!(answer.contains("not reached within 50 years"), "{answer}");
        }
        assert_eq!(
            sla_compute_line(&format!(
                r#"{{"id":"a",{closed},"end":"2036-06-01T09:00:00Z"}}"#
            )),
            r#"{"id":"a","elapsed_business_seconds":0}"#
        );
    }
}
