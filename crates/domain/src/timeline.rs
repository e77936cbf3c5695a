//! The timeline: the append-only list of everything that happened to a ticket.

use crate::names::named;

named! {
    /// Who may see an entry.
    Visibility, "visibility" {
        /// The requester too.
        Public = "public",
        /// Those who work on tickets.
        Internal = "internal",
    }
}

named! {
    /// What happened. Each kind has one shape of `data`, documented where it is written.
    EventKind, "kind of event" {
        /// The ticket was filed; content is the description.
        Opened = "opened",
        /// The requester wrote; content is the message.
        Ask = "ask",
        /// An engineer, or the bot, answered in public.
        Reply = "reply",
        /// An internal note.
        Note = "note",
        /// The bot decided something: rule, version, words, effect.
        Triage = "triage",
        /// The bot's work stopped; a human goes on.
        BotGaveUp = "bot_gave_up",
        /// A hand-over upwards or across: known, tried, evidence, ask.
        Escalated = "escalated",
        /// Handed back, with a reason.
        HandedBack = "handed_back",
        /// The receiver of a hand-over accepted it, by a word or by taking the ticket.
        HandoverAccepted = "handover_accepted",
        /// The receiver sent a hand-over back, with a reason.
        HandoverBounced = "handover_bounced",
        /// The receiver said whether a hand-over was complete.
        HandoverRated = "handover_rated",
        /// Routing found nobody for it.
        NotRouted = "not_routed",
        /// A rule moved it, raised it or told somebody.
        RuleFired = "rule_fired",
        /// Somebody has it now, or nobody.
        Assigned = "assigned",
        /// The status changed.
        Status = "status",
        /// Impact, urgency or priority changed.
        Priority = "priority",
        /// Kind or category changed: both as they were and are; or something else did, and data says `what`.
        Changed = "changed",
        /// Resolved: code and by whom.
        Resolved = "resolved",
        /// Reopened; a new cycle begins.
        Reopened = "reopened",
        /// Closed for good.
        Closed = "closed",
        /// A promise was kept; data names the clock.
        Kept = "kept",
        /// A promise was broken; data names the clock. Never taken back.
        Breached = "breached",
        /// A promise came close.
        AtRisk = "at_risk",
        /// A version of the calendar or the promises moved a due time; data names the clock and both times.
        Recomputed = "recomputed",
        /// A diagnostic was asked for.
        JobRequested = "job_requested",
        /// A diagnostic ended: verdict, sentence, facts.
        JobFinished = "job_finished",
        /// What automation concluded, with its evidence.
        Finding = "finding",
        /// A mail left.
        MailSent = "mail_sent",
        /// A mail could not be delivered.
        MailFailed = "mail_failed",
        /// An escalation path told who is in charge, or what became of it; data has `what`.
        InCharge = "in_charge",
        /// Somebody who was asked to see to it does.
        Acknowledged = "acknowledged",
        /// Somebody undid what automation did.
        Undone = "undone",
        /// A password reset was started or done; never holds a secret.
        PasswordReset = "password_reset",
    }
}
