//! The manager's dashboard: figures, charts with a table beside each, and the list behind every number.

pub(crate) mod chart;
mod csv;
pub(crate) mod list;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use serde::Deserialize;
use tierdesk_desk::dashboard::{Dashboard, Period};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;

use crate::extract::{Me, Query};
use crate::filters::{self, grouped};
use crate::frame::Frame;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

use chart::{Bars, Figure, Trend};
pub(crate) use csv::cell;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Manager, "/dashboard", show);
    routes.get(Audience::Manager, "/dashboard.csv", csv::download);
    routes.get(Audience::Manager, "/dashboard/tickets", list::show);
}

/// The periods on offer, in days.
const PERIODS: [(u64, &str); 4] = [
    (1, "dashboard.days_1"),
    (7, "dashboard.days_7"),
    (30, "dashboard.days_30"),
    (90, "dashboard.days_90"),
];

/// `?days=30`: one of [`PERIODS`], 30 where nothing is said.
#[derive(Deserialize)]
struct Asked {
    days: Option<u64>,
}

impl Asked {
    fn days(&self) -> Result<u64, WebError> {
        days(self.days)
    }
}

/// One of the periods on offer, 30 days where nothing is said.
pub(crate) fn days(asked: Option<u64>) -> Result<u64, WebError> {
    let days = asked.unwrap_or(30);
    let offered = PERIODS.iter().any(|(offer, _)| *offer == days);
    if offered {
        Ok(days)
    } else {
        Err(WebError::BadRequest)
    }
}

/// The periods on offer: days, word, and whether it is the chosen one.
pub(crate) fn periods(days: u64) -> Vec<(u64, &'static str, bool)> {
    let offers = PERIODS.iter();
    offers
        .map(|(offer, key)| (*offer, text::t(key), *offer == days))
        .collect()
}

#[derive(Template)]
#[template(path = "dashboard/show.html")]
struct DashboardPage {
    frame: Frame,
    periods: Vec<(u64, &'static str, bool)>,
    days: u64,
    line: String,
    figures: Vec<Figure>,
    flow_line: String,
    flow: Bars,
    priorities: Bars,
    ages: Bars,
    bot: Vec<Figure>,
    trend: Trend,
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let days = asked.days()?;
    let now = frame.now;
    let dashboard = app
        .desk
        .dashboard(&me.caller, Period::last(days, now), now)
        .await?;
    let d = &dashboard;
    let time = now.with_timezone(&frame.zone).format("%H:%M %Z");
    Ok(Page(DashboardPage {
        periods: periods(days),
        days,
        line: text::fill(
            "dashboard.period",
            &[
                ("from", &day(d.period.from)),
                ("to", &day(d.period.to)),
                ("time", &time),
            ],
        ),
        figures: figures(d),
        flow_line: text::fill(
            "dashboard.flow_line",
            &[
                ("opened", &grouped(d.total(Measure::Opened))),
                ("resolved", &grouped(d.total(Measure::Resolved))),
                ("reopened", &grouped(d.total(Measure::Reopened))),
                ("back", &grouped(d.total(Measure::HandedBack))),
            ],
        ),
        flow: chart::flow(d),
        priorities: chart::priorities(d),
        ages: chart::ages(d),
        bot: bot(d),
        trend: chart::trend(d),
        frame,
    })
    .into_response())
}

/// `17 Nov 2026`
pub(crate) fn day(day: chrono::NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// `94.2 %`, or a dash where there is nothing to divide.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let permille = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{} %", permille / 10, permille % 10)
}

fn of(part: u64, whole: u64) -> String {
    if whole == 0 {
        return text::t("dashboard.nothing_yet").to_owned();
    }
    text::fill(
        "dashboard.of",
        &[("part", &grouped(part)), ("whole", &grouped(whole))],
    )
}

fn share(label: &'static str, d: &Dashboard, kept: Measure, breached: Measure) -> Figure {
    let (good, bad) = (d.total(kept), d.total(breached));
    Figure {
        label: text::t(label),
        icon: "clock",
        tone: "",
        number: percent(good, good + bad),
        href: list::address(kept, d.period),
        line: of(good, good + bad),
    }
}

fn figures(d: &Dashboard) -> Vec<Figure> {
    let broken = |of: &dyn Fn(Measure) -> u64| {
        of(Measure::FirstResponseBreached) + of(Measure::ResolutionBreached)
    };
    let at_risk: u64 = d.at_risk.iter().map(|it| it.2).sum();
    let old: u64 = d.queues.iter().map(|it| it.old).sum();
    vec![
        share(
            "dashboard.resolution_kept",
            d,
            Measure::ResolutionKept,
            Measure::ResolutionBreached,
        ),
        share(
            "dashboard.response_kept",
            d,
            Measure::FirstResponseKept,
            Measure::FirstResponseBreached,
        ),
        Figure {
            label: text::t("dashboard.at_risk"),
            icon: "alert",
            tone: "c-warning",
            number: grouped(at_risk),
            href: list::at_risk_address(),
            line: match d.at_risk.first() {
                Some((team, tier, n)) => text::fill(
                    "dashboard.at_risk_most",
                    &[("n", n), ("queue", &format!("{tier} {team}"))],
                ),
                None => text::t("dashboard.at_risk_line").to_owned(),
            },
        },
        Figure {
            label: text::t("dashboard.breached"),
            icon: "problem",
            tone: "c-danger",
            number: grouped(broken(&|m| d.total(m))),
            href: list::broken_address(d.period),
            line: text::fill(
                "dashboard.breached_before",
                &[("n", &grouped(broken(&|m| d.total_before(m))))],
            ),
        },
        Figure {
            label: text::t("dashboard.open"),
            icon: "inbox",
            tone: "",
            number: grouped(d.open()),
            href: list::backlog_address("", None),
            line: text::fill("dashboard.open_old", &[("n", &grouped(old))]),
        },
        Figure {
            label: text::t("dashboard.by_bot"),
            icon: "bot",
            tone: "c-info",
            number: percent(d.total(Measure::ResolvedByBot), d.total(Measure::Resolved)),
            href: list::address(Measure::ResolvedByBot, d.period),
            line: of(d.total(Measure::ResolvedByBot), d.total(Measure::Resolved)),
        },
    ]
}

fn bot(d: &Dashboard) -> Vec<Figure> {
    let row = |label, measure| Figure {
        label: text::t(label),
        icon: "",
        tone: "",
        number: grouped(d.total(measure)),
        href: list::address(measure, d.period),
        line: String::new(),
    };
    vec![
        row("dashboard.bot_closed", Measure::ResolvedByBot),
        row("dashboard.bot_passed_on", Measure::BotPassedOn),
        row("dashboard.bot_undone", Measure::Undone),
    ]
}

/// The name of a download with its day.
fn file_name(now: chrono::DateTime<Utc>) -> String {
    format!("tierdesk-{}.csv", now.format("%Y-%m-%d"))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_rounded_to_a_tenth_and_nothing_is_not_a_share() {
        assert_eq!(percent(931, 988), "94.2 %");
        assert_eq!(percent(0, 5), "0.0 %");
        assert_eq!(percent(5, 5), "100.0 %");
        assert_eq!(percent(0, 0), "–");
    }
}
