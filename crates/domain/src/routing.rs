//! Routing: which engineer of a queue gets a ticket by itself, and why the others do not.
//!
//! How a queue routes is a versioned document. The decision is a pure function of the people, their load and skills, and
//! the turns so far; it names its reason for everybody it looked at.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::field::FieldError;
use crate::id::{DocumentId, PersonId, SkillId, TeamId};
use crate::names::named;
use crate::shift::Presence;
use crate::skill::{Held, Lack, Needed};
use crate::tier::Tier;

named! {
    /// How a queue gives its tickets to people.
    Mode, "kind of routing" {
        /// Not at all: people take them.
        Off = "off",
        /// Whoever has waited longest for one.
        RoundRobin = "round_robin",
        /// Whoever has the fewest open tickets.
        LeastLoaded = "least_loaded",
        /// Of those with the skills that the category needs, whoever has the fewest.
        Skill = "skill",
    }
}

/// The largest cap.
pub const MAX_CAP: u16 = 500;

/// The body of a version: how one queue routes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    /// The queue's team.
    pub team: TeamId,
    /// Its tier.
    pub tier: Tier,
    /// How.
    pub mode: Mode,
    /// Nobody gets a ticket who has so many open ones; none is no limit.
    #[serde(default)]
    pub cap: Option<u16>,
    /// The hours of those who have none of their own; the desk's ordinary ones where none is named.
    #[serde(default)]
    pub calendar: Option<DocumentId>,
}

/// What an escalation rule asks for a ticket: somebody who has a skill. It is kept with the decision, so that a later look
/// asks for the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The rule.
    pub rule: DocumentId,
    /// Its name at that time.
    pub name: String,
    /// Its version.
    pub version: i32,
    /// The skill.
    pub skill: SkillId,
}

impl Routing {
    /// How a queue gives away a ticket for which a rule asks for a skill: of those who know it to whoever has the fewest,
    /// within the cap and the hours of its own way. It does so also where people take tickets themselves otherwise.
    pub fn by_skill(team: TeamId, tier: Tier, own: Option<&Self>) -> Self {
        let on = own.filter(|it| it.mode != Mode::Off);
        Self {
            team,
            tier,
            mode: Mode::Skill,
            cap: on.and_then(|it| it.cap),
            calendar: own.and_then(|it| it.calendar),
        }
    }

    /// What is wrong with it, by form field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        match self.cap {
            Some(cap) if !(1..=MAX_CAP).contains(&cap) => {
                errors.push(FieldError::new("cap", "error.routing_cap"));
            }
            None if self.mode == Mode::LeastLoaded => {
                errors.push(FieldError::new("cap", "error.routing_cap"));
            }
            _ => {}
        }
        errors
    }
}

/// A member of the queue, as they stand at the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who.
    pub person: PersonId,
    /// Their name.
    pub name: String,
    /// Whether they are at work.
    pub presence: Presence,
    /// How many open tickets they have, wherever.
    pub load: u32,
    /// What they know.
    pub skills: Vec<Held>,
    /// The day it is for them: certificates end with days.
    pub today: NaiveDate,
    /// Their last turn in this queue; none where they never got a ticket.
    pub turn: Option<i64>,
}

/// What became of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// They could have it.
    Fits {
        /// How many open tickets they have.
        load: u32,
    },
    /// They are not at work.
    NotHere {
        /// Why.
        #[serde(flatten)]
        presence: Presence,
    },
    /// They lack a skill.
    Lacks {
        /// Its name.
        skill: String,
        /// Why it does not count.
        #[serde(flatten)]
        lack: Lack,
    },
    /// They have as many open tickets as the queue allows.
    Full {
        /// How many.
        load: u32,
    },
}

/// A candidate with the reason for or against them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// Who.
    pub person: PersonId,
    /// Their name at that time.
    pub name: String,
    /// The reason.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// A decision, as it is kept with the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// How the queue routes.
    pub mode: Mode,
    /// The cap.
    pub cap: Option<u16>,
    /// Names of the skills that were needed.
    pub skills: Vec<String>,
    /// Who gets it; nobody where nobody fits.
    pub chosen: Option<PersonId>,
    /// Everybody who was looked at, the chosen one first, then those who fit, in the order in which they would be next.
    pub considered: Vec<Considered>,
}

impl Decision {
    /// Whoever gets it, with the reason.
    pub fn chosen(&self) -> Option<&Considered> {
        let chosen = self.chosen?;
        self.considered.iter().find(|it| it.person == chosen)
    }

    /// Whether somebody who has the ticket already may keep it: at work, with what is needed. What they have so far does
    /// not matter, since this ticket is among it.
    pub fn suits(&self, person: PersonId) -> bool {
        let own = self.considered.iter().find(|it| it.person == person);
        own.is_some_and(|it| matches!(it.verdict, Verdict::Fits { .. } | Verdict::Full { .. }))
    }
}

/// Decides. Nobody is chosen while the queue's routing is off. The same arguments give the same answer, in whatever order
/// the candidates come.
pub fn route(routing: &Routing, needed: &[Needed], candidates: &[Candidate]) -> Decision {
    let needed = match routing.mode {
        Mode::Skill => needed,
        Mode::Off | Mode::RoundRobin | Mode::LeastLoaded => &[],
    };
    let mut judged: Vec<_> = candidates
        .iter()
        .map(|it| (it, judge(routing, needed, it)))
        .collect();
    judged.sort_by_key(|(it, verdict)| {
        let fits = matches!(verdict, Verdict::Fits { .. });
        let load = match routing.mode {
            Mode::RoundRobin | Mode::Off => 0,
            Mode::LeastLoaded | Mode::Skill => it.load,
        };
        (!fits, load, it.turn, it.person)
    });
    let chosen = judged
        .first()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Fits { .. }))
        .filter(|_| routing.mode != Mode::Off)
        .map(|(it, _)| it.person);
    Decision {
        mode: routing.mode,
        cap: routing.cap,
        skills: needed.iter().map(|it| it.name.clone()).collect(),
        chosen,
        considered: judged
            .into_iter()
            .map(|(it, verdict)| Considered {
                person: it.person,
                name: it.name.clone(),
                verdict,
            })
            .collect(),
    }
}

fn judge(routing: &Routing, needed: &[Needed], it: &Candidate) -> Verdict {
    if it.presence != Presence::Here {
        return Verdict::NotHere {
            presence: it.presence,
        };
    }
    for skill in needed {
        if let Some(lack) = skill.lack(&it.skills, it.today) {
            return Verdict::Lacks {
                skill: skill.name.clone(),
                lack,
            };
        }
    }
    if routing.cap.is_some_and(|cap| it.load >= u32::from(cap)) {
        return Verdict::Full { load: it.load };
    }
    Verdict::Fits { load: it.load }
}

#[cfg(test)]
mod tests;
