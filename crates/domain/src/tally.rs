//! What is counted for the dashboards, and which event counts as what.
//!
//! A count is a projection of events: the same function feeds the counts when an event is written, the recount that
//! checks them, and the list behind each number.

mod behind;
mod block;
mod counts;
mod event;
mod spread;
#[cfg(test)]
mod tests;

pub use behind::{Behind, Several};
pub use block::{Block, GRAINS, NO_DAY, NOW, cover, holding};
pub use counts::{BadCounts, Counts};
pub use event::{ACKNOWLEDGED, BY_BOT, FIRST_CONTACT, Happened, RESOLVED, count};
pub use spread::{ERROR, Spread};

use crate::names::named;

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
