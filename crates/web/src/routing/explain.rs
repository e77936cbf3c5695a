//! A decision of routing in words, in the reader's own time.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tierdesk_domain::routing::{Considered, Decision, Mode, Verdict};
use tierdesk_domain::shift::Presence;
use tierdesk_domain::skill::Lack;
use tierdesk_domain::text::{count, fill, t};

use crate::moment::Moment;

/// Says a decision to a reader.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explain {
    /// The moment of reading.
    pub(crate) now: DateTime<Utc>,
    /// The reader's zone.
    pub(crate) zone: Tz,
}

impl Explain {
    /// Who got it and why, in one sentence. `asked` says whether a rule asked for a skill.
    pub(crate) fn decision(self, decision: &Decision, asked: bool) -> String {
        match decision.chosen() {
            Some(chosen) => fill(
                "routing.gave",
                &[
                    ("name", &chosen.name),
                    ("why", &self.because(decision, chosen)),
                ],
            ),
            None if asked => fill(
                "routing.nobody_asked",
                &[("skills", &decision.skills.join(", "))],
            ),
            None => t("routing.nobody").to_owned(),
        }
    }

    /// Who would get it now and why, in one sentence.
    pub(crate) fn preview(self, decision: &Decision) -> String {
        match decision.chosen() {
            Some(chosen) => fill(
                "routing.would",
                &[
                    ("name", &chosen.name),
                    ("why", &self.because(decision, chosen)),
                ],
            ),
            None if decision.mode == Mode::Off => t("routing.would_off").to_owned(),
            None => t("routing.would_nobody").to_owned(),
        }
    }

    /// Everybody who was looked at, each with the reason.
    pub(crate) fn everybody(self, decision: &Decision) -> Vec<(String, String)> {
        let all = decision.considered.iter();
        all.map(|it| (it.name.clone(), self.reason(it))).collect()
    }

    fn because(self, decision: &Decision, chosen: &Considered) -> String {
        let load = match chosen.verdict {
            Verdict::Fits { load } => load,
            _ => 0,
        };
        match (decision.mode, decision.skills.as_slice()) {
            (Mode::RoundRobin | Mode::Off, _) => t("routing.why_turn").to_owned(),
            (_, []) => fill("routing.why_fewest", &[("n", &load)]),
            (_, skills) => fill(
                "routing.why_fewest_skill",
                &[("n", &load), ("skills", &skills.join(", "))],
            ),
        }
    }

    fn reason(self, it: &Considered) -> String {
        match &it.verdict {
            Verdict::Fits { load } => count("routing.fits", u64::from(*load)),
            Verdict::Full { load } => count("routing.full", u64::from(*load)),
            Verdict::NotHere { presence } => self.presence(*presence),
            Verdict::Lacks { skill, lack } => match lack {
                Lack::Missing => fill("routing.lacks_missing", &[("skill", skill)]),
                Lack::Level { .. } => fill("routing.lacks_level", &[("skill", skill)]),
                Lack::Unconfirmed => fill("routing.lacks_unconfirmed", &[("skill", skill)]),
                Lack::NoCertificate => fill("routing.lacks_no_certificate", &[("skill", skill)]),
                Lack::Expired { on } => fill(
                    "routing.lacks_expired",
                    &[("skill", skill), ("day", &on.format("%-d %b %Y"))],
                ),
            },
        }
    }

    /// Whether somebody is at work, and until when not.
    pub(crate) fn presence(self, presence: Presence) -> String {
        let time = |at: DateTime<Utc>| Moment::new(at, self.now, self.zone).short;
        match presence {
            Presence::Here => t("routing.here").to_owned(),
            Presence::OffShift { until: Some(at) } => {
                fill("routing.off_shift", &[("time", &time(at))])
            }
            Presence::OffShift { until: None } => t("routing.off_shift_open").to_owned(),
            Presence::Absent { until } => fill("routing.absent", &[("time", &time(until))]),
            Presence::Away { until } => fill("routing.away", &[("time", &time(until))]),
            Presence::Deactivated => t("routing.deactivated").to_owned(),
        }
    }
}
