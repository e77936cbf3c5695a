use super::*;
use proptest::prelude::*;

fn first(text: &str) -> Option<String> {
    find(text)
        .into_iter()
        .next()
        .map(|candidate| candidate.target.to_string())
}

#[test]
fn web_addresses_names_and_addresses_are_found_with_port_and_path() {
    let table = [
        (
            "I cannot open https://portal.example.org/login?x=1#top.",
            "https://portal.example.org/login?x=1",
        ),
        (
            "The site (http://wiki.corp:8080/) is down!",
            "http://wiki.corp:8080",
        ),
        ("cannot reach www.example.rs", "https://www.example.rs"),
        (
            "intranet.example.com does not load",
            "https://intranet.example.com",
        ),
        ("db01.internal:5432 refuses", "db01.internal:5432"),
        ("ssh to build-7 does not work", "build-7:22"),
        ("no answer from 192.0.2.7 since noon", "https://192.0.2.7"),
        ("ping 2001:db8::7 fails", "https://[2001:db8::7]"),
        ("[2001:db8::7]:993 times out", "[2001:db8::7]:993"),
        (
            "the server web01 on port 8443 is dead",
            "https://web01:8443",
        ),
        (r"\\files01\team is gone", "files01:445"),
        (
            "imap on mail.example.org is not reachable",
            "mail.example.org:993",
        ),
        (
            "see hxxps://evil[.]example[.]com/x",
            "https://evil.example.com/x",
        ),
        (
            "https://user:secret@portal.example.org/",
            "https://portal.example.org",
        ),
        (
            "bücher.example.de lädt nicht",
            "https://xn--bcher-kva.example.de",
        ),
        ("\"shop.example.com\", please", "https://shop.example.com"),
        ("EXAMPLE.com.", "https://example.com"),
    ];
    for (text, expected) in table {
        assert_eq!(first(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn addresses_of_people_files_versions_and_run_on_sentences_are_no_targets() {
    for text in [
        "write to ana@example.org please",
        "mailto:ana@example.org",
        "I opened report.docx and backup.tar.gz",
        "since version 10.2.1.0 it fails",
        "firmware 1.2.3",
        "It stopped working.Please help",
        "it is broken.it was fine",
        "e.g. the printer, i.e. mine",
        "nothing works, the wi-fi is slow...",
        "error 0x80070035 at 10:30",
        "costs 3.50 and 1,200.00",
        "nginx.service failed",
        "host:99999",
        "",
    ] {
        assert_eq!(first(text), None, "{text}");
    }
}

#[test]
fn the_surer_target_comes_first_and_each_comes_once() {
    let found = find(
        "example.com is fine, but https://portal.example.org/a fails. portal.example.org worked before.",
    );
    assert_eq!(found[0].target.to_string(), "https://portal.example.org/a");
    assert_eq!(found[0].words, "https://portal.example.org/a");
    assert_eq!(found.len(), 2);
}

#[test]
fn what_only_the_asking_machine_could_mean_is_found_but_refused() {
    for (text, reason) in [
        ("http://127.0.0.1:8080", Refusal::Itself),
        ("http://localhost/", Refusal::Itself),
        ("[::1]:22", Refusal::Itself),
        ("http://[::ffff:127.0.0.1]/", Refusal::Itself),
        ("http://169.254.169.254/latest", Refusal::LinkLocal),
        ("fe80::1", Refusal::LinkLocal),
        ("http://0.0.0.0/", Refusal::Nobody),
        ("ping 224.0.0.1", Refusal::Nobody),
        ("255.255.255.255", Refusal::Nobody),
        ("[ff02::1]:80", Refusal::Nobody),
    ] {
        assert_eq!(find(text)[0].refusal, Some(reason), "{text}");
    }
    let found = find("http://127.0.0.1 and http://portal.example.org");
    assert_eq!(found[0].refusal, None);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_names_are_always_names(text in "(?s).{0,200}") {
        check(&text);
    }

    #[test]
    fn nearly_right_addresses_never_panic(text in "(https?://|[a-z]{1,5}|\\.|:|/|\\[|\\]|@|[0-9]{1,5}|ü| |port |\\\\\\\\|-|_){0,30}") {
        check(&text);
    }
}

fn check(text: &str) {
    for candidate in find(text) {
        assert!(text[candidate.start..].starts_with(&candidate.words));
        assert!(candidate.target.port > 0);
        if let Host::Name(name) = &candidate.target.host {
            assert!(name.len() <= 253 && name.is_ascii() && !name.starts_with('-'));
        }
        if let Some(url) = candidate.target.url() {
            assert!(
                url.starts_with("http")
                    && !url.chars().any(|c| c.is_whitespace() || c.is_control())
            );
        }
    }
}
