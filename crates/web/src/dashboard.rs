//! The manager's figures: charts with a table beside each, and the list behind every number.

mod chart;
mod csv;
mod flow;
mod head;
mod list;
mod promises;
mod reports;
mod sheet;
mod skills;
mod tiers;
mod times;
mod view;
mod workload;
mod zone;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tierdesk_desk::dashboard::{Dashboard, Key, Lens};
use tierdesk_domain::dashboard::{
    OLA, Promise, SLA, Share, View, first_contact, percent, reopened, resolved_by_people,
};
use tierdesk_domain::id::PersonId;
use tierdesk_domain::tally::{Counts, Measure, Several};
use tierdesk_domain::text;

use crate::extract::{Me, Query};
use crate::filters::{self, grouped};
use crate::frame::Frame;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

use chart::{Bars, Figure, Trend};
use head::Head;
use view::{Fields, Listed, counted, counted_before, list};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Manager, "/dashboard", show);
    routes.get(Audience::Manager, "/dashboard.csv", csv::figures);
    routes.get(Audience::Manager, "/dashboard/flow", flow::show);
    routes.get(Audience::Manager, "/dashboard/promises", promises::show);
    routes.get(Audience::Manager, "/dashboard/skills", skills::show);
    routes.get(Audience::Manager, "/dashboard/tickets", list::show);
    routes.get(Audience::Manager, "/dashboard/tickets.csv", csv::tickets);
    routes.get(Audience::Manager, "/dashboard/tiers", tiers::show);
    routes.get(Audience::Manager, "/dashboard/times", times::show);
    routes.get(Audience::Manager, "/dashboard/workload", workload::show);
    reports::routes(routes);
    zone::routes(routes);
}

/// The list of what an engineer has, as far as its reader answers for it.
pub(crate) fn has(person: PersonId) -> String {
    let key = Key {
        person: Some(person),
        ..Key::default()
    };
    list(Listed::Open, None, &View::default(), &key)
}

#[derive(Template)]
#[template(path = "dashboard/show.html")]
struct DashboardPage {
    frame: Frame,
    head: Head,
    figures: Vec<Figure>,
    /// What happened altogether, each with its list.
    flow_line: [(String, String); 4],
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
    Query(fields): Query<Fields>,
) -> Result<Response, WebError> {
    let chosen = fields.read()?;
    let now = frame.now;
    let d = app.desk.dashboard(&me.caller, chosen.view, now).await?;
    let total = &d.total.now;
    let page = DashboardPage {
        head: Head::new(
            "/dashboard",
            &d.lens,
            None,
            &frame,
            (&fields, chosen.wrong_days),
        ),
        figures: figures(&d),
        flow_line: [
            ("dashboard.flow_opened", Measure::Opened),
            ("dashboard.flow_resolved", Measure::Resolved),
            ("dashboard.flow_reopened", Measure::Reopened),
            ("dashboard.flow_back", Measure::HandedBack),
        ]
        .map(|(words, measure)| {
            let n = grouped(total.number(measure));
            let href = counted(measure, &d.lens, &Key::default());
            (text::fill(words, &[("n", &n)]), href)
        }),
        flow: chart::flow(&d),
        priorities: chart::priorities(&d),
        ages: chart::ages(&d),
        bot: bot(&d),
        trend: chart::trend(&d),
        frame,
    };
    Ok(head::answer(page, chosen.wrong_days))
}

/// `17 Nov 2026`
fn day(day: chrono::NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}

/// `931 of 988`, and what it was before where something is compared.
fn of(share: Share, before: Option<Share>) -> String {
    let now = if share.whole == 0 {
        text::t("dashboard.nothing_yet").to_owned()
    } else {
        text::fill(
            "dashboard.of",
            &[
                ("part", &grouped(share.part)),
                ("whole", &grouped(share.whole)),
            ],
        )
    };
    match before {
        None => now,
        Some(before) => text::fill(
            "dashboard.with_before",
            &[("now", &now), ("before", &percent(before))],
        ),
    }
}

fn promise(label: &'static str, d: &Dashboard, promise: Promise) -> Figure {
    share(
        label,
        "clock",
        "",
        d,
        |counts| promise.share(counts),
        promise.kept,
    )
}

fn share(
    label: &'static str,
    icon: &'static str,
    tone: &'static str,
    d: &Dashboard,
    of_counts: impl Fn(&Counts) -> Share,
    behind: Measure,
) -> Figure {
    let now = of_counts(&d.total.now);
    let before = d.lens.before.map(|_| of_counts(&d.total.before));
    Figure {
        label: text::t(label),
        icon,
        tone,
        number: percent(now),
        href: counted(behind, &d.lens, &Key::default()),
        line: of(now, before),
        line_href: String::new(),
    }
}

