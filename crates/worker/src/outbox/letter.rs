//! From the facts of a mail to what it says and the envelope it goes in.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;
use tierdesk_desk::Settings;
use tierdesk_desk::outbox::Letter;
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::outbox::{MailAudience, MailKind};
use tierdesk_domain::secret::Secret;
use tierdesk_domain::ticket::Status;
use tierdesk_mail::message::MessageId;
use tierdesk_mail::outgoing::{
    AddressNotice, BotQuestion, CertificateEnds, ClosedByItself, Escalated, HandOver, InCharge,
    Invitation, Notice, NoticeReason, PasswordChanged, PasswordReset, Received, Reopened, Reply,
    Resolved, SetUp,
};
use tierdesk_mail::{
    Envelope, Line, MailContext, Mailbox, OutgoingMail, RenderedMail, Text, TicketRef, Why,
};
use tierdesk_store::letter::{About, Happened};
use tierdesk_store::outbox::Claimed;

use super::Post;

mod report;

/// Why a mail cannot be written. Trying again would not help.
#[derive(Debug, thiserror::Error)]
pub(super) enum CannotWrite {
    #[error("the mail lacks what it is about")]
    Incomplete,
    #[error(transparent)]
    Render(#[from] tierdesk_mail::RenderError),
    #[error(transparent)]
    Address(#[from] tierdesk_mail::address::NotAnAddress),
    #[error(transparent)]
    Message(#[from] tierdesk_mail::MessageError),
}

/// Writes a mail: what it says and how it is addressed.
pub(super) fn write(
    settings: &Settings,
    post: &Post,
    mail: &Claimed,
    letter: &Letter,
) -> Result<(RenderedMail, Envelope), CannotWrite> {
    let context = MailContext {
        base_url: settings.base_url.clone(),
        site_name: settings.site_name.as_str().into(),
        prefix: post.prefix.clone(),
        name: letter.person.name.as_str().into(),
        zone: letter.person.time_zone.parse().unwrap_or(Tz::UTC),
        why: why(mail, letter),
    };
    let mut rendered = view(mail, letter)
        .ok_or(CannotWrite::Incomplete)?
        .render(&context)?;
    if let Some(report) = &letter.report {
        rendered.attached.extend(report::attached(report));
    }
    Ok((rendered, envelope(settings, post, mail, letter)?))
}

fn why(mail: &Claimed, letter: &Letter) -> Why {
    let is_requester = letter
        .about
        .as_ref()
        .is_some_and(|about| about.facts.requester == letter.person.id);
    match mail.kind.audience() {
        MailAudience::Account => Why::Account,
        MailAudience::Internal if mail.kind == MailKind::InCharge => Why::InCharge,
        MailAudience::Figures => Why::Figures,
        MailAudience::Internal => Why::Engineer,
        MailAudience::Public if is_requester => Why::Requester,
        MailAudience::Public if mail.kind == MailKind::TicketReopened => Why::Engineer,
        MailAudience::Public => Why::Participant,
    }
}

fn envelope(
    settings: &Settings,
    post: &Post,
    mail: &Claimed,
    letter: &Letter,
) -> Result<Envelope, CannotWrite> {
    let (mut to, mut cc) = (Vec::new(), Vec::new());
    for recipient in &letter.recipients {
        // An address that cannot be written does not keep the others from their mail.
        let Ok(address) = recipient.address.parse() else {
            continue;
        };
        let mailbox = Mailbox::new(recipient.name.as_deref().unwrap_or_default(), address);
        if recipient.reads_along {
            &mut cc
        } else {
            &mut to
        }
        .push(mailbox);
    }
    if to.is_empty() {
        to = std::mem::take(&mut cc);
    }
    let from = match (
        mail.kind,
        letter
            .happened
            .as_ref()
            .and_then(|it| it.actor_name.as_ref()),
    ) {
        (MailKind::PublicReply, Some(author)) => Mailbox::new(
            format!("{author} ({})", settings.site_name),
            post.from.address.clone(),
        ),
        _ => post.from.clone(),
    };
    // Every mail about a ticket names the same root, so that they stand together even for somebody who got only some of them.
    let root = match mail.ticket {
        Some(ticket) => Some(MessageId::new(&ticket.to_string(), &settings.mail_domain)?),
        None => None,
    };
    let previous = letter.previous.as_deref().map(message_id).transpose()?;
    Ok(Envelope {
        sender: post.from.address.clone(),
        recipient: mail.address.parse()?,
        from,
        to,
        cc,
        reply_to: None,
        message_id: message_id(&mail.message_id)?,
        in_reply_to: previous.clone().or_else(|| root.clone()),
        references: root.into_iter().chain(previous).collect(),
        date: mail.created_at,
    })
}

fn message_id(text: &str) -> Result<MessageId, tierdesk_mail::MessageError> {
    let (left, domain) = text.split_once('@').unwrap_or((text, ""));
    MessageId::new(left, domain)
}

/// The facts of one kind of mail; none when something it needs is missing.
fn view(mail: &Claimed, letter: &Letter) -> Option<Box<dyn OutgoingMail>> {
    let about = letter.about.as_ref();
    let happened = letter.happened.as_ref();
    Some(match mail.kind {
        MailKind::TicketReceived => Box::new(Received {
            ticket: ticket(about?),
            next: next(about?, letter),
        }),
        MailKind::PublicReply => Box::new(Reply {
            ticket: ticket(about?),
            author: doer(happened?),
            at: happened?.at,
            body: body(happened?),
            next: next(about?, letter),
        }),
        MailKind::TicketResolved => Box::new(Resolved {
            ticket: ticket(about?),
            by: doer(happened?),
            body: body(happened?),
            reopen_until: moment(&happened?.data, "closes_at").or(about?.auto_close_at)?,
        }),
        MailKind::TicketReopened if about?.facts.requester == letter.person.id => {
            Box::new(Reopened {
                ticket: ticket(about?),
                by: doer(happened?),
                next: next(about?, letter),
            })
        }
        MailKind::TicketReopened => notice(NoticeReason::Reopened, about?, happened?),
        MailKind::TicketClosed => Box::new(ClosedByItself {
            ticket: ticket(about?),
            at: happened?.at,
        }),
        MailKind::BotQuestion => Box::new(BotQuestion {
            ticket: ticket(about?),
            question: match text(&mail.data, "question") {
                Some(question) => question.into(),
                None => happened?.body.as_deref()?.into(),
            },
            found: lines(&mail.data, "found"),
            resolves_at: moment(&mail.data, "resolves_at"),
        }),
        MailKind::TicketAssigned => notice(NoticeReason::Assigned, about?, happened?),
        MailKind::TicketEscalated => notice(NoticeReason::Queued, about?, happened?),
        MailKind::TicketHandedBack => notice(NoticeReason::HandedBack, about?, happened?),
        MailKind::RequesterAnswered => notice(NoticeReason::Answered, about?, happened?),
        MailKind::RuleFired => Box::new(Escalated {
            ticket: ticket(about?),
            rule: text(&mail.data, "rule")?.into(),
            because: text(&mail.data, "because")?.into(),
            effects: lines(&mail.data, "effects"),
            priority: priority(about?),
            queue: queue(about?),
            due: about?.due,
        }),
        MailKind::CertificateEnds => Box::new(CertificateEnds {
            skill: text(&mail.data, "skill")?.into(),
            certificate: text(&mail.data, "certificate")?.into(),
            last_day: text(&mail.data, "last_day")?.parse().ok()?,
        }),
        MailKind::AtRisk => notice(NoticeReason::AtRisk, about?, happened?),
        MailKind::InCharge => Box::new(InCharge {
            ticket: ticket(about?),
            team: text(&mail.data, "team")?.into(),
            level: (number(&mail.data, "level"), number(&mail.data, "of")),
            again: mail.data["again"].as_bool().unwrap_or(false),
            rule: text(&mail.data, "rule")?.into(),
            because: text(&mail.data, "because")?.into(),
            priority: priority(about?),
            queue: queue(about?),
            requester: about?.requester_name.as_str().into(),
            due: about?.due,
        }),
        MailKind::Report => report::mail(letter.report.as_deref()?, mail.created_at),
        MailKind::PasswordReset => Box::new(PasswordReset {
            path: path("/password/reset", letter)?,
            expires_at: moment(&mail.data, "expires_at")?,
            ticket: about.map(ticket),
            reminder: mail
                .data
                .get("reminder")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            by: text(&mail.data, "by").map(Into::into),
        }),
        MailKind::PasswordChanged => Box::new(PasswordChanged {
            at: mail.created_at,
        }),
        MailKind::Invitation => Box::new(Invitation {
            by: text(&mail.data, "by")?.into(),
            path: path("/invitation", letter)?,
            expires_at: moment(&mail.data, "expires_at")?,
        }),
        MailKind::SetUp => Box::new(SetUp {
            address: mail.address.as_str().into(),
            administrator: letter.person.administrator,
        }),
        MailKind::AddressNotice => Box::new(AddressNotice {
            new_address: text(&mail.data, "new_address")?.into(),
            by: text(&mail.data, "by")?.into(),
            at: mail.created_at,
        }),
    })
}

fn ticket(about: &About) -> TicketRef {
    TicketRef {
        number: about.number.0,
        title: about.title.as_str().into(),
    }
}

fn priority(about: &About) -> Line {
    Line::new(&format!("P{}", about.priority.number()))
}

fn queue(about: &About) -> Line {
    Line::new(&format!("{} {}", about.team_name, about.facts.tier))
}

fn doer(happened: &Happened) -> Line {
    match (&happened.actor_name, happened.actor) {
        (Some(name), _) => name.as_str().into(),
        (None, ActorKind::Bot) => "The desk\u{2019}s assistant".into(),
        (None, _) => "The service desk".into(),
    }
}

fn body(happened: &Happened) -> Text {
    happened.body.as_deref().unwrap_or_default().into()
}

fn notice(reason: NoticeReason, about: &About, happened: &Happened) -> Box<dyn OutgoingMail> {
    let part = |key| Text::new(text(&happened.data, key).unwrap_or_default());
    let hand_over = (reason == NoticeReason::Queued).then(|| HandOver {
        known: part("known"),
        tried: part("tried"),
        ask: part("ask"),
    });
    let speaks = matches!(
        reason,
        NoticeReason::Answered | NoticeReason::Reopened | NoticeReason::HandedBack
    );
    Box::new(Notice {
        ticket: ticket(about),
        reason,
        by: doer(happened),
        priority: priority(about),
        queue: queue(about),
        requester: about.requester_name.as_str().into(),
        due: about.due,
        hand_over,
        message: speaks.then(|| body(happened)).filter(|it| !it.is_empty()),
    })
}

/// What happens next, in words that requesters read; empty when there is nothing to say.
fn next(about: &About, letter: &Letter) -> Text {
    let when = |at: &DateTime<Utc>| {
        let zone: Tz = letter.person.time_zone.parse().unwrap_or(Tz::UTC);
        at.with_timezone(&zone)
            .format("%a %-d %b, %H:%M %Z")
            .to_string()
    };
    Text::new(&match (about.facts.status, about.bot_holds, &about.due) {
        (Status::Pending, _, _) => "we wait for your answer.".to_owned(),
        (Status::Resolved | Status::Closed, _, _) => String::new(),
        (_, true, _) => {
            "our assistant takes a first look now. If it cannot help, a person goes on.".to_owned()
        }
        (_, false, Some(due)) => {
            format!("somebody works on it. You hear from us by {}.", when(due))
        }
        (_, false, None) => "somebody works on it, and you hear from us.".to_owned(),
    })
}

fn path(base: &str, letter: &Letter) -> Option<Secret> {
    let secret = letter.secret.as_ref()?;
    Some(Secret::new(format!("{base}/{}", secret.reveal())))
}

fn text<'a>(data: &'a Value, key: &str) -> Option<&'a str> {
    data.get(key).and_then(Value::as_str)
}

fn number(data: &Value, key: &str) -> u64 {
    data.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn moment(data: &Value, key: &str) -> Option<DateTime<Utc>> {
    text(data, key)?.parse().ok()
}

fn lines(data: &Value, key: &str) -> Vec<Line> {
    let texts = data
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    texts.filter_map(Value::as_str).map(Line::from).collect()
}
