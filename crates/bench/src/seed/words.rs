//! Texts that read like tickets and, what matters here, weigh like them in a full text index: few words are very common,
//! most are rare (Zipf's law).

use std::collections::HashMap;
use std::fmt::Write;

use super::random::Random;

/// What English needs, most of it ignored by the search.
const COMMON: &[&str] = &[
    "the", "is", "not", "to", "and", "a", "on", "in", "my", "it", "i", "since", "for", "when",
    "with", "this", "was", "after", "at", "of", "no", "have", "be", "but", "can", "we", "has",
    "from", "there", "are", "again", "cannot", "does", "still", "please", "before", "all", "more",
    "only", "also", "then", "now", "always", "often", "nothing", "works",
];

/// What tickets are about, commonest first.
const TOPICS: &[&str] = &[
    "printer",
    "password",
    "mail",
    "laptop",
    "network",
    "account",
    "error",
    "screen",
    "login",
    "server",
    "window",
    "message",
    "meeting",
    "update",
    "slow",
    "share",
    "folder",
    "file",
    "phone",
    "connection",
    "monitor",
    "keyboard",
    "restart",
    "access",
    "drive",
    "office",
    "morning",
    "vpn",
    "wifi",
    "access",
    "calendar",
    "software",
    "program",
    "install",
    "licence",
    "browser",
    "room",
    "cable",
    "docking",
    "station",
    "headset",
    "camera",
    "battery",
    "charger",
    "mouse",
    "toner",
    "paper",
    "tray",
    "jam",
    "scanner",
    "report",
    "invoice",
    "order",
    "customer",
    "warehouse",
    "terminal",
    "token",
    "certificate",
    "expired",
    "locked",
    "denied",
    "permission",
    "group",
    "mailbox",
    "attachment",
    "spam",
    "phishing",
    "link",
    "website",
    "address",
    "proxy",
    "firewall",
    "switch",
    "router",
    "port",
    "cabinet",
    "rack",
    "disk",
    "full",
    "backup",
    "restore",
    "deleted",
    "version",
    "upgrade",
    "driver",
    "display",
    "resolution",
    "flicker",
    "noise",
    "fan",
    "hot",
    "crash",
    "freeze",
    "blue",
    "reboot",
    "boot",
    "domain",
    "controller",
    "directory",
    "profile",
    "roaming",
    "signature",
    "template",
    "macro",
    "spreadsheet",
    "formula",
    "database",
    "query",
    "timeout",
    "latency",
    "packet",
    "loss",
    "voice",
    "call",
    "queue",
    "conference",
    "projector",
    "whiteboard",
    "badge",
    "door",
    "reader",
    "camera",
    "sensor",
    "machine",
    "production",
    "line",
    "label",
    "barcode",
    "handheld",
    "tablet",
    "app",
    "store",
    "sync",
    "cloud",
    "storage",
    "quota",
    "limit",
    "exceeded",
    "gateway",
    "tunnel",
    "remote",
    "desktop",
    "session",
    "licensing",
    "activation",
    "key",
    "serial",
    "warranty",
    "replace",
    "broken",
    "hinge",
    "coffee",
    "dropped",
    "stolen",
    "lost",
    "found",
    "travel",
    "hotel",
    "airport",
    "roaming",
    "sim",
    "contract",
    "supplier",
    "purchase",
    "approval",
    "budget",
    "cost",
    "centre",
    "department",
    "transfer",
    "leaver",
    "joiner",
    "starter",
    "intern",
    "manager",
    "colleague",
    "team",
    "training",
    "manual",
    "guide",
    "question",
    "help",
    "urgent",
    "deadline",
];

/// How many words there are; those beyond the lists above are made of syllables, like names of products and places.
const WORDS: usize = 8_000;

/// A word, and what the search makes of it.
#[derive(Debug)]
struct Word {
    text: String,
    lexeme: Option<usize>,
}

/// All words, commonest first.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    words: Vec<Word>,
    lexemes: Vec<String>,
}

/// A text as the numbers of its words.
pub(crate) type Text = Vec<usize>;

/// The words before the search has said what it makes of them.
pub(crate) fn list() -> Vec<String> {
    let mut all: Vec<String> = COMMON
        .iter()
        .chain(TOPICS)
        .map(|&word| word.to_owned())
        .collect();
    let mut random = Random::new(2);
    let (heads, vowels) = (b"bcdfghjklmnprstvwz", b"aeiou");
    while all.len() < WORDS {
        let mut word = String::new();
        for _ in 0..2 + random.below(3) {
            word.push(char::from(*random.pick(heads)));
            word.push(char::from(*random.pick(vowels)));
        }
        word.push(char::from(*random.pick(heads)));
        all.push(word);
    }
    all
}

