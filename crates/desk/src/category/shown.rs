//! What administrators read of categories: the list, one with its versions, what can be chosen, and what rests on one.

use chrono::{DateTime, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::category::{Details, above};
use tierdesk_domain::escalation::Rule;
use tierdesk_domain::id::{CategoryId, DocumentId, TeamId};
use tierdesk_domain::sla::Policy;
use tierdesk_domain::tier::Tier;
use tierdesk_store::category::{self, Category};
use tierdesk_store::{PgConnection, configuration, instance, person, skill, team};

use super::{CATEGORY, may_be_above};
use crate::error::{DeskError, Result};
use crate::rulebook::{POLICY, RULE, Reign, Standing};
use crate::{Caller, Desk};

/// A category in the list.
#[derive(Debug)]
pub struct CategoryLine {
    /// What it says now.
    pub category: Category,
    /// The name of the one it belongs under, `""` for none.
    pub above: String,
    /// The team that gets its tickets.
    pub team: Receiver,
    /// When its newest version was saved.
    pub changed: DateTime<Utc>,
    /// Who saved it; none for what Tierdesk ships.
    pub author: Option<String>,
}

/// A team that may get tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// Which.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Whether only its members read its tickets.
    pub restricted: bool,
    /// Whether somebody works there at L1; tickets that come to nobody wait.
    pub staffed: bool,
}

/// What a category can be given.
#[derive(Debug)]
pub struct CategoryChoices {
    /// The team that gets what has no team.
    pub service_desk: Receiver,
    /// The other teams by name.
    pub teams: Vec<Receiver>,
    /// The categories that it may belong under.
    pub above: Vec<(CategoryId, String)>,
}

/// Something that names a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryUse {
    /// A rule of the promises that are in force or planned, by name.
    Promise(String),
    /// An escalation rule, by name, also where it is switched off.
    Rule(String),
    /// A skill that its tickets need, by name.
    Skill(String),
    /// A category that belongs under it, by name.
    Below(String),
}

impl Desk {
    /// Every category in the order people see them, the retired ones last.
    pub async fn category_list(&self, caller: &Caller) -> Result<Vec<CategoryLine>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let all = category::every(&mut conn).await?;
        let (service_desk, teams) = receivers(&mut conn).await?;
        let newest = configuration::current::<Details>(&mut conn, CATEGORY).await?;
        let authors: Vec<_> = newest.iter().filter_map(|it| Some(it.author?.0)).collect();
        let authors = person::names(&mut conn, &authors).await?;
        let name = |id: Option<CategoryId>| {
            let found = all.iter().find(|it| Some(it.id) == id && !it.retired);
            found.map(|it| it.name.clone()).unwrap_or_default()
        };
        let line = |it: &Category| {
            let version = newest.iter().find(|version| version.id.0 == it.id.0)?;
            let author = authors.iter().find(|one| Some(one.0) == version.author);
            let team = teams.iter().find(|team| Some(team.id) == it.team);
            Some(CategoryLine {
                above: name(it.parent),
                team: team.unwrap_or(&service_desk).clone(),
                changed: version.valid_from,
                author: author.map(|it| it.1.clone()),
                category: it.clone(),
            })
        };
        let found: Option<Vec<_>> = all.iter().map(line).collect();
        found.ok_or_else(|| DeskError::Broken("a category has no version".to_owned()))
    }

    /// Every version of one category, the newest first.
    pub async fn category_versions(
        &self,
        caller: &Caller,
        id: CategoryId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<Details>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut versions = configuration::history(&mut conn, CATEGORY).await?;
        versions.retain(|it| it.id == DocumentId(id.0));
        if versions.is_empty() {
            return Err(DeskError::NotFound);
        }
        Self::reigns(&mut conn, versions, now).await
    }

    /// What can be chosen for a category, or for a new one.
    pub async fn category_choices(
        &self,
        caller: &Caller,
        id: Option<CategoryId>,
    ) -> Result<CategoryChoices> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let (service_desk, teams) = receivers(&mut conn).await?;
        let all = category::every(&mut conn).await?;
        let above = may_be_above(&all, id).into_iter();
        Ok(CategoryChoices {
            service_desk,
            teams,
            above: above.map(|it| (it.id, it.name.clone())).collect(),
        })
    }

    /// What names a category or one above it, now or by a version that is planned. All of it goes on when the category is
    /// renamed or retired.
    pub async fn category_uses(
        &self,
        caller: &Caller,
        id: CategoryId,
        now: DateTime<Utc>,
    ) -> Result<Vec<CategoryUse>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut uses = Vec::new();
        let all = category::every(&mut conn).await?;
        let tree: Vec<_> = all.iter().map(|it| (it.id, it.parent)).collect();
        let above = above(&tree, id);
        let policies = configuration::history::<Policy>(&mut conn, POLICY).await?;
        for reign in Self::reigns(&mut conn, policies, now).await? {
            if matches!(reign.standing, Standing::Now | Standing::Later) {
                let rules = reign.document.body.rules.into_iter();
                let named =
                    rules.filter(|it| above.iter().any(|id| it.when.categories.contains(id)));
                uses.extend(named.map(|it| CategoryUse::Promise(it.name)));
            }
        }
        let rules = configuration::current::<Rule>(&mut conn, RULE).await?;
        let named = rules.into_iter();
        let named = named.filter(|it| above.iter().any(|id| it.body.names_category(*id)));
        uses.extend(named.map(|it| CategoryUse::Rule(it.name)));
        let needed = skill::needed(&mut conn).await?.into_iter();
        let own = needed.filter(|(category, _)| above.contains(category));
        uses.extend(own.map(|(_, it)| CategoryUse::Skill(it.name)));
        let below = all.into_iter();
        let below = below.filter(|it| it.parent == Some(id) && !it.retired);
        uses.extend(below.map(|it| CategoryUse::Below(it.name)));
        uses.dedup();
        Ok(uses)
    }
}

/// The Service Desk, and the other teams by name.
async fn receivers(conn: &mut PgConnection) -> Result<(Receiver, Vec<Receiver>)> {
    let service_desk: Option<TeamId> = instance::get(conn, "service_desk").await?;
    let members = team::memberships(conn).await?;
    let staffed = |id| {
        let mut here = members.iter();
        here.any(|(team, tier, _)| (*team, *tier) == (id, Tier::L1))
    };
    let teams = team::all(conn).await?.into_iter().map(|it| Receiver {
        staffed: staffed(it.id),
        id: it.id,
        name: it.name,
        restricted: it.restricted,
    });
    let (mut first, others): (Vec<_>, Vec<_>) = teams.partition(|it| Some(it.id) == service_desk);
    match first.pop() {
        Some(first) => Ok((first, others)),
        None => Err(DeskError::Broken("there is no service desk".to_owned())),
    }
}