fn broken(counts: &Counts) -> u64 {
    let all = SLA.into_iter().chain(OLA);
    all.map(|it| counts.number(it.broken)).sum()
}

/// `before: 12`, where something is compared.
fn before(lens: &Lens, n: u64) -> String {
    lens.before.map_or_else(String::new, |_| {
        text::fill("dashboard.before", &[("n", &grouped(n))])
    })
}

fn figures(d: &Dashboard) -> Vec<Figure> {
    let everything = Key::default();
    let broken_ones = Listed::Several(Several::Broken);
    let at_risk: u64 = d.at_risk.iter().map(|it| it.tickets).sum();
    let old: u64 = d.ages.iter().map(|it| it.open[2] + it.open[3]).sum();
    let [first, next, resolution] = SLA;
    let [pick_up, in_tier] = OLA;
    vec![
        promise("dashboard.resolution_kept", d, resolution),
        promise("dashboard.response_kept", d, first),
        promise("dashboard.next_kept", d, next),
        promise("dashboard.pick_up_kept", d, pick_up),
        promise("dashboard.in_tier_kept", d, in_tier),
        Figure {
            label: text::t("dashboard.breached"),
            icon: "problem",
            tone: "c-danger",
            number: grouped(broken(&d.total.now)),
            href: list(broken_ones, Some(d.lens.period), &d.lens.view, &everything),
            line: before(&d.lens, broken(&d.total.before)),
            line_href: d.lens.before.map_or_else(String::new, |days| {
                list(broken_ones, Some(days), &d.lens.view, &everything)
            }),
        },
        Figure {
            label: text::t("dashboard.at_risk"),
            icon: "alert",
            tone: "c-warning",
            number: grouped(at_risk),
            href: list(Listed::AtRisk, None, &d.lens.view, &everything),
            line: match d.at_risk.first() {
                Some(queue) => text::fill(
                    "dashboard.at_risk_most",
                    &[
                        ("n", &grouped(queue.tickets)),
                        (
                            "queue",
                            &format!("{} {}", queue.tier, d.lens.team(queue.team)),
                        ),
                    ],
                ),
                None => text::t("dashboard.at_risk_line").to_owned(),
            },
            line_href: d.at_risk.first().map_or_else(String::new, |queue| {
                let key = Key {
                    team: Some(queue.team),
                    tier: Some(queue.tier),
                    ..everything
                };
                list(Listed::AtRisk, None, &d.lens.view, &key)
            }),
        },
        Figure {
            label: text::t("dashboard.open"),
            icon: "inbox",
            tone: "",
            number: grouped(d.open()),
            href: list(Listed::Open, None, &d.lens.view, &everything),
            line: text::fill("dashboard.open_old", &[("n", &grouped(old))]),
            line_href: list(
                Listed::Open,
                Some(chart::filed_before_this_week(d)),
                &d.lens.view,
                &everything,
            ),
        },
        share(
            "dashboard.first_contact",
            "ok",
            "",
            d,
            first_contact,
            Measure::FirstContact,
        ),
        share(
            "dashboard.reopened_share",
            "alert",
            "",
            d,
            reopened,
            Measure::Reopened,
        ),
        share(
            "dashboard.by_bot",
            "bot",
            "c-info",
            d,
            |counts| Share {
                part: counts.number(Measure::ResolvedByBot),
                whole: counts.number(Measure::Resolved),
            },
            Measure::ResolvedByBot,
        ),
        Figure {
            label: text::t("dashboard.by_people"),
            icon: "users",
            tone: "",
            number: grouped(resolved_by_people(&d.total.now)),
            href: counted(Measure::ResolveElapsed, &d.lens, &everything),
            line: before(&d.lens, resolved_by_people(&d.total.before)),
            line_href: counted_before(Measure::ResolveElapsed, &d.lens, &everything),
        },
    ]
}

fn bot(d: &Dashboard) -> Vec<Figure> {
    let row = |label, measure| Figure {
        label: text::t(label),
        icon: "",
        tone: "",
        number: grouped(d.total.now.number(measure)),
        href: counted(measure, &d.lens, &Key::default()),
        line: d
            .lens
            .before
            .map_or_else(String::new, |_| grouped(d.total.before.number(measure))),
        line_href: counted_before(measure, &d.lens, &Key::default()),
    };
    vec![
        row("dashboard.bot_closed", Measure::ResolvedByBot),
        row("dashboard.bot_reopened", Measure::ReopenedAfterBot),
        row("dashboard.bot_passed_on", Measure::BotPassedOn),
        row("dashboard.bot_undone", Measure::Undone),
        row("dashboard.bot_first_response", Measure::FirstResponseByBot),
        row("dashboard.bot_resolution", Measure::ResolutionByBot),
    ]
}
