//! The developer mailbox: mail that is not sent, because the demo has no mail server. Only where the settings open it (the demo
//! does): its mails hold links that set passwords.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use tierdesk_store::mailbox;
use uuid::Uuid;

use crate::extract::{Path, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::Page;
use crate::routes::{Audience, Routes};
use crate::{AppState, WebError};

const ROWS: i64 = 50;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Everyone, "/mailbox", list);
    routes.get(Audience::Everyone, "/mailbox/{id}", show);
    routes.get(Audience::Everyone, "/mailbox/{id}/html", html);
}

fn open(app: &AppState) -> Result<(), WebError> {
    if app.mailbox() {
        Ok(())
    } else {
        Err(WebError::NotFound)
    }
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    to: String,
    before: Option<chrono::DateTime<chrono::Utc>>,
    before_id: Option<Uuid>,
}

struct MailRow {
    id: Uuid,
    to: String,
    subject: String,
    at: Moment,
}

#[derive(Template)]
#[template(path = "mailbox/list.html")]
struct ListPage {
    frame: Frame,
    to: String,
    rows: Vec<MailRow>,
    older: Option<String>,
}

async fn list(
    State(app): State<AppState>,
    frame: Frame,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    open(&app)?;
    let to = asked.to.trim().to_lowercase();
    let mut conn = app.desk.acquire().await?;
    let recipient = Some(to.as_str()).filter(|it| !it.is_empty());
    let mut kept = mailbox::kept(
        &mut conn,
        recipient,
        asked.before.zip(asked.before_id),
        ROWS + 1,
    )
    .await?;
    drop(conn);
    let more = kept.len() as i64 > ROWS;
    kept.truncate(ROWS as usize);
    let older = kept.last().filter(|_| more).map(|last| {
        format!(
            "/mailbox?to={}&before={}&before_id={}",
            filters::encoded(&to),
            filters::encoded(&last.at.to_rfc3339()),
            last.id
        )
    });
    let rows = kept
        .into_iter()
        .map(|it| MailRow {
            at: frame.at(&it.at),
            id: it.id,
            to: it.recipient,
            subject: it.subject,
        })
        .collect();
    Ok(Page(ListPage {
        frame,
        to,
        rows,
        older,
    })
    .into_response())
}

#[derive(Template)]
#[template(path = "mailbox/show.html")]
struct MailPage {
    frame: Frame,
    mail: MailRow,
    text: String,
    links: Vec<String>,
}

async fn show(
    State(app): State<AppState>,
    frame: Frame,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    open(&app)?;
    let (kept, content) = app.desk.kept_mail(id).await?;
    let links = own_links(&content.text, &app.settings.base_url);
    let mail = MailRow {
        at: frame.at(&kept.at),
        id,
        to: kept.recipient,
        subject: kept.subject,
    };
    Ok(Page(MailPage {
        frame,
        mail,
        text: content.text,
        links,
    })
    .into_response())
}

/// The links to our own pages in a mail, as paths: the frame that shows the mail lets nothing be opened.
fn own_links(text: &str, base_url: &str) -> Vec<String> {
    text.split_whitespace()
        .filter_map(|word| {
            word.trim_matches(['<', '>', '(', ')', '.', ','])
                .strip_prefix(base_url)
        })
        .filter(|path| path.starts_with('/'))
        .map(str::to_owned)
        .collect()
}

/// The mail's HTML for the sandboxed frame of the page (AT-XSS-2, decision 37): no script, no form, nothing from elsewhere.
async fn html(State(app): State<AppState>, Path(id): Path<Uuid>) -> Result<Response, WebError> {
    open(&app)?;
    let (_, content) = app.desk.kept_mail(id).await?;
    let mut response = Html(content.html).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"),
    );
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::own_links;

    #[test]
    fn links_to_other_places_are_not_offered() {
        let text = "Open <http://localhost:8080/password/reset/abc>.\nNot http://evil.example/x nor http://localhost:8080.evil.example/";
        assert_eq!(
            own_links(text, "http://localhost:8080"),
            ["/password/reset/abc"]
        );
    }
}
