//! What stands above all figures: the days and their zone, the filters, the other pages.

use askama::Template;
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use tierdesk_desk::dashboard::Lens;
use tierdesk_domain::dashboard::Dimension;
use tierdesk_domain::period::Period;
use tierdesk_domain::text;

use super::day;
use super::filter_form::{Filters, filters};
use super::view::{Fields, address};
use crate::form;
use crate::frame::Frame;
use crate::page::Page;

/// The pages of figures: their text and path.
pub(crate) const PAGES: [(&str, &str); 7] = [
    ("dashboard.page_overview", "/dashboard"),
    ("dashboard.page_promises", "/dashboard/promises"),
    ("dashboard.page_times", "/dashboard/times"),
    ("dashboard.page_flow", "/dashboard/flow"),
    ("nav.flow", "/dashboard/tiers"),
    ("dashboard.page_workload", "/dashboard/workload"),
    ("dashboard.page_skills", "/dashboard/skills"),
];

/// A link to another page of figures, with the same view.
pub(crate) struct Tab {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    pub(crate) here: bool,
}

/// The days that figures are of, and those they are held against.
pub(crate) struct Days {
    pub(crate) period: Period,
    pub(crate) before: Option<Period>,
    pub(crate) zone: Tz,
}

/// The head of a page of figures.
pub(crate) struct Head {
    pub(crate) path: &'static str,
    pub(crate) title: &'static str,
    pub(crate) days: Days,
    /// Days, zone, comparison, and when it was counted.
    pub(crate) line: String,
    pub(crate) tabs: Vec<Tab>,
    pub(crate) filters: Filters,
    /// The breakdown, which the form keeps; `""` where there is none.
    pub(crate) by: &'static str,
    pub(crate) csv: String,
    /// Where this view is saved as a report.
    pub(crate) save: String,
    /// Whether anything is held against the figures.
    pub(crate) compared: bool,
}

/// `1 to 31 Oct 2026, days of Europe/London, against …; counted at 10:02 CET`
pub(crate) fn line(lens: &Lens, frame: &Frame) -> String {
    let time = frame.now.with_timezone(&frame.zone).format("%H:%M %Z");
    let days = text::fill(
        "dashboard.period",
        &[
            ("from", &day(lens.period.from)),
            ("to", &day(lens.period.to)),
            ("zone", &lens.zone.name()),
            ("time", &time),
        ],
    );
    match lens.before {
        None => days,
        Some(before) => text::fill(
            "dashboard.period_against",
            &[
                ("days", &days),
                ("from", &day(before.from)),
                ("to", &day(before.to)),
            ],
        ),
    }
}

impl Head {
    pub(crate) fn new(
        path: &'static str,
        lens: &Lens,
        frame: &Frame,
        (fields, wrong_days): (&Fields, &'static str),
    ) -> Self {
        let title = PAGES
            .iter()
            .find(|it| it.1 == path)
            .map_or("dashboard.title", |it| it.0);
        Self {
            path,
            title: text::t(title),
            days: Days {
                period: lens.period,
                before: lens.before,
                zone: lens.zone,
            },
            line: line(lens, frame),
            tabs: PAGES
                .iter()
                .map(|(label, to)| Tab {
                    label: text::t(label),
                    href: address(to, &lens.view),
                    here: *to == path,
                })
                .collect(),
            filters: filters(lens, fields, wrong_days),
            by: lens.view.by.map_or("", Dimension::as_str),
            save: save(path, lens),
            csv: address(&format!("{path}.csv"), &lens.view),
            compared: lens.before.is_some(),
        }
    }
}

fn save(path: &str, lens: &Lens) -> String {
    let page = tierdesk_domain::report::Page::at(path).map_or("", |page| page.as_str());
    let view = address("/dashboard/reports/new", &lens.view);
    format!("{view}&page={page}")
}

/// The page; a form that needs another look where its dates were wrong.
pub(crate) fn answer(page: impl Template, wrong_days: &str) -> Response {
    if wrong_days.is_empty() {
        Page(page).into_response()
    } else {
        Page(page).status(form::LOOK_AGAIN)
    }
}
