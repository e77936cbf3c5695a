use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::event::{count_engineer, count_queue};
use super::*;
use crate::actor::ActorKind;
use crate::id::PersonId;
use crate::tier::Tier;
use crate::timeline::EventKind;

/// An event of the first kind behind a measure, with just the facts that are asked for.
fn sample(behind: Behind) -> (EventKind, Value, ActorKind) {
    let mut data = json!({});
    if let Some((path, text)) = behind.fact {
        let mut place = &mut data;
        for part in path {
            place = &mut place[part];
        }
        *place = match text {
            "" if path == ["to"] => json!("somebody"),
            "" => json!(60),
            "true" => json!(true),
            text => json!(text),
        };
    }
    if data["internal"][ACKNOWLEDGED].is_object() {
        data["internal"][ACKNOWLEDGED]["business_seconds"] = json!(30);
    }
    if data[BY_BOT].is_string() {
        data["metric"] = data[BY_BOT].clone();
    }
    if behind.kinds == [EventKind::Resolved] {
        data["internal"][RESOLVED] = json!({"elapsed_seconds": 60, "business_seconds": 30});
    }
    (behind.kinds[0], data, behind.by.unwrap_or(ActorKind::Human))
}

#[test]
fn every_measure_is_counted_from_the_events_it_names() {
    for &measure in Measure::ALL {
        let Some(behind) = measure.behind() else {
            let standing = [Measure::Backlog, Measure::Open];
            assert!(standing.contains(&measure) || crate::flow::MEASURES.contains(&measure));
            continue;
        };
        let (kind, data, by) = sample(behind);
        let tier = if behind.above { Tier::L2 } else { Tier::L1 };
        let counts = count_queue(Happened {
            kind,
            data: &data,
            by,
            actor: None,
            tier,
        });
        let counted = counts.number(measure) + counts.spread(measure).number();
        assert_eq!(counted, 1, "{measure}: {counts:?}");
    }
}

#[test]
fn each_row_of_a_sum_says_which_of_its_counts_it_is() {
    for &several in Several::ALL {
        let facts = |it: &Measure| crate::flow::MEASURES.contains(it);
        assert_eq!(
            several.behind().is_empty(),
            several.measures().iter().all(facts),
            "{several}"
        );
        for behind in several.measures().iter().filter_map(|it| it.behind()) {
            let (kind, data, _) = sample(behind);
            // Looked for once and no more.
            let found = several.behind().into_iter().filter(|it| {
                let whole = it.fact.is_none() || it.fact == behind.fact;
                it.kinds.contains(&kind) && (whole || several == Several::ByPeople)
            });
            assert_eq!(found.count(), 1, "{several}: {kind} {data}");
        }
        for &measure in several.measures() {
            if let Some(behind) = measure.behind() {
                let (kind, data, _) = sample(behind);
                assert_eq!(several.counted_as(kind, &data), Some(measure), "{several}");
            }
        }
    }
}

#[test]
fn every_measure_has_a_number_of_its_own_and_is_found_by_it() {
    let codes: BTreeSet<i16> = Measure::ALL.iter().map(|it| it.code()).collect();
    assert_eq!(codes.len(), Measure::ALL.len());
    for &measure in Measure::ALL {
        assert_eq!(Measure::from_code(measure.code()), Some(measure));
    }
    assert_eq!(Measure::from_code(0), None);
}

#[test]
fn an_event_that_is_not_reported_counts_as_nothing() {
    for (kind, data) in [
        (EventKind::Note, json!({})),
        (EventKind::Breached, json!({"metric": "mood"})),
        (EventKind::Assigned, json!({"to": null})),
    ] {
        let event = Happened {
            kind,
            data: &data,
            by: ActorKind::Human,
            actor: None,
            tier: Tier::L1,
        };
        assert!(count(event).is_empty(), "{kind}");
    }
}

#[test]
fn an_engineer_is_counted_for_what_they_resolved_and_took() {
    let me = Uuid::from_u128(7);
    let of = |kind, data: &Value| {
        count_engineer(Happened {
            kind,
            data,
            by: ActorKind::Human,
            actor: Some(me),
            tier: Tier::L1,
        })
    };
    let resolved = of(EventKind::Resolved, &json!({"by": "human"}));
    assert_eq!(resolved, Some((PersonId(me), Measure::Resolved)));
    let other = Uuid::from_u128(8);
    let taken = of(EventKind::Assigned, &json!({"to": other}));
    assert_eq!(taken, Some((PersonId(other), Measure::Taken)));
    assert_eq!(of(EventKind::Resolved, &json!({"by": "bot"})), None);
    assert_eq!(of(EventKind::Assigned, &json!({"to": null})), None);
}

#[test]
fn the_bots_share_of_kept_promises_is_counted_apart() {
    let data = json!({"metric": "resolution", BY_BOT: "resolution"});
    let counts = count_queue(Happened {
        kind: EventKind::Kept,
        data: &data,
        by: ActorKind::Bot,
        actor: None,
        tier: Tier::L1,
    });
    assert_eq!(counts.number(Measure::ResolutionKept), 1);
    assert_eq!(counts.number(Measure::ResolutionByBot), 1);
}
