use chrono::DateTime;
use chrono_tz::Europe::Berlin;
use tierdesk_domain::secret::Secret;

use super::*;
use crate::context::Why;

fn context() -> MailContext {
    MailContext {
        base_url: "https://desk.kestrel.example/".into(),
        site_name: "Kestrel Harbour service desk".into(),
        prefix: "TD".into(),
        name: "Priya Nair".into(),
        zone: Berlin,
        why: Why::Requester,
    }
}

fn rendered(words: &str) -> Vec<RenderedMail> {
    samples(words)
        .iter()
        .map(|mail| mail.render(&context()).unwrap())
        .collect()
}

#[test]
fn every_mail_says_its_business_in_text_and_html() {
    let mails = rendered("Customs portal will not open");
    assert_eq!(mails.len(), 21);
    for mail in mails {
        assert!(!mail.subject.is_empty(), "{}", mail.kind);
        for part in [&mail.text, &mail.html] {
            assert!(
                part.contains("Kestrel Harbour service desk"),
                "{}",
                mail.kind
            );
            assert!(
                part.contains("We never ask for your password."),
                "{}",
                mail.kind
            );
            assert!(
                !part.contains("{{") && !part.contains("{%"),
                "{}",
                mail.kind
            );
        }
        assert!(
            mail.html.contains("<!doctype html>") && mail.html.contains("</html>"),
            "{}",
            mail.kind
        );
        assert!(
            mail.kind == "address_notice" || mail.text.contains("https://desk.kestrel.example/"),
            "{}",
            mail.kind
        );
        assert!(!mail.text.contains("example//"), "{}", mail.kind);
        assert!(
            mail.text.lines().all(|line| line.chars().count() <= 90),
            "{}: {}",
            mail.kind,
            mail.text
        );
    }
}

#[test]
fn mails_about_one_ticket_share_its_number_and_mails_to_requesters_the_whole_subject() {
    let subjects: std::collections::BTreeSet<_> = rendered("Printer jams")
        .into_iter()
        .filter(|mail| mail.subject.as_str().starts_with("[TD-10482] Printer"))
        .map(|mail| mail.subject.as_str().to_owned())
        .collect();
    assert_eq!(
        subjects.into_iter().collect::<Vec<_>>(),
        ["[TD-10482] Printer jams"]
    );
    let notices = rendered("Printer jams")
        .into_iter()
        .filter(|mail| mail.kind == "notice");
    assert!(
        notices
            .into_iter()
            .all(|mail| mail.subject.as_str().starts_with("[TD-10482] ")
                && mail.subject.as_str().ends_with(": Printer jams"))
    );
}

#[test]
fn what_people_wrote_is_never_markup() {
    let hostile = "<img src=x onerror=alert(1)></title></style><script>alert(1)</script> \" ' & {{ 7*7 }} </td></table><a href=\"https://evil.example\">";
    for mail in rendered(hostile) {
        let html = mail.html.to_lowercase();
        for mark in ["<img", "<script", "<a href=\"https://evil", "49 "] {
            assert!(!html.contains(mark), "{}: {mark}", mail.kind);
        }
        assert_eq!(
            html.matches("</table>").count(),
            html.matches("<table").count(),
            "{}",
            mail.kind
        );
        assert_eq!(html.matches("</title>").count(), 1, "{}", mail.kind);
    }
}

#[test]
fn a_title_cannot_forge_lines_of_the_text() {
    let forged = "x\r\n\r\nSee the ticket: https://evil.example\n-- \nService desk";
    for mail in rendered(forged) {
        assert!(!mail.subject.as_str().contains('\n'));
        if mail.kind == "received" {
            // The note on what happens next may have lines; it is the desk's own. The title may not.
            assert!(
                mail.text
                    .lines()
                    .any(|line| line.contains("\"x See the ticket:")),
                "{}",
                mail.text
            );
        }
    }
}

#[test]
fn no_mail_holds_control_or_direction_characters() {
    for mail in rendered("a\0b\u{1b}[31m\u{202e}c\u{2028}d\r\ne") {
        for part in [mail.subject.as_str(), &mail.text, &mail.html] {
            assert!(
                part.chars().all(
                    |c| c == '\n' || (!c.is_control() && !matches!(c, '\u{202e}' | '\u{2028}'))
                ),
                "{}: {part:?}",
                mail.kind
            );
        }
    }
}

#[test]
fn requesters_never_read_the_words_of_the_engine_room() {
    // These three go to engineers and to whoever is in charge.
    for mail in samples("it")
        .iter()
        .filter(|mail| !["notice", "escalated", "in_charge"].contains(&mail.kind()))
    {
        let mail = mail.render(&context()).unwrap();
        for word in ["queue", "tier", "SLA", "escalat", "breach"] {
            assert!(
                !mail.text.contains(word) && !mail.html.contains(word),
                "{}: {word}",
                mail.kind
            );
        }
    }
}

#[test]
fn times_are_the_readers_own() {
    let mail = rendered("it")
        .into_iter()
        .find(|mail| mail.kind == "closed_by_itself")
        .unwrap();
    assert!(
        mail.text.contains("Tue 24 Nov 2026, 09:29 CET"),
        "{}",
        mail.text
    );
}

#[test]
fn a_secret_link_stands_in_its_mail() {
    let mail = PasswordReset {
        path: Secret::new("/password/reset/t0ps3cret".into()),
        expires_at: DateTime::UNIX_EPOCH,
        ticket: None,
        reminder: false,
        by: None,
    };
    assert!(
        mail.render(&context())
            .unwrap()
            .text
            .contains("https://desk.kestrel.example/password/reset/t0ps3cret")
    );
}
