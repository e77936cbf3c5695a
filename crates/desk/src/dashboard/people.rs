//! Figures about people's work and skills: who has how much, and what L1 cannot solve by itself.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tierdesk_domain::dashboard::{Share, View, left_l1};
use tierdesk_domain::id::{CategoryId, PersonId, TeamId};
use tierdesk_domain::tally::{Counts, Measure};
use tierdesk_domain::tier::Tier;
use tierdesk_store::person;
use tierdesk_store::tally::block::By;

use super::{Key, Lens};
use crate::error::Result;
use crate::figures::Span;
use crate::{Caller, Desk};

/// An engineer's work in one team.
#[derive(Debug, Clone)]
pub struct Engineer {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// The team.
    pub team: TeamId,
    /// What they have now.
    pub open: u64,
    /// What they took or were given in the period, and in the one before.
    pub taken: (u64, u64),
    /// What they resolved.
    pub resolved: (u64, u64),
}

impl Engineer {
    /// The group of counts.
    pub fn key(&self) -> Key {
        Key {
            team: Some(self.team),
            person: Some(self.person),
            ..Key::default()
        }
    }
}

/// The work of engineers.
#[derive(Debug)]
pub struct Workload {
    /// What the figures speak of.
    pub lens: Lens,
    /// Each engineer of each team who had, took or resolved something.
    pub engineers: Vec<Engineer>,
}

/// What L1 did with one category.
#[derive(Debug, Clone)]
pub struct Skill {
    /// The category, all zeros for tickets without one.
    pub category: CategoryId,
    /// Escalated, of all that L1 escalated or resolved.
    pub share: Share,
    /// The same in the period before.
    pub before: Option<Share>,
    /// What was counted at L1.
    pub l1: Counts,
    /// The teams that resolved it above L1, most first.
    pub fixed_by: Vec<(TeamId, u64)>,
}

impl Skill {
    /// The group of counts.
    pub fn key(&self, tier: Option<Tier>) -> Key {
        Key {
            category: Some(self.category),
            tier,
            ..Key::default()
        }
    }
}

/// What L1 did, by category.
#[derive(Debug)]
pub struct Skills {
    /// What the figures speak of.
    pub lens: Lens,
    /// Per category that left L1 at all, the largest share escalated first.
    pub categories: Vec<Skill>,
}

impl Desk {
    /// The work of the engineers of the caller's teams. Categories and organisations do not narrow it.
    pub async fn workload(
        &self,
        caller: &Caller,
        view: View,
        now: DateTime<Utc>,
    ) -> Result<Workload> {
        let mut conn = self.acquire().await?;
        let (_, lens) = self.lens(&mut conn, caller, view, now).await?;
        let by = By {
            team: true,
            person: true,
            ..By::default()
        };
        let mut spans = vec![Span::Now];
        spans.extend(lens.spans());
        let groups = self.groups(&mut conn, &lens, by, spans).await?;
        let people: Vec<uuid::Uuid> = groups.keys().filter_map(|it| Some(it.person?.0)).collect();
        let names: BTreeMap<PersonId, String> = person::names(&mut conn, &people)
            .await?
            .into_iter()
            .collect();
        let engineers = groups
            .into_iter()
            .filter_map(|(key, spans)| {
                let number = |span: usize, measure| {
                    spans
                        .get(span)
                        .map_or(0, |counts: &Counts| counts.number(measure))
                };
                let person = key.person?;
                Some(Engineer {
                    person,
                    name: names.get(&person).cloned().unwrap_or_default(),
                    team: key.team?,
                    open: number(0, Measure::Open),
                    taken: (number(1, Measure::Taken), number(2, Measure::Taken)),
                    resolved: (number(1, Measure::Resolved), number(2, Measure::Resolved)),
                })
            })
            .filter(|it| it.open + it.taken.0 + it.resolved.0 > 0)
            .collect();
        Ok(Workload { lens, engineers })
    }

    /// What L1 escalated and resolved by category, and who resolved it above.
    pub async fn skill_gaps(
        &self,
        caller: &Caller,
        view: View,
        now: DateTime<Utc>,
    ) -> Result<Skills> {
        let by = By {
            team: true,
            tier: true,
            category: true,
            ..By::default()
        };
        let view = View { tier: None, ..view };
        let figures = self.figures(caller, view, by, now).await?;
        let mut categories: BTreeMap<CategoryId, (Counts, Counts, BTreeMap<TeamId, u64>)> =
            BTreeMap::new();
        for (key, pair) in &figures.groups {
            let Some(category) = key.category else {
                continue;
            };
            let (now, before, fixed) = categories.entry(category).or_default();
            if key.tier == Some(Tier::L1) {
                now.join(&pair.now);
                before.join(&pair.before);
            } else if let Some(team) = key.team {
                *fixed.entry(team).or_default() += pair.now.number(Measure::ResolvedAbove);
            }
        }
        let mut categories: Vec<Skill> = categories
            .into_iter()
            .map(|(category, (now, before, fixed))| {
                let mut fixed_by: Vec<_> = fixed.into_iter().filter(|(_, n)| *n > 0).collect();
                fixed_by.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
                Skill {
                    category,
                    share: left_l1(&now),
                    before: figures.lens.before.map(|_| left_l1(&before)),
                    l1: now,
                    fixed_by,
                }
            })
            .filter(|it| it.share.whole > 0)
            .collect();
        categories.sort_by_key(|it| std::cmp::Reverse((it.share.permille(), it.share.part)));
        Ok(Skills {
            lens: figures.lens,
            categories,
        })
    }
}
