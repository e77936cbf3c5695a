//! Every sentence that a page says is in the catalogue (decision 42): none is written in the code of the rooms whose words
//! reach pages.

use std::path::{Path, PathBuf};

/// Where words come from that people read on pages.
const ROOMS: [&str; 4] = [
    "crates/desk/src",
    "crates/domain/src/bot.rs",
    "crates/domain/src/connectivity",
    "crates/web/src",
];

/// What is written in them and no page says, each with who reads it.
const ELSEWHERE: [(&str, &str); 3] = [
    ("desk/src/audit.rs", "whoever runs `tierdesk audit verify`"),
    (
        "desk/src/defaults.rs",
        "names that a new desk begins with, kept as data and changed by its administrators",
    ),
    ("web/src/numbers.rs", "Prometheus"),
];

/// What takes words for the log, for programmers or for the compiler.
const NOT_FOR_PAGES: [&str; 17] = [
    "#[",
    "#![",
    "assert!",
    "assert_eq!",
    "bail!",
    "Broken",
    "debug!",
    "error!",
    "expect",
    "info!",
    "internal",
    "link_rel",
    "named!",
    "panic!",
    "trace!",
    "unreachable!",
    "warn!",
];

/// A text in a source file.
#[derive(Debug, PartialEq, Eq)]
struct Literal {
    line: usize,
    text: String,
    /// What opens the brackets around it, outermost first: `tracing::warn!`, `format!`, `#[`.
    within: Vec<String>,
}

impl Literal {
    /// At least three words in a row.
    fn is_sentence(&self) -> bool {
        let mut in_a_row = 0;
        for word in self.text.split(' ') {
            let word = word.trim_matches(|c: char| ",.:?()".contains(c));
            let is_word =
                !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || "'’-".contains(c));
            // A value in the middle of a sentence.
            let is_value = word.starts_with('{') && word.ends_with('}');
            in_a_row = match (is_word, is_value) {
                (true, _) => in_a_row + 1,
                (_, true) => in_a_row,
                _ => 0,
            };
            if in_a_row >= 3 {
                return true;
            }
        }
        false
    }
}

/// The texts of a source file up to its unit tests.
fn literals(source: &str) -> Vec<Literal> {
    let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut found = Vec::new();
    let mut within: Vec<String> = Vec::new();
    let (mut i, mut line) = (0, 1);
    // What stands directly before a bracket.
    let mut before = String::new();
    while i < chars.len() {
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
                continue;
            }
            // A letter in quotes; a lifetime has no second quote.
            '\'' if at(i + 1) == '\\' => {
                i += 3;
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
            }
            '\'' if at(i + 2) == '\'' => i += 2,
            'r' if before.is_empty()
                && (at(i + 1) == '"' || at(i + 1) == '#' && "#\"".contains(at(i + 2))) =>
            {
                let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
                let end: String = std::iter::once('"')
                    .chain(std::iter::repeat_n('#', hashes))
                    .collect();
                let start = i + hashes + 2;
                let rest: String = chars[start.min(chars.len())..].iter().collect();
                let text = rest.split(&end).next().unwrap_or_default().to_owned();
                i = start + text.chars().count() + hashes;
                let first = line;
                line += text.matches('\n').count();
                found.push(Literal {
                    line: first,
                    text,
                    within: within.clone(),
                });
            }
            '"' => {
                let (first, mut text) = (line, String::new());
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    if at(i) == '\\' {
                        i += 1;
                        if at(i) == '\n' {
                            line += 1;
                            while at(i + 1).is_whitespace() {
                                i += 1;
                                line += usize::from(at(i) == '\n');
                            }
                        } else {
                            text.push(if at(i) == 'n' { '\n' } else { at(i) });
                        }
                    } else {
                        line += usize::from(at(i) == '\n');
                        text.push(at(i));
                    }
                    i += 1;
                }
                found.push(Literal {
                    line: first,
                    text,
                    within: within.clone(),
                });
            }
            open @ ('(' | '[' | '{') => {
                let opener = if open == '[' && before.starts_with('#') {
                    format!("{before}[")
                } else {
                    before.clone()
                };
                within.push(opener);
            }
            ')' | ']' | '}' => {
                within.pop();
            }
            _ => {}
        }
        let c = at(i);
        line += usize::from(c == '\n');
        if c.is_alphanumeric() || "_!:#".contains(c) {
            before.push(c);
        } else if c != ' ' || !before.ends_with('!') {
            before.clear();
        }
        i += 1;
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir(place)
        .unwrap_or_else(|error| panic!("{}: {error}", place.display()))
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs"))
        .collect();
    found.sort();
    found
}

#[test]
fn code_whose_words_reach_pages_holds_no_sentence_of_its_own() {
    let mut wrong = Vec::new();
    let mut exempt = std::collections::BTreeSet::new();
    let mut looked_at = 0;
    for file in ROOMS.iter().flat_map(|room| sources(&root().join(room))) {
        let source = std::fs::read_to_string(&file).unwrap();
        for literal in literals(&source) {
            looked_at += 1;
            let not_for_pages = literal.within.iter().any(|opener| {
                let name = opener.rsplit("::").next().unwrap_or_default();
                NOT_FOR_PAGES.contains(&name)
            });
            if not_for_pages || !literal.is_sentence() {
                continue;
            }
            match ELSEWHERE.iter().find(|(place, _)| file.ends_with(place)) {
                Some((place, _)) => {
                    exempt.insert(*place);
                }
                None => wrong.push(format!(
                    "{}:{}: {:?}",
                    file.strip_prefix(root()).unwrap().display(),
                    literal.line,
                    literal.text
                )),
            }
        }
    }
    assert!(looked_at > 2000, "{looked_at}");
    assert!(
        wrong.is_empty(),
        "these belong into crates/domain/src/text:\n{}",
        wrong.join("\n")
    );
    let idle: Vec<_> = ELSEWHERE
        .iter()
        .filter(|(place, _)| !exempt.contains(place))
        .collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
}

#[test]
fn a_sentence_is_found_wherever_it_is_written() {
    let source = r##"
        // "This is a comment of five words."
        fn said<'a>(c: char) -> &'a str { if c == '"' || c == '\'' { "It could not run." } else { r#"It "ran" very well."# } }
        #[expect(clippy::all, reason = "for a good reason only")]
        fn log() { tracing::warn!(why = %x, "nobody reads this here") }
        fn long() { json!({"why": format!("given up \
            after {n} tries")}) }
#[cfg(test)]
        mod tests { fn x() { "not looked at any more"; } }
"##;
    let found = literals(source);
    let of = |text: &str| {
        found
            .iter()
            .find(|it| it.text.contains(text))
            .unwrap_or_else(|| panic!("{text} is not in {found:#?}"))
    };
    assert!(of("It could not run.").is_sentence());
    assert_eq!(of("It could not run.").line, 3);
    assert!(of("It \"ran\" very").text.ends_with("well."));
    assert_eq!(of("good reason").within, ["#[", "expect"]);
    assert_eq!(of("nobody reads").within[1], "tracing::warn!");
    assert_eq!(of("given up").text, "given up after {n} tries");
    assert!(of("given up").is_sentence());
    assert!(
        found
            .iter()
            .all(|it| !it.text.contains("comment") && !it.text.contains("any more"))
    );
    for plain in [
        "net.ping",
        "queue",
        "{a}, {b}",
        "a b",
        "text/html; charset=utf-8",
    ] {
        let literal = Literal {
            line: 1,
            text: plain.to_owned(),
            within: Vec::new(),
        };
        assert!(!literal.is_sentence(), "{plain}");
    }
}
