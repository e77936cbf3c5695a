//! What L1 cannot solve by itself: what to learn, and from whom.

use axum::extract::State;
use axum::response::Response;
use tierdesk_domain::dashboard::{Dimension, GAP_PERMILLE, GAP_TICKETS, is_gap, percent};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;

use super::head::Head;
use super::of;
use super::sheet::{Cell, Row, Section, SheetPage, name};
use super::view::{Fields, counted};
use crate::extract::{Me, Query};
use crate::filters::grouped;
use crate::frame::Frame;
use crate::{AppState, WebError};

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
) -> Result<Response, WebError> {
    let chosen = fields.read()?;
    let skills = app
        .desk
        .skill_gaps(&me.caller, chosen.view, frame.now)
        .await?;
    let lens = &skills.lens;
    let section = |id, title: &'static str, line: String, gaps: bool| Section {
        id,
        title: text::t(title).to_owned(),
        line,
        chart: None,
        heads: vec![
            text::t("dashboard.category"),
            text::t("dashboard.left_l1"),
            text::t("dashboard.to_l2"),
            text::t("dashboard.to_l3"),
            text::t("dashboard.fixed_by"),
        ],
        words: Some(4),
        rows: skills
            .categories
            .iter()
            .filter(|it| is_gap(it.share) == gaps)
            .map(|it| {
                let at_l1 = it.key(Some(Tier::L1));
                let number = |measure| {
                    let number = grouped(it.l1.number(measure));
                    Cell::link(number, counted(measure, lens, &at_l1))
                };
                let fixed: Vec<String> = it
                    .fixed_by
                    .iter()
                    .map(|(team, n)| format!("{} {}", lens.team(*team), grouped(*n)))
                    .collect();
                let resolved = counted(Measure::ResolvedAbove, lens, &it.key(None));
                Row {
                    label: name(lens, &it.key(None), Dimension::Category),
                    cells: vec![
                        Cell::plain(percent(it.share)).with(of(it.share, it.before)),
                        number(Measure::EscalatedToL2),
                        number(Measure::EscalatedToL3),
                        if fixed.is_empty() {
                            Cell::plain("–")
                        } else {
                            Cell::link(fixed.join(", "), resolved)
                        },
                    ],
                }
            })
            .collect(),
    };
    let line = text::fill(
        "dashboard.gap_line",
        &[("percent", &(GAP_PERMILLE / 10)), ("n", &GAP_TICKETS)],
    );
    let sections = vec![
        section("gaps", "dashboard.gaps", line, true),
        section("others", "dashboard.no_gaps", String::new(), false),
    ];
    let page = SheetPage {
        head: Head::new(
            "/dashboard/skills",
            lens,
            None,
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t("dashboard.skills_lede"),
        offers: Vec::new(),
        sections,
        frame,
    };
    Ok(page.answer(chosen.wrong_days))
}
