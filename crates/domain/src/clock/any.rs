//! Any ticket, and whatever may happen to it: what the properties of the rules are tried on.

use chrono::TimeDelta;
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::scene::ticket;
use super::{Change, History, Moment};
use crate::id::{CategoryId, TeamId};
use crate::ticket::{Kind, Priority, ResolvedBy, Status};
use crate::tier::Tier;

/// The one category that tickets come to have.
pub(crate) const CATEGORY: CategoryId = CategoryId(Uuid::from_u128(5));

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => prop_oneof![Just(Status::Open), Just(Status::Pending), Just(Status::OnHold)].prop_map(Change::Status),
        2 => (1..=4_i16).prop_map(|n| Change::Priority(Priority::from_number(n).unwrap())),
        1 => (1..=3_i16).prop_map(|n| Change::Queue(TeamId(Uuid::from_u128(9)), Tier::from_number(n).unwrap())),
        1 => (1..=3_i16, any::<bool>()).prop_map(|(n, assigned)| Change::Bounced {
            team: TeamId(Uuid::from_u128(3)), tier: Tier::from_number(n).unwrap(), assigned
        }),
        1 => prop_oneof![Just(Kind::Incident), Just(Kind::Request)].prop_map(Change::Kind),
        1 => any::<bool>().prop_map(|named| Change::Category(named.then_some(CATEGORY))),
        1 => any::<bool>().prop_map(Change::Assigned),
        1 => Just(Change::Given),
        1 => Just(Change::Begun),
        1 => Just(Change::Reply),
        1 => Just(Change::Ask),
        1 => prop_oneof![Just(ResolvedBy::Human), Just(ResolvedBy::Requester)].prop_map(Change::Resolved),
        1 => Just(Change::Reopened),
        1 => Just(Change::Closed),
    ]
}

/// A ticket and what may happen to it.
pub(crate) fn history() -> impl Strategy<Value = History> {
    (0..10_000_i64, vec((0..3_000_i64, change()), 0..12)).prop_map(|(start, steps)| {
        let mut history = ticket("2026-03-23T00:00:00Z");
        history.opened_at += TimeDelta::minutes(start);
        let mut at = history.opened_at;
        for (minutes, change) in steps {
            at += TimeDelta::minutes(minutes);
            history.moments.push(Moment { at, change });
        }
        history
    })
}
