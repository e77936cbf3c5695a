//! What is chosen on a dashboard, in its address and back.

use chrono::NaiveDate;
use serde::Deserialize;
use tierdesk_desk::dashboard::{Key, Lens};
use tierdesk_domain::dashboard::{Dimension, View, When};
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::period::{Compare, MOST_DAYS, Period, Preset};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{WebError, words};

/// The fields of the address and of the form; an empty one means nothing.
#[derive(Deserialize, Debug, Clone, Default)]
#[serde(default)]
pub(crate) struct Fields {
    pub(crate) period: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) compare: String,
    pub(crate) team: String,
    pub(crate) tier: String,
    pub(crate) priority: String,
    pub(crate) category: String,
    pub(crate) organisation: String,
}

/// The value of the period field that stands for two days of one's own.
pub(crate) const OWN_DAYS: &str = "days";

/// What the fields say, and the sentence for dates that make no period; then the view has the usual days.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) view: View,
    pub(crate) wrong_days: &'static str,
}

fn word<T>(field: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, WebError> {
    match field {
        "" => Ok(None),
        text => read(text).map(Some).ok_or(WebError::BadRequest),
    }
}

fn id<T>(field: &str, make: impl FnOnce(Uuid) -> T) -> Result<Option<T>, WebError> {
    word(field, |text| text.parse().ok().map(make))
}

impl Fields {
    /// Reads them.
    ///
    /// # Errors
    /// 400 for values that no form of ours sends.
    pub(crate) fn read(&self) -> Result<Chosen, WebError> {
        let usual = View::default();
        let own = self.period == OWN_DAYS || self.period.is_empty() && !self.from.is_empty();
        let (when, wrong_days) = if own {
            match days(&self.from, &self.to) {
                Ok(period) => (
                    When::Days {
                        from: period.from,
                        to: period.to,
                    },
                    "",
                ),
                Err(sentence) => (usual.when, text::t(sentence)),
            }
        } else {
            let preset = word(&self.period, |text| text.parse::<Preset>().ok())?;
            (preset.map_or(usual.when, When::Preset), "")
        };
        let number = |text: &str| text.trim_start_matches(['L', 'P']).parse::<i16>().ok();
        Ok(Chosen {
            view: View {
                when,
                compare: word(&self.compare, |text| text.parse().ok())?.unwrap_or(usual.compare),
                team: id(&self.team, TeamId)?,
                tier: word(&self.tier, |text| number(text).and_then(Tier::from_number))?,
                priority: word(&self.priority, |text| {
                    number(text).and_then(Priority::from_number)
                })?,
                category: id(&self.category, CategoryId)?,
                organisation: id(&self.organisation, OrganisationId)?,
            },
            wrong_days,
        })
    }
}

/// Two dates as a period, or the key of the sentence that says what is wrong with them.
fn days(from: &str, to: &str) -> Result<Period, &'static str> {
    let read = |text: &str| text.parse::<NaiveDate>().map_err(|_| "dashboard.bad_date");
    let period = Period {
        from: read(from)?,
        to: read(to)?,
    };
    if period.from > period.to {
        return Err("dashboard.dates_turned");
    }
    if period.days() > MOST_DAYS
        || period.from < NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or_default()
    {
        return Err("dashboard.too_many_days");
    }
    Ok(period)
}

/// An address being put together.
struct Address(String);

impl Address {
    fn add(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            let joint = if self.0.contains('?') { '&' } else { '?' };
            self.0.push_str(&format!("{joint}{name}={value}"));
        }
    }

    fn rows(&mut self, view: &View, key: &Key) {
        self.add("team", key.team.or(view.team));
        self.add("tier", key.tier.or(view.tier));
        self.add("priority", key.priority.or(view.priority));
        self.add("category", key.category.or(view.category));
        self.add("organisation", key.organisation.or(view.organisation));
        self.add("person", key.person);
    }
}

