//! A rule as a form: every condition and effect is a line with a box to tick, so that it works without scripts.

use serde::Deserialize;
use tierdesk_domain::escalation::{Condition, Effect, Only, Rule};
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::configuration::Document;
use uuid::Uuid;

use crate::{AppState, WebError};

/// What a form sends. An unticked box sends nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RuleForm {
    pub(crate) version: i32,
    pub(crate) name: String,
    active: String,
    only_team: Vec<String>,
    only_tier: Vec<String>,
    only_priority: Vec<String>,
    if_unassigned: String,
    pub(crate) unassigned_minutes: String,
    if_bot: String,
    if_tier: String,
    pub(crate) tier_minutes: String,
    if_sla: String,
    sla_metric: String,
    pub(crate) sla_percent: String,
    if_priority: String,
    priority: String,
    if_reopened: String,
    pub(crate) reopened_times: String,
    then_move: String,
    move_team: String,
    move_tier: String,
    then_raise: String,
    raise_to: String,
    then_queue: String,
    then_person: String,
    notify_person: String,
}

/// A choice of a select or a row of boxes.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) title: String,
}

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) teams: Vec<Choice>,
    pub(crate) tiers: Vec<Choice>,
    pub(crate) priorities: Vec<Choice>,
    pub(crate) metrics: Vec<Choice>,
    pub(crate) people: Vec<Choice>,
}

impl Options {
    pub(crate) async fn load(app: &AppState) -> Result<Self, WebError> {
        let mut conn = app.desk.acquire().await?;
        let teams = tierdesk_store::team::all(&mut conn).await?;
        let people = tierdesk_store::escalation::staff(&mut conn).await?;
        let choice = |value: String, title: String| Choice { value, title };
        let metrics = [
            Metric::FirstResponse,
            Metric::NextResponse,
            Metric::Resolution,
        ];
        Ok(Self {
            teams: teams
                .into_iter()
                .map(|it| choice(it.id.to_string(), it.name))
                .collect(),
            tiers: Tier::ALL
                .map(|it| choice(it.name().to_owned(), it.name().to_owned()))
                .to_vec(),
            priorities: Priority::ALL
                .map(|it| choice(it.to_string(), it.to_string()))
                .to_vec(),
            metrics: metrics
                .map(|it| choice(it.as_str().to_owned(), crate::words::metric(it).to_owned()))
                .to_vec(),
            people: people
                .into_iter()
                .map(|(id, name)| choice(id.to_string(), name))
                .collect(),
        })
    }
}

fn ticked(yes: bool) -> String {
    if yes { "yes".to_owned() } else { String::new() }
}

fn priority(word: &str) -> Option<Priority> {
    Priority::ALL.into_iter().find(|it| it.to_string() == word)
}

fn tier(word: &str) -> Option<Tier> {
    Tier::ALL.into_iter().find(|it| it.name() == word)
}

fn uuid(word: &str) -> Option<Uuid> {
    word.parse().ok()
}

/// A number that cannot be read is 0, which no rule accepts.
fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.trim().parse().unwrap_or_default()
}

impl RuleForm {
    /// For a new rule.
    pub(crate) fn fresh() -> Self {
        Self {
            active: ticked(true),
            unassigned_minutes: "30".to_owned(),
            tier_minutes: "240".to_owned(),
            sla_percent: "75".to_owned(),
            reopened_times: "2".to_owned(),
            ..Self::default()
        }
    }

    /// For an existing one.
    pub(crate) fn of(document: &Document<Rule>) -> Self {
        let mut form = Self {
            version: document.version,
            name: document.name.clone(),
            active: ticked(document.active),
            only_team: document
                .body
                .only
                .teams
                .iter()
                .map(ToString::to_string)
                .collect(),
            only_tier: document
                .body
                .only
                .tiers
                .iter()
                .map(ToString::to_string)
                .collect(),
            only_priority: document
                .body
                .only
                .priorities
                .iter()
                .map(ToString::to_string)
                .collect(),
            ..Self::fresh()
        };
        for condition in &document.body.conditions {
            match condition {
                Condition::UnassignedFor { minutes } => {
                    (form.if_unassigned, form.unassigned_minutes) =
                        (ticked(true), minutes.to_string());
                }
                Condition::BotGaveUp {} => form.if_bot = ticked(true),
                Condition::TimeInTier { minutes } => {
                    (form.if_tier, form.tier_minutes) = (ticked(true), minutes.to_string());
                }
                Condition::SlaUsed { metric, percent } => {
                    form.if_sla = ticked(true);
                    (form.sla_metric, form.sla_percent) = (metric.to_string(), percent.to_string());
                }
                Condition::PriorityReached { priority } => {
                    (form.if_priority, form.priority) = (ticked(true), priority.to_string());
                }
                Condition::Reopened { times } => {
                    (form.if_reopened, form.reopened_times) = (ticked(true), times.to_string());
                }
            }
        }
        for effect in &document.body.effects {
            match effect {
                Effect::Move { team, tier } => {
                    form.then_move = ticked(true);
                    form.move_team = team.map(|it| it.to_string()).unwrap_or_default();
                    form.move_tier = tier.map(|it| it.to_string()).unwrap_or_default();
                }
                Effect::RaisePriority { to } => {
                    form.then_raise = ticked(true);
                    form.raise_to = to.map(|it| it.to_string()).unwrap_or_default();
                }
                Effect::NotifyQueue {} => form.then_queue = ticked(true),
                Effect::NotifyPerson { person } => {
                    (form.then_person, form.notify_person) = (ticked(true), person.to_string());
                }
            }
        }
        form
    }

