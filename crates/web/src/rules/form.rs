//! A rule as a form: one row per condition and effect, in their order. A row sends all of its fields, used or not, so that
//! the rows stay apart without scripts; buttons add, move and take away rows and show the form again.

use serde::Deserialize;
use tierdesk_domain::escalation::{Condition, Effect, Meant, Only, Rule};
use tierdesk_domain::id::{PersonId, SkillId, TeamId};
use tierdesk_domain::sla::Metric;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::configuration::Document;
use uuid::Uuid;

use super::choices::{ConditionKind, EffectKind};

/// What a form sends. An unticked box sends nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RuleForm {
    /// The newest version, after which it is saved.
    pub(crate) version: i32,
    /// The version whose words it began with.
    pub(crate) based_on: i32,
    pub(crate) name: String,
    active: String,
    only_team: Vec<String>,
    only_tier: Vec<String>,
    only_priority: Vec<String>,
    if_kind: Vec<String>,
    if_number: Vec<String>,
    if_choice: Vec<String>,
    if_text: Vec<String>,
    then_kind: Vec<String>,
    then_team: Vec<String>,
    then_tier: Vec<String>,
    then_skill: Vec<String>,
    then_choice: Vec<String>,
    then_text: Vec<String>,
    add_if: String,
    add_then: String,
    pub(crate) days: String,
    /// Which button was pressed: nothing or `save`, `try`, or an [`Edit`].
    #[serde(rename = "do")]
    pub(crate) pressed: String,
}

/// A condition as it stands in the form.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConditionRow {
    /// The id of its field: the first row of a kind has the name that errors link to.
    pub(crate) id: String,
    pub(crate) kind: ConditionKind,
    /// Minutes, percent or times.
    pub(crate) number: String,
    /// A promise or a priority.
    pub(crate) choice: String,
    /// A filter.
    pub(crate) text: String,
}

/// An effect as it stands in the form.
#[derive(Debug, Clone, Default)]
pub(crate) struct EffectRow {
    /// As in [`ConditionRow`].
    pub(crate) id: String,
    pub(crate) kind: EffectKind,
    pub(crate) team: String,
    pub(crate) tier: String,
    pub(crate) skill: String,
    /// A priority or a person.
    pub(crate) choice: String,
    /// A note.
    pub(crate) text: String,
}

fn priority(word: &str) -> Option<Priority> {
    Priority::ALL.into_iter().find(|it| it.to_string() == word)
}

fn uuid(word: &str) -> Option<Uuid> {
    word.parse().ok()
}

/// A number that cannot be read is 0, which no rule accepts.
fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    text.trim().parse().unwrap_or_default()
}

fn words<T: ToString>(all: impl IntoIterator<Item = T>) -> Vec<String> {
    all.into_iter().map(|it| it.to_string()).collect()
}

impl ConditionRow {
    /// A fresh row with numbers that make sense.
    fn fresh(kind: ConditionKind) -> Self {
        let (number, choice) = match kind {
            ConditionKind::Unassigned => ("30", ""),
            ConditionKind::NoAnswer => ("240", ""),
            ConditionKind::InTier => ("240", ""),
            ConditionKind::Used => ("75", Metric::Resolution.as_str()),
            ConditionKind::Reopened => ("2", ""),
            ConditionKind::Bot | ConditionKind::Priority | ConditionKind::Filter => ("", ""),
        };
        Self {
            kind,
            number: number.to_owned(),
            choice: choice.to_owned(),
            ..Self::default()
        }
    }

    fn of(condition: &Condition) -> Self {
        let row = |kind, number: String, choice: String, text: &str| Self {
            kind,
            number,
            choice,
            text: text.to_owned(),
            ..Self::default()
        };
        let none = String::new;
        match condition {
            Condition::UnassignedFor { minutes } => {
                row(ConditionKind::Unassigned, minutes.to_string(), none(), "")
            }
            Condition::NoAnswerFor { minutes } => {
                row(ConditionKind::NoAnswer, minutes.to_string(), none(), "")
            }
            Condition::BotGaveUp {} => row(ConditionKind::Bot, none(), none(), ""),
            Condition::TimeInTier { minutes } => {
                row(ConditionKind::InTier, minutes.to_string(), none(), "")
            }
            Condition::SlaUsed { metric, percent } => row(
                ConditionKind::Used,
                percent.to_string(),
                metric.to_string(),
                "",
            ),
            Condition::PriorityReached { priority } => {
                row(ConditionKind::Priority, none(), priority.to_string(), "")
            }
            Condition::Reopened { times } => {
                row(ConditionKind::Reopened, times.to_string(), none(), "")
            }
            Condition::Matches { filter } => {
                row(ConditionKind::Filter, none(), none(), &filter.text)
            }
        }
    }

