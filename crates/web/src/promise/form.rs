//! The policy as one form: rules can be added, moved and taken out without saving and without scripts. Fields are named
//! `r0-name`, `r0-P2-resolution` …, by the place of their rule.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use tierdesk_desk::rulebook::{Reign, Standing};
use tierdesk_domain::field::one_line;
use tierdesk_domain::id::{CategoryId, DocumentId, OrganisationId};
use tierdesk_domain::sla::{
    MAX_RULES, Metric, Policy, PolicyRule, Reopen, When, read_target, written_target,
};
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::Priority;

use super::sample::Sample;
use crate::form::Errors;

/// What is left at least after a reopening, if nothing was typed.
const CARRY: &str = "1 h";

/// A rule as it is typed.
#[derive(Debug, Clone, Default)]
pub(super) struct RuleForm {
    pub(super) name: String,
    priorities: Vec<String>,
    kinds: Vec<String>,
    categories: Vec<String>,
    organisations: Vec<String>,
    vip: String,
    calendar: String,
    pub(super) on_hold: bool,
    targets: BTreeMap<String, String>,
}

/// The whole form.
#[derive(Debug, Clone, Default)]
pub(super) struct PolicyForm {
    /// The newest version that its writer saw.
    pub(super) version: i32,
    /// The version that it began with.
    pub(super) based_on: i32,
    pub(super) rules: Vec<RuleForm>,
    /// Whether time goes on after a reopening, instead of starting afresh.
    pub(super) carries: bool,
    pub(super) carry: String,
    pub(super) from: String,
    pub(super) sample: Sample,
    button: String,
}

/// A change of the form itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Edit {
    Add,
    Up(usize),
    Down(usize),
    Remove(usize),
}

/// What the pressed button means.
pub(super) enum Doing {
    Edit(Edit),
    Try,
    Replay,
    Save,
}

fn ticked<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|it| it.to_string()).collect()
}

fn target_key(priority: Priority, metric: Metric) -> String {
    format!("{priority}-{metric}")
}

impl RuleForm {
    fn of(rule: &PolicyRule) -> Self {
        let mut targets = BTreeMap::new();
        for (priority, times) in &rule.targets {
            for (metric, seconds) in times {
                targets.insert(target_key(*priority, *metric), written_target(*seconds));
            }
        }
        Self {
            name: rule.name.clone(),
            priorities: ticked(&rule.when.priorities),
            kinds: ticked(&rule.when.kinds),
            categories: ticked(&rule.when.categories),
            organisations: ticked(&rule.when.organisations),
            vip: match rule.when.vip {
                None => String::new(),
                Some(true) => "yes".to_owned(),
                Some(false) => "no".to_owned(),
            },
            calendar: rule.calendar.map(|it| it.to_string()).unwrap_or_default(),
            on_hold: rule.on_hold_pauses,
            targets,
        }
    }

    /// Takes in one field of the form.
    fn take(&mut self, field: &str, value: &str) {
        let value = value.to_owned();
        match field {
            "name" => self.name = value,
            "priorities" => self.priorities.push(value),
            "kinds" => self.kinds.push(value),
            "categories" => self.categories.push(value),
            "organisations" => self.organisations.push(value),
            "vip" => self.vip = value,
            "calendar" => self.calendar = value,
            "on_hold" => self.on_hold = true,
            target => {
                self.targets.insert(target.to_owned(), value);
            }
        }
    }

    /// Whether a box or an option has this value.
    pub(super) fn has(&self, field: &str, value: &str) -> bool {
        let among = |values: &[String]| values.iter().any(|it| it == value);
        match field {
            "priorities" => among(&self.priorities),
            "kinds" => among(&self.kinds),
            "categories" => among(&self.categories),
            "organisations" => among(&self.organisations),
            "vip" => self.vip == value,
            _ => self.calendar == value,
        }
    }

    /// How many conditions are set, so that the page can keep the rest folded.
    pub(super) fn narrows(&self) -> bool {
        !(self.categories.is_empty() && self.organisations.is_empty() && self.vip.is_empty())
    }

    /// What is typed for a target.
    pub(super) fn target(&self, priority: &str, metric: &str) -> &str {
        let key = format!("{priority}-{metric}");
        self.targets.get(&key).map_or("", String::as_str)
    }

