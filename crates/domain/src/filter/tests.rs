//! What the filter language promises: it reads back what it prints, says what is wrong, and never panics.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::{Facts, Filter, FilterError, Known, Selection, Term, Test as Ask};
use crate::id::{CategoryId, PersonId, TeamId};
use crate::ticket::{Channel, Kind, Priority, Status};
use crate::tier::Tier;

const NETWORK: TeamId = TeamId(Uuid::from_u128(1));
const DESK: TeamId = TeamId(Uuid::from_u128(2));
const ANA: PersonId = PersonId(Uuid::from_u128(3));
const NOW: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();

fn known() -> Known {
    Known {
        teams: vec![("Network".into(), NETWORK), ("Service Desk".into(), DESK)],
        categories: vec![("Network or connection".into(), CategoryId(Uuid::nil()))],
        people: vec![("Ana Ferreira".into(), ANA)],
        ..Known::default()
    }
}

fn ticket() -> Facts<'static> {
    Facts {
        team: NETWORK,
        tier: Tier::L2,
        priority: Priority::P2,
        status: Status::Open,
        kind: Kind::Incident,
        channel: Channel::Web,
        category: None,
        organisation: None,
        requester: ANA,
        assignee: None,
        host: None,
        vip: false,
        opened_at: NOW - TimeDelta::days(3),
        reopened: 1,
        risk_at: Some(NOW),
        due_at: Some(NOW + TimeDelta::hours(1)),
        title: "VPN drops every hour",
    }
}

