//! Tickets of all queues that the reader may read, by a filter: those at risk, those nobody has, or any others.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tierdesk_domain::text::t;

use super::{PAGE, Part, Row, read_after, split_page};
use crate::extract::{Me, Query};
use crate::filter_box::FilterBox;
use crate::filters;
use crate::frame::Frame;
use crate::page::Page;
use crate::{AppState, WebError};

const ADDRESS: &str = "/tickets";

/// Filters that many need: their text and their label.
const TABS: [(&str, &str); 5] = [
    ("", "filter.tab_open"),
    ("risk:yes", "filter.tab_risk"),
    ("breached:yes", "filter.tab_breached"),
    ("assigned:nobody", "filter.tab_nobody"),
    ("status:pending,on_hold", "filter.tab_waiting"),
];

struct Tab {
    href: String,
    label: &'static str,
    here: bool,
}

#[derive(Template)]
#[template(path = "queue/tickets.html")]
struct TicketsPage {
    frame: Frame,
    tabs: Vec<Tab>,
    filter: FilterBox,
    rows: Vec<Row>,
    /// Where the next page begins, or `""`.
    next: String,
    /// Whether this is not the first page.
    later: bool,
    /// No queue's own list: nothing is taken here.
    may_take: bool,
    address: &'static str,
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(part): Query<Part>,
) -> Result<Response, WebError> {
    let after = read_after(&part.after);
    let mut filter = FilterBox::new(ADDRESS, "", &part.q);
    let found = app
        .desk
        .filtered(&me.caller, &filter.text, None, (after, PAGE + 1), frame.now)
        .await;
    let rulebook = app.desk.rulebook(&mut *app.desk.acquire().await?).await?;
    let (lines, next) = split_page(filter.take(found)?);
    let tab = |(text, label): (&str, &'static str)| Tab {
        href: match text {
            "" => ADDRESS.to_owned(),
            text => format!("{ADDRESS}?q={}", filters::encoded(text)),
        },
        label: t(label),
        here: filter.text == text,
    };
    let status = filter.status();
    let page = TicketsPage {
        tabs: TABS.map(tab).into(),
        rows: lines
            .into_iter()
            .map(|line| Row::new(line, &me, &frame, &rulebook.book))
            .collect(),
        next,
        later: after.is_some(),
        may_take: false,
        address: "",
        filter,
        frame,
    };
    Ok(Page(page).status(status))
}
