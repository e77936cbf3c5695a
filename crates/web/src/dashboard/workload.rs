//! What each engineer has, took and resolved, for those who answer for their team.

use std::collections::BTreeMap;

use axum::extract::State;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;

use super::chart::{Bar, Bars, parts};
use super::head::Head;
use super::linked::{self, Piece};
use super::sheet::{Asked, Cell, Row, Section, SheetPage, Value};
use super::view::{Listed, counted, list};
use crate::WebError;
use crate::extract::Query;
use crate::filters::grouped;

/// The sheet.
pub(super) async fn sheet(
    (State(app), me, frame, Query(fields)): Asked,
) -> Result<SheetPage, WebError> {
    let chosen = fields.read()?;
    let load = app
        .desk
        .workload(&me.caller, chosen.view, frame.now)
        .await?;
    let lens = &load.lens;
    let mut teams: BTreeMap<(&str, _), Vec<_>> = BTreeMap::new();
    for engineer in &load.engineers {
        let team = (lens.team(engineer.team), engineer.team);
        teams.entry(team).or_default().push(engineer);
    }
    let mut sections = Vec::new();
    for ((team, _), mut engineers) in teams {
        engineers.sort_by_key(|it| it.name.to_lowercase());
        let longest = engineers.iter().map(|it| it.open).max().unwrap_or(1);
        let bars = engineers
            .iter()
            .map(|it| {
                let href = list(Listed::Open, None, &lens.view, &it.key());
                Bar {
                    label: it.name.clone(),
                    from: Vec::new(),
                    aria: text::fill(
                        "dashboard.workload_aria",
                        &[("name", &it.name), ("n", &it.open)],
                    ),
                    parts: parts(vec![("f-accent", it.open, href.clone())], longest),
                    mark: None,
                    end: Piece::link(grouped(it.open), href),
                }
            })
            .collect();
        let rows = engineers
            .iter()
            .map(|it| {
                let number = |measure: Measure, now, before| {
                    Cell::number(now, counted(measure, lens, &it.key())).before(
                        Value::Number(before),
                        linked::before(lens, &it.key(), measure, grouped(before)),
                    )
                };
                Row {
                    label: it.name.clone(),
                    cells: vec![
                        Cell::number(it.open, list(Listed::Open, None, &lens.view, &it.key())),
                        number(Measure::Taken, it.taken.0, it.taken.1),
                        number(Measure::Resolved, it.resolved.0, it.resolved.1),
                    ],
                }
            })
            .collect();
        sections.push(Section {
            id: "load",
            title: team.to_owned(),
            line: String::new(),
            chart: Some(Bars {
                of: text::t("dashboard.list_engineer"),
                legend: vec![("f-accent", text::t("dashboard.open_now").to_owned())],
                ends: None,
                bars,
                axis: Vec::new(),
            }),
            heads: vec![
                text::t("dashboard.list_engineer"),
                text::t("dashboard.open_now"),
                text::t("dashboard.taken"),
                text::t("dashboard.resolved"),
            ],
            words: None,
            rows,
        });
    }
    let subjects = lens.view.category.is_some() || lens.view.organisation.is_some();
    Ok(SheetPage {
        head: Head::new(
            "/dashboard/workload",
            lens,
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t(if subjects {
            "dashboard.workload_all_subjects"
        } else {
            "dashboard.workload_lede"
        }),
        offers: Vec::new(),
        sections,
        frame,
    })
}
