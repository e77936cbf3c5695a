//! Figures and lists as tables for a spreadsheet (RFC 4180), without a cap on rows: written while they are read.

use std::fmt;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use futures_util::stream;
use tierdesk_desk::Caller;
use tierdesk_domain::csv::{cell, line};
use tierdesk_domain::dashboard::View;
use tierdesk_domain::period::{Compare, Period, today};
use tierdesk_domain::text;
use uuid::Uuid;

use super::list::{self, Asked, Wanted};
use super::view::Fields;
use crate::extract::{Me, Query};
use crate::frame::Frame;
use crate::{AppState, WebError};

/// The columns of a list.
const HEAD: &str = "time,zone,ticket,title,status,priority,tier,team,requester,engineer,elapsed seconds,business seconds,why,counted as,done by,promise at risk\r\n";

/// Tickets that are read at a time.
const PAGE: i64 = 500;

/// `?…`: every count of the period, by day and whatever is told apart.
pub(super) async fn figures(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
) -> Result<Response, WebError> {
    let chosen = fields.read()?;
    if !chosen.wrong_days.is_empty() {
        return Err(WebError::BadRequest);
    }
    let view = View {
        compare: Compare::Nothing,
        ..chosen.view
    };
    let mut conn = app.desk.acquire().await?;
    let (_, lens) = app
        .desk
        .lens(&mut conn, &me.caller, view, frame.now)
        .await?;
    drop(conn);
    let (period, zone) = (lens.period, lens.zone);
    let begin = Figures {
        app,
        caller: me.caller,
        view,
        now: frame.now,
        day: Some(period.from),
        last: period.to,
    };
    let head = tierdesk_desk::dashboard::CSV_HEAD.to_owned();
    Ok(answer(
        "figures",
        When::Days(period),
        zone,
        head,
        stream::try_unfold(begin, next_day),
    ))
}

/// A table of figures on its way.
struct Figures {
    app: AppState,
    caller: Caller,
    view: View,
    now: DateTime<Utc>,
    day: Option<NaiveDate>,
    last: NaiveDate,
}

async fn next_day(mut at: Figures) -> Result<Option<(String, Figures)>, WebError> {
    let Some(day) = at.day.filter(|day| *day <= at.last) else {
        return Ok(None);
    };
    let csv = at
        .app
        .desk
        .csv_of_day(&at.caller, at.view, day, at.now)
        .await?;
    at.day = day.succ_opt();
    Ok(Some((csv, at)))
}

/// `?measure=…`: the whole list behind a number.
pub(super) async fn tickets(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let wanted = asked.read(&fields)?;
    let lens = list::read(&app, &me.caller, &wanted, &frame, None, 1)
        .await?
        .lens;
    let head = HEAD.to_owned();
    let zone = lens.zone;
    let when = match list::days(&wanted, &lens) {
        Some(days) => When::Days(days),
        None => When::Now(today(zone, frame.now)),
    };
    let begin = Tickets {
        app,
        caller: me.caller,
        wanted,
        frame,
        zone,
        after: None,
        over: false,
    };
    Ok(answer(
        "tickets",
        when,
        zone,
        head,
        stream::try_unfold(begin, next_page),
    ))
}

/// A list on its way.
struct Tickets {
    app: AppState,
    caller: Caller,
    wanted: Wanted,
    frame: Frame,
    zone: Tz,
    after: Option<(DateTime<Utc>, Uuid)>,
    over: bool,
}

async fn next_page(mut at: Tickets) -> Result<Option<(String, Tickets)>, WebError> {
    if at.over {
        return Ok(None);
    }
    let found = list::read(&at.app, &at.caller, &at.wanted, &at.frame, at.after, PAGE);
    let lines = found.await?.lines;
    at.over = (lines.len() as i64) < PAGE;
    at.after = lines.last().map(|last| (last.at, last.id));
    let mut csv = String::new();
    for it in lines {
        let promise = it.due.map_or("", |(metric, _)| metric.as_str());
        let when = it.at.with_timezone(&at.zone);
        let (why, who) = (list::why(&it), list::who(&it));
        let counted_as = it.counted_as.map_or_else(String::new, |it| it.to_string());
        let (elapsed, business) = (it.elapsed, it.business);
        let seconds = |it: Option<i64>| it.map_or_else(String::new, |it| it.to_string());
        let mut cells = vec![
            when.to_rfc3339_opts(SecondsFormat::Secs, false),
            cell(at.zone.name()),
        ];
        cells.extend(match it.ticket {
            Some(ticket) => [
                ticket.number.0.to_string(),
                cell(&ticket.title),
                ticket.status.to_string(),
                ticket.priority.to_string(),
                ticket.tier.to_string(),
                cell(&ticket.team),
                cell(&ticket.requester),
                cell(&ticket.assignee.unwrap_or_default()),
            ],
            None => {
                let mut cells: [String; 8] = Default::default();
                cells[1] = cell(text::t("dashboard.list_elsewhere"));
                cells
            }
        });
        cells.extend([
            seconds(elapsed),
            seconds(business),
            cell(&why),
            counted_as,
            cell(&who),
            promise.to_owned(),
        ]);
        line(&mut csv, &cells);
    }
    Ok(Some((csv, at)))
}

/// What a table speaks of.
pub(super) enum When {
    /// What was counted, or filed, on these days.
    Days(Period),
    /// How it stands, on this day.
    Now(NaiveDate),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(period) => write!(f, "{}-to-{}", period.from, period.to),
            Self::Now(day) => write!(f, "now-{day}"),
        }
    }
}

/// The file, named after what is in it.
pub(super) fn answer(
    what: &str,
    when: When,
    zone: Tz,
    head: String,
    rest: impl stream::Stream<Item = Result<String, WebError>> + Send + 'static,
) -> Response {
    let zone = zone.name().replace('/', "-");
    let disposition = format!("attachment; filename=\"tierdesk-{what}-{when}-{zone}.csv\"");
    let head = stream::once(std::future::ready(Ok(head)));
    let body = Body::from_stream(futures_util::StreamExt::chain(head, rest));
    (
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        body,
    )
        .into_response()
}
