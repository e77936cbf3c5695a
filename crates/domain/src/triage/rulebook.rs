//! The rules of triage as data: a versioned document of word groups, rules for an intent, rules against one, and hints.
//!
//! A document is checked when it is compiled, so that a rule naming a group that does not exist never gets as far as a ticket.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{Hint, Intent, Word, normalise};

/// The document that ships with the product.
const STANDARD: &str = include_str!("rules.json");
/// Most groups a document may have.
const MAX_GROUPS: usize = 400;
/// Most rules of all kinds a document may have.
const MAX_RULES: usize = 400;

/// A rule document as it is stored: configuration of kind `triage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Name of the document, cited with the version by every decision.
    pub id: String,
    /// Version of the document.
    pub version: i32,
    /// What an intent's score must reach to be chosen.
    pub threshold: i32,
    /// Named lists of words and phrases. `word*` matches every word that begins so; `word~` also matches one typing mistake; `<target>` is the bare name
    /// or address of any machine.
    pub groups: BTreeMap<String, Vec<String>>,
    /// What speaks for an intent.
    pub rules: Vec<Rule>,
    /// What speaks against an intent.
    pub against: Vec<CounterRule>,
    /// What else a ticket says, for the people and playbooks that come after.
    pub hints: Vec<HintRule>,
}

/// Speaks for an intent when all its groups stand close together in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Stable name, shown with every decision.
    pub id: String,
    /// The intent it speaks for.
    pub intent: Intent,
    /// How much it counts, once per ticket.
    pub weight: i32,
    /// Names of the groups that must occur.
    pub all: Vec<String>,
    /// Most words between two neighbouring groups.
    #[serde(default = "default_within")]
    pub within: usize,
    /// Whether the groups must come in the given order.
    #[serde(default)]
    pub ordered: bool,
    /// Groups that void a match when they stand in the same sentence within `unless_within` words of it.
    #[serde(default)]
    pub unless: Vec<String>,
    /// How near a voiding group must stand, in words.
    #[serde(default = "default_unless_within")]
    pub unless_within: usize,
    /// The rule is looked at only while those before it have not brought its intent to the threshold: it makes nothing surer
    /// that is sure, so that one thing told in two ways never outweighs another intent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fallback: bool,
    /// The rule counts only in texts of at most so many words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_words: Option<usize>,
}

/// Speaks against an intent when all its groups stand close together in one sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterRule {
    /// Stable name, shown with every decision.
    pub id: String,
    /// The intents it speaks against.
    pub against: Vec<Intent>,
    /// How much it takes away, once per ticket.
    pub weight: i32,
    /// Names of the groups that must occur.
    pub all: Vec<String>,
    /// Most words between two neighbouring groups.
    #[serde(default = "default_within")]
    pub within: usize,
    /// Whether the groups must come in the given order.
    #[serde(default)]
    pub ordered: bool,
}

/// Adds a hint to a decision for one of its intents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HintRule {
    /// What is hinted at.
    pub hint: Hint,
    /// Intents it is looked for with.
    pub with: Vec<Intent>,
    /// Names of the groups that must occur.
    pub all: Vec<String>,
    /// Most words between two neighbouring groups.
    #[serde(default = "default_within")]
    pub within: usize,
    /// Whether the groups must come in the given order.
    #[serde(default)]
    pub ordered: bool,
}

fn default_within() -> usize {
    6
}

fn default_unless_within() -> usize {
    4
}

/// Why a rule document cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RuleBookError {
    /// The text is not such a document.
    #[error("the rule document cannot be read: {0}")]
    Unreadable(String),
    /// A rule names a group that the document does not have.
    #[error("rule {rule} names the group {group}, which the document does not have")]
    UnknownGroup {
        /// The rule.
        rule: String,
        /// The missing group.
        group: String,
    },
    /// Two rules have the same name.
    #[error("two rules are called {0}")]
    Twice(String),
    /// A number or list is outside of what is allowed.
    #[error("{rule}: {what}")]
    OutOfRange {
        /// The rule or group.
        rule: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// One way a group can begin at a word.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    pub(super) group: usize,
    pub(super) words: Vec<WordPattern>,
}

/// How one word of a phrase is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WordPattern {
    Exact(String),
    Prefix(String),
    Fuzzy(String),
    Target,
}

/// A shape of groups that both rules and counter-rules have.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) groups: Vec<usize>,
    pub(super) within: usize,
    pub(super) ordered: bool,
}

/// A checked, compiled rule document.
#[derive(Debug, Clone)]
pub struct RuleBook {
    pub(super) document: RuleDocument,
    pub(super) exact: HashMap<String, Vec<Phrase>>,
    pub(super) inexact: Vec<Phrase>,
    pub(super) groups: usize,
    pub(super) rules: Vec<(Shape, Vec<usize>)>,
    pub(super) against: Vec<Shape>,
    pub(super) hints: Vec<Shape>,
}

