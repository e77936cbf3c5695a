//! Which events are behind a count, for its list.

use serde_json::Value;

use super::event::count_queue;
use super::{ACKNOWLEDGED, BY_BOT, FIRST_CONTACT, Happened, Measure};
use crate::actor::ActorKind;
use crate::names::named;
use crate::tier::Tier;
use crate::timeline::EventKind;

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

impl Behind {
    /// Whether it asks for the first acknowledgement: the time behind it is the one to that, also where the same event resolved.
    pub fn is_acknowledged(&self) -> bool {
        self.fact
            .is_some_and(|(path, _)| path.contains(&ACKNOWLEDGED))
    }
}

named! {
    /// Several counts in one number, for its list: what adds up, or the whole that a share is a share of.
    Several, "sum of counts" {
        /// Promises of all kinds that were broken.
        Broken = "broken",
        /// Escalations to all tiers.
        Escalated = "escalated",
        /// Escalations to a higher tier than L1.
        Upwards = "upwards",
        /// Escalations, and what was handed back.
        Moved = "moved",
        /// First responses, in time or too late.
        FirstResponses = "first_responses",
        /// Later responses, in time or too late.
        NextResponses = "next_responses",
        /// Resolutions, in time or too late.
        Resolutions = "resolutions",
        /// Taken up by a queue, in time or too late.
        PickUps = "pick_ups",
        /// Stays in a tier, ended in time or too late.
        TimesInTier = "times_in_tier",
        /// Tickets that people resolved, at first contact or later.
        ByPeople = "by_people",
        /// Tickets that were resolved, by whom ever.
        ByAnybody = "by_anybody",
        /// What a queue escalated to a higher tier or resolved.
        PassedOrSolved = "passed_or_solved",
        /// Hand-overs that their receiver judged.
        Judged = "judged",
    }
}

impl Several {
    /// Its counts. Where one thing counts as two of them, as what was solved at first contact does, the first is meant.
    pub fn measures(self) -> &'static [Measure] {
        match self {
            Self::Broken => &[
                Measure::FirstResponseBreached,
                Measure::NextResponseBreached,
                Measure::ResolutionBreached,
                Measure::PickUpBreached,
                Measure::TimeInTierBreached,
            ],
            Self::Escalated => &[
                Measure::EscalatedToL1,
                Measure::EscalatedToL2,
                Measure::EscalatedToL3,
            ],
            Self::Upwards => &[Measure::EscalatedToL2, Measure::EscalatedToL3],
            Self::Moved => &[
                Measure::EscalatedToL1,
                Measure::EscalatedToL2,
                Measure::EscalatedToL3,
                Measure::HandedBack,
            ],
            Self::FirstResponses => &[Measure::FirstResponseKept, Measure::FirstResponseBreached],
            Self::NextResponses => &[Measure::NextResponseKept, Measure::NextResponseBreached],
            Self::Resolutions => &[Measure::ResolutionKept, Measure::ResolutionBreached],
            Self::PickUps => &[Measure::PickUpKept, Measure::PickUpBreached],
            Self::TimesInTier => &[Measure::TimeInTierKept, Measure::TimeInTierBreached],
            Self::ByPeople => &[Measure::FirstContact, Measure::ResolveElapsed],
            Self::ByAnybody => &[
                Measure::ResolvedByBot,
                Measure::ResolvedByRequester,
                Measure::ResolveElapsed,
            ],
            Self::PassedOrSolved => &[
                Measure::EscalatedToL2,
                Measure::EscalatedToL3,
                Measure::ResolveElapsed,
            ],
            Self::Judged => &[
                Measure::Complete,
                Measure::PartlyComplete,
                Measure::Incomplete,
            ],
        }
    }

    /// The events behind it, none of them twice; none for what is counted from facts between the tiers.
    pub fn behind(self) -> Vec<Behind> {
        let plain = |kinds| Behind {
            kinds,
            fact: None,
            by: None,
            above: false,
        };
        match self {
            // All of a kind is one look at the events.
            Self::Broken => vec![plain(&[EventKind::Breached])],
            Self::Escalated => vec![plain(&[EventKind::Escalated])],
            Self::Moved => vec![plain(&[EventKind::Escalated, EventKind::HandedBack])],
            Self::ByAnybody => vec![plain(&[EventKind::Resolved])],
            Self::ByPeople => Measure::ResolveElapsed.behind().into_iter().collect(),
            _ => self
                .measures()
                .iter()
                .filter_map(|it| it.behind())
                .collect(),
        }
    }

    /// Which of its counts an event is, by its kind and its facts: who did it and where makes no difference to them.
    pub fn counted_as(self, kind: EventKind, data: &Value) -> Option<Measure> {
        let counts = count_queue(Happened {
            kind,
            data,
            by: ActorKind::System,
            actor: None,
            tier: Tier::L1,
        });
        let is = |it: &&Measure| counts.number(**it) + counts.spread(**it).number() > 0;
        self.measures().iter().find(is).copied()
    }
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
        let acknowledged: &[EventKind] = &[
            EventKind::Assigned,
            EventKind::Acknowledged,
            EventKind::HandoverAccepted,
            EventKind::Reply,
            EventKind::Resolved,
        ];
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
