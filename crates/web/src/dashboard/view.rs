//! What is chosen on a dashboard, in its address and back.

use chrono::NaiveDate;
use serde::Deserialize;
use tierdesk_desk::dashboard::{Key, Lens};
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::period::{MOST_DAYS, Period, Preset};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::WebError;

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
    pub(crate) by: String,
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
                by: word(&self.by, |text| text.parse().ok())?,
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
pub(crate) fn address(path: &str, view: &View) -> String {
    format!("{path}?{}", view.query())
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

impl From<Measure> for Listed {
    fn from(measure: Measure) -> Self {
        Self::Counted(measure)
    }
}

impl From<Several> for Listed {
    fn from(several: Several) -> Self {
        Self::Several(several)
    }
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
    // A group is what is in that very category, a filter also what is in those below it.
    address.add("alone", key.category.map(|_| "yes"));
    address.0
}

/// The list behind a count of the lens's own days, or of the part of them that the group is.
pub(crate) fn counted(of: impl Into<Listed>, lens: &Lens, key: &Key) -> String {
    let days = key.period.unwrap_or(lens.period);
    list(of.into(), Some(days), &lens.view, key)
}

/// The list behind what was counted on the days that those are held against; nothing without such.
pub(crate) fn counted_before(of: impl Into<Listed>, lens: &Lens, key: &Key) -> String {
    let days = lens
        .before
        .map(|days| list(of.into(), Some(days), &lens.view, key));
    days.unwrap_or_default()
}

/// Which tickets alone a view shows: `L2`, `Network`.
pub(crate) fn only(lens: &Lens, view: &View) -> Vec<String> {
    let all = [
        view.tier.map(|it| it.to_string()),
        view.team.map(|it| team(lens, it).to_owned()),
        view.priority.map(|it| it.to_string()),
        view.category.map(|it| category(lens, it).to_owned()),
        view.organisation
            .map(|it| organisation(lens, it).to_owned()),
    ];
    all.into_iter().flatten().collect()
}

/// What a team is called, or that the reader answers for it no more.
fn team(lens: &Lens, id: TeamId) -> &str {
    let found = lens.teams.get(&id);
    found.map_or(text::t("dashboard.gone"), String::as_str)
}

/// What a category is called, or that there is none.
pub(crate) fn category(lens: &Lens, id: CategoryId) -> &str {
    if id.0.is_nil() {
        return text::t("dashboard.no_category");
    }
    lens.category(id).unwrap_or(text::t("dashboard.gone"))
}

/// What an organisation is called, or that there is none.
pub(crate) fn organisation(lens: &Lens, id: OrganisationId) -> &str {
    if id.0.is_nil() {
        return text::t("dashboard.no_organisation");
    }
    lens.organisation(id).unwrap_or(text::t("dashboard.gone"))
}

/// Reads a person's id from an address.
pub(crate) fn person(field: &str) -> Result<Option<PersonId>, WebError> {
    id(field, PersonId)
}

#[cfg(test)]
mod tests {
    use tierdesk_domain::dashboard::Dimension;
    use tierdesk_domain::period::Compare;

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
            by: Some(Dimension::Organisation),
            team: Some(TeamId(Uuid::from_u128(5))),
            ..View::default()
        };
        let text = address("/dashboard", &view);
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
                "by" => &mut read.by,
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
