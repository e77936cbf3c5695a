//! Hierarchical escalation: who is told, one after the other, until somebody acknowledges. A team's path is a versioned
//! document whose id is the team's.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::{Hours, WorkingTime};
use crate::field::FieldError;
use crate::id::{DocumentId, PersonId};
use crate::names::named;

/// The most levels of a path.
pub const MAX_LEVELS: usize = 8;
/// The longest wait before a level, in minutes: 30 days.
pub const MAX_MINUTES: u32 = 30 * 24 * 60;
/// The longest time between two notices, in minutes: a day.
pub const MAX_REPEAT_MINUTES: u32 = 24 * 60;
/// How often one level is told again at most.
pub const MAX_REPEATS: u32 = 20;

/// The body of a path's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// In order.
    pub levels: Vec<Level>,
    /// Minutes between two notices to the same level, counted as the level's own.
    pub repeat_minutes: u32,
    /// How often a level is told again; the next level's time ends that.
    pub repeats: u32,
}

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Who is told.
    pub who: Target,
    /// How many minutes after the level before, or after the rule fired.
    pub minutes: u32,
    /// Which minutes count.
    pub counted: Counted,
    /// Whether it goes out by mail as well; in the application it always shows.
    pub mail: bool,
}

/// Who is told at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// One person.
    Person {
        /// Who.
        person: PersonId,
    },
    /// Whoever is on call at that moment.
    OnCall {
        /// In which schedule.
        schedule: DocumentId,
    },
    /// The managers who answer for the team.
    Managers {},
}

named! {
    /// Which minutes count.
    Counted, "kind of minutes" {
        /// All of them.
        Clock = "clock",
        /// Those of the desk's ordinary working time.
        Working = "working",
    }
}

/// How far a path has come on a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How many levels were told.
    pub level: usize,
    /// When the time of the last of them came, or when the path started.
    pub level_at: DateTime<Utc>,
    /// How many of that level's notices are behind us, those that were missed included.
    pub notices: u32,
}

/// What a path does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Tells the level with this number, from 0, for the first time.
    Tell(usize),
    /// Tells the last level again, for the n-th time.
    Repeat(u32),
    /// Gives up: nobody acknowledged.
    GiveUp,
}

impl Progress {
    /// At the start of a path.
    pub fn begin(at: DateTime<Utc>) -> Self {
        Self {
            level: 0,
            level_at: at,
            notices: 0,
        }
    }
}

impl Path {
    /// What is wrong with it, each with the level it is in, from 0.
    pub fn check(&self) -> Vec<(usize, FieldError)> {
        let mut errors = Vec::new();
        if self.levels.is_empty() || self.levels.len() > MAX_LEVELS {
            errors.push((0, FieldError::new("who", "error.path_needs_level")));
        }
        for (number, level) in self.levels.iter().enumerate() {
            if level.minutes > MAX_MINUTES {
                errors.push((number, FieldError::new("minutes", "error.path_minutes")));
            }
        }
        if !(1..=MAX_REPEAT_MINUTES).contains(&self.repeat_minutes) {
            errors.push((0, FieldError::new("repeat_minutes", "error.path_repeat")));
        }
        if self.repeats > MAX_REPEATS {
            errors.push((0, FieldError::new("repeats", "error.path_repeats")));
        }
        errors
    }

    /// What comes next, and when. Of several repeats whose time has passed only the last is worth telling, and none once
    /// the next level's time has come: after downtime each level gets one notice.
    pub fn next(
        &self,
        progress: &Progress,
        hours: &Hours,
        now: DateTime<Utc>,
    ) -> (DateTime<Utc>, Step) {
        let level = self.levels.get(progress.level).and_then(|level| {
            let at = passed(level.counted, hours, progress.level_at, level.minutes)?;
            Some((at, Step::Tell(progress.level)))
        });
        let repeat = self.repeat(progress, hours, now);
        match (level, repeat) {
            (Some(level), Some(repeat)) if level.0 <= now || level.0 <= repeat.0 => level,
            (_, Some(repeat)) => repeat,
            (Some(level), None) => level,
            (None, None) => {
                let last = self.repeat_at(progress, hours, self.repeats + 1);
                (last.unwrap_or(progress.level_at), Step::GiveUp)
            }
        }
    }

    /// How far it has come once a step whose time was `at` is taken. Giving up changes nothing.
    pub fn after(
        &self,
        progress: &Progress,
        at: DateTime<Utc>,
        step: Step,
        hours: &Hours,
        now: DateTime<Utc>,
    ) -> Progress {
        match step {
            Step::Tell(level) => {
                let told = Progress {
                    level: level + 1,
                    level_at: at,
                    notices: 1,
                };
                let missed = (1..=self.repeats)
                    .filter_map(|n| self.repeat_at(&told, hours, n))
                    .take_while(|at| *at <= now);
                Progress {
                    notices: 1 + u32::try_from(missed.count()).unwrap_or(self.repeats),
                    ..told
                }
            }
            Step::Repeat(n) => Progress {
                notices: n + 1,
                ..*progress
            },
            Step::GiveUp => *progress,
        }
    }

    /// The last repeat whose time has passed, else the first that is to come.
    fn repeat(
        &self,
        progress: &Progress,
        hours: &Hours,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Step)> {
        let mut found = None;
        for n in progress.notices..=self.repeats {
            let at = self.repeat_at(progress, hours, n)?;
            if at > now && found.is_some() {
                break;
            }
            found = Some((at, Step::Repeat(n)));
            if at > now {
                break;
            }
        }
        found
    }

    fn repeat_at(&self, progress: &Progress, hours: &Hours, n: u32) -> Option<DateTime<Utc>> {
        let level = self.levels.get(progress.level.checked_sub(1)?)?;
        let minutes = self.repeat_minutes.saturating_mul(n);
        passed(level.counted, hours, progress.level_at, minutes)
    }
}

/// When so many minutes have passed; 0 working minutes are the next opening.
fn passed(
    counted: Counted,
    hours: &Hours,
    since: DateTime<Utc>,
    minutes: u32,
) -> Option<DateTime<Utc>> {
    let time = TimeDelta::minutes(i64::from(minutes));
    match counted {
        Counted::Clock => since.checked_add_signed(time),
        Counted::Working => WorkingTime::new(hours.clone()).due(since, time),
    }
}

#[cfg(test)]
mod tests;
