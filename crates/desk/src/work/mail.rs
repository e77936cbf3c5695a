//! The mails that an action causes, put in the outbox with it.

use serde_json::Value;
use tierdesk_domain::id::{EventId, PersonId, TicketId};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::secret::Secret;
use tierdesk_store::outbox::{self, NewMail};
use uuid::Uuid;

use super::Work;
use crate::error::Result;

/// A mail that an action causes.
pub struct Mail<'a> {
    /// Which mail.
    pub kind: MailKind,
    /// Who gets it.
    pub to: PersonId,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// Ids and harmless facts for the template.
    pub data: Value,
    /// What must not be read at rest, such as a link with a secret in it.
    pub secret: Option<&'a Secret>,
}

impl Work<'_> {
    /// Puts a mail to one person in the outbox, with those who read along on the ticket in Cc. Nobody is mailed about what
    /// they did themselves, but for confirmations; a person without an address gets none.
    pub async fn mail(&mut self, mail: Mail<'_>) -> Result<()> {
        let doer = self.caller.person_id();
        let Some(person) = tierdesk_store::person::find(self.ground.conn(), mail.to).await? else {
            return Ok(());
        };
        let mut recipients = Vec::new();
        if let Some(address) = person.email
            && (doer != Some(mail.to) || mail.kind.confirms())
        {
            recipients.push((mail.to, address, false));
        }
        if let Some(ticket) = mail.ticket
            && mail.kind.has_readers()
        {
            for (reader, address) in outbox::readers(self.ground.conn(), ticket).await? {
                if doer != Some(reader) && reader != mail.to {
                    recipients.push((reader, address, true));
                }
            }
        }
        self.post(&mail, recipients);
        Ok(())
    }

    /// Puts a mail in the outbox for one address that need not be the person's first one, such as the address an invitation
    /// goes to or the one that is no longer theirs.
    pub fn mail_to(&mut self, mail: &Mail<'_>, address: &str) {
        self.post(mail, vec![(mail.to, address.to_owned(), false)]);
    }

    /// One row per recipient (decision 34): a common Message-ID, a common To and Cc.
    fn post(&mut self, mail: &Mail<'_>, recipients: Vec<(PersonId, String, bool)>) {
        if recipients.is_empty() {
            return;
        }
        let mail_id = Uuid::now_v7();
        let domain = &self.desk.settings.mail_domain;
        let message_id = match (mail.ticket, mail.event) {
            (Some(ticket), Some(event)) => format!("{ticket}.{event}.{mail_id}@{domain}"),
            (Some(ticket), None) => format!("{ticket}.{mail_id}@{domain}"),
            (None, _) => format!("{mail_id}@{domain}"),
        };
        let sealed = mail.secret.map(|secret| {
            self.desk
                .keys
                .seal(&crate::outbox::place(mail_id), secret.reveal().as_bytes())
        });
        for (person, address, reads_along) in recipients {
            self.outcome.mails.push(NewMail {
                mail_id,
                kind: mail.kind,
                person,
                address,
                reads_along,
                ticket: mail.ticket,
                event: mail.event,
                message_id: message_id.clone(),
                data: mail.data.clone(),
                sealed: sealed.clone(),
            });
        }
        self.announce("outbox", String::new());
    }
}
