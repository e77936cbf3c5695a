//! The form for a new ticket: one page, about a minute, complete without scripts.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tierdesk_desk::DeskError;
use tierdesk_desk::draft::Purpose;
use tierdesk_desk::ticket::{Filing, MAX_BODY, MAX_TITLE, NewTicket};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{CategoryId, FormId, HostId, TicketNumber};
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_store::category::{self, Category};
use tierdesk_store::requester;
use tierdesk_store::ticket::{self, Ticket};
use uuid::Uuid;

use crate::attachment::{self, Files, Sent};
use crate::extract::{Form, Me, Multipart, Now, Query};
use crate::form::{Errors, LOOK_AGAIN};
use crate::frame::Frame;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::safe_html::{SafeHtml, markdown};
use crate::{AppState, WebError, filters};

/// Where the form is and is sent.
const HERE: &str = "/tickets/new";

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, HERE, show);
    routes.upload(Audience::SignedIn, HERE, file);
    routes.post(Audience::SignedIn, "/tickets/new/draft", keep);
}

/// What the form holds, as it is typed: in the page, in an address that fills it in, and in the draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Fields {
    category: String,
    title: String,
    description: String,
    impact: String,
    urgency: String,
    host: String,
    /// The number of the closed ticket that this one follows.
    after: String,
    /// The name that files wait under.
    form: String,
}

impl Fields {
    fn read(sent: &Sent) -> Self {
        let text = |name| sent.text(name).to_owned();
        Self {
            category: text("category"),
            title: text("title"),
            description: text("description"),
            impact: text("impact"),
            urgency: text("urgency"),
            host: text("host"),
            after: text("after"),
            form: sent.form.to_string(),
        }
    }

    /// Cut to what a draft may hold.
    fn short(self) -> Self {
        let cut =
            |text: String, limit: usize| field::many_lines(&text).chars().take(limit).collect();
        Self {
            category: cut(self.category, 36),
            title: cut(self.title, MAX_TITLE),
            description: cut(self.description, MAX_BODY),
            impact: cut(self.impact, 16),
            urgency: cut(self.urgency, 16),
            host: cut(self.host, 36),
            after: cut(self.after, 20),
            form: cut(self.form, 36),
        }
    }

    fn says_something(&self) -> bool {
        !self.title.trim().is_empty() || !self.description.trim().is_empty()
    }

    fn category(&self) -> Option<CategoryId> {
        self.category.parse().ok().map(CategoryId)
    }

    /// Everything that is wrong, in the order of the page.
    fn check(&self) -> Result<NewTicket, Vec<FieldError>> {
        let mut errors = Vec::new();
        let choose = |name| FieldError::new(name, "error.choose_one");
        if self.category().is_none() {
            errors.push(choose("category"));
        }
        field::required(
            "title",
            &field::one_line(&self.title),
            MAX_TITLE,
            &mut errors,
        );
        field::required(
            "description",
            &field::many_lines(&self.description),
            MAX_BODY,
            &mut errors,
        );
        let impact: Option<Impact> = self.impact.parse().ok();
        let urgency: Option<Urgency> = self.urgency.parse().ok();
        if impact.is_none() {
            errors.push(choose("impact"));
        }
        if urgency.is_none() {
            errors.push(choose("urgency"));
        }
        let host: Option<Uuid> = self.host.parse().ok();
        if host.is_none() && !self.host.is_empty() {
            errors.push(choose("host"));
        }
        match (impact, urgency) {
            (Some(impact), Some(urgency)) if errors.is_empty() => Ok(NewTicket {
                category: self.category(),
                title: self.title.clone(),
                description: self.description.clone(),
                impact,
                urgency,
                host: host.map(HostId),
                channel: Channel::Web,
            }),
            _ => Err(errors),
        }
    }
}

/// One card of a choice.
struct Card {
    value: String,
    title: String,
    line: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "requester/new.html")]
struct NewPage {
    frame: Frame,
    fields: Fields,
    errors: Errors,
    files: Files,
    categories: Vec<Card>,
    /// The reader's own machines; the field is left out where there is none, unless something is wrong with it.
    hosts: Vec<Card>,
    /// The ticket that this one follows.
    before: Option<Before>,
    preview: Option<SafeHtml>,
    /// Whether an older draft waits beside what an address filled in.
    older_draft: bool,
}

struct Before {
    number: i64,
    title: String,
}

impl NewPage {
    async fn load(app: &AppState, me: &Me, frame: Frame, fields: Fields) -> Result<Self, WebError> {
        let mut conn = app.desk.acquire().await?;
        let categories = cards(&category::all(&mut conn).await?, &fields.category);
        let hosts = requester::hosts(&mut conn, me.visitor.principal.person)
            .await?
            .into_iter()
            .map(|(id, name)| Card {
                chosen: fields.host == id.to_string(),
                value: id.to_string(),
                title: name,
                line: String::new(),
            })
            .collect();
        drop(conn);
        let before = before(app, me, &fields.after).await?.map(|it| Before {
            number: it.number.0,
            title: it.title,
        });
        let files = match fields.form.parse() {
            Ok(form) => Files::of(app, &me.caller, FormId(form), HERE, frame.now).await?,
            Err(_) => Files::fresh(HERE),
        };
        Ok(Self {
            frame,
            fields,
            errors: Errors::default(),
            files,
            categories,
            hosts,
            before,
            preview: None,
            older_draft: false,
        })
    }
}

