//! Who is on call: rotations, layers and overrides, in the wall time of the schedule's zone.
//!
//! A shift begins at the schedule's hand-over time of a date, whatever the clock did since: 09:00 stays 09:00 when summer
//! time begins (grafana/oncall#3261). A time in a gap of the clock is the first valid instant after it; of a repeated hour
//! the hand-over takes the first (decision 23). Shifts and windows are half-open.

mod turns;

#[cfg(test)]
mod oracle;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::calendar::{TimeOfDay, Week};
use crate::field::FieldError;
use crate::id::PersonId;

pub use turns::{By, Turn, turns, who};

/// The most layers of a schedule.
pub const MAX_LAYERS: usize = 8;
/// The most people of a rotation.
pub const MAX_PEOPLE: usize = 40;
/// The longest shift, in days.
pub const MAX_DAYS: u16 = 365;

/// The body of an on-call schedule's version. The first layer from the top that has somebody at a moment decides;
/// an override goes before all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The zone whose wall clock all times mean.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub zone: Tz,
    /// From the top.
    pub layers: Vec<Layer>,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// What people call it.
    pub name: String,
    /// In the order of their turns. Somebody may be there twice.
    pub people: Vec<PersonId>,
    /// How long a shift is, in days: 1 is daily, 7 weekly.
    pub days: u16,
    /// The time of day at which the next person takes over.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub hand_over: TimeOfDay,
    /// The date on which the first shift begins, at the hand-over time; before that nobody is on call.
    pub start: NaiveDate,
    /// Only in these windows, such as nights and weekends; always where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Week>,
}

/// Somebody takes over for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Override {
    /// Which.
    pub id: Uuid,
    /// Who takes over.
    pub person: PersonId,
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then.
    pub to: DateTime<Utc>,
}

impl Schedule {
    /// What is wrong with it, each with the layer it is in, from 0.
    pub fn check(&self) -> Vec<(usize, FieldError)> {
        let mut errors = Vec::new();
        if self.layers.is_empty() {
            errors.push((0, FieldError::new("people", "error.on_call_nobody")));
        }
        for (number, layer) in self.layers.iter().enumerate() {
            let mut wrong = |field, message| errors.push((number, FieldError::new(field, message)));
            if layer.people.is_empty() || layer.people.len() > MAX_PEOPLE {
                wrong("people", "error.on_call_nobody");
            }
            if !(1..=MAX_DAYS).contains(&layer.days) {
                wrong("days", "error.on_call_days");
            }
            if layer.hand_over == TimeOfDay::END {
                wrong("hand_over", "error.time_of_day");
            }
            let windows = layer.only.as_ref().map(Week::days);
            if windows.is_some_and(|days| days.iter().all(|day| day.is_empty())) {
                wrong("only", "error.on_call_windows");
            }
        }
        errors
    }

    /// Everybody who takes turns in it.
    pub fn people(&self) -> BTreeSet<PersonId> {
        let people = self.layers.iter().flat_map(|layer| &layer.people);
        people.copied().collect()
    }
}

fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn from_text<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests;
