//! What holds for every ticket, whatever happens to it.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::scene::{book, ticket};
use super::{Change, Clock, History, Moment, State, clocks};
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

fn end(clock: &Clock, now: DateTime<Utc>) -> DateTime<Utc> {
    match clock.state {
        State::Met(at) | State::Stopped(at) => at,
        State::Running | State::Paused(_) => now,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_has_no_gap_and_its_sum_is_what_was_counted(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        for clock in clocks(&history, &book(), now) {
            let mut at = clock.started_at;
            for segment in &clock.segments {
                prop_assert_eq!(segment.from, at);
                prop_assert!(segment.why.is_none() || segment.counted.is_zero());
                prop_assert!(segment.counted <= segment.to - segment.from);
                at = segment.to;
            }
            prop_assert_eq!(at, end(&clock, now));
            let sum: TimeDelta = clock.segments.iter().map(|it| it.counted).sum();
            prop_assert_eq!(sum, clock.counted);
        }
    }

    #[test]
    fn a_breach_once_seen_stays_as_it_was(history in history(), first in 0..20_000_i64, more in 0..20_000_i64) {
        let early = history.opened_at + TimeDelta::minutes(first);
        let late = early + TimeDelta::minutes(more);
        let known = History {
            moments: history.moments.iter().copied().filter(|it| it.at <= early).collect(),
            ..history.clone()
        };
        let now = clocks(&history, &book(), late);
        for clock in clocks(&known, &book(), early) {
            let later = now.iter().find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal)).unwrap();
            if let Some(breached) = clock.breached_at {
                prop_assert!(breached <= early);
                prop_assert_eq!(later.breached_at, Some(breached));
            } else if let Some(breached) = later.breached_at {
                prop_assert!(breached >= early);
            }
        }
    }

    #[test]
    fn saying_again_what_holds_already_changes_nothing(history in history(), split in 0..20_000_i64, later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let at = history.opened_at + TimeDelta::minutes(split);
        let known = history.facts();
        let facts = known[known.partition_point(|(when, _)| *when <= at) - 1].1;
        let mut split = history.clone();
        let position = split.moments.partition_point(|it| it.at <= at);
        let again = [Change::Priority(facts.priority), Change::Category(facts.category)];
        for change in again {
            split.moments.insert(position, Moment { at, change });
        }
        prop_assert_eq!(clocks(&split, &book(), now), clocks(&history, &book(), now));
    }

    #[test]
    fn a_pause_never_makes_anything_due_earlier(history in history(), later in 0..20_000_i64, pause in 1..3_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        let after = now + TimeDelta::minutes(pause);
        let paused = history.clone()
            .what_if(now, &[Change::Status(Status::Pending)])
            .what_if(after, &[Change::Status(Status::Open)]);
        let paused = clocks(&paused, &book(), after);
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.state == State::Running && it.breached_at.is_none()) {
            let later = paused.iter().find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal)).unwrap();
            prop_assert!(later.due_at >= clock.due_at, "{:?} then {:?}", clock.due_at, later.due_at);
            prop_assert_eq!(later.counted, clock.counted);
        }
    }

    #[test]
    fn what_is_left_of_a_running_clock_is_the_counted_time_to_its_due_time(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        let about = history.now().subject();
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.state == State::Running && it.breached_at.is_none()) {
            prop_assert_eq!(book().counted(&about, now, clock.due_at.unwrap()), clock.left());
        }
    }

    #[test]
    fn a_running_clock_breaks_exactly_when_its_due_time_passes(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let history = History { moments: history.moments.into_iter().filter(|it| it.at <= now).collect(), ..history };
        for clock in clocks(&history, &book(), now).iter().filter(|it| it.state == State::Running && it.breached_at.is_none()) {
            let due = clock.due_at.unwrap();
            let find = |at| clocks(&history, &book(), at).into_iter()
                .find(|it| (it.metric, it.ordinal) == (clock.metric, clock.ordinal)).unwrap();
            prop_assert_eq!(find(due).breached_at, None);
            prop_assert_eq!(find(due + TimeDelta::seconds(1)).breached_at, Some(due));
            let risk = clock.risk_at.unwrap();
            prop_assert!(risk <= due);
            prop_assert!(find(risk.max(now)).is_at_risk());
        }
    }
}
