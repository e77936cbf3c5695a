//! The search page: a number opens its ticket, words find tickets, and staff find the people of whom they may open a page. Words of the filter
//! language lead to the filtered list.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tierdesk_desk::search::PAGE;
use tierdesk_domain::excerpt::Piece;
use tierdesk_domain::filter::Filter;
use tierdesk_domain::id::{PersonId, TicketNumber};
use tierdesk_domain::text::{fill, t};
use tierdesk_store::search::{Found, FoundPerson};
use uuid::Uuid;

use crate::dashboard;
use crate::extract::{Me, Now, Query};
use crate::filters;
use crate::frame::Frame;
use crate::moment::Moment;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::visitor::Roles;
use crate::words;
use crate::{AppState, WebError};

/// The last page of hits that is read; ranking ends long before. A person's list has as many pages as they have tickets.
const LAST_PAGE: usize = 50;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::SignedIn, "/search", show);
}

struct Row {
    href: String,
    number: i64,
    title: Vec<Piece>,
    excerpt: Vec<Piece>,
    internal: bool,
    priority: i16,
    status: &'static str,
    status_slug: &'static str,
    requester: String,
    updated: Moment,
}

impl Row {
    fn new(found: Found, staff: bool, frame: &Frame) -> Self {
        Self {
            href: ticket_address(found.number, staff),
            number: found.number.0,
            title: found.title,
            excerpt: found.excerpt,
            internal: found.internal,
            priority: found.priority.number(),
            status: words::status(found.status),
            status_slug: words::status_slug(found.status),
            requester: found.requester,
            updated: frame.at(&found.updated_at),
        }
    }
}

/// Engineers open the workspace, which sends those on who only have a requester's page.
fn ticket_address(number: TicketNumber, staff: bool) -> String {
    if staff {
        format!("/tickets/{}", number.0)
    } else {
        format!("/my/{}", number.0)
    }
}

/// A person, with the page of them that the reader may open.
struct PersonRow {
    href: String,
    /// Their page for administrators, where `href` is another one; else `""`.
    account: String,
    person: FoundPerson,
}

impl PersonRow {
    /// Engineers go on to what the person filed, administrators to their page, managers to what they have.
    fn new(person: FoundPerson, roles: Roles) -> Self {
        let account = format!("/admin/people/{}", person.id);
        let (href, account) = if roles.engineer {
            let account = if roles.administrator {
                account
            } else {
                String::new()
            };
            (format!("/search?person={}", person.id), account)
        } else if roles.administrator {
            (account, String::new())
        } else {
            (dashboard::has(person.id), String::new())
        };
        Self {
            href,
            account,
            person,
        }
    }
}

/// What both layouts show.
struct Results {
    text: String,
    staff: bool,
    /// The heading of a person's list, or `""`.
    of_person: String,
    exact: Option<(String, i64)>,
    people: Vec<PersonRow>,
    rows: Vec<Row>,
    /// Why there is nothing: a title and a line, or nothing to say.
    empty: Option<(&'static str, &'static str)>,
    newest_only: bool,
    back: String,
    more: String,
}

#[derive(Template)]
#[template(path = "search/desk.html")]
struct DeskPage {
    frame: Frame,
    found: Results,
}

#[derive(Template)]
#[template(path = "search/own.html")]
struct OwnPage {
    frame: Frame,
    found: Results,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    person: String,
    page: String,
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Now(now): Now,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let staff = me.visitor.roles.staff();
    let text = asked.q.trim().to_owned();
    let person = asked.person.parse::<Uuid>().ok();
    // A page that nobody offered is as good as the first.
    let page = asked
        .page
        .parse::<usize>()
        .ok()
        .filter(|page| person.is_some() || *page <= LAST_PAGE)
        .unwrap_or(0);
    let mut found = Results {
        text: text.clone(),
        staff,
        of_person: String::new(),
        exact: None,
        people: Vec::new(),
        rows: Vec::new(),
        empty: None,
        newest_only: false,
        back: String::new(),
        more: String::new(),
    };
    let address = |key: &str, value: &str, page: usize| {
        format!("/search?{key}={}&page={page}", filters::encoded(value))
    };
    if let Some(person) = person {
        let mut tickets = app
            .desk
            .tickets_of(&me.caller, PersonId(person), page, now)
            .await?;
        let more = tickets.len() > PAGE;
        tickets.truncate(PAGE);
        found.of_person = fill(
            "search.of_person",
            &[(
                "name",
                &tickets.first().map_or("…", |it| it.requester.as_str()),
            )],
        );
        found.empty = tickets
            .is_empty()
            .then(|| (t("search.nothing"), t("search.nothing_line")));
        found.rows = tickets
            .into_iter()
            .map(|it| Row::new(it, staff, &frame))
            .collect();
        if more {
            found.more = address("person", &asked.person, page + 1);
        }
        if page > 0 {
            found.back = address("person", &asked.person, page - 1);
        }
    } else if text.is_empty() {
        found.empty = Some((t("search.start"), t("search.start_line")));
    } else if Filter::has_words(&text) && (me.visitor.roles.engineer || me.visitor.roles.manager) {
        let list = format!("/tickets?q={}", filters::encoded(&text));
        return Ok(see(&list, None));
    } else {
        let results = app.desk.search(&me.caller, &text, page, now).await?;
        if let Some(number) = results.exact {
            let href = ticket_address(number, staff);
            // `#10482` can only mean that ticket; bare digits may also be words.
            if !text.starts_with(|c: char| c.is_ascii_digit()) {
                return Ok(see(&href, None));
            }
            found.exact = Some((href, number.0));
        }
        found.newest_only = results.hits.more_exist;
        if results.hits.ranked > ((page + 1) * PAGE) as u64 {
            found.more = address("q", &text, page + 1);
        }
        if page > 0 {
            found.back = address("q", &text, page - 1);
        }
        let nothing =
            results.hits.tickets.is_empty() && results.people.is_empty() && found.exact.is_none();
        found.empty = if results.gave_up {
            Some((t("search.too_slow"), t("search.too_slow_line")))
        } else if results.says_nothing && found.exact.is_none() {
            Some((t("search.only_common"), t("search.only_common_line")))
        } else {
            nothing.then(|| (t("search.nothing"), t("search.nothing_line")))
        };
        let roles = me.visitor.roles;
        let row = |person| PersonRow::new(person, roles);
        found.people = results.people.into_iter().map(row).collect();
        found.rows = results
            .hits
            .tickets
            .into_iter()
            .map(|it| Row::new(it, staff, &frame))
            .collect();
    }
    Ok(if staff {
        Page(DeskPage { frame, found }).into_response()
    } else {
        Page(OwnPage { frame, found }).into_response()
    })
}