    fn condition(&self) -> Condition {
        let minutes = number(&self.number);
        match self.kind {
            ConditionKind::Unassigned => Condition::UnassignedFor { minutes },
            ConditionKind::NoAnswer => Condition::NoAnswerFor { minutes },
            ConditionKind::Bot => Condition::BotGaveUp {},
            ConditionKind::InTier => Condition::TimeInTier { minutes },
            ConditionKind::Used => Condition::SlaUsed {
                metric: self.choice.parse().unwrap_or(Metric::Resolution),
                percent: number(&self.number),
            },
            ConditionKind::Priority => Condition::PriorityReached {
                priority: priority(&self.choice).unwrap_or(Priority::P1),
            },
            ConditionKind::Reopened => Condition::Reopened {
                times: number(&self.number),
            },
            // What it means the desk looks up.
            ConditionKind::Filter => Condition::Matches {
                filter: Box::new(Meant {
                    text: self.text.trim().to_owned(),
                    ..Meant::default()
                }),
            },
        }
    }
}

impl EffectRow {
    fn of(effect: &Effect) -> Self {
        let some = |kind| Self {
            kind,
            ..Self::default()
        };
        match effect {
            Effect::Move { team, tier, skill } => Self {
                team: team.map(|it| it.to_string()).unwrap_or_default(),
                tier: tier.map(|it| it.to_string()).unwrap_or_default(),
                skill: skill.map(|it| it.to_string()).unwrap_or_default(),
                ..some(EffectKind::Move)
            },
            Effect::RaisePriority { to } => Self {
                choice: to.map(|it| it.to_string()).unwrap_or_default(),
                ..some(EffectKind::Raise)
            },
            Effect::NotifyQueue {} => some(EffectKind::Queue),
            Effect::NotifyAssignee {} => some(EffectKind::Assignee),
            Effect::NotifyInCharge {} => some(EffectKind::InCharge),
            Effect::NotifyPerson { person } => Self {
                choice: person.to_string(),
                ..some(EffectKind::Person)
            },
            Effect::AddNote { text } => Self {
                text: text.clone(),
                ..some(EffectKind::Note)
            },
        }
    }

    fn effect(&self) -> Effect {
        match self.kind {
            EffectKind::Move => Effect::Move {
                team: uuid(&self.team).map(TeamId),
                tier: Tier::from_name(&self.tier),
                skill: uuid(&self.skill).map(SkillId),
            },
            EffectKind::Raise => Effect::RaisePriority {
                to: priority(&self.choice),
            },
            EffectKind::Queue => Effect::NotifyQueue {},
            EffectKind::Assignee => Effect::NotifyAssignee {},
            EffectKind::InCharge => Effect::NotifyInCharge {},
            // Nobody chosen is a person whom nobody finds, which the desk refuses.
            EffectKind::Person => Effect::NotifyPerson {
                person: PersonId(uuid(&self.choice).unwrap_or_default()),
            },
            EffectKind::Note => Effect::AddNote {
                text: tierdesk_domain::field::many_lines(&self.text),
            },
        }
    }
}

/// Looks a field of a row up; a row that was sent in part has empty fields.
fn at(fields: &[String], i: usize) -> String {
    fields.get(i).cloned().unwrap_or_default()
}

/// The field's name for the first row of a kind, and a name of its own for each that follows.
fn id(seen: &mut Vec<&'static str>, field: &'static str) -> String {
    let before = seen.iter().filter(|it| **it == field).count();
    seen.push(field);
    match before {
        0 => field.to_owned(),
        n => format!("{field}_{}", n + 1),
    }
}

