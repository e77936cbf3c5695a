//! The hand-over: the short note without which no ticket changes tier.

use serde::{Deserialize, Serialize};

use crate::field::{FieldError, required};

/// What the receiver needs to go on without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// What is known.
    pub known: String,
    /// What was tried.
    pub tried: String,
    /// What shows it: outputs, jobs, messages. May be empty.
    pub evidence: String,
    /// What is asked of the receiver.
    pub ask: String,
}

/// The longest text of one part, in characters.
pub const MAX_PART: usize = 4_000;

impl Handover {
    /// Checks the parts a person typed: known, tried and ask are required, each at most [`MAX_PART`] characters.
    pub fn check(self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        required("known", &self.known, MAX_PART, &mut errors);
        required("tried", &self.tried, MAX_PART, &mut errors);
        required("ask", &self.ask, MAX_PART, &mut errors);
        if self.evidence.chars().count() > MAX_PART {
            errors.push(FieldError::too_long("evidence", MAX_PART));
        }
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(errors)
        }
    }
}
