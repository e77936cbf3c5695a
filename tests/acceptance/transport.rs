//! How mail travels: the conversation with a mail server, byte by byte, and what each way of failing means.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use support::mime::{Message, decode_words};
use support::smtp::{At, Do, Gate, Protection, SmtpSink};
use tierdesk_domain::secret::Secret;
use tierdesk_mail::message::{MessageId, build};
use tierdesk_mail::outgoing::samples;
use tierdesk_mail::settings::{Login, Timeouts};
use tierdesk_mail::{
    Address, Built, Envelope, MailContext, Mailbox, RenderedMail, Security, SendError,
    SmtpSettings, SmtpTransport, Why,
};

/// What people put into fields to make mail go elsewhere (AT-HDR-1).
const HOSTILE: &[&str] = &[
    "x\r\nBcc: evil@evil.example",
    "x\nBcc: evil@evil.example",
    "x\rBcc: evil@evil.example",
    "x\0y",
    "x\u{2028}Bcc: evil@evil.example",
    "x\u{85}Bcc: evil@evil.example",
    "\"a\" <x@y.example>, z@w.example",
    "a\\\" <x@y.example>",
    "a, b; c: d@e.example;",
    "\r\n.\r\nMAIL FROM:<evil@evil.example>\r\n",
    "\n.\n",
    ".",
    "..",
    ".leading dot",
    "=?utf-8?q?=0d=0aBcc:_evil@evil.example?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
    "(comment) <x@y.example>",
    "Zoë \u{202e}gro.live\u{202c}",
    "🦀 crab",
    " ",
    "",
];

