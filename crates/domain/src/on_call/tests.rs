//! The rules of on-call schedules, one by one.

use chrono::{DateTime, Utc};

use super::*;
use crate::calendar::Window;

const ANA: PersonId = PersonId(Uuid::from_u128(1));
const BEN: PersonId = PersonId(Uuid::from_u128(2));
const CLEO: PersonId = PersonId(Uuid::from_u128(3));

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn layer(people: &[PersonId], days: u16, start: &str) -> Layer {
    Layer {
        name: "First".to_owned(),
        people: people.to_vec(),
        days,
        hand_over: "09:00".parse().unwrap(),
        start: start.parse().unwrap(),
        only: None,
    }
}

fn berlin(layers: Vec<Layer>) -> Schedule {
    Schedule {
        zone: Tz::Europe__Berlin,
        layers,
    }
}

fn on_call(schedule: &Schedule, overrides: &[Override], when: &str) -> Option<PersonId> {
    who(schedule, overrides, &BTreeSet::new(), at(when)).map(|(person, _)| person)
}

fn over(person: PersonId, from: &str, to: &str) -> Override {
    Override {
        id: Uuid::from_u128(9),
        person,
        from: at(from),
        to: at(to),
    }
}

#[test]
fn people_take_turns_and_the_first_comes_again_after_the_last() {
    let weekly = berlin(vec![layer(&[ANA, BEN, CLEO], 7, "2026-06-01")]);
    for (when, expected) in [
        ("2026-06-01T06:59:59Z", None),
        ("2026-06-01T07:00:00Z", Some(ANA)),
        ("2026-06-08T06:59:59Z", Some(ANA)),
        ("2026-06-08T07:00:00Z", Some(BEN)),
        ("2026-06-15T07:00:00Z", Some(CLEO)),
        ("2026-06-22T07:00:00Z", Some(ANA)),
        ("2027-06-01T07:00:00Z", Some(BEN)),
    ] {
        assert_eq!(on_call(&weekly, &[], when), expected, "{when}");
    }
}

/// grafana/oncall#3261.
#[test]
fn the_hand_over_stays_at_nine_when_the_clock_changes() {
    let daily = berlin(vec![layer(&[ANA, BEN], 1, "2026-03-27")]);
    // Summer time began on Sunday, 29 March: 09:00 is 08:00 UTC before and 07:00 UTC after.
    assert_eq!(on_call(&daily, &[], "2026-03-28T07:59:59Z"), Some(ANA));
    assert_eq!(on_call(&daily, &[], "2026-03-28T08:00:00Z"), Some(BEN));
    assert_eq!(on_call(&daily, &[], "2026-03-29T06:59:59Z"), Some(BEN));
    assert_eq!(on_call(&daily, &[], "2026-03-29T07:00:00Z"), Some(ANA));
    let weekly = berlin(vec![layer(&[ANA, BEN], 7, "2026-10-19")]);
    assert_eq!(on_call(&weekly, &[], "2026-10-26T07:59:59Z"), Some(ANA));
    assert_eq!(on_call(&weekly, &[], "2026-10-26T08:00:00Z"), Some(BEN));
}

#[test]
fn a_hand_over_in_the_skipped_hour_is_at_its_end_and_in_the_repeated_hour_at_its_first() {
    let mut early = layer(&[ANA, BEN], 1, "2026-03-28");
    early.hand_over = "02:30".parse().unwrap();
    let spring = berlin(vec![early.clone()]);
    assert_eq!(on_call(&spring, &[], "2026-03-29T00:59:59Z"), Some(ANA));
    assert_eq!(on_call(&spring, &[], "2026-03-29T01:00:00Z"), Some(BEN));
    early.start = "2026-10-24".parse().unwrap();
    let autumn = berlin(vec![early]);
    assert_eq!(on_call(&autumn, &[], "2026-10-25T00:29:59Z"), Some(ANA));
    assert_eq!(on_call(&autumn, &[], "2026-10-25T00:30:00Z"), Some(BEN));
    assert_eq!(on_call(&autumn, &[], "2026-10-25T01:30:00Z"), Some(BEN));
}

