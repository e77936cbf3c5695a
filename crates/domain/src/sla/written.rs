//! Targets as people type them, `1 h 30 min`, and what is wrong with a rule as it was typed.

use super::{MAX_TARGET, PolicyRule};

/// The longest name of a rule, in characters.
pub const MAX_RULE_NAME: usize = 100;

/// The most rules of a policy.
pub const MAX_RULES: usize = 50;

/// Reads `4 h`, `90 min`, `1 h 30 min`, `1h30m`, `45 s` into seconds. A number needs its unit; there are no days, because
/// a working day has no fixed length. None if it cannot be read, is nothing, or is longer than a year.
pub fn read_target(text: &str) -> Option<u32> {
    let mut sum: u64 = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .filter(|n| *n > 0)?;
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let unit = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let seconds = match unit.to_lowercase().as_str() {
            "h" | "hour" | "hours" => 3600,
            "m" | "min" | "minute" | "minutes" => 60,
            "s" | "sec" | "second" | "seconds" => 1,
            _ => return None,
        };
        let number = number.parse::<u64>().ok()?;
        sum = sum.checked_add(number.checked_mul(seconds)?)?;
        rest = after.trim_start();
    }
    u32::try_from(sum)
        .ok()
        .filter(|sum| (1..=MAX_TARGET).contains(sum))
}

/// A target as [`read_target`] reads it.
pub fn written_target(seconds: u32) -> String {
    crate::clock::spell_exactly(chrono::TimeDelta::seconds(i64::from(seconds)))
}

impl PolicyRule {
    /// What is wrong with it: a message's key and the number in it.
    pub fn fault(&self) -> Option<(&'static str, usize)> {
        let targets = self.targets.values().flat_map(|it| it.values());
        let mut targets = targets.peekable();
        if self.name.trim().is_empty() {
            Some(("error.required", 0))
        } else if self.name.chars().count() > MAX_RULE_NAME {
            Some(("error.too_long", MAX_RULE_NAME))
        } else if targets.peek().is_none() {
            Some(("promise.no_target", 0))
        } else if targets.any(|it| !(1..=MAX_TARGET).contains(it)) {
            Some(("promise.bad_target", 0))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_people_write_it() {
        for (text, seconds) in [
            ("4 h", Some(14_400)),
            ("1h30m", Some(5_400)),
            ("1 h 30 min", Some(5_400)),
            ("90 minutes", Some(5_400)),
            ("45 s", Some(45)),
            ("8784 h", Some(MAX_TARGET)),
            ("8785 h", None),
            ("", None),
            ("0 h", None),
            ("4", None),
            ("2 days", None),
            ("-4 h", None),
            ("h", None),
            ("99999999999999999999 h", None),
            ("4294967297 s", None),
        ] {
            assert_eq!(read_target(text), seconds, "{text}");
        }
        for seconds in [1, 60, 5_400, 14_401, MAX_TARGET] {
            assert_eq!(read_target(&written_target(seconds)), Some(seconds));
        }
    }
}
