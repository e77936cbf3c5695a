//! Text as people write it → words that rules can be held against, each with its place in the original.
//!
//! Quoted text, forwarded headers, signatures, HTML tags and HTML that nobody would see are masked first; then every
//! word is folded: compatibility forms, marks and invisible characters removed, look-alike letters of other scripts
//! mapped to Latin, lower case. Positions always point into the text as it was written.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::hidden::hidden_spans;
use crate::target;

/// Longest subject that is looked at, in bytes; the rest is ignored.
pub const SUBJECT_LIMIT: usize = 1_000;
/// Longest body that is looked at, in bytes; the rest is ignored and the decision says so.
pub const BODY_LIMIT: usize = 32_768;
/// Longest word that is looked at, in characters after folding; longer ones are no words.
const WORD_LIMIT: usize = 64;

/// Which part of the ticket a word stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The ticket's title.
    Subject,
    /// The ticket's description.
    Body,
}

/// One folded word and where it stands in the original text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Folded form: lower case, no marks, no apostrophes.
    pub folded: String,
    /// Part of the ticket.
    pub field: Field,
    /// First byte in the original part.
    pub start: usize,
    /// Byte after the last one in the original part.
    pub end: usize,
    /// Number of the sentence, counted over the whole ticket.
    pub sentence: u32,
    /// Where it stands among the words, counted over the whole ticket; all words of one address stand in one place.
    pub place: usize,
    /// Whether the bare name or address of a machine begins with it, as [`crate::target`] finds them; a web address begins with
    /// `http`, `https` or `www`, which are words.
    pub target: bool,
}

/// The words of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// In order: subject, then body.
    pub words: Vec<Word>,
    /// Whether the text was longer than what is looked at.
    pub truncated: bool,
}

/// Splits a ticket's subject and body into folded words.
#[must_use]
pub fn words(subject: &str, body: &str) -> Words {
    let mut out = Words::default();
    let (subject, cut_subject) = head(subject, SUBJECT_LIMIT);
    let (body, cut_body) = head(body, BODY_LIMIT);
    out.truncated = cut_subject || cut_body;
    let next = split(subject, &[], Field::Subject, 0, &mut out.words);
    let hidden = hidden_spans(body);
    split(body, &hidden, Field::Body, next, &mut out.words);
    place(subject, body, &mut out.words);
    out
}

/// A long address is no longer for a reader than a short one: the name or address of a machine, and what stands between two
/// blanks and has `://` in it or begins with `www.`, is one place.
fn place(subject: &str, body: &str, words: &mut [Word]) {
    let targets = [(Field::Subject, subject), (Field::Body, body)].map(|(field, text)| {
        let found = target::find(text).into_iter();
        let spans = found.map(|it| (it.start, it.start + it.words.len()));
        (field, text, spans.collect::<Vec<_>>())
    });
    let mut place = 0;
    let mut address: Option<(Field, usize)> = None;
    for word in words {
        if address.is_some_and(|(field, end)| field == word.field && word.end <= end) {
            word.place = place - 1;
            continue;
        }
        word.place = place;
        place += 1;
        let Some((_, text, spans)) = targets.iter().find(|it| it.0 == word.field) else {
            continue;
        };
        let rest = text.get(word.start..).unwrap_or_default();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let after = rest.get(word.end - word.start..).unwrap_or_default();
        let begins = after.starts_with("://") || word.folded == "www" && after.starts_with('.');
        address = begins.then_some((word.field, word.start + end));
        if !begins
            && let Some((_, end)) = spans
                .iter()
                .find(|(start, end)| (*start..*end).contains(&word.start))
        {
            word.target = true;
            address = Some((word.field, *end));
        }
    }
}

/// Folds one word or phrase of a rule the same way as text is folded.
#[must_use]
pub(super) fn fold_phrase(phrase: &str) -> Vec<String> {
    let mut out = Vec::new();
    split(phrase, &[], Field::Body, 0, &mut out);
    out.into_iter().map(|word| word.folded).collect()
}

fn head(text: &str, limit: usize) -> (&str, bool) {
    if text.len() <= limit {
        return (text, false);
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], true)
}

/// Returns the number of the next sentence.
fn split(
    text: &str,
    hidden: &[(usize, usize)],
    field: Field,
    first: u32,
    out: &mut Vec<Word>,
) -> u32 {
    let mut sentence = first;
    let mut folded = String::new();
    let mut span: Option<(usize, usize)> = None;
    let mut hidden = hidden.iter().copied().peekable();
    let mut newline = false;
    let mut stop = false;
    let finish = |folded: &mut String,
                  span: &mut Option<(usize, usize)>,
                  sentence: u32,
                  out: &mut Vec<Word>| {
        if let Some((start, end)) = span.take()
            && !folded.is_empty()
            && folded.chars().count() <= WORD_LIMIT
        {
            out.push(Word {
                folded: std::mem::take(folded),
                field,
                start,
                end,
                sentence,
                place: 0,
                target: false,
            });
        }
        folded.clear();
    };
    for (at, character) in text.char_indices() {
        while hidden.peek().is_some_and(|(_, end)| *end <= at) {
            hidden.next();
        }
        if hidden.peek().is_some_and(|(start, _)| *start <= at) {
            finish(&mut folded, &mut span, sentence, out);
            continue;
        }
        if is_invisible(character) || is_apostrophe(character) {
            continue;
        }
        if stop && character.is_whitespace() {
            sentence += 1;
            stop = false;
        }
        let before = folded.len();
        fold_into(character, &mut folded);
        if folded.len() > before {
            let end = at + character.len_utf8();
            span = Some(span.map_or((at, end), |(start, _)| (start, end)));
            newline = false;
            stop = false;
            continue;
        }
        if is_mark(character) && span.is_some() {
            continue;
        }
        finish(&mut folded, &mut span, sentence, out);
        match character {
            '.' | '!' | '?' | ';' | '…' | '。' | '！' | '？' => stop = true,
            '\n' if newline => {
                sentence += 1;
                newline = false;
            }
            '\n' => newline = true,
            _ => {}
        }
    }
    finish(&mut folded, &mut span, sentence, out);
    sentence + 1
}

