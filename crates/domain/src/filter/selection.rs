//! What a filter means, with its names looked up: one part per field, so that it is a fixed set of typed parameters for
//! a query and one question for a rule.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::category::with_below;
use crate::id::{CategoryId, HostId, OrganisationId, PersonId, TeamId};
use crate::ticket::{Channel, Kind, Priority, Status};
use crate::tier::Tier;

/// Which values a field may have: all terms on it taken together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Among<T: Ord> {
    /// One of these; none means any.
    pub any: Option<BTreeSet<T>>,
    /// None of these.
    pub none: BTreeSet<T>,
}

impl<T: Ord> Default for Among<T> {
    fn default() -> Self {
        Self {
            any: None,
            none: BTreeSet::new(),
        }
    }
}

impl<T: Ord> Among<T> {
    pub(super) fn narrow(&mut self, not: bool, mut values: BTreeSet<T>) {
        if not {
            self.none.append(&mut values);
        } else if let Some(any) = self.any.as_mut() {
            any.retain(|value| values.contains(value));
        } else {
            self.any = Some(values);
        }
    }

    /// Whether this value may be.
    pub fn has(&self, value: &T) -> bool {
        self.has_some(Some(value))
    }

    /// Whether this value, or its absence, may be.
    pub fn has_some(&self, value: Option<&T>) -> bool {
        let wanted = |any: &BTreeSet<T>| value.is_some_and(|value| any.contains(value));
        self.any.as_ref().is_none_or(wanted) && value.is_none_or(|value| !self.none.contains(value))
    }

    /// Whether this very value is spoken of, as wanted or as not wanted.
    pub fn names(&self, value: &T) -> bool {
        self.none.contains(value) || self.any.as_ref().is_some_and(|any| any.contains(value))
    }

    /// Whether every value may be.
    pub fn is_anything(&self) -> bool {
        self.any.is_none() && self.none.is_empty()
    }
}

/// From a number, included, to another, not included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// At least.
    pub from: Option<u32>,
    /// Less than.
    pub to: Option<u32>,
}

impl Span {
    pub(super) fn narrow(&mut self, at_least: bool, number: u32) {
        if at_least {
            self.from = Some(self.from.map_or(number, |from| from.max(number)));
        } else {
            self.to = Some(self.to.map_or(number, |to| to.min(number)));
        }
    }

    /// Whether a number lies in it.
    pub fn has(&self, number: u32) -> bool {
        self.from.is_none_or(|from| number >= from) && self.to.is_none_or(|to| number < to)
    }
}

/// What a filter means. Without a word about the status, lists show open tickets only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// The team that has it.
    pub teams: Among<TeamId>,
    /// Its tier.
    pub tiers: Among<Tier>,
    /// Its priority.
    pub priorities: Among<Priority>,
    /// Where it stands.
    pub statuses: Among<Status>,
    /// What kind.
    pub kinds: Among<Kind>,
    /// How it came in.
    pub channels: Among<Channel>,
    /// What the requester chose.
    pub categories: Among<CategoryId>,
    /// The requester's organisation.
    pub organisations: Among<OrganisationId>,
    /// Who it is for.
    pub requesters: Among<PersonId>,
    /// Who has it; none is nobody.
    pub assignees: Among<Option<PersonId>>,
    /// The host it is about.
    pub hosts: Among<HostId>,
    /// Whether the requester is a VIP.
    pub vip: Among<bool>,
    /// Whether a promise that is not broken is at risk.
    pub risk: Among<bool>,
    /// Whether its next clock has passed.
    pub breached: Among<bool>,
    /// How long ago it was filed, in seconds.
    pub age: Span,
    /// How often it was reopened.
    pub reopened: Span,
    /// All of these stand in the title, in lower case.
    pub title_has: Vec<String>,
    /// None of these does.
    pub title_lacks: Vec<String>,
}

