//! What leaves the house by mail, and how long we try.

use chrono::{DateTime, TimeDelta, Utc};

use crate::backoff;
use crate::names::named;

named! {
    /// The mails there are. The words are stored, so they never change their meaning.
    MailKind, "kind of mail" {
        /// To the requester: we have your ticket.
        TicketReceived = "ticket_received",
        /// To the requester and confirmed participants: somebody answered.
        PublicReply = "public_reply",
        /// To the requester: it is solved, and how to say that it is not. `data` is empty.
        TicketResolved = "ticket_resolved",
        /// To the requester, or to the engineer who has it: it is open again.
        TicketReopened = "ticket_reopened",
        /// To the requester: it closed by itself.
        TicketClosed = "ticket_closed",
        /// To the requester: the bot asks something. `data`: `question`, `found` (sentences), `resolves_at`.
        BotQuestion = "bot_question",
        /// To an engineer: it is yours.
        TicketAssigned = "ticket_assigned",
        /// To the members of a queue: it came up to you, with its hand-over.
        TicketEscalated = "ticket_escalated",
        /// To the members of a queue: it was handed back.
        TicketHandedBack = "ticket_handed_back",
        /// To the engineer who has it: the requester wrote.
        RequesterAnswered = "requester_answered",
        /// To those a rule names. `data`: `rule`, `because`, `effects` (sentences).
        RuleFired = "rule_fired",
        /// To an engineer: a certificate behind a skill of theirs ends soon. `data`: `skill`, `certificate`, `last_day`.
        CertificateEnds = "certificate_ends",
        /// To the engineer who has it: a promise is at risk. `data`: `metric`.
        AtRisk = "at_risk",
        /// To whom an escalation path asks for. `data`: `rule`, `because`, `level`, `of`, `team`.
        InCharge = "in_charge",
        /// To a manager: figures that somebody saved and has mailed. `data`: `report`, `due_at`.
        Report = "report",
        /// A link to a new password. `data`: `expires_at`, `reminder`, `by`; the secret is the token.
        PasswordReset = "password_reset",
        /// Somebody set a new password. `data` is empty.
        PasswordChanged = "password_changed",
        /// A link to an account. `data`: `by`, `expires_at`; the secret is the token.
        Invitation = "invitation",
        /// The account is ready. `data`: `administrator`.
        SetUp = "set_up",
        /// To the old address: another one is in use. `data`: `new_address`, `by`.
        AddressNotice = "address_notice",
    }
}

/// Who a mail may reach; checked when it is written and again when it is sent (decision 34).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailAudience {
    /// People who may read the ticket's public side.
    Public,
    /// People who may read the ticket's internal side.
    Internal,
    /// People who may see figures.
    Figures,
    /// The person whose account it is about.
    Account,
}

impl MailKind {
    /// Who it may reach. [`Self::TicketReopened`] is public: it tells an engineer no more than a requester knows.
    pub fn audience(self) -> MailAudience {
        match self {
            Self::TicketReceived
            | Self::PublicReply
            | Self::TicketResolved
            | Self::TicketReopened
            | Self::TicketClosed
            | Self::BotQuestion => MailAudience::Public,
            Self::TicketAssigned
            | Self::TicketEscalated
            | Self::TicketHandedBack
            | Self::RequesterAnswered
            | Self::RuleFired
            | Self::AtRisk
            | Self::InCharge => MailAudience::Internal,
            Self::Report => MailAudience::Figures,
            Self::CertificateEnds
            | Self::PasswordReset
            | Self::PasswordChanged
            | Self::Invitation
            | Self::SetUp
            | Self::AddressNotice => MailAudience::Account,
        }
    }

    /// Whether people who were added to the ticket read along in Cc.
    pub fn has_readers(self) -> bool {
        matches!(
            self,
            Self::PublicReply | Self::TicketResolved | Self::TicketClosed
        )
    }

    /// Whether a person gets it even about what they did themselves.
    pub fn confirms(self) -> bool {
        matches!(self, Self::TicketReceived) || self.audience() == MailAudience::Account
    }
}

named! {
    /// Where a mail to one recipient stands.
    MailState, "state of a mail" {
        /// Waits for its time.
        Pending = "pending",
        /// Somebody sends it; or began to, and died.
        Sending = "sending",
        /// The mail server has it.
        Sent = "sent",
        /// The mail server will never take it, or we gave up.
        Failed = "failed",
        /// Not sent: the recipient may not have it any more, or it came too late.
        Dropped = "dropped",
        /// A mail with a secret that may have arrived; it is not sent twice.
        Unknown = "unknown",
    }
}

/// Where mail goes once it is written. Whatever promises a mail asks this first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To a mail server.
    Server,
    /// Into the developer mailbox, where everybody may read it: the demo's.
    Mailbox,
    /// Nowhere yet: no mail server is set, and it waits in the outbox until one is.
    Nowhere,
}

impl Way {
    /// Whether what is written now reaches somebody.
    #[must_use]
    pub fn leads_somewhere(self) -> bool {
        self != Self::Nowhere
    }
}

/// How long we try before we say that a mail cannot be delivered (RFC 5321 section 4.5.4.1: 4 to 5 days).
pub const PATIENCE: TimeDelta = TimeDelta::days(5);

/// How long a mail is remembered once its way ended. The timelines of tickets say for ever what left and what did not.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// When to try again after `attempts` tries, or `None` when it is time to give up. Half a minute, doubling, at most four
/// hours. The time before the first try does not count: there was no mail server then.
pub fn next_attempt(
    first_tried_at: DateTime<Utc>,
    attempts: u32,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let at = now + backoff::pause(TimeDelta::seconds(30), attempts, TimeDelta::hours(4));
    (at < first_tried_at + PATIENCE).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_try_at_growing_distances_for_almost_five_days() {
        let created = DateTime::UNIX_EPOCH;
        let (mut now, mut attempts, mut waits) = (created, 0, Vec::new());
        loop {
            attempts += 1;
            let Some(next) = next_attempt(created, attempts, now) else {
                break;
            };
            waits.push((next - now).num_seconds());
            now = next;
        }
        assert_eq!(waits[..5], [30, 60, 120, 240, 480]);
        assert!(waits.is_sorted());
        assert_eq!(waits.last(), Some(&14_400));
        assert!(now - created > TimeDelta::days(4) && now - created < PATIENCE);
    }

    #[test]
    fn nothing_internal_goes_to_requesters_and_readers_get_public_mail_only() {
        for kind in MailKind::ALL {
            assert!(
                !kind.has_readers() || kind.audience() == MailAudience::Public,
                "{kind}"
            );
        }
    }
}
