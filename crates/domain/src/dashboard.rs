//! What a manager looks at: which days, which tickets, held against what; and what follows from the counts.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::id::{CategoryId, OrganisationId, TeamId};
use crate::names::named;
use crate::period::{Compare, Period, Preset};
use crate::tally::{Counts, Measure, Several};
use crate::ticket::Priority;
use crate::tier::Tier;

/// The days: a moving period, or fixed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// A period that moves with the day.
    Preset(Preset),
    /// From one day to another, both included.
    Days {
        /// The first.
        from: NaiveDate,
        /// The last.
        to: NaiveDate,
    },
}

impl When {
    /// The days it means on a day.
    pub fn on(self, today: NaiveDate) -> Period {
        match self {
            Self::Preset(preset) => preset.on(today),
            Self::Days { from, to } => Period { from, to },
        }
    }
}

/// Everything that is chosen on a dashboard, as addresses and saved reports keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The days.
    pub when: When,
    /// What they are held against.
    pub compare: Compare,
    /// Only this team's queues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// Only this tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// Only this priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Only this category and those below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Only this organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// What figures are broken down by, where a page offers that; none for what is usual there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Dimension>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            when: When::Preset(Preset::Days30),
            compare: Compare::Before,
            team: None,
            tier: None,
            priority: None,
            category: None,
            organisation: None,
            by: None,
        }
    }
}

impl View {
    /// What an address says of it: `period=30d&compare=before&tier=L2`. Every value is made of letters, digits, `-` and `_`.
    pub fn query(&self) -> String {
        let mut query = match self.when {
            When::Preset(preset) => format!("period={preset}"),
            When::Days { from, to } => format!("from={from}&to={to}"),
        };
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={value}"));
            }
        };
        add("compare", Some(self.compare.to_string()));
        add("team", self.team.map(|it| it.to_string()));
        add("tier", self.tier.map(|it| it.to_string()));
        add("priority", self.priority.map(|it| it.to_string()));
        add("category", self.category.map(|it| it.to_string()));
        add("organisation", self.organisation.map(|it| it.to_string()));
        add("by", self.by.map(|it| it.to_string()));
        query
    }
}

named! {
    /// What figures are broken down by.
    Dimension, "dimension" {
        /// Tiers.
        Tier = "tier",
        /// Teams.
        Team = "team",
        /// Priorities.
        Priority = "priority",
        /// Categories.
        Category = "category",
        /// Organisations.
        Organisation = "organisation",
        /// The days of the period, or its months.
        Period = "period",
    }
}

/// Promises of one kind: how many were kept, broken, and kept by the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// The measure of those kept.
    pub kept: Measure,
    /// The measure of those broken.
    pub broken: Measure,
    /// The measure of those that the bot kept, where it can.
    pub by_bot: Option<Measure>,
    /// Kept and broken together.
    pub all: Several,
}

/// The promises to requesters.
pub const SLA: [Promise; 3] = [
    Promise {
        kept: Measure::FirstResponseKept,
        broken: Measure::FirstResponseBreached,
        by_bot: Some(Measure::FirstResponseByBot),
        all: Several::FirstResponses,
    },
    Promise {
        kept: Measure::NextResponseKept,
        broken: Measure::NextResponseBreached,
        by_bot: None,
        all: Several::NextResponses,
    },
    Promise {
        kept: Measure::ResolutionKept,
        broken: Measure::ResolutionBreached,
        by_bot: Some(Measure::ResolutionByBot),
        all: Several::Resolutions,
    },
];

/// The promises between tiers.
pub const OLA: [Promise; 2] = [
    Promise {
        kept: Measure::PickUpKept,
        broken: Measure::PickUpBreached,
        by_bot: None,
        all: Several::PickUps,
    },
    Promise {
        kept: Measure::TimeInTierKept,
        broken: Measure::TimeInTierBreached,
        by_bot: None,
        all: Several::TimesInTier,
    },
];

/// A part of a whole, for shares that say what they are shares of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many of them.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
}

impl Share {
    /// In thousandths, rounded; none of nothing.
    pub fn permille(self) -> Option<u64> {
        let part = u128::from(self.part) * 1000 + u128::from(self.whole) / 2;
        u64::try_from(part.checked_div(u128::from(self.whole))?).ok()
    }
}

