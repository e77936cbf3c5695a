//! What L1 cannot solve by itself: what to learn, and from whom.

use axum::extract::State;
use tierdesk_desk::dashboard::{Key, Lens, Skill};
use tierdesk_domain::dashboard::{Dimension, GAP_PERMILLE, GAP_TICKETS, is_gap};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;

use super::chart::{Bar, Bars, MARK, parts, place};
use super::head::Head;
use super::linked::{NOTHING, Piece, Shared, counted_from, line};
use super::sheet::{Asked, Cell, Row, Section, SheetPage, Value, name};
use super::view::counted;
use crate::WebError;
use crate::extract::Query;
use crate::filters::grouped;

/// The sheet.
pub(super) async fn sheet(
    (State(app), me, frame, Query(fields)): Asked,
) -> Result<SheetPage, WebError> {
    let chosen = fields.read()?;
    let skills = app
        .desk
        .skill_gaps(&me.caller, chosen.view, frame.now)
        .await?;
    let lens = &skills.lens;
    let section = |id, title: &'static str, line: String, gaps: bool| {
        let shown: Vec<&Skill> = skills
            .categories
            .iter()
            .filter(|it| is_gap(it.share) == gaps)
            .collect();
        Section {
            id,
            title: text::t(title).to_owned(),
            line,
            chart: (!shown.is_empty()).then(|| chart(lens, &shown)),
            heads: vec![
                text::t("dashboard.category"),
                text::t("dashboard.left_l1"),
                text::t("dashboard.to_l2"),
                text::t("dashboard.to_l3"),
                text::t("dashboard.fixed_by"),
            ],
            words: Some(4),
            rows: shown.iter().map(|it| row(lens, it)).collect(),
        }
    };
    let gap_line = text::fill(
        "dashboard.gap_line",
        &[("percent", &(GAP_PERMILLE / 10)), ("n", &GAP_TICKETS)],
    );
    let sections = vec![
        section("gaps", "dashboard.gaps", gap_line, true),
        section("others", "dashboard.no_gaps", String::new(), false),
    ];
    Ok(SheetPage {
        head: Head::new(
            "/dashboard/skills",
            lens,
            &frame,
            (&fields, chosen.wrong_days),
        ),
        lede: text::t("dashboard.skills_lede"),
        offers: Vec::new(),
        sections,
        frame,
    })
}

/// What a category is called.
fn category(lens: &Lens, skill: &Skill) -> String {
    name(lens, &skill.key(None), Dimension::Category)
}

fn row(lens: &Lens, skill: &Skill) -> Row {
    let at_l1 = skill.key(Some(Tier::L1));
    let number = |measure: Measure| {
        let number = skill.l1.number(measure);
        Cell::number(number, counted(measure, lens, &at_l1))
    };
    let share = Cell::share(skill.share, Shared::LEFT.share(skill.share, lens, &at_l1))
        .with(Shared::LEFT.numbers(skill.share, lens, &at_l1));
    let fixed = skill.fixed_by.iter().map(|(team, n)| {
        let key = Key {
            team: Some(*team),
            ..skill.key(None)
        };
        let number = Piece::link(grouped(*n), counted(Measure::ResolvedAbove, lens, &key));
        let team = Piece::plain(lens.team(*team));
        line("dashboard.team_number", &[("team", &team), ("n", &number)])
    });
    let by_team = skill.fixed_by.iter();
    let by_team = by_team.map(|(team, n)| (lens.team(*team).to_owned(), *n));
    let nobody = skill
        .fixed_by
        .is_empty()
        .then(|| vec![Piece::plain(NOTHING)]);
    Row {
        label: category(lens, skill),
        cells: vec![
            match skill.before {
                None => share,
                Some(before) => share.before(
                    Value::Share(before),
                    Shared::LEFT.before(before, lens, &at_l1),
                ),
            },
            number(Measure::EscalatedToL2),
            number(Measure::EscalatedToL3),
            Cell::words("", fixed.chain(nobody).collect()).numbers(by_team.collect()),
        ],
    }
}

/// What became of each category at L1, as shares of one length, with a mark from where on it is a gap.
fn chart(lens: &Lens, skills: &[&Skill]) -> Bars {
    let bars = skills.iter().map(|it| {
        let key = it.key(Some(Tier::L1));
        let numbers =
            [Measure::EscalatedToL2, Measure::EscalatedToL3].map(|it_is| it.l1.number(it_is));
        let [to_l2, to_l3] = numbers;
        let solved = it.share.whole - it.share.part;
        let label = category(lens, it);
        Bar {
            aria: text::fill(
                "dashboard.skills_aria",
                &[
                    ("category", &label),
                    ("l2", &to_l2),
                    ("l3", &to_l3),
                    ("solved", &solved),
                ],
            ),
            label,
            from: counted_from(it.share.whole, Several::PassedOrSolved, lens, &key),
            parts: parts(
                vec![
                    (
                        "f-accent",
                        to_l2,
                        counted(Measure::EscalatedToL2, lens, &key),
                    ),
                    ("f-ink", to_l3, counted(Measure::EscalatedToL3, lens, &key)),
                    (
                        "f-success",
                        solved,
                        counted(Measure::ResolveElapsed, lens, &key),
                    ),
                ],
                it.share.whole,
            ),
            mark: Some(place(GAP_PERMILLE, 1000)),
            end: Shared::LEFT.share(it.share, lens, &key),
        }
    });
    Bars {
        of: text::t("dashboard.category"),
        legend: vec![
            ("f-accent", text::t("dashboard.to_l2").to_owned()),
            ("f-ink", text::t("dashboard.to_l3").to_owned()),
            ("f-success", text::t("dashboard.solved_at_l1").to_owned()),
            (
                MARK,
                text::fill("dashboard.gap_mark", &[("percent", &(GAP_PERMILLE / 10))]),
            ),
        ],
        ends: None,
        bars: bars.collect(),
        axis: Vec::new(),
    }
}
