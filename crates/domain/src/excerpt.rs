//! Pieces of a text around the words that somebody searched for.
//!
//! The search says which lexemes it looked for; here the words of a hit are reduced in the same way (the Snowball stemmer
//! for English, as PostgreSQL's `english` configuration has it) to see which of them to mark. The database could do both, by
//! `ts_headline`, at five times the cost of everything else that a page of hits is made of (docs/bench.md).

use std::collections::HashSet;
use std::ops::Range;

use rust_stemmers::{Algorithm, Stemmer};

/// Most words of an excerpt.
const WORDS: usize = 28;
/// Words before the first that is marked.
const BEFORE: usize = 4;
/// Most characters of an excerpt, for texts that are no words.
const CHARACTERS: usize = 400;

/// A piece of text that was hit, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text, as it was written.
    pub text: String,
    /// Whether it is to be marked.
    pub hit: bool,
}

/// The words that somebody searched for.
pub struct Sought {
    lexemes: HashSet<String>,
    /// What the lexemes begin with: a stemmer leaves the first letter alone, so that most words need no stemming.
    begin: HashSet<char>,
    stemmer: Stemmer,
}

impl Sought {
    /// What the search made of the words.
    pub fn new(lexemes: impl IntoIterator<Item = String>) -> Self {
        let lexemes: HashSet<String> = lexemes.into_iter().collect();
        Self {
            begin: lexemes.iter().filter_map(|it| it.chars().next()).collect(),
            lexemes,
            stemmer: Stemmer::create(Algorithm::English),
        }
    }

    /// A whole text with its hits.
    pub fn marked(&self, text: &str) -> Vec<Piece> {
        pieces(text, self.hits(text, 0..text.len()))
    }

    /// The part of a text with the most hits, the first of those; the beginning of one without any.
    pub fn excerpt(&self, text: &str) -> Vec<Piece> {
        let words: Vec<_> = words(text)
            .map(|word| {
                let hits = self.hits(text, word.clone());
                (word, hits)
            })
            .collect();
        let hit: Vec<usize> = (0..words.len())
            .filter(|&at| !words[at].1.is_empty())
            .collect();
        let reach = |first: usize| {
            let upto = hit.partition_point(|&at| at < hit[first] + WORDS - BEFORE);
            upto - first
        };
        // Of equals the first.
        let best = (0..hit.len()).rev().max_by_key(|&first| reach(first));
        let begin = best.map_or(0, |first| hit[first].saturating_sub(BEFORE));
        let begin = begin.min(words.len().saturating_sub(WORDS));
        let Some((first, _)) = words.get(begin) else {
            return Vec::new();
        };
        let mut end = first.start;
        let mut hits = Vec::new();
        let mut left = CHARACTERS;
        let shown = &words[begin..words.len().min(begin + WORDS)];
        for (word, of_word) in shown {
            let added = text[end..word.end].chars().count();
            if added > left {
                let cut = text[end..].char_indices().nth(left);
                end = cut.map_or(text.len(), |(at, _)| end + at);
                break;
            }
            (left, end) = (left - added, word.end);
            hits.extend(of_word.iter().cloned());
        }
        let before = if begin > 0 { "… " } else { "" };
        let after = if text[end..].trim().is_empty() {
            ""
        } else {
            " …"
        };
        let hits = hits
            .into_iter()
            .map(|it| it.start - first.start..it.end - first.start);
        let mut pieces = pieces(&text[first.start..end], hits);
        add(&mut pieces, 0, before);
        let last = pieces.len();
        add(&mut pieces, last, after);
        pieces
    }

    /// Where a part of a text is to be marked: words, and what the search takes as one, such as an address or `wi-fi`.
    fn hits(&self, text: &str, part: Range<usize>) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        for word in words(&text[part.clone()]) {
            let word = word.start + part.start..word.end + part.start;
            let mut within = Vec::new();
            let mut runs = 0;
            for run in runs_of(&text[word.clone()], char::is_alphanumeric) {
                let run = run.start + word.start..run.end + word.start;
                runs += 1;
                if self.is_sought(&text[run.clone()]) {
                    within.push(run);
                }
            }
            let whole = text[word.clone()].trim_matches(|c: char| !c.is_alphanumeric());
            if runs > 1 && self.lexemes.contains(&whole.to_lowercase()) {
                let start = word.start + text[word].find(whole).unwrap_or_default();
                hits.push(start..start + whole.len());
            } else {
                hits.append(&mut within);
            }
        }
        hits
    }

    fn is_sought(&self, word: &str) -> bool {
        let first = word.chars().flat_map(char::to_lowercase).next();
        if first.is_none_or(|first| !self.begin.contains(&first)) {
            return false;
        }
        let word = word.to_lowercase();
        self.lexemes.contains(&word) || self.lexemes.contains(&*self.stemmer.stem(&word))
    }
}

