//! What templates can call: `{{ "queue.empty"|t }}`, `{{ "queue.open"|n(count) }}`, `{{ "app.css"|asset }}`.
//! A module with page structs has `use crate::filters;`.
#![expect(clippy::unnecessary_wraps, reason = "askama's filters return results")]
#![expect(
    unreachable_pub,
    reason = "askama's macro makes public what it makes of a filter"
)]

use std::fmt::Display;

use askama::{Result, Values};
use tierdesk_domain::text;

/// The text of a key.
#[askama::filter_fn]
pub(crate) fn t(key: &'static str, _: &dyn Values) -> Result<&'static str> {
    Ok(text::t(key))
}

/// The text of a key with one placeholder filled in.
#[askama::filter_fn]
pub(crate) fn t1<V: Display>(
    key: &'static str,
    _: &dyn Values,
    name: &str,
    value: V,
) -> Result<String> {
    Ok(text::fill(key, &[(name, &value)]))
}

/// The text of a key with two placeholders filled in.
#[askama::filter_fn]
pub(crate) fn t2<V: Display, W: Display>(
    key: &'static str,
    _: &dyn Values,
    first: &str,
    value: V,
    second: &str,
    other: W,
) -> Result<String> {
    Ok(text::fill(key, &[(first, &value), (second, &other)]))
}

/// The text for a number: `….one` or `….other`.
#[askama::filter_fn]
pub(crate) fn n<N: Display>(key: &'static str, _: &dyn Values, number: N) -> Result<String> {
    Ok(text::count(key, number))
}

/// The address of a file in `static/`.
#[askama::filter_fn]
pub(crate) fn asset(name: &str, _: &dyn Values) -> Result<&'static str> {
    Ok(crate::assets::address(name))
}

/// A number with a thin gap between thousands, for reading.
#[askama::filter_fn]
pub(crate) fn num<N: Display>(number: N, _: &dyn Values) -> Result<String> {
    Ok(grouped(number))
}

/// `12345` → `12 345` with a narrow no-break space.
pub(crate) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + 8);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Percent-encodes everything that means something in an address, but `/`.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_grouped() {
        assert_eq!(super::grouped(999), "999");
        assert_eq!(super::grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
