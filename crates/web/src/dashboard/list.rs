//! The list behind a number: what was counted, page by page.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use tierdesk_desk::Caller;
use tierdesk_desk::dashboard::{Key, Lens, ListPage as Found};
use tierdesk_domain::actor::ActorKind;
use tierdesk_domain::dashboard::When;
use tierdesk_domain::period::{MOST_DAYS, Period};
use tierdesk_domain::tally::Measure;
use tierdesk_domain::text;
use tierdesk_store::ticket_list::{Line, Shown};
use uuid::Uuid;

use super::day;
use super::times::spelled;
use super::titles::{Word, title, word};
use super::view::{self, Fields, Listed};
use crate::extract::{Me, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::words::{bounce, clock};
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
    /// Not empty: not what is in the categories below.
    #[serde(default)]
    alone: String,
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
                alone: !self.alone.is_empty(),
            },
            view,
            listed,
        })
    }

    fn after(&self) -> Option<(DateTime<Utc>, Uuid)> {
        self.after.zip(self.after_id)
    }
}

/// The days that a list speaks of, if it speaks of any: what stands now has none.
pub(super) fn days(wanted: &Wanted, lens: &Lens) -> Option<Period> {
    match wanted.list.of {
        tierdesk_desk::dashboard::ListOf::Counted(_)
        | tierdesk_desk::dashboard::ListOf::Several(_) => Some(lens.period),
        tierdesk_desk::dashboard::ListOf::Open(days) => days,
        tierdesk_desk::dashboard::ListOf::AtRisk => None,
    }
}

#[derive(Template)]
#[template(path = "dashboard/tickets.html")]
struct TicketsPage {
    frame: Frame,
    title: &'static str,
    line: String,
    rows: Vec<ListRow>,
    /// Whether it is said which of several counts each is.
    told_apart: bool,
    /// Whether working time was measured.
    business: bool,
    /// Whether elapsed time was measured.
    elapsed: bool,
    /// Whether it is said why.
    reasoned: bool,
    /// Whether it is said which promise is due when, instead of when something happened.
    due: bool,
    /// The whole list for a spreadsheet.
    csv: String,
    older: Option<String>,
}

struct ListRow {
    ticket: Option<Shown>,
    counted_as: Word,
    who: String,
    why: String,
    took: String,
    took_business: String,
    promise: String,
    due: Option<Moment>,
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
    let Found {
        lens,
        mut lines,
        person,
    } = found;
    let days = days(&wanted, &lens);
    let key = Key {
        person: wanted.list.person,
        category: wanted.view.category.filter(|_| wanted.list.alone),
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
        line: {
            let only = view::only(&lens, &lens.view).into_iter().chain(person);
            let mut said: Vec<String> = only.collect();
            said.push(line(&lens, days, wanted.listed, &frame));
            said.join(" · ")
        },
        told_apart: matches!(wanted.listed, Listed::Several(_)),
        business: lines.iter().any(|line| line.business.is_some()),
        elapsed: lines.iter().any(|line| line.elapsed.is_some()),
        due: matches!(wanted.listed, Listed::AtRisk),
        reasoned: lines
            .iter()
            .any(|line| line.why.is_some() || line.code.is_some()),
        rows: lines
            .into_iter()
            .map(|line| row(line, wanted.listed, &frame))
            .collect(),
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

fn row(line: Line, listed: Listed, frame: &Frame) -> ListRow {
    ListRow {
        why: why(&line),
        who: who(&line),
        counted_as: match (listed, line.counted_as) {
            (Listed::Several(several), Some(measure)) => word(several, measure),
            _ => Word::default(),
        },
        ticket: line.ticket,
        took: line
            .elapsed
            .map_or_else(String::new, |it| spelled(it, false)),
        took_business: line
            .business
            .map_or_else(String::new, |it| spelled(it, true)),
        promise: (line.due).map_or_else(String::new, |(metric, _)| clock(metric.as_str())),
        due: line.due.map(|(_, at)| frame.at(&at)),
        at: frame.at(&line.at),
    }
}

/// Who moved a ticket: an engineer by name, or which machinery.
pub(super) fn who(line: &Line) -> String {
    let machine = line.by.map(|by| match by {
        ActorKind::Bot => text::t("dashboard.bot"),
        ActorKind::Rule => text::t("dashboard.a_rule"),
        _ => "",
    });
    let person = line.who.clone();
    person.unwrap_or_else(|| machine.unwrap_or_default().to_owned())
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
