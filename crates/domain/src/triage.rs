//! Triage: which of the few things the bot can do by itself a ticket asks for, if any.
//!
//! Rule-based and explainable: a decision names the rule document and its version, every rule that fired, the exact words
//! with their places, and what spoke against. The text of a ticket can do nothing but select one of these intents; what
//! may then be done is decided elsewhere, from verified identity and policy alone ([`crate::bot`]).

mod hidden;
mod normalise;
mod rulebook;

use serde::{Deserialize, Serialize};

pub use normalise::{BODY_LIMIT, Field, SUBJECT_LIMIT, Word, Words, words};
pub use rulebook::{CounterRule, HintRule, Rule, RuleBook, RuleBookError, RuleDocument};

use rulebook::Shape;

use crate::text::t;

/// Occurrences of one group that are looked at; a text that repeats a word more often says nothing new.
const MAX_OCCURRENCES: usize = 48;

/// What a ticket asks the bot for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// The person cannot use their password and needs a new one.
    PasswordReset,
    /// Something cannot be reached over the network.
    Connectivity,
    /// Anything else: people look at it.
    None,
}

impl Intent {
    /// The word it is stored and shown under.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::Connectivity => "connectivity",
            Self::None => "none",
        }
    }
}

/// Something a ticket says besides its intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The account is locked.
    AccountLocked,
    /// It is about somebody else's account.
    SomebodyElse,
    /// The VPN.
    Vpn,
    /// The wireless network.
    Wifi,
    /// Name resolution.
    Dns,
    /// A web site or page.
    Website,
    /// The mail server or program.
    MailServer,
    /// A printer.
    Printer,
    /// It works, but slowly.
    Slow,
    /// It comes and goes.
    Unstable,
    /// Several people are hit.
    Several,
}

impl Hint {
    /// The word it is stored under.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountLocked => "account_locked",
            Self::SomebodyElse => "somebody_else",
            Self::Vpn => "vpn",
            Self::Wifi => "wifi",
            Self::Dns => "dns",
            Self::Website => "website",
            Self::MailServer => "mail_server",
            Self::Printer => "printer",
            Self::Slow => "slow",
            Self::Unstable => "unstable",
            Self::Several => "several",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        t(match self {
            Self::AccountLocked => "bot.hint_account_locked",
            Self::SomebodyElse => "bot.hint_somebody_else",
            Self::Vpn => "bot.hint_vpn",
            Self::Wifi => "bot.hint_wifi",
            Self::Dns => "bot.hint_dns",
            Self::Website => "bot.hint_website",
            Self::MailServer => "bot.hint_mail_server",
            Self::Printer => "bot.hint_printer",
            Self::Slow => "bot.hint_slow",
            Self::Unstable => "bot.hint_unstable",
            Self::Several => "bot.hint_several",
        })
    }
}

/// Words of the ticket, where they stand and as they were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Part of the ticket.
    pub field: Field,
    /// First byte in that part.
    pub start: usize,
    /// Byte after the last one.
    pub end: usize,
    /// The words as written.
    pub text: String,
}

/// A rule that fired or spoke against, with the words it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fired {
    /// Name of the rule.
    pub rule: String,
    /// The intent it is about.
    pub intent: Intent,
    /// What it added to the intent's score; negative when it spoke against.
    pub weight: i32,
    /// The words, one entry per group of the rule.
    pub words: Vec<Quote>,
}

/// What triage decided about one ticket, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The intent.
    pub intent: Intent,
    /// What else the ticket says.
    pub hints: Vec<Hint>,
    /// Name of the rule document.
    pub document: String,
    /// Its version.
    pub version: i32,
    /// What a score had to reach.
    pub threshold: i32,
    /// Score of password reset.
    pub password_reset: i32,
    /// Score of connectivity.
    pub connectivity: i32,
    /// Rules that fired, strongest first.
    pub fired: Vec<Fired>,
    /// Rules that spoke against, and matches that were voided by words near them (weight 0).
    pub against: Vec<Fired>,
    /// Whether the text was longer than what was looked at.
    pub truncated: bool,
}

