//! What is counted per day for the dashboards, and which event counts as what.
//!
//! A count is a projection of events: the same function feeds the counts when an event is written and the recount that
//! checks them.

use chrono::NaiveDate;
use serde_json::Value;

use crate::names::named;
use crate::timeline::EventKind;

/// The day of what is counted as it stands now.
pub const NO_DAY: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day of the calendar");

named! {
    /// A thing that is counted by day, team, tier and priority.
    Measure, "measure" {
        /// Tickets filed.
        Opened = "opened",
        /// Tickets resolved, whoever did it.
        Resolved = "resolved",
        /// Those that the bot resolved.
        ResolvedByBot = "resolved_by_bot",
        /// Tickets reopened.
        Reopened = "reopened",
        /// First responses in time.
        FirstResponseKept = "first_response_kept",
        /// First responses too late.
        FirstResponseBreached = "first_response_breached",
        /// Resolutions in time.
        ResolutionKept = "resolution_kept",
        /// Resolutions too late.
        ResolutionBreached = "resolution_breached",
        /// Escalations into L1 of another team; team and tier are where it came from.
        EscalatedToL1 = "escalated_to_l1",
        /// Escalations to L2; team and tier are where it came from.
        EscalatedToL2 = "escalated_to_l2",
        /// Escalations to L3; team and tier are where it came from.
        EscalatedToL3 = "escalated_to_l3",
        /// Hand-backs; team and tier are where it came from.
        HandedBack = "handed_back",
        /// Tickets that the bot passed on to a human.
        BotPassedOn = "bot_passed_on",
        /// Decisions of automation that an engineer undid.
        Undone = "undone",
        /// Open tickets, counted on the day they were filed, in the queue that has them now.
        Backlog = "backlog",
        /// Open tickets, wherever they were filed; on no day ([`NO_DAY`]).
        Open = "open",
        /// Tickets that a queue shows now; on no day.
        Queue = "queue",
        /// Those that nobody has.
        QueueFree = "queue_free",
        /// Those that are pending or on hold.
        QueueWaiting = "queue_waiting",
    }
}

/// What an event counts as; most count as nothing.
pub fn measures(kind: EventKind, data: &Value) -> Vec<Measure> {
    let clock = |response, resolution| match data["metric"].as_str() {
        Some("first_response") => vec![response],
        Some("resolution") => vec![resolution],
        _ => Vec::new(),
    };
    match kind {
        EventKind::Opened => vec![Measure::Opened],
        EventKind::Resolved if data["by"] == "bot" => {
            vec![Measure::Resolved, Measure::ResolvedByBot]
        }
        EventKind::Resolved => vec![Measure::Resolved],
        EventKind::Reopened => vec![Measure::Reopened],
        EventKind::Kept => clock(Measure::FirstResponseKept, Measure::ResolutionKept),
        EventKind::Breached => clock(Measure::FirstResponseBreached, Measure::ResolutionBreached),
        EventKind::Escalated => match data["to_tier"].as_str() {
            Some("L1") => vec![Measure::EscalatedToL1],
            Some("L2") => vec![Measure::EscalatedToL2],
            Some("L3") => vec![Measure::EscalatedToL3],
            _ => Vec::new(),
        },
        EventKind::HandedBack => vec![Measure::HandedBack],
        EventKind::BotGaveUp => vec![Measure::BotPassedOn],
        EventKind::Undone => vec![Measure::Undone],
        _ => Vec::new(),
    }
}

impl Measure {
    /// The events behind a count: their kind, and the value that one key of their data must have.
    /// None for the backlog and the queues, which are counted from tickets.
    pub fn events(self) -> Option<(EventKind, Option<(&'static str, &'static str)>)> {
        Some(match self {
            Self::Opened => (EventKind::Opened, None),
            Self::Resolved => (EventKind::Resolved, None),
            Self::ResolvedByBot => (EventKind::Resolved, Some(("by", "bot"))),
            Self::Reopened => (EventKind::Reopened, None),
            Self::FirstResponseKept => (EventKind::Kept, Some(("metric", "first_response"))),
            Self::FirstResponseBreached => {
                (EventKind::Breached, Some(("metric", "first_response")))
            }
            Self::ResolutionKept => (EventKind::Kept, Some(("metric", "resolution"))),
            Self::ResolutionBreached => (EventKind::Breached, Some(("metric", "resolution"))),
            Self::EscalatedToL1 => (EventKind::Escalated, Some(("to_tier", "L1"))),
            Self::EscalatedToL2 => (EventKind::Escalated, Some(("to_tier", "L2"))),
            Self::EscalatedToL3 => (EventKind::Escalated, Some(("to_tier", "L3"))),
            Self::HandedBack => (EventKind::HandedBack, None),
            Self::BotPassedOn => (EventKind::BotGaveUp, None),
            Self::Undone => (EventKind::Undone, None),
            Self::Backlog | Self::Open | Self::Queue | Self::QueueFree | Self::QueueWaiting => {
                return None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_measure_but_the_backlog_is_counted_from_the_events_it_names() {
        for &measure in Measure::ALL {
            let Some((kind, filter)) = measure.events() else {
                assert!(
                    ["backlog", "open", "queue", "queue_free", "queue_waiting"]
                        .contains(&measure.as_str())
                );
                continue;
            };
            let data = filter.map_or(json!({}), |(key, value)| json!({ key: value }));
            assert!(measures(kind, &data).contains(&measure), "{measure}");
        }
    }

    #[test]
    fn an_event_that_is_not_reported_counts_as_nothing() {
        assert!(measures(EventKind::Note, &json!({})).is_empty());
        assert!(measures(EventKind::Breached, &json!({"metric": "pick_up"})).is_empty());
    }
}
