//! What counts for whom: a table of stories, and the percentiles.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const DESK: TeamId = TeamId(Uuid::from_u128(1));
const NETWORK: TeamId = TeamId(Uuid::from_u128(2));
const IDENTITY: TeamId = TeamId(Uuid::from_u128(3));
const L1: Queue = (DESK, Tier::L1);
const L2: Queue = (NETWORK, Tier::L2);
const L2_IDENTITY: Queue = (IDENTITY, Tier::L2);

fn minute(n: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(n)
}

/// The counts of a story that begins in L1, as `measure queue`, a step a minute.
fn told(steps: &[Step]) -> Vec<String> {
    let story = Story {
        queue: L1,
        category: None,
        steps: (0..).map(minute).zip(steps.iter().copied()).collect(),
    };
    let name = |queue: Queue| match queue {
        L1 => "desk",
        L2 => "network",
        _ => "identity",
    };
    facts(&story, &[])
        .iter()
        .map(|it| format!("{} {}", it.measure, name(it.queue)))
        .collect()
}

const SOLVED: Step = Step::Resolved(ResolvedBy::Human);

#[test]
fn the_table_of_stories() {
    use Step::{Bounced, HandedBack, HandedOver, Rated, Reopened};
    let over = ["handed_over desk", "received network"];
    let table: [(&str, &[Step], &[&str]); 7] = [
        (
            "solved where it came in",
            &[SOLVED],
            &["solved desk", "solved_first desk"],
        ),
        (
            "escalated, rated and solved",
            &[HandedOver(L2), Rated(Quality::Partly), SOLVED],
            &[over[0], over[1], "partly_complete desk", "solved desk"],
        ),
        (
            "bounced, and solved below: no first-tier fix",
            &[HandedOver(L2), Bounced(L1), SOLVED],
            &[
                over[0],
                over[1],
                "bounced network",
                "bounced_back desk",
                "solved desk",
            ],
        ),
        (
            "up, down, up: ping-pong, once",
            &[
                HandedOver(L2),
                HandedBack(L1),
                HandedOver(L2),
                HandedBack(L1),
            ],
            &[over[0], over[1], over[0], over[1], "ping_pong desk"],
        ),
        (
            "between teams: there, back, and there again",
            &[
                HandedOver(L2),
                HandedOver(L2_IDENTITY),
                HandedOver(L2),
                HandedOver(L2_IDENTITY),
            ],
            &[
                over[0],
                over[1],
                "handed_over network",
                "received identity",
                "handed_over identity",
                "received network",
                "handed_over network",
                "received identity",
            ],
        ),
        (
            "a new cycle counts turns anew, and an escalation before it is remembered",
            &[
                HandedOver(L2),
                HandedBack(L1),
                SOLVED,
                Reopened,
                HandedOver(L2),
                SOLVED,
            ],
            &[
                over[0],
                over[1],
                "solved desk",
                over[0],
                over[1],
                "solved desk",
            ],
        ),
        (
            "the bot's answers and withdrawn tickets are nobody's fix",
            &[
                Step::Resolved(ResolvedBy::Bot),
                Reopened,
                Step::Resolved(ResolvedBy::Requester),
            ],
            &[],
        ),
    ];
    for (name, steps, expected) in table {
        assert_eq!(told(steps), expected, "{name}");
    }
}

#[test]
fn a_fact_has_the_category_of_its_moment() {
    let category = Some(CategoryId(Uuid::from_u128(9)));
    let story = Story {
        queue: L1,
        category: None,
        steps: vec![
            (minute(1), Step::HandedOver(L2)),
            (minute(2), Step::Category(category)),
            (minute(3), Step::Bounced(L1)),
        ],
    };
    let stay = Stay {
        queue: L2,
        from: minute(1),
        to: minute(3),
        counted: TimeDelta::minutes(2),
    };
    let facts = facts(&story, &[stay]);
    let of = |measure| {
        facts
            .iter()
            .find(|it| it.measure == measure)
            .map(|it| (it.category, it.value))
    };
    assert_eq!(of(FlowMeasure::Received), Some((None, 1)));
    assert_eq!(of(FlowMeasure::Bounced), Some((category, 1)));
    assert_eq!(of(FlowMeasure::Stay), Some((category, 120)));
}

#[test]
fn buckets_grow_and_every_time_has_one() {
    assert!(ENDS.is_sorted());
    assert_eq!(bucket(0), 0);
    assert_eq!(bucket(59), 0);
    assert_eq!(bucket(60), 1);
    assert_eq!(
        usize::from(bucket(i64::MAX / 61).unsigned_abs()),
        ENDS.len()
    );
    assert_eq!(percentile(&[], 50), None);
}

proptest! {
    /// A percentile from buckets lies in the bucket in which the true one lies.
    #[test]
    fn a_percentile_is_in_the_bucket_of_the_true_one(
        times in prop::collection::vec(0..2_000_000_i64, 1..200), percent in 1..100_u64,
    ) {
        let mut sorted = times.clone();
        sorted.sort_unstable();
        let rank = (times.len() as u64 * percent).div_ceil(100).max(1);
        let truth = sorted[usize::try_from(rank - 1).expect("small")];
        let mut buckets = std::collections::BTreeMap::new();
        for time in times {
            *buckets.entry(bucket(time)).or_insert(0) += 1;
        }
        let buckets: Vec<_> = buckets.into_iter().collect();
        let read = percentile(&buckets, percent).expect("there are times");
        let (low, high) = (bucket(truth), bucket(read));
        // The upper end of a bucket is where the next one begins.
        prop_assert!(high == low || high == low + 1 && bucket(read - 1) == low, "{truth} {read}");
    }

    /// Whatever happens: nobody gets more than was handed over, and a fix at the first tier is a fix.
    #[test]
    fn both_sides_of_a_hand_over_are_counted(steps in prop::collection::vec(0..6_u8, 0..40)) {
        let steps = steps.into_iter().map(|n| match n {
            0 => Step::HandedOver(L2),
            1 => Step::HandedBack(L1),
            2 => Step::Bounced(L1),
            3 => Step::Reopened,
            4 => SOLVED,
            _ => Step::HandedOver(L2_IDENTITY),
        });
        let story = Story { queue: L1, category: None, steps: (0..).map(minute).zip(steps).collect() };
        let facts = facts(&story, &[]);
        let n = |measure| facts.iter().filter(|it| it.measure == measure).count();
        prop_assert_eq!(n(FlowMeasure::HandedOver), n(FlowMeasure::Received));
        prop_assert_eq!(n(FlowMeasure::Bounced), n(FlowMeasure::BouncedBack));
        prop_assert!(n(FlowMeasure::SolvedFirst) <= n(FlowMeasure::Solved));
        let cycles = story.steps.iter().filter(|it| it.1 == Step::Reopened).count() + 1;
        prop_assert!(n(FlowMeasure::PingPong) <= cycles);
    }
}