/// What a selection is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The team that has it.
    pub team: TeamId,
    /// Its tier.
    pub tier: Tier,
    /// Its priority.
    pub priority: Priority,
    /// Where it stands.
    pub status: Status,
    /// What kind.
    pub kind: Kind,
    /// How it came in.
    pub channel: Channel,
    /// What the requester chose.
    pub category: Option<CategoryId>,
    /// The requester's organisation.
    pub organisation: Option<OrganisationId>,
    /// Who it is for.
    pub requester: PersonId,
    /// Who has it.
    pub assignee: Option<PersonId>,
    /// The host it is about.
    pub host: Option<HostId>,
    /// Whether the requester is a VIP.
    pub vip: bool,
    /// When it was filed.
    pub opened_at: DateTime<Utc>,
    /// How often it was reopened.
    pub reopened: u32,
    /// From when on its first unbroken promise is at risk.
    pub risk_at: Option<DateTime<Utc>>,
    /// When its next clock is due.
    pub due_at: Option<DateTime<Utc>>,
    /// What it is called.
    pub title: &'a str,
}

impl Selection {
    /// The same with every category that it names, and all below it.
    #[must_use]
    pub fn with_categories(mut self, tree: &[(CategoryId, Option<CategoryId>)]) -> Self {
        let Among { any, none } = &mut self.categories;
        *any = any.as_ref().map(|any| with_below(tree, any));
        *none = with_below(tree, none);
        self
    }

    /// Whether a ticket is meant, at a moment.
    pub fn matches(&self, facts: &Facts<'_>, now: DateTime<Utc>) -> bool {
        self.matches_timeless(facts) && self.matches_at(facts, now)
    }

    /// The part of [`Self::matches`] that stays as it is while nothing happens to the ticket.
    pub fn matches_timeless(&self, facts: &Facts<'_>) -> bool {
        let title = || facts.title.to_lowercase();
        self.teams.has(&facts.team)
            && self.tiers.has(&facts.tier)
            && self.priorities.has(&facts.priority)
            && self.statuses.has(&facts.status)
            && self.kinds.has(&facts.kind)
            && self.channels.has(&facts.channel)
            && self.categories.has_some(facts.category.as_ref())
            && self.organisations.has_some(facts.organisation.as_ref())
            && self.requesters.has(&facts.requester)
            && self.assignees.has(&facts.assignee)
            && self.hosts.has_some(facts.host.as_ref())
            && self.vip.has(&facts.vip)
            && self.reopened.has(facts.reopened)
            && self.title_has.iter().all(|it| title().contains(it))
            && !self.title_lacks.iter().any(|it| title().contains(it))
    }

    /// The part of [`Self::matches`] that time alone changes.
    pub fn matches_at(&self, facts: &Facts<'_>, at: DateTime<Utc>) -> bool {
        let breached = facts.due_at.is_some_and(|due| due <= at);
        // Beside a broken promise another one may be at risk, and can still be kept.
        let risk = facts.risk_at.is_some_and(|risk| risk <= at);
        let after = |seconds: u32| at >= facts.opened_at + TimeDelta::seconds(seconds.into());
        self.risk.has(&risk)
            && self.breached.has(&breached)
            && self.age.from.is_none_or(after)
            && self.age.to.is_none_or(|to| !after(to))
    }

    /// The moments at which time alone changes whether it matches, in order.
    pub fn turns(&self, facts: &Facts<'_>) -> Vec<DateTime<Utc>> {
        let ages = [self.age.from, self.age.to].into_iter().flatten();
        let mut turns: Vec<_> = ages
            .map(|seconds| facts.opened_at + TimeDelta::seconds(seconds.into()))
            .collect();
        if self.asks_for_clocks() {
            turns.extend(facts.risk_at);
            turns.extend(facts.due_at);
        }
        turns.sort_unstable();
        turns
    }

    /// Whether it asks for risk or breaches, which only clocks know.
    pub fn asks_for_clocks(&self) -> bool {
        !self.risk.is_anything() || !self.breached.is_anything()
    }
}