/// What people choose from: categories that have none below them, with the name of the one above.
fn cards(all: &[Category], chosen: &str) -> Vec<Card> {
    all.iter()
        .filter(|it| !all.iter().any(|other| other.parent == Some(it.id)))
        .map(|it| {
            let above = all.iter().find(|other| Some(other.id) == it.parent);
            let value = it.id.to_string();
            Card {
                title: above.map_or_else(
                    || it.name.clone(),
                    |above| format!("{} · {}", above.name, it.name),
                ),
                line: it.hint.clone(),
                chosen: value == chosen,
                value,
            }
        })
        .collect()
}

/// The reader's own ticket of that number; another's is as good as none.
async fn before(app: &AppState, me: &Me, number: &str) -> Result<Option<Ticket>, WebError> {
    let Some(number) = TicketNumber::parse(number) else {
        return Ok(None);
    };
    let scope = app.desk.scope(&me.caller)?;
    let mut conn = app.desk.acquire().await?;
    let found = ticket::by_number(&mut conn, &scope, number).await?;
    Ok(found.filter(|it| authorize(&me.caller.who, Action::ActAsRequester(it.facts())).is_ok()))
}

/// The empty form, the draft, or what an address fills in (`?title=…&category=…`, or `?after=10482` for asking again).
async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(given): Query<Fields>,
) -> Result<Response, WebError> {
    let draft: Option<Fields> = app
        .desk
        .form(&me.caller, Purpose::New)
        .await?
        .and_then(|body| serde_json::from_value(body).ok());
    let mut fields = given.clone();
    // A name for files comes from the form itself, never from an address that somebody else may have made.
    fields.form = String::new();
    if let Some(earlier) = before(&app, &me, &given.after).await?
        && !given.says_something()
    {
        fields.title = earlier.title;
        fields.category = earlier
            .category
            .map(|it| it.to_string())
            .unwrap_or_default();
    }
    let asked_for = fields != Fields::default();
    let older_draft = asked_for && draft.as_ref().is_some_and(Fields::says_something);
    let fields = if asked_for {
        fields
    } else {
        draft.unwrap_or_default()
    };
    let page = NewPage {
        older_draft,
        ..NewPage::load(&app, &me, frame, fields).await?
    };
    Ok(Page(page).into_response())
}

/// Files the ticket, or shows the form again with everything in it.
async fn file(
    State(app): State<AppState>,
    me: Me,
    mut frame: Frame,
    parts: Multipart,
) -> Result<Response, WebError> {
    let sent = Sent::read(parts, &app, &me, None).await?;
    frame.now = sent.at;
    let now = sent.at;
    let fields = Fields::read(&sent);
    let preview = sent.text("do") == "preview";
    let mut status = StatusCode::OK;
    let mut errors = sent.errors.clone();
    if !preview && !sent.has(attachment::REMOVE) {
        let follows = before(&app, &me, &fields.after).await?.map(|it| it.id);
        let outcome = match (fields.check(), errors.is_empty()) {
            (Ok(ticket), true) => {
                let filing = Filing {
                    ticket,
                    files: Some(sent.form),
                    follows,
                };
                app.desk.file_ticket(&me.caller, filing, now).await
            }
            (Ok(_), false) => Err(DeskError::Invalid(Vec::new())),
            (Err(wrong), _) => Err(DeskError::Invalid(wrong)),
        };
        let wrong = match outcome {
            Ok(filed) => {
                if let Some(closed) = follows {
                    // What was written as an answer to the closed ticket has become this one.
                    let answer = Purpose::Answer(closed);
                    app.desk.keep_draft(&me.caller, answer, "", now).await?;
                }
                return Ok(see(&format!("/my/{}", filed.number.0), Some("said.filed")));
            }
            Err(DeskError::Invalid(wrong)) => wrong,
            Err(other) => return Err(other.into()),
        };
        let mut all = Errors::from(wrong);
        for (name, sentence) in errors.all() {
            all.add(name, sentence);
        }
        (status, errors) = (LOOK_AGAIN, all);
    }
    let body = serde_json::to_value(fields.clone().short()).map_err(WebError::internal)?;
    app.desk
        .keep_form(&me.caller, Purpose::New, Some(body), now)
        .await?;
    let shown = (preview && !fields.description.trim().is_empty())
        .then(|| markdown(&field::many_lines(&fields.description)));
    let page = NewPage {
        preview: shown,
        errors,
        ..NewPage::load(&app, &me, frame, fields).await?
    };
    Ok(Page(page).status(status))
}

/// Keeps what is typed, while it is typed.
async fn keep(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Form(fields): Form<Fields>,
) -> Result<Response, WebError> {
    let fields = fields.short();
    let body = if fields.says_something() {
        Some(serde_json::to_value(fields).map_err(WebError::internal)?)
    } else {
        None
    };
    app.desk
        .keep_form(&me.caller, Purpose::New, body, now)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_in_the_order_of_the_page() {
        let wrong = Fields {
            host: "x".to_owned(),
            ..Fields::default()
        }
        .check()
        .expect_err("nothing is filled in");
        let names: Vec<_> = wrong.iter().map(|it| it.field).collect();
        assert_eq!(
            names,
            [
                "category",
                "title",
                "description",
                "impact",
                "urgency",
                "host"
            ]
        );
    }
}
