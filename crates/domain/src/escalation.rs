//! Escalation rules: when something has gone on for too long, who gets it and who is told. A rule is a versioned
//! document; it fires once per ticket and cycle.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::calendar::WorkingTime;
use crate::clock::{Book, Change, Clock, History, State};
use crate::field::FieldError;
use crate::id::{PersonId, TeamId};
use crate::sla::Metric;
use crate::ticket::{Priority, Status};
use crate::tier::Tier;

/// The longest wait a rule may name, in minutes: 30 days.
pub const MAX_MINUTES: u32 = 30 * 24 * 60;

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

/// Something that may be so. Times are working time of the desk's ordinary calendar, less the pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// Nobody in the queue has taken it for so long, while it waits for nobody else.
    UnassignedFor {
        /// Working minutes.
        minutes: u32,
    },
    /// The bot passed it on to a human in this cycle.
    BotGaveUp {},
    /// It has been at its tier for so long.
    TimeInTier {
        /// Working minutes.
        minutes: u32,
    },
    /// So much of a promise is used up.
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
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// Moves it to another queue; what is not named stays.
    Move {
        /// To this team.
        team: Option<TeamId>,
        /// To this tier.
        tier: Option<Tier>,
    },
    /// Makes it more pressing; never less.
    RaisePriority {
        /// To this priority; one step where none is named.
        to: Option<Priority>,
    },
    /// Tells the engineers of the queue that has it then.
    NotifyQueue {},
    /// Tells one person.
    NotifyPerson {
        /// Who.
        person: PersonId,
    },
}

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What happened to the ticket.
    pub history: &'a History,
    /// Its clocks at `now`.
    pub clocks: &'a [Clock],
    /// The versions of policies and calendars.
    pub book: &'a Book,
    /// Whether the bot still works on it; rules wait until it has done.
    pub bot_holds: bool,
    /// When the bot passed it on last.
    pub bot_gave_up_at: Option<DateTime<Utc>>,
    /// The moment.
    pub now: DateTime<Utc>,
}

