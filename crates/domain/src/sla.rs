//! The promises: which ticket gets which targets, in which hours. A policy is a versioned document.

mod written;

pub use written::{MAX_RULE_NAME, MAX_RULES, read_target, written_target};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::{CategoryId, DocumentId, OrganisationId};
use crate::names::named;
use crate::ticket::{Kind, Priority};

named! {
    /// What a clock measures.
    Metric, "clock" {
        /// SLA: until a human answers in public, or the bot resolves.
        FirstResponse = "first_response",
        /// SLA: from each later message of the requester to the next public answer.
        NextResponse = "next_response",
        /// SLA: until it is resolved.
        Resolution = "resolution",
        /// OLA: until somebody in the queue takes it.
        PickUp = "pick_up",
        /// OLA: how long a tier keeps it.
        TimeInTier = "time_in_tier",
    }
}

impl Metric {
    /// Whether it is promised to the requester (the others are promises between tiers).
    pub fn is_sla(self) -> bool {
        matches!(
            self,
            Self::FirstResponse | Self::NextResponse | Self::Resolution
        )
    }
}

/// Times promised at one priority, in seconds of the rule's hours. A missing one is not promised.
pub type Targets = BTreeMap<Metric, u32>;

/// The longest target, in seconds: a year.
pub const MAX_TARGET: u32 = 366 * 86_400;

/// The body of a policy's version: the first rule whose conditions hold applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// In order.
    pub rules: Vec<PolicyRule>,
    /// What becomes of the time already used when a ticket is reopened.
    #[serde(default)]
    pub reopen: Reopen,
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// What people call it.
    pub name: String,
    /// For which tickets.
    #[serde(default)]
    pub when: When,
    /// The calendar whose working time counts; without one every second does.
    pub calendar: Option<DocumentId>,
    /// Whether waiting for a third party stops the clocks.
    #[serde(default)]
    pub on_hold_pauses: bool,
    /// The targets by priority.
    pub targets: BTreeMap<Priority, Targets>,
}

/// Conditions, all of which must hold. An empty set holds for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// One of these priorities.
    pub priorities: BTreeSet<Priority>,
    /// One of these kinds.
    pub kinds: BTreeSet<Kind>,
    /// One of these categories.
    pub categories: BTreeSet<CategoryId>,
    /// One of these organisations.
    pub organisations: BTreeSet<OrganisationId>,
    /// Only requesters who are, or are not, VIPs.
    pub vip: Option<bool>,
}

/// What becomes of the time already used when a ticket is reopened. What was broken before stays broken in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reopen {
    /// The resolution clock starts afresh.
    #[default]
    NewCycle,
    /// It goes on where it stopped, but with at least so many seconds left, so that nobody is late at once.
    Carry {
        /// What is left at least.
        at_least_seconds: u32,
    },
}

/// What a policy asks about a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Its priority.
    pub priority: Priority,
    /// Its kind.
    pub kind: Kind,
    /// Its category.
    pub category: Option<CategoryId>,
    /// The requester's organisation.
    pub organisation: Option<OrganisationId>,
    /// Whether the requester is a VIP.
    pub vip: bool,
}

impl When {
    /// Whether the conditions hold.
    pub fn holds(&self, subject: &Subject) -> bool {
        fn among<T: Ord>(set: &BTreeSet<T>, value: Option<T>) -> bool {
            set.is_empty() || value.is_some_and(|value| set.contains(&value))
        }
        among(&self.priorities, Some(subject.priority))
            && among(&self.kinds, Some(subject.kind))
            && among(&self.categories, subject.category)
            && among(&self.organisations, subject.organisation)
            && self.vip.is_none_or(|vip| vip == subject.vip)
    }
}

impl Policy {
    /// The first rule that applies.
    pub fn rule(&self, subject: &Subject) -> Option<&PolicyRule> {
        self.rules.iter().find(|rule| rule.when.holds(subject))
    }

    /// What a fresh instance promises: P1 round the clock, the rest in the calendar's working time. Tiers promise each other
    /// to take and to pass on a ticket well before the requester's promise is due.
    pub fn standard(calendar: DocumentId) -> Self {
        const HOUR: u32 = 3600;
        const MINUTE: u32 = 60;
        // First response, next response, resolution; pick-up, time in tier.
        let promise =
            |times: [u32; 5]| -> Targets { Metric::ALL.iter().copied().zip(times).collect() };
        let p1 = [15 * MINUTE, 30 * MINUTE, 4 * HOUR, 10 * MINUTE, HOUR];
        let p2 = [HOUR, 2 * HOUR, 8 * HOUR, 30 * MINUTE, 3 * HOUR];
        let p3 = [4 * HOUR, 8 * HOUR, 24 * HOUR, 2 * HOUR, 8 * HOUR];
        let p4 = [8 * HOUR, 16 * HOUR, 40 * HOUR, 4 * HOUR, 16 * HOUR];
        Self {
            rules: vec![
                PolicyRule {
                    name: "P1 round the clock".to_owned(),
                    when: When {
                        priorities: [Priority::P1].into(),
                        ..When::default()
                    },
                    calendar: None,
                    on_hold_pauses: false,
                    targets: [(Priority::P1, promise(p1))].into(),
                },
                PolicyRule {
                    name: "Working hours".to_owned(),
                    when: When::default(),
                    calendar: Some(calendar),
                    on_hold_pauses: false,
                    targets: [
                        (Priority::P1, promise(p1)),
                        (Priority::P2, promise(p2)),
                        (Priority::P3, promise(p3)),
                        (Priority::P4, promise(p4)),
                    ]
                    .into(),
                },
            ],
            reopen: Reopen::NewCycle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SUBJECT: Subject = Subject {
        priority: Priority::P2,
        kind: Kind::Incident,
        category: None,
        organisation: None,
        vip: false,
    };

    #[test]
    fn the_first_rule_that_holds_applies() {
        let policy = Policy::standard(DocumentId(Uuid::nil()));
        let rule = |priority| {
            policy
                .rule(&Subject {
                    priority,
                    ..SUBJECT
                })
                .map(|rule| rule.name.as_str())
        };
        assert_eq!(rule(Priority::P1), Some("P1 round the clock"));
        assert_eq!(rule(Priority::P4), Some("Working hours"));
    }

    #[test]
    fn every_condition_must_hold() {
        let when = When {
            kinds: [Kind::Incident].into(),
            categories: [CategoryId(Uuid::nil())].into(),
            vip: Some(false),
            ..When::default()
        };
        let category = Some(CategoryId(Uuid::nil()));
        assert!(when.holds(&Subject {
            category,
            ..SUBJECT
        }));
        assert!(!when.holds(&SUBJECT));
        assert!(!when.holds(&Subject {
            category,
            vip: true,
            ..SUBJECT
        }));
        assert!(!when.holds(&Subject {
            category,
            kind: Kind::Request,
            ..SUBJECT
        }));
    }

    #[test]
    fn a_policy_survives_being_stored() {
        let policy = Policy::standard(DocumentId(Uuid::nil()));
        let stored = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&stored).unwrap(), policy);
    }
}
