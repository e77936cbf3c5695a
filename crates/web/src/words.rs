//! The words of the desk's own values: statuses, impacts, clocks.

use tierdesk_domain::job::Wait;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::{Channel, Impact, Kind, ResolutionCode, Status, Urgency};
use tierdesk_store::category::Category;

/// A status as people read it.
pub(crate) fn status(status: Status) -> &'static str {
    t(match status {
        Status::New => "ticket.status_new",
        Status::Open => "ticket.status_open",
        Status::Pending => "ticket.status_pending",
        Status::OnHold => "ticket.status_on_hold",
        Status::Resolved => "ticket.status_resolved",
        Status::Closed => "ticket.status_closed",
    })
}

/// How long a job may wait for its host.
pub(crate) fn wait(wait: Wait) -> &'static str {
    t(match wait {
        Wait::HalfHour => "job.wait_half_hour",
        Wait::FourHours => "job.wait_four_hours",
        Wait::Day => "job.wait_day",
        Wait::Week => "job.wait_week",
    })
}

/// A status as `data-s` of the stylesheet.
pub(crate) fn status_slug(status: Status) -> &'static str {
    match status {
        Status::OnHold => "hold",
        other => other.as_str(),
    }
}

/// A status from the data of an event; a word that nobody knows stays as it is.
pub(crate) fn status_of(word: &str) -> String {
    word.parse()
        .map_or_else(|_| word.to_owned(), |s| status(s).to_owned())
}

/// Who is hit.
pub(crate) fn impact(impact: Impact) -> &'static str {
    t(match impact {
        Impact::Person => "ticket.impact_person",
        Impact::Group => "ticket.impact_group",
        Impact::Site => "ticket.impact_site",
    })
}

/// How badly work is held up.
pub(crate) fn urgency(urgency: Urgency) -> &'static str {
    t(match urgency {
        Urgency::Low => "ticket.urgency_low",
        Urgency::Medium => "ticket.urgency_medium",
        Urgency::High => "ticket.urgency_high",
    })
}

/// What a clock measures.
pub(crate) fn metric(metric: tierdesk_domain::sla::Metric) -> &'static str {
    use tierdesk_domain::sla::Metric;
    t(match metric {
        Metric::FirstResponse => "clock.first_response",
        Metric::NextResponse => "clock.next_response",
        Metric::Resolution => "clock.resolution",
        Metric::PickUp => "clock.pick_up",
        Metric::TimeInTier => "clock.time_in_tier",
    })
}

/// The kind of a ticket.
pub(crate) fn kind(kind: Kind) -> &'static str {
    t(match kind {
        Kind::Incident => "ticket.kind_incident",
        Kind::Request => "ticket.kind_request",
        Kind::Problem => "ticket.kind_problem",
        Kind::Change => "ticket.kind_change",
    })
}

/// A category by its name; one that is retired says so.
pub(crate) fn category(category: &Category) -> String {
    match category.retired {
        true => fill("category.retired_name", &[("name", &category.name)]),
        false => category.name.clone(),
    }
}

/// How a ticket ended.
pub(crate) fn code(code: ResolutionCode) -> &'static str {
    t(match code {
        ResolutionCode::Fixed => "ticket.code_fixed",
        ResolutionCode::Workaround => "ticket.code_workaround",
        ResolutionCode::Answered => "ticket.code_answered",
        ResolutionCode::Duplicate => "ticket.code_duplicate",
        ResolutionCode::NotReproducible => "ticket.code_not_reproducible",
        ResolutionCode::WontFix => "ticket.code_wont_fix",
        ResolutionCode::Withdrawn => "ticket.code_withdrawn",
    })
}

/// How a ticket came in.
pub(crate) fn channel(channel: Channel) -> &'static str {
    t(match channel {
        Channel::Web => "ticket.channel_web",
        Channel::SignInHelp => "ticket.channel_sign_in_help",
        Channel::Mail => "ticket.channel_mail",
        Channel::Api => "ticket.channel_api",
        Channel::Alert => "ticket.channel_alert",
        Channel::Import => "ticket.channel_import",
    })
}

