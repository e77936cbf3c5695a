//! The list behind a number: the tickets that were counted, page by page.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;
use tierdesk_desk::dashboard::{OLD_DAYS, Period, YOUNG_DAYS};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use tierdesk_store::ticket_list::{self, Filter, Line};
use uuid::Uuid;

use super::day;
use crate::extract::{Me, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::{AppState, WebError};

/// Rows on one page.
pub(crate) const ROWS: i64 = 50;

/// What is listed: a measure, or the tickets at risk now.
const AT_RISK: &str = "at_risk";

/// The address of a measure's list.
pub(super) fn address(measure: Measure, period: Period) -> String {
    format!(
        "/dashboard/tickets?measure={measure}&from={}&to={}",
        period.from, period.to
    )
}

pub(super) fn tier_address(measure: Measure, period: Period, tier: Tier) -> String {
    format!("{}&tier={}", address(measure, period), tier.number())
}

pub(super) fn priority_address(measure: Measure, period: Period, priority: Priority) -> String {
    format!(
        "{}&priority={}",
        address(measure, period),
        priority.number()
    )
}

pub(super) fn day_address(measure: Measure, day: NaiveDate) -> String {
    address(measure, Period { from: day, to: day })
}

pub(super) fn at_risk_address() -> String {
    format!("/dashboard/tickets?measure={AT_RISK}")
}

/// Both kinds of broken promises: the list of resolutions too late links to the other.
pub(super) fn broken_address(period: Period) -> String {
    address(Measure::ResolutionBreached, period)
}

/// Open tickets; `age` is `young`, `middle`, `old` or `""`.
pub(super) fn backlog_address(age: &str, queue: Option<(TeamId, Tier)>) -> String {
    let mut address = format!("/dashboard/tickets?measure={}", Measure::Backlog);
    if !age.is_empty() {
        address.push_str("&age=");
        address.push_str(age);
    }
    if let Some((team, tier)) = queue {
        address.push_str(&format!("&team={team}&tier={}", tier.number()));
    }
    address
}

pub(super) fn backlog_tier_address(tier: Tier) -> String {
    format!("{}&tier={}", backlog_address("", None), tier.number())
}

#[derive(Deserialize)]
pub(super) struct Asked {
    measure: String,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    age: Option<String>,
    team: Option<Uuid>,
    tier: Option<i16>,
    priority: Option<i16>,
    after: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
}

#[derive(Template)]
#[template(path = "dashboard/tickets.html")]
pub(crate) struct ListPage {
    frame: Frame,
    /// Where the number stands: its page's address and title.
    back: (&'static str, &'static str),
    title: &'static str,
    line: String,
    rows: Vec<ListRow>,
    /// The same list of the other clock, for broken and kept promises.
    sibling: Option<(&'static str, String)>,
    older: Option<String>,
}

struct ListRow {
    line: Line,
    at: Moment,
}

impl ListPage {
    /// The lines of one page behind a number that stands on the page `back`.
    pub(crate) fn new(
        frame: Frame,
        back: (&'static str, &'static str),
        title: &'static str,
        line: String,
        lines: Vec<Line>,
        older: Option<String>,
    ) -> Self {
        let rows = lines.into_iter().map(|line| ListRow {
            at: frame.at(&line.at),
            line,
        });
        Self {
            rows: rows.collect(),
            back,
            title,
            line,
            sibling: None,
            older,
            frame,
        }
    }
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let scope = authorize(&me.caller.who, Action::SeeDashboard)?;
    let filter = filter(&asked)?;
    let after = asked.after.zip(asked.after_id);
    let now = frame.now;
    let mut conn = app.desk.acquire().await?;
    let (title, line, mut lines) = if asked.measure == AT_RISK {
        let time = now.with_timezone(&frame.zone).format("%H:%M %Z");
        let lines = ticket_list::at_risk(&mut conn, &scope, filter, now, after, ROWS + 1).await?;
        let line = text::fill("dashboard.list_now", &[("time", &time)]);
        (text::t("dashboard.measure_at_risk"), line, lines)
    } else {
        let measure: Measure = asked.measure.parse().map_err(|_| WebError::BadRequest)?;
        let title = title(measure);
        if measure.events().is_none() {
            let time = now.with_timezone(&frame.zone).format("%H:%M %Z");
            let line = text::fill("dashboard.list_now", &[("time", &time)]);
            let bounds = ages(asked.age.as_deref().unwrap_or_default(), now)?;
            let lines =
                ticket_list::backlog(&mut conn, &scope, bounds, filter, after, ROWS + 1).await?;
            (title, line, lines)
        } else {
            let (Some(from), Some(to)) = (asked.from, asked.to) else {
                return Err(WebError::BadRequest);
            };
            let period = Period { from, to };
            let line = text::fill(
                "dashboard.list_between",
                &[("from", &day(from)), ("to", &day(to))],
            );
            let days = (period.from, period.end());
            let lines =
                ticket_list::counted(&mut conn, &scope, measure, days, filter, after, ROWS + 1)
                    .await?;
            (title, line, lines)
        }
    };
    drop(conn);

    let more = lines.len() > ROWS as usize;
    lines.truncate(ROWS as usize);
    let older = more
        .then(|| lines.last().map(|last| next_page(&asked, last)))
        .flatten();
    let back = ("/dashboard", text::t("dashboard.title"));
    let page = ListPage::new(frame, back, title, line, lines, older);
    Ok(Page(ListPage {
        sibling: sibling(&asked),
        ..page
    })
    .into_response())
}

fn filter(asked: &Asked) -> Result<Filter, WebError> {
    Ok(Filter {
        team: asked.team.map(TeamId),
        tier: asked
            .tier
            .map(|n| Tier::from_number(n).ok_or(WebError::BadRequest))
            .transpose()?,
        priority: asked
            .priority
            .map(|n| Priority::from_number(n).ok_or(WebError::BadRequest))
            .transpose()?,
    })
}

/// The days of filing that an age means: the same limits that the dashboard counts by.
fn ages(age: &str, now: DateTime<Utc>) -> Result<(Option<NaiveDate>, Option<NaiveDate>), WebError> {
    let back = |days| now.date_naive().checked_sub_days(Days::new(days - 1));
    match age {
        "" => Ok((None, None)),
        "young" => Ok((back(YOUNG_DAYS), None)),
        "middle" => Ok((back(OLD_DAYS), back(YOUNG_DAYS))),
        "old" => Ok((None, back(OLD_DAYS))),
        _ => Err(WebError::BadRequest),
    }
}

fn next_page(asked: &Asked, last: &Line) -> String {
    let mut address = format!(
        "/dashboard/tickets?measure={}",
        filters::encoded(&asked.measure)
    );
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            address.push_str(&format!("&{name}={}", filters::encoded(&value)));
        }
    };
    add("from", asked.from.map(|it| it.to_string()));
    add("to", asked.to.map(|it| it.to_string()));
    add("age", asked.age.clone());
    add("team", asked.team.map(|it| it.to_string()));
    add("tier", asked.tier.map(|it| it.to_string()));
    add("priority", asked.priority.map(|it| it.to_string()));
    add("after", Some(last.at.to_rfc3339()));
    add("after_id", Some(last.id.to_string()));
    address
}

