//! Builders for tests: a ticket and what happens to it, in one office in Berlin.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Book, Change, Clock, Facts, History, Moment, Version, clocks};
use crate::calendar::{Calendar, CalendarDocument};
use crate::id::{DocumentId, TeamId};
use crate::sla::{Metric, Policy};
use crate::ticket::{Kind, Priority, Status};
use crate::tier::Tier;

pub(crate) const POLICY: DocumentId = DocumentId(Uuid::from_u128(1));
pub(crate) const OFFICE: DocumentId = DocumentId(Uuid::from_u128(2));

/// Monday, when the office opens; P3 has 24 working hours.
pub(crate) const MONDAY_9: &str = "2026-06-01T07:00:00Z";
pub(crate) const MONDAY_12: &str = "2026-06-01T10:00:00Z";
pub(crate) const MONDAY_14: &str = "2026-06-01T12:00:00Z";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn office(windows: &str) -> Calendar {
    let week = ["mon", "tue", "wed", "thu", "fri"]
        .map(|day| format!(r#""{day}":{windows}"#))
        .join(",");
    let document = format!(r#"{{"zone":"Europe/Berlin","windows":{{{week}}}}}"#);
    Calendar::from(serde_json::from_str::<CalendarDocument>(&document).unwrap())
}

pub(crate) fn version<T>(id: DocumentId, version: i32, valid_from: &str, body: T) -> Version<T> {
    Version {
        id,
        version,
        name: "Office".to_owned(),
        valid_from: at(valid_from),
        body,
    }
}

/// The standard policy over an office that is open from 9 to 17 on weekdays.
pub(crate) fn book() -> Book {
    let calendar = office(r#"[["09:00","17:00"]]"#);
    Book {
        policy: vec![version(
            POLICY,
            1,
            "2020-01-01T00:00:00Z",
            Policy::standard(OFFICE),
        )],
        calendars: [(
            OFFICE,
            vec![version(OFFICE, 1, "2020-01-01T00:00:00Z", calendar)],
        )]
        .into(),
    }
}

/// A ticket opened at a time, as P3, with nobody on it.
pub(crate) fn ticket(opened_at: &str) -> History {
    History {
        opened_at: at(opened_at),
        opened: Facts {
            status: Status::New,
            priority: Priority::P3,
            kind: Kind::Incident,
            category: None,
            organisation: None,
            vip: false,
            team: TeamId(Uuid::from_u128(3)),
            tier: Tier::L1,
            assigned: false,
        },
        moments: Vec::new(),
    }
}

impl History {
    /// The same ticket, opened as another priority.
    pub(crate) fn of(mut self, priority: Priority) -> Self {
        self.opened.priority = priority;
        self
    }

    pub(crate) fn then(mut self, time: &str, change: Change) -> Self {
        self.moments.push(Moment {
            at: at(time),
            change,
        });
        self
    }
}

/// The newest clock of a metric.
pub(crate) fn clock(history: &History, book: &Book, metric: Metric, now: &str) -> Clock {
    let clocks = clocks(history, book, at(now));
    clocks
        .into_iter()
        .rfind(|clock| clock.metric == metric)
        .unwrap()
}

pub(crate) fn hours(hours: i64) -> TimeDelta {
    TimeDelta::hours(hours)
}

/// A ticket of which three working hours were used before it waited for two.
pub(crate) fn waited() -> History {
    ticket(MONDAY_9)
        .then(MONDAY_12, Change::Status(Status::Pending))
        .then(MONDAY_14, Change::Status(Status::Open))
}

/// The newest clock of the solution.
pub(crate) fn resolution(history: &History, book: &Book, now: &str) -> Clock {
    clock(history, book, Metric::Resolution, now)
}

/// It waits for the requester.
pub(crate) fn pending() -> Change {
    Change::Status(Status::Pending)
}

/// It goes on.
pub(crate) fn open() -> Change {
    Change::Status(Status::Open)
}