fn read(text: &str) -> Filter {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn matches(text: &str) -> bool {
    let selection = read(text).resolve(&known()).unwrap();
    selection.matches(&ticket(), NOW)
}

#[test]
fn every_word_asks_its_question() {
    for yes in [
        "",
        "team:network",
        "team:Network,\"Service Desk\" tier:L2,L3",
        "priority:P1,P2 -status:pending",
        "kind:incident channel:web vip:no",
        "requester:\"ana ferreira\" assigned:nobody",
        "-category:\"Network or connection\"",
        "age>2d age<1w -age>4d",
        "reopened>=1 reopened<2 -reopened>1",
        "title~vpn \"every hour\" -title~printer drops",
        "risk:yes breached:no",
        "status:\"On hold\",open",
    ] {
        assert!(matches(yes), "{yes}");
    }
    for no in [
        "team:\"service desk\"",
        "-team:network",
        "team:network -team:network",
        "tier:L1",
        "priority:P1 priority:P2",
        "status:pending",
        "vip:yes",
        "assigned:\"Ana Ferreira\"",
        "-assigned:nobody",
        "category:\"Network or connection\"",
        "age<2d",
        "reopened>1",
        "printer",
        "-vpn",
        "risk:no",
        "-risk:yes",
        "breached:yes",
    ] {
        assert!(!matches(no), "{no}");
    }
}

#[test]
fn beside_a_broken_promise_another_one_is_at_risk_all_the_same() {
    let broken = Facts {
        due_at: Some(NOW - TimeDelta::hours(1)),
        ..ticket()
    };
    for (text, expected) in [
        ("risk:yes breached:yes", true),
        ("risk:no", false),
        ("breached:no", false),
    ] {
        let selection = read(text).resolve(&known()).unwrap();
        assert_eq!(selection.matches(&broken, NOW), expected, "{text}");
    }
}

#[test]
fn what_was_typed_is_printed_in_one_way() {
    for (typed, printed) in [
        ("Team:Network   vpn", "team:Network title~vpn"),
        ("tier:L3,l2", "tier:L2,L3"),
        ("age>=48h", "age>2d"),
        ("age<90m", "age<90m"),
        ("reopened>1", "reopened>=2"),
        ("reopened<=1", "reopened<2"),
        ("status:on-hold", "status:on_hold"),
        ("title~\"a \\\"b\\\" , c\"", "title~\"a \\\"b\\\" , c\""),
    ] {
        assert_eq!(read(typed).to_string(), printed, "{typed}");
    }
}

#[test]
fn an_error_names_the_word_and_what_is_possible() {
    let fails = |text: &str| -> FilterError {
        let read = text.parse::<Filter>();
        read.and_then(|it| it.resolve(&known())).unwrap_err()
    };
    for (text, word, says) in [
        ("tiger:L2", "tiger", "team, tier, priority"),
        ("tier:L2,L9 vpn", "L9", "L1, L2, L3"),
        ("status:waiting", "waiting", "new, open, pending"),
        ("team:Netwrok", "Netwrok", "Network, Service Desk"),
        ("age>soon", "soon", "30m, 4h, 2d, 1w"),
        ("age:2d", "age:2d", "> < >= <="),
        ("reopened>=often", "often", "0, 1, 2"),
        ("vip:perhaps", "perhaps", "yes, no"),
        ("team: vpn", "team:", "team:Network"),
        ("title~\"vpn", "title~\"vpn", "not closed"),
        ("title~a,b", "title~a,b", "one value"),
        ("assigned:me", "me", "nobody"),
        ("requester:Nobody", "Nobody", "Ana Ferreira"),
        ("host:web-01", "web-01", "whole name"),
    ] {
        let error = fails(text);
        assert_eq!(error.word, word, "{text}");
        assert!(error.sentence().contains(says), "{text}: {error}");
        let (before, marked, after) = error.in_text(text).unwrap();
        assert_eq!(
            (format!("{before}{marked}{after}"), marked),
            (text.to_owned(), word)
        );
    }
    assert!("x".repeat(501).parse::<Filter>().is_err());
    assert!("x ".repeat(31).parse::<Filter>().is_err());
}

#[test]
fn a_text_with_words_of_the_language_is_told_from_one_without() {
    for yes in ["team:", "vpn -Tier:L9", "age>2d", "title~x"] {
        assert!(Filter::has_words(yes), "{yes}");
    }
    for no in [
        "",
        "vpn",
        "https://example.com",
        "team network",
        "note: call",
        "a>b",
        "-",
    ] {
        assert!(!Filter::has_words(no), "{no}");
    }
}

#[test]
fn a_selection_survives_being_stored() {
    let selection = read("team:Network -tier:L1 assigned:nobody age>2d vpn")
        .resolve(&known())
        .unwrap();
    let stored = serde_json::to_string(&selection).unwrap();
    assert_eq!(
        serde_json::from_str::<Selection>(&stored).unwrap(),
        selection
    );
}

#[test]
fn it_says_when_time_alone_changes_the_answer() {
    let selection = read("age>4d risk:yes").resolve(&known()).unwrap();
    let facts = ticket();
    let turns = selection.turns(&facts);
    assert_eq!(
        turns,
        [NOW, NOW + TimeDelta::hours(1), NOW + TimeDelta::days(1)]
    );
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    let name = "[A-Za-zäß,\"\\\\:~<>-]{1,6}( [A-Za-z]{1,4})?";
    btree_set(name, 1..4).prop_filter("once each", |names| {
        let lower: BTreeSet<_> = names.iter().map(|it| it.to_lowercase()).collect();
        lower.len() == names.len()
    })
}

fn some<T: Clone + Ord + std::fmt::Debug + 'static>(
    all: &'static [T],
) -> impl Strategy<Value = BTreeSet<T>> {
    btree_set(select(all), 1..=all.len())
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        names().prop_map(Ask::Team),
        names().prop_map(Ask::Category),
        names().prop_map(Ask::Assigned),
        some(&Tier::ALL).prop_map(Ask::Tier),
        some(&Priority::ALL).prop_map(Ask::Priority),
        some(Status::ALL).prop_map(Ask::Status),
        some(Kind::ALL).prop_map(Ask::Kind),
        some(Channel::ALL).prop_map(Ask::Channel),
        any::<bool>().prop_map(Ask::Vip),
        any::<bool>().prop_map(Ask::Risk),
        (any::<bool>(), 0..super::MAX_AGE).prop_map(|(older, seconds)| Ask::Age { older, seconds }),
        (any::<bool>(), 0..1000_u16)
            .prop_map(|(at_least, times)| Ask::Reopened { at_least, times }),
        "[a-zÄ\"\\\\,:]{1,8}( [a-z]{1,3})?".prop_map(Ask::Title),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_back(terms in vec((any::<bool>(), ask()), 0..6)) {
        let terms = terms.into_iter().map(|(not, test)| Term { not, test }).collect();
        let filter = Filter { terms };
        let printed = filter.to_string();
        if printed.chars().count() <= super::MAX_LENGTH {
            prop_assert_eq!(printed.parse::<Filter>(), Ok(filter), "{}", printed);
        }
    }

    #[test]
    fn not_is_the_opposite(ask in ask()) {
        let both = [false, true].map(|not| Filter { terms: vec![Term { not, test: ask.clone() }] });
        let [plain, not] = both.map(|it| it.resolve(&known()));
        if let (Ok(plain), Ok(not)) = (plain, not) {
            prop_assert_ne!(plain.matches(&ticket(), NOW), not.matches(&ticket(), NOW), "{:?}", ask);
        }
    }

    #[test]
    fn any_bytes_are_a_filter_or_a_sentence(bytes in vec(any::<u8>(), 0..120)) {
        fuzz(&bytes);
    }

    #[test]
    fn anything_near_the_language_is_a_filter_or_a_sentence(text in "(-?(team|tier|age|title|)[:~<>=]{0,2}[\"\\\\,a-z0-9 ]{0,5}){0,6}") {
        fuzz(text.as_bytes());
    }
}

/// The fuzz target: whatever comes, it is read or refused with a sentence, and what is read prints itself back.
fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Filter>() {
        Ok(filter) => {
            let printed = filter.to_string();
            // Printing may add quotes and words; only what is then too long is not read again.
            if printed.chars().count() <= super::MAX_LENGTH {
                assert_eq!(printed.parse::<Filter>(), Ok(filter), "{printed}");
            }
        }
        Err(error) => assert!(error.sentence().contains(&error.word)),
    }
}