/// From late resolutions to late first answers, and back; the same for those in time.
fn sibling(asked: &Asked) -> Option<(&'static str, String)> {
    let measure = match asked.measure.parse().ok()? {
        Measure::ResolutionBreached => Measure::FirstResponseBreached,
        Measure::FirstResponseBreached => Measure::ResolutionBreached,
        Measure::ResolutionKept => Measure::ResolutionBreached,
        Measure::FirstResponseKept => Measure::FirstResponseBreached,
        _ => return None,
    };
    let period = Period {
        from: asked.from?,
        to: asked.to?,
    };
    Some((title(measure), address(measure, period)))
}

fn title(measure: Measure) -> &'static str {
    text::t(match measure {
        Measure::Opened => "dashboard.measure_opened",
        Measure::Resolved => "dashboard.measure_resolved",
        Measure::ResolvedByBot => "dashboard.measure_resolved_by_bot",
        Measure::Reopened => "dashboard.measure_reopened",
        Measure::FirstResponseKept => "dashboard.measure_first_response_kept",
        Measure::FirstResponseBreached => "dashboard.measure_first_response_breached",
        Measure::ResolutionKept => "dashboard.measure_resolution_kept",
        Measure::ResolutionBreached => "dashboard.measure_resolution_breached",
        Measure::EscalatedToL1 => "dashboard.measure_escalated_to_l1",
        Measure::EscalatedToL2 => "dashboard.measure_escalated_to_l2",
        Measure::EscalatedToL3 => "dashboard.measure_escalated_to_l3",
        Measure::HandedBack => "dashboard.measure_handed_back",
        Measure::BotPassedOn => "dashboard.measure_bot_passed_on",
        Measure::Undone => "dashboard.measure_undone",
        // The queues' own counts are shown by the queues; what is open is listed as the backlog.
        Measure::Backlog
        | Measure::Open
        | Measure::Queue
        | Measure::QueueFree
        | Measure::QueueWaiting => "dashboard.measure_backlog",
    })
}
