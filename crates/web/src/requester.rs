//! A requester's own pages: where they ask for help, and the list of their tickets.

use std::str::FromStr;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::Status;
use tierdesk_store::category;
use tierdesk_store::requester::{self, After, Listed};

use crate::extract::{Me, Query};
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, filters};

/// How many tickets the first page shows below the question.
const FEW: i64 = 5;
/// How many tickets a page of the list has.
const PAGE: usize = 25;
/// How many categories have a card on the first page.
const CARDS: usize = 4;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/help", help);
    routes.get(Audience::SignedIn, "/my", list);
}

/// One ticket of a list, in plain words.
struct Row {
    number: i64,
    title: String,
    /// What happens next.
    line: String,
    /// The pill's colour and word.
    tone: &'static str,
    word: &'static str,
    unread: bool,
    /// Whether to ask if it works again.
    asks: bool,
    /// Whose ticket it is, where it is a colleague's; else empty.
    whose: String,
    when: Moment,
}

impl Row {
    fn new(ticket: Listed, frame: &Frame, own: bool) -> Self {
        let (tone, word) = pill(ticket.status);
        Self {
            number: ticket.number.0,
            line: line(&ticket, frame),
            title: ticket.title,
            tone,
            word: t(word),
            unread: ticket.unread,
            asks: own && ticket.status == Status::Resolved,
            whose: if own { String::new() } else { ticket.requester },
            when: frame.at(&ticket.updated_at),
        }
    }
}

/// The colour and the word of a status, as requesters read it.
pub(crate) fn pill(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::New => ("accent", "requester.pill_new"),
        Status::Open => ("accent", "requester.pill_open"),
        Status::Pending => ("warning", "requester.pill_pending"),
        Status::OnHold => ("", "requester.pill_on_hold"),
        Status::Resolved => ("success", "requester.pill_resolved"),
        Status::Closed => ("", "requester.pill_closed"),
    }
}

/// The word of a pill, for templates.
pub(crate) fn word(key: &'static str) -> &'static str {
    t(key)
}

/// One sentence about what happens next.
fn line(ticket: &Listed, frame: &Frame) -> String {
    let plain = match (ticket.status, &ticket.engineer, ticket.auto_close_at) {
        (Status::Pending, _, _) => "requester.line_pending",
        (Status::OnHold, _, _) => "requester.line_on_hold",
        (Status::Closed, _, _) => "requester.line_closed",
        (Status::Resolved, _, Some(at)) => {
            return fill(
                "requester.line_resolved_until",
                &[("time", &frame.at(&at).short)],
            );
        }
        (Status::Resolved, _, None) => "requester.line_resolved",
        (Status::New | Status::Open, _, _) if ticket.bot_holds => "requester.line_bot",
        (Status::New | Status::Open, Some(name), _) => {
            return fill("requester.line_has", &[("name", name)]);
        }
        (Status::New | Status::Open, None, _) => "requester.line_waits",
    };
    t(plain).to_owned()
}

/// A way in: a category with its hint.
struct Start {
    href: String,
    title: String,
    line: String,
    icon: &'static str,
}

#[derive(Template)]
#[template(path = "requester/help.html")]
struct HelpPage {
    frame: Frame,
    starts: Vec<Start>,
    rows: Vec<Row>,
    open: u64,
    ended: u64,
}

/// “What is wrong?”, the ways in, and the newest open tickets.
async fn help(State(app): State<AppState>, me: Me, frame: Frame) -> Result<Response, WebError> {
    let scope = app.desk.scope(&me.caller)?;
    let mut conn = app.desk.acquire().await?;
    let categories = category::all(&mut conn).await?;
    let icons = ["key", "wifi", "laptop", "box"];
    let starts = categories
        .iter()
        .filter(|it| !categories.iter().any(|other| other.parent == Some(it.id)))
        .zip(icons)
        .take(CARDS)
        .map(|(it, icon)| Start {
            href: format!("/tickets/new?category={}", it.id),
            title: it.name.clone(),
            line: it.hint.clone(),
            icon,
        })
        .collect();
    let (open, ended) = requester::counts(&mut conn, &scope).await?;
    let rows = requester::mine(&mut conn, &scope, true, None, FEW)
        .await?
        .into_iter()
        .map(|it| Row::new(it, &frame, true))
        .collect();
    Ok(Page(HelpPage {
        frame,
        starts,
        rows,
        open,
        ended,
    })
    .into_response())
}

/// `show=closed`, `of=colleagues`, and where the page goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Which {
    show: String,
    of: String,
    after: String,
}

