//! What is counted for the dashboards, and which event counts as what.
//!
//! A count is a projection of events: the same function feeds the counts when an event is written, the recount that
//! checks them, and the list behind each number.

mod block;
mod counts;
mod spread;

pub use block::{Block, GRAINS, NO_DAY, NOW, cover, holding};
pub use counts::{BadCounts, Counts};
pub use spread::{ERROR, Spread};

use serde_json::Value;
use uuid::Uuid;

use crate::actor::ActorKind;
use crate::id::PersonId;
use crate::names::named;
use crate::tier::Tier;
use crate::timeline::EventKind;

named! {
    /// What a queue shows now.
    Standing, "standing count" {
        /// Open tickets.
        Open = "open",
        /// Tickets that the queue shows.
        Queue = "queue",
        /// Those that nobody has.
        QueueFree = "queue_free",
        /// Those that are pending or on hold.
        QueueWaiting = "queue_waiting",
    }
}

named! {
    /// A thing that is counted by day, team, tier, priority, category and organisation.
    Measure, "measure" {
        /// Tickets filed.
        Opened = "opened",
        /// Tickets resolved, whoever did it.
        Resolved = "resolved",
        /// Those that the bot resolved.
        ResolvedByBot = "resolved_by_bot",
        /// Those that their requester took back.
        ResolvedByRequester = "resolved_by_requester",
        /// Those that people above L1 resolved.
        ResolvedAbove = "resolved_above",
        /// Those that the first human answer resolved, where they were filed.
        FirstContact = "first_contact",
        /// Tickets reopened.
        Reopened = "reopened",
        /// Those that the bot had resolved.
        ReopenedAfterBot = "reopened_after_bot",
        /// First responses in time.
        FirstResponseKept = "first_response_kept",
        /// First responses too late.
        FirstResponseBreached = "first_response_breached",
        /// First responses in time that were the bot's.
        FirstResponseByBot = "first_response_by_bot",
        /// Later responses in time.
        NextResponseKept = "next_response_kept",
        /// Later responses too late.
        NextResponseBreached = "next_response_breached",
        /// Resolutions in time.
        ResolutionKept = "resolution_kept",
        /// Resolutions too late.
        ResolutionBreached = "resolution_breached",
        /// Resolutions in time that were the bot's.
        ResolutionByBot = "resolution_by_bot",
        /// Taken up by a queue in time.
        PickUpKept = "pick_up_kept",
        /// Taken up by a queue too late.
        PickUpBreached = "pick_up_breached",
        /// Left a tier in time.
        TimeInTierKept = "time_in_tier_kept",
        /// Stayed in a tier too long.
        TimeInTierBreached = "time_in_tier_breached",
        /// Escalations into L1 of another team; team and tier are where it came from.
        EscalatedToL1 = "escalated_to_l1",
        /// Escalations to L2; team and tier are where it came from.
        EscalatedToL2 = "escalated_to_l2",
        /// Escalations to L3; team and tier are where it came from.
        EscalatedToL3 = "escalated_to_l3",
        /// Escalations that a rule made.
        EscalatedByRule = "escalated_by_rule",
        /// Escalations that the bot made.
        EscalatedByBot = "escalated_by_bot",
        /// Hand-backs; team and tier are where it came from.
        HandedBack = "handed_back",
        /// Tickets that the bot passed on to a human.
        BotPassedOn = "bot_passed_on",
        /// Decisions of automation that an engineer undid.
        Undone = "undone",
        /// Tickets that an engineer took or was given.
        Taken = "taken",
        /// Tickets that a human took, was given or answered for the first time.
        Acknowledged = "acknowledged",
        /// Times from filing to the first acknowledgement.
        AcknowledgeElapsed = "acknowledge_elapsed",
        /// The same as the clocks count.
        AcknowledgeBusiness = "acknowledge_business",
        /// Times from filing, or reopening, to a human's resolution.
        ResolveElapsed = "resolve_elapsed",
        /// The same as the clocks count.
        ResolveBusiness = "resolve_business",
        /// Times from filing to the bot's resolution.
        BotResolveElapsed = "bot_resolve_elapsed",
        /// The same as the clocks count.
        BotResolveBusiness = "bot_resolve_business",
        /// Open tickets, counted on the day they were filed, in the queue that has them now.
        Backlog = "backlog",
        /// Open tickets, wherever and whenever they were filed.
        Open = "open",
        /// Hand-overs that this queue made.
        HandedOver = "handed_over",
        /// Hand-overs that this queue got.
        Received = "received",
        /// Hand-overs that this queue sent back.
        Bounced = "bounced",
        /// Hand-overs of this queue that came back.
        BouncedBack = "bounced_back",
        /// Tickets that came in here and that people solved, at whatever tier.
        Solved = "solved",
        /// Those of them that were never escalated.
        SolvedFirst = "solved_first",
        /// Tickets that came in here and went to and fro.
        PingPong = "ping_pong",
        /// Hand-overs of this queue that the receiver found complete.
        Complete = "complete",
        /// Those that were partly complete.
        PartlyComplete = "partly_complete",
        /// Those that were not.
        Incomplete = "incomplete",
        /// Business times of stays in this queue that ended.
        Stay = "stay",
    }
}