/// `94.2 %`, or a dash of nothing.
pub fn percent(share: Share) -> String {
    share.permille().map_or_else(
        || "–".to_owned(),
        |permille| format!("{}.{} %", permille / 10, permille % 10),
    )
}

impl Promise {
    /// Kept, of all that came to an end.
    pub fn share(self, counts: &Counts) -> Share {
        let kept = counts.number(self.kept);
        Share {
            part: kept,
            whole: kept + counts.number(self.broken),
        }
    }
}

/// Tickets that people resolved: neither the bot nor the requesters themselves.
pub fn resolved_by_people(counts: &Counts) -> u64 {
    let others =
        counts.number(Measure::ResolvedByBot) + counts.number(Measure::ResolvedByRequester);
    counts.number(Measure::Resolved).saturating_sub(others)
}

/// Resolved by the first human answer, of those that people resolved.
pub fn first_contact(counts: &Counts) -> Share {
    Share {
        part: counts.number(Measure::FirstContact),
        whole: resolved_by_people(counts),
    }
}

/// Reopened, of those resolved in the same days.
pub fn reopened(counts: &Counts) -> Share {
    Share {
        part: counts.number(Measure::Reopened),
        whole: counts.number(Measure::Resolved),
    }
}

/// Escalations upwards and across.
pub fn escalated(counts: &Counts) -> u64 {
    [
        Measure::EscalatedToL1,
        Measure::EscalatedToL2,
        Measure::EscalatedToL3,
    ]
    .into_iter()
    .map(|measure| counts.number(measure))
    .sum()
}

/// How many tickets of a category must have left L1, one way or the other, before it says something about skills.
pub const GAP_TICKETS: u64 = 5;
/// The share, in thousandths, of which it is a gap.
pub const GAP_PERMILLE: u64 = 500;

/// What L1 did with a category: escalated, of all that it escalated or resolved.
pub fn left_l1(counts: &Counts) -> Share {
    let up = counts.number(Measure::EscalatedToL2) + counts.number(Measure::EscalatedToL3);
    Share {
        part: up,
        whole: up + resolved_by_people(counts),
    }
}

/// Whether a category is one that L1 cannot solve by itself: enough tickets, and at least half of them escalated.
pub fn is_gap(share: Share) -> bool {
    share.whole >= GAP_TICKETS && share.permille().is_some_and(|it| it >= GAP_PERMILLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_to_a_thousandth_and_nothing_is_not_a_share() {
        let share = |part, whole| Share { part, whole }.permille();
        assert_eq!(share(931, 988), Some(942));
        assert_eq!(share(0, 5), Some(0));
        assert_eq!(share(5, 5), Some(1000));
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn a_gap_needs_enough_tickets_and_half_of_them_escalated() {
        let gap = |part, whole| is_gap(Share { part, whole });
        assert!(gap(5, 10) && gap(5, 5) && !gap(4, 4) && !gap(4, 9) && !gap(0, 0));
    }

    #[test]
    fn what_the_bot_and_the_requesters_resolved_is_not_the_peoples() {
        let mut counts = Counts::default();
        counts.add(Measure::Resolved, 10);
        counts.add(Measure::ResolvedByBot, 3);
        counts.add(Measure::ResolvedByRequester, 1);
        counts.add(Measure::FirstContact, 4);
        counts.add(Measure::EscalatedToL2, 6);
        assert_eq!(resolved_by_people(&counts), 6);
        assert_eq!(first_contact(&counts), Share { part: 4, whole: 6 });
        assert_eq!(left_l1(&counts), Share { part: 6, whole: 12 });
    }

    #[test]
    fn a_view_is_read_back_as_it_was_saved() {
        let view = View {
            when: When::Preset(Preset::LastMonth),
            tier: Some(Tier::L2),
            by: Some(Dimension::Category),
            ..View::default()
        };
        assert_eq!(
            view.query(),
            "period=last_month&compare=before&tier=L2&by=category"
        );
        let saved = serde_json::to_string(&view).expect("is saved");
        assert_eq!(serde_json::from_str::<View>(&saved).expect("is read"), view);
    }
}