impl Rule {
    /// What is wrong with it, by form field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if self.conditions.is_empty() {
            errors.push(FieldError::new("conditions", "error.rule_needs_condition"));
        }
        if self.effects.is_empty() {
            errors.push(FieldError::new("effects", "error.rule_needs_effect"));
        }
        for condition in &self.conditions {
            match condition {
                Condition::UnassignedFor { minutes } if !(1..=MAX_MINUTES).contains(minutes) => {
                    errors.push(FieldError::new("unassigned_minutes", "error.rule_minutes"));
                }
                Condition::TimeInTier { minutes } if !(1..=MAX_MINUTES).contains(minutes) => {
                    errors.push(FieldError::new("tier_minutes", "error.rule_minutes"));
                }
                Condition::SlaUsed { percent, .. } if !(1..=200).contains(percent) => {
                    errors.push(FieldError::new("sla_percent", "error.rule_percent"));
                }
                Condition::Reopened { times } if !(1..=100).contains(times) => {
                    errors.push(FieldError::new("reopened_times", "error.rule_times"));
                }
                _ => {}
            }
        }
        if self.effects.contains(&Effect::Move {
            team: None,
            tier: None,
        }) {
            errors.push(FieldError::new("move", "error.rule_move_nowhere"));
        }
        errors
    }

    /// When all conditions hold if nothing else happens: now or earlier means that it fires, none that it never will.
    pub fn holds_at(&self, situation: &Situation<'_>) -> Option<DateTime<Utc>> {
        let facts = situation.history.now();
        let among = self.only.among(facts.team, facts.tier, facts.priority);
        if !among || !facts.status.is_open() || situation.bot_holds {
            return None;
        }
        let conditions = self
            .conditions
            .iter()
            .map(|condition| condition.holds_at(situation));
        conditions.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

impl Only {
    fn among(&self, team: TeamId, tier: Tier, priority: Priority) -> bool {
        (self.teams.is_empty() || self.teams.contains(&team))
            && (self.tiers.is_empty() || self.tiers.contains(&tier))
            && (self.priorities.is_empty() || self.priorities.contains(&priority))
    }
}

impl Condition {
    fn holds_at(self, situation: &Situation<'_>) -> Option<DateTime<Utc>> {
        let history = situation.history;
        let facts = history.now();
        match self {
            Self::UnassignedFor { minutes } => {
                let waits_for_us = matches!(facts.status, Status::New | Status::Open);
                let since = history.since(|it| (it.assigned, it.team, it.tier));
                let since = since
                    .max(history.cycle_began())
                    .max(situation.bot_gave_up_at.unwrap_or(since));
                (waits_for_us && !facts.assigned).then(|| passed(situation, since, minutes))?
            }
            Self::BotGaveUp {} => situation
                .bot_gave_up_at
                .filter(|at| *at >= history.cycle_began()),
            Self::TimeInTier { minutes } => {
                let since = history.since(|it| it.tier).max(history.cycle_began());
                (facts.status != Status::Pending).then(|| passed(situation, since, minutes))?
            }
            Self::SlaUsed { metric, percent } => {
                let mut clocks = situation.clocks.iter().rev();
                let clock =
                    clocks.find(|clock| clock.metric == metric && clock.state == State::Running)?;
                clock.used_at(percent, situation.book, situation.now)
            }
            Self::PriorityReached { priority } => {
                (facts.priority <= priority).then(|| history.since(|it| it.priority <= priority))
            }
            Self::Reopened { times } => {
                let mut reopened = history
                    .moments
                    .iter()
                    .filter(|it| it.change == Change::Reopened);
                reopened.nth(usize::from(times.max(1)) - 1).map(|it| it.at)
            }
        }
    }
}

/// When so many working minutes have passed since a moment, less the time in which the ticket waited for others.
fn passed(situation: &Situation<'_>, since: DateTime<Utc>, minutes: u32) -> Option<DateTime<Utc>> {
    let hours = situation.book.ordinary_hours(situation.now);
    let pauses = situation.history.pauses(situation.now);
    WorkingTime::new(hours)
        .without(pauses)
        .due(since, TimeDelta::minutes(i64::from(minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::clocks;
    use crate::clock::scene::{at, book, ticket};
    use crate::ticket::ResolvedBy;
    use uuid::Uuid;

    /// 9:00 on a Monday in Berlin.
    const MONDAY_9: &str = "2026-06-01T07:00:00Z";

    fn rule(condition: Condition) -> Rule {
        Rule {
            only: Only::default(),
            conditions: vec![condition],
            effects: vec![Effect::NotifyQueue {}],
        }
    }

    fn holds_at(rule: &Rule, history: &History, now: &str) -> Option<DateTime<Utc>> {
        let (book, now) = (book(), at(now));
        rule.holds_at(&Situation {
            history,
            clocks: &clocks(history, &book, now),
            book: &book,
            bot_holds: false,
            bot_gave_up_at: None,
            now,
        })
    }

    #[test]
    fn nobody_took_it_for_so_many_working_minutes() {
        let rule = rule(Condition::UnassignedFor { minutes: 60 });
        let filed_on_sunday = ticket("2026-05-31T10:00:00Z");
        assert_eq!(
            holds_at(&rule, &filed_on_sunday, "2026-05-31T11:00:00Z"),
            Some(at("2026-06-01T08:00:00Z"))
        );
        let taken = filed_on_sunday
            .clone()
            .then("2026-06-01T07:30:00Z", Change::Assigned(true));
        assert_eq!(holds_at(&rule, &taken, "2026-06-01T07:31:00Z"), None);
        let put_back = taken.then("2026-06-01T07:40:00Z", Change::Assigned(false));
        assert_eq!(
            holds_at(&rule, &put_back, "2026-06-01T07:41:00Z"),
            Some(at("2026-06-01T08:40:00Z"))
        );
    }

    #[test]
    fn waiting_for_the_requester_is_not_waiting_for_us() {
        let rule = rule(Condition::UnassignedFor { minutes: 60 });
        let waits = ticket(MONDAY_9).then("2026-06-01T07:30:00Z", Change::Status(Status::Pending));
        assert_eq!(holds_at(&rule, &waits, "2026-06-05T00:00:00Z"), None);
        let answered = waits.then("2026-06-02T07:00:00Z", Change::Status(Status::Open));
        assert_eq!(
            holds_at(&rule, &answered, "2026-06-02T07:00:00Z"),
            Some(at("2026-06-02T07:30:00Z"))
        );
    }

    #[test]
    fn the_wait_begins_anew_in_each_queue_and_cycle() {
        let rule = rule(Condition::UnassignedFor { minutes: 60 });
        let moved = ticket(MONDAY_9).then(
            "2026-06-01T07:50:00Z",
            Change::Queue(TeamId(Uuid::nil()), Tier::L2),
        );
        assert_eq!(
            holds_at(&rule, &moved, "2026-06-01T07:50:00Z"),
            Some(at("2026-06-01T08:50:00Z"))
        );
        let reopened = ticket(MONDAY_9)
            .then("2026-06-01T07:10:00Z", Change::Resolved(ResolvedBy::Bot))
            .then("2026-06-02T08:00:00Z", Change::Reopened);
        assert_eq!(
            holds_at(&rule, &reopened, "2026-06-02T08:00:00Z"),
            Some(at("2026-06-02T09:00:00Z"))
        );
    }

    #[test]
    fn the_bot_gave_up_in_this_cycle() {
        let rule = rule(Condition::BotGaveUp {});
        let history = ticket(MONDAY_9);
        let book = book();
        let mut situation = Situation {
            history: &history,
            clocks: &[],
            book: &book,
            bot_holds: false,
            bot_gave_up_at: Some(at("2026-06-01T07:01:00Z")),
            now: at("2026-06-01T07:02:00Z"),
        };
        assert_eq!(rule.holds_at(&situation), situation.bot_gave_up_at);
        situation.bot_holds = true;
        assert_eq!(rule.holds_at(&situation), None);
        let reopened = history
            .clone()
            .then("2026-06-01T08:00:00Z", Change::Resolved(ResolvedBy::Human))
            .then("2026-06-01T09:00:00Z", Change::Reopened);
        situation.history = &reopened;
        situation.bot_holds = false;
        assert_eq!(rule.holds_at(&situation), None);
    }

    #[test]
    fn a_share_of_a_promise_is_used_up() {
        let rule = rule(Condition::SlaUsed {
            metric: Metric::FirstResponse,
            percent: 50,
        });
        assert_eq!(
            holds_at(&rule, &ticket(MONDAY_9), MONDAY_9),
            Some(at("2026-06-01T09:00:00Z"))
        );
        let answered = ticket(MONDAY_9).then("2026-06-01T08:00:00Z", Change::Reply);
        assert_eq!(holds_at(&rule, &answered, "2026-06-01T12:00:00Z"), None);
    }

    #[test]
    fn all_conditions_must_hold_and_the_last_one_decides_when() {
        let mut rule = rule(Condition::TimeInTier { minutes: 30 });
        rule.conditions.push(Condition::PriorityReached {
            priority: Priority::P2,
        });
        assert_eq!(
            holds_at(&rule, &ticket(MONDAY_9), "2026-06-01T08:00:00Z"),
            None
        );
        let raised = ticket(MONDAY_9).then("2026-06-01T10:00:00Z", Change::Priority(Priority::P1));
        assert_eq!(
            holds_at(&rule, &raised, "2026-06-01T10:00:00Z"),
            Some(at("2026-06-01T10:00:00Z"))
        );
    }

    #[test]
    fn a_resolved_ticket_is_left_alone() {
        let rule = rule(Condition::Reopened { times: 1 });
        let twice = ticket(MONDAY_9)
            .then("2026-06-01T08:00:00Z", Change::Resolved(ResolvedBy::Human))
            .then("2026-06-01T09:00:00Z", Change::Reopened);
        assert_eq!(
            holds_at(&rule, &twice, "2026-06-01T10:00:00Z"),
            Some(at("2026-06-01T09:00:00Z"))
        );
        let resolved = twice.then("2026-06-01T11:00:00Z", Change::Resolved(ResolvedBy::Human));
        assert_eq!(holds_at(&rule, &resolved, "2026-06-01T12:00:00Z"), None);
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_said_by_field() {
        let rule = Rule {
            only: Only::default(),
            conditions: vec![Condition::UnassignedFor { minutes: 0 }],
            effects: Vec::new(),
        };
        let fields: Vec<_> = rule.check().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["effects", "unassigned_minutes"]);
    }

    #[test]
    fn a_rule_survives_being_stored() {
        let mut rule = rule(Condition::BotGaveUp {});
        rule.effects.push(Effect::Move {
            team: None,
            tier: Some(Tier::L2),
        });
        let stored = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&stored).unwrap(), rule);
    }
}
