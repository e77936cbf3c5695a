//! From a rendered mail to the bytes that travel, and the envelope they travel in.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Message, MultiPart};

use crate::address::{Address, Mailbox, header_of_mailboxes, header_of_words};
use crate::outgoing::{Automatic, RenderedMail};

/// The header that marks our own mail, so that it is known again when it comes back.
pub const OWN_MARK: &str = "X-Tierdesk-Mail";

/// Who a mail is from, who sees it, and how it hangs together with others.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The address bounces go to, and what the server sees as sender.
    pub sender: Address,
    /// The one recipient of this copy. It need not stand in `to` or `cc`, which are common to all copies.
    pub recipient: Address,
    /// Who it is from, as readers see it.
    pub from: Mailbox,
    /// Who it is to, the same in every copy.
    pub to: Vec<Mailbox>,
    /// Who else gets it, the same in every copy.
    pub cc: Vec<Mailbox>,
    /// Where this recipient's answer goes, if not to `from`.
    pub reply_to: Option<Mailbox>,
    /// The mail's own name, with its angle brackets, stable over every attempt and every copy.
    pub message_id: MessageId,
    /// The mail it answers.
    pub in_reply_to: Option<MessageId>,
    /// The conversation it belongs to, oldest first.
    pub references: Vec<MessageId>,
    /// When it was written, stable over every attempt.
    pub date: DateTime<Utc>,
}

/// A Message-ID: `<left@right>` with nothing in it that could end it early.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// Makes `<left@domain>`.
    ///
    /// # Errors
    /// Refuses anything but letters, digits and `.`, `-`, `_`, `+` on the left and a host name on the right.
    pub fn new(left: &str, domain: &str) -> Result<Self, MessageError> {
        let left_is_fine = !left.is_empty()
            && left.len() <= 200
            && left
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b".-_+".contains(&c));
        let right_is_fine = !domain.is_empty()
            && domain.len() <= 200
            && domain
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || b".-".contains(&c));
        if left_is_fine && right_is_fine {
            Ok(Self(format!("<{left}@{domain}>")))
        } else {
            Err(MessageError::MessageId)
        }
    }

    /// The id with its angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for MessageId {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text
            .strip_prefix('<')
            .and_then(|rest| rest.strip_suffix('>'))
            .ok_or(MessageError::MessageId)?;
        let (left, domain) = inner.split_once('@').ok_or(MessageError::MessageId)?;
        Self::new(left, domain)
    }
}

