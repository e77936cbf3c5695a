//! The hand-over: the short note without which no ticket changes tier, and the receiver's answer to it.

use serde::{Deserialize, Serialize};

use crate::clock::Change;
use crate::field::{FieldError, required};
use crate::id::TeamId;
use crate::names::named;
use crate::ticket::Status;
use crate::tier::Tier;
use crate::timeline::EventKind;

/// What the receiver needs to go on without asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// What is known.
    pub known: String,
    /// What was tried.
    pub tried: String,
    /// What shows it: outputs, jobs, messages, or that there is none and why.
    pub evidence: String,
    /// What is asked of the receiver.
    pub ask: String,
}

/// The longest text of one part, in characters.
pub const MAX_PART: usize = 4_000;

impl Handover {
    /// Checks the parts: all are required, each at most [`MAX_PART`] characters.
    pub fn check(self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        required("known", &self.known, MAX_PART, &mut errors);
        required("tried", &self.tried, MAX_PART, &mut errors);
        required("evidence", &self.evidence, MAX_PART, &mut errors);
        required("ask", &self.ask, MAX_PART, &mut errors);
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(errors)
        }
    }
}

named! {
    /// Why a receiver sends a hand-over back.
    BounceCode, "reason for a bounce" {
        /// It cannot be worked on with what the note says.
        MissingInformation = "missing_information",
        /// Another team works on such things.
        WrongTeam = "wrong_team",
        /// The tier it came from can do it.
        LowerTier = "lower_tier",
        /// It is on another ticket already.
        Duplicate = "duplicate",
    }
}

named! {
    /// Whether a hand-over was complete, as its receiver says.
    Quality, "quality of a hand-over" {
        /// Nothing was missing.
        Complete = "yes",
        /// The receiver had to look or ask.
        Partly = "partly",
        /// The receiver had to start anew.
        Incomplete = "no",
    }
}

/// Where a hand-over stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Nobody answered it.
    Open,
    /// Accepted.
    Accepted,
    /// Sent back.
    Bounced,
    /// The ticket went on without an answer: it was solved, or moved again.
    Over,
}

/// How an open ticket stands in the queue that it was moved to, whatever it waited for before.
pub const MOVED: Status = Status::Open;

/// What a move to another queue changes for the clocks: nobody there has it, and it stands as [`MOVED`] says.
pub fn moved(team: TeamId, tier: Tier) -> [Change; 2] {
    [Change::Queue(team, tier), Change::Status(MOVED)]
}

/// Where a hand-over stands after what happened since, oldest first.
pub fn standing(later: impl IntoIterator<Item = EventKind>) -> Standing {
    let answer = |kind| match kind {
        EventKind::HandoverAccepted => Some(Standing::Accepted),
        EventKind::HandoverBounced => Some(Standing::Bounced),
        EventKind::Escalated
        | EventKind::HandedBack
        | EventKind::Resolved
        | EventKind::Reopened
        | EventKind::Closed => Some(Standing::Over),
        _ => None,
    };
    later.into_iter().find_map(answer).unwrap_or(Standing::Open)
}

/// A bounce's reason as its sender typed it: a code and a sentence, both required, at most [`MAX_PART`] characters.
pub fn check_bounce(code: Option<BounceCode>, reason: &str) -> Result<BounceCode, Vec<FieldError>> {
    let mut errors = Vec::new();
    required("bounce_reason", reason, MAX_PART, &mut errors);
    match code {
        Some(code) if errors.is_empty() => Ok(code),
        Some(_) => Err(errors),
        None => {
            errors.insert(0, FieldError::new("bounce_code", "error.choose_one"));
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_counts_and_a_ticket_that_went_on_needs_none() {
        use EventKind::{Assigned, Escalated, HandoverAccepted, HandoverBounced, Note, Resolved};
        let table: [(&[EventKind], Standing); 5] = [
            (&[], Standing::Open),
            (&[Note, Assigned], Standing::Open),
            (&[Assigned, HandoverAccepted, Resolved], Standing::Accepted),
            (&[HandoverBounced, Escalated], Standing::Bounced),
            (&[Note, Resolved], Standing::Over),
        ];
        for (later, expected) in table {
            assert_eq!(standing(later.iter().copied()), expected, "{later:?}");
        }
    }

    #[test]
    fn every_part_of_a_hand_over_is_required_and_has_a_limit() {
        let parts = ["known", "tried", "evidence", "ask"];
        let note = |of: &dyn Fn(&str) -> String| Handover {
            known: of("known"),
            tried: of("tried"),
            evidence: of("evidence"),
            ask: of("ask"),
        };
        assert!(note(&|_| "x".repeat(MAX_PART)).check().is_ok());
        for wrong in [" ".to_owned(), "x".repeat(MAX_PART + 1)] {
            for part in parts {
                let words = |it: &str| match it == part {
                    true => wrong.clone(),
                    false => "Said.".to_owned(),
                };
                let errors = note(&words).check().unwrap_err();
                let fields: Vec<_> = errors.iter().map(|it| it.field).collect();
                assert_eq!(fields, [part]);
            }
        }
    }

    #[test]
    fn a_bounce_needs_a_code_and_a_sentence() {
        let fields = |code, reason: &str| {
            check_bounce(code, reason)
                .map_err(|errors| errors.iter().map(|it| it.field).collect::<Vec<_>>())
        };
        let code = Some(BounceCode::WrongTeam);
        assert_eq!(fields(code, "Ask Identity."), Ok(BounceCode::WrongTeam));
        assert_eq!(fields(code, " "), Err(vec!["bounce_reason"]));
        assert_eq!(fields(None, "No."), Err(vec!["bounce_code"]));
        assert_eq!(fields(None, ""), Err(vec!["bounce_code", "bounce_reason"]));
        let long = "x".repeat(MAX_PART + 1);
        assert_eq!(fields(code, &long), Err(vec!["bounce_reason"]));
    }
}
