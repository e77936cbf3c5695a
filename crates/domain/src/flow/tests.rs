//! What counts for whom: a table of stories.

use chrono::TimeDelta;
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

fn about(category: Option<CategoryId>) -> Subject {
    Subject {
        priority: Priority::P3,
        category,
        organisation: None,
    }
}

/// The counts of a story that begins in L1, as `measure queue`, a step a minute.
fn told(steps: &[Step]) -> Vec<String> {
    let story = Story {
        queue: L1,
        steps: (0..)
            .zip(steps)
            .map(|(n, step)| (minute(n), about(None), *step))
            .collect(),
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
fn a_fact_is_about_what_the_ticket_was_about_at_its_moment() {
    let category = Some(CategoryId(Uuid::from_u128(9)));
    let story = Story {
        queue: L1,
        steps: vec![
            (minute(1), about(None), Step::HandedOver(L2)),
            (minute(3), about(category), Step::Bounced(L1)),
        ],
    };
    let stay = |to| Stay {
        queue: L2,
        from: minute(1),
        to,
        counted: TimeDelta::minutes(2),
    };
    // A stay that no step ended is none of this story's.
    let facts = facts(&story, &[stay(minute(3)), stay(minute(4))]);
    let of = |measure| {
        let found = facts.iter().filter(|it| it.measure == measure);
        found
            .map(|it| (it.subject.category, it.value))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(Measure::Received), [(None, 1)]);
    assert_eq!(of(Measure::Bounced), [(category, 1)]);
    assert_eq!(of(Measure::Stay), [(category, 120)]);
}

#[test]
fn every_measure_between_the_tiers_is_counted_once_from_its_fact() {
    for measure in MEASURES {
        let fact = Fact {
            at: minute(0),
            measure,
            queue: L1,
            subject: about(None),
            value: 1,
        };
        let counts = fact.counts();
        let counted = counts.number(measure) + counts.spread(measure).number();
        assert_eq!(counted, 1, "{measure}");
        assert_eq!(measure.behind(), None, "{measure}");
    }
}
