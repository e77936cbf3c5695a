//! Reading a filter. Every refusal names the word and says what is possible.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Field, Filter, FilterError, MAX_AGE, MAX_LENGTH, MAX_TERMS, Term, Test, UNITS};
use crate::ticket::{Channel, Kind, Priority, Status};
use crate::tier::Tier;

/// Longer signs first, so that `>=` is not read as `>`.
const SIGNS: [&str; 6] = [">=", "<=", ">", "<", ":", "~"];

pub(super) fn filter(text: &str) -> Result<Filter, FilterError> {
    if text.chars().count() > MAX_LENGTH {
        return Err(FilterError::new(
            "",
            "filter.too_long",
            MAX_LENGTH.to_string(),
        ));
    }
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (term, after) = term(rest)?;
        terms.push(term);
        if terms.len() > MAX_TERMS {
            return Err(FilterError::new(
                rest,
                "filter.too_many",
                MAX_TERMS.to_string(),
            ));
        }
        rest = after.trim_start();
    }
    Ok(Filter { terms })
}

/// One term and what comes after it.
fn term(text: &str) -> Result<(Term, &str), FilterError> {
    let (not, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let end = body
        .find(|c: char| c.is_whitespace() || matches!(c, '>' | '<' | ':' | '~' | '"' | ','))
        .unwrap_or(body.len());
    let (name, rest) = body.split_at(end);
    let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) else {
        // Without a sign it is a word of the title.
        let (values, after) = values(body, text)?;
        let test = Test::Title(only(values, text)?);
        return Ok((Term { not, test }, after));
    };
    let Ok(field) = name.to_lowercase().parse::<Field>() else {
        let word = if name.is_empty() { sign } else { name };
        return Err(FilterError::new(word, "filter.unknown_word", fields()));
    };
    let (values, after) = values(&rest[sign.len()..], text)?;
    let whole = text[..text.len() - after.len()].trim_end();
    if values.is_empty() {
        return Err(FilterError::new(whole, "filter.no_value", example(field)));
    }
    if !signs(field).contains(&sign) {
        return Err(FilterError::new(
            whole,
            "filter.wrong_sign",
            signs(field).join(" "),
        ));
    }
    let test = test(field, sign, values, whole)?;
    Ok((Term { not, test }, after))
}

fn fields() -> String {
    listed(Field::ALL)
}

fn listed<T: Display>(all: &[T]) -> String {
    let words: Vec<_> = all.iter().map(ToString::to_string).collect();
    words.join(", ")
}

fn signs(field: Field) -> &'static [&'static str] {
    match field {
        Field::Age | Field::Reopened => &[">", "<", ">=", "<="],
        Field::Title => &["~"],
        _ => &[":"],
    }
}

fn example(field: Field) -> &'static str {
    super::help()
        .into_iter()
        .zip(Field::ALL)
        .find_map(|((example, _), it)| (*it == field).then_some(example))
        .unwrap_or_default()
}

/// The values up to the next space that is not in quotes.
fn values<'a>(text: &'a str, term: &str) -> Result<(Vec<String>, &'a str), FilterError> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut in_quotes = false;
    let mut end = text.len();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => in_quotes = !in_quotes,
            '\\' if in_quotes => value.extend(chars.next().map(|(_, c)| c)),
            ',' if !in_quotes => keep(&mut values, &mut value),
            c if c.is_whitespace() && !in_quotes => {
                end = at;
                break;
            }
            c => value.push(c),
        }
    }
    if in_quotes {
        return Err(FilterError::new(term.trim_end(), "filter.open_quote", ""));
    }
    keep(&mut values, &mut value);
    Ok((values, &text[end..]))
}

/// A value as it is compared: one line, single spaces. Nothing between two commas is no value.
fn keep(values: &mut Vec<String>, value: &mut String) {
    let words: Vec<_> = value
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    if !words.is_empty() {
        values.push(words.join(" "));
    }
    value.clear();
}

fn only(mut values: Vec<String>, word: &str) -> Result<String, FilterError> {
    match (values.pop(), values.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(FilterError::new(word.trim_end(), "filter.one_value", "")),
    }
}

fn test(field: Field, sign: &str, values: Vec<String>, whole: &str) -> Result<Test, FilterError> {
    Ok(match field {
        Field::Team => Test::Team(names(values)),
        Field::Category => Test::Category(names(values)),
        Field::Organisation => Test::Organisation(names(values)),
        Field::Requester => Test::Requester(names(values)),
        Field::Assigned => Test::Assigned(names(values)),
        Field::Host => Test::Host(names(values)),
        Field::Tier => Test::Tier(words(&values, &Tier::ALL, |it| it.name().to_lowercase())?),
        Field::Priority => Test::Priority(words(&values, &Priority::ALL, |it| {
            it.to_string().to_lowercase()
        })?),
        Field::Status => Test::Status(words(&values, Status::ALL, ToString::to_string)?),
        Field::Kind => Test::Kind(words(&values, Kind::ALL, ToString::to_string)?),
        Field::Channel => Test::Channel(words(&values, Channel::ALL, ToString::to_string)?),
        Field::Vip => Test::Vip(yes(values, whole)?),
        Field::Risk => Test::Risk(yes(values, whole)?),
        Field::Breached => Test::Breached(yes(values, whole)?),
        Field::Age => {
            let value = only(values, whole)?;
            let seconds = duration(&value)
                .ok_or_else(|| FilterError::new(&value, "filter.no_time", "30m, 4h, 2d, 1w"))?;
            // To the second, older and not younger are the same.
            let older = sign.starts_with('>');
            Test::Age { older, seconds }
        }
        Field::Reopened => {
            let value = only(values, whole)?;
            let times: u16 = value
                .parse()
                .ok()
                .filter(|times| *times <= 1000)
                .ok_or_else(|| FilterError::new(&value, "filter.no_number", "0, 1, 2"))?;
            let (at_least, times) = match sign {
                ">=" => (true, times),
                ">" => (true, times + 1),
                "<=" => (false, times + 1),
                _ => (false, times),
            };
            Test::Reopened { at_least, times }
        }
        Field::Title => Test::Title(only(values, whole)?),
    })
}

/// Names once each, whatever their case; the first spelling stays.
fn names(values: Vec<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    values
        .into_iter()
        .filter(|name| seen.insert(name.to_lowercase()))
        .collect()
}

fn words<T: Copy + Ord + Display>(
    values: &[String],
    all: &[T],
    word: impl Fn(&T) -> String,
) -> Result<BTreeSet<T>, FilterError> {
    let read = |value: &String| {
        let wanted = value.to_lowercase().replace([' ', '-'], "_");
        let found = all.iter().find(|it| word(it) == wanted);
        found
            .copied()
            .ok_or_else(|| FilterError::new(value, "filter.unknown_value", listed(all)))
    };
    values.iter().map(read).collect()
}

fn yes(values: Vec<String>, whole: &str) -> Result<bool, FilterError> {
    let value = only(values, whole)?;
    match value.to_lowercase().as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(FilterError::new(&value, "filter.unknown_value", "yes, no")),
    }
}

/// `30m`, `4h`, `2d`, `1w`, in seconds.
fn duration(value: &str) -> Option<u32> {
    let letter = value.chars().last()?.to_ascii_lowercase();
    let (_, unit) = UNITS.into_iter().find(|(it, _)| *it == letter)?;
    let number: u32 = value[..value.len() - 1].parse().ok()?;
    number.checked_mul(unit).filter(|it| *it <= MAX_AGE)
}
