//! Between the tiers: what becomes of hand-overs, how long queues keep tickets, and the list behind every number.

mod list;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use tierdesk_desk::flow::{Flow, Row};
use tierdesk_domain::csv::cell;
use tierdesk_domain::dashboard::{self as figures, Share};
use tierdesk_domain::flow::FlowMeasure;
use tierdesk_domain::id::CategoryId;
use tierdesk_domain::period::{Period, Preset};
use tierdesk_domain::text;
use tierdesk_store::category;

use crate::dashboard::chart::{Bar, Bars, parts};
use crate::dashboard::day;
use crate::dashboard::view::preset_words;
use crate::extract::{Me, Query};
use crate::filters::{self, grouped};
use crate::frame::Frame;
use crate::moment::spell;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

use list::Which;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Manager, "/dashboard/tiers", show);
    routes.get(Audience::Manager, "/dashboard/tiers.csv", download);
    routes.get(Audience::Manager, "/dashboard/tiers/tickets", list::show);
}

/// `?days=30&category=…&by=category`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    days: Option<u64>,
    category: String,
    by: String,
}

/// The periods on offer, in days, with their words.
const PERIODS: [(u64, Preset); 4] = [
    (1, Preset::Today),
    (7, Preset::Days7),
    (30, Preset::Days30),
    (90, Preset::Days90),
];

/// One of the periods on offer, 30 days where nothing is said: its number of days, and the days (UTC).
fn period(asked: Option<u64>, now: DateTime<Utc>) -> Result<(u64, Period), WebError> {
    let days = asked.unwrap_or(30);
    let offer = PERIODS.iter().find(|it| it.0 == days);
    let (days, preset) = offer.ok_or(WebError::BadRequest)?;
    Ok((*days, preset.on(now.date_naive())))
}

fn percent(part: u64, whole: u64) -> String {
    figures::percent(Share { part, whole })
}

/// The category of an address: `none` for tickets without one.
fn category_of(text: &str) -> Result<Option<Option<CategoryId>>, WebError> {
    match text {
        "" => Ok(None),
        "none" => Ok(Some(None)),
        id => {
            let id = id.parse().map_err(|_| WebError::BadRequest)?;
            Ok(Some(Some(CategoryId(id))))
        }
    }
}

fn category_word(category: Option<CategoryId>) -> String {
    category.map_or_else(|| "none".to_owned(), |id| id.to_string())
}

/// A number of the table with its list.
struct Cell {
    label: &'static str,
    number: String,
    href: String,
}

struct Line {
    name: String,
    cells: Vec<Cell>,
}

#[derive(Template)]
#[template(path = "flow/show.html")]
struct FlowPage {
    frame: Frame,
    line: String,
    days: u64,
    periods: Vec<(u64, &'static str, bool)>,
    by_category: bool,
    categories: Vec<(String, String)>,
    category: String,
    bounces: Bars,
    times: Bars,
    of: &'static str,
    heads: Vec<&'static str>,
    lines: Vec<Line>,
}

impl FlowPage {
    fn view(&self) -> &'static str {
        if self.by_category {
            "category"
        } else {
            "queue"
        }
    }

    fn period_address(&self, days: &u64) -> String {
        format!(
            "/dashboard/tiers?days={days}&by={}&category={}",
            self.view(),
            self.category
        )
    }

    fn view_address(&self, view: &str) -> String {
        format!(
            "/dashboard/tiers?days={}&by={view}&category={}",
            self.days, self.category
        )
    }
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let (days, period) = period(asked.days, frame.now)?;
    let category = category_of(&asked.category)?;
    let flow = app.desk.flow(&me.caller, period, category).await?;
    let mut conn = app.desk.acquire().await?;
    let categories = category::all(&mut conn).await?;
    drop(conn);
    let by_category = asked.by == "category";
    let rows = rows(&flow, by_category, category);
    let time = frame.now.with_timezone(&frame.zone).format("%H:%M %Z");
    Ok(Page(FlowPage {
        line: text::fill(
            "dashboard.period",
            &[
                ("from", &day(period.from)),
                ("to", &day(period.to)),
                ("zone", &"UTC"),
                ("time", &time),
            ],
        ),
        days,
        periods: PERIODS
            .iter()
            .map(|(offer, preset)| (*offer, preset_words(*preset), *offer == days))
            .collect(),
        by_category,
        categories: categories
            .into_iter()
            .map(|it| (it.id.to_string(), it.name))
            .collect(),
        category: asked.category,
        bounces: bounces(&rows),
        times: times(&rows),
        of: text::t(if by_category {
            "flow.category"
        } else {
            "flow.queue"
        }),
        heads: HEADS.iter().map(|key| text::t(key)).collect(),
        lines: rows
            .iter()
            .map(|it| Line {
                name: it.name.clone(),
                cells: cells(it),
            })
            .collect(),
        frame,
    })
    .into_response())
}