impl RuleBook {
    /// The document that ships with the product.
    ///
    /// # Errors
    ///
    /// Never for the shipped document, which a test compiles.
    pub fn standard() -> Result<Self, RuleBookError> {
        Self::parse(STANDARD)
    }

    /// The text of the document that ships with the product, to be stored as its first version.
    #[must_use]
    pub fn standard_document() -> &'static str {
        STANDARD
    }

    /// Reads and compiles a document.
    ///
    /// # Errors
    ///
    /// When the document cannot be read, names a missing group, or has a number out of range.
    pub fn parse(json: &str) -> Result<Self, RuleBookError> {
        let document = serde_json::from_str(json)
            .map_err(|error| RuleBookError::Unreadable(error.to_string()))?;
        Self::compile(document)
    }

    /// Compiles a document.
    ///
    /// # Errors
    ///
    /// As [`RuleBook::parse`].
    pub fn compile(document: RuleDocument) -> Result<Self, RuleBookError> {
        let out_of_range = |rule: &str, what| {
            Err(RuleBookError::OutOfRange {
                rule: rule.to_owned(),
                what,
            })
        };
        if !(1..=1_000).contains(&document.threshold) {
            return out_of_range(&document.id, "the threshold must be between 1 and 1000");
        }
        if document.groups.len() > MAX_GROUPS {
            return out_of_range(&document.id, "the document has too many groups");
        }
        if document.rules.len() + document.against.len() + document.hints.len() > MAX_RULES {
            return out_of_range(&document.id, "the document has too many rules");
        }
        let index: HashMap<&str, usize> = document
            .groups
            .keys()
            .enumerate()
            .map(|(at, name)| (name.as_str(), at))
            .collect();
        let mut exact: HashMap<String, Vec<Phrase>> = HashMap::new();
        let mut inexact = Vec::new();
        for (name, phrases) in &document.groups {
            for text in phrases {
                let words = phrase(text);
                let group = index[name.as_str()];
                match words.first() {
                    None => return out_of_range(name, "an entry has no word in it"),
                    Some(WordPattern::Exact(first)) => exact
                        .entry(first.clone())
                        .or_default()
                        .push(Phrase { group, words }),
                    Some(_) => inexact.push(Phrase { group, words }),
                }
            }
        }
        let find = |rule: &str, names: &[String]| -> Result<Vec<usize>, RuleBookError> {
            names
                .iter()
                .map(|group| {
                    index
                        .get(group.as_str())
                        .copied()
                        .ok_or_else(|| RuleBookError::UnknownGroup {
                            rule: rule.to_owned(),
                            group: group.clone(),
                        })
                })
                .collect()
        };
        let shape = |rule: &str,
                     all: &[String],
                     within: usize,
                     ordered: bool|
         -> Result<Shape, RuleBookError> {
            if !(1..=4).contains(&all.len()) || within > 40 {
                return Err(RuleBookError::OutOfRange {
                    rule: rule.to_owned(),
                    what: "a rule has one to four groups, at most 40 words apart",
                });
            }
            Ok(Shape {
                groups: find(rule, all)?,
                within,
                ordered,
            })
        };
        let mut names = std::collections::HashSet::new();
        let mut rules = Vec::with_capacity(document.rules.len());
        for rule in &document.rules {
            if !names.insert(rule.id.clone()) {
                return Err(RuleBookError::Twice(rule.id.clone()));
            }
            if !(1..=1_000).contains(&rule.weight) || rule.intent == Intent::None {
                return out_of_range(
                    &rule.id,
                    "a rule speaks for an intent with a weight between 1 and 1000",
                );
            }
            rules.push((
                shape(&rule.id, &rule.all, rule.within, rule.ordered)?,
                find(&rule.id, &rule.unless)?,
            ));
        }
        let mut against = Vec::with_capacity(document.against.len());
        for rule in &document.against {
            if !names.insert(rule.id.clone()) {
                return Err(RuleBookError::Twice(rule.id.clone()));
            }
            if !(1..=1_000).contains(&rule.weight) || rule.against.is_empty() {
                return out_of_range(
                    &rule.id,
                    "a rule against an intent has a weight between 1 and 1000",
                );
            }
            against.push(shape(&rule.id, &rule.all, rule.within, rule.ordered)?);
        }
        let hints = document
            .hints
            .iter()
            .map(|rule| shape(rule.hint.as_str(), &rule.all, rule.within, rule.ordered))
            .collect::<Result<_, _>>()?;
        let groups = document.groups.len();
        Ok(Self {
            document,
            exact,
            inexact,
            groups,
            rules,
            against,
            hints,
        })
    }

    /// Name of the document.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.document.id
    }

    /// Version of the document.
    #[must_use]
    pub fn version(&self) -> i32 {
        self.document.version
    }

    /// The document itself, for the page that shows the rules.
    #[must_use]
    pub fn document(&self) -> &RuleDocument {
        &self.document
    }
}

