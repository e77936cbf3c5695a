//! Each metric is a clock of its own: none is taken for another, and none waits for another.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::clock::any::history;
use crate::clock::scene::{MONDAY_9, at, book, hours, ticket};
use crate::clock::{Change, clocks, next_due};
use crate::sla::Metric;
use crate::ticket::Priority;

use Change::{Ask, Reply};
use Metric::{FirstResponse, Resolution};

#[test]
fn clocks_are_independent_and_the_earliest_open_one_is_shown() {
    let ticket = ticket(MONDAY_9);
    let all = clocks(&ticket, &book(), at("2026-06-01T08:00:00Z"));
    assert_eq!(
        next_due(&all).map(|clock| clock.metric),
        Some(FirstResponse)
    );
    let answered = clocks(
        &ticket.then("2026-06-01T08:00:00Z", Reply),
        &book(),
        at("2026-06-01T08:01:00Z"),
    );
    assert_eq!(
        next_due(&answered).map(|clock| clock.metric),
        Some(Resolution)
    );
}

#[test]
fn each_target_is_typed_by_its_metric_and_none_is_taken_for_another() {
    let ticket = ticket(MONDAY_9)
        .then("2026-06-01T07:01:00Z", Reply)
        .then("2026-06-01T07:02:00Z", Ask);
    let promising = |promised: &[(Metric, i64)]| {
        let mut book = book();
        for rule in &mut book.policy[0].body.rules {
            let all = promised.iter().map(|(metric, target)| {
                let seconds = u32::try_from(hours(*target).num_seconds()).unwrap();
                (*metric, seconds)
            });
            rule.targets.insert(Priority::P3, all.collect());
        }
        let clocks = clocks(&ticket, &book, at("2026-06-01T07:03:00Z"));
        let found = clocks
            .into_iter()
            .map(|it| (it.metric, it.target.num_hours()));
        found.collect::<std::collections::BTreeMap<_, _>>()
    };
    let each: Vec<_> = Metric::ALL.iter().copied().zip(1..).collect();
    assert_eq!(promising(&each), each.iter().copied().collect());
    for one in each {
        assert_eq!(promising(&[one]), [one].into(), "alone");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_each_kind_one_clock_is_open_at_most_and_it_is_the_newest(history in history(), later in 0..20_000_i64) {
        let now = history.opened_at + TimeDelta::minutes(later);
        let all = clocks(&history, &book(), now);
        for &metric in Metric::ALL {
            let of: Vec<_> = all.iter().filter(|it| it.metric == metric).collect();
            prop_assert!(of.windows(2).all(|pair| pair[0].ordinal < pair[1].ordinal));
            prop_assert!(of.iter().rev().skip(1).all(|it| !it.is_open()));
        }
    }
}
