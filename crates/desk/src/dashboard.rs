//! The figures of managers: what was promised and kept, what waits, how tickets move between the tiers, how long it took.

mod list;
mod overview;
mod people;
mod table;

pub use list::{List, ListOf, ListPage};
pub(crate) use overview::Counting;
pub use overview::{AGES, Age, AtRisk, Dashboard, Step};
pub use people::{Engineer, Skill, Skills, Workload};
pub use table::CSV_HEAD;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use tierdesk_domain::authorize::{Action, Scope, authorize};
use tierdesk_domain::category::below;
use tierdesk_domain::dashboard::{Dimension, View};
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::period::{Period, today};
use tierdesk_domain::tally::Counts;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::PgConnection;
use tierdesk_store::category::{self, Category};
use tierdesk_store::tally::block::{By, Only, Slice, Sum};
use tierdesk_store::{person, tally, team};

use crate::error::{DeskError, Result};
use crate::figures::{Asked, Span};
use crate::{Caller, Desk};

/// What figures speak of: said beside all of them.
#[derive(Debug, Clone)]
pub struct Lens {
    /// What was chosen.
    pub view: View,
    /// The zone whose days are counted.
    pub zone: Tz,
    /// Its day now.
    pub today: NaiveDate,
    /// The days.
    pub period: Period,
    /// The days they are held against.
    pub before: Option<Period>,
    /// The teams that the reader may see, with their names.
    pub teams: BTreeMap<TeamId, String>,
    /// Categories in the order people know them, the retired ones last.
    pub categories: Vec<Category>,
    /// Organisations by name.
    pub organisations: Vec<(OrganisationId, String)>,
    /// Which rows of counts.
    only: Only,
}

impl Lens {
    /// A team's name.
    pub fn team(&self, id: TeamId) -> &str {
        self.teams.get(&id).map_or("", String::as_str)
    }

    /// A category's name; none for one that is gone.
    pub fn category(&self, id: CategoryId) -> Option<&str> {
        let found = self.categories.iter().find(|it| it.id == id);
        found.map(|it| it.name.as_str())
    }

    /// An organisation's name; none for one that is gone.
    pub fn organisation(&self, id: OrganisationId) -> Option<&str> {
        let found = self.organisations.iter().find(|it| it.0 == id);
        found.map(|it| it.1.as_str())
    }

    /// The rows of lists that are counted here.
    pub fn list_filter(&self) -> tierdesk_store::ticket_list::Filter {
        tierdesk_store::ticket_list::Filter {
            teams: self.only.teams.clone(),
            tier: self.only.tier,
            priority: self.only.priority,
            categories: self.only.categories.clone(),
            organisation: self.only.organisation,
            person: None,
        }
    }

    /// The same on one day, held against nothing.
    fn on_day(&self, day: NaiveDate) -> Self {
        Self {
            period: Period { from: day, to: day },
            before: None,
            ..self.clone()
        }
    }

    fn slice(&self, by: By) -> Slice {
        let categories = by.category || self.only.categories.is_some();
        let organisations = by.organisation || self.only.organisation.is_some();
        match (categories, organisations) {
            _ if by.person => Slice::Engineers,
            (true, true) => Slice::Subjects,
            (true, false) => Slice::Categories,
            (false, true) => Slice::Organisations,
            (false, false) => Slice::Queues,
        }
    }

    /// The period, and the one before if there is one.
    fn spans(&self) -> Vec<Span> {
        let both = [Some(self.period), self.before];
        both.into_iter().flatten().map(Span::Days).collect()
    }
}

/// What a group of figures is about; what was not told apart is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The team.
    pub team: Option<TeamId>,
    /// The tier.
    pub tier: Option<Tier>,
    /// The priority.
    pub priority: Option<Priority>,
    /// The category.
    pub category: Option<CategoryId>,
    /// The organisation.
    pub organisation: Option<OrganisationId>,
    /// The engineer.
    pub person: Option<PersonId>,
    /// A part of the period.
    pub period: Option<Period>,
}

impl From<&Sum> for Key {
    fn from(sum: &Sum) -> Self {
        Self {
            team: sum.team,
            tier: sum.tier,
            priority: sum.priority,
            category: sum.category,
            organisation: sum.organisation,
            person: sum.person,
            period: None,
        }
    }
}

/// The counts of the period and of the one before.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    /// The period's.
    pub now: Counts,
    /// Those of the period before.
    pub before: Counts,
}

/// Figures by group.
#[derive(Debug)]
pub struct Figures {
    /// What they speak of.
    pub lens: Lens,
    /// Each group that anything was counted for.
    pub groups: BTreeMap<Key, Pair>,
}

/// What is told apart for a dimension, with or without how long things took.
fn by(dimension: Dimension, times: bool) -> By {
    let mut by = By {
        times,
        ..By::default()
    };
    match dimension {
        Dimension::Tier => by.tier = true,
        Dimension::Team => by.team = true,
        Dimension::Priority => by.priority = true,
        Dimension::Category => by.category = true,
        Dimension::Organisation => by.organisation = true,
        Dimension::Period => {}
    }
    by
}