/// The address of a dashboard page with a view.
pub(crate) fn address(path: &str, view: &View, by: Option<Dimension>) -> String {
    let mut address = Address(path.to_owned());
    match view.when {
        When::Preset(preset) => address.add("period", Some(preset)),
        When::Days { from, to } => {
            address.add("from", Some(from));
            address.add("to", Some(to));
        }
    }
    address.add("compare", Some(view.compare));
    address.rows(view, &Key::default());
    address.add("by", by);
    address.0
}

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// What was counted in the days.
    Counted(Measure),
    /// What adds up several of those counts.
    Several(Several),
    /// What is open, filed on these days.
    Open,
    /// What is at risk now.
    AtRisk,
}

/// The list behind a number: what was counted, on which days, of which group.
pub(crate) fn list(listed: Listed, days: Option<Period>, view: &View, key: &Key) -> String {
    let mut address = Address("/dashboard/tickets".to_owned());
    let measure = match listed {
        Listed::Counted(measure) => measure.as_str(),
        Listed::Several(several) => several.as_str(),
        Listed::Open => Measure::Backlog.as_str(),
        Listed::AtRisk => "at_risk",
    };
    address.add("measure", Some(measure));
    if let Some(days) = days {
        address.add("from", Some(days.from));
        address.add("to", Some(days.to));
    }
    address.rows(view, key);
    address.0
}

/// The list behind a count of the lens's own days, or of the part of them that the group is.
pub(crate) fn counted(measure: Measure, lens: &Lens, key: &Key) -> String {
    let days = key.period.unwrap_or(lens.period);
    list(Listed::Counted(measure), Some(days), &lens.view, key)
}

/// The list behind what was counted on the days that those are held against; nothing without such.
pub(crate) fn counted_before(measure: Measure, lens: &Lens, key: &Key) -> String {
    let days = lens
        .before
        .map(|days| list(Listed::Counted(measure), Some(days), &lens.view, key));
    days.unwrap_or_default()
}

/// The list behind several counts of the lens's own days.
pub(crate) fn summed(several: Several, lens: &Lens, key: &Key) -> String {
    list(Listed::Several(several), Some(lens.period), &lens.view, key)
}

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

/// Reads a person's id from an address.
pub(crate) fn person(field: &str) -> Result<Option<PersonId>, WebError> {
    id(field, PersonId)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(from: &str, to: &str) -> Fields {
        Fields {
            from: from.to_owned(),
            to: to.to_owned(),
            ..Fields::default()
        }
    }

    #[test]
    fn dates_that_make_no_period_are_told_and_the_usual_days_shown() {
        for (from, to) in [
            ("2026-13-01", "2026-12-31"),
            ("2026-12-31", "2026-12-01"),
            ("1980-01-01", "2026-01-01"),
            ("2026-01-01", ""),
        ] {
            let chosen = fields(from, to).read().expect("is read");
            assert!(!chosen.wrong_days.is_empty(), "{from} {to}");
            assert_eq!(chosen.view, View::default());
        }
    }

    #[test]
    fn an_address_is_read_back_as_the_view_it_was_made_of() {
        let view = View {
            when: When::Preset(Preset::LastMonth),
            compare: Compare::Year,
            tier: Some(Tier::L2),
            priority: Some(Priority::P1),
            team: Some(TeamId(Uuid::from_u128(5))),
            ..View::default()
        };
        let text = address("/dashboard", &view, None);
        let query = text.split_once('?').expect("a query").1;
        let mut read = Fields::default();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').expect("a pair");
            let place = match name {
                "period" => &mut read.period,
                "compare" => &mut read.compare,
                "team" => &mut read.team,
                "tier" => &mut read.tier,
                "priority" => &mut read.priority,
                other => panic!("{other}"),
            };
            *place = value.to_owned();
        }
        assert_eq!(read.read().expect("is read").view, view);
    }

    #[test]
    fn words_that_no_form_of_ours_sends_are_refused() {
        for wrong in ["L9", "x"] {
            let fields = Fields {
                tier: wrong.to_owned(),
                ..Fields::default()
            };
            assert!(fields.read().is_err());
        }
    }
}
