//! Words that people wrote, made safe to stand in a mail: no control characters, no hidden direction changes, bounded length.

use std::fmt;

/// The longest line of somebody's words that a mail repeats, in characters (titles and names are stored no longer than this).
pub const LINE_MAX: usize = 255;

/// Characters that never belong in a mail: controls, line separators, direction overrides, byte-order marks.
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// One line of somebody's words: a title, a name, a queue. Whatever comes in, it holds no line break and no control character.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line(String);

impl Line {
    /// Keeps the words, turns every run of white space and control characters into one space and cuts at [`LINE_MAX`] characters.
    #[must_use]
    pub fn new(words: &str) -> Self {
        let mut line = String::with_capacity(words.len().min(1024));
        let mut gap = false;
        let mut length = 0;
        for c in words.chars() {
            if is_unwanted(c) || c.is_whitespace() {
                gap = !line.is_empty();
                continue;
            }
            if length + usize::from(gap) + 1 > LINE_MAX {
                line.pop();
                line.push('…');
                break;
            }
            if gap {
                line.push(' ');
                length += 1;
                gap = false;
            }
            line.push(c);
            length += 1;
        }
        Self(line)
    }

    /// The cleaned words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Line {
    fn from(words: &str) -> Self {
        Self::new(words)
    }
}

impl From<String> for Line {
    fn from(words: String) -> Self {
        Self::new(&words)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Several lines of somebody's words, such as a message. Line breaks are `\n`; other control characters are gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(String);

impl Text {
    /// Keeps the words, with every kind of line break as `\n` and control characters dropped.
    #[must_use]
    pub fn new(words: &str) -> Self {
        let mut text = String::with_capacity(words.len());
        let mut previous = ' ';
        for c in words.chars() {
            match c {
                '\n' if previous == '\r' => {}
                '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    text.push('\n')
                }
                '\t' => text.push('\t'),
                c if is_unwanted(c) => {}
                c => text.push(c),
            }
            previous = c;
        }
        Self(text.trim_matches('\n').trim_end().to_owned())
    }

    /// The cleaned words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// The paragraphs (parted by empty lines), each as its lines.
    #[must_use]
    pub fn paragraphs(&self) -> Vec<Vec<&str>> {
        let mut paragraphs = vec![];
        let mut current = vec![];
        for line in self.0.lines() {
            if line.trim().is_empty() {
                if !current.is_empty() {
                    paragraphs.push(std::mem::take(&mut current));
                }
            } else {
                current.push(line);
            }
        }
        if !current.is_empty() {
            paragraphs.push(current);
        }
        paragraphs
    }

    /// The words with `> ` before each line, as mail quotes.
    #[must_use]
    pub fn quoted(&self) -> String {
        self.0
            .lines()
            .map(|line| format!("> {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl From<&str> for Text {
    fn from(words: &str) -> Self {
        Self::new(words)
    }
}

impl From<String> for Text {
    fn from(words: String) -> Self {
        Self::new(&words)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Folds lines longer than 78 characters at spaces, to at most 72. Lines that begin with a space or a tab (pasted output) and
/// words longer than a line (addresses) stay whole. No more than one empty line in a row; exactly one line break at the end.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + text.len() / 60);
    let mut empty_lines = 0;
    for line in text.trim().lines() {
        let line = line.trim_end();
        if line.is_empty() {
            empty_lines += 1;
            continue;
        }
        if !folded.is_empty() && empty_lines > 0 {
            folded.push('\n');
        }
        empty_lines = 0;
        if line.chars().count() <= 78 || line.starts_with([' ', '\t']) {
            folded.push_str(line);
        } else {
            fold_line(line, &mut folded);
        }
        folded.push('\n');
    }
    folded
}

fn fold_line(line: &str, folded: &mut String) {
    let quote = if line.starts_with("> ") { "> " } else { "" };
    let mut column = 0;
    for word in line.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > 72 {
            folded.push('\n');
            folded.push_str(quote);
            column = quote.len();
        } else if column > 0 {
            folded.push(' ');
            column += 1;
        }
        folded.push_str(word);
        column += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_keeps_the_words_and_loses_the_tricks() {
        assert_eq!(
            Line::new("  Printer\r\nBcc: x@y.example\u{2028}\0 jams ").as_str(),
            "Printer Bcc: x@y.example jams"
        );
        assert_eq!(Line::new("\u{202e}gpj.exe").as_str(), "gpj.exe");
        assert_eq!(Line::new("").as_str(), "");
    }

    #[test]
    fn a_line_of_ten_kilobytes_is_cut_with_an_ellipsis() {
        let line = Line::new(&"a".repeat(10_240));
        assert_eq!(line.as_str().chars().count(), LINE_MAX);
        assert!(line.as_str().ends_with('…'));
        assert_eq!(
            Line::new(&"a".repeat(LINE_MAX)).as_str().chars().count(),
            LINE_MAX
        );
        assert!(!Line::new(&"a".repeat(LINE_MAX)).as_str().ends_with('…'));
    }

    #[test]
    fn text_keeps_its_lines_and_paragraphs() {
        let text = Text::new("one\r\ntwo\rthree\n\n\n four\u{7}\n");
        assert_eq!(text.as_str(), "one\ntwo\nthree\n\n\n four");
        assert_eq!(
            text.paragraphs(),
            vec![vec!["one", "two", "three"], vec![" four"]]
        );
        assert_eq!(Text::new("a\nb").quoted(), "> a\n> b");
    }

    #[test]
    fn long_lines_fold_at_spaces_and_addresses_stay_whole() {
        let address = format!("https://desk.example/{}", "x".repeat(90));
        let folded = fold(&format!(
            "{} {address} end\n\n\n\n    {}\n",
            "word ".repeat(20).trim(),
            "output ".repeat(20)
        ));
        assert!(folded.contains(&format!("\n{address}\nend\n\n    output")));
        assert!(
            folded
                .lines()
                .take(2)
                .all(|line| line.chars().count() <= 72)
        );
        assert!(folded.ends_with("output\n"));
        let quoted = fold(&format!("> {}", "word ".repeat(30)));
        assert!(quoted.lines().all(|line| line.starts_with("> ")));
    }

    proptest! {
        #[test]
        fn no_line_ever_holds_a_control_character(words in any::<String>()) {
            let line = Line::new(&words);
            prop_assert!(line.as_str().chars().all(|c| !is_unwanted(c)));
            prop_assert!(line.as_str().chars().count() <= LINE_MAX);
            prop_assert_eq!(Line::new(line.as_str()), line);
        }

        #[test]
        fn folding_never_loses_a_word(words in "[a-z >\n]{0,400}") {
            let before: Vec<_> = words.split_whitespace().filter(|w| *w != ">").collect();
            let after = fold(&words);
            let after: Vec<_> = after.split_whitespace().filter(|w| *w != ">").collect();
            prop_assert_eq!(before, after);
        }
    }
}
