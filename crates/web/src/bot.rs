//! What engineers say to the bot: that it was wrong. What requesters say is on their ticket's page.

use axum::extract::State;
use axum::response::Response;
use tierdesk_desk::DeskError;

use crate::extract::{Me, Now, Path};
use crate::page::see;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.post(Audience::Engineer, "/tickets/{number}/undo-bot", undo);
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