/// Where the stretches between white space are.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    runs_of(text, |c| !c.is_whitespace())
}

/// Where the longest stretches of such characters are.
fn runs_of(text: &str, such: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(&such)?;
        let end = text[start..].find(|c| !such(c));
        at = end.map_or(text.len(), |end| start + end);
        Some(start..at)
    })
}

fn pieces(text: &str, hits: impl IntoIterator<Item = Range<usize>>) -> Vec<Piece> {
    let mut all = Vec::new();
    let mut at = 0;
    let piece = |range: Range<usize>, hit| Piece {
        text: text[range].to_owned(),
        hit,
    };
    for hit in hits {
        if at < hit.start {
            all.push(piece(at..hit.start, false));
        }
        at = hit.end;
        all.push(piece(hit, true));
    }
    if at < text.len() {
        all.push(piece(at..text.len(), false));
    }
    all
}

fn add(pieces: &mut Vec<Piece>, at: usize, text: &str) {
    if !text.is_empty() {
        let text = text.to_owned();
        pieces.insert(at, Piece { text, hit: false });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sought(lexemes: &[&str]) -> Sought {
        Sought::new(lexemes.iter().map(|it| (*it).to_owned()))
    }

    fn shown(pieces: &[Piece]) -> String {
        let piece = |it: &Piece| match it.hit {
            true => format!("[{}]", it.text),
            false => it.text.clone(),
        };
        pieces.iter().map(piece).collect()
    }

    #[test]
    fn words_are_marked_in_every_form_and_case() {
        let sought = sought(&["connect", "polici"]);
        let text = "Connection lost; no policies, no Policy (connecting…) reconnected";
        assert_eq!(
            shown(&sought.marked(text)),
            "[Connection] lost; no [policies], no [Policy] ([connecting]…) reconnected"
        );
    }

    #[test]
    fn what_the_search_takes_as_one_word_is_marked_as_one() {
        let sought = sought(&["vpn.example.com", "wi-fi", "wi", "fi"]);
        assert_eq!(
            shown(&sought.marked("Is vpn.example.com, or (Wi-Fi) or wi alone, fi?")),
            "Is [vpn.example.com], or ([Wi-Fi]) or [wi] alone, [fi]?"
        );
    }

    #[test]
    fn an_excerpt_shows_the_most_hits_with_a_few_words_before_them() {
        let filler = "so it goes on and on ".repeat(20);
        let text = format!("One zebra. {filler}here are two Zebras, a zebra and {filler}the end");
        let excerpt = shown(&sought(&["zebra"]).excerpt(&text));
        assert!(
            excerpt.starts_with("… on here are two [Zebras], a [zebra] and so it"),
            "{excerpt}"
        );
        assert!(excerpt.ends_with(" …"), "{excerpt}");
    }

    #[test]
    fn a_text_without_hits_shows_its_beginning_and_a_short_one_all_of_it() {
        let sought = sought(&["zebra"]);
        assert_eq!(
            shown(&sought.excerpt("  No lions here.\n")),
            "No lions here."
        );
        let long = "lion ".repeat(100);
        assert_eq!(sought.excerpt(&long)[0].text.split(' ').count(), WORDS);
        assert_eq!(shown(&sought.excerpt("zebra")), "[zebra]");
        assert_eq!(sought.excerpt(" \n"), []);
    }

    #[test]
    fn what_is_no_word_is_cut() {
        let excerpt = sought(&["zebra"]).excerpt(&"ä".repeat(5_000));
        assert_eq!(shown(&excerpt).chars().count(), CHARACTERS + 2);
    }

    proptest! {
        #[test]
        fn nothing_of_a_text_is_lost_or_added(text in any::<String>(), lexeme in "[a-z]{1,3}") {
            let sought = sought(&[&lexeme]);
            let whole: String = sought.marked(&text).into_iter().map(|it| it.text).collect();
            prop_assert_eq!(whole, text.clone());
            let part: String = sought.excerpt(&text).into_iter().map(|it| it.text).collect();
            let part = part.strip_prefix("… ").unwrap_or(&part);
            prop_assert!(text.contains(part.strip_suffix(" …").unwrap_or(part)));
        }
    }
}
