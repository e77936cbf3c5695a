//! Escalation rules: when something has gone on for too long, who gets it and who is told. A rule is a versioned
//! document; it fires once per ticket and cycle.

mod condition;
mod replay;
mod stay;

#[cfg(test)]
mod late;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use condition::{Condition, Meant};
pub use replay::{Past, firings, firings_of_all};

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::WorkingTime;
use crate::clock::{Applied, Book, Clock, Facts, History, Segment, next_due, next_risk};
use crate::field::FieldError;
use crate::filter;
use crate::id::{CategoryId, HostId, PersonId, SkillId, TeamId};
use crate::names::named;
use crate::sla::Metric;
use crate::ticket::{Channel, Priority};
use crate::tier::Tier;

/// The longest wait a rule may name, in minutes: 30 days.
pub const MAX_MINUTES: u32 = 30 * 24 * 60;
/// The longest note a rule may write, in characters.
pub const MAX_NOTE: usize = 2_000;
/// The most conditions, and the most effects, of one rule.
pub const MAX_PARTS: usize = 20;
/// How often rules may move a ticket in one cycle. Rules that send it round and round stop here and say so.
pub const MAX_MOVES: u16 = 5;
/// Of so many tickets at once one rule tells one person; from there on of one every three minutes.
pub const MAX_NOTICES: u32 = 20;

named! {
    /// What a notice counts for: [`MAX_NOTICES`] holds for each share alone.
    Share, "share of notices" {
        /// The first word of a level of an escalation path. What repeats about other tickets must not keep it from anybody.
        First = "first",
        /// Everything else.
        Other = "other",
    }
}

/// For which share a notice counts; none about a P1, which always goes out.
pub fn share(priority: Priority, first_of_its_level: bool) -> Option<Share> {
    match (priority, first_of_its_level) {
        (Priority::P1, _) => None,
        (_, true) => Some(Share::First),
        (_, false) => Some(Share::Other),
    }
}

/// The body of a rule's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// For which tickets.
    #[serde(default)]
    pub only: Only,
    /// All of these must hold.
    pub conditions: Vec<Condition>,
    /// What then happens, in order.
    pub effects: Vec<Effect>,
}

/// Limits a rule to some queues and priorities. An empty set means all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Only {
    /// One of these teams.
    pub teams: BTreeSet<TeamId>,
    /// One of these tiers.
    pub tiers: BTreeSet<Tier>,
    /// One of these priorities.
    pub priorities: BTreeSet<Priority>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Moves it to another queue; what is not named stays. With a skill it goes to somebody there who has it, also where
    /// the queue stays the same; where nobody can take it, it stays in the queue and says so.
    Move {
        /// To this team.
        team: Option<TeamId>,
        /// To this tier.
        tier: Option<Tier>,
        /// To somebody who has this skill.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skill: Option<SkillId>,
    },
    /// Makes it more pressing; never less.
    RaisePriority {
        /// To this priority; one step where none is named.
        to: Option<Priority>,
    },
    /// Tells the engineers of the queue that has it then.
    NotifyQueue {},
    /// Tells the engineer who has it then; where nobody has it, the engineers of its queue.
    NotifyAssignee {},
    /// Tells one person.
    NotifyPerson {
        /// Who.
        person: PersonId,
    },
    /// Starts the escalation path of the team that has it then: who is in charge is told, one after the other, until
    /// somebody acknowledges.
    NotifyInCharge {},
    /// Writes an internal note.
    AddNote {
        /// What it says.
        text: String,
    },
}

impl Effect {
    /// Whether it only reminds somebody. A rule that does nothing else keeps quiet outside working hours, except where
    /// the ticket's promise runs round the clock.
    pub fn is_reminder(&self) -> bool {
        match self {
            Self::NotifyQueue {} | Self::NotifyAssignee {} | Self::NotifyPerson { .. } => true,
            Self::Move { .. }
            | Self::RaisePriority { .. }
            | Self::NotifyInCharge {}
            | Self::AddNote { .. } => false,
        }
    }
}

