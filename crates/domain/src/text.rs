//! The message catalogue: every sentence that a page says, by key. English is complete; another language is another set of
//! files with the same keys and placeholders.
//!
//! A file holds one area, one line per text: `queue.empty = No ticket waits`. `{name}` is a placeholder. A text that depends
//! on a number is two keys, `….one` and `….other`, and is read with [`count`].

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

/// The files of the English catalogue. Each key starts with its file's name.
const ENGLISH: &[(&str, &str)] = &[
    ("audit", include_str!("text/audit.txt")),
    ("bot", include_str!("text/bot.txt")),
    ("calendar", include_str!("text/calendar.txt")),
    ("category", include_str!("text/category.txt")),
    ("clock", include_str!("text/clock.txt")),
    ("common", include_str!("text/common.txt")),
    ("dashboard", include_str!("text/dashboard.txt")),
    ("enrolment", include_str!("text/enrolment.txt")),
    ("error", include_str!("text/error.txt")),
    ("escalation", include_str!("text/escalation.txt")),
    ("event", include_str!("text/event.txt")),
    ("field", include_str!("text/field.txt")),
    ("files", include_str!("text/files.txt")),
    ("filter", include_str!("text/filter.txt")),
    ("finding", include_str!("text/finding.txt")),
    ("flow", include_str!("text/flow.txt")),
    ("gallery", include_str!("text/gallery.txt")),
    ("host", include_str!("text/host.txt")),
    ("in_charge", include_str!("text/in_charge.txt")),
    ("job", include_str!("text/job.txt")),
    ("mailbox", include_str!("text/mailbox.txt")),
    ("nav", include_str!("text/nav.txt")),
    ("notification", include_str!("text/notification.txt")),
    ("on_call", include_str!("text/on_call.txt")),
    ("password", include_str!("text/password.txt")),
    ("people", include_str!("text/people.txt")),
    ("priority", include_str!("text/priority.txt")),
    ("profile", include_str!("text/profile.txt")),
    ("promise", include_str!("text/promise.txt")),
    ("queue", include_str!("text/queue.txt")),
    ("report", include_str!("text/report.txt")),
    ("requester", include_str!("text/requester.txt")),
    ("routing", include_str!("text/routing.txt")),
    ("rules", include_str!("text/rules.txt")),
    ("said", include_str!("text/said.txt")),
    ("search", include_str!("text/search.txt")),
    ("shift", include_str!("text/shift.txt")),
    ("sign_in", include_str!("text/sign_in.txt")),
    ("skill", include_str!("text/skill.txt")),
    ("state", include_str!("text/state.txt")),
    ("team", include_str!("text/team.txt")),
    ("ticket", include_str!("text/ticket.txt")),
    ("ui", include_str!("text/ui.txt")),
];

static CATALOGUE: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| entries().map(|(_, key, text)| (key, text)).collect());

/// Every (file, key, text) in the order of the files. A line without ` = ` is no entry; a test refuses such lines.
fn entries() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ENGLISH.iter().flat_map(|(file, lines)| {
        lines
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .filter_map(|line| line.split_once(" = "))
            .map(|(key, text)| (*file, key, text))
    })
}

/// All keys, for the test that compares them with the templates.
pub fn keys() -> impl Iterator<Item = &'static str> {
    entries().map(|(_, key, _)| key)
}

/// The text of a key, or `None` if the catalogue does not know it.
#[must_use]
pub fn find(key: &str) -> Option<&'static str> {
    #[cfg(debug_assertions)]
    if pseudo::is_on() {
        return pseudo::find(key);
    }
    CATALOGUE.get(key).copied()
}

/// The pseudo-locale: English with each text between marks, for the test that finds sentences which are not of the catalogue.
/// For one thread, and only in programs that are built for development; in all others there is no such thing.
#[cfg(debug_assertions)]
pub mod pseudo {
    use std::cell::Cell;
    use std::collections::HashMap;
    use std::sync::LazyLock;

    /// Stands before each text of the catalogue.
    pub const BEGINS: char = '⟦';
    /// Stands after each text of the catalogue.
    pub const ENDS: char = '⟧';

    thread_local! {
        static ON: Cell<bool> = const { Cell::new(false) };
    }

    static MARKED: LazyLock<HashMap<&'static str, String>> = LazyLock::new(|| {
        super::entries()
            .map(|(_, key, text)| (key, format!("{BEGINS}{text}{ENDS}")))
            .collect()
    });

    /// Switches it on or off for this thread.
    pub fn switch(on: bool) {
        ON.set(on);
    }

    pub(super) fn is_on() -> bool {
        ON.get()
    }

    pub(super) fn find(key: &str) -> Option<&'static str> {
        MARKED.get(key).map(String::as_str)
    }
}

