//! Mails about somebody's account. Those with a link that opens an account hold it as a path only; the desk's own address is
//! put in front of it, whatever host a request named.

use chrono::{DateTime, Utc};
use tierdesk_domain::secret::Secret;

use super::{TicketRef, mail};
use crate::context::MailContext;
use crate::words::Line;

/// A link that lets its reader choose a new password, once.
#[derive(Clone)]
pub struct PasswordReset {
    /// Where the link leads.
    pub path: Secret,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
    /// The ticket that asked for it, if one did.
    pub ticket: Option<TicketRef>,
    /// Whether this is the one reminder with a fresh link.
    pub reminder: bool,
    /// Who at the desk sent it, if somebody did.
    pub by: Option<Line>,
}
mail!(
    PasswordReset,
    "password_reset",
    Generated,
    "mail/password_reset.subject.txt",
    "mail/password_reset.txt",
    "mail/password_reset.html"
);

/// The password was changed and all sessions ended.
#[derive(Debug, Clone)]
pub struct PasswordChanged {
    /// When.
    pub at: DateTime<Utc>,
}
mail!(
    PasswordChanged,
    "password_changed",
    Generated,
    "mail/password_changed.subject.txt",
    "mail/password_changed.txt",
    "mail/password_changed.html"
);

/// Somebody may join the desk.
#[derive(Clone)]
pub struct Invitation {
    /// Who invites.
    pub by: Line,
    /// Where the link leads.
    pub path: Secret,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
}
mail!(
    Invitation,
    "invitation",
    Generated,
    "mail/invitation.subject.txt",
    "mail/invitation.txt",
    "mail/invitation.html"
);

/// The account is ready, after an invitation or as the first administrator's.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// The address to sign in with.
    pub address: Line,
    /// Whether this is an administrator, who is told where to begin.
    pub administrator: bool,
}
mail!(
    SetUp,
    "set_up",
    Generated,
    "mail/set_up.subject.txt",
    "mail/set_up.txt",
    "mail/set_up.html"
);

/// An address of the account was added, changed or removed; goes to the address that was there before.
#[derive(Debug, Clone)]
pub struct AddressNotice {
    /// The address now in use.
    pub new_address: Line,
    /// Who changed it.
    pub by: Line,
    /// When.
    pub at: DateTime<Utc>,
}
mail!(
    AddressNotice,
    "address_notice",
    Generated,
    "mail/address_notice.subject.txt",
    "mail/address_notice.txt",
    "mail/address_notice.html"
);

impl PasswordReset {
    /// Why it comes.
    fn sentence(&self, c: &MailContext) -> String {
        match &self.by {
            Some(by) => format!(
                "{by} sent you a link to a new password for {}. The link works once.",
                c.site_name
            ),
            None => "somebody, probably you, asked for a new password. The link works once; if it is too late, its page \
                     sends you a fresh one."
                .to_owned(),
        }
    }

    /// How long the link works.
    fn works_until(&self, c: &MailContext) -> String {
        format!("The link works until {}", c.when(&self.expires_at))
    }
}

impl Invitation {
    /// How long the link works.
    fn works_until(&self, c: &MailContext) -> String {
        format!(
            "The link is for you alone and works until {}",
            c.when(&self.expires_at)
        )
    }

    /// Who invites, and to what.
    fn sentence(&self, c: &MailContext) -> String {
        format!(
            "{} invites you to {}, where you ask for IT help and see where your questions stand.",
            self.by, c.site_name
        )
    }
}

impl AddressNotice {
    /// What was changed by whom.
    fn sentence(&self) -> String {
        format!(
            "{} changed the mail address of your account to {}. Mail about your tickets goes there from now on.",
            self.by, self.new_address
        )
    }
}