impl Desk {
    /// How far a caller's figures reach, and what they speak of.
    ///
    /// # Errors
    /// [`DeskError::Denied`] for those who manage nothing; [`DeskError::NotFound`] where the view names a team that the caller
    /// does not answer for, or something that does not exist.
    pub async fn lens(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        view: View,
        now: DateTime<Utc>,
    ) -> Result<(Scope, Lens)> {
        let scope = authorize(&caller.who, Action::SeeDashboard)?;
        let teams = tally::teams(conn, &scope).await?;
        let lens = self.lens_of(conn, &teams, view, now).await?;
        Ok((scope, lens))
    }

    /// The same for given teams.
    pub(crate) async fn lens_of(
        &self,
        conn: &mut PgConnection,
        teams: &[TeamId],
        view: View,
        now: DateTime<Utc>,
    ) -> Result<Lens> {
        let zone = self.reporting_zone(conn).await?;
        let today = today(zone, now);
        let period = view.when.on(today);
        let all = category::every(conn).await?;
        let tree: Vec<_> = all.iter().map(|it| (it.id, it.parent)).collect();
        let organisations = person::organisations(conn).await?;
        let names = team::all(conn).await?;
        let wanted: Vec<TeamId> = match view.team {
            None => teams.to_vec(),
            Some(team) if teams.contains(&team) => vec![team],
            Some(_) => return Err(DeskError::NotFound),
        };
        let categories = view.category.map(|root| below(&tree, root));
        let unknown = categories.as_ref().is_some_and(Vec::is_empty)
            || view
                .organisation
                .is_some_and(|id| !id.0.is_nil() && organisations.iter().all(|it| it.0 != id));
        if unknown {
            return Err(DeskError::NotFound);
        }
        Ok(Lens {
            view,
            zone,
            today,
            period,
            before: period.compared(view.compare),
            teams: names
                .into_iter()
                .filter(|it| teams.contains(&it.id))
                .map(|it| (it.id, it.name))
                .collect(),
            categories: all,
            organisations,
            only: Only {
                teams: wanted,
                tier: view.tier,
                priority: view.priority,
                categories,
                organisation: view.organisation,
            },
        })
    }

    /// Figures by a dimension, with or without how long things took. Those of parts of the period are held against nothing:
    /// they are read beside each other.
    pub async fn figures_by(
        &self,
        caller: &Caller,
        view: View,
        (dimension, times): (Dimension, bool),
        now: DateTime<Utc>,
    ) -> Result<Figures> {
        let mut conn = self.acquire().await?;
        let (_, mut lens) = self.lens(&mut conn, caller, view, now).await?;
        let by = by(dimension, times);
        if dimension != Dimension::Period {
            return self.figures_through(&mut conn, lens, by).await;
        }
        lens.before = None;
        let steps = lens.period.steps();
        let spans = steps.iter().map(|it| Span::Days(*it)).collect();
        let counts = self.groups(&mut conn, &lens, by, spans).await?;
        let groups = counts.into_values().flat_map(|counts| {
            steps.iter().zip(counts).map(|(step, now)| {
                let key = Key {
                    period: Some(*step),
                    ..Key::default()
                };
                let before = Counts::default();
                (key, Pair { now, before })
            })
        });
        Ok(Figures {
            groups: groups.collect(),
            lens,
        })
    }

    /// Figures told apart by what is asked for. Those of engineers know neither categories nor organisations.
    pub async fn figures(
        &self,
        caller: &Caller,
        view: View,
        by: By,
        now: DateTime<Utc>,
    ) -> Result<Figures> {
        let mut conn = self.acquire().await?;
        let (_, lens) = self.lens(&mut conn, caller, view, now).await?;
        self.figures_through(&mut conn, lens, by).await
    }

    pub(crate) async fn figures_through(
        &self,
        conn: &mut PgConnection,
        lens: Lens,
        by: By,
    ) -> Result<Figures> {
        let groups = self.groups(conn, &lens, by, lens.spans()).await?;
        let groups = groups
            .into_iter()
            .map(|(key, mut spans)| {
                let before = if spans.len() > 1 { spans.pop() } else { None };
                let pair = Pair {
                    now: spans.pop().unwrap_or_default(),
                    before: before.unwrap_or_default(),
                };
                (key, pair)
            })
            .collect();
        Ok(Figures { lens, groups })
    }

    /// Counts of each group, one per span.
    async fn groups(
        &self,
        conn: &mut PgConnection,
        lens: &Lens,
        by: By,
        spans: Vec<Span>,
    ) -> Result<BTreeMap<Key, Vec<Counts>>> {
        let mut only = lens.only.clone();
        if by.person {
            (only.categories, only.organisation) = (None, None);
        }
        let asked = Asked {
            slice: lens.slice(by),
            spans,
            only,
            by,
        };
        let mut groups = BTreeMap::new();
        for sum in self.sums(conn, &asked, lens.zone, lens.today).await? {
            let spans: &mut Vec<Counts> = groups
                .entry(Key::from(&sum))
                .or_insert_with(|| vec![Counts::default(); asked.spans.len()]);
            if let Some(counts) = spans.get_mut(sum.span) {
                counts.join(&sum.counts);
            }
        }
        Ok(groups)
    }
}
