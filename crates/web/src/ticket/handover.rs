//! The receiver's answer to a hand-over, on the ticket's page.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tierdesk_domain::handover::{BounceCode, Quality, Standing, standing};
use tierdesk_domain::id::PersonId;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::ticket::Ticket;
use tierdesk_store::timeline::Event;

use super::actions::begin;
use super::workspace::{Choice, choice};
use crate::extract::{Form, Me, Path};
use crate::frame::Frame;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, words};

pub(super) fn routes(routes: &mut Routes) {
    routes.post(Audience::Engineer, "/tickets/{number}/accept", accept);
    routes.post(Audience::Engineer, "/tickets/{number}/bounce", bounce);
    routes.post(Audience::Engineer, "/tickets/{number}/rate-handover", rate);
}

/// What the page offers about the ticket's newest hand-over.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// Whether it waits for an answer that this reader may give.
    pub(super) answer: bool,
    /// Whether this reader accepted it and has not said how complete it was.
    pub(super) rate: bool,
}

impl Offer {
    /// From the ticket's events, oldest first; nothing for those who may not work on it.
    pub(super) fn of(ticket: &Ticket, events: &[Event], reader: PersonId, may_work: bool) -> Self {
        let made = events
            .iter()
            .rposition(|it| it.kind == EventKind::Escalated && it.cycle == ticket.cycle);
        let Some(made) = made.filter(|_| may_work && ticket.status.is_open()) else {
            return Self::default();
        };
        let later = &events[made + 1..];
        let standing = standing(later.iter().map(|it| it.kind));
        let accepted = later
            .iter()
            .find(|it| it.kind == EventKind::HandoverAccepted);
        let rated = later.iter().any(|it| {
            matches!(
                it.kind,
                EventKind::HandoverAccepted | EventKind::HandoverRated
            ) && it.data["quality"].is_string()
        });
        Self {
            answer: standing == Standing::Open,
            rate: standing == Standing::Accepted
                && !rated
                && accepted.is_some_and(|it| it.actor.person() == Some(reader)),
        }
    }
}

/// The reasons for a bounce.
pub(super) fn codes() -> Vec<Choice> {
    let codes = BounceCode::ALL.iter();
    codes
        .map(|it| choice(it.as_str(), words::bounce(it.as_str()).as_str(), false))
        .collect()
}

/// The answers to "was it complete?".
pub(super) fn qualities() -> Vec<Choice> {
    let qualities = Quality::ALL.iter();
    qualities
        .map(|it| choice(it.as_str(), words::quality(it.as_str()).as_str(), false))
        .collect()
}

#[derive(Debug, Deserialize)]
struct QualityForm {
    /// `yes`, `partly`, `no`, or nothing where it is not rated.
    #[serde(default)]
    quality: String,
}

impl QualityForm {
    fn read(&self) -> Result<Option<Quality>, WebError> {
        match self.quality.as_str() {
            "" => Ok(None),
            word => word.parse().map(Some).map_err(|_| WebError::BadRequest),
        }
    }
}

async fn accept(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<QualityForm>,
) -> Result<Response, WebError> {
    let turn = begin(app, me, frame, number, "", HashMap::new()).await?;
    let quality = form.read()?;
    let desk = turn.app.desk.clone();
    let result = desk
        .accept_handover(&turn.me.caller, turn.ticket.id, quality, turn.now)
        .await;
    turn.end(result, "said.accepted").await
}

async fn rate(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<QualityForm>,
) -> Result<Response, WebError> {
    let turn = begin(app, me, frame, number, "", HashMap::new()).await?;
    let quality = form.read()?.ok_or(WebError::BadRequest)?;
    let desk = turn.app.desk.clone();
    let result = desk
        .rate_handover(&turn.me.caller, turn.ticket.id, quality, turn.now)
        .await;
    turn.end(result, "said.rated").await
}

#[derive(Debug, Deserialize)]
struct BounceForm {
    version: i32,
    #[serde(default)]
    bounce_code: String,
    #[serde(default)]
    bounce_reason: String,
    #[serde(default)]
    seen: String,
}

async fn bounce(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
    Form(form): Form<BounceForm>,
) -> Result<Response, WebError> {
    let typed = HashMap::from([
        ("bounce_code", form.bounce_code.clone()),
        ("bounce_reason", form.bounce_reason.clone()),
    ]);
    let mut turn = begin(app, me, frame, number, "bounce", typed).await?;
    turn.seen = form.seen;
    let desk = turn.app.desk.clone();
    let result = desk
        .bounce(
            &turn.me.caller,
            turn.ticket.id,
            form.version,
            form.bounce_code.parse().ok(),
            &form.bounce_reason,
            turn.now,
        )
        .await;
    turn.end(result, "said.bounced").await
}