    fn read(&self, place: usize, errors: &mut Errors) -> PolicyRule {
        fn set<T: Ord>(words: &[String], read: impl Fn(&String) -> Option<T>) -> BTreeSet<T> {
            words.iter().filter_map(read).collect()
        }
        let mut targets: BTreeMap<Priority, BTreeMap<Metric, u32>> = BTreeMap::new();
        for priority in Priority::ALL {
            for metric in Metric::ALL {
                let key = target_key(priority, *metric);
                let text = self.targets.get(&key).map_or("", |it| it.trim());
                match (text, read_target(text)) {
                    ("", _) => {}
                    (_, Some(seconds)) => {
                        targets
                            .entry(priority)
                            .or_default()
                            .insert(*metric, seconds);
                    }
                    (_, None) => errors.add(format!("r{place}-{key}"), t("promise.bad_target")),
                }
            }
        }
        let priority = |word: &String| Priority::ALL.into_iter().find(|it| it.to_string() == *word);
        let rule = PolicyRule {
            name: one_line(&self.name),
            when: When {
                priorities: set(&self.priorities, priority),
                kinds: set(&self.kinds, |it| it.parse().ok()),
                categories: set(&self.categories, |it| it.parse().ok().map(CategoryId)),
                organisations: set(&self.organisations, |it| {
                    it.parse().ok().map(OrganisationId)
                }),
                vip: match self.vip.as_str() {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                },
            },
            calendar: self.calendar.parse().ok().map(DocumentId),
            on_hold_pauses: self.on_hold,
            targets,
        };
        if let Some((message, limit)) = rule.fault() {
            errors.add(
                format!("r{place}-name"),
                fill(message, &[("limit", &limit)]),
            );
        }
        rule
    }
}

impl PolicyForm {
    /// For the version after an existing one.
    pub(super) fn of(reign: &Reign<Policy>, newest: i32, zone: Tz) -> Self {
        let document = &reign.document;
        let (carries, carry) = match document.body.reopen {
            Reopen::NewCycle => (false, CARRY.to_owned()),
            Reopen::Carry { at_least_seconds } => (true, written_target(at_least_seconds)),
        };
        Self {
            version: newest,
            based_on: document.version,
            rules: document.body.rules.iter().map(RuleForm::of).collect(),
            carries,
            carry,
            from: match reign.standing {
                Standing::Later => {
                    let begins = document.valid_from.with_timezone(&zone);
                    begins.date_naive().to_string()
                }
                _ => String::new(),
            },
            sample: Sample::default(),
            button: String::new(),
        }
    }