impl Measure {
    /// The number it is kept as; never changes its meaning.
    pub fn code(self) -> i16 {
        match self {
            Self::Opened => 1,
            Self::Resolved => 2,
            Self::ResolvedByBot => 3,
            Self::ResolvedByRequester => 4,
            Self::ResolvedAbove => 5,
            Self::FirstContact => 6,
            Self::Reopened => 7,
            Self::ReopenedAfterBot => 8,
            Self::FirstResponseKept => 10,
            Self::FirstResponseBreached => 11,
            Self::FirstResponseByBot => 12,
            Self::NextResponseKept => 13,
            Self::NextResponseBreached => 14,
            Self::ResolutionKept => 15,
            Self::ResolutionBreached => 16,
            Self::ResolutionByBot => 17,
            Self::PickUpKept => 18,
            Self::PickUpBreached => 19,
            Self::TimeInTierKept => 20,
            Self::TimeInTierBreached => 21,
            Self::EscalatedToL1 => 30,
            Self::EscalatedToL2 => 31,
            Self::EscalatedToL3 => 32,
            Self::EscalatedByRule => 33,
            Self::EscalatedByBot => 34,
            Self::HandedBack => 35,
            Self::BotPassedOn => 40,
            Self::Undone => 41,
            Self::Taken => 50,
            Self::Acknowledged => 51,
            Self::AcknowledgeElapsed => 60,
            Self::AcknowledgeBusiness => 61,
            Self::ResolveElapsed => 62,
            Self::ResolveBusiness => 63,
            Self::BotResolveElapsed => 64,
            Self::BotResolveBusiness => 65,
            Self::Backlog => 80,
            Self::Open => 81,
            Self::HandedOver => 100,
            Self::Received => 101,
            Self::Bounced => 102,
            Self::BouncedBack => 103,
            Self::Solved => 104,
            Self::SolvedFirst => 105,
            Self::PingPong => 106,
            Self::Complete => 107,
            Self::PartlyComplete => 108,
            Self::Incomplete => 109,
            Self::Stay => 110,
        }
    }