#[test]
fn a_layer_with_windows_covers_them_alone_and_the_layers_below_the_rest() {
    let night = Window::new("17:00".parse().unwrap(), "09:00".parse().unwrap()).unwrap();
    let mut nights = layer(&[ANA], 7, "2026-06-01");
    nights.only = Some(Week {
        mon: vec![night],
        ..Week::default()
    });
    let alone = berlin(vec![nights.clone()]);
    assert_eq!(on_call(&alone, &[], "2026-06-01T14:59:59Z"), None);
    assert_eq!(on_call(&alone, &[], "2026-06-01T15:00:00Z"), Some(ANA));
    // A window that spills over midnight belongs to the day it starts on.
    assert_eq!(on_call(&alone, &[], "2026-06-02T06:59:59Z"), Some(ANA));
    assert_eq!(on_call(&alone, &[], "2026-06-02T07:00:00Z"), None);
    let both = berlin(vec![nights, layer(&[BEN], 7, "2026-06-01")]);
    assert_eq!(on_call(&both, &[], "2026-06-01T14:59:59Z"), Some(BEN));
    assert_eq!(on_call(&both, &[], "2026-06-01T15:00:00Z"), Some(ANA));
    let gaps = turns(
        &alone,
        &[],
        &BTreeSet::new(),
        at("2026-06-01T12:00:00Z"),
        at("2026-06-03T00:00:00Z"),
    );
    let gaps: Vec<_> = gaps.iter().map(|it| (it.who.is_some(), it.to)).collect();
    assert_eq!(
        gaps,
        [
            (false, at("2026-06-01T15:00:00Z")),
            (true, at("2026-06-02T07:00:00Z")),
            (false, at("2026-06-03T00:00:00Z"))
        ]
    );
}

#[test]
fn an_override_goes_before_the_layers_and_the_last_one_counts() {
    let schedule = berlin(vec![layer(&[ANA], 7, "2026-06-01")]);
    let overrides = [
        over(BEN, "2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z"),
        over(CLEO, "2026-06-02T12:00:00Z", "2026-06-02T18:00:00Z"),
    ];
    for (when, expected) in [
        ("2026-06-01T23:59:59Z", ANA),
        ("2026-06-02T00:00:00Z", BEN),
        ("2026-06-02T12:00:00Z", CLEO),
        ("2026-06-02T18:00:00Z", BEN),
        ("2026-06-03T00:00:00Z", ANA),
    ] {
        assert_eq!(
            on_call(&schedule, &overrides, when),
            Some(expected),
            "{when}"
        );
    }
}

#[test]
fn who_left_is_never_on_call_and_the_layer_below_decides() {
    let schedule = berlin(vec![
        layer(&[ANA, BEN], 7, "2026-06-01"),
        layer(&[CLEO], 7, "2026-06-01"),
    ]);
    let away = BTreeSet::from([ANA]);
    let overrides = [over(ANA, "2026-06-08T10:00:00Z", "2026-06-08T12:00:00Z")];
    let found = |when: &str| who(&schedule, &overrides, &away, at(when)).unwrap();
    assert_eq!(found("2026-06-02T10:00:00Z"), (CLEO, By::Layer(1)));
    assert_eq!(found("2026-06-08T11:00:00Z"), (BEN, By::Layer(0)));
}

#[test]
fn a_schedule_survives_being_stored() {
    let mut first = layer(&[ANA, BEN], 14, "2026-06-01");
    first.only = Some(Week {
        sat: vec![Window::new("00:00".parse().unwrap(), "24:00".parse().unwrap()).unwrap()],
        ..Week::default()
    });
    let schedule = berlin(vec![first, layer(&[CLEO], 1, "2026-02-01")]);
    let stored = serde_json::to_string(&schedule).unwrap();
    assert_eq!(serde_json::from_str::<Schedule>(&stored).unwrap(), schedule);
    let wrong = stored.replace("Europe/Berlin", "Mars/Base");
    assert!(serde_json::from_str::<Schedule>(&wrong).is_err());
}

#[test]
fn what_is_wrong_with_a_schedule_is_said_by_layer_and_field() {
    let mut bad = layer(&[], 0, "2026-06-01");
    bad.hand_over = TimeOfDay::END;
    bad.only = Some(Week::default());
    let wrong = berlin(vec![layer(&[ANA], 7, "2026-06-01"), bad]).check();
    let fields: Vec<_> = wrong.iter().map(|(layer, it)| (*layer, it.field)).collect();
    assert_eq!(
        fields,
        [(1, "people"), (1, "days"), (1, "hand_over"), (1, "only")]
    );
    assert_eq!(berlin(Vec::new()).check().len(), 1);
}
