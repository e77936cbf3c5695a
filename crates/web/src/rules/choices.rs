//! Everything that can be chosen in the form of a rule.

use tierdesk_domain::sla::Metric;
use tierdesk_domain::text;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;

use super::form::{EffectRow, RuleForm};
use crate::{AppState, WebError};

/// Declares the kinds of rows of the form: a word in the form and a text for people each.
macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident { $($(#[$default:meta])? $variant:ident = $word:literal $key:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$default])? $variant),* }

        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant),*];

            /// What people read.
            pub(crate) fn label(self) -> &'static str {
                text::t(match self { $(Self::$variant => $key),* })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),* })
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(word: &str) -> Result<Self, ()> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

kinds! {
    /// What a condition waits for.
    ConditionKind {
        #[default]
        Unassigned = "unassigned" "rules.if_unassigned",
        NoAnswer = "no_answer" "rules.if_no_answer",
        InTier = "in_tier" "rules.if_tier",
        Used = "used" "rules.if_sla",
        Priority = "priority" "rules.if_priority",
        Reopened = "reopened" "rules.if_reopened",
        Bot = "bot" "rules.if_bot",
        Filter = "filter" "rules.if_filter",
    }
}

kinds! {
    /// What an effect does.
    EffectKind {
        #[default]
        Assignee = "assignee" "rules.then_assignee",
        Queue = "queue" "rules.then_queue",
        Person = "person" "rules.then_person",
        InCharge = "in_charge" "rules.then_in_charge",
        Raise = "raise" "rules.then_raise",
        Move = "move" "rules.then_move",
        Note = "note" "rules.then_note",
    }
}

impl ConditionKind {
    /// The field of the form that its errors are shown at.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Unassigned => "unassigned_minutes",
            Self::NoAnswer => "answer_minutes",
            Self::InTier => "tier_minutes",
            Self::Used => "sla_percent",
            Self::Reopened => "reopened_times",
            Self::Filter => "filter",
            Self::Priority | Self::Bot => "conditions",
        }
    }

    pub(crate) fn is_priority(self) -> bool {
        self == Self::Priority
    }

    /// What its number means, or `""` where it has none.
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::Unassigned | Self::NoAnswer | Self::InTier => text::t("rules.minutes"),
            Self::Used => text::t("rules.percent"),
            Self::Reopened => text::t("rules.times"),
            Self::Priority | Self::Bot | Self::Filter => "",
        }
    }
}

impl EffectKind {
    /// The field of the form that its errors are shown at.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Person => "notify_person",
            Self::Note => "note",
            Self::Assignee | Self::Queue | Self::InCharge | Self::Raise => "effects",
        }
    }

    pub(crate) fn is_raise(self) -> bool {
        self == Self::Raise
    }
}

/// A choice of a select or a row of boxes.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
}

/// What can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) teams: Vec<Choice>,
    pub(crate) tiers: Vec<Choice>,
    pub(crate) skills: Vec<Choice>,
    pub(crate) priorities: Vec<Choice>,
    pub(crate) metrics: Vec<Choice>,
    pub(crate) people: Vec<Choice>,
    pub(crate) conditions: Vec<Choice>,
    pub(crate) effects: Vec<Choice>,
    /// The queues that somebody works in: team and tier as the choices name them.
    staffed: Vec<(String, String)>,
}

fn choice(value: impl ToString, title: impl Into<String>) -> Choice {
    Choice {
        value: value.to_string(),
        title: title.into(),
    }
}

impl Options {
    pub(crate) async fn load(app: &AppState) -> Result<Self, WebError> {
        let mut conn = app.desk.acquire().await?;
        let teams = tierdesk_store::team::all(&mut conn).await?;
        let skills = tierdesk_store::skill::all(&mut conn).await?;
        let people = tierdesk_store::escalation::staff(&mut conn).await?;
        let staffed = tierdesk_store::queue::all(&mut conn).await?;
        Ok(Self {
            staffed: staffed
                .into_iter()
                .map(|it| (it.team.to_string(), it.tier.to_string()))
                .collect(),
            teams: teams.into_iter().map(|it| choice(it.id, it.name)).collect(),
            tiers: Tier::ALL.map(|it| choice(it, it.name())).to_vec(),
            skills: skills
                .into_iter()
                .map(|it| {
                    choice(
                        it.id,
                        text::fill("rules.with_skill", &[("skill", &it.name)]),
                    )
                })
                .collect(),
            priorities: Priority::ALL.map(|it| choice(it, it.to_string())).to_vec(),
            metrics: Metric::ALL
                .iter()
                .map(|it| choice(it, crate::words::metric(*it)))
                .collect(),
            people: people
                .into_iter()
                .map(|(id, name)| choice(id, name))
                .collect(),
            conditions: ConditionKind::ALL
                .iter()
                .map(|it| choice(it, it.label()))
                .collect(),
            effects: EffectKind::ALL
                .iter()
                .map(|it| choice(it, it.label()))
                .collect(),
        })
    }

    /// The queues in which nobody works and to which an effect of this rule would move tickets, or `""`.
    pub(crate) fn nobody_in(&self, effect: &EffectRow, rule: &RuleForm) -> String {
        if effect.kind != EffectKind::Move || effect.team.is_empty() && effect.tier.is_empty() {
            return String::new();
        }
        // What an effect does not name stays as it is with the ticket, which is what the rule looks at.
        let meant = |all: &'_ [Choice], named: &str, only: &str| -> Vec<Choice> {
            let ticked = |it: &Choice| rule.has(only, &it.value);
            let any = all.iter().any(ticked);
            let fits = |it: &&Choice| match named {
                "" => !any || ticked(it),
                named => it.value == named,
            };
            all.iter().filter(fits).cloned().collect()
        };
        let mut empty = Vec::new();
        for tier in meant(&self.tiers, &effect.tier, "only_tier") {
            for team in meant(&self.teams, &effect.team, "only_team") {
                let here = |it: &(String, String)| (&it.0, &it.1) == (&team.value, &tier.value);
                if !self.staffed.iter().any(here) {
                    empty.push(format!("{} {}", tier.title, team.title));
                }
            }
        }
        match empty.is_empty() {
            true => String::new(),
            false => text::fill("rules.nobody_there", &[("queues", &empty.join(", "))]),
        }
    }
}
