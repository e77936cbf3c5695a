//! What people say to the bot: the requester that it works, an engineer that it was wrong.

use axum::extract::State;
use axum::response::Response;
use tierdesk_desk::DeskError;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::TicketNumber;
use tierdesk_store::ticket;

use crate::extract::{Me, Now, Path};
use crate::page::see;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.post(Audience::SignedIn, "/my/{number}/works", works);
    routes.post(Audience::Engineer, "/tickets/{number}/undo-bot", undo);
}

/// The requester presses the button below the bot's question.
async fn works(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let scope = authorize(&me.caller.who, Action::ListTickets)?;
    let mut conn = app.desk.acquire().await?;
    let found = ticket::by_number(&mut conn, &scope, TicketNumber(number))
        .await?
        .ok_or(WebError::NotFound)?;
    drop(conn);
    let page = format!("/my/{number}");
    match app.desk.confirm_works(&me.caller, found.id, now).await {
        Ok(()) => Ok(see(&page, Some("said.works"))),
        // Pressed twice, or somebody was faster: the page says how it stands.
        Err(DeskError::State(_)) => Ok(see(&page, None)),
        Err(error) => Err(error.into()),
    }
}

/// An engineer takes back what the bot decided.
async fn undo(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let found = crate::ticket::find(&app, &me, number).await?;
    let page = crate::ticket::address(found.number);
    match app.desk.undo_bot(&me.caller, found.id, now).await {
        Ok(()) => Ok(see(&page, Some("said.bot_undone"))),
        Err(DeskError::State(_)) => Ok(see(&page, None)),
        Err(error) => Err(error.into()),
    }
}
