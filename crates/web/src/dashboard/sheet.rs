//! Pages of figures that are tables, with a chart where one helps: one template for all of them.

use askama::Template;
use axum::response::Response;
use tierdesk_desk::dashboard::{Key, Lens};
use tierdesk_domain::dashboard::Dimension;
use tierdesk_domain::period::{MOST_STEPS, Period};
use tierdesk_domain::text;

use super::chart::Bars;
use super::head::{self, Head};
use super::view::address;
use crate::filters;
use crate::frame::Frame;

/// A cell; without an address it is plain text.
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) href: String,
    /// A smaller second line.
    pub(super) line: String,
}

impl Cell {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            href: String::new(),
            line: String::new(),
        }
    }

    pub(super) fn link(text: impl Into<String>, href: String) -> Self {
        Self {
            href,
            ..Self::plain(text)
        }
    }

    pub(super) fn with(self, line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            ..self
        }
    }
}

/// A row: what it is about, and its cells.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) cells: Vec<Cell>,
}

/// A table, with a chart in its place where the reader wants one.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) line: String,
    pub(super) chart: Option<Bars>,
    /// The head of the first column, then of the others.
    pub(super) heads: Vec<&'static str>,
    /// A column of words beside the first; the others hold numbers.
    pub(super) words: Option<usize>,
    pub(super) rows: Vec<Row>,
}

impl Section {
    /// The name of its switch between chart and table, its own on the page.
    fn switch(&self, number: impl std::fmt::Display) -> String {
        format!("{}{number}", self.id)
    }

    /// Whether a column holds numbers, which stand at its end.
    fn counts(&self, column: &usize) -> bool {
        *column > 0 && self.words != Some(*column)
    }
}

/// One breakdown on offer.
pub(super) struct Offer {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) here: bool,
}

#[derive(Template)]
#[template(path = "dashboard/sheet.html")]
pub(super) struct SheetPage {
    pub(super) frame: Frame,
    pub(super) head: Head,
    pub(super) lede: &'static str,
    pub(super) offers: Vec<Offer>,
    pub(super) sections: Vec<Section>,
}

impl SheetPage {
    pub(super) fn answer(self, wrong_days: &str) -> Response {
        head::answer(self, wrong_days)
    }
}

/// The word for a dimension.
pub(super) fn dimension_word(dimension: Dimension) -> &'static str {
    text::t(match dimension {
        Dimension::Tier => "dashboard.tier",
        Dimension::Team => "dashboard.team",
        Dimension::Priority => "dashboard.priority",
        Dimension::Category => "dashboard.category",
        Dimension::Organisation => "dashboard.organisation",
        Dimension::Period => "dashboard.days_or_months",
    })
}

/// The breakdowns of a page.
pub(super) fn offers(path: &str, lens: &Lens, here: Dimension) -> Vec<Offer> {
    Dimension::ALL
        .iter()
        .map(|dimension| Offer {
            label: dimension_word(*dimension),
            href: address(path, &lens.view, Some(*dimension)),
            here: *dimension == here,
        })
        .collect()
}

/// What a part of the period is called: a day, or a month.
pub(super) fn step_name(lens: &Lens, step: Period) -> String {
    let months = lens.period.days() > MOST_STEPS;
    let format = if months { "%b %Y" } else { "%a %-d %b" };
    step.from.format(format).to_string()
}

/// What a group is called: everything of it that is known.
pub(super) fn name(lens: &Lens, key: &Key, dimension: Dimension) -> String {
    match dimension {
        Dimension::Tier => key.tier.map_or_else(String::new, |it| it.to_string()),
        Dimension::Team => key
            .team
            .map_or_else(String::new, |it| lens.team(it).to_owned()),
        Dimension::Priority => key.priority.map_or_else(String::new, |it| it.to_string()),
        Dimension::Category => match key.category {
            Some(id) if !id.0.is_nil() => lens.category(id).unwrap_or(text::t("dashboard.gone")),
            _ => text::t("dashboard.no_category"),
        }
        .to_owned(),
        Dimension::Organisation => match key.organisation {
            Some(id) if !id.0.is_nil() => {
                lens.organisation(id).unwrap_or(text::t("dashboard.gone"))
            }
            _ => text::t("dashboard.no_organisation"),
        }
        .to_owned(),
        Dimension::Period => key
            .period
            .map_or_else(String::new, |step| step_name(lens, step)),
    }
}
