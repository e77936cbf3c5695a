//! Which events are behind a count, for its list.

use super::{ACKNOWLEDGED, BY_BOT, FIRST_CONTACT, Measure};
use crate::actor::ActorKind;
use crate::names::named;
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

named! {
    /// Several counts in one number, for its list.
    Several, "sum of counts" {
        /// Promises of all kinds that were broken.
        Broken = "broken",
        /// Escalations to all tiers.
        Escalated = "escalated",
        /// Escalations, and what was handed back.
        Moved = "moved",
    }
}

impl Several {
    /// The events behind it.
    pub fn behind(self) -> Behind {
        let kinds: &[EventKind] = match self {
            Self::Broken => &[EventKind::Breached],
            Self::Escalated => &[EventKind::Escalated],
            Self::Moved => &[EventKind::Escalated, EventKind::HandedBack],
        };
        Behind {
            kinds,
            fact: None,
            by: None,
            above: false,
        }
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