    /// The measure kept as this number.
    pub fn from_code(code: i16) -> Option<Self> {
        let measure = match code {
            1 => Self::Opened,
            2 => Self::Resolved,
            3 => Self::ResolvedByBot,
            4 => Self::ResolvedByRequester,
            5 => Self::ResolvedAbove,
            6 => Self::FirstContact,
            7 => Self::Reopened,
            8 => Self::ReopenedAfterBot,
            10 => Self::FirstResponseKept,
            11 => Self::FirstResponseBreached,
            12 => Self::FirstResponseByBot,
            13 => Self::NextResponseKept,
            14 => Self::NextResponseBreached,
            15 => Self::ResolutionKept,
            16 => Self::ResolutionBreached,
            17 => Self::ResolutionByBot,
            18 => Self::PickUpKept,
            19 => Self::PickUpBreached,
            20 => Self::TimeInTierKept,
            21 => Self::TimeInTierBreached,
            30 => Self::EscalatedToL1,
            31 => Self::EscalatedToL2,
            32 => Self::EscalatedToL3,
            33 => Self::EscalatedByRule,
            34 => Self::EscalatedByBot,
            35 => Self::HandedBack,
            40 => Self::BotPassedOn,
            41 => Self::Undone,
            50 => Self::Taken,
            51 => Self::Acknowledged,
            60 => Self::AcknowledgeElapsed,
            61 => Self::AcknowledgeBusiness,
            62 => Self::ResolveElapsed,
            63 => Self::ResolveBusiness,
            64 => Self::BotResolveElapsed,
            65 => Self::BotResolveBusiness,
            80 => Self::Backlog,
            81 => Self::Open,
            100 => Self::HandedOver,
            101 => Self::Received,
            102 => Self::Bounced,
            103 => Self::BouncedBack,
            104 => Self::Solved,
            105 => Self::SolvedFirst,
            106 => Self::PingPong,
            107 => Self::Complete,
            108 => Self::PartlyComplete,
            109 => Self::Incomplete,
            110 => Self::Stay,
            _ => return None,
        };
        Some(measure)
    }
}

/// An event, as far as counting goes.
#[derive(Debug, Clone, Copy)]
pub struct Happened<'a> {
    /// What happened.
    pub kind: EventKind,
    /// Its facts.
    pub data: &'a Value,
    /// Who did it.
    pub by: ActorKind,
    /// Which person, rule or host that was.
    pub actor: Option<Uuid>,
    /// The tier it happened at.
    pub tier: Tier,
}

/// What an event counts as: for its queue (no person), and for the engineer whose doing it was. Most count as nothing.
pub fn count(event: Happened<'_>) -> Vec<(Option<PersonId>, Counts)> {
    let queue = (None, count_queue(event));
    let engineer = count_engineer(event).map(|(person, measure)| {
        let mut counts = Counts::default();
        counts.add(measure, 1);
        (Some(person), counts)
    });
    let both = [Some(queue), engineer].into_iter().flatten();
    both.filter(|(_, counts)| !counts.is_empty()).collect()
}

/// The engineer who resolved or took it.
fn count_engineer(event: Happened<'_>) -> Option<(PersonId, Measure)> {
    match event.kind {
        EventKind::Resolved if event.data["by"] == "human" => {
            Some((PersonId(event.actor?), Measure::Resolved))
        }
        EventKind::Assigned => {
            let to = event.data["to"].as_str()?.parse().ok()?;
            Some((PersonId(to), Measure::Taken))
        }
        _ => None,
    }
}

fn count_queue(event: Happened<'_>) -> Counts {
    let Happened {
        kind,
        data,
        by,
        actor: _,
        tier,
    } = event;
    let mut counts = Counts::default();
    match kind {
        EventKind::Opened => counts.add(Measure::Opened, 1),
        EventKind::Resolved => resolved(data, tier, &mut counts),
        EventKind::Reopened => {
            counts.add(Measure::Reopened, 1);
            if data["internal"]["after"] == "bot" {
                counts.add(Measure::ReopenedAfterBot, 1);
            }
        }
        EventKind::Kept => promise(data, true, &mut counts),
        EventKind::Breached => promise(data, false, &mut counts),
        EventKind::Escalated => {
            match data["to_tier"].as_str() {
                Some("L1") => counts.add(Measure::EscalatedToL1, 1),
                Some("L2") => counts.add(Measure::EscalatedToL2, 1),
                Some("L3") => counts.add(Measure::EscalatedToL3, 1),
                _ => {}
            }
            match by {
                ActorKind::Rule => counts.add(Measure::EscalatedByRule, 1),
                ActorKind::Bot => counts.add(Measure::EscalatedByBot, 1),
                _ => {}
            }
        }
        EventKind::HandedBack => counts.add(Measure::HandedBack, 1),
        EventKind::BotGaveUp => counts.add(Measure::BotPassedOn, 1),
        EventKind::Undone => counts.add(Measure::Undone, 1),
        EventKind::Assigned if data["to"].is_string() => counts.add(Measure::Taken, 1),
        _ => {}
    }
    if let Some((elapsed, business)) = times(&data["internal"][ACKNOWLEDGED]) {
        counts.add(Measure::Acknowledged, 1);
        counts.time(Measure::AcknowledgeElapsed, elapsed);
        counts.time(Measure::AcknowledgeBusiness, business);
    }
    counts
}

