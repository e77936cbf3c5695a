//! Is it alive, can it work.

use axum::extract::State;

use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Public, "/healthz", alive);
    routes.get(Audience::Public, "/readyz", ready);
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Answers once the database does.
async fn ready(State(app): State<AppState>) -> Result<&'static str, WebError> {
    let mut conn = app.desk.acquire().await?;
    tierdesk_store::instance::ping(&mut conn).await?;
    Ok("ready\n")
}
