//! Each tier has a time of its own, apart from the promise to the requester.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, MONDAY_12, MONDAY_14, at, book, clock, hours, ticket};
use crate::clock::{Change, History, State, clocks};
use crate::id::TeamId;
use crate::sla::Metric;
use crate::tier::Tier;

use Change::Queue;
use Metric::{PickUp, Resolution, TimeInTier};

#[test]
fn each_tier_has_its_own_time_apart_from_the_promise_to_the_requester() {
    let mut book = book();
    for rule in &mut book.policy[0].body.rules {
        for targets in rule.targets.values_mut() {
            targets.extend([(TimeInTier, 7200), (PickUp, 600)]);
        }
    }
    let opened = ticket(MONDAY_9);
    let ticket = opened
        .clone()
        .then("2026-06-01T10:00:00Z", Queue(opened.opened.team, Tier::L2));
    let in_tier = clock(&ticket, &book, TimeInTier, "2026-06-01T10:30:00Z");
    assert_eq!(
        (in_tier.ordinal, in_tier.due_at),
        (2, Some(at("2026-06-01T12:00:00Z")))
    );
    let first = clocks(&ticket, &book, at("2026-06-01T10:30:00Z"));
    let first = first
        .iter()
        .find(|clock| clock.metric == TimeInTier)
        .unwrap();
    assert_eq!(
        (first.breached_at, first.counted),
        (Some(at("2026-06-01T09:00:00Z")), hours(3))
    );
    assert_eq!(
        clock(&ticket, &book, Resolution, "2026-06-01T10:30:00Z").started_at,
        at(MONDAY_9)
    );
    let taken = ticket.then("2026-06-01T10:05:00Z", Change::Assigned(true));
    assert!(matches!(
        clock(&taken, &book, PickUp, "2026-06-01T11:00:00Z").state,
        State::Met(_)
    ));
}

#[test]
fn another_tier_starts_the_clocks_between_tiers_and_not_the_promise() {
    let team = ticket(MONDAY_9).opened.team;
    let moved = ticket(MONDAY_9)
        .then("2026-06-01T07:05:00Z", Change::Assigned(true))
        .then(MONDAY_12, Queue(team, Tier::L2));
    let of = |metric| clock(&moved, &book(), metric, MONDAY_14);
    assert_eq!(of(Resolution).counted, hours(5));
    assert_eq!(
        (of(TimeInTier).ordinal, of(TimeInTier).counted),
        (2, hours(2))
    );
    assert_eq!((of(PickUp).ordinal, of(PickUp).counted), (2, hours(2)));
    assert_eq!(of(PickUp).started_at, at(MONDAY_12));
}

#[test]
fn another_team_at_the_same_tier_is_like_another_tier() {
    let other = TeamId(Uuid::from_u128(77));
    let moved = ticket(MONDAY_9).then(MONDAY_12, Queue(other, Tier::L1));
    let of = |metric| clock(&moved, &book(), metric, MONDAY_14);
    assert_eq!(of(Resolution).counted, hours(5));
    assert_eq!((of(TimeInTier).ordinal, of(PickUp).ordinal), (2, 2));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_move_ends_the_clocks_between_tiers_and_leaves_the_promises_alone(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at < now).collect(), ..history };
        let team = history.opened.team;
        let after = clocks(&history.clone().what_if(now, &[Queue(team, Tier::L3)]), &book(), now);
        for before in clocks(&history, &book(), now).iter().filter(|it| it.is_open()) {
            let moved = after.iter().find(|it| (it.metric, it.ordinal) == (before.metric, before.ordinal)).unwrap();
            match before.metric {
                TimeInTier => prop_assert_eq!(moved.state, State::Met(now)),
                PickUp => prop_assert_eq!(moved.state, State::Stopped(now)),
                _ => prop_assert_eq!(moved, before),
            }
        }
    }
}
