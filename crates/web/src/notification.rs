//! What one is told in the application: the list, read marks, acknowledgements, and the stream that keeps the bell right.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::text::{fill, t};
use tierdesk_store::notification::Listed;
use uuid::Uuid;

use crate::extract::{Form, Me, Now, Path, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, live, ticket, words};

const ROWS: i64 = 50;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Staff, "/notifications", list);
    routes.stream(Audience::Staff, "/notifications/live", stream);
    routes.post(Audience::Staff, "/notifications/read", read);
    routes.post(
        Audience::Staff,
        "/tickets/{number}/acknowledge",
        acknowledge,
    );
    routes.post(
        Audience::Engineer,
        "/tickets/{number}/confirm-priority",
        confirm_priority,
    );
}

/// One notification in words.
struct Line {
    id: Uuid,
    icon: &'static str,
    text: String,
    at: Moment,
    read: bool,
    /// The ticket's number, or 0 where there is none that the reader may see.
    number: i64,
    title: String,
    href: String,
    asks: bool,
}

impl Line {
    fn of(it: Listed, frame: &Frame) -> Self {
        let (number, title) = it
            .ticket
            .as_ref()
            .map_or((0, String::new()), |(number, title)| {
                (number.0, title.clone())
            });
        let mut href = match it.kind {
            NotificationKind::OnCall => "/on-call".to_owned(),
            _ if number > 0 => format!("/tickets/{number}"),
            _ => String::new(),
        };
        if let Some(event) = it.event
            && number > 0
        {
            href.push_str(&format!("#e-{event}"));
        }
        let hidden = it.about_ticket && number == 0;
        Self {
            id: it.id,
            icon: if hidden { "lock" } else { icon(it.kind) },
            text: if hidden {
                t("notification.hidden").to_owned()
            } else {
                sentence(&it, frame)
            },
            at: frame.at(&it.at),
            read: it.read,
            number,
            title,
            href,
            asks: it.asks.is_some(),
        }
    }
}

fn icon(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Assigned => "user",
        NotificationKind::Answered => "reply",
        NotificationKind::Reopened => "undo",
        NotificationKind::Escalated => "escalate",
        NotificationKind::HandedBack => "handback",
        NotificationKind::RuleFired => "rule",
        NotificationKind::AtRisk => "clock",
        NotificationKind::InCharge => "bell",
        NotificationKind::OnCall => "phone",
    }
}

/// What happened, in one sentence.
fn sentence(it: &Listed, frame: &Frame) -> String {
    let data = &it.data;
    let word = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let by = it.by.as_deref().unwrap_or(t("notification.the_desk"));
    let when = |key: &str| {
        let at: Option<DateTime<Utc>> = word(key).parse().ok();
        at.map_or(String::new(), |at| frame.at(&at).short)
    };
    match it.kind {
        NotificationKind::Assigned => fill("notification.assigned", &[("by", &by)]),
        NotificationKind::Answered => fill("notification.answered", &[("by", &by)]),
        NotificationKind::Reopened => fill("notification.reopened", &[("by", &by)]),
        NotificationKind::Escalated => fill("notification.escalated", &[("by", &by)]),
        NotificationKind::HandedBack => fill("notification.handed_back", &[("by", &by)]),
        NotificationKind::RuleFired => fill(
            "notification.rule_fired",
            &[("rule", &word("rule")), ("because", &word("because"))],
        ),
        NotificationKind::AtRisk => {
            let key = match data["more"].as_bool() {
                Some(true) => "notification.at_risk_more",
                _ => "notification.at_risk",
            };
            fill(key, &[("clock", &words::clock(&word("metric")))])
        }
        NotificationKind::InCharge => fill(
            "notification.in_charge",
            &[
                ("level", &data["level"]),
                ("of", &data["of"]),
                ("team", &word("team")),
            ],
        ),
        NotificationKind::OnCall => {
            let key = match data["what"].as_str() {
                Some("passed_on") => "notification.on_call_passed_on",
                Some("taken_back") => "notification.on_call_taken_back",
                Some("yours_again") => "notification.on_call_yours_again",
                // Also what was told before the others were.
                _ => "notification.on_call",
            };
            fill(
                key,
                &[
                    ("by", &word("by")),
                    ("schedule", &word("schedule")),
                    ("from", &when("from")),
                    ("to", &when("to")),
                ],
            )
        }
    }
}

/// The name of a kind, for the choice on the profile page.
pub(crate) fn kind_name(kind: NotificationKind) -> &'static str {
    t(match kind {
        NotificationKind::Assigned => "notification.kind_assigned",
        NotificationKind::Answered => "notification.kind_answered",
        NotificationKind::Reopened => "notification.kind_reopened",
        NotificationKind::Escalated => "notification.kind_escalated",
        NotificationKind::HandedBack => "notification.kind_handed_back",
        NotificationKind::RuleFired => "notification.kind_rule_fired",
        NotificationKind::AtRisk => "notification.kind_at_risk",
        // Nobody chooses for these.
        NotificationKind::InCharge | NotificationKind::OnCall => return "",
    })
}

#[derive(Template)]
#[template(path = "notification/list.html")]
struct ListPage {
    frame: Frame,
    lines: Vec<Line>,
    older: Option<String>,
    any_unread: bool,
}

#[derive(Deserialize)]
struct Asked {
    /// The last line of the page before: microseconds since 1970, and its id.
    before: Option<i64>,
    id: Option<Uuid>,
}

async fn list(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let after = asked
        .before
        .and_then(DateTime::from_timestamp_micros)
        .zip(asked.id);
    let mut found = app.desk.notifications(&me.caller, after, ROWS + 1).await?;
    let older = (found.len() as i64 > ROWS).then(|| {
        found.truncate(ROWS as usize);
        found.last().map_or_else(String::new, |last| {
            format!(
                "/notifications?before={}&id={}",
                last.at.timestamp_micros(),
                last.id
            )
        })
    });
    Ok(Page(ListPage {
        lines: found.into_iter().map(|it| Line::of(it, &frame)).collect(),
        older,
        any_unread: me.visitor.unread > 0,
        frame,
    })
    .into_response())
}

async fn stream(State(app): State<AppState>, me: Me) -> Result<Response, WebError> {
    Ok(live::bell(&app, &me))
}

#[derive(Deserialize)]
struct ReadForm {
    /// Which one; none means all of them.
    id: Option<Uuid>,
}

async fn read(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Form(form): Form<ReadForm>,
) -> Result<Response, WebError> {
    app.desk
        .read_notifications(&me.caller, form.id, now)
        .await?;
    Ok(see("/notifications", None))
}

async fn acknowledge(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let found = ticket::find(&app, &me, number).await?;
    let address = ticket::address(found.number);
    match app.desk.acknowledge(&me.caller, found.id, now).await {
        Ok(()) => Ok(see(&address, Some("said.acknowledged"))),
        // Somebody else was faster, which is as well.
        Err(DeskError::State(_)) => Ok(see(&address, Some("said.acknowledged_already"))),
        Err(error) => Err(error.into()),
    }
}

async fn confirm_priority(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let found = ticket::find(&app, &me, number).await?;
    let address = ticket::address(found.number);
    match app.desk.confirm_priority(&me.caller, found.id, now).await {
        Ok(()) => Ok(see(&address, Some("said.priority_confirmed"))),
        Err(DeskError::State(_)) => Ok(see(&address, None)),
        Err(error) => Err(error.into()),
    }
}
