//! Skills: what engineers know, what categories need, and which of it counts on a day.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::id::SkillId;

/// The longest name of a skill, in characters.
pub const MAX_NAME: usize = 60;
/// The longest name of a certificate, in characters.
pub const MAX_CERTIFICATE: usize = 100;
/// How many days before its last day somebody is told that a certificate ends.
pub const REMINDER_DAYS: u64 = 30;

/// How well somebody knows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// With help, or in ordinary cases.
    Basic,
    /// Alone.
    Solid,
    /// Others ask them.
    Expert,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Basic, Self::Solid, Self::Expert];

    /// 1 to 3, as the database keeps it.
    pub fn number(self) -> i16 {
        match self {
            Self::Basic => 1,
            Self::Solid => 2,
            Self::Expert => 3,
        }
    }

    /// The level with that number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.number() == number)
    }
}

/// A skill that a category needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needed {
    /// Which.
    pub skill: SkillId,
    /// What people call it.
    pub name: String,
    /// At least so well.
    pub level: Level,
    /// Whether it counts with a certificate only.
    pub certificate: bool,
}

/// A skill that somebody has, as it is on file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub skill: SkillId,
    /// How well.
    pub level: Level,
    /// Whether a manager or administrator confirmed it.
    pub confirmed: bool,
    /// Whether a certificate stands behind it.
    pub certificate: bool,
    /// The last day on which the certificate counts; none where it never ends.
    pub expires_on: Option<NaiveDate>,
}

/// Why a needed skill is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Lack {
    /// They do not have it.
    Missing,
    /// They have it, but less well than needed.
    Level {
        /// How well they have it.
        has: Level,
    },
    /// They say that they have it; nobody confirmed it.
    Unconfirmed,
    /// It needs a certificate, and they have none.
    NoCertificate,
    /// The certificate has ended.
    Expired {
        /// The last day it counted.
        on: NaiveDate,
    },
}

impl Held {
    /// Whether the certificate behind it, if there is one, has ended.
    pub fn has_ended(&self, today: NaiveDate) -> bool {
        self.expires_on.is_some_and(|last| last < today)
    }
}

impl Needed {
    /// What somebody with these skills lacks for it; nothing where they fit. What has ended does not count, also where
    /// no certificate is asked for.
    pub fn lack(&self, held: &[Held], today: NaiveDate) -> Option<Lack> {
        let Some(held) = held.iter().find(|it| it.skill == self.skill) else {
            return Some(Lack::Missing);
        };
        match held.expires_on {
            Some(on) if held.has_ended(today) => return Some(Lack::Expired { on }),
            _ => {}
        }
        if !held.confirmed {
            Some(Lack::Unconfirmed)
        } else if held.level < self.level {
            Some(Lack::Level { has: held.level })
        } else if self.certificate && !held.certificate {
            Some(Lack::NoCertificate)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const VPN: SkillId = SkillId(Uuid::from_u128(1));

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[test]
    fn the_table_of_what_counts() {
        let needed = |level, certificate| Needed {
            skill: VPN,
            name: "VPN".to_owned(),
            level,
            certificate,
        };
        let held = Held {
            skill: VPN,
            level: Level::Solid,
            confirmed: true,
            certificate: true,
            expires_on: Some(day("2026-11-30")),
        };
        let solid = needed(Level::Solid, true);
        let table = [
            ("fits", &solid, held, "2026-11-01", None),
            ("the last day counts", &solid, held, "2026-11-30", None),
            (
                "the day after does not",
                &solid,
                held,
                "2026-12-01",
                Some(Lack::Expired {
                    on: day("2026-11-30"),
                }),
            ),
            (
                "too low",
                &needed(Level::Expert, false),
                held,
                "2026-11-01",
                Some(Lack::Level { has: Level::Solid }),
            ),
            (
                "only declared",
                &solid,
                Held {
                    confirmed: false,
                    ..held
                },
                "2026-11-01",
                Some(Lack::Unconfirmed),
            ),
            (
                "no certificate",
                &solid,
                Held {
                    certificate: false,
                    expires_on: None,
                    ..held
                },
                "2026-11-01",
                Some(Lack::NoCertificate),
            ),
            (
                "a certificate that never ends",
                &solid,
                Held {
                    expires_on: None,
                    ..held
                },
                "2036-11-01",
                None,
            ),
        ];
        for (name, needed, held, today, expected) in table {
            assert_eq!(needed.lack(&[held], day(today)), expected, "{name}");
        }
        assert_eq!(solid.lack(&[], day("2026-11-01")), Some(Lack::Missing));
    }
}
