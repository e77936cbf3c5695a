//! One of each mail, with the same words in every place that people can fill.

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::secret::Secret;

use super::*;

pub(super) fn all(words: &str) -> Vec<Box<dyn OutgoingMail>> {
    let at = DateTime::<Utc>::from_timestamp(1_795_508_940, 0).unwrap_or_default();
    let ticket = TicketRef {
        number: 10_482,
        title: words.into(),
    };
    let hand_over = HandOver {
        known: words.into(),
        tried: words.into(),
        ask: words.into(),
    };
    let notice = |reason, hand_over, message| Notice {
        ticket: ticket.clone(),
        reason,
        by: words.into(),
        priority: "P2".into(),
        queue: words.into(),
        requester: words.into(),
        due: Some(at),
        hand_over,
        message,
    };
    let path = Secret::new("/password/reset/sample".to_owned());
    vec![
        Box::new(Received {
            ticket: ticket.clone(),
            next: words.into(),
        }),
        Box::new(Reply {
            ticket: ticket.clone(),
            author: words.into(),
            at,
            body: words.into(),
            next: words.into(),
        }),
        Box::new(Resolved {
            ticket: ticket.clone(),
            by: words.into(),
            body: words.into(),
            reopen_until: at + TimeDelta::days(7),
        }),
        Box::new(Reopened {
            ticket: ticket.clone(),
            by: words.into(),
            next: words.into(),
        }),
        Box::new(ClosedByItself {
            ticket: ticket.clone(),
            at,
        }),
        Box::new(BotQuestion {
            ticket: ticket.clone(),
            question: words.into(),
            found: vec![words.into(), words.into()],
            resolves_at: Some(at),
        }),
        Box::new(notice(NoticeReason::Assigned, Some(hand_over), None)),
        Box::new(notice(NoticeReason::Queued, None, None)),
        Box::new(notice(NoticeReason::Answered, None, Some(words.into()))),
        Box::new(notice(NoticeReason::Reopened, None, Some(words.into()))),
        Box::new(notice(NoticeReason::HandedBack, None, None)),
        Box::new(Escalated {
            ticket: ticket.clone(),
            rule: words.into(),
            because: words.into(),
            effects: vec![words.into()],
            priority: "P1".into(),
            queue: words.into(),
            due: Some(at),
        }),
        Box::new(CertificateEnds {
            skill: words.into(),
            certificate: words.into(),
            last_day: at.date_naive(),
        }),
        Box::new(notice(NoticeReason::AtRisk, None, None)),
        Box::new(InCharge {
            ticket: ticket.clone(),
            team: words.into(),
            level: (2, 3),
            again: true,
            rule: words.into(),
            because: words.into(),
            priority: "P1".into(),
            queue: words.into(),
            requester: words.into(),
            due: Some(at),
        }),
        Box::new(Report {
            name: words.into(),
            owner: words.into(),
            days: words.into(),
            against: words.into(),
            teams: words.into(),
            figures: vec![Figure {
                label: words.into(),
                number: "94.2 %".into(),
                before: words.into(),
            }],
            path: "/dashboard?period=7d".to_owned(),
            late: Some(at),
            too_large: true,
        }),
        Box::new(PasswordReset {
            path: path.clone(),
            expires_at: at,
            ticket: Some(ticket),
            reminder: false,
            by: None,
        }),
        Box::new(PasswordChanged { at }),
        Box::new(Invitation {
            by: words.into(),
            path,
            expires_at: at,
        }),
        Box::new(SetUp {
            address: words.into(),
            administrator: true,
        }),
        Box::new(AddressNotice {
            new_address: words.into(),
            by: words.into(),
            at,
        }),
    ]
}