/// The key, among an event's internal facts, of the times to a first acknowledgement.
pub const ACKNOWLEDGED: &str = "acknowledged_in";
/// The same of the times to a resolution.
pub const RESOLVED: &str = "resolved_in";
/// The key that names the promise which the bot kept by resolving.
pub const BY_BOT: &str = "by_bot";
/// The key that says that the first human answer resolved it.
pub const FIRST_CONTACT: &str = "first_contact";

/// Elapsed and business seconds, where both are told.
fn times(told: &Value) -> Option<(i64, i64)> {
    Some((
        told["elapsed_seconds"].as_i64()?,
        told["business_seconds"].as_i64()?,
    ))
}

fn resolved(data: &Value, tier: Tier, counts: &mut Counts) {
    counts.add(Measure::Resolved, 1);
    let by = data["by"].as_str();
    let measures = match by {
        Some("bot") => (Measure::BotResolveElapsed, Measure::BotResolveBusiness),
        _ => (Measure::ResolveElapsed, Measure::ResolveBusiness),
    };
    match by {
        Some("bot") => counts.add(Measure::ResolvedByBot, 1),
        Some("requester") => counts.add(Measure::ResolvedByRequester, 1),
        Some("human") if tier > Tier::L1 => counts.add(Measure::ResolvedAbove, 1),
        _ => {}
    }
    if let Some((elapsed, business)) = times(&data["internal"][RESOLVED]) {
        counts.time(measures.0, elapsed);
        counts.time(measures.1, business);
    }
    if data["internal"][FIRST_CONTACT] == true {
        counts.add(Measure::FirstContact, 1);
    }
}

fn promise(data: &Value, kept: bool, counts: &mut Counts) {
    let (in_time, late) = match data["metric"].as_str() {
        Some("first_response") => (Measure::FirstResponseKept, Measure::FirstResponseBreached),
        Some("next_response") => (Measure::NextResponseKept, Measure::NextResponseBreached),
        Some("resolution") => (Measure::ResolutionKept, Measure::ResolutionBreached),
        Some("pick_up") => (Measure::PickUpKept, Measure::PickUpBreached),
        Some("time_in_tier") => (Measure::TimeInTierKept, Measure::TimeInTierBreached),
        _ => return,
    };
    counts.add(if kept { in_time } else { late }, 1);
    if kept {
        match data[BY_BOT].as_str() {
            Some("first_response") => counts.add(Measure::FirstResponseByBot, 1),
            Some("resolution") => counts.add(Measure::ResolutionByBot, 1),
            _ => {}
        }
    }
}

/// The events behind a count. All that is said must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// One of these kinds.
    pub kinds: &'static [EventKind],
    /// The place of a fact within their data, and its text; an empty text stands for any.
    pub fact: Option<(&'static [&'static str], &'static str)>,
    /// Who did it.
    pub by: Option<ActorKind>,
    /// Only above L1.
    pub above: bool,
}

