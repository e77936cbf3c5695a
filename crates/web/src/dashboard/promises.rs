//! Promises kept, to requesters and between tiers, by whatever one wants to tell apart.

use axum::extract::State;
use tierdesk_desk::dashboard::{Figures, Key, Pair};
use tierdesk_domain::dashboard::{Dimension, OLA, Promise, SLA};
use tierdesk_domain::text;

use super::chart::{Bar, Bars, parts};
use super::head::Head;
use super::linked::{Shared, counted_from};
use super::sheet::{Asked, Cell, Row, Section, SheetPage, Value, dimension_word, name, offers};
use super::view::counted;
use crate::WebError;
use crate::extract::Query;

/// The sheet.
pub(super) async fn sheet(
    (State(app), me, frame, Query(fields)): Asked,
) -> Result<SheetPage, WebError> {
    let chosen = fields.read()?;
    let dimension = chosen.view.by.unwrap_or(Dimension::Team);
    let figures = app
        .desk
        .figures_by(&me.caller, chosen.view, (dimension, false), frame.now)
        .await?;
    let path = "/dashboard/promises";
    Ok(SheetPage {
        head: Head::new(path, &figures.lens, &frame, (&fields, chosen.wrong_days)),
        lede: text::t("dashboard.promises_lede"),
        offers: offers(path, &figures.lens, dimension),
        sections: vec![
            section("sla", "dashboard.sla", &figures, dimension, &SLA),
            section("ola", "dashboard.ola", &figures, dimension, &OLA),
        ],
        frame,
    })
}

/// What a promise is called.
pub(super) fn word(promise: Promise) -> &'static str {
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
                let (shared, share) = (Shared::promise(*promise), promise.share(&pair.now));
                let cell = Cell::share(share, shared.share(share, lens, key));
                let before = promise.share(&pair.before);
                cells.push(
                    cell.with(counted_from(share.whole, promise.all, lens, key))
                        .before(Value::Share(before), shared.before(before, lens, key)),
                );
                let measures = [
                    (Some(promise.kept), "dashboard.kept"),
                    (promise.by_bot, "dashboard.kept_by_bot"),
                    (Some(promise.broken), "dashboard.broken"),
                ];
                for (measure, said) in measures {
                    let Some(measure) = measure else { continue };
                    let name = format!("{}: {}", word(*promise), text::t(said));
                    let number = pair.now.number(measure);
                    let cell = Cell::number(number, counted(measure, lens, key));
                    cells.push(cell.named(name));
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
                from: counted_from(share.whole, promise.all, &figures.lens, key),
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
                mark: None,
                end: Shared::promise(promise).share(share, &figures.lens, key),
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
        ends: None,
        bars,
        axis: Vec::new(),
    }
}
