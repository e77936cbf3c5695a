//! Looking up the names of a filter: from what people call things to what is kept.

use std::collections::BTreeSet;

use super::{Filter, FilterError, Selection, Term, Test};
use crate::id::{CategoryId, HostId, OrganisationId, PersonId, TeamId};

/// So many names are listed when one is not known.
const LISTED: usize = 20;
/// Who has a ticket that nobody has.
pub(super) const NOBODY: &str = "nobody";
/// The reader.
pub(super) const ME: &str = "me";

/// The names of things, as they are now, or as they were where nothing has that name now. Several people may have one name; then all of them are meant.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// All teams, and those that had a name that the filter uses and that no other one has now.
    pub teams: Vec<(String, TeamId)>,
    /// All categories, and those that had a name that the filter uses and that no other one has now.
    pub categories: Vec<(String, CategoryId)>,
    /// All organisations.
    pub organisations: Vec<(String, OrganisationId)>,
    /// The people whom the filter names.
    pub people: Vec<(String, PersonId)>,
    /// The hosts that the filter names.
    pub hosts: Vec<(String, HostId)>,
    /// Who reads; a rule has no reader.
    pub me: Option<PersonId>,
}

/// The people and hosts that a filter names; there may be too many to know all of them. And the teams and
/// categories, which may have another name by now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// People, in lower case.
    pub people: Vec<String>,
    /// Hosts, in lower case.
    pub hosts: Vec<String>,
    /// Teams, in lower case.
    pub teams: Vec<String>,
    /// Categories, in lower case.
    pub categories: Vec<String>,
}

impl Filter {
    /// What must be looked up to know what it means.
    pub fn mentioned(&self) -> Mentioned {
        let mut mentioned = Mentioned::default();
        for term in &self.terms {
            match &term.test {
                Test::Requester(names) => mentioned.people.extend(lower(names)),
                Test::Assigned(names) => mentioned
                    .people
                    .extend(lower(names).filter(|it| it != NOBODY && it != ME)),
                Test::Host(names) => mentioned.hosts.extend(lower(names)),
                Test::Team(names) => mentioned.teams.extend(lower(names)),
                Test::Category(names) => mentioned.categories.extend(lower(names)),
                _ => {}
            }
        }
        mentioned
    }

    /// What it means now.
    ///
    /// # Errors
    /// The first name that nothing has.
    pub fn resolve(&self, known: &Known) -> Result<Selection, FilterError> {
        let mut selection = Selection::default();
        for Term { not, test } in &self.terms {
            let not = *not;
            match test {
                Test::Team(it) => selection.teams.narrow(not, ids(it, &known.teams)?),
                Test::Category(it) => selection
                    .categories
                    .narrow(not, ids(it, &known.categories)?),
                Test::Organisation(it) => selection
                    .organisations
                    .narrow(not, ids(it, &known.organisations)?),
                Test::Requester(it) => selection.requesters.narrow(not, ids(it, &known.people)?),
                Test::Host(it) => selection.hosts.narrow(not, ids(it, &known.hosts)?),
                Test::Assigned(it) => selection.assignees.narrow(not, assignees(it, known)?),
                Test::Tier(it) => selection.tiers.narrow(not, it.clone()),
                Test::Priority(it) => selection.priorities.narrow(not, it.clone()),
                Test::Status(it) => selection.statuses.narrow(not, it.clone()),
                Test::Kind(it) => selection.kinds.narrow(not, it.clone()),
                Test::Channel(it) => selection.channels.narrow(not, it.clone()),
                Test::Vip(it) => selection.vip.narrow(not, [*it].into()),
                Test::Risk(it) => selection.risk.narrow(not, [*it].into()),
                Test::Breached(it) => selection.breached.narrow(not, [*it].into()),
                Test::Age { older, seconds } => selection.age.narrow(*older != not, *seconds),
                Test::Reopened { at_least, times } => selection
                    .reopened
                    .narrow(*at_least != not, u32::from(*times)),
                Test::Title(words) if not => selection.title_lacks.push(words.to_lowercase()),
                Test::Title(words) => selection.title_has.push(words.to_lowercase()),
            }
        }
        Ok(selection)
    }
}

fn lower(names: &BTreeSet<String>) -> impl Iterator<Item = String> {
    names.iter().map(|name| name.to_lowercase())
}

fn ids<T: Copy + Ord>(
    names: &BTreeSet<String>,
    known: &[(String, T)],
) -> Result<BTreeSet<T>, FilterError> {
    let mut found = BTreeSet::new();
    for name in names {
        let wanted = name.to_lowercase();
        let mut called = known
            .iter()
            .filter(|(it, _)| it.to_lowercase() == wanted)
            .map(|(_, id)| *id)
            .peekable();
        if called.peek().is_none() {
            return Err(unknown(name, known));
        }
        found.extend(called);
    }
    Ok(found)
}

fn unknown<T>(name: &str, known: &[(String, T)]) -> FilterError {
    let mut names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if names.is_empty() {
        return FilterError::new(name, "filter.unknown_name", "");
    }
    let more = if names.len() > LISTED { " …" } else { "" };
    names.truncate(LISTED);
    FilterError::new(
        name,
        "filter.unknown_value",
        format!("{}{more}", names.join(", ")),
    )
}

/// None stands for nobody.
fn assignees(
    names: &BTreeSet<String>,
    known: &Known,
) -> Result<BTreeSet<Option<PersonId>>, FilterError> {
    let mut found = BTreeSet::new();
    for name in names {
        match name.to_lowercase().as_str() {
            NOBODY => {
                found.insert(None);
            }
            ME => {
                let me = known
                    .me
                    .ok_or_else(|| FilterError::new(name, "filter.no_reader", NOBODY))?;
                found.insert(Some(me));
            }
            _ => {
                let one = BTreeSet::from([name.clone()]);
                found.extend(ids(&one, &known.people)?.into_iter().map(Some));
            }
        }
    }
    Ok(found)
}
