//! Words in which each number leads to its list: a share never stands without the two numbers it comes from.

use tierdesk_desk::dashboard::{Key, Lens};
use tierdesk_domain::dashboard::{Promise, Share, percent};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;

use super::view::{Listed, counted, counted_before};
use crate::filters::grouped;

/// A part of a line; without an address it is plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) href: String,
}

impl Piece {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::link(text, String::new())
    }

    pub(crate) fn link(text: impl Into<String>, href: String) -> Self {
        Self {
            text: text.into(),
            href,
        }
    }
}

/// Words, some of which are links.
pub(crate) type Line = Vec<Piece>;

/// A text of the catalogue in which values stand as pieces of their own.
pub(crate) fn line(key: &'static str, values: &[(&str, &Piece)]) -> Line {
    let mut line = Line::new();
    for (words, name) in text::cut(key) {
        if !words.is_empty() {
            line.push(Piece::plain(words));
        }
        let value = values.iter().find(|it| Some(it.0) == name);
        line.extend(value.map(|it| it.1.clone()));
    }
    line
}

/// `before: 12` with the list of then; nothing where nothing is compared.
pub(crate) fn before(lens: &Lens, key: &Key, of: impl Into<Listed>, told: String) -> Line {
    if lens.before.is_none() {
        return Line::new();
    }
    let told = if told == NOTHING {
        Piece::plain(told)
    } else {
        Piece::link(told, counted_before(of, lens, key))
    };
    line("dashboard.before", &[("n", &told)])
}

/// `of 25`, with the list; nothing of none.
pub(crate) fn counted_from(n: u64, of: impl Into<Listed>, lens: &Lens, key: &Key) -> Line {
    if n == 0 {
        return Line::new();
    }
    let number = Piece::link(grouped(n), counted(of, lens, key));
    line("dashboard.of_all", &[("n", &number)])
}

/// What stands for a share of nothing, and for a time that nobody took.
pub(crate) const NOTHING: &str = "–";

/// What the two numbers of a share are lists of, and the words that hold them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared {
    part: Listed,
    whole: Listed,
    words: &'static str,
}

impl Shared {
    /// A part and its whole, where the list of the whole tells which is which.
    pub(crate) const fn of(part: Measure, whole: Several) -> Self {
        Self {
            part: Listed::Counted(part),
            whole: Listed::Several(whole),
            words: "dashboard.of",
        }
    }

    /// Two numbers that were counted apart from each other.
    pub(crate) const fn to(part: Measure, whole: Measure, words: &'static str) -> Self {
        Self {
            part: Listed::Counted(part),
            whole: Listed::Counted(whole),
            words,
        }
    }

    /// What was escalated to a higher tier, of all that was escalated or resolved.
    pub(crate) const LEFT: Self = Self {
        part: Listed::Several(Several::Upwards),
        whole: Listed::Several(Several::PassedOrSolved),
        words: "dashboard.of",
    };

    /// Promises kept, of all that came to an end.
    pub(crate) const fn promise(promise: Promise) -> Self {
        Self::of(promise.kept, promise.all)
    }

    /// Where the share itself leads: to everything, where that list tells which is which, else to the part.
    pub(crate) fn opens(self) -> Listed {
        match self.whole {
            Listed::Several(_) => self.whole,
            _ => self.part,
        }
    }

    /// The share with its list.
    pub(crate) fn share(self, share: Share, lens: &Lens, key: &Key) -> Piece {
        if share.whole == 0 {
            return Piece::plain(NOTHING);
        }
        Piece::link(percent(share), counted(self.opens(), lens, key))
    }

    /// `931 of 988`, each number with its list.
    pub(crate) fn numbers(self, share: Share, lens: &Lens, key: &Key) -> Line {
        if share.part + share.whole == 0 {
            return vec![Piece::plain(text::t("dashboard.nothing_yet"))];
        }
        let number = |n, of: Listed| Piece::link(grouped(n), counted(of, lens, key));
        let (part, whole) = (
            number(share.part, self.part),
            number(share.whole, self.whole),
        );
        line(self.words, &[("part", &part), ("whole", &whole)])
    }

    /// What the share was before.
    pub(crate) fn before(self, share: Share, lens: &Lens, key: &Key) -> Line {
        before(lens, key, self.opens(), percent(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_a_sentence_as_links_and_words_around_them_as_words() {
        let (part, whole) = (
            Piece::link("931", "/a".to_owned()),
            Piece::link("988", "/b".to_owned()),
        );
        let told = line("dashboard.of", &[("part", &part), ("whole", &whole)]);
        assert_eq!(told, [part, Piece::plain(" of "), whole]);
    }
}