/// What a rule may ask of a ticket beside its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it is called.
    pub title: String,
    /// How it came in.
    pub channel: Channel,
    /// Who it is for.
    pub requester: PersonId,
    /// The host it is about.
    pub host: Option<HostId>,
    /// Who has it, if somebody has.
    pub assignee: Option<PersonId>,
}

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What happened to the ticket.
    pub history: &'a History,
    /// The rest of what is known of it.
    pub card: &'a Card,
    /// Its clocks at `now`.
    pub clocks: &'a [Clock],
    /// The versions of policies and calendars.
    pub book: &'a Book,
    /// Until when the bot held it; none where it does still. Rules wait until it has done.
    pub bot_held_until: Option<DateTime<Utc>>,
    /// When the bot passed it on last.
    pub bot_gave_up_at: Option<DateTime<Utc>>,
    /// The moment.
    pub now: DateTime<Utc>,
}

impl<'a> Situation<'a> {
    /// What a filter is asked about, as the ticket was when the facts of clocks were these.
    fn facts(&self, facts: &Facts) -> filter::Facts<'a> {
        filter::Facts {
            team: facts.team,
            tier: facts.tier,
            priority: facts.priority,
            status: facts.status,
            kind: facts.kind,
            channel: self.card.channel,
            category: facts.category,
            organisation: facts.organisation,
            requester: self.card.requester,
            assignee: self.card.assignee.filter(|_| facts.assigned),
            host: self.card.host,
            vip: facts.vip,
            opened_at: self.history.opened_at,
            reopened: self.history.reopened(),
            risk_at: next_risk(self.clocks),
            due_at: next_due(self.clocks).and_then(|clock| clock.due_at),
            title: &self.card.title,
        }
    }

    /// The first moment from `at` on in which people read: in the hours of the promise to the requester as it was at each
    /// time, else in the desk's ordinary ones. The minute in which the hours end still is one.
    fn waking(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let mut clocks = self.clocks.iter().rev();
        let Some(promise) = clocks.find(|clock| clock.metric == Metric::Resolution) else {
            return awake(&self.book.ordinary_time(at - LAST_MINUTE), at);
        };
        let calendar = |applied: &Applied| applied.calendar.map(|(id, _)| id);
        let promised = |segment: &Segment| Some((segment.to, calendar(segment.applied.as_ref()?)));
        // What was promised before does not wake anybody later, nor the other way round.
        let mut from = at;
        for (to, calendar) in promise.segments.iter().filter_map(promised) {
            if from < to && to <= self.now {
                let waking = awake(&self.book.working_time(calendar, from - LAST_MINUTE), from);
                if waking < to {
                    return waking;
                }
                from = to;
            }
        }
        let present = calendar(&promise.applied);
        awake(&self.book.working_time(present, from - LAST_MINUTE), from)
    }
}

/// So long after the hours people still read.
const LAST_MINUTE: TimeDelta = TimeDelta::minutes(1);

/// The first moment from `at` on in these hours or in the minute after them; `at` itself where none comes.
fn awake(time: &WorkingTime, at: DateTime<Utc>) -> DateTime<Utc> {
    let before = at - LAST_MINUTE;
    if time.due(before, TimeDelta::zero()) == Some(before) {
        return at;
    }
    time.due(at, TimeDelta::zero()).unwrap_or(at)
}

