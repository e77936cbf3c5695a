//! The form of filters above figures, filled in with what is chosen.

use tierdesk_desk::dashboard::Lens;
use tierdesk_domain::dashboard::When;
use tierdesk_domain::period::{Compare, Preset};
use tierdesk_domain::text;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;

use super::view::{Fields, OWN_DAYS};
use crate::words;

/// An option of a choice.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

pub(crate) fn choice(value: impl ToString, label: impl Into<String>, chosen: bool) -> Choice {
    Choice {
        value: value.to_string(),
        label: label.into(),
        chosen,
    }
}

/// The form of filters, filled in.
pub(crate) struct Filters {
    pub(crate) periods: Vec<Choice>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) wrong_days: &'static str,
    pub(crate) compares: Vec<Choice>,
    pub(crate) teams: Vec<Choice>,
    pub(crate) tiers: Vec<Choice>,
    pub(crate) priorities: Vec<Choice>,
    pub(crate) categories: Vec<Choice>,
    pub(crate) organisations: Vec<Choice>,
    /// How many of them are set, besides the days.
    pub(crate) set: usize,
}

/// The words for a preset.
pub(crate) fn preset_words(preset: Preset) -> &'static str {
    text::t(match preset {
        Preset::Today => "dashboard.period_today",
        Preset::Yesterday => "dashboard.period_yesterday",
        Preset::Days7 => "dashboard.period_7d",
        Preset::Days30 => "dashboard.period_30d",
        Preset::Days90 => "dashboard.period_90d",
        Preset::ThisWeek => "dashboard.period_this_week",
        Preset::LastWeek => "dashboard.period_last_week",
        Preset::ThisMonth => "dashboard.period_this_month",
        Preset::LastMonth => "dashboard.period_last_month",
        Preset::LastQuarter => "dashboard.period_last_quarter",
        Preset::ThisYear => "dashboard.period_this_year",
        Preset::LastYear => "dashboard.period_last_year",
    })
}

/// The form for a lens. What was typed wrong is kept.
pub(crate) fn filters(lens: &Lens, fields: &Fields, wrong_days: &'static str) -> Filters {
    let view = &lens.view;
    let own = matches!(view.when, When::Days { .. }) || !wrong_days.is_empty();
    let mut periods: Vec<Choice> = Preset::ALL
        .iter()
        .map(|it| {
            choice(
                it,
                preset_words(*it),
                !own && view.when == When::Preset(*it),
            )
        })
        .collect();
    periods.push(choice(OWN_DAYS, text::t("dashboard.period_own"), own));
    let (from, to) = if wrong_days.is_empty() {
        (lens.period.from.to_string(), lens.period.to.to_string())
    } else {
        (fields.from.clone(), fields.to.clone())
    };
    let set = [
        view.team.is_some(),
        view.tier.is_some(),
        view.priority.is_some(),
        view.category.is_some(),
        view.organisation.is_some(),
    ];
    let compare_words = |it: Compare| {
        text::t(match it {
            Compare::Before => "dashboard.compare_before",
            Compare::Year => "dashboard.compare_year",
            Compare::Nothing => "dashboard.compare_none",
        })
    };
    let mut teams: Vec<Choice> = lens
        .teams
        .iter()
        .map(|(id, name)| choice(id, name, view.team == Some(*id)))
        .collect();
    teams.sort_by_key(|it| it.label.to_lowercase());
    Filters {
        periods,
        from,
        to,
        wrong_days,
        compares: Compare::ALL
            .iter()
            .map(|it| choice(it, compare_words(*it), view.compare == *it))
            .collect(),
        teams,
        tiers: Tier::ALL
            .iter()
            .map(|it| choice(it, it.name(), view.tier == Some(*it)))
            .collect(),
        priorities: Priority::ALL
            .iter()
            .map(|it| choice(it, it.to_string(), view.priority == Some(*it)))
            .collect(),
        categories: lens
            .categories
            .iter()
            .map(|it| choice(it.id, words::category(it), view.category == Some(it.id)))
            .collect(),
        organisations: lens
            .organisations
            .iter()
            .map(|(id, name)| choice(id, name, view.organisation == Some(*id)))
            .collect(),
        set: set.into_iter().filter(|it| *it).count(),
    }
}