impl RuleForm {
    /// For a new rule.
    pub(crate) fn fresh() -> Self {
        let mut form = Self {
            active: "yes".to_owned(),
            ..Self::default()
        };
        form.set_conditions(&[ConditionRow::fresh(ConditionKind::Unassigned)]);
        form.set_effects(&[EffectRow::default()]);
        form
    }

    /// For an existing one whose newest version is `newest`, with the words of a version.
    pub(crate) fn of(newest: i32, document: &Document<Rule>) -> Self {
        let rule = &document.body;
        let mut form = Self {
            version: newest,
            based_on: document.version,
            name: document.name.clone(),
            active: if document.active { "yes" } else { "" }.to_owned(),
            only_team: words(&rule.only.teams),
            only_tier: words(&rule.only.tiers),
            only_priority: words(&rule.only.priorities),
            ..Self::default()
        };
        let conditions: Vec<_> = rule.conditions.iter().map(ConditionRow::of).collect();
        let effects: Vec<_> = rule.effects.iter().map(EffectRow::of).collect();
        form.set_conditions(&conditions);
        form.set_effects(&effects);
        form
    }

    /// The conditions, in their order; what is none is left out.
    pub(crate) fn conditions(&self) -> Vec<ConditionRow> {
        let rows = self.if_kind.iter().enumerate();
        let mut seen = Vec::new();
        rows.filter_map(|(i, kind)| {
            let kind: ConditionKind = kind.parse().ok()?;
            Some(ConditionRow {
                id: id(&mut seen, kind.field()),
                kind,
                number: at(&self.if_number, i),
                choice: at(&self.if_choice, i),
                text: at(&self.if_text, i),
            })
        })
        .collect()
    }

    /// The effects, in their order; what is none is left out.
    pub(crate) fn effects(&self) -> Vec<EffectRow> {
        let rows = self.then_kind.iter().enumerate();
        let mut seen = Vec::new();
        rows.filter_map(|(i, kind)| {
            let kind: EffectKind = kind.parse().ok()?;
            Some(EffectRow {
                id: id(&mut seen, kind.field()),
                kind,
                team: at(&self.then_team, i),
                tier: at(&self.then_tier, i),
                skill: at(&self.then_skill, i),
                choice: at(&self.then_choice, i),
                text: at(&self.then_text, i),
            })
        })
        .collect()
    }

    fn set_conditions(&mut self, rows: &[ConditionRow]) {
        self.if_kind = words(rows.iter().map(|it| it.kind));
        self.if_number = words(rows.iter().map(|it| &it.number));
        self.if_choice = words(rows.iter().map(|it| &it.choice));
        self.if_text = words(rows.iter().map(|it| &it.text));
    }

    fn set_effects(&mut self, rows: &[EffectRow]) {
        self.then_kind = words(rows.iter().map(|it| it.kind));
        self.then_team = words(rows.iter().map(|it| &it.team));
        self.then_tier = words(rows.iter().map(|it| &it.tier));
        self.then_skill = words(rows.iter().map(|it| &it.skill));
        self.then_choice = words(rows.iter().map(|it| &it.choice));
        self.then_text = words(rows.iter().map(|it| &it.text));
    }

    /// Does what the pressed button says to the rows. False if it was another button.
    pub(crate) fn edit(&mut self) -> bool {
        let (verb, row) = self.pressed.split_once(':').unwrap_or((&self.pressed, ""));
        let row: usize = row.parse().unwrap_or(usize::MAX);
        let (mut conditions, mut effects) = (self.conditions(), self.effects());
        match verb {
            "add_if" => {
                let kind = self.add_if.parse().unwrap_or_default();
                conditions.push(ConditionRow::fresh(kind));
            }
            "add_then" => effects.push(EffectRow {
                kind: self.add_then.parse().unwrap_or_default(),
                ..EffectRow::default()
            }),
            "drop_if" if row < conditions.len() => drop(conditions.remove(row)),
            "drop_then" if row < effects.len() => drop(effects.remove(row)),
            "up_if" if (1..conditions.len()).contains(&row) => conditions.swap(row, row - 1),
            "up_then" if (1..effects.len()).contains(&row) => effects.swap(row, row - 1),
            _ => return false,
        }
        self.set_conditions(&conditions);
        self.set_effects(&effects);
        true
    }

