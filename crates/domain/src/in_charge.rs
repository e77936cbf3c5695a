//! Hierarchical escalation: who is told, one after the other, until somebody acknowledges. A team's path is a versioned
//! document whose id is the team's.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::WorkingTime;
use crate::field::FieldError;
use crate::id::{DocumentId, PersonId};
use crate::names::named;

/// The most levels of a path.
pub const MAX_LEVELS: usize = 8;
/// The longest wait before a level, in minutes: 30 days.
pub const MAX_MINUTES: u32 = 30 * 24 * 60;
/// The longest time between two notices, in minutes: a day.
pub const MAX_REPEAT_MINUTES: u32 = 24 * 60;
/// How often one level is told again at most before the next one's turn.
pub const MAX_REPEATS: u32 = 20;
/// The longest time between two notices to the last level, which nobody comes after, in minutes: four hours, or the path's
/// own interval where that is longer.
pub const SLOWEST_MINUTES: u32 = 4 * 60;
/// The version of the path of a team that has none of its own.
pub const STANDARD: i32 = 0;

/// The body of a path's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// In order.
    pub levels: Vec<Level>,
    /// Minutes between two notices to the same level, counted as the level's own.
    pub repeat_minutes: u32,
    /// How often a level is told again; the next level's time ends that. The last level is told again until somebody
    /// acknowledges: so often at this pace, then more slowly.
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
    /// The path of a team for which nobody wrote one: those who answer for the team (or for all), at once and again.
    pub fn standard() -> Self {
        Self {
            levels: vec![Level {
                who: Target::Managers {},
                minutes: 0,
                counted: Counted::Clock,
                mail: true,
            }],
            repeat_minutes: 15,
            repeats: 3,
        }
    }

    /// The longest time between two notices to the last level, in minutes.
    pub fn slowest_minutes(&self) -> u32 {
        self.repeat_minutes.max(SLOWEST_MINUTES)
    }

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
    /// the next level's time has come: after downtime each level gets one notice. `time` is the desk's working time since the
    /// level before. None only where no working minute ever comes in it.
    pub fn next(
        &self,
        progress: &Progress,
        time: &WorkingTime,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Step)> {
        let level = self.levels.get(progress.level).and_then(|level| {
            let at = passed(level.counted, time, progress.level_at, level.minutes)?;
            Some((at, Step::Tell(progress.level)))
        });
        let repeat = self.repeat(progress, time, now);
        match (level, repeat) {
            (Some(level), Some(repeat)) if level.0 <= now || level.0 <= repeat.0 => Some(level),
            (_, Some(repeat)) => Some(repeat),
            (level, None) => level,
        }
    }

    /// How far it has come once a step whose time was `at` is taken.
    pub fn after(
        &self,
        progress: &Progress,
        at: DateTime<Utc>,
        step: Step,
        time: &WorkingTime,
        now: DateTime<Utc>,
    ) -> Progress {
        match step {
            Step::Tell(level) => {
                let told = Progress {
                    level: level + 1,
                    level_at: at,
                    notices: 1,
                };
                let missed = (1..=self.most(&told))
                    .map_while(|n| self.repeat_at(&told, time, n))
                    .take_while(|at| *at <= now);
                Progress {
                    notices: 1 + u32::try_from(missed.count()).unwrap_or(u32::MAX - 1),
                    ..told
                }
            }
            Step::Repeat(n) => Progress {
                notices: n + 1,
                ..*progress
            },
        }
    }

    /// The last repeat whose time has passed, else the first that is to come.
    fn repeat(
        &self,
        progress: &Progress,
        time: &WorkingTime,
        now: DateTime<Utc>,
    ) -> Option<(DateTime<Utc>, Step)> {
        let mut found = None;
        for n in progress.notices..=self.most(progress) {
            let at = self.repeat_at(progress, time, n)?;
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

    /// How often the level that was told last is told again: the last one without an end.
    fn most(&self, progress: &Progress) -> u32 {
        if progress.level < self.levels.len() {
            self.repeats
        } else {
            u32::MAX - 1
        }
    }

    fn repeat_at(&self, progress: &Progress, time: &WorkingTime, n: u32) -> Option<DateTime<Utc>> {
        let level = self.levels.get(progress.level.checked_sub(1)?)?;
        passed(level.counted, time, progress.level_at, self.minutes_to(n))
    }

    /// How many minutes after a level its n-th repeat comes. Beyond those that are set, each takes twice as long as the one
    /// before, up to the slowest.
    fn minutes_to(&self, n: u32) -> u32 {
        let mut minutes = self.repeat_minutes.saturating_mul(n.min(self.repeats));
        let mut left = n.saturating_sub(self.repeats);
        let mut gap = self.repeat_minutes;
        while left > 0 && gap < self.slowest_minutes() {
            gap = gap.saturating_mul(2).min(self.slowest_minutes());
            minutes = minutes.saturating_add(gap);
            left -= 1;
        }
        minutes.saturating_add(gap.saturating_mul(left))
    }
}

/// When so many minutes have passed; 0 working minutes are the next opening.
fn passed(
    counted: Counted,
    time: &WorkingTime,
    since: DateTime<Utc>,
    minutes: u32,
) -> Option<DateTime<Utc>> {
    let minutes = TimeDelta::minutes(i64::from(minutes));
    match counted {
        Counted::Clock => since.checked_add_signed(minutes),
        Counted::Working => time.due(since, minutes),
    }
}

#[cfg(test)]
mod tests;
