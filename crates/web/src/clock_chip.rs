//! A clock as a chip: label, time, and a state that is told by more than colour.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use tierdesk_domain::clock::{Book, Clock as Computed, State};
use tierdesk_domain::sla::Subject;
use tierdesk_domain::text::fill;
use tierdesk_store::queue::LineClock;
use tierdesk_store::ticket_clock::Clock;

use crate::moment::{Moment, spell};
use crate::words;

/// A clock ready for the template `ui::clock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClockChip {
    /// `First response`.
    pub(crate) label: String,
    /// `ok`, `risk`, `breached`, `paused` or `met`.
    pub(crate) state: &'static str,
    /// `8 min`, `12 min over`, `by Wed 09:32`.
    pub(crate) text: String,
    /// The exact due time, on hover.
    pub(crate) title: String,
    /// How much of the target is left in counted time, in percent: nights and pauses take nothing away.
    pub(crate) ring: i64,
    /// Seconds until it is due, where the script may count down: only for what is due today.
    pub(crate) left: Option<i64>,
    /// Seconds until it is at risk.
    pub(crate) risk: i64,
}

impl ClockChip {
    /// The running clock of a queue's line, about such a ticket.
    pub(crate) fn of_line(
        clock: &LineClock,
        about: &Subject,
        book: &Book,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        let left = book.counted(about, now, clock.due_at);
        let ring = share(left, TimeDelta::seconds(clock.target_seconds));
        Self::running(&clock.metric, clock.due_at, clock.risk_at, ring, now, zone)
    }

    /// A clock of a ticket's page, as it is kept.
    pub(crate) fn of_ticket(
        clock: &Clock,
        about: &Subject,
        book: &Book,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        match (clock.state.as_str(), clock.due_at) {
            ("running" | "breached", Some(due)) if clock.met_at.is_none() => {
                let left = book.counted(about, now, due);
                let ring = share(left, TimeDelta::seconds(clock.target_seconds));
                Self::running(&clock.metric, due, clock.risk_at, ring, now, zone)
            }
            ("stopped", _) if clock.breached_at.is_none() => {
                Self::stopped(&clock.metric, clock.met_at, now, zone)
            }
            ("met" | "stopped", _) => Self::done(
                &clock.metric,
                clock.met_at,
                clock.breached_at.is_some(),
                now,
                zone,
            ),
            _ => Self {
                label: words::clock(&clock.metric),
                ..Self::paused()
            },
        }
    }

    /// A clock as the engine computed it.
    pub(crate) fn of(clock: &Computed, now: DateTime<Utc>, zone: Tz) -> Self {
        let metric = clock.metric.as_str();
        match (clock.state, clock.due_at) {
            (State::Running, Some(due)) => {
                let ring = share(clock.left(), clock.target);
                Self::running(metric, due, clock.risk_at, ring, now, zone)
            }
            (State::Stopped(at), _) if clock.breached_at.is_none() => {
                Self::stopped(metric, Some(at), now, zone)
            }
            (State::Met(at) | State::Stopped(at), _) => {
                Self::done(metric, Some(at), clock.breached_at.is_some(), now, zone)
            }
            (State::Running | State::Paused(_), _) => Self {
                label: words::clock(metric),
                ..Self::paused()
            },
        }
    }

    /// One that is over; a promise that was kept too late stays broken.
    fn done(
        metric: &str,
        at: Option<DateTime<Utc>>,
        broken: bool,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        let at = at.map(|at| Moment::new(at, now, zone));
        let (text, title) = at.map(|at| (at.short, at.exact)).unwrap_or_default();
        Self {
            label: words::clock(metric),
            state: if broken { "breached" } else { "met" },
            text: match broken {
                true => fill("ticket.clock_late", &[("time", &text)]),
                false => text,
            },
            title,
            ..Self::paused()
        }
    }

    /// One that ended and was neither kept nor broken, as what is not promised any more.
    fn stopped(metric: &str, at: Option<DateTime<Utc>>, now: DateTime<Utc>, zone: Tz) -> Self {
        let at = at.map(|at| Moment::new(at, now, zone));
        let (text, title) = at.map(|at| (at.short, at.exact)).unwrap_or_default();
        Self {
            label: words::clock(metric),
            text: fill("clock.is_stopped", &[("time", &text)]),
            title,
            ..Self::paused()
        }
    }

    fn running(
        metric: &str,
        due: DateTime<Utc>,
        risk: Option<DateTime<Utc>>,
        ring: i64,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        let left = due - now;
        let moment = Moment::new(due, now, zone);
        let today = due.with_timezone(&zone).date_naive() == now.with_timezone(&zone).date_naive();
        let over = left < TimeDelta::zero();
        let minutes = left.num_seconds().unsigned_abs();
        let text = if over {
            fill("ticket.clock_over", &[("time", &spell(minutes / 60))])
        } else if today {
            spell(minutes.div_ceil(60))
        } else {
            fill("ticket.clock_by", &[("time", &moment.short)])
        };
        let at_risk = risk.is_some_and(|risk| risk <= now);
        Self {
            label: words::clock(metric),
            state: match (over, at_risk) {
                (true, _) => "breached",
                (false, true) => "risk",
                (false, false) => "ok",
            },
            text,
            title: fill("ticket.clock_due", &[("time", &moment.exact)]),
            ring: if over { 0 } else { ring.clamp(2, 100) },
            left: (over || today).then(|| left.num_seconds()),
            risk: risk.map_or(i64::MAX / 2, |risk| (risk - now).num_seconds()),
        }
    }

    /// A ticket that waits: its clocks stand still.
    pub(crate) fn paused() -> Self {
        Self {
            label: String::new(),
            state: "paused",
            text: tierdesk_domain::text::t("ticket.clock_paused").to_owned(),
            title: String::new(),
            ring: 0,
            left: None,
            risk: 0,
        }
    }
}

/// What is left of a target, in percent.
fn share(left: TimeDelta, target: TimeDelta) -> i64 {
    left.num_seconds().saturating_mul(100) / target.num_seconds().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip(due: &str, risk: &str, now: &str) -> ClockChip {
        let at = |text: &str| text.parse::<DateTime<Utc>>().expect("a time");
        ClockChip::running(
            "resolution",
            at(due),
            Some(at(risk)),
            50,
            at(now),
            chrono_tz::Europe::Berlin,
        )
    }

    #[test]
    fn a_chip_counts_down_today_and_names_the_time_on_other_days() {
        let today = chip(
            "2026-11-24T11:14:00Z",
            "2026-11-24T10:14:00Z",
            "2026-11-24T08:24:00Z",
        );
        assert_eq!(
            (today.state, today.text.as_str(), today.left),
            ("ok", "2 h 50 min", Some(10_200))
        );
        let tomorrow = chip(
            "2026-11-25T08:32:00Z",
            "2026-11-25T08:00:00Z",
            "2026-11-24T16:24:00Z",
        );
        assert_eq!(
            (tomorrow.text.as_str(), tomorrow.left),
            ("by Wed 09:32", None)
        );
    }

    #[test]
    fn risk_begins_when_the_server_says_and_over_is_over() {
        assert_eq!(
            chip(
                "2026-11-24T11:14:00Z",
                "2026-11-24T10:14:00Z",
                "2026-11-24T10:14:00Z"
            )
            .state,
            "risk"
        );
        let over = chip(
            "2026-11-24T08:12:00Z",
            "2026-11-24T08:00:00Z",
            "2026-11-24T08:24:30Z",
        );
        assert_eq!(
            (over.state, over.text.as_str()),
            ("breached", "12 min over")
        );
    }
}