/// One queue or one category, with the address of its lists.
struct Named<'a> {
    name: String,
    row: &'a Row,
    which: Which,
}

fn rows<'a>(
    flow: &'a Flow,
    by_category: bool,
    category: Option<Option<CategoryId>>,
) -> Vec<Named<'a>> {
    let days = (flow.period.from, flow.period.to);
    if by_category {
        let shown = flow
            .categories
            .iter()
            .filter(|(id, ..)| category.is_none_or(|only| only == *id));
        return shown
            .map(|(id, name, row)| Named {
                name: match id {
                    Some(_) => name.clone(),
                    None => text::t("flow.no_category").to_owned(),
                },
                row,
                which: Which::new(days, None, Some(*id)),
            })
            .collect();
    }
    flow.queues
        .iter()
        .map(|(queue, name, row)| Named {
            name: format!("{} {name}", queue.1),
            row,
            which: Which::new(days, Some(*queue), category),
        })
        .collect()
}

const HEADS: [&str; 11] = [
    "flow.handed_over",
    "flow.came_back",
    "flow.quality",
    "flow.received",
    "flow.sent_back",
    "flow.first_fix",
    "flow.ping_pong",
    "flow.stays",
    "flow.median",
    "flow.p90",
    "flow.mean",
];

fn rate(part: u64, whole: u64) -> String {
    if whole == 0 {
        return percent(part, whole);
    }
    text::fill(
        "flow.rate_of",
        &[("rate", &percent(part, whole)), ("n", &grouped(part))],
    )
}

/// Business time in words; a dash where there was none.
fn time(seconds: Option<i64>) -> String {
    match seconds {
        Some(seconds) => spell(u64::try_from(seconds).unwrap_or(0) / 60),
        None => "–".to_owned(),
    }
}

fn cells(it: &Named<'_>) -> Vec<Cell> {
    use FlowMeasure::{
        Bounced, BouncedBack, Complete, HandedOver, PingPong, Received, Solved, SolvedFirst, Stay,
    };
    let row = it.row;
    let numbers = [
        (grouped(row.n(HandedOver)), HandedOver),
        (rate(row.n(BouncedBack), row.n(HandedOver)), BouncedBack),
        (rate(row.n(Complete), row.rated()), Complete),
        (grouped(row.n(Received)), Received),
        (rate(row.n(Bounced), row.n(Received)), Bounced),
        (rate(row.n(SolvedFirst), row.n(Solved)), SolvedFirst),
        (grouped(row.n(PingPong)), PingPong),
        (grouped(row.n(Stay)), Stay),
        (time(row.stay_percentile(50)), Stay),
        (time(row.stay_percentile(90)), Stay),
        (time(row.stay_mean()), Stay),
    ];
    HEADS
        .iter()
        .zip(numbers)
        .map(|(head, (number, measure))| Cell {
            label: text::t(head),
            number,
            href: match row.n(measure) {
                0 => String::new(),
                _ => it.which.address(measure),
            },
        })
        .collect()
}