impl Which {
    fn open(&self) -> bool {
        self.show != "closed"
    }

    fn colleagues(&self) -> bool {
        self.of == "colleagues"
    }

    fn address(&self, open: bool, colleagues: bool, after: Option<&Key>) -> String {
        let mut parts = Vec::new();
        if !open {
            parts.push("show=closed".to_owned());
        }
        if colleagues {
            parts.push("of=colleagues".to_owned());
        }
        if let Some(key) = after {
            parts.push(format!("after={key}"));
        }
        match parts.join("&") {
            none if none.is_empty() => "/my".to_owned(),
            query => format!("/my?{query}"),
        }
    }
}

/// A row's place in the list, as an address carries it: microseconds and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key(After);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0.at.timestamp_micros(), self.0.id)
    }
}

impl FromStr for Key {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('.').ok_or(())?;
        let at = at
            .parse()
            .ok()
            .and_then(DateTime::<Utc>::from_timestamp_micros);
        Ok(Self(After {
            at: at.ok_or(())?,
            id: TicketId(id.parse().map_err(|_| ())?),
        }))
    }
}

#[derive(Template)]
#[template(path = "requester/list.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    /// Open ones, or those that ended.
    open: bool,
    colleagues: bool,
    /// Whether the organisation lets colleagues see each other's tickets.
    has_colleagues: bool,
    count_open: u64,
    count_ended: u64,
    open_href: String,
    ended_href: String,
    mine_href: String,
    colleagues_href: String,
    older: Option<String>,
    /// Whether this is not the first page.
    further: bool,
}

async fn list(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(which): Query<Which>,
) -> Result<Response, WebError> {
    let scope: Scope = app.desk.scope(&me.caller)?;
    let mut conn = app.desk.acquire().await?;
    let (open, colleagues) = (which.open(), which.colleagues());
    // A key that nobody made is as good as none: the list begins at its start.
    let after: Option<Key> = which.after.parse().ok();
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let from = after.map(|it| it.0);
    let mut found = if colleagues {
        requester::colleagues(&mut conn, &scope, open, from, limit).await?
    } else {
        requester::mine(&mut conn, &scope, open, from, limit).await?
    };
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let older = found.last().filter(|_| more).map(|last| {
        let key = Key(After {
            at: last.updated_at,
            id: last.id,
        });
        which.address(open, colleagues, Some(&key))
    });
    let (count_open, count_ended) = requester::counts(&mut conn, &scope).await?;
    let rows = found
        .into_iter()
        .map(|it| Row::new(it, &frame, !colleagues))
        .collect();
    Ok(Page(ListPage {
        rows,
        open,
        colleagues,
        has_colleagues: scope.organisation().is_some(),
        count_open,
        count_ended,
        open_href: which.address(true, colleagues, None),
        ended_href: which.address(false, colleagues, None),
        mine_href: which.address(open, false, None),
        colleagues_href: which.address(open, true, None),
        older,
        further: after.is_some(),
        frame,
    })
    .into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_list_survives_its_way_through_an_address() {
        let key = Key(After {
            at: "2026-11-24T06:41:09.123456Z".parse().expect("a time"),
            id: TicketId(uuid::Uuid::from_u128(7)),
        });
        assert_eq!(key.to_string().parse(), Ok(key));
        for wrong in [
            "",
            ".",
            "1.",
            "x.y",
            "99999999999999999999.00000000-0000-0000-0000-000000000007",
        ] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
    }
}
