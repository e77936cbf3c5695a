//! The one filter language (decision 42): what people type to say which tickets they mean, as in
//! `team:Network tier:L2,L3 -status:pending age>2d title~vpn assigned:nobody`.
//!
//! Terms stand side by side and must all hold; a comma means *or*, a minus before a term means *not*, quotes hold words
//! together. [`Filter`] is what was typed and prints itself back; [`Selection`] is the same with names looked up, which
//! lists, rules and dashboards use.

mod known;
mod parse;
mod selection;

#[cfg(test)]
mod tests;

pub use known::{Known, Mentioned};
pub use selection::{Among, Facts, Selection, Span};

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::names::named;
use crate::text::{fill, t};
use crate::ticket::{Channel, Kind, Priority, Status};
use crate::tier::Tier;

/// The longest text that is read, in characters.
pub const MAX_LENGTH: usize = 500;
/// The most terms in one filter.
pub const MAX_TERMS: usize = 30;
/// The longest age that can be named, in seconds: ten years.
pub const MAX_AGE: u32 = 3660 * 86_400;

named! {
    /// What a term speaks of.
    Field, "filter word" {
        /// The team that has it.
        Team = "team",
        /// Its tier.
        Tier = "tier",
        /// Its priority.
        Priority = "priority",
        /// Where it stands.
        Status = "status",
        /// What kind of ticket.
        Kind = "kind",
        /// How it came in.
        Channel = "channel",
        /// What the requester chose.
        Category = "category",
        /// The requester's organisation.
        Organisation = "organisation",
        /// Who it is for.
        Requester = "requester",
        /// Who has it.
        Assigned = "assigned",
        /// The host it is about.
        Host = "host",
        /// Whether the requester is a VIP.
        Vip = "vip",
        /// Whether a promise has a quarter of its time left, or less.
        Risk = "risk",
        /// Whether its next clock has passed.
        Breached = "breached",
        /// How long ago it was filed.
        Age = "age",
        /// How often it was reopened.
        Reopened = "reopened",
        /// Words of its title.
        Title = "title",
    }
}

/// What was typed: terms, all of which must hold. None at all means every ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// In the order in which they were typed.
    pub terms: Vec<Term>,
}

impl Filter {
    /// Whether a text has words of the language in it, such as `team:` or `age>`, whatever comes after them.
    pub fn has_words(text: &str) -> bool {
        let named = |term: &str| {
            let term = term.trim_start_matches('-');
            let name = term.split(|c: char| !c.is_alphabetic()).next();
            let name = name.unwrap_or_default();
            let signed = term[name.len()..].starts_with([':', '~', '<', '>']);
            signed && name.to_lowercase().parse::<Field>().is_ok()
        };
        text.split_whitespace().any(named)
    }
}

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Whether it must not hold.
    pub not: bool,
    /// What is asked.
    pub test: Test,
}

/// What a term asks. Names are kept as they were typed; upper and lower case are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these teams, by name.
    Team(BTreeSet<String>),
    /// One of these tiers.
    Tier(BTreeSet<Tier>),
    /// One of these priorities.
    Priority(BTreeSet<Priority>),
    /// One of these.
    Status(BTreeSet<Status>),
    /// One of these.
    Kind(BTreeSet<Kind>),
    /// One of these.
    Channel(BTreeSet<Channel>),
    /// One of these categories, by name.
    Category(BTreeSet<String>),
    /// One of these organisations, by name.
    Organisation(BTreeSet<String>),
    /// One of these people, by name.
    Requester(BTreeSet<String>),
    /// One of these people, or `nobody`, or `me`.
    Assigned(BTreeSet<String>),
    /// One of these hosts, by name.
    Host(BTreeSet<String>),
    /// Yes or no.
    Vip(bool),
    /// Yes or no.
    Risk(bool),
    /// Yes or no.
    Breached(bool),
    /// Older, or younger, than so many seconds.
    Age {
        /// Older; else younger.
        older: bool,
        /// Than this.
        seconds: u32,
    },
    /// So often or more, or else less often.
    Reopened {
        /// So often or more; else less often.
        at_least: bool,
        /// How often.
        times: u16,
    },
    /// These words stand in the title.
    Title(String),
}

impl Test {
    /// The word it begins with.
    pub fn field(&self) -> Field {
        match self {
            Self::Team(_) => Field::Team,
            Self::Tier(_) => Field::Tier,
            Self::Priority(_) => Field::Priority,
            Self::Status(_) => Field::Status,
            Self::Kind(_) => Field::Kind,
            Self::Channel(_) => Field::Channel,
            Self::Category(_) => Field::Category,
            Self::Organisation(_) => Field::Organisation,
            Self::Requester(_) => Field::Requester,
            Self::Assigned(_) => Field::Assigned,
            Self::Host(_) => Field::Host,
            Self::Vip(_) => Field::Vip,
            Self::Risk(_) => Field::Risk,
            Self::Breached(_) => Field::Breached,
            Self::Age { .. } => Field::Age,
            Self::Reopened { .. } => Field::Reopened,
            Self::Title(_) => Field::Title,
        }
    }
}