    /// What was sent.
    pub(super) fn sent(fields: &[(String, String)]) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            let rule = name.strip_prefix('r').and_then(|it| it.split_once('-'));
            let rule = rule.and_then(|(place, field)| Some((place.parse::<usize>().ok()?, field)));
            if let Some((place, field)) = rule
                && place <= MAX_RULES
            {
                if form.rules.len() <= place {
                    form.rules.resize_with(place + 1, RuleForm::default);
                }
                form.rules[place].take(field, value);
                continue;
            }
            let text = value.clone();
            match name.as_str() {
                "version" => form.version = value.parse().unwrap_or_default(),
                "based_on" => form.based_on = value.parse().unwrap_or_default(),
                "reopen" => form.carries = value == "carry",
                "carry" => form.carry = text,
                "from" => form.from = text,
                "do" => form.button = text,
                "s-priority" => form.sample.priority = text,
                "s-kind" => form.sample.kind = text,
                "s-category" => form.sample.category = text,
                "s-organisation" => form.sample.organisation = text,
                "s-vip" => form.sample.vip = true,
                _ => {}
            }
        }
        form
    }

    /// What the pressed button means; saving, if it says nothing.
    pub(super) fn doing(&self) -> Doing {
        let (word, place) = self.button.split_once('-').unwrap_or((&self.button, ""));
        match (word, place.parse()) {
            ("try", _) => Doing::Try,
            ("replay", _) => Doing::Replay,
            ("add", _) => Doing::Edit(Edit::Add),
            ("up", Ok(place)) => Doing::Edit(Edit::Up(place)),
            ("down", Ok(place)) => Doing::Edit(Edit::Down(place)),
            ("remove", Ok(place)) => Doing::Edit(Edit::Remove(place)),
            _ => Doing::Save,
        }
    }

    /// Changes the form itself; what makes no sense changes nothing.
    pub(super) fn edit(&mut self, edit: Edit) {
        let count = self.rules.len();
        match edit {
            // First, because the first rule that holds applies, and a new one is the narrower one.
            Edit::Add if count < MAX_RULES => self.rules.insert(0, RuleForm::default()),
            Edit::Up(place) if (1..count).contains(&place) => self.rules.swap(place, place - 1),
            Edit::Down(place) if place + 1 < count => self.rules.swap(place, place + 1),
            Edit::Remove(place) if place < count => drop(self.rules.remove(place)),
            _ => {}
        }
    }

    /// As a policy, as far as it can be read, and what cannot.
    pub(super) fn read(&self) -> (Policy, Errors) {
        let mut errors = Errors::default();
        let rules = self.rules.iter().enumerate();
        let rules = rules
            .map(|(place, rule)| rule.read(place, &mut errors))
            .collect();
        let reopen = match (self.carries, read_target(&self.carry)) {
            (false, _) => Reopen::NewCycle,
            (true, Some(at_least_seconds)) => Reopen::Carry { at_least_seconds },
            (true, None) => {
                errors.add("carry", t("promise.bad_target"));
                Reopen::NewCycle
            }
        };
        (Policy { rules, reopen }, errors)
    }

    /// The day on which it begins; none at once.
    pub(super) fn effective_from(&self, errors: &mut Errors) -> Option<NaiveDate> {
        crate::form::date("from", &self.from, errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use tierdesk_store::configuration::Document;
    use uuid::Uuid;

    fn policy() -> Policy {
        let mut policy = Policy::standard(DocumentId(Uuid::from_u128(1)));
        policy.rules[0].when = When {
            priorities: [Priority::P1, Priority::P2].into(),
            kinds: ["incident".parse().expect("a kind")].into(),
            categories: [CategoryId(Uuid::from_u128(2))].into(),
            organisations: [OrganisationId(Uuid::from_u128(3))].into(),
            vip: Some(false),
        };
        policy.rules[1].on_hold_pauses = true;
        policy.reopen = Reopen::Carry {
            at_least_seconds: 5400,
        };
        policy
    }

    fn shown(policy: Policy) -> PolicyForm {
        let document = Document {
            id: DocumentId(Uuid::nil()),
            version: 3,
            name: "Service levels".to_owned(),
            active: true,
            valid_from: DateTime::UNIX_EPOCH,
            author: None,
            body: policy,
        };
        let reign = Reign {
            document,
            author: None,
            standing: Standing::Now,
            until: None,
        };
        PolicyForm::of(&reign, 3, Tz::UTC)
    }

    #[test]
    fn a_policy_that_is_shown_and_sent_back_is_the_same_policy() {
        let (read, errors) = shown(policy()).read();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(read, policy());
    }

    #[test]
    fn rules_are_moved_added_and_taken_out_and_nonsense_changes_nothing() {
        let mut form = shown(policy());
        let names = |form: &PolicyForm| -> Vec<String> {
            form.rules.iter().map(|it| it.name.clone()).collect()
        };
        let before = names(&form);
        for nonsense in [Edit::Up(0), Edit::Down(1), Edit::Up(9), Edit::Remove(9)] {
            form.edit(nonsense);
            assert_eq!(names(&form), before);
        }
        form.edit(Edit::Up(1));
        assert_eq!(names(&form), [before[1].clone(), before[0].clone()]);
        form.edit(Edit::Add);
        assert_eq!(names(&form)[0], "");
        form.edit(Edit::Remove(1));
        assert_eq!(names(&form), [String::new(), before[0].clone()]);
    }

    #[test]
    fn what_cannot_be_read_is_said_beside_its_field() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = PolicyForm::sent(&[
            field("r0-name", ""),
            field("r0-P1-resolution", "soon"),
            field("r1-name", "All"),
            field("r1-P1-resolution", "4 h"),
            field("r99999999999-name", "far"),
            field("reopen", "carry"),
            field("carry", "a while"),
        ]);
        let (policy, errors) = form.read();
        assert_eq!(policy.rules.len(), 2);
        for (name, wrong) in [
            ("r0-name", true),
            ("r0-P1-resolution", true),
            ("r1-name", false),
            ("carry", true),
        ] {
            assert_eq!(!errors.of(name).is_empty(), wrong, "{name}");
        }
    }
}
