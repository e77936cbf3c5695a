//! What people on the desk's side are told by the product, and where: by mail, in the application, or both.

use crate::names::named;
use crate::outbox::MailKind;

named! {
    /// What somebody is told. The words are stored, so they never change their meaning.
    NotificationKind, "kind of notification" {
        /// A ticket was given to them.
        Assigned = "assigned",
        /// The requester wrote on a ticket of theirs.
        Answered = "answered",
        /// A ticket of theirs is open again.
        Reopened = "reopened",
        /// A ticket came into their queue, with its hand-over.
        Escalated = "escalated",
        /// A ticket was handed back to their queue.
        HandedBack = "handed_back",
        /// A rule wants them to know. `data`: `rule`, `because`.
        RuleFired = "rule_fired",
        /// A promise on a ticket of theirs is at risk. `data`: `metric`, `due_at`.
        AtRisk = "at_risk",
        /// They are asked to look at once, and to acknowledge. `data`: `rule`, `because`, `level`.
        InCharge = "in_charge",
        /// They are on call in somebody's place. `data`: `schedule`, `by`, `from`, `to`.
        OnCall = "on_call",
    }
}

named! {
    /// Where somebody is told.
    Channel, "channel" {
        /// By mail alone.
        Mail = "mail",
        /// In the application alone.
        App = "app",
        /// By mail and in the application.
        Both = "both",
    }
}

impl Channel {
    /// Whether this reaches the mailbox.
    pub fn mails(self) -> bool {
        self != Self::App
    }

    /// Whether this is shown in the application.
    pub fn shows(self) -> bool {
        self != Self::Mail
    }
}

impl NotificationKind {
    /// Where people are told who chose nothing.
    pub fn channel(self) -> Channel {
        match self {
            Self::AtRisk | Self::OnCall => Channel::App,
            _ => Channel::Both,
        }
    }

    /// The mail that says the same, where there is one.
    pub fn mail(self) -> Option<MailKind> {
        Some(match self {
            Self::Assigned => MailKind::TicketAssigned,
            Self::Answered => MailKind::RequesterAnswered,
            Self::Reopened => MailKind::TicketReopened,
            Self::Escalated => MailKind::TicketEscalated,
            Self::HandedBack => MailKind::TicketHandedBack,
            Self::RuleFired => MailKind::RuleFired,
            Self::AtRisk => MailKind::AtRisk,
            Self::InCharge => MailKind::InCharge,
            Self::OnCall => return None,
        })
    }

    /// Whether people may choose where. Who is in charge is told as the path says.
    pub fn is_a_choice(self) -> bool {
        !matches!(self, Self::InCharge | Self::OnCall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_reaches_somebody() {
        for channel in Channel::ALL {
            assert!(channel.mails() || channel.shows(), "{channel}");
        }
        assert!(Channel::Both.mails() && Channel::Both.shows());
    }

    #[test]
    fn nobody_can_choose_to_miss_an_alert() {
        for kind in NotificationKind::ALL {
            assert!(kind.is_a_choice() || kind.channel().shows(), "{kind}");
            assert!(kind.mail().is_some() || !kind.is_a_choice(), "{kind}");
        }
    }
}
