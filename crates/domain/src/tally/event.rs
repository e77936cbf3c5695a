//! Which event counts as what.

use serde_json::Value;
use uuid::Uuid;

use super::{Counts, Measure};
use crate::actor::ActorKind;
use crate::id::PersonId;
use crate::tier::Tier;
use crate::timeline::EventKind;

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
pub(super) fn count_engineer(event: Happened<'_>) -> Option<(PersonId, Measure)> {
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

pub(super) fn count_queue(event: Happened<'_>) -> Counts {
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