    /// As a rule; what is wrong with it the desk says.
    pub(crate) fn rule(&self) -> Rule {
        let is = |word: &String| !word.is_empty();
        let conditions = [
            is(&self.if_unassigned).then(|| Condition::UnassignedFor {
                minutes: number(&self.unassigned_minutes),
            }),
            is(&self.if_bot).then_some(Condition::BotGaveUp {}),
            is(&self.if_tier).then(|| Condition::TimeInTier {
                minutes: number(&self.tier_minutes),
            }),
            is(&self.if_sla).then(|| Condition::SlaUsed {
                metric: self.sla_metric.parse().unwrap_or(Metric::Resolution),
                percent: number(&self.sla_percent),
            }),
            is(&self.if_priority).then(|| Condition::PriorityReached {
                priority: priority(&self.priority).unwrap_or(Priority::P1),
            }),
            is(&self.if_reopened).then(|| Condition::Reopened {
                times: number(&self.reopened_times),
            }),
        ];
        let effects = [
            is(&self.then_raise).then(|| Effect::RaisePriority {
                to: priority(&self.raise_to),
            }),
            is(&self.then_move).then(|| Effect::Move {
                team: uuid(&self.move_team).map(TeamId),
                tier: tier(&self.move_tier),
            }),
            is(&self.then_queue).then_some(Effect::NotifyQueue {}),
            // Nobody chosen is a person whom nobody finds, which the desk refuses.
            is(&self.then_person).then(|| Effect::NotifyPerson {
                person: PersonId(uuid(&self.notify_person).unwrap_or_default()),
            }),
        ];
        Rule {
            only: Only {
                teams: self
                    .only_team
                    .iter()
                    .filter_map(|it| uuid(it))
                    .map(TeamId)
                    .collect(),
                tiers: self.only_tier.iter().filter_map(|it| tier(it)).collect(),
                priorities: self
                    .only_priority
                    .iter()
                    .filter_map(|it| priority(it))
                    .collect(),
            },
            conditions: conditions.into_iter().flatten().collect(),
            effects: effects.into_iter().flatten().collect(),
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Whether the box of a condition or an effect is ticked.
    pub(crate) fn is(&self, name: &str) -> bool {
        let field = match name {
            "if_unassigned" => &self.if_unassigned,
            "if_bot" => &self.if_bot,
            "if_tier" => &self.if_tier,
            "if_sla" => &self.if_sla,
            "if_priority" => &self.if_priority,
            "if_reopened" => &self.if_reopened,
            "then_move" => &self.then_move,
            "then_raise" => &self.then_raise,
            "then_queue" => &self.then_queue,
            _ => &self.then_person,
        };
        !field.is_empty()
    }

    /// Whether a choice of a select or a row of boxes is made.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        match name {
            "only_team" => self.only_team.iter().any(|it| it == value),
            "only_tier" => self.only_tier.iter().any(|it| it == value),
            "only_priority" => self.only_priority.iter().any(|it| it == value),
            "sla_metric" => self.sla_metric == value,
            "priority" => self.priority == value,
            "move_team" => self.move_team == value,
            "move_tier" => self.move_tier == value,
            "raise_to" => self.raise_to == value,
            _ => self.notify_person == value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use tierdesk_domain::id::DocumentId;

    #[test]
    fn a_rule_that_is_shown_and_sent_back_is_the_same_rule() {
        let rule = Rule {
            only: Only {
                teams: [TeamId(Uuid::from_u128(7))].into(),
                tiers: [Tier::L1].into(),
                priorities: [Priority::P2, Priority::P3].into(),
            },
            conditions: vec![
                Condition::UnassignedFor { minutes: 45 },
                Condition::BotGaveUp {},
                Condition::TimeInTier { minutes: 90 },
                Condition::SlaUsed {
                    metric: Metric::FirstResponse,
                    percent: 80,
                },
                Condition::PriorityReached {
                    priority: Priority::P2,
                },
                Condition::Reopened { times: 3 },
            ],
            effects: vec![
                Effect::RaisePriority {
                    to: Some(Priority::P1),
                },
                Effect::Move {
                    team: Some(TeamId(Uuid::from_u128(8))),
                    tier: Some(Tier::L3),
                },
                Effect::NotifyQueue {},
                Effect::NotifyPerson {
                    person: PersonId(Uuid::from_u128(9)),
                },
            ],
        };
        let document = Document {
            id: DocumentId(Uuid::nil()),
            version: 4,
            name: "All of it".to_owned(),
            active: false,
            valid_from: DateTime::UNIX_EPOCH,
            author: None,
            body: rule.clone(),
        };
        let form = RuleForm::of(&document);
        assert_eq!(form.rule(), rule);
        assert!(!form.is_active());
        assert_eq!((form.version, form.name.as_str()), (4, "All of it"));
    }
}
