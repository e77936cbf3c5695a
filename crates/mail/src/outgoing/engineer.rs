//! Mails to the people who work tickets.

use chrono::{DateTime, NaiveDate, Utc};

use super::{TicketRef, mail};
use crate::words::{Line, Text};

/// What made the desk write to an engineer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeReason {
    /// The ticket was given to them.
    Assigned,
    /// The ticket came into one of their queues.
    Queued,
    /// The requester wrote.
    Answered,
    /// The requester says that it is not solved.
    Reopened,
    /// It was handed back to their queue.
    HandedBack,
    /// A promise on it is at risk.
    AtRisk,
}

impl NoticeReason {
    /// What the subject begins with.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Assigned => "With you now",
            Self::Queued => "New in your queue",
            Self::Answered => "New answer",
            Self::Reopened => "Reopened",
            Self::HandedBack => "Handed back",
            Self::AtRisk => "At risk",
        }
    }
}

/// What the one before handed over.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// What is known.
    pub known: Text,
    /// What was tried.
    pub tried: Text,
    /// What is asked.
    pub ask: Text,
}

/// A ticket needs an engineer's eyes.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The ticket.
    pub ticket: TicketRef,
    /// What happened.
    pub reason: NoticeReason,
    /// Who did it.
    pub by: Line,
    /// `P1` … `P4`.
    pub priority: Line,
    /// The queue: `Network L2`.
    pub queue: Line,
    /// Whom the ticket is for.
    pub requester: Line,
    /// The next due time, if a clock runs.
    pub due: Option<DateTime<Utc>>,
    /// The hand-over note, if it was escalated to them.
    pub hand_over: Option<HandOver>,
    /// The new message, if there is one.
    pub message: Option<Text>,
}
mail!(
    Notice,
    "notice",
    Generated,
    "mail/notice.subject.txt",
    "mail/notice.txt",
    "mail/notice.html"
);

/// A rule moved a ticket up or wants somebody to know about it.
#[derive(Debug, Clone)]
pub struct Escalated {
    /// The ticket.
    pub ticket: TicketRef,
    /// The rule's name.
    pub rule: Line,
    /// Why it fired: `nobody took it for 30 working minutes`.
    pub because: Line,
    /// What it did, one line each: `moved from Service Desk L1 to Network L2`.
    pub effects: Vec<Line>,
    /// `P1` … `P4`.
    pub priority: Line,
    /// The queue it is in now.
    pub queue: Line,
    /// The next due time, if a clock runs.
    pub due: Option<DateTime<Utc>>,
}
mail!(
    Escalated,
    "escalated",
    Generated,
    "mail/escalated.subject.txt",
    "mail/escalated.txt",
    "mail/escalated.html"
);

/// A certificate behind a skill of theirs ends soon.
#[derive(Debug, Clone)]
pub struct CertificateEnds {
    /// The skill.
    pub skill: Line,
    /// The certificate's name.
    pub certificate: Line,
    /// The last day it counts.
    pub last_day: NaiveDate,
}
mail!(
    CertificateEnds,
    "certificate_ends",
    Generated,
    "mail/certificate_ends.subject.txt",
    "mail/certificate_ends.txt",
    "mail/certificate_ends.html"
);

impl CertificateEnds {
    fn day(&self) -> String {
        self.last_day.format("%-d %B %Y").to_string()
    }

    /// What ends when, and what follows.
    fn sentence(&self) -> String {
        format!(
            "your certificate \u{201c}{}\u{201d} counts until {}. After that day your skill {} no longer counts when tickets are given to people.",
            self.certificate,
            self.day(),
            self.skill
        )
    }
}

/// An escalation path asks somebody to look at once.
#[derive(Debug, Clone)]
pub struct InCharge {
    /// The ticket.
    pub ticket: TicketRef,
    /// The team whose path it is.
    pub team: Line,
    /// Which level, from 1, and of how many.
    pub level: (u64, u64),
    /// Whether they were told before.
    pub again: bool,
    /// The rule that started it.
    pub rule: Line,
    /// Why it fired.
    pub because: Line,
    /// `P1` … `P4`.
    pub priority: Line,
    /// The queue it is in now.
    pub queue: Line,
    /// Whom the ticket is for.
    pub requester: Line,
    /// The next due time, if a clock runs.
    pub due: Option<DateTime<Utc>>,
}
mail!(
    InCharge,
    "in_charge",
    Generated,
    "mail/in_charge.subject.txt",
    "mail/in_charge.txt",
    "mail/in_charge.html"
);

impl InCharge {
    /// What is asked, as one or two sentences.
    fn sentence(&self) -> String {
        let (level, of) = self.level;
        let still = if self.again {
            "Nobody has acknowledged yet. "
        } else {
            ""
        };
        format!(
            "{still}You are level {level} of {of} of the escalation path of {}. Please look at this ticket now and acknowledge it on its page; until somebody does, it goes on to the next level.",
            self.team
        )
    }

    /// What started it, as one sentence.
    fn why(&self) -> String {
        format!(
            "The rule \u{201c}{}\u{201d} asks for this, because {}.",
            self.rule, self.because
        )
    }
}

impl Notice {
    /// What happened, as one sentence.
    fn sentence(&self) -> String {
        let (by, queue) = (&self.by, &self.queue);
        match self.reason {
            NoticeReason::Assigned => format!("{by} gave this ticket to you."),
            NoticeReason::Queued => format!("This ticket came into {queue}."),
            NoticeReason::Answered => format!("{by} answered."),
            NoticeReason::Reopened => format!("{by} says that it is not solved."),
            NoticeReason::HandedBack => format!("{by} handed this ticket back to {queue}."),
            NoticeReason::AtRisk => {
                "A promise on this ticket is at risk. It can still be kept.".to_owned()
            }
        }
    }
}

impl Escalated {
    /// Which rule fired and why, as one sentence.
    fn sentence(&self) -> String {
        format!(
            "The rule \u{201c}{}\u{201d} fired, because {}.",
            self.rule, self.because
        )
    }
}
