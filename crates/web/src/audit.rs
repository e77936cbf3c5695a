//! The audit log, for administrators. Reading it is written down in it, too.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_store::audit::{self, Filter, Listed};
use uuid::Uuid;

use crate::extract::{Me, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

const ROWS: i64 = 100;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Administrator, "/admin/audit", show);
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    action: String,
    #[serde(default)]
    object: String,
    actor: Option<Uuid>,
    before: Option<i64>,
}

struct AuditRow {
    it: Listed,
    /// The person who did it, and their id; `""` where it was none.
    name: String,
    actor: String,
    at: Moment,
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct AuditPage {
    frame: Frame,
    action: String,
    object: String,
    rows: Vec<AuditRow>,
    older: Option<String>,
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    authorize(&me.caller.who, Action::ReadAudit)?;
    let filter = Filter {
        action: Some(asked.action.trim()).filter(|it| !it.is_empty()),
        object: Some(asked.object.trim().trim_start_matches('#')).filter(|it| !it.is_empty()),
        actor: asked.actor,
    };
    let detail = serde_json::json!({"action": filter.action, "object": filter.object, "actor": filter.actor, "before": asked.before});
    app.desk
        .note_audit_read(&me.caller, detail, frame.now)
        .await?;
    let mut conn = app.desk.acquire().await?;
    let mut rows = audit::list(&mut conn, &filter, asked.before, ROWS + 1).await?;
    drop(conn);
    let older = (rows.len() as i64 > ROWS).then(|| {
        rows.truncate(ROWS as usize);
        let last = rows.last().map_or(0, |it| it.row.seq);
        let actor = asked
            .actor
            .map(|it| format!("&actor={it}"))
            .unwrap_or_default();
        format!(
            "/admin/audit?action={}&object={}{actor}&before={last}",
            filters::encoded(&asked.action),
            filters::encoded(&asked.object)
        )
    });
    let rows = rows
        .into_iter()
        .map(|it| AuditRow {
            at: frame.at(&it.row.at),
            name: it.actor_name.clone().unwrap_or_default(),
            actor: it.row.actor_id.map(|id| id.to_string()).unwrap_or_default(),
            it,
        })
        .collect();
    Ok(Page(AuditPage {
        frame,
        action: asked.action,
        object: asked.object,
        rows,
        older,
    })
    .into_response())
}