/// Why a text is no filter: the word that cannot be read, and what would be possible there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct FilterError {
    /// The word, as it was typed.
    pub word: String,
    /// The message's key in the catalogue.
    pub message: &'static str,
    /// What is possible; fills `{possible}`.
    pub possible: String,
}

impl FilterError {
    pub(crate) fn new(word: &str, message: &'static str, possible: impl Into<String>) -> Self {
        Self {
            word: word.to_owned(),
            message,
            possible: possible.into(),
        }
    }

    /// The sentence for people.
    pub fn sentence(&self) -> String {
        let values: [(&str, &dyn fmt::Display); 2] =
            [("word", &self.word), ("possible", &self.possible)];
        fill(self.message, &values)
    }

    /// The text before the word, the word, and the text after it, for a page that marks it; none where the word does not
    /// stand in the text as it is.
    pub fn in_text<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
        let start = text.find(&self.word).filter(|_| !self.word.is_empty())?;
        let (before, rest) = text.split_at(start);
        let (word, after) = rest.split_at(self.word.len());
        Some((before, word, after))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        parse::filter(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, term) in self.terms.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{term}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = if self.not { "-" } else { "" };
        write!(f, "{not}{}", self.test.field())?;
        let yes = |yes: bool| if yes { ":yes" } else { ":no" };
        match &self.test {
            Test::Team(it)
            | Test::Category(it)
            | Test::Organisation(it)
            | Test::Requester(it)
            | Test::Assigned(it)
            | Test::Host(it) => list(f, it.iter().map(|name| quoted(name))),
            Test::Tier(it) => list(f, it.iter().map(ToString::to_string)),
            Test::Priority(it) => list(f, it.iter().map(ToString::to_string)),
            Test::Status(it) => list(f, it.iter().map(ToString::to_string)),
            Test::Kind(it) => list(f, it.iter().map(ToString::to_string)),
            Test::Channel(it) => list(f, it.iter().map(ToString::to_string)),
            Test::Vip(it) | Test::Risk(it) | Test::Breached(it) => f.write_str(yes(*it)),
            Test::Age { older, seconds } => {
                let than = if *older { '>' } else { '<' };
                write!(f, "{than}{}", age(*seconds))
            }
            Test::Reopened { at_least, times } => {
                let than = if *at_least { ">=" } else { "<" };
                write!(f, "{than}{times}")
            }
            Test::Title(words) => write!(f, "~{}", quoted(words)),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, values: impl Iterator<Item = String>) -> fmt::Result {
    for (i, value) in values.enumerate() {
        let before = if i == 0 { ':' } else { ',' };
        write!(f, "{before}{value}")?;
    }
    Ok(())
}

/// A value, in quotes where it would not be read back as one value otherwise.
fn quoted(value: &str) -> String {
    let needs = |c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\\');
    if !value.is_empty() && !value.contains(needs) {
        return value.to_owned();
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// Units of time, the longest first.
const UNITS: [(char, u32); 5] = [
    ('w', 7 * 86_400),
    ('d', 86_400),
    ('h', 3600),
    ('m', 60),
    ('s', 1),
];

/// A time in the longest unit that divides it.
fn age(seconds: u32) -> String {
    let fits = |(_, unit): &&(char, u32)| seconds.is_multiple_of(*unit) && seconds > 0;
    let (letter, unit) = UNITS.iter().find(fits).unwrap_or(&UNITS[4]);
    format!("{}{letter}", seconds / unit)
}

/// A filter word and what it means, for help beside the box.
pub fn help() -> Vec<(&'static str, &'static str)> {
    Field::ALL
        .iter()
        .map(|field| match field {
            Field::Team => ("team:Network", t("filter.help_team")),
            Field::Tier => ("tier:L2,L3", t("filter.help_tier")),
            Field::Priority => ("priority:P1", t("filter.help_priority")),
            Field::Status => ("-status:pending", t("filter.help_status")),
            Field::Kind => ("kind:incident", t("filter.help_kind")),
            Field::Channel => ("channel:web", t("filter.help_channel")),
            Field::Category => ("category:\"…\"", t("filter.help_category")),
            Field::Organisation => ("organisation:\"…\"", t("filter.help_organisation")),
            Field::Requester => ("requester:\"…\"", t("filter.help_requester")),
            Field::Assigned => ("assigned:nobody", t("filter.help_assigned")),
            Field::Host => ("host:…", t("filter.help_host")),
            Field::Vip => ("vip:yes", t("filter.help_vip")),
            Field::Risk => ("risk:yes", t("filter.help_risk")),
            Field::Breached => ("breached:yes", t("filter.help_breached")),
            Field::Age => ("age>2d", t("filter.help_age")),
            Field::Reopened => ("reopened>=2", t("filter.help_reopened")),
            Field::Title => ("title~vpn", t("filter.help_title")),
        })
        .collect()
}
