//! The list behind a number of what happens between the tiers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::flow::{FlowMeasure, Queue};
use tierdesk_domain::id::{CategoryId, TeamId};
use tierdesk_domain::text;
use tierdesk_domain::tier::Tier;
use tierdesk_store::flow::{self, Filter};
use uuid::Uuid;

use super::{category_of, category_word};
use crate::dashboard::day;
use crate::dashboard::list::{ROWS, TicketsPage};
use crate::extract::{Me, Query};
use crate::filters;
use crate::frame::Frame;
use crate::page::Page;
use crate::{AppState, WebError};

/// Which things a row's numbers count.
pub(super) struct Which {
    days: (NaiveDate, NaiveDate),
    queue: Option<Queue>,
    category: Option<Option<CategoryId>>,
}

impl Which {
    pub(super) fn new(
        days: (NaiveDate, NaiveDate),
        queue: Option<Queue>,
        category: Option<Option<CategoryId>>,
    ) -> Self {
        Self {
            days,
            queue,
            category,
        }
    }

    /// The address of a number's list.
    pub(super) fn address(&self, measure: FlowMeasure) -> String {
        let mut address = format!(
            "/dashboard/tiers/tickets?measure={measure}&from={}&to={}",
            self.days.0, self.days.1
        );
        if let Some((team, tier)) = self.queue {
            address.push_str(&format!("&team={team}&tier={}", tier.number()));
        }
        if let Some(category) = self.category {
            address.push_str(&format!("&category={}", category_word(category)));
        }
        address
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    measure: FlowMeasure,
    from: NaiveDate,
    to: NaiveDate,
    team: Option<Uuid>,
    tier: Option<i16>,
    #[serde(default)]
    category: String,
    after: Option<DateTime<Utc>>,
    after_id: Option<Uuid>,
}

pub(super) async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let scope = authorize(&me.caller.who, Action::SeeDashboard)?;
    let tier = match asked.tier {
        Some(number) => Some(Tier::from_number(number).ok_or(WebError::BadRequest)?),
        None => None,
    };
    let filter = Filter {
        team: asked.team.map(TeamId),
        tier,
        category: category_of(&asked.category)?,
    };
    let end = asked.to.succ_opt().ok_or(WebError::BadRequest)?;
    let after = asked.after.zip(asked.after_id);
    let mut conn = app.desk.acquire().await?;
    let days = (asked.from, end);
    let mut lines = flow::tickets(
        &mut conn,
        &scope,
        asked.measure,
        days,
        filter,
        after,
        ROWS + 1,
    )
    .await?;
    drop(conn);
    let more = lines.len() as i64 > ROWS;
    lines.truncate(ROWS as usize);
    let queue = filter.team.zip(filter.tier);
    let which = Which::new((asked.from, asked.to), queue, filter.category);
    let older = lines.last().filter(|_| more).map(|last| {
        let at = filters::encoded(&last.at.to_rfc3339());
        format!(
            "{}&after={at}&after_id={}",
            which.address(asked.measure),
            last.id
        )
    });
    let line = text::fill(
        "dashboard.list_between",
        &[
            ("from", &day(asked.from)),
            ("to", &day(asked.to)),
            ("zone", &"UTC"),
        ],
    );
    let back = ("/dashboard/tiers", text::t("flow.title"));
    Ok(Page(TicketsPage::new(
        frame,
        back,
        title(asked.measure),
        line,
        lines,
        (String::new(), older),
    ))
    .into_response())
}

fn title(measure: FlowMeasure) -> &'static str {
    text::t(match measure {
        FlowMeasure::HandedOver => "flow.measure_handed_over",
        FlowMeasure::Received => "flow.measure_received",
        FlowMeasure::Bounced => "flow.measure_bounced",
        FlowMeasure::BouncedBack => "flow.measure_bounced_back",
        FlowMeasure::Solved => "flow.measure_solved",
        FlowMeasure::SolvedFirst => "flow.measure_solved_first",
        FlowMeasure::PingPong => "flow.measure_ping_pong",
        FlowMeasure::Complete => "flow.measure_complete",
        FlowMeasure::PartlyComplete => "flow.measure_partly_complete",
        FlowMeasure::Incomplete => "flow.measure_incomplete",
        FlowMeasure::Stay => "flow.measure_stay",
    })
}
