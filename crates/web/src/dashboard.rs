//! The manager's figures: charts with a table beside each, and the list behind every number.

mod chart;
mod csv;
mod filter_form;
mod flow;
mod head;
mod linked;
mod list;
mod overview;
mod promises;
mod reports;
mod sheet;
mod skills;
mod tiers;
mod times;
mod titles;
mod typed;
mod view;
mod workload;
mod zone;

use std::future::Future;

use tierdesk_desk::dashboard::Key;
use tierdesk_domain::dashboard::View;
use tierdesk_domain::id::PersonId;

use crate::WebError;
use crate::routes::{Audience, Routes};

use sheet::{Asked, SheetPage};
use view::{Listed, list};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Manager, "/dashboard", overview::show);
    routes.get(Audience::Manager, "/dashboard.csv", csv::figures);
    sheet(
        routes,
        "/dashboard/flow",
        "/dashboard/flow.csv",
        flow::sheet,
    );
    sheet(
        routes,
        "/dashboard/promises",
        "/dashboard/promises.csv",
        promises::sheet,
    );
    sheet(
        routes,
        "/dashboard/skills",
        "/dashboard/skills.csv",
        skills::sheet,
    );
    routes.get(Audience::Manager, "/dashboard/tickets", list::show);
    routes.get(Audience::Manager, "/dashboard/tickets.csv", csv::tickets);
    sheet(
        routes,
        "/dashboard/tiers",
        "/dashboard/tiers.csv",
        tiers::sheet,
    );
    sheet(
        routes,
        "/dashboard/times",
        "/dashboard/times.csv",
        times::sheet,
    );
    sheet(
        routes,
        "/dashboard/workload",
        "/dashboard/workload.csv",
        workload::sheet,
    );
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

/// Registers a sheet as a page, and as a table for spreadsheets.
fn sheet<F>(
    routes: &mut Routes,
    page: &'static str,
    csv: &'static str,
    make: impl Fn(Asked) -> F + Copy + Send + Sync + 'static,
) where
    F: Future<Output = Result<SheetPage, WebError>> + Send,
{
    let shown = move |asked: Asked| async move { Ok::<_, WebError>(make(asked).await?.answer()) };
    routes.get(Audience::Manager, page, shown);
    routes.get(Audience::Manager, csv, move |asked: Asked| async move {
        make(asked).await?.csv()
    });
}

/// `17 Nov 2026`
fn day(day: chrono::NaiveDate) -> String {
    day.format("%-d %b %Y").to_string()
}