impl Vocabulary {
    /// `lexemes` says for each word of [`list`] what the search keeps of it.
    pub(crate) fn new(lexemes: Vec<Option<String>>) -> Self {
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut names = Vec::new();
        let words = list()
            .into_iter()
            .zip(lexemes)
            .map(|(text, lexeme)| Word {
                text,
                lexeme: lexeme.map(|lexeme| {
                    *known.entry(lexeme).or_insert_with_key(|lexeme| {
                        names.push(lexeme.clone());
                        names.len() - 1
                    })
                }),
            })
            .collect();
        Self {
            words,
            lexemes: names,
        }
    }

    /// A title: 3 to 6 words about something.
    pub(crate) fn title(&self, random: &mut Random) -> Text {
        (0..3 + random.below(4))
            .map(|_| self.word(random, COMMON.len()))
            .collect()
    }

    /// A text of about `mean` words.
    pub(crate) fn text(&self, random: &mut Random, mean: usize) -> Text {
        let length = mean / 2 + random.below(mean);
        (0..length.max(3)).map(|_| self.word(random, 0)).collect()
    }

    /// The `n`th word has a share of 1/n.
    fn word(&self, random: &mut Random, after: usize) -> usize {
        let ranks = (self.words.len() - after) as f64;
        after + ((ranks + 1.0).powf(random.unit()) - 1.0) as usize
    }

    /// A word that people search for, by how common it is: about one ticket in 10, in 100, in 1,000.
    pub(crate) fn example(rank: usize) -> String {
        list().swap_remove(COMMON.len() + rank)
    }

    /// Writes a text as sentences, in the form that COPY reads.
    pub(crate) fn write(&self, out: &mut String, text: &[usize]) {
        for (index, &word) in text.iter().enumerate() {
            let word = &self.words[word].text;
            match index % 11 {
                0 if index > 0 && index % 33 == 0 => out.push_str(".\\n\\n"),
                0 if index > 0 => out.push_str(". "),
                0 => {}
                _ => out.push(' '),
            }
            if index % 11 == 0 {
                out.extend(word.chars().take(1).flat_map(char::to_uppercase));
                out.push_str(&word[1..]);
            } else {
                out.push_str(word);
            }
        }
    }

    /// Writes what `to_tsvector` would say of these texts in a row, the first of weight `first`, the others of weight B or
    /// none. Making it here is several times faster than asking the database a million times.
    pub(crate) fn write_vector(&self, out: &mut String, parts: &[(&[usize], &str)]) {
        let mut places: Vec<(usize, usize, &str)> = Vec::new();
        let mut before = 0;
        for (text, weight) in parts {
            for (index, &word) in text.iter().enumerate() {
                if let Some(lexeme) = self.words[word].lexeme {
                    places.push((lexeme, before + index + 1, weight));
                }
            }
            before += text.len();
        }
        places.sort_unstable();
        let mut last = None;
        for (lexeme, place, weight) in places {
            if last == Some(lexeme) {
                let _ = write!(out, ",{place}{weight}");
            } else {
                let gap = if last.is_some() { " " } else { "" };
                let _ = write!(out, "{gap}{}:{place}{weight}", self.lexemes[lexeme]);
                last = Some(lexeme);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_names_each_lexeme_once_with_its_places() {
        let lexemes = list()
            .into_iter()
            .map(|word| (word != "the").then_some(word))
            .collect();
        let words = Vocabulary::new(lexemes);
        let number = |text: &str| {
            words
                .words
                .iter()
                .position(|it| it.text == text)
                .expect("known")
        };
        let (the, printer, jam) = (number("the"), number("printer"), number("jam"));
        let mut out = String::new();
        words.write_vector(&mut out, &[(&[printer, jam], "A"), (&[the, printer], "B")]);
        assert_eq!(out, "printer:1A,4B jam:2A");
        out.clear();
        words.write(&mut out, &[the, printer, jam]);
        assert_eq!(out, "The printer jam");
    }

    #[test]
    fn few_words_are_common_and_most_are_rare() {
        let words = Vocabulary::new(vec![None; WORDS]);
        let mut random = Random::new(1);
        let mut counts = vec![0_usize; WORDS];
        for _ in 0..2_000 {
            for word in words.text(&mut random, 40) {
                counts[word] += 1;
            }
        }
        let top: usize = counts[..50].iter().sum();
        let all: usize = counts.iter().sum();
        assert!(top * 3 > all, "{top} of {all}");
        assert!(counts[WORDS - 1000..].iter().sum::<usize>() > 0);
    }
}
