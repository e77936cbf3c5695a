//! The three tiers of support.

use serde::{Deserialize, Serialize};

/// A tier. Higher tiers hold rarer skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// First look at everything.
    L1,
    /// Specialists: logs, network, services.
    L2,
    /// Root causes, risky changes, the owners of runbooks and rules.
    L3,
}

impl Tier {
    /// All tiers, lowest first.
    pub const ALL: [Self; 3] = [Self::L1, Self::L2, Self::L3];

    /// 1 to 3, as the database keeps it.
    pub fn number(self) -> i16 {
        match self {
            Self::L1 => 1,
            Self::L2 => 2,
            Self::L3 => 3,
        }
    }

    /// The tier with that number, if there is one.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.number() == number)
    }

    /// `L1`, `L2` or `L3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
        }
    }

    /// The tier of this [name](Self::name), if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }

    /// The next tier up, or none above L3.
    pub fn above(self) -> Option<Self> {
        Self::from_number(self.number() + 1)
    }

    /// The next tier down, or none below L1.
    pub fn below(self) -> Option<Self> {
        Self::from_number(self.number() - 1)
    }
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