/// The name of a clock; one that nobody knows keeps the engine's word.
pub(crate) fn clock(metric: &str) -> String {
    t(match metric {
        "first_response" => "ticket.clock_first_response",
        "next_response" => "ticket.clock_next_response",
        "resolution" => "ticket.clock_resolution",
        "pick_up" => "ticket.clock_pick_up",
        "time_in_tier" => "ticket.clock_time_in_tier",
        other => return other.to_owned(),
    })
    .to_owned()
}

/// What a mail says, in a few words.
pub(crate) fn mail(kind: MailKind) -> &'static str {
    t(match kind {
        MailKind::TicketReceived => "event.mail_received",
        MailKind::PublicReply => "event.mail_reply",
        MailKind::TicketResolved => "event.mail_resolved",
        MailKind::TicketReopened => "event.mail_reopened",
        MailKind::TicketClosed => "event.mail_closed",
        MailKind::BotQuestion => "event.mail_bot_question",
        MailKind::TicketAssigned => "event.mail_assigned",
        MailKind::TicketEscalated => "event.mail_escalated",
        MailKind::TicketHandedBack => "event.mail_handed_back",
        MailKind::RequesterAnswered => "event.mail_answered",
        MailKind::RuleFired => "event.mail_rule",
        MailKind::CertificateEnds => "event.mail_certificate",
        MailKind::AtRisk => "event.mail_at_risk",
        MailKind::InCharge => "event.mail_in_charge",
        MailKind::Report => "event.mail_report",
        MailKind::PasswordReset => "event.mail_password_reset",
        MailKind::PasswordChanged => "event.mail_password_changed",
        MailKind::Invitation | MailKind::SetUp | MailKind::AddressNotice => "event.mail_account",
    })
}

/// Why a hand-over was sent back; a word that nobody knows stays as it is.
pub(crate) fn bounce(word: &str) -> String {
    use tierdesk_domain::handover::BounceCode;
    let key = |code| match code {
        BounceCode::MissingInformation => "ticket.bounce_missing_information",
        BounceCode::WrongTeam => "ticket.bounce_wrong_team",
        BounceCode::LowerTier => "ticket.bounce_lower_tier",
        BounceCode::Duplicate => "ticket.bounce_duplicate",
    };
    word.parse()
        .map_or_else(|_| word.to_owned(), |code| t(key(code)).to_owned())
}

/// Whether a hand-over was complete; a word that nobody knows stays as it is.
pub(crate) fn quality(word: &str) -> String {
    use tierdesk_domain::handover::Quality;
    let key = |quality| match quality {
        Quality::Complete => "ticket.quality_yes",
        Quality::Partly => "ticket.quality_partly",
        Quality::Incomplete => "ticket.quality_no",
    };
    word.parse()
        .map_or_else(|_| word.to_owned(), |it| t(key(it)).to_owned())
}

/// How well somebody knows something.
pub(crate) fn level(level: &tierdesk_domain::skill::Level) -> &'static str {
    use tierdesk_domain::skill::Level;
    t(match level {
        Level::Basic => "skill.basic",
        Level::Solid => "skill.solid",
        Level::Expert => "skill.expert",
    })
}

/// After so many seconds a rule fired late: nobody looked for a while.
const LATE: i64 = 5 * 60;

/// What a rule did: which one, why, and how late where it was late.
pub(crate) fn rule_fired(data: &serde_json::Value) -> String {
    let word = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let effects = data["effects"].as_array().into_iter().flatten();
    let effects: Vec<_> = effects.filter_map(|it| it.as_str()).collect();
    let late = data["late_by_seconds"].as_i64().unwrap_or_default();
    let key = match late {
        LATE.. => "event.rule_fired_late",
        _ => "event.rule_fired",
    };
    let late = tierdesk_domain::clock::spell(chrono::TimeDelta::seconds(late));
    fill(
        key,
        &[
            ("rule", &word("rule")),
            ("because", &word("because")),
            ("effects", &effects.join(t("escalation.and"))),
            ("late", &late),
        ],
    )
}