fn context() -> MailContext {
    MailContext {
        base_url: "https://desk.kestrel.example".into(),
        site_name: "Kestrel desk".into(),
        prefix: "TD".into(),
        name: "Priya".into(),
        zone: chrono_tz::Europe::Berlin,
        why: Why::Requester,
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn envelope(recipient: &str, name: &str) -> Envelope {
    Envelope {
        sender: address("desk@kestrel.example"),
        recipient: address(recipient),
        from: Mailbox::new(name, address("desk@kestrel.example")),
        to: vec![Mailbox::new(name, address("priya@kestrel.example"))],
        cc: vec![Mailbox::new(name, address("tom@kestrel.example"))],
        reply_to: Some(Mailbox::new(name, address("desk+token@kestrel.example"))),
        message_id: MessageId::new("ticket.event", "kestrel.example").unwrap(),
        in_reply_to: Some(MessageId::new("ticket.first", "kestrel.example").unwrap()),
        references: vec![MessageId::new("ticket.first", "kestrel.example").unwrap()],
        date: DateTime::UNIX_EPOCH,
    }
}

fn rendered(words: &str) -> Vec<RenderedMail> {
    samples(words)
        .iter()
        .map(|mail| mail.render(&context()).unwrap())
        .collect()
}

fn mail_to(recipient: &str) -> Built {
    build(
        &rendered("Printer jams")[1],
        &envelope(recipient, "Kestrel desk"),
    )
    .unwrap()
}

fn settings(sink: &SmtpSink) -> SmtpSettings {
    SmtpSettings {
        port: sink.address().port(),
        ..SmtpSettings::new("localhost", Security::PlainLoopback)
    }
}

fn transport(sink: &SmtpSink) -> SmtpTransport {
    SmtpTransport::new(settings(sink)).unwrap()
}

/// Patience that ends before the test's: silence is noticed after a moment.
fn impatient(sink: &SmtpSink) -> SmtpTransport {
    let short = Duration::from_millis(300);
    SmtpTransport::new(SmtpSettings {
        timeouts: Timeouts {
            connect: short,
            command: short,
            accept: short,
        },
        ..settings(sink)
    })
    .unwrap()
}

#[tokio::test]
async fn a_mail_arrives_with_exactly_its_headers_and_its_one_recipient() {
    let sink = SmtpSink::start().await;
    transport(&sink)
        .send(&mail_to("tom@kestrel.example"))
        .await
        .unwrap();
    let [mail] = sink.delivered().try_into().unwrap();
    assert_eq!(
        (mail.sender.as_str(), mail.recipients),
        (
            "desk@kestrel.example",
            vec!["tom@kestrel.example".to_owned()]
        )
    );
    let message = Message::parse(&mail.bytes);
    let names: Vec<_> = message
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Date",
            "From",
            "To",
            "Cc",
            "Reply-To",
            "Subject",
            "Message-ID",
            "In-Reply-To",
            "References",
            "X-Tierdesk-Mail",
            "Auto-Submitted",
            "MIME-Version",
            "Content-Type"
        ]
    );
    assert_eq!(
        message.header("To"),
        Some("\"Kestrel desk\" <priya@kestrel.example>")
    );
    assert_eq!(
        message.header("Message-ID"),
        Some("<ticket.event@kestrel.example>")
    );
    assert_eq!(message.subject(), "[TD-10482] Printer jams");
    assert!(
        message
            .text()
            .contains("https://desk.kestrel.example/tickets/10482")
    );
    assert!(message.html().contains("<h1 class=\"ink\""));
    assert_eq!(sink.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn whatever_people_write_the_recipients_and_headers_stay_the_same() {
    let sink = SmtpSink::start().await;
    let transport = transport(&sink);
    let long = "n".repeat(10_240);
    let mut expected = vec![];
    for words in HOSTILE.iter().copied().chain([long.as_str()]) {
        for mail in rendered(words).into_iter().step_by(6) {
            let built = build(&mail, &envelope("priya@kestrel.example", words)).unwrap();
            transport
                .send(&built)
                .await
                .unwrap_or_else(|error| panic!("{words:?}: {error}"));
            expected.push(mail);
        }
    }
    assert_eq!(sink.violations(), Vec::<String>::new());
    let delivered = sink.delivered();
    assert_eq!(delivered.len(), expected.len());
    for (mail, sent) in delivered.iter().zip(&expected) {
        assert_eq!(mail.recipients, ["priya@kestrel.example"]);
        let message = mail.message();
        for (name, value) in &message.headers {
            assert!(
                [
                    "Date",
                    "From",
                    "To",
                    "Cc",
                    "Reply-To",
                    "Subject",
                    "Message-ID",
                    "In-Reply-To",
                    "References",
                    "X-Tierdesk-Mail",
                    "Auto-Submitted",
                    "X-Auto-Response-Suppress",
                    "MIME-Version",
                    "Content-Type"
                ]
                .contains(&name.as_str()),
                "{name}: {value}"
            );
            assert!(
                decode_words(value)
                    .chars()
                    .all(|c| !c.is_control() && c != '\u{2028}'),
                "{name}: {value:?}"
            );
        }
        for (header, own) in [
            ("From", "desk@kestrel.example"),
            ("To", "priya@kestrel.example"),
            ("Cc", "tom@kestrel.example"),
            ("Reply-To", "desk+token@kestrel.example"),
        ] {
            assert_eq!(
                addresses(message.header(header).unwrap()),
                [own],
                "{header}"
            );
        }
        assert_eq!(message.subject(), sent.subject.as_str());
        assert_eq!(message.text().trim_end(), sent.text.trim_end());
        assert_eq!(message.html().trim_end(), sent.html.trim_end());
    }
}

/// The addresses that a reader sees in an address header: what stands outside of quotes and comments and holds an `@`.
fn addresses(value: &str) -> Vec<String> {
    let (mut outside, mut quoted, mut escaped) = (String::new(), false, false);
    for c in value.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if !quoted => outside.push(c),
            _ => {}
        }
    }
    assert!(!quoted, "a quote without an end: {value}");
    outside
        .split([' ', ',', '<', '>', ';'])
        .filter(|word| word.contains('@'))
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test]
async fn a_line_with_a_single_dot_does_not_end_the_mail() {
    let sink = SmtpSink::start().await;
    let words = "before\n.\n..\n.dot\nafter";
    let mail = rendered(words)
        .into_iter()
        .find(|mail| mail.kind == "reply")
        .unwrap();
    transport(&sink)
        .send(&build(&mail, &envelope("priya@kestrel.example", "desk")).unwrap())
        .await
        .unwrap();
    let [delivered] = sink.delivered().try_into().unwrap();
    assert!(
        delivered
            .message()
            .text()
            .contains("before\n.\n..\n.dot\nafter")
    );
    assert_eq!(sink.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn encryption_is_insisted_on_and_the_certificate_is_checked() {
    for (protection, security) in [
        (Protection::StartTls, Security::StartTls),
        (Protection::Tls, Security::Tls),
    ] {
        let sink = SmtpSink::start_with(protection).await;
        let login = Some(Login {
            user: "desk".into(),
            password: Secret::new("pässword with spaces".into()),
        });
        let trusted = SmtpSettings {
            security,
            login,
            authority: Some(SmtpSink::authority()),
            ..settings(&sink)
        };

        SmtpTransport::new(trusted.clone())
            .unwrap()
            .send(&mail_to("priya@kestrel.example"))
            .await
            .unwrap();
        let [mail] = sink.delivered().try_into().unwrap();
        assert!(mail.encrypted);
        assert_eq!(
            mail.login,
            Some(("desk".to_owned(), "pässword with spaces".to_owned()))
        );

        let stranger = SmtpTransport::new(SmtpSettings {
            authority: None,
            ..trusted.clone()
        })
        .unwrap();
        assert!(matches!(
            stranger.send(&mail_to("priya@kestrel.example")).await,
            Err(SendError::Server { .. })
        ));
        let wrong_name = SmtpTransport::new(SmtpSettings {
            host: "127.0.0.1".into(),
            ..trusted
        })
        .unwrap();
        assert!(matches!(
            wrong_name.send(&mail_to("priya@kestrel.example")).await,
            Err(SendError::Server { .. })
        ));

        assert_eq!(sink.delivered().len(), 1);
        assert_eq!(sink.violations(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_server_that_offers_no_encryption_gets_neither_password_nor_mail() {
    let sink = SmtpSink::start().await;
    let login = Some(Login {
        user: "desk".into(),
        password: Secret::new("secret".into()),
    });
    let insisting = SmtpSettings {
        security: Security::StartTls,
        login,
        ..settings(&sink)
    };
    let outcome = SmtpTransport::new(insisting)
        .unwrap()
        .send(&mail_to("priya@kestrel.example"))
        .await;
    assert!(
        matches!(outcome, Err(SendError::Server { .. })),
        "{outcome:?}"
    );
    assert_eq!((sink.attempts(), sink.delivered().len()), (0, 0));
}

#[tokio::test]
async fn where_it_fails_decides_what_it_means() {
    let places = [
        At::Connect,
        At::Sender,
        At::Recipient,
        At::Data,
        At::Message,
    ];
    for at in places {
        for act in [
            Do::Answer(451, "4.7.1 greylisted"),
            Do::Answer(421, "4.3.2 closing"),
            Do::Answer(550, "5.1.1 no such user"),
            Do::Silence,
            Do::Cut,
        ] {
            let sink = SmtpSink::start().await;
            sink.say(at, act.clone());
            let outcome = impatient(&sink)
                .send(&mail_to("priya@kestrel.example"))
                .await;
            let as_it_should = match (&act, at) {
                (Do::Silence | Do::Cut, At::Message) => {
                    matches!(outcome, Err(SendError::Unknown { .. }))
                }
                (Do::Silence | Do::Cut | Do::Answer(421, _), _)
                | (_, At::Connect)
                | (Do::Answer(550, _), At::Sender) => {
                    matches!(outcome, Err(SendError::Server { .. }))
                }
                (Do::Answer(550, _), _) => {
                    matches!(&outcome, Err(SendError::Refused { reply }) if reply.as_str().contains("no such user"))
                }
                _ => {
                    matches!(&outcome, Err(SendError::Later { reply }) if reply.as_str().contains("greylisted"))
                }
            };
            assert!(as_it_should, "{act:?} at {at:?} gave {outcome:?}");
            assert_eq!(sink.delivered().len(), 0);
        }
    }
}

#[tokio::test]
async fn a_refused_password_condemns_no_mail() {
    let sink = SmtpSink::start_with(Protection::Tls).await;
    sink.say(At::Auth, Do::Answer(535, "5.7.8 wrong password"));
    let login = Some(Login {
        user: "desk".into(),
        password: Secret::new("wrong".into()),
    });
    let transport = SmtpTransport::new(SmtpSettings {
        security: Security::Tls,
        login,
        authority: Some(SmtpSink::authority()),
        ..settings(&sink)
    })
    .unwrap();
    let outcome = transport.send(&mail_to("priya@kestrel.example")).await;
    assert!(
        matches!(&outcome, Err(SendError::Server { reason }) if reason.as_str().contains("wrong password")),
        "{outcome:?}"
    );
    assert_eq!(sink.attempts(), 0);
}

#[tokio::test]
async fn a_mail_that_was_kept_without_a_word_is_unknown_and_not_refused() {
    let sink = SmtpSink::start().await;
    sink.say(At::Message, Do::KeepAndCut);
    assert!(matches!(
        transport(&sink)
            .send(&mail_to("priya@kestrel.example"))
            .await,
        Err(SendError::Unknown { .. })
    ));
    assert_eq!(sink.delivered().len(), 1);
}

#[tokio::test]
async fn a_server_may_think_for_a_long_time_before_it_accepts() {
    let sink = SmtpSink::start().await;
    let gate = Gate::default();
    sink.say(At::Message, Do::AnswerLate(gate.clone()));
    let short = Duration::from_millis(300);
    let patient = SmtpTransport::new(SmtpSettings {
        timeouts: Timeouts {
            connect: short,
            command: short,
            accept: Duration::from_secs(600),
        },
        ..settings(&sink)
    })
    .unwrap();
    let sending =
        tokio::spawn(async move { patient.send(&mail_to("priya@kestrel.example")).await });
    gate.open();
    assert_eq!(
        sending.await.unwrap().unwrap().reply.as_str(),
        "kept at last"
    );
}

#[tokio::test]
async fn one_bad_address_does_not_spoil_the_connection_for_the_others() {
    let sink = SmtpSink::start().await;
    sink.say_for(
        At::Recipient,
        "bad@kestrel.example",
        Do::Answer(550, "5.1.1 no such user"),
    );
    let transport = transport(&sink);
    transport.send(&mail_to("a@kestrel.example")).await.unwrap();
    assert!(matches!(
        transport.send(&mail_to("bad@kestrel.example")).await,
        Err(SendError::Refused { .. })
    ));
    transport.send(&mail_to("b@kestrel.example")).await.unwrap();
    assert_eq!((sink.delivered().len(), sink.most_open()), (2, 1));
    assert_eq!(sink.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn never_more_connections_than_allowed() {
    let sink = SmtpSink::start().await;
    let gate = Gate::default();
    sink.say(At::Message, Do::AnswerLate(gate.clone()));
    let transport = Arc::new(
        SmtpTransport::new(SmtpSettings {
            connections: 3,
            ..settings(&sink)
        })
        .unwrap(),
    );
    let sending: Vec<_> = (0..12)
        .map(|_| {
            let transport = Arc::clone(&transport);
            tokio::spawn(async move { transport.send(&mail_to("priya@kestrel.example")).await })
        })
        .collect();
    gate.open();
    for outcome in sending {
        outcome.await.unwrap().unwrap();
    }
    assert_eq!(sink.delivered().len(), 12);
    assert!(sink.most_open() <= 3, "{}", sink.most_open());
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_without_a_word() {
    let mut sink = SmtpSink::start().await;
    let transport = transport(&sink);
    transport.send(&mail_to("a@kestrel.example")).await.unwrap();
    sink.say_times(At::Sender, Do::Cut, 1);
    transport.send(&mail_to("b@kestrel.example")).await.unwrap();
    sink.shut().await;
    transport.close().await;
    assert!(matches!(
        transport.send(&mail_to("c@kestrel.example")).await,
        Err(SendError::Server { .. })
    ));
    sink.open().await;
    transport.send(&mail_to("c@kestrel.example")).await.unwrap();
    assert_eq!(sink.delivered().len(), 3);
}