/// The text of a key. An unknown key is shown as it is; a test keeps that from happening.
#[must_use]
pub fn t(key: &'static str) -> &'static str {
    find(key).unwrap_or(key)
}

/// The text of a key with `{name}` replaced by each value. Values are put in as they are; the page escapes the result.
#[must_use]
pub fn fill(key: &'static str, values: &[(&str, &dyn Display)]) -> String {
    let mut out = String::with_capacity(t(key).len() + 32);
    for (words, name) in cut(key) {
        out.push_str(words);
        let Some(name) = name else { continue };
        match values.iter().find(|it| it.0 == name) {
            Some((_, value)) => out.push_str(&value.to_string()),
            None => out.push_str(&format!("{{{name}}}")),
        }
    }
    out
}

/// The text of a key cut at its placeholders: the words before each with its name, and at last those after all of them.
#[must_use]
pub fn cut(key: &'static str) -> Vec<(&'static str, Option<&'static str>)> {
    let mut rest = t(key);
    let mut pieces = Vec::new();
    while let Some((words, tail)) = rest.split_once('{')
        && let Some((name, after)) = tail.split_once('}')
    {
        pieces.push((words, Some(name)));
        rest = after;
    }
    pieces.push((rest, None));
    pieces
}

/// The text for a number: `key.one` for exactly one, `key.other` for the rest, with `{n}` filled in.
#[must_use]
pub fn count(key: &str, n: impl Display) -> String {
    let n = n.to_string();
    let form = if n == "1" { "one" } else { "other" };
    match find(&format!("{key}.{form}")) {
        Some(text) => text.replace("{n}", &n),
        None => format!("{n} {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}').map(|(name, _)| name))
            .collect()
    }

    #[test]
    fn every_line_is_an_entry_and_every_key_is_there_once() {
        let mut seen = BTreeSet::new();
        for (file, lines) in ENGLISH {
            for line in lines
                .lines()
                .filter(|l| !l.is_empty() && !l.starts_with('#'))
            {
                let (key, text) = line
                    .split_once(" = ")
                    .unwrap_or_else(|| panic!("{file}: {line}"));
                assert!(
                    key.starts_with(&format!("{file}.")),
                    "{key} belongs into another file than {file}.txt"
                );
                assert!(!text.trim().is_empty(), "{key} says nothing");
                assert!(seen.insert(key), "{key} is there twice");
            }
        }
    }

    #[test]
    fn a_text_for_a_number_has_both_forms() {
        let all: BTreeSet<_> = keys().collect();
        for key in &all {
            if let Some(stem) = key.strip_suffix(".one") {
                assert!(
                    all.contains(format!("{stem}.other").as_str()),
                    "{stem}.other is missing"
                );
            }
        }
    }

    #[test]
    fn every_placeholder_has_a_plain_name_and_is_filled_in_wholly() {
        for (_, key, text) in entries() {
            let names = placeholders(text);
            for name in &names {
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                assert!(!name.is_empty() && name.chars().all(plain), "{key}: {name}");
            }
            let values: Vec<(&str, &dyn Display)> = names
                .iter()
                .map(|name| (*name, &"x" as &dyn Display))
                .collect();
            let filled = fill(key, &values);
            assert!(!filled.contains(['{', '}']), "{key}: {filled}");
        }
    }

    #[test]
    fn texts_speak_calmly() {
        for (_, key, text) in entries() {
            assert!(!text.contains('!'), "{key}: no exclamation marks");
            for word in ["oops", "please note", "invalid"] {
                assert!(
                    !text.to_lowercase().contains(word),
                    "{key}: do not say “{word}”"
                );
            }
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn the_pseudo_locale_marks_every_text_and_is_off_elsewhere() {
        pseudo::switch(true);
        let marked = [
            t("common.save").to_owned(),
            fill("error.number", &[("id", &7)]),
            count("finding.days", 2),
        ];
        pseudo::switch(false);
        for text in marked {
            assert!(text.starts_with('⟦') && text.ends_with('⟧'), "{text}");
        }
        assert!(!t("common.save").contains('⟦'));
    }

    #[test]
    fn values_are_filled_in_once_and_never_read_again() {
        assert_eq!(
            fill("error.number", &[("id", &"{id}")]),
            "If you tell us about it, name this number: {id}"
        );
        assert_eq!(
            fill("error.number", &[]),
            "If you tell us about it, name this number: {id}"
        );
    }

    #[test]
    fn one_and_many_read_differently() {
        assert_eq!(count("common.tickets", 1), "1 ticket");
        assert_eq!(count("common.tickets", 0), "0 tickets");
    }
}