impl Decision {
    /// The strongest rule behind the intent, for one-line displays.
    #[must_use]
    pub fn leading(&self) -> Option<&Fired> {
        self.fired.iter().find(|fired| fired.intent == self.intent)
    }

    /// Whether the ticket says this besides its intent.
    #[must_use]
    pub fn has(&self, hint: Hint) -> bool {
        self.hints.contains(&hint)
    }
}

/// One place where a group occurs, in word numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Occurrence {
    first: usize,
    last: usize,
    /// The places of the first and the last word: distances are counted in them.
    places: (usize, usize),
    sentence: u32,
}

/// Decides what a ticket asks for.
#[must_use]
pub fn decide(book: &RuleBook, subject: &str, body: &str) -> Decision {
    let Words { words, truncated } = words(subject, body);
    let found = occurrences(book, &words);
    let quote = |places: &[Occurrence]| -> Vec<Quote> {
        places
            .iter()
            .filter_map(|place| quote(&words, *place, subject, body))
            .collect()
    };
    let mut scores = [0_i32; 2];
    let mut fired = Vec::new();
    let mut against = Vec::new();
    for (rule, (shape, unless)) in book.document.rules.iter().zip(&book.rules) {
        if rule.max_words.is_some_and(|most| words.len() > most) {
            continue;
        }
        if rule.fallback && score(&scores, rule.intent) >= book.document.threshold {
            continue;
        }
        let voids = |places: &[Occurrence]| -> Option<Occurrence> {
            unless
                .iter()
                .find_map(|group| near(&found[*group], places, rule.unless_within))
        };
        let mut voided: Option<Vec<Occurrence>> = None;
        let hit = first_match(&found, shape, |places| match voids(places) {
            Some(reason) => {
                voided.get_or_insert_with(|| places.iter().copied().chain([reason]).collect());
                false
            }
            None => true,
        });
        if let Some(places) = hit {
            add(&mut scores, rule.intent, rule.weight);
            fired.push(Fired {
                rule: rule.id.clone(),
                intent: rule.intent,
                weight: rule.weight,
                words: quote(&places),
            });
        } else if let Some(places) = voided {
            against.push(Fired {
                rule: rule.id.clone(),
                intent: rule.intent,
                weight: 0,
                words: quote(&places),
            });
        }
    }
    for (rule, shape) in book.document.against.iter().zip(&book.against) {
        let Some(places) = first_match(&found, shape, |_| true) else {
            continue;
        };
        for intent in &rule.against {
            add(&mut scores, *intent, -rule.weight);
            against.push(Fired {
                rule: rule.id.clone(),
                intent: *intent,
                weight: -rule.weight,
                words: quote(&places),
            });
        }
    }
    let [password_reset, connectivity] = scores;
    let threshold = book.document.threshold;
    // A lost password is often told as "cannot connect": with equal scores the password is the cause.
    let intent = if password_reset >= threshold && password_reset >= connectivity {
        Intent::PasswordReset
    } else if connectivity >= threshold {
        Intent::Connectivity
    } else {
        Intent::None
    };
    let mut hints: Vec<Hint> = book
        .document
        .hints
        .iter()
        .zip(&book.hints)
        .filter(|(rule, shape)| {
            rule.with.contains(&intent) && first_match(&found, shape, |_| true).is_some()
        })
        .map(|(rule, _)| rule.hint)
        .collect();
    hints.sort_unstable();
    hints.dedup();
    fired.sort_by_key(|one| std::cmp::Reverse(one.weight));
    against.sort_by_key(|one| one.weight);
    Decision {
        intent,
        hints,
        document: book.id().to_owned(),
        version: book.version(),
        threshold,
        password_reset,
        connectivity,
        fired,
        against,
        truncated,
    }
}

fn score(scores: &[i32; 2], intent: Intent) -> i32 {
    match intent {
        Intent::PasswordReset => scores[0],
        Intent::Connectivity => scores[1],
        Intent::None => 0,
    }
}

