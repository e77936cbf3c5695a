//! The first page: the key figures, where tickets end, what is open and how old it is, what the bot did, and the days one by
//! one.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tierdesk_desk::dashboard::{Dashboard, Key};
use tierdesk_domain::dashboard::{
    OLA, Promise, SLA, Share, first_contact, percent, reopened, resolved_by_people,
};
use tierdesk_domain::tally::{Counts, Measure, Several};
use tierdesk_domain::text;

use super::chart::{self, Bars, Trend};
use super::head::{self, Head};
use super::linked::{self, Line, Piece, Shared, line};
use super::view::{Fields, Listed, counted, counted_before, list};
use crate::extract::{Me, Query};
use crate::filters::{self, grouped};
use crate::frame::Frame;
use crate::{AppState, WebError};

/// A figure with its label, its list, and what stands below it.
struct Figure {
    label: &'static str,
    icon: &'static str,
    tone: &'static str,
    number: String,
    href: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "dashboard/show.html")]
struct DashboardPage {
    frame: Frame,
    head: Head,
    figures: Vec<Figure>,
    /// What happened altogether, each with its list.
    flow_line: [Line; 4],
    flow: Bars,
    priorities: Bars,
    ages: Bars,
    bot: Vec<(&'static str, Piece, Piece)>,
    trend: Trend,
}

pub(super) async fn show(
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
        head: Head::new("/dashboard", &d.lens, &frame, (&fields, chosen.wrong_days)),
        figures: figures(&d),
        flow_line: [
            ("dashboard.flow_opened", Measure::Opened),
            ("dashboard.flow_resolved", Measure::Resolved),
            ("dashboard.flow_reopened", Measure::Reopened),
            ("dashboard.flow_back", Measure::HandedBack),
        ]
        .map(|(words, measure)| {
            let href = counted(measure, &d.lens, &Key::default());
            let n = Piece::link(grouped(total.number(measure)), href);
            line(words, &[("n", &n)])
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

fn promise(label: &'static str, d: &Dashboard, promise: Promise) -> Figure {
    share(
        label,
        ("clock", ""),
        d,
        |counts| promise.share(counts),
        Shared::promise(promise),
    )
}

fn share(
    label: &'static str,
    (icon, tone): (&'static str, &'static str),
    d: &Dashboard,
    of_counts: impl Fn(&Counts) -> Share,
    shared: Shared,
) -> Figure {
    let everything = Key::default();
    let share = of_counts(&d.total.now);
    let before = shared.before(of_counts(&d.total.before), &d.lens, &everything);
    Figure {
        label: text::t(label),
        icon,
        tone,
        number: percent(share),
        href: counted(shared.opens(), &d.lens, &everything),
        lines: [shared.numbers(share, &d.lens, &everything), before]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect(),
    }
}

fn broken(counts: &Counts) -> u64 {
    let all = SLA.into_iter().chain(OLA);
    all.map(|it| counts.number(it.broken)).sum()
}

/// What a number was before, as the line below it.
fn before(d: &Dashboard, of: impl Into<Listed>, n: u64) -> Vec<Line> {
    let line = linked::before(&d.lens, &Key::default(), of, grouped(n));
    [line].into_iter().filter(|it| !it.is_empty()).collect()
}

fn figures(d: &Dashboard) -> Vec<Figure> {
    let everything = Key::default();
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
            href: counted(Several::Broken, &d.lens, &everything),
            lines: before(d, Several::Broken, broken(&d.total.before)),
        },
        Figure {
            label: text::t("dashboard.at_risk"),
            icon: "alert",
            tone: "c-warning",
            number: grouped(at_risk),
            href: list(Listed::AtRisk, None, &d.lens.view, &everything),
            lines: vec![match d.at_risk.first() {
                Some(queue) => {
                    let key = Key {
                        team: Some(queue.team),
                        tier: Some(queue.tier),
                        ..everything
                    };
                    let name = format!("{} {}", queue.tier, d.lens.team(queue.team));
                    let number = Piece::link(
                        grouped(queue.tickets),
                        list(Listed::AtRisk, None, &d.lens.view, &key),
                    );
                    line(
                        "dashboard.at_risk_most",
                        &[("n", &number), ("queue", &Piece::plain(name))],
                    )
                }
                None => vec![Piece::plain(text::t("dashboard.at_risk_line"))],
            }],
        },
        Figure {
            label: text::t("dashboard.open"),
            icon: "inbox",
            tone: "",
            number: grouped(d.open()),
            href: list(Listed::Open, None, &d.lens.view, &everything),
            lines: vec![line(
                "dashboard.open_old",
                &[(
                    "n",
                    &Piece::link(grouped(old), {
                        let days = Some(chart::filed_before_this_week(d));
                        list(Listed::Open, days, &d.lens.view, &everything)
                    }),
                )],
            )],
        },
        share(
            "dashboard.first_contact",
            ("ok", ""),
            d,
            first_contact,
            Shared::of(Measure::FirstContact, Several::ByPeople),
        ),
        share(
            "dashboard.reopened_share",
            ("alert", ""),
            d,
            reopened,
            Shared::to(
                Measure::Reopened,
                Measure::Resolved,
                "dashboard.reopened_of",
            ),
        ),
        share(
            "dashboard.by_bot",
            ("bot", "c-info"),
            d,
            |counts| Share {
                part: counts.number(Measure::ResolvedByBot),
                whole: counts.number(Measure::Resolved),
            },
            Shared::of(Measure::ResolvedByBot, Several::ByAnybody),
        ),
        Figure {
            label: text::t("dashboard.by_people"),
            icon: "users",
            tone: "",
            number: grouped(resolved_by_people(&d.total.now)),
            href: counted(Measure::ResolveElapsed, &d.lens, &everything),
            lines: before(
                d,
                Measure::ResolveElapsed,
                resolved_by_people(&d.total.before),
            ),
        },
    ]
}

/// What the bot did: the numbers of the period, and of the one before.
fn bot(d: &Dashboard) -> Vec<(&'static str, Piece, Piece)> {
    let everything = Key::default();
    let row = |label, measure: Measure| {
        let [now, before] = [&d.total.now, &d.total.before].map(|it| grouped(it.number(measure)));
        (
            text::t(label),
            Piece::link(now, counted(measure, &d.lens, &everything)),
            Piece::link(before, counted_before(measure, &d.lens, &everything)),
        )
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