impl Measure {
    /// The events behind it; none for what is counted from the tickets themselves, or from facts between the tiers.
    pub fn behind(self) -> Option<Behind> {
        let events = |kinds, fact| Behind {
            kinds,
            fact,
            by: None,
            above: false,
        };
        let plain = |kinds| events(kinds, None);
        let metric = |kinds, metric| events(kinds, Some((&["metric"] as &[_], metric)));
        let kept: &[EventKind] = &[EventKind::Kept];
        let breached: &[EventKind] = &[EventKind::Breached];
        let resolved: &[EventKind] = &[EventKind::Resolved];
        let escalated: &[EventKind] = &[EventKind::Escalated];
        let acknowledged: &[EventKind] =
            &[EventKind::Assigned, EventKind::Reply, EventKind::Resolved];
        Some(match self {
            Self::Opened => plain(&[EventKind::Opened]),
            Self::Resolved => plain(resolved),
            Self::ResolvedByBot => events(resolved, Some((&["by"], "bot"))),
            Self::ResolvedByRequester => events(resolved, Some((&["by"], "requester"))),
            Self::ResolvedAbove => Behind {
                above: true,
                ..events(resolved, Some((&["by"], "human")))
            },
            Self::FirstContact => events(resolved, Some((&["internal", FIRST_CONTACT], "true"))),
            Self::Reopened => plain(&[EventKind::Reopened]),
            Self::ReopenedAfterBot => events(
                &[EventKind::Reopened],
                Some((&["internal", "after"], "bot")),
            ),
            Self::FirstResponseKept => metric(kept, "first_response"),
            Self::FirstResponseBreached => metric(breached, "first_response"),
            Self::FirstResponseByBot => events(kept, Some((&[BY_BOT], "first_response"))),
            Self::NextResponseKept => metric(kept, "next_response"),
            Self::NextResponseBreached => metric(breached, "next_response"),
            Self::ResolutionKept => metric(kept, "resolution"),
            Self::ResolutionBreached => metric(breached, "resolution"),
            Self::ResolutionByBot => events(kept, Some((&[BY_BOT], "resolution"))),
            Self::PickUpKept => metric(kept, "pick_up"),
            Self::PickUpBreached => metric(breached, "pick_up"),
            Self::TimeInTierKept => metric(kept, "time_in_tier"),
            Self::TimeInTierBreached => metric(breached, "time_in_tier"),
            Self::EscalatedToL1 => events(escalated, Some((&["to_tier"], "L1"))),
            Self::EscalatedToL2 => events(escalated, Some((&["to_tier"], "L2"))),
            Self::EscalatedToL3 => events(escalated, Some((&["to_tier"], "L3"))),
            Self::EscalatedByRule => Behind {
                by: Some(ActorKind::Rule),
                ..plain(escalated)
            },
            Self::EscalatedByBot => Behind {
                by: Some(ActorKind::Bot),
                ..plain(escalated)
            },
            Self::HandedBack => plain(&[EventKind::HandedBack]),
            Self::BotPassedOn => plain(&[EventKind::BotGaveUp]),
            Self::Undone => plain(&[EventKind::Undone]),
            Self::Taken => events(&[EventKind::Assigned], Some((&["to"], ""))),
            Self::Acknowledged | Self::AcknowledgeElapsed | Self::AcknowledgeBusiness => events(
                acknowledged,
                Some((&["internal", ACKNOWLEDGED, "elapsed_seconds"], "")),
            ),
            Self::ResolveElapsed | Self::ResolveBusiness => {
                events(resolved, Some((&["by"], "human")))
            }
            Self::BotResolveElapsed | Self::BotResolveBusiness => {
                events(resolved, Some((&["by"], "bot")))
            }
            Self::Backlog
            | Self::Open
            | Self::HandedOver
            | Self::Received
            | Self::Bounced
            | Self::BouncedBack
            | Self::Solved
            | Self::SolvedFirst
            | Self::PingPong
            | Self::Complete
            | Self::PartlyComplete
            | Self::Incomplete
            | Self::Stay => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

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
}
