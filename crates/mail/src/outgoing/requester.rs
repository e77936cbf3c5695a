//! Mails to the people a ticket is for. They never say queue, tier, SLA, escalate or breach.

use chrono::{DateTime, Utc};

use super::{TicketRef, mail};
use crate::context::MailContext;
use crate::words::{Line, Text};

/// We have your ticket: its number and what happens next.
#[derive(Debug, Clone)]
pub struct Received {
    /// The ticket.
    pub ticket: TicketRef,
    /// What happens next and by when, in plain words.
    pub next: Text,
}
mail!(
    Received,
    "received",
    Replied,
    "mail/received.subject.txt",
    "mail/received.txt",
    "mail/received.html"
);

/// Somebody answered in public.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The ticket.
    pub ticket: TicketRef,
    /// Who wrote.
    pub author: Line,
    /// When.
    pub at: DateTime<Utc>,
    /// What they wrote: only this message, never the thread.
    pub body: Text,
    /// What happens next; empty says nothing.
    pub next: Text,
}
mail!(
    Reply,
    "reply",
    No,
    "mail/reply.subject.txt",
    "mail/reply.txt",
    "mail/reply.html"
);

/// We believe it works again, and this is how to say that it does not.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The ticket.
    pub ticket: TicketRef,
    /// Who resolved it: an engineer's name or the desk's assistant.
    pub by: Line,
    /// What was done; may be empty.
    pub body: Text,
    /// Until when it can be reopened, after which it closes by itself.
    pub reopen_until: DateTime<Utc>,
}
mail!(
    Resolved,
    "resolved",
    Generated,
    "mail/resolved.subject.txt",
    "mail/resolved.txt",
    "mail/resolved.html"
);

/// The ticket is open again.
#[derive(Debug, Clone)]
pub struct Reopened {
    /// The ticket.
    pub ticket: TicketRef,
    /// Who reopened it.
    pub by: Line,
    /// What happens next.
    pub next: Text,
}
mail!(
    Reopened,
    "reopened",
    Generated,
    "mail/reopened.subject.txt",
    "mail/reopened.txt",
    "mail/reopened.html"
);

/// Nobody answered, so the resolved ticket closed by itself.
#[derive(Debug, Clone)]
pub struct ClosedByItself {
    /// The ticket.
    pub ticket: TicketRef,
    /// When it closed.
    pub at: DateTime<Utc>,
}
mail!(
    ClosedByItself,
    "closed_by_itself",
    Generated,
    "mail/closed_by_itself.subject.txt",
    "mail/closed_by_itself.txt",
    "mail/closed_by_itself.html"
);

/// The assistant looked and asks something: which address, or whether it still does not work.
#[derive(Debug, Clone)]
pub struct BotQuestion {
    /// The ticket.
    pub ticket: TicketRef,
    /// What it asks.
    pub question: Line,
    /// What it found, one plain sentence each; may be empty.
    pub found: Vec<Line>,
    /// When the ticket is resolved if nobody answers; `None` when it is not.
    pub resolves_at: Option<DateTime<Utc>>,
}
mail!(
    BotQuestion,
    "bot_question",
    Generated,
    "mail/bot_question.subject.txt",
    "mail/bot_question.txt",
    "mail/bot_question.html"
);

impl Reply {
    /// Who wrote, and when.
    fn heading(&self, c: &MailContext) -> String {
        format!("{} wrote on {}", self.author, c.when(&self.at))
    }
}

impl Resolved {
    /// Who resolved it.
    fn heading(&self) -> String {
        format!("{} marked it as solved", self.by)
    }

    /// What to do when it still does not work.
    fn how_to_reopen(&self, c: &MailContext) -> String {
        format!(
            "Answer this mail or press \u{201c}It is not solved\u{201d} on the ticket before {}, and it is open again. If all is well you need not do anything: the ticket closes by itself then.",
            c.when(&self.reopen_until)
        )
    }
}

impl Reopened {
    /// Who reopened it.
    fn heading(&self) -> String {
        format!("{} opened it again", self.by)
    }
}

impl ClosedByItself {
    /// When it closed.
    fn heading(&self, c: &MailContext) -> String {
        format!("Closed on {}", c.when(&self.at))
    }
}
