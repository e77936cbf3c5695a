//! How much an entry may do, and so who may run it.

use serde::{Deserialize, Serialize};

/// The class of an entry, from harmless to dangerous.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// Read-only and not sensitive: the bot may run it by itself.
    R0,
    /// Read-only, may show personal data or security configuration: engineers only.
    R1,
    /// Changes state, reversible: needs one approval.
    C2,
    /// Privacy-invasive or hard to undo: needs two approvals.
    C3,
}

impl Class {
    /// All classes, mildest first.
    pub const ALL: [Class; 4] = [Class::R0, Class::R1, Class::C2, Class::C3];

    /// The short name shown on pages and stored in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::R0 => "R0",
            Class::R1 => "R1",
            Class::C2 => "C2",
            Class::C3 => "C3",
        }
    }

    /// Whether running it leaves the host as it was.
    pub const fn is_read_only(self) -> bool {
        matches!(self, Class::R0 | Class::R1)
    }
}

impl std::fmt::Display for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Class {
    type Err = UnknownClass;

    fn from_str(text: &str) -> Result<Self, UnknownClass> {
        Class::ALL
            .into_iter()
            .find(|class| class.as_str() == text)
            .ok_or(UnknownClass)
    }
}

/// The text names no class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown class: use R0, R1, C2 or C3")]
pub struct UnknownClass;
