//! How a queue gives a ticket away: in its own way, or as a rule asks for; and among whom.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::category::above;
use tierdesk_domain::id::{CategoryId, PersonId};
use tierdesk_domain::routing::{Candidate, Decision, Mode, Routing, Wish};
use tierdesk_domain::skill::{Level, Needed};
use tierdesk_store::configuration::Document;
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{PgConnection, category, routing, skill};

use super::PATIENCE;
use crate::error::Result;
use crate::rulebook::Rulebook;

/// How a ticket is given away, and in whose name.
pub(super) struct Way {
    pub(super) routing: Routing,
    pub(super) needed: Vec<Needed>,
    /// A rule: that of the queue, or the one that asks for a skill.
    pub(super) actor: Actor,
    pub(super) version: i32,
    /// What is kept of that with the decision.
    pub(super) record: Value,
}

impl Way {
    /// That of the queue, where it routes.
    pub(super) async fn own(
        conn: &mut PgConnection,
        ticket: &Ticket,
        document: Option<Document<Routing>>,
    ) -> Result<Option<Self>> {
        let on = document.filter(|it| it.active && it.body.mode != Mode::Off);
        let Some(document) = on else {
            return Ok(None);
        };
        Ok(Some(Self {
            needed: needed(conn, ticket.category).await?,
            actor: Actor::rule(document.id.0),
            version: document.version,
            record: json!({"document": document.id, "version": document.version}),
            routing: document.body,
        }))
    }

    /// To somebody with the skill that a rule asks for, and with what the queue asks for by itself. None where the skill
    /// is no longer in the catalogue.
    pub(super) async fn asked(
        conn: &mut PgConnection,
        ticket: &Ticket,
        own: Option<&Document<Routing>>,
        wish: &Wish,
    ) -> Result<Option<Self>> {
        let own = own.filter(|it| it.active).map(|it| &it.body);
        let mut all = match own {
            Some(own) if own.mode == Mode::Skill => needed(conn, ticket.category).await?,
            _ => Vec::new(),
        };
        if !all.iter().any(|it| it.skill == wish.skill) {
            let known = skill::all(conn).await?;
            let Some(known) = known.into_iter().find(|it| it.id == wish.skill) else {
                return Ok(None);
            };
            all.push(Needed {
                skill: known.id,
                name: known.name,
                level: Level::Basic,
                certificate: known.needs_certificate,
            });
        }
        Ok(Some(Self {
            routing: Routing::by_skill(ticket.team, ticket.tier, own),
            needed: all,
            actor: Actor::rule(wish.rule.0),
            version: wish.version,
            record: json!({"wish": wish}),
        }))
    }
}

/// What a category's tickets need, by itself or because it belongs under another one; of one skill what is said nearest.
pub(super) async fn needed(
    conn: &mut PgConnection,
    category: Option<CategoryId>,
) -> Result<Vec<Needed>> {
    let Some(category) = category else {
        return Ok(Vec::new());
    };
    let tree = category::tree(conn).await?;
    let all = skill::needed(conn).await?;
    let mut found: Vec<Needed> = Vec::new();
    for id in above(&tree, category) {
        let own = all.iter().filter(|(of, _)| *of == id);
        for (_, needed) in own {
            if found.iter().all(|it| it.skill != needed.skill) {
                found.push(needed.clone());
            }
        }
    }
    Ok(found)
}

/// The members of a queue, with what decides about them.
pub(super) struct People {
    candidates: Vec<Candidate>,
    shifts: Vec<tierdesk_domain::shift::Shift>,
}

impl People {
    pub(super) async fn load(
        conn: &mut PgConnection,
        document: &Routing,
        rulebook: &Rulebook,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let members = routing::members(conn, document.team, document.tier).await?;
        let ids: Vec<PersonId> = members.iter().map(|it| it.id).collect();
        let scope = authorize(
            &tierdesk_domain::authorize::Who::Machine(Actor::system()),
            Action::Work,
        )?;
        let skills = skill::of_people(conn, &scope, Some(&ids)).await?;
        let mut shifts = crate::shift::shifts(conn, rulebook, &ids, document.calendar, now).await?;
        let mut people = Self {
            candidates: Vec::new(),
            shifts: Vec::new(),
        };
        for it in members {
            let Some(shift) = shifts.remove(&it.id) else {
                continue;
            };
            let own = skills.iter().filter(|skill| skill.person == it.id);
            people.candidates.push(Candidate {
                person: it.id,
                name: it.name,
                presence: shift.at(now),
                load: u32::try_from(it.load).unwrap_or(u32::MAX),
                skills: own.map(|skill| skill.held).collect(),
                today: shift.today(now),
                turn: it.turn,
            });
            people.shifts.push(shift);
        }
        Ok(people)
    }

    /// Somebody is no longer among those who may be chosen.
    pub(super) fn leave_out(&mut self, person: PersonId) {
        self.candidates.retain(|it| it.person != person);
    }

    pub(super) fn decide(&self, document: &Routing, needed: &[Needed]) -> Decision {
        tierdesk_domain::routing::route(document, needed, &self.candidates)
    }

    /// When the next one of those who are not there comes to work.
    pub(super) fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let comes = self.shifts.iter().filter_map(|it| it.next(now));
        comes.filter(|at| *at > now && *at <= now + PATIENCE).min()
    }
}