/// Why a mail could not be built.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// A Message-ID holds something it must not.
    #[error("not a Message-ID")]
    MessageId,
    /// The mail has nobody in To.
    #[error("the mail is to nobody")]
    Nobody,
    /// The library refused.
    #[error("failed to build the mail: {0}")]
    Build(#[from] lettre::error::Error),
    /// The library refused an address.
    #[error("failed to build the envelope: {0}")]
    Address(#[from] lettre::address::AddressError),
}

/// A mail ready to travel.
#[derive(Clone)]
pub struct Built {
    pub(crate) envelope: lettre::address::Envelope,
    /// Which mail it is, for the developer mailbox and logs.
    pub kind: &'static str,
    /// The whole message: header, empty line, body, with CRLF line ends and without dot-stuffing.
    pub bytes: Vec<u8>,
}

/// Builds multipart/alternative with exactly the headers of RFC 5322, 3834 and our mark.
///
/// # Errors
/// See [`MessageError`]; none of them depends on what people wrote.
pub fn build(mail: &RenderedMail, envelope: &Envelope) -> Result<Built, MessageError> {
    if envelope.to.is_empty() {
        return Err(MessageError::Nobody);
    }
    let smtp = lettre::address::Envelope::new(
        Some(lettre_address(&envelope.sender)?),
        vec![lettre_address(&envelope.recipient)?],
    )?;
    let mut builder = Message::builder()
        .envelope(smtp.clone())
        .date(SystemTime::from(envelope.date))
        .raw_header(written(
            lettre::message::header::From::name(),
            envelope.from.address.as_str(),
            header_of_mailboxes(std::slice::from_ref(&envelope.from)),
        ))
        .raw_header(written(
            HeaderName::new_from_ascii_str("To"),
            "",
            header_of_mailboxes(&envelope.to),
        ));
    if !envelope.cc.is_empty() {
        builder = builder.raw_header(written(
            HeaderName::new_from_ascii_str("Cc"),
            "",
            header_of_mailboxes(&envelope.cc),
        ));
    }
    if let Some(reply_to) = &envelope.reply_to {
        builder = builder.raw_header(written(
            HeaderName::new_from_ascii_str("Reply-To"),
            "",
            header_of_mailboxes(std::slice::from_ref(reply_to)),
        ));
    }
    builder = builder
        .raw_header(written(
            HeaderName::new_from_ascii_str("Subject"),
            mail.subject.as_str(),
            header_of_words(&mail.subject),
        ))
        .raw_header(plain("Message-ID", envelope.message_id.as_str()));
    if let Some(parent) = &envelope.in_reply_to {
        builder = builder.raw_header(plain("In-Reply-To", parent.as_str()));
    }
    if !envelope.references.is_empty() {
        let references: Vec<_> = envelope.references.iter().map(MessageId::as_str).collect();
        builder = builder.raw_header(written(
            HeaderName::new_from_ascii_str("References"),
            "",
            references.join("\r\n "),
        ));
    }
    builder = builder.raw_header(plain(OWN_MARK, mail.kind));
    let automatic = match mail.automatic {
        Automatic::No => "no",
        Automatic::Replied => "auto-replied",
        Automatic::Generated => "auto-generated",
    };
    builder = builder.raw_header(plain("Auto-Submitted", automatic));
    if mail.automatic != Automatic::No {
        builder = builder.raw_header(plain("X-Auto-Response-Suppress", "All"));
    }
    let words = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
    let message = if mail.attached.is_empty() {
        builder.multipart(words)?
    } else {
        let mut parts = MultiPart::mixed().multipart(words);
        for file in &mail.attached {
            let media_type = ContentType::parse(file.media_type).unwrap_or(ContentType::TEXT_PLAIN);
            let part = Attachment::new(file.name.clone()).body(file.bytes.clone(), media_type);
            parts = parts.singlepart(part);
        }
        builder.multipart(parts)?
    };
    Ok(Built {
        envelope: smtp,
        kind: mail.kind,
        bytes: message.formatted(),
    })
}

fn lettre_address(address: &Address) -> Result<lettre::Address, lettre::address::AddressError> {
    address.as_str().parse()
}

/// A header whose value we wrote ourselves: ASCII, folded, without a stray line break ([`header_of_words`], [`header_of_mailboxes`]).
fn written(name: HeaderName, raw: &str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(name, raw.to_owned(), value)
}

/// A header with one short word of ours.
fn plain(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Line;

    fn envelope(name: &str) -> Envelope {
        let priya: Address = "priya@kestrel.example".parse().unwrap();
        let desk: Address = "desk@kestrel.example".parse().unwrap();
        Envelope {
            sender: desk.clone(),
            recipient: priya.clone(),
            from: Mailbox::new(name, desk),
            to: vec![Mailbox::new(name, priya)],
            cc: vec![],
            reply_to: None,
            message_id: MessageId::new("018f-a.018f-b", "kestrel.example").unwrap(),
            in_reply_to: None,
            references: vec![],
            date: DateTime::UNIX_EPOCH,
        }
    }

    fn mail(words: &str, automatic: Automatic) -> RenderedMail {
        RenderedMail {
            subject: Line::new(words),
            text: format!("{words}\n"),
            html: format!("<p>{words}</p>"),
            kind: "reply",
            automatic,
            attached: Vec::new(),
        }
    }

    fn headers(built: &Built) -> String {
        let text = String::from_utf8(built.bytes.clone()).unwrap();
        text.split_once("\r\n\r\n").unwrap().0.to_owned()
    }

    #[test]
    fn a_conversation_hangs_together() {
        let parent = MessageId::new("a.b", "kestrel.example").unwrap();
        let envelope = Envelope {
            in_reply_to: Some(parent.clone()),
            references: vec![parent.clone(), parent],
            ..envelope("Desk")
        };
        let head = headers(&build(&mail("[TD-1] It", Automatic::No), &envelope).unwrap());
        assert!(head.contains("Message-ID: <018f-a.018f-b@kestrel.example>\r\n"));
        assert!(head.contains("In-Reply-To: <a.b@kestrel.example>\r\n"));
        assert!(head.contains("References: <a.b@kestrel.example>\r\n <a.b@kestrel.example>\r\n"));
        assert!(head.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"));
    }

    #[test]
    fn automatic_mail_says_so_and_mail_of_people_does_not() {
        let head = headers(&build(&mail("x", Automatic::Generated), &envelope("Desk")).unwrap());
        assert!(
            head.contains("Auto-Submitted: auto-generated\r\n")
                && head.contains("X-Auto-Response-Suppress: All\r\n")
        );
        let head = headers(&build(&mail("x", Automatic::Replied), &envelope("Desk")).unwrap());
        assert!(head.contains("Auto-Submitted: auto-replied\r\n"));
        let head = headers(&build(&mail("x", Automatic::No), &envelope("Desk")).unwrap());
        assert!(head.contains("Auto-Submitted: no\r\n") && !head.contains("Suppress"));
        assert!(head.contains("X-Tierdesk-Mail: reply\r\n"));
    }

    #[test]
    fn a_message_id_cannot_be_ended_early() {
        for (left, right) in [
            ("a>", "b"),
            ("a\r\n", "b"),
            ("", "b"),
            ("a", ""),
            ("a", "b>"),
            ("a@b", "c"),
            ("a b", "c"),
        ] {
            assert!(MessageId::new(left, right).is_err(), "{left:?} {right:?}");
        }
        assert!("<a@b>".parse::<MessageId>().is_ok());
        assert!("a@b".parse::<MessageId>().is_err());
    }

    #[test]
    fn a_file_travels_beside_the_words() {
        let with_file = RenderedMail {
            attached: vec![crate::outgoing::Attached {
                name: "figures.csv".to_owned(),
                media_type: "text/csv; charset=utf-8",
                bytes: "day,team\r\n2026-11-26,Büro\r\n".into(),
            }],
            ..mail("x", Automatic::Generated)
        };
        let built = build(&with_file, &envelope("Desk")).unwrap();
        let text = String::from_utf8(built.bytes).unwrap();
        assert!(text.contains("multipart/mixed") && text.contains("multipart/alternative"));
        assert!(text.contains("filename=\"figures.csv\""), "{text}");
        assert!(text.is_ascii());
    }

    #[test]
    fn a_mail_to_nobody_is_not_built() {
        let envelope = Envelope {
            to: vec![],
            ..envelope("Desk")
        };
        assert!(matches!(
            build(&mail("x", Automatic::No), &envelope),
            Err(MessageError::Nobody)
        ));
    }

    proptest::proptest! {
        #[test]
        fn the_headers_are_the_same_whatever_people_write(words in proptest::prelude::any::<String>()) {
            let built = build(&mail(&words, Automatic::No), &envelope(&words)).unwrap();
            let head = headers(&built);
            let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with(' ')).map(|line| line.split(':').next().unwrap()).collect();
            proptest::prop_assert_eq!(names, ["Date", "From", "To", "Subject", "Message-ID", "X-Tierdesk-Mail", "Auto-Submitted", "MIME-Version", "Content-Type"]);
            proptest::prop_assert!(built.bytes.iter().all(|c| c.is_ascii()));
        }
    }
}
