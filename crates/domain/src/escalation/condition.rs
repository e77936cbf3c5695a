//! What a rule waits for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::stay::stay;
use super::{MAX_MINUTES, Situation};
use crate::calendar::WorkingTime;
use crate::clock::{Change, State};
use crate::field::FieldError;
use crate::filter::Selection;
use crate::sla::Metric;
use crate::ticket::{Priority, Status};

/// Something that may be so. Times are working time of the desk's ordinary calendar, less the pauses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Nobody in the queue has taken it for so long, while it waits for nobody else.
    UnassignedFor {
        /// Working minutes.
        minutes: u32,
    },
    /// The requester has had no public answer for so long: since they filed or reopened it, or since the last answer.
    NoAnswerFor {
        /// Working minutes.
        minutes: u32,
    },
    /// The bot passed it on to a human in this cycle.
    BotGaveUp {},
    /// It has been at its tier for so long; sent back, the time before the hand-over counts as well.
    TimeInTier {
        /// Working minutes.
        minutes: u32,
    },
    /// So much of a promise is used up, in the time that counts for it.
    SlaUsed {
        /// Which promise.
        metric: Metric,
        /// In percent of its target.
        percent: u16,
    },
    /// It is this pressing or more.
    PriorityReached {
        /// At least.
        priority: Priority,
    },
    /// It was reopened so often.
    Reopened {
        /// At least.
        times: u16,
    },
    /// A filter means it.
    Matches {
        /// Which.
        filter: Box<Meant>,
    },
}

/// A filter as it was written, and what it meant when the rule was saved: a team that is renamed later is still meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meant {
    /// In the filter language.
    pub text: String,
    /// With its names looked up.
    pub selection: Selection,
}

impl Condition {
    /// What is wrong with it, by form field. A filter is read, and refused, by whoever knows the names.
    pub(super) fn check(&self) -> Option<FieldError> {
        let minutes = |n: &u32| (1..=MAX_MINUTES).contains(n);
        let (field, message, fine) = match self {
            Self::UnassignedFor { minutes: n } => {
                ("unassigned_minutes", "error.rule_minutes", minutes(n))
            }
            Self::NoAnswerFor { minutes: n } => {
                ("answer_minutes", "error.rule_minutes", minutes(n))
            }
            Self::TimeInTier { minutes: n } => ("tier_minutes", "error.rule_minutes", minutes(n)),
            Self::SlaUsed { percent, .. } => (
                "sla_percent",
                "error.rule_percent",
                (1..=200).contains(percent),
            ),
            Self::Reopened { times } => (
                "reopened_times",
                "error.rule_times",
                (1..=100).contains(times),
            ),
            Self::Matches { filter } => (
                "filter",
                "error.rule_filter",
                !filter.text.trim().is_empty(),
            ),
            Self::BotGaveUp {} | Self::PriorityReached { .. } => return None,
        };
        (!fine).then(|| FieldError::new(field, message))
    }

    /// From when on it holds if nothing else happens.
    pub(super) fn holds_at(&self, situation: &Situation<'_>) -> Option<DateTime<Utc>> {
        let history = situation.history;
        let facts = history.now();
        // While it waits for others its time stands still, and nobody knows for how long.
        let waits_for_us = matches!(facts.status, Status::New | Status::Open);
        match self {
            Self::UnassignedFor { minutes } => {
                let since = history.since(|it| (it.assigned, it.team, it.tier));
                let since = since
                    .max(history.cycle_began())
                    .max(situation.bot_gave_up_at.unwrap_or(since));
                (waits_for_us && !facts.assigned).then(|| passed(situation, since, *minutes))?
            }
            Self::NoAnswerFor { minutes } => {
                let since = history.unanswered_since();
                waits_for_us.then(|| passed(situation, since?, *minutes))?
            }
            Self::BotGaveUp {} => situation
                .bot_gave_up_at
                .filter(|at| *at >= history.cycle_began()),
            Self::TimeInTier { minutes } => {
                let stay = stay(history);
                let time = working_time(situation, stay.since).without(stay.elsewhere);
                waits_for_us.then(|| time.due(stay.since, minutes_of(*minutes)))?
            }
            Self::SlaUsed { metric, percent } => {
                let mut clocks = situation.clocks.iter().rev();
                let clock = clocks
                    .find(|clock| clock.metric == *metric && clock.state == State::Running)?;
                clock.used_at(*percent, situation.book, situation.now)
            }
            Self::PriorityReached { priority } => {
                (facts.priority <= *priority).then(|| history.since(|it| it.priority <= *priority))
            }
            Self::Reopened { times } => {
                let mut reopened = history
                    .moments
                    .iter()
                    .filter(|it| it.change == Change::Reopened);
                reopened
                    .nth(usize::from((*times).max(1)) - 1)
                    .map(|it| it.at)
            }
            Self::Matches { filter } => matches_at(&filter.selection, situation),
        }
    }

    /// Whether it asks for clocks.
    pub(super) fn asks_for_clocks(&self) -> bool {
        match self {
            Self::SlaUsed { .. } => true,
            Self::Matches { filter } => filter.selection.asks_for_clocks(),
            _ => false,
        }
    }

    /// Whether its answer changes when a promise breaks.
    pub(super) fn asks_for_risk(&self) -> bool {
        matches!(self, Self::Matches { filter } if !filter.selection.risk.is_anything())
    }
}

/// When so many minutes of [`working_time`] have passed since a moment.
fn passed(situation: &Situation<'_>, since: DateTime<Utc>, minutes: u32) -> Option<DateTime<Utc>> {
    working_time(situation, since).due(since, minutes_of(minutes))
}

/// Working time from a moment on, less the time in which the ticket waited for others.
fn working_time(situation: &Situation<'_>, since: DateTime<Utc>) -> WorkingTime {
    let pauses = situation.history.pauses(situation.now);
    situation.book.ordinary_time(since).without(pauses)
}

fn minutes_of(minutes: u32) -> TimeDelta {
    TimeDelta::minutes(i64::from(minutes))
}

/// Since when a filter has meant the ticket, or from when on time alone will bring it there.
fn matches_at(selection: &Selection, situation: &Situation<'_>) -> Option<DateTime<Utc>> {
    let facts = situation.facts(&situation.history.now());
    if !selection.matches_timeless(&facts) {
        return None;
    }
    let history = situation.history;
    let mut since = history.since(|it| selection.matches_timeless(&situation.facts(it)));
    // History does not say who had it, only when somebody else got it.
    if facts.assignee.is_some() && !selection.assignees.is_anything() {
        since = since.max(history.given_last());
    }
    let turns = selection.turns(&facts);
    let mut from = None;
    for turn in std::iter::once(since).chain(turns.into_iter().filter(|turn| *turn > since)) {
        match (selection.matches_at(&facts, turn), from) {
            (true, None) => from = Some(turn),
            (false, Some(_)) if turn > situation.now => break,
            (false, _) => from = None,
            (true, Some(_)) => {}
        }
    }
    from
}