fn add(scores: &mut [i32; 2], intent: Intent, weight: i32) {
    match intent {
        Intent::PasswordReset => scores[0] += weight,
        Intent::Connectivity => scores[1] += weight,
        Intent::None => {}
    }
}

/// Where each group of the document occurs.
fn occurrences(book: &RuleBook, words: &[Word]) -> Vec<Vec<Occurrence>> {
    let mut found = vec![Vec::new(); book.groups];
    for (at, word) in words.iter().enumerate() {
        let exact = book.exact.get(&word.folded).into_iter().flatten();
        let inexact = book
            .inexact
            .iter()
            .filter(|phrase| phrase.words[0].matches(word));
        for phrase in exact.chain(inexact) {
            let last = at + phrase.words.len() - 1;
            let Some(end) = words.get(last) else { continue };
            let fits = end.sentence == word.sentence
                && phrase
                    .words
                    .iter()
                    .zip(&words[at..])
                    .skip(1)
                    .all(|(pattern, word)| pattern.matches(word));
            let places: &mut Vec<Occurrence> = &mut found[phrase.group];
            if fits && places.len() < MAX_OCCURRENCES {
                places.push(Occurrence {
                    first: at,
                    last,
                    places: (word.place, end.place),
                    sentence: word.sentence,
                });
            }
        }
    }
    found
}

/// The first places where all groups of a shape stand close together in one sentence and `accept` agrees.
fn first_match(
    found: &[Vec<Occurrence>],
    shape: &Shape,
    mut accept: impl FnMut(&[Occurrence]) -> bool,
) -> Option<Vec<Occurrence>> {
    let mut chosen = Vec::with_capacity(shape.groups.len());
    extend(found, shape, &mut chosen, &mut accept).then_some(chosen)
}

fn extend(
    found: &[Vec<Occurrence>],
    shape: &Shape,
    chosen: &mut Vec<Occurrence>,
    accept: &mut dyn FnMut(&[Occurrence]) -> bool,
) -> bool {
    let Some(group) = shape.groups.get(chosen.len()) else {
        return accept(chosen);
    };
    for place in &found[*group] {
        let fits = match chosen.last() {
            None => true,
            Some(_) if chosen.iter().any(|other| overlap(other, place)) => false,
            Some(last) if shape.ordered => {
                place.sentence == last.sentence
                    && place.first > last.last
                    && between(last, place) <= shape.within
            }
            Some(_) => chosen.iter().any(|other| {
                other.sentence == place.sentence && between(other, place) <= shape.within
            }),
        };
        if !fits {
            continue;
        }
        chosen.push(*place);
        if extend(found, shape, chosen, accept) {
            return true;
        }
        chosen.pop();
    }
    false
}

fn overlap(a: &Occurrence, b: &Occurrence) -> bool {
    a.first <= b.last && b.first <= a.last
}

/// Words between two places that do not overlap, an address counted as one.
fn between(a: &Occurrence, b: &Occurrence) -> usize {
    if a.last < b.first {
        b.places.0.saturating_sub(a.places.1 + 1)
    } else {
        a.places.0.saturating_sub(b.places.1 + 1)
    }
}

/// A voiding place in the same sentence, near enough to a match.
fn near(voiding: &[Occurrence], places: &[Occurrence], within: usize) -> Option<Occurrence> {
    voiding.iter().copied().find(|void| {
        places.iter().any(|place| {
            place.sentence == void.sentence
                && (overlap(place, void) || between(place, void) <= within)
        })
    })
}

fn quote(words: &[Word], place: Occurrence, subject: &str, body: &str) -> Option<Quote> {
    let (first, last) = (words.get(place.first)?, words.get(place.last)?);
    let text = if first.field == Field::Subject {
        subject
    } else {
        body
    };
    let (start, end) = (first.start, last.end);
    Some(Quote {
        field: first.field,
        start,
        end,
        text: text.get(start..end)?.to_owned(),
    })
}

#[cfg(test)]
mod tests;
