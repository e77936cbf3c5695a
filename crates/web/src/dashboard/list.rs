//! The list behind a number: what was counted, page by page.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use tierdesk_desk::Caller;
use tierdesk_desk::dashboard::{Key, Lens, ListPage as Found};
use tierdesk_domain::dashboard::When;
use tierdesk_domain::period::{MOST_DAYS, Period};
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_domain::text;
use tierdesk_store::ticket_list::{Line, Shown};
use uuid::Uuid;

use super::day;
use super::times::spelled;
use super::view::{self, Fields, Listed};
use crate::extract::{Me, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::words::bounce;
use crate::{AppState, WebError};

/// Rows on one page.
const ROWS: i64 = 50;

/// What is listed when it is no measure: the tickets at risk now.
const AT_RISK: &str = "at_risk";

#[derive(Deserialize)]
pub(super) struct Asked {
    measure: String,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    #[serde(default)]
    person: String,
    after: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
}

/// The list that an address asks for.
pub(super) struct Wanted {
    pub(super) list: tierdesk_desk::dashboard::List,
    pub(super) view: tierdesk_domain::dashboard::View,
    listed: Listed,
}

impl Asked {
    /// Reads the address.
    ///
    /// # Errors
    /// 400 for what no link of ours says.
    pub(super) fn read(&self, fields: &Fields) -> Result<Wanted, WebError> {
        let days = match (self.from, self.to) {
            (Some(from), Some(to)) => Some(Period { from, to }),
            (None, None) => None,
            _ => return Err(WebError::BadRequest),
        };
        let rest = Fields {
            from: String::new(),
            to: String::new(),
            ..fields.clone()
        };
        let mut view = rest.read()?.view;
        let listed = if self.measure == AT_RISK {
            Listed::AtRisk
        } else {
            match (self.measure.parse(), self.measure.parse()) {
                (Ok(Measure::Backlog | Measure::Open), _) => Listed::Open,
                (Ok(measure), _) => Listed::Counted(measure),
                (_, Ok(several)) => Listed::Several(several),
                _ => return Err(WebError::BadRequest),
            }
        };
        if let Listed::Counted(_) | Listed::Several(_) = listed {
            let days = days.ok_or(WebError::BadRequest)?;
            if days.from > days.to || days.days() > MOST_DAYS {
                return Err(WebError::BadRequest);
            }
            view.when = When::Days {
                from: days.from,
                to: days.to,
            };
        }
        Ok(Wanted {
            list: tierdesk_desk::dashboard::List {
                of: match listed {
                    Listed::Counted(measure) => tierdesk_desk::dashboard::ListOf::Counted(measure),
                    Listed::Several(several) => tierdesk_desk::dashboard::ListOf::Several(several),
                    Listed::Open => tierdesk_desk::dashboard::ListOf::Open(days),
                    Listed::AtRisk => tierdesk_desk::dashboard::ListOf::AtRisk,
                },
                person: view::person(&self.person)?,
            },
            view,
            listed,
        })
    }

    fn after(&self) -> Option<(DateTime<Utc>, Uuid)> {
        self.after.zip(self.after_id)
    }
}

#[derive(Template)]
#[template(path = "dashboard/tickets.html")]
struct TicketsPage {
    frame: Frame,
    title: &'static str,
    line: String,
    rows: Vec<ListRow>,
    /// Whether times were measured.
    timed: bool,
    /// Whether it is said why.
    reasoned: bool,
    /// The whole list for a spreadsheet.
    csv: String,
    older: Option<String>,
}

struct ListRow {
    ticket: Option<Shown>,
    why: String,
    took: String,
    took_business: String,
    at: Moment,
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(fields): Query<Fields>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let wanted = asked.read(&fields)?;
    let found = read(&app, &me.caller, &wanted, &frame, asked.after(), ROWS + 1).await?;
    let Found { lens, mut lines } = found;
    let days = match wanted.list.of {
        tierdesk_desk::dashboard::ListOf::Counted(_)
        | tierdesk_desk::dashboard::ListOf::Several(_) => Some(lens.period),
        tierdesk_desk::dashboard::ListOf::Open(days) => days,
        tierdesk_desk::dashboard::ListOf::AtRisk => None,
    };
    let key = Key {
        person: wanted.list.person,
        ..Key::default()
    };
    let here = view::list(wanted.listed, days, &wanted.view, &key);
    let more = lines.len() > ROWS as usize;
    lines.truncate(ROWS as usize);
    let older = lines.last().filter(|_| more).map(|last| {
        let at = filters::encoded(&last.at.to_rfc3339());
        format!("{here}&after={at}&after_id={}", last.id)
    });
    let csv = here.replacen("/dashboard/tickets", "/dashboard/tickets.csv", 1);
    Ok(Page(TicketsPage {
        title: title(wanted.listed),
        line: line(&lens, days, wanted.listed, &frame),
        timed: lines.iter().any(|line| line.took.is_some()),
        reasoned: lines
            .iter()
            .any(|line| line.why.is_some() || line.code.is_some()),
        rows: lines.into_iter().map(|line| row(line, &frame)).collect(),
        csv,
        older,
        frame,
    })
    .into_response())
}

/// A page of the list, within what the caller may see.
pub(super) async fn read(
    app: &AppState,
    caller: &Caller,
    wanted: &Wanted,
    frame: &Frame,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Found, WebError> {
    let (view, list) = (wanted.view, wanted.list);
    Ok(app
        .desk
        .tickets_behind(caller, view, list, (after, limit), frame.now)
        .await?)
}

fn row(line: Line, frame: &Frame) -> ListRow {
    let (elapsed, business) = line.took.unzip();
    ListRow {
        why: why(&line),
        ticket: line.ticket,
        took: elapsed.map_or_else(String::new, |it| spelled(it, false)),
        took_business: business.map_or_else(String::new, |it| spelled(it, true)),
        at: frame.at(&line.at),
    }
}

/// Why a ticket was moved: the word of a bounce, and what was written.
pub(super) fn why(line: &Line) -> String {
    let code = line.code.map(|code| bounce(code.as_str()));
    let both = code.into_iter().chain(line.why.clone());
    both.collect::<Vec<_>>().join(": ")
}

/// The days and their zone, or the time.
fn line(lens: &Lens, days: Option<Period>, listed: Listed, frame: &Frame) -> String {
    let time = frame.now.with_timezone(&frame.zone).format("%H:%M %Z");
    let now = text::fill("dashboard.list_now", &[("time", &time)]);
    let Some(days) = days else {
        return now;
    };
    let between = text::fill(
        "dashboard.list_between",
        &[
            ("from", &day(days.from)),
            ("to", &day(days.to)),
            ("zone", &lens.zone.name()),
        ],
    );
    match listed {
        Listed::Open => text::fill("dashboard.list_filed", &[("now", &now), ("days", &between)]),
        Listed::Counted(_) | Listed::Several(_) | Listed::AtRisk => between,
    }
}

fn title(listed: Listed) -> &'static str {
    let measure = match listed {
        Listed::AtRisk => return text::t("dashboard.measure_at_risk"),
        Listed::Open => return text::t("dashboard.measure_backlog"),
        Listed::Several(Several::Broken) => return text::t("dashboard.broken_all"),
        Listed::Several(Several::Escalated) => return text::t("dashboard.escalated_all"),
        Listed::Several(Several::Moved) => return text::t("dashboard.moved_all"),
        Listed::Counted(measure) => measure,
    };
    text::t(match measure {
        Measure::Opened => "dashboard.measure_opened",
        Measure::Resolved => "dashboard.measure_resolved",
        Measure::ResolvedByBot | Measure::BotResolveElapsed | Measure::BotResolveBusiness => {
            "dashboard.measure_resolved_by_bot"
        }
        Measure::ResolvedByRequester => "dashboard.measure_resolved_by_requester",
        Measure::ResolvedAbove => "dashboard.measure_resolved_above",
        Measure::ResolveElapsed | Measure::ResolveBusiness => "dashboard.measure_resolved_by_human",
        Measure::FirstContact => "dashboard.measure_first_contact",
        Measure::Reopened => "dashboard.measure_reopened",
        Measure::ReopenedAfterBot => "dashboard.measure_reopened_after_bot",
        Measure::FirstResponseKept => "dashboard.measure_first_response_kept",
        Measure::FirstResponseBreached => "dashboard.measure_first_response_breached",
        Measure::FirstResponseByBot => "dashboard.measure_first_response_by_bot",
        Measure::NextResponseKept => "dashboard.measure_next_response_kept",
        Measure::NextResponseBreached => "dashboard.measure_next_response_breached",
        Measure::ResolutionKept => "dashboard.measure_resolution_kept",
        Measure::ResolutionBreached => "dashboard.measure_resolution_breached",
        Measure::ResolutionByBot => "dashboard.measure_resolution_by_bot",
        Measure::PickUpKept => "dashboard.measure_pick_up_kept",
        Measure::PickUpBreached => "dashboard.measure_pick_up_breached",
        Measure::TimeInTierKept => "dashboard.measure_time_in_tier_kept",
        Measure::TimeInTierBreached => "dashboard.measure_time_in_tier_breached",
        Measure::EscalatedToL1 => "dashboard.measure_escalated_to_l1",
        Measure::EscalatedToL2 => "dashboard.measure_escalated_to_l2",
        Measure::EscalatedToL3 => "dashboard.measure_escalated_to_l3",
        Measure::EscalatedByRule => "dashboard.measure_escalated_by_rule",
        Measure::EscalatedByBot => "dashboard.measure_escalated_by_bot",
        Measure::HandedBack => "dashboard.measure_handed_back",
        Measure::BotPassedOn => "dashboard.measure_bot_passed_on",
        Measure::Undone => "dashboard.measure_undone",
        Measure::Taken => "dashboard.measure_taken",
        Measure::Acknowledged | Measure::AcknowledgeElapsed | Measure::AcknowledgeBusiness => {
            "dashboard.measure_acknowledged"
        }
        Measure::Backlog | Measure::Open => "dashboard.measure_backlog",
        Measure::HandedOver => "flow.measure_handed_over",
        Measure::Received => "flow.measure_received",
        Measure::Bounced => "flow.measure_bounced",
        Measure::BouncedBack => "flow.measure_bounced_back",
        Measure::Solved => "flow.measure_solved",
        Measure::SolvedFirst => "flow.measure_solved_first",
        Measure::PingPong => "flow.measure_ping_pong",
        Measure::Complete => "flow.measure_complete",
        Measure::PartlyComplete => "flow.measure_partly_complete",
        Measure::Incomplete => "flow.measure_incomplete",
        Measure::Stay => "flow.measure_stay",
    })
}
