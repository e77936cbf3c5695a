//! Promises kept, to requesters and between tiers, by whatever one wants to tell apart.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tierdesk_desk::dashboard::{Figures, Key, Pair};
use tierdesk_domain::dashboard::{Dimension, OLA, Promise, SLA, percent};
use tierdesk_domain::text;

use super::chart::{Bar, Bars, parts};
use super::head::Head;
use super::sheet::{Cell, Row, Section, SheetPage, dimension_word, name, offers};
use super::view::{Fields, counted};
use crate::extract::{Me, Query};
use crate::filters::grouped;
use crate::frame::Frame;
use crate::{AppState, WebError};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    by: String,
}

impl Asked {
    /// The breakdown, or the usual one.
    pub(super) fn by(&self, usual: Dimension) -> Result<Dimension, WebError> {
        match self.by.as_str() {
            "" => Ok(usual),
            word => word.parse().map_err(|_| WebError::BadRequest),
        }
    }
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let dimension = asked.by(Dimension::Team)?;
    let chosen = fields.read()?;
    let figures = app
        .desk
        .figures_by(&me.caller, chosen.view, (dimension, false), frame.now)
        .await?;
    let path = "/dashboard/promises";
    let page = SheetPage {
        head: Head::new(
            path,
            &figures.lens,
            Some(dimension),
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t("dashboard.promises_lede"),
        offers: offers(path, &figures.lens, dimension),
        sections: vec![
            section("sla", "dashboard.sla", &figures, dimension, &SLA),
            section("ola", "dashboard.ola", &figures, dimension, &OLA),
        ],
        frame,
    };
    Ok(page.answer(chosen.wrong_days))
}

fn word(promise: Promise) -> &'static str {
    use tierdesk_domain::tally::Measure;
    text::t(match promise.kept {
        Measure::FirstResponseKept => "dashboard.first_response",
        Measure::NextResponseKept => "dashboard.next_response",
        Measure::ResolutionKept => "dashboard.resolution",
        Measure::PickUpKept => "dashboard.pick_up",
        _ => "dashboard.time_in_tier",
    })
}

/// The groups that have any of these: parts of the period in their order, others by name.
pub(super) fn sorted(
    figures: &Figures,
    dimension: Dimension,
    shown: impl Fn(&Pair) -> bool,
) -> Vec<(String, &Key, &Pair)> {
    let mut groups: Vec<_> = figures
        .groups
        .iter()
        .filter(|(_, pair)| shown(pair))
        .map(|(key, pair)| (name(&figures.lens, key, dimension), key, pair))
        .collect();
    groups.sort_by_key(|it| (it.1.period, it.0.to_lowercase()));
    groups
}

fn section(
    id: &'static str,
    title: &'static str,
    figures: &Figures,
    dimension: Dimension,
    promises: &[Promise],
) -> Section {
    let lens = &figures.lens;
    let any = |pair: &Pair| promises.iter().any(|it| it.share(&pair.now).whole > 0);
    let groups = sorted(figures, dimension, any);
    let mut heads = vec![dimension_word(dimension)];
    for promise in promises {
        heads.push(word(*promise));
        heads.push(text::t("dashboard.kept"));
        if promise.by_bot.is_some() {
            heads.push(text::t("dashboard.kept_by_bot"));
        }
        heads.push(text::t("dashboard.broken"));
    }
    let rows = groups
        .iter()
        .map(|(label, key, pair)| {
            let mut cells = Vec::new();
            for promise in promises {
                let mut share = Cell::plain(percent(promise.share(&pair.now)));
                if lens.before.is_some() {
                    let before = percent(promise.share(&pair.before));
                    share = share.with(text::fill("dashboard.before", &[("n", &before)]));
                }
                cells.push(share);
                let measures = [Some(promise.kept), promise.by_bot, Some(promise.broken)];
                for measure in measures.into_iter().flatten() {
                    let number = grouped(pair.now.number(measure));
                    cells.push(Cell::link(number, counted(measure, lens, key)));
                }
            }
            Row {
                label: label.clone(),
                cells,
            }
        })
        .collect();
    Section {
        id,
        title: text::t(title).to_owned(),
        line: String::new(),
        chart: (!groups.is_empty()).then(|| chart(figures, &groups, dimension, promises)),
        heads,
        words: None,
        rows,
    }
}

/// The last promise of the list, which is the one that matters most, as bars.
fn chart(
    figures: &Figures,
    groups: &[(String, &Key, &Pair)],
    dimension: Dimension,
    promises: &[Promise],
) -> Bars {
    let promise = promises[promises.len() - 1];
    let bars = groups
        .iter()
        .map(|(label, key, pair)| {
            let share = promise.share(&pair.now);
            let broken = share.whole - share.part;
            Bar {
                label: label.clone(),
                aria: text::fill(
                    "dashboard.kept_aria",
                    &[
                        ("priority", label),
                        ("kept", &share.part),
                        ("broken", &broken),
                    ],
                ),
                parts: parts(
                    vec![
                        (
                            "f-success",
                            share.part,
                            counted(promise.kept, &figures.lens, key),
                        ),
                        (
                            "f-danger",
                            broken,
                            counted(promise.broken, &figures.lens, key),
                        ),
                    ],
                    share.whole,
                ),
                end: percent(share),
                end_href: counted(promise.kept, &figures.lens, key),
            }
        })
        .collect();
    Bars {
        of: dimension_word(dimension),
        legend: vec![
            (
                "f-success",
                format!("{}: {}", word(promise), text::t("dashboard.kept")),
            ),
            ("f-danger", text::t("dashboard.broken").to_owned()),
        ],
        bars,
    }
}