/// What became of the hand-overs that a queue received.
fn bounces(rows: &[Named<'_>]) -> Bars {
    let received = |it: &&Named<'_>| it.row.n(FlowMeasure::Received) > 0;
    let shown: Vec<_> = rows.iter().filter(received).collect();
    let of = |it: &Named<'_>, measure| it.row.n(measure);
    let longest = shown.iter().map(|it| of(it, FlowMeasure::Received)).max();
    let bars = shown
        .iter()
        .map(|it| {
            let (all, back) = (of(it, FlowMeasure::Received), of(it, FlowMeasure::Bounced));
            Bar {
                label: it.name.clone(),
                aria: text::fill(
                    "flow.bounce_aria",
                    &[("queue", &it.name), ("received", &all), ("back", &back)],
                ),
                parts: parts(
                    vec![
                        (
                            "f-accent",
                            all.saturating_sub(back),
                            it.which.address(FlowMeasure::Received),
                        ),
                        ("f-danger", back, it.which.address(FlowMeasure::Bounced)),
                    ],
                    longest.unwrap_or(1),
                ),
                end: percent(back, all),
                end_href: it.which.address(FlowMeasure::Bounced),
            }
        })
        .collect();
    Bars {
        of: text::t("flow.queue"),
        legend: vec![
            ("f-accent", text::t("flow.legend_accepted").to_owned()),
            ("f-danger", text::t("flow.legend_sent_back").to_owned()),
        ],
        bars,
    }
}

/// How long tickets stay, in minutes of business time: half of them, and nine in ten.
fn times(rows: &[Named<'_>]) -> Bars {
    let minutes = |it: &Named<'_>, percent| {
        let seconds = it.row.stay_percentile(percent).unwrap_or(0);
        u64::try_from(seconds / 60).unwrap_or(0)
    };
    let stayed = |it: &&Named<'_>| it.row.n(FlowMeasure::Stay) > 0;
    let shown: Vec<_> = rows.iter().filter(stayed).collect();
    let longest = shown.iter().map(|it| minutes(it, 90)).max().unwrap_or(1);
    let bars = shown
        .iter()
        .map(|it| {
            let (half, most) = (minutes(it, 50), minutes(it, 90));
            let list = it.which.address(FlowMeasure::Stay);
            let mut parts = parts(
                vec![
                    ("f-accent", half, list.clone()),
                    ("f-accent-2", most.saturating_sub(half), list.clone()),
                ],
                longest,
            );
            for (part, minutes) in parts.iter_mut().zip([half, most]) {
                part.number = spell(minutes);
            }
            Bar {
                label: it.name.clone(),
                aria: text::fill(
                    "flow.time_aria",
                    &[
                        ("queue", &it.name),
                        ("median", &spell(half)),
                        ("p90", &spell(most)),
                    ],
                ),
                parts,
                end: spell(most),
                end_href: list,
            }
        })
        .collect();
    Bars {
        of: text::t("flow.queue"),
        legend: vec![
            ("f-accent", text::t("flow.median").to_owned()),
            ("f-accent-2", text::t("flow.p90").to_owned()),
        ],
        bars,
    }
}

/// The counts as a table for a spreadsheet, by queue and by category, without a cap on rows.
async fn download(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let (_, period) = period(asked.days, frame.now)?;
    let category = category_of(&asked.category)?;
    let flow = app.desk.flow(&me.caller, period, category).await?;
    let mut csv = String::from("from (UTC),to (UTC),by,name");
    for measure in FlowMeasure::ALL {
        csv.push_str(&format!(",{measure}"));
    }
    csv.push_str(",stay_median_seconds,stay_p90_seconds,stay_mean_seconds\r\n");
    for (by, by_category) in [("queue", false), ("category", true)] {
        for it in rows(&flow, by_category, category) {
            let dates: [NaiveDate; 2] = [period.from, period.to];
            csv.push_str(&format!(
                "{},{},{by},{}",
                dates[0],
                dates[1],
                cell(&it.name)
            ));
            for measure in FlowMeasure::ALL {
                csv.push_str(&format!(",{}", it.row.n(*measure)));
            }
            let times = [
                it.row.stay_percentile(50),
                it.row.stay_percentile(90),
                it.row.stay_mean(),
            ];
            for seconds in times {
                csv.push(',');
                csv.push_str(&seconds.map(|it| it.to_string()).unwrap_or_default());
            }
            csv.push_str("\r\n");
        }
    }
    let name = frame.now.format("tierdesk-tiers-%Y-%m-%d.csv");
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok((
        [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        csv,
    )
        .into_response())
}