impl Rule {
    /// What is wrong with it, by form field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let parts = [
            (
                "conditions",
                self.conditions.len(),
                "error.rule_needs_condition",
            ),
            ("effects", self.effects.len(), "error.rule_needs_effect"),
        ];
        for (field, n, none) in parts {
            match n {
                0 => errors.push(FieldError::new(field, none)),
                1..=MAX_PARTS => {}
                _ => errors.push(FieldError::new(field, "error.rule_too_many")),
            }
        }
        errors.extend(self.conditions.iter().filter_map(Condition::check));
        for effect in &self.effects {
            match effect {
                Effect::Move {
                    team: None,
                    tier: None,
                    skill: None,
                } => errors.push(FieldError::new("move", "error.rule_move_nowhere")),
                Effect::AddNote { text } => {
                    crate::field::required("note", text, MAX_NOTE, &mut errors);
                }
                _ => {}
            }
        }
        errors
    }

    /// The same with every category that its filters name, and all below it.
    #[must_use]
    pub fn with_categories(mut self, tree: &[(CategoryId, Option<CategoryId>)]) -> Self {
        for condition in &mut self.conditions {
            if let Condition::Matches { filter } = condition {
                filter.selection = std::mem::take(&mut filter.selection).with_categories(tree);
            }
        }
        self
    }

    /// Whether one of its filters names this category.
    pub fn names_category(&self, id: CategoryId) -> bool {
        let names = |it: &Condition| matches!(it, Condition::Matches { filter } if filter.selection.categories.names(&id));
        self.conditions.iter().any(names)
    }

    /// When all conditions hold if nothing else happens: now or earlier means that it fires, none that it never will.
    /// Nothing holds before the cycle began, the bot had done, and the ticket was among those the rule is for. Reminders
    /// wait for the hours in which people read.
    pub fn holds_at(&self, situation: &Situation<'_>) -> Option<DateTime<Utc>> {
        let (history, now) = (situation.history, situation.now);
        let asks =
            |it: &Facts| self.only.among(it.team, it.tier, it.priority) && it.status.is_open();
        let released = situation.bot_held_until?;
        if !asks(&history.now()) {
            return None;
        }
        let conditions = self
            .conditions
            .iter()
            .map(|condition| condition.holds_at(situation));
        let at = conditions.collect::<Option<Vec<_>>>()?.into_iter().max()?;
        let at = (at.max(history.cycle_began()))
            .max(history.since(asks))
            .max(released);
        if !self.reminds() {
            return Some(at);
        }
        let first = situation.waking(at);
        if first > now {
            return Some(first);
        }
        // It was time once and nobody looked: not in the night for that.
        let next = situation.waking(now);
        Some(if next > now { next } else { first })
    }

    /// When it should have fired where it holds since `since`, had somebody looked all the time: no earlier than it came
    /// into force, and a reminder not in the night for that. What comes after it is late.
    pub fn due_at(
        &self,
        situation: &Situation<'_>,
        since: DateTime<Utc>,
        in_force: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let at = since.max(in_force);
        if self.reminds() {
            situation.waking(at)
        } else {
            at
        }
    }

    /// Whether it only reminds people.
    fn reminds(&self) -> bool {
        self.effects.iter().all(Effect::is_reminder)
    }

    /// Whether it asks for clocks at all; computing them costs.
    fn asks_for_clocks(&self) -> bool {
        self.conditions.iter().any(Condition::asks_for_clocks) || self.reminds()
    }

    /// Whether it asks what is at risk: that changes when a promise breaks.
    fn asks_for_risk(&self) -> bool {
        self.conditions.iter().any(Condition::asks_for_risk)
    }
}

impl Rule {
    /// Whether a ticket of this priority is among those it is for, as far as the priority decides that.
    pub fn allows(&self, priority: Priority) -> bool {
        let listed = self.only.priorities.is_empty() || self.only.priorities.contains(&priority);
        let pressing = self.conditions.iter().all(|condition| match condition {
            Condition::PriorityReached { priority: at_least } => priority <= *at_least,
            _ => true,
        });
        listed && pressing
    }
}

impl Only {
    fn among(&self, team: TeamId, tier: Tier, priority: Priority) -> bool {
        (self.teams.is_empty() || self.teams.contains(&team))
            && (self.tiers.is_empty() || self.tiers.contains(&tier))
            && (self.priorities.is_empty() || self.priorities.contains(&priority))
    }
}
