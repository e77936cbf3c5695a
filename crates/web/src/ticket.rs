//! The ticket's workspace: one page, one timeline, everything an engineer does with a ticket.

mod actions;
mod handover;
mod workspace;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::draft::Purpose;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::TicketNumber;
use tierdesk_store::ticket::{self, Ticket};
use tierdesk_store::{PgConnection, presence};

use crate::extract::{Form, Me, Now, Path};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError, live};

pub(crate) use workspace::Workspace;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/tickets/{number}", show);
    routes.stream(Audience::Staff, "/tickets/{number}/live", stream);
    routes.post(Audience::Staff, "/tickets/{number}/seen", seen);
    routes.post(Audience::Engineer, "/tickets/{number}/draft", draft);
    actions::routes(routes);
    handover::routes(routes);
}

/// The address of a ticket's workspace.
pub(crate) fn address(number: TicketNumber) -> String {
    format!("/tickets/{}", number.0)
}

/// The ticket of a path, if its internal side is the reader's to see.
pub(crate) async fn find(app: &AppState, me: &Me, number: i64) -> Result<Ticket, WebError> {
    find_in(&mut *app.desk.acquire().await?, me, number).await
}

async fn find_in(conn: &mut PgConnection, me: &Me, number: i64) -> Result<Ticket, WebError> {
    let scope = authorize(&me.caller.who, Action::ListTickets)?;
    let ticket = ticket::by_number(conn, &scope, TicketNumber(number)).await?;
    let ticket = ticket.ok_or(WebError::NotFound)?;
    // Who may read it only as its requester learns nothing here, not even that there is more.
    authorize(&me.caller.who, Action::ReadInternal(ticket.facts()))
        .map_err(|_| WebError::NotFound)?;
    Ok(ticket)
}

/// Requesters who follow a link from an engineer land on their own page of the ticket.
async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let mut conn = app.desk.acquire().await?;
    match find_in(&mut conn, &me, number).await {
        Ok(ticket) => {
            let page = Workspace::load(&app.desk, &mut conn, &me, ticket, frame).await?;
            drop(conn);
            Ok(Page(page).into_response())
        }
        Err(WebError::NotFound) => {
            let scope = authorize(&me.caller.who, Action::ListTickets)?;
            let own = ticket::by_number(&mut conn, &scope, TicketNumber(number)).await?;
            own.ok_or(WebError::NotFound)?;
            Ok(see(&format!("/my/{number}"), None))
        }
        Err(error) => Err(error),
    }
}

async fn stream(
    State(app): State<AppState>,
    me: Me,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    Ok(live::one_ticket(&app, &me, ticket.id))
}

/// The page tells when it was really looked at; opening a link elsewhere marks nothing.
async fn seen(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    app.desk.mark_read(&me.caller, ticket.id, now).await?;
    Ok(see(&address(ticket.number), None))
}

/// What the composer holds.
#[derive(Debug, Deserialize)]
struct Typed {
    #[serde(default)]
    mode: String,
    #[serde(default)]
    body: String,
}

/// Keeps what an engineer began to write, and lets the others see that somebody writes.
async fn draft(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
    Form(typed): Form<Typed>,
) -> Result<Response, WebError> {
    let ticket = find(&app, &me, number).await?;
    let purpose = if typed.mode == "note" {
        Purpose::Note(ticket.id)
    } else {
        Purpose::Reply(ticket.id)
    };
    app.desk
        .keep_draft(&me.caller, purpose, &typed.body, now)
        .await?;
    let mut conn = app.desk.acquire().await?;
    presence::touch(&mut conn, ticket.id, me.visitor.principal.person, true, now).await?;
    Ok(axum::http::StatusCode::NO_CONTENT.into_response())
}
