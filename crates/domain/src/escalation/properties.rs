//! What holds for every rule on every ticket.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::tests::{card, rule};
use super::{Condition, Effect, Past, Rule, Situation, firings};
use crate::clock::any::history;
use crate::clock::scene::book;
use crate::clock::{History, clocks};
use crate::sla::Metric;
use crate::ticket::Priority;

fn condition() -> impl Strategy<Value = Condition> {
    let minutes = 1..2_000_u32;
    prop_oneof![
        minutes
            .clone()
            .prop_map(|minutes| Condition::UnassignedFor { minutes }),
        minutes
            .clone()
            .prop_map(|minutes| Condition::NoAnswerFor { minutes }),
        minutes.prop_map(|minutes| Condition::TimeInTier { minutes }),
        (1..=120_u16).prop_map(|percent| Condition::SlaUsed {
            metric: Metric::Resolution,
            percent
        }),
        Just(Condition::PriorityReached {
            priority: Priority::P2
        }),
        (1..3_u16).prop_map(|times| Condition::Reopened { times }),
    ]
}

fn past(history: &History) -> Past<'_> {
    static CARD: std::sync::LazyLock<super::Card> = std::sync::LazyLock::new(card);
    Past {
        history,
        card: &CARD,
        bot_held_until: Some(history.opened_at),
        bot_gave_up: &[],
    }
}

/// What had happened up to a moment.
fn until(history: &History, at: DateTime<Utc>) -> History {
    let mut known = history.clone();
    known.moments.retain(|moment| moment.at <= at);
    known
}

fn holds_at(rule: &Rule, history: &History, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (book, card) = (book(), card());
    let clocks = clocks(history, &book, now);
    rule.holds_at(&Situation {
        history,
        card: &card,
        clocks: &clocks,
        book: &book,
        bot_held_until: Some(history.opened_at),
        bot_gave_up_at: None,
        now,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_never_fires_twice_in_a_cycle_and_never_on_a_resolved_ticket(history in history(), condition in condition()) {
        let now = history.opened_at + TimeDelta::days(60);
        let mut last = 0;
        for (cycle, at) in firings(&rule(condition), &past(&history), &book(), now) {
            prop_assert!(cycle > last, "twice in cycle {cycle}");
            prop_assert!(history.as_of(at).status.is_open());
            last = cycle;
        }
    }

    #[test]
    fn what_fires_in_the_replay_holds_at_that_moment_and_not_before(history in history(), condition in condition()) {
        let rule = Rule { effects: vec![Effect::RaisePriority { to: None }], ..rule(condition) };
        let now = history.opened_at + TimeDelta::days(60);
        for (_, at) in firings(&rule, &past(&history), &book(), now).into_iter().take(1) {
            prop_assert!(holds_at(&rule, &until(&history, at), at).is_some_and(|holds| holds <= at));
            let before = at - TimeDelta::microseconds(1);
            if before >= history.opened_at {
                let then = until(&history, before);
                prop_assert!(holds_at(&rule, &then, before).is_none_or(|holds| holds > before));
            }
        }
    }

    #[test]
    fn more_minutes_never_fire_earlier(history in history(), minutes in 1..3_000_u32, more in 0..3_000_u32) {
        let now = history.moments.last().map_or(history.opened_at, |last| last.at);
        let kinds: [fn(u32) -> Condition; 3] = [
            |minutes| Condition::UnassignedFor { minutes },
            |minutes| Condition::NoAnswerFor { minutes },
            |minutes| Condition::TimeInTier { minutes },
        ];
        for kind in kinds {
            let sooner = holds_at(&rule(kind(minutes)), &history, now);
            let later = holds_at(&rule(kind(minutes + more)), &history, now);
            prop_assert!(sooner <= later || later.is_none(), "{sooner:?} {later:?}");
        }
    }

    #[test]
    fn a_reminder_never_comes_while_people_sleep(history in history(), condition in condition()) {
        let now = history.opened_at + TimeDelta::days(60);
        for (_, at) in firings(&rule(condition), &past(&history), &book(), now) {
            let facts = history.as_of(at);
            let office = book().ordinary_hours(at);
            let minute = TimeDelta::minutes(1);
            let awake = !office.elapsed(at - minute, at + minute).is_zero();
            prop_assert!(awake || facts.priority == Priority::P1, "{at}");
        }
    }
}
