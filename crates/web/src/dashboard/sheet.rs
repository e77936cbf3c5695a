//! Pages of figures that are tables, with a chart where one helps: one template for all of them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use futures_util::stream;
use tierdesk_desk::dashboard::{Key, Lens};
use tierdesk_domain::csv::{cell as cell_of, line};
use tierdesk_domain::dashboard::{Dimension, Share, View};
use tierdesk_domain::id::{CategoryId, OrganisationId};
use tierdesk_domain::period::{MOST_STEPS, Period};
use tierdesk_domain::text;
use uuid::Uuid;

use super::chart::{Bars, seconds};
use super::csv;
use super::head::{self, Days, Head};
use super::linked::{Line, Piece};
use super::view::{Fields, address, category, organisation};
use crate::extract::{Me, Query};
use crate::filters::{self, grouped};
use crate::frame::Frame;
use crate::{AppState, WebError};

/// What a page of figures is asked with.
pub(super) type Asked = (State<AppState>, Me, Frame, Query<Fields>);

/// A figure as programs read it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    /// How many.
    Number(u64),
    /// How many of how many.
    Share(Share),
    /// How long, in seconds; none of no times.
    Seconds(Option<i64>),
}

/// A cell: words or a figure with its list, and smaller lines below.
pub(super) struct Cell {
    pub(super) head: Piece,
    pub(super) lines: Vec<Line>,
    /// The figure, and what it was before; none for words.
    value: Option<(Value, Option<Value>)>,
    /// What the figure is, where the column's head says it only beside others.
    name: Option<String>,
    /// The numbers among the words, by name.
    numbers: Vec<(String, u64)>,
}

impl Cell {
    pub(super) fn words(head: impl Into<String>, lines: Vec<Line>) -> Self {
        Self {
            head: Piece::plain(head),
            lines,
            value: None,
            name: None,
            numbers: Vec::new(),
        }
    }

    pub(super) fn number(n: u64, href: String) -> Self {
        Self::of(Value::Number(n), Piece::link(grouped(n), href))
    }

    pub(super) fn share(share: Share, head: Piece) -> Self {
        Self::of(Value::Share(share), head)
    }

    pub(super) fn time(time: Option<i64>, business: bool, href: String) -> Self {
        let head = Piece::link(seconds(time, business), href);
        Self::of(Value::Seconds(time), head)
    }

    fn of(value: Value, head: Piece) -> Self {
        Self {
            head,
            lines: Vec::new(),
            value: Some((value, None)),
            name: None,
            numbers: Vec::new(),
        }
    }

    /// The same under a name of its own.
    pub(super) fn named(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// The same with the numbers among its words, by name.
    pub(super) fn numbers(mut self, numbers: Vec<(String, u64)>) -> Self {
        self.numbers = numbers;
        self
    }

    /// Its figures under their names, each with what it was before.
    fn figures(&self, head: &str) -> Vec<(String, Value, Option<Value>)> {
        let named = self.name.as_deref().unwrap_or(head).to_owned();
        let own = self.value.map(|(now, then)| (named, now, then));
        let among = self.numbers.iter();
        let among = among.map(|(name, n)| (format!("{head}, {name}"), Value::Number(*n), None));
        own.into_iter().chain(among).collect()
    }

    /// The same with another line; one of no words is none.
    pub(super) fn with(mut self, line: Line) -> Self {
        self.lines.extend((!line.is_empty()).then_some(line));
        self
    }

    /// The same with what it was before, which is no line where nothing is compared.
    pub(super) fn before(mut self, value: Value, line: Line) -> Self {
        if let Some((_, before)) = &mut self.value {
            *before = (!line.is_empty()).then_some(value);
        }
        self.with(line)
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
    /// As a page.
    pub(super) fn answer(self) -> Response {
        let wrong_days = self.head.filters.wrong_days;
        head::answer(self, wrong_days)
    }

    /// Every figure of it on a line of its own, for a spreadsheet.
    ///
    /// # Errors
    /// 400 for dates that make no period.
    pub(super) fn csv(self) -> Result<Response, WebError> {
        if !self.head.filters.wrong_days.is_empty() {
            return Err(WebError::BadRequest);
        }
        let mut lines = String::new();
        for section in &self.sections {
            section.lines(&self.head.days, &mut lines);
        }
        let what = self.head.path.rsplit('/').next().unwrap_or_default();
        let (when, zone) = (csv::When::Days(self.head.days.period), self.head.days.zone);
        let rest = stream::once(std::future::ready(Ok(lines)));
        Ok(csv::answer(what, when, zone, HEAD.to_owned(), rest))
    }
}

/// The columns of a sheet for spreadsheets. Shares are told by their part and whole, times in seconds.
const HEAD: &str = "from,to,zone,table,group,figure,unit,value,whole,from before,to before,value before,whole before\r\n";

impl Value {
    /// Its unit, itself, and what it is a part of.
    fn told(self) -> [String; 3] {
        let (unit, value, whole) = match self {
            Self::Number(n) => ("number", Some(n.to_string()), None),
            Self::Share(share) => (
                "share",
                Some(share.part.to_string()),
                Some(share.whole.to_string()),
            ),
            Self::Seconds(time) => ("seconds", time.map(|it| it.to_string()), None),
        };
        [
            unit.to_owned(),
            value.unwrap_or_default(),
            whole.unwrap_or_default(),
        ]
    }
}

impl Section {
    fn lines(&self, days: &Days, csv: &mut String) {
        let before = days
            .before
            .map(|it| [it.from.to_string(), it.to.to_string()])
            .unwrap_or_default();
        for row in &self.rows {
            // Words beside the first column tell rows apart.
            let beside = row.cells.first().filter(|it| it.value.is_none());
            let group = match beside {
                None => row.label.clone(),
                Some(beside) => format!("{}, {}", row.label, beside.head.text),
            };
            for (figure, cell) in self.heads.iter().skip(1).zip(&row.cells) {
                for (figure, now, then) in cell.figures(figure) {
                    let [unit, value, whole] = now.told();
                    let [_, value_then, whole_then] = then.map(Value::told).unwrap_or_default();
                    let [from_then, to_then] = before.clone();
                    let cells = [
                        days.period.from.to_string(),
                        days.period.to.to_string(),
                        cell_of(days.zone.name()),
                        cell_of(&self.title),
                        cell_of(&group),
                        cell_of(&figure),
                        unit,
                        value,
                        whole,
                        from_then,
                        to_then,
                        value_then,
                        whole_then,
                    ];
                    line(csv, &cells);
                }
            }
        }
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
            href: address(
                path,
                &View {
                    by: Some(*dimension),
                    ..lens.view
                },
            ),
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
        Dimension::Category => {
            category(lens, key.category.unwrap_or(CategoryId(Uuid::nil()))).to_owned()
        }
        Dimension::Organisation => organisation(
            lens,
            key.organisation.unwrap_or(OrganisationId(Uuid::nil())),
        )
        .to_owned(),
        Dimension::Period => key
            .period
            .map_or_else(String::new, |step| step_name(lens, step)),
    }
}