/// Compiles `two words*` into word patterns.
fn phrase(text: &str) -> Vec<WordPattern> {
    let mut out = Vec::new();
    for part in text.split_whitespace() {
        if part == "<target>" {
            out.push(WordPattern::Target);
            continue;
        }
        let mut folded = normalise::fold_phrase(part);
        let Some(last) = folded.pop() else { continue };
        out.extend(folded.into_iter().map(WordPattern::Exact));
        out.push(if part.ends_with('*') {
            WordPattern::Prefix(last)
        } else if part.ends_with('~') {
            WordPattern::Fuzzy(last)
        } else {
            WordPattern::Exact(last)
        });
    }
    out
}

impl WordPattern {
    /// Whether a folded word is meant.
    pub(super) fn matches(&self, word: &Word) -> bool {
        match self {
            Self::Exact(wanted) => *wanted == word.folded,
            Self::Prefix(wanted) => word.folded.starts_with(wanted.as_str()),
            Self::Fuzzy(wanted) => *wanted == word.folded || one_mistake(wanted, &word.folded),
            Self::Target => word.target,
        }
    }
}

/// Whether two words differ by one letter added, left out, changed or swapped with its neighbour; the first must be the same.
fn one_mistake(wanted: &str, word: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (wanted.chars().collect(), word.chars().collect());
    if a.first() != b.first() || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same_head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let same_tail = |x: usize, y: usize| a.get(x..).zip(b.get(y..)).is_some_and(|(x, y)| x == y);
    let (x, y) = (same_head, same_head);
    same_tail(x + 1, y + 1)
        || same_tail(x + 1, y)
        || same_tail(x, y + 1)
        || (x + 1 < a.len()
            && y + 1 < b.len()
            && a[x] == b[y + 1]
            && a[x + 1] == b[y]
            && same_tail(x + 2, y + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_document_compiles() {
        let book = RuleBook::standard().expect("the shipped document is right");
        assert_eq!(book.id(), "triage");
        assert!(book.version() >= 1);
    }

    #[test]
    fn one_typing_mistake_is_forgiven_and_two_are_not() {
        for word in [
            "password",
            "pasword",
            "passsword",
            "psasword",
            "passwrod",
            "passw0rd",
        ] {
            assert!(
                one_mistake("password", word) || word == "password",
                "{word}"
            );
        }
        for word in ["passport", "assword", "passwords12", "word", ""] {
            assert!(!one_mistake("password", word), "{word}");
        }
    }

    #[test]
    fn a_rule_that_names_a_missing_group_is_refused_with_its_name() {
        let json = r#"{"id":"t","version":1,"threshold":10,"groups":{"a":["x"]},"rules":[{"id":"r","intent":"connectivity","weight":5,"all":["a","b"]}],"against":[],"hints":[]}"#;
        assert_eq!(
            RuleBook::parse(json).err(),
            Some(RuleBookError::UnknownGroup {
                rule: "r".into(),
                group: "b".into()
            })
        );
    }

    #[test]
    fn nonsense_in_a_document_is_refused() {
        let of = |groups: &str, rules: &str, threshold: i32| {
            RuleBook::parse(&format!(r#"{{"id":"t","version":1,"threshold":{threshold},"groups":{groups},"rules":{rules},"against":[],"hints":[]}}"#)).err()
        };
        assert!(matches!(
            of("{}", "[]", 0),
            Some(RuleBookError::OutOfRange { .. })
        ));
        assert!(matches!(
            of(r#"{"a":["..."]}"#, "[]", 10),
            Some(RuleBookError::OutOfRange { .. })
        ));
        assert!(matches!(
            of(
                r#"{"a":["x"]}"#,
                r#"[{"id":"r","intent":"none","weight":5,"all":["a"]}]"#,
                10
            ),
            Some(RuleBookError::OutOfRange { .. })
        ));
        assert!(matches!(
            of(
                r#"{"a":["x"]}"#,
                r#"[{"id":"r","intent":"connectivity","weight":5,"all":[]}]"#,
                10
            ),
            Some(RuleBookError::OutOfRange { .. })
        ));
        assert!(matches!(
            of(
                r#"{"a":["x"]}"#,
                r#"[{"id":"r","intent":"connectivity","weight":5,"all":["a"],"surprise":1}]"#,
                10
            ),
            Some(RuleBookError::Unreadable(_))
        ));
        assert!(matches!(
            RuleBook::parse("{").err(),
            Some(RuleBookError::Unreadable(_))
        ));
    }
}