    /// As a rule; what is wrong with it the desk says.
    pub(crate) fn rule(&self) -> Rule {
        Rule {
            only: Only {
                teams: self
                    .only_team
                    .iter()
                    .filter_map(|it| uuid(it))
                    .map(TeamId)
                    .collect(),
                tiers: self
                    .only_tier
                    .iter()
                    .filter_map(|it| Tier::from_name(it))
                    .collect(),
                priorities: self
                    .only_priority
                    .iter()
                    .filter_map(|it| priority(it))
                    .collect(),
            },
            conditions: self
                .conditions()
                .iter()
                .map(ConditionRow::condition)
                .collect(),
            effects: self.effects().iter().map(EffectRow::effect).collect(),
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Whether a box of the row `only` is ticked.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        let ticked = match name {
            "only_team" => &self.only_team,
            "only_tier" => &self.only_tier,
            _ => &self.only_priority,
        };
        ticked.iter().any(|it| it == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use tierdesk_domain::id::DocumentId;

    fn everything() -> Rule {
        Rule {
            only: Only {
                teams: [TeamId(Uuid::from_u128(7))].into(),
                tiers: [Tier::L1].into(),
                priorities: [Priority::P2, Priority::P3].into(),
            },
            conditions: vec![
                Condition::UnassignedFor { minutes: 45 },
                Condition::Matches {
                    filter: Box::new(Meant {
                        text: "vip:yes".to_owned(),
                        ..Meant::default()
                    }),
                },
                Condition::BotGaveUp {},
                Condition::NoAnswerFor { minutes: 10 },
                Condition::TimeInTier { minutes: 90 },
                Condition::SlaUsed {
                    metric: Metric::FirstResponse,
                    percent: 80,
                },
                Condition::SlaUsed {
                    metric: Metric::TimeInTier,
                    percent: 50,
                },
                Condition::PriorityReached {
                    priority: Priority::P2,
                },
                Condition::Reopened { times: 3 },
            ],
            effects: vec![
                Effect::NotifyAssignee {},
                Effect::RaisePriority {
                    to: Some(Priority::P1),
                },
                Effect::Move {
                    team: Some(TeamId(Uuid::from_u128(8))),
                    tier: Some(Tier::L3),
                    skill: Some(SkillId(Uuid::from_u128(10))),
                },
                Effect::Move {
                    team: None,
                    tier: Some(Tier::L2),
                    skill: None,
                },
                Effect::NotifyQueue {},
                Effect::NotifyInCharge {},
                Effect::AddNote {
                    text: "Look here.\nAnd there.".to_owned(),
                },
                Effect::NotifyPerson {
                    person: PersonId(Uuid::from_u128(9)),
                },
            ],
        }
    }

    #[test]
    fn a_rule_that_is_shown_and_sent_back_is_the_same_rule() {
        let document = Document {
            id: DocumentId(Uuid::nil()),
            version: 4,
            name: "All of it".to_owned(),
            active: false,
            valid_from: DateTime::UNIX_EPOCH,
            author: None,
            body: everything(),
        };
        let form = RuleForm::of(5, &document);
        assert_eq!(form.rule(), everything());
        assert!(!form.is_active());
        assert_eq!((form.version, form.based_on), (5, 4));
        assert_eq!(form.name, "All of it");
    }

    #[test]
    fn buttons_add_move_and_take_away_rows() {
        let mut form = RuleForm::fresh();
        let mut press = |button: &str, kind: &str| {
            form.pressed = button.to_owned();
            (form.add_if, form.add_then) = (kind.to_owned(), kind.to_owned());
            let done = form.edit();
            let kinds: Vec<_> = form.conditions().iter().map(|it| it.kind).collect();
            (done, kinds)
        };
        use ConditionKind::{Filter, Unassigned, Used};
        assert_eq!(press("add_if", "used"), (true, vec![Unassigned, Used]));
        assert_eq!(
            press("add_if", "filter"),
            (true, vec![Unassigned, Used, Filter])
        );
        assert_eq!(press("up_if:2", ""), (true, vec![Unassigned, Filter, Used]));
        assert_eq!(press("drop_if:0", ""), (true, vec![Filter, Used]));
        for nothing in ["", "save", "try", "up_if:0", "drop_if:9", "drop_if:x"] {
            assert!(!press(nothing, "").0, "{nothing}");
        }
    }
}