fn is_mark(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

fn is_apostrophe(character: char) -> bool {
    matches!(
        character,
        '\'' | '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{00B4}' | '`' | '\u{FF07}'
    )
}

/// Appends the folded letters and digits of one character; nothing for a separator or a mark.
fn fold_into(character: char, out: &mut String) {
    if character.is_ascii() {
        if character.is_ascii_alphanumeric() {
            out.push(character.to_ascii_lowercase());
        }
        return;
    }
    if let Some(plain) = special(character) {
        out.push_str(plain);
        return;
    }
    for part in std::iter::once(character).nfkd() {
        if is_mark(part) {
            continue;
        }
        for lower in part.to_lowercase() {
            match look_alike(lower).or_else(|| special(lower)) {
                Some(plain) => out.push_str(plain),
                None if lower.is_alphanumeric() => out.push(lower),
                None => {}
            }
        }
    }
}

/// Letters that decomposition leaves alone.
fn special(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' | 'ẞ' => "ss",
        'ø' | 'Ø' => "o",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'ı' | 'ɪ' => "i",
        'ɑ' => "a",
        'ɡ' => "g",
        _ => return None,
    })
}

/// Lower-case letters of other scripts that are drawn like Latin ones.
fn look_alike(character: char) -> Option<&'static str> {
    Some(match character {
        'а' | 'α' => "a",
        'в' | 'β' => "b",
        'с' | 'ϲ' => "c",
        'ԁ' => "d",
        'е' | 'ε' | 'є' => "e",
        'ɢ' => "g",
        'һ' | 'н' => "h",
        'і' | 'ι' | 'ӏ' => "i",
        'ј' => "j",
        'к' | 'κ' => "k",
        'м' | 'μ' => "m",
        'η' | 'п' => "n",
        'о' | 'ο' | 'σ' | 'օ' => "o",
        'р' | 'ρ' => "p",
        'ԛ' => "q",
        'г' => "r",
        'ѕ' => "s",
        'т' | 'τ' => "t",
        'υ' | 'ս' => "u",
        'ν' | 'ѵ' => "v",
        'ԝ' | 'ω' => "w",
        'х' | 'χ' => "x",
        'у' | 'γ' | 'ү' => "y",
        'ʐ' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(body: &str) -> Vec<String> {
        words("", body)
            .words
            .into_iter()
            .map(|word| word.folded)
            .collect()
    }

    #[test]
    fn case_marks_and_apostrophes_do_not_matter() {
        assert_eq!(
            folded("I CAN’T open Wi-Fi; Contraseña"),
            ["i", "cant", "open", "wi", "fi", "contrasena"]
        );
        assert_eq!(folded("Paßwort zurücksetzen"), ["passwort", "zurucksetzen"]);
    }

    #[test]
    fn look_alikes_and_invisible_characters_are_folded() {
        // Cyrillic а, о, р; a zero-width space; a soft hyphen; full width.
        assert_eq!(
            folded("раsswоrd pass\u{200B}word pass\u{AD}word ｐａｓｓｗｏｒｄ"),
            ["password"; 4]
        );
    }

    #[test]
    fn sentences_end_at_stops_and_blank_lines() {
        let sentences: Vec<u32> = words("A", "b c. d\ne\n\nf")
            .words
            .iter()
            .map(|w| w.sentence)
            .collect();
        assert_eq!(sentences, [0, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn the_words_of_an_address_stand_in_one_place() {
        let places = |subject, body| -> Vec<usize> {
            let words = words(subject, body).words;
            words.iter().map(|word| word.place).collect()
        };
        assert_eq!(
            places("a https://b.example/c?d=e f", "g www.h.example i h.j"),
            [0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 7]
        );
        assert_eq!(places("http", "://b c"), [0, 1, 2]);
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let all = words("", &"wort ".repeat(10_000));
        assert!(all.truncated);
        assert!(all.words.len() <= BODY_LIMIT / 5 + 1);
    }

    proptest! {
        #[test]
        fn positions_are_always_slices_of_the_original(subject in ".{0,80}", body in "(?s).{0,400}") {
            for word in words(&subject, &body).words {
                let text = if word.field == Field::Subject { &subject } else { &body };
                prop_assert!(text.get(word.start..word.end).is_some_and(|slice| !slice.is_empty()));
            }
        }

        #[test]
        fn tags_quotes_and_odd_characters_never_panic(body in "(<|>|-|\n|\u{200B}|é|<!--|style=\"display:none\"|p|/| |ß){0,200}") {
            let _ = words(&body, &body);
        }
    }
}
