//! What lists are called, and what their rows are where they hold several kinds.

use tierdesk_domain::dashboard::{OLA, SLA};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;

use super::promises;
use super::view::Listed;

/// What a row is, as a pill of a tone with an icon, or as plain words.
#[derive(Default)]
pub(super) struct Word {
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
    pub(super) text: &'static str,
}

/// Which of several counts a row is.
pub(super) fn word(several: Several, measure: Measure) -> Word {
    let plain = |text| Word {
        text,
        ..Word::default()
    };
    let mut promises = SLA.into_iter().chain(OLA);
    if several == Several::Broken {
        let promise = promises.find(|it| it.broken == measure);
        return plain(promise.map_or("", promises::word));
    }
    if let Some(promise) = promises.find(|it| [it.kept, it.broken].contains(&measure)) {
        let (tone, icon, key) = if measure == promise.kept {
            ("success", "ok", "dashboard.kept")
        } else {
            ("danger", "problem", "dashboard.broken")
        };
        return Word {
            tone,
            icon,
            text: text::t(key),
        };
    }
    plain(text::t(match (several, measure) {
        (_, Measure::FirstContact) => "dashboard.at_first_contact",
        (Several::ByPeople, _) => "dashboard.at_later_contact",
        (_, Measure::ResolvedByBot) => "dashboard.by_the_bot",
        (_, Measure::ResolvedByRequester) => "dashboard.taken_back",
        (Several::ByAnybody, _) => "dashboard.by_people",
        (_, Measure::EscalatedToL1) => "dashboard.to_l1",
        (_, Measure::EscalatedToL2) => "dashboard.to_l2",
        (_, Measure::EscalatedToL3) => "dashboard.to_l3",
        (_, Measure::HandedBack) => "dashboard.handed_back",
        (_, Measure::Complete) => "flow.quality",
        (_, Measure::PartlyComplete) => "flow.quality_partly",
        (_, Measure::Incomplete) => "flow.quality_no",
        _ => "dashboard.resolved",
    }))
}

fn several_title(several: Several) -> &'static str {
    text::t(match several {
        Several::Broken => "dashboard.broken_all",
        Several::Escalated => "dashboard.escalated_all",
        Several::Upwards => "dashboard.upwards_all",
        Several::Moved => "dashboard.moved_all",
        Several::FirstResponses => "dashboard.first_responses_all",
        Several::NextResponses => "dashboard.next_responses_all",
        Several::Resolutions => "dashboard.resolutions_all",
        Several::PickUps => "dashboard.pick_ups_all",
        Several::TimesInTier => "dashboard.times_in_tier_all",
        Several::ByPeople => "dashboard.by_people_all",
        Several::ByAnybody => "dashboard.by_anybody_all",
        Several::PassedOrSolved => "dashboard.passed_or_solved_all",
        Several::Judged => "dashboard.judged_all",
    })
}

/// What a list is called.
pub(super) fn title(listed: Listed) -> &'static str {
    let measure = match listed {
        Listed::AtRisk => return text::t("dashboard.measure_at_risk"),
        Listed::Open => return text::t("dashboard.measure_backlog"),
        Listed::Several(several) => return several_title(several),
        Listed::Counted(measure) => measure,
    };
    text::t(match measure {
        Measure::Opened => "dashboard.measure_opened",
        Measure::Resolved => "dashboard.measure_resolved",
        Measure::ResolvedByBot | Measure::BotResolveElapsed | Measure::BotResolveBusiness => {
            "dashboard.measure_resolved_by_bot"
        }
        Measure::ResolvedByRequester => "dashboard.measure_resolved_by_requester",
        Measure::ResolvedAbove => "dashboard.measure_resolved_above",
        Measure::ResolveElapsed | Measure::ResolveBusiness => "dashboard.measure_resolved_by_human",
        Measure::FirstContact => "dashboard.measure_first_contact",
        Measure::Reopened => "dashboard.measure_reopened",
        Measure::ReopenedAfterBot => "dashboard.measure_reopened_after_bot",
        Measure::FirstResponseKept => "dashboard.measure_first_response_kept",
        Measure::FirstResponseBreached => "dashboard.measure_first_response_breached",
        Measure::FirstResponseByBot => "dashboard.measure_first_response_by_bot",
        Measure::NextResponseKept => "dashboard.measure_next_response_kept",
        Measure::NextResponseBreached => "dashboard.measure_next_response_breached",
        Measure::ResolutionKept => "dashboard.measure_resolution_kept",
        Measure::ResolutionBreached => "dashboard.measure_resolution_breached",
        Measure::ResolutionByBot => "dashboard.measure_resolution_by_bot",
        Measure::PickUpKept => "dashboard.measure_pick_up_kept",
        Measure::PickUpBreached => "dashboard.measure_pick_up_breached",
        Measure::TimeInTierKept => "dashboard.measure_time_in_tier_kept",
        Measure::TimeInTierBreached => "dashboard.measure_time_in_tier_breached",
        Measure::EscalatedToL1 => "dashboard.measure_escalated_to_l1",
        Measure::EscalatedToL2 => "dashboard.measure_escalated_to_l2",
        Measure::EscalatedToL3 => "dashboard.measure_escalated_to_l3",
        Measure::EscalatedByRule => "dashboard.measure_escalated_by_rule",
        Measure::EscalatedByBot => "dashboard.measure_escalated_by_bot",
        Measure::HandedBack => "dashboard.measure_handed_back",
        Measure::BotPassedOn => "dashboard.measure_bot_passed_on",
        Measure::Undone => "dashboard.measure_undone",
        Measure::Taken => "dashboard.measure_taken",
        Measure::Acknowledged | Measure::AcknowledgeElapsed | Measure::AcknowledgeBusiness => {
            "dashboard.measure_acknowledged"
        }
        Measure::Backlog | Measure::Open => "dashboard.measure_backlog",
        Measure::HandedOver => "flow.measure_handed_over",
        Measure::Received => "flow.measure_received",
        Measure::Bounced => "flow.measure_bounced",
        Measure::BouncedBack => "flow.measure_bounced_back",
        Measure::Solved => "flow.measure_solved",
        Measure::SolvedFirst => "flow.measure_solved_first",
        Measure::PingPong => "flow.measure_ping_pong",
        Measure::Complete => "flow.measure_complete",
        Measure::PartlyComplete => "flow.measure_partly_complete",
        Measure::Incomplete => "flow.measure_incomplete",
        Measure::Stay => "flow.measure_stay",
    })
}
