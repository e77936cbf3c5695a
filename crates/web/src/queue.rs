//! Queues: one's own work, and a team's work at one tier.

mod tickets;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, TimeZone, Utc};
use serde::Deserialize;
use tierdesk_desk::DeskError;
use tierdesk_domain::authorize::{Action, Scope, authorize};
use tierdesk_domain::clock::Book;
use tierdesk_domain::id::{TicketId, TicketNumber};
use tierdesk_domain::ticket::Status;
use tierdesk_domain::tier::Tier;
use tierdesk_store::queue::{self, After, COUNTED, Counts, Line, Queue, View};
use tierdesk_store::ticket;
use uuid::Uuid;

use crate::clock_chip::ClockChip;
use crate::extract::{Form, Me, Now, Path, Query};
use crate::filter_box::FilterBox;
use crate::filters;
use crate::frame::Frame;
use crate::live;
use crate::moment::{Moment, ago};
use crate::navigation::queue_address;
use crate::page::{Page, see};
use crate::routes::{Audience, Routes};
use crate::visitor::initials;
use crate::words;
use crate::{AppState, WebError};

/// Lines on a page of a queue.
const PAGE: i64 = 50;
/// As many tickets as a page shows can be taken at once.
const TAKE_AT_ONCE: usize = 50;

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Engineer, "/queue", mine);
    routes.get(Audience::Staff, "/queue/{tier}/{team}", show);
    routes.get(Audience::Staff, "/tickets", tickets::show);
    routes.stream(Audience::Staff, "/queue/{tier}/{team}/live", stream);
    routes.post(Audience::Engineer, "/queue/{tier}/{team}/next", next);
    routes.post(Audience::Engineer, "/queue/{tier}/{team}/take", take);
}

/// One line, ready for the template.
struct Row {
    number: i64,
    title: String,
    requester: String,
    host: String,
    priority: i16,
    tier: Tier,
    team: String,
    status: &'static str,
    status_slug: &'static str,
    assignee: String,
    assignee_initials: String,
    yours: bool,
    clock: Option<ClockChip>,
    updated: Moment,
    updated_ago: String,
    unread: bool,
    waits: bool,
}

impl Row {
    fn new(line: Line, me: &Me, frame: &Frame, book: &Book) -> Self {
        let waits = matches!(line.status, Status::Pending | Status::OnHold);
        let clock = match &line.clock {
            Some(clock) => Some(ClockChip::of_line(
                clock,
                &line.about,
                book,
                frame.now,
                frame.zone,
            )),
            None => waits.then(ClockChip::paused),
        };
        let (yours, assignee) = match line.assignee {
            Some((id, name)) => (id == me.visitor.principal.person, name),
            None => (false, String::new()),
        };
        Self {
            number: line.number.0,
            title: line.title,
            requester: line.requester,
            host: line.host.unwrap_or_default(),
            priority: line.priority.number(),
            tier: line.tier,
            team: line.team_name,
            status: words::status(line.status),
            status_slug: words::status_slug(line.status),
            assignee_initials: initials(&assignee),
            assignee,
            yours,
            clock,
            updated_ago: ago(line.updated_at, frame.now),
            updated: frame.at(&line.updated_at),
            unread: line.unread,
            waits,
        }
    }
}

/// One of the views above a queue.
struct ViewTab {
    word: &'static str,
    label: &'static str,
    count: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "queue/queue.html")]
struct QueuePage {
    frame: Frame,
    /// `L2 Network`, or “My work”.
    title: String,
    tier: i16,
    /// The queue's address; `""` for one's own work.
    address: String,
    view: &'static str,
    views: Vec<ViewTab>,
    counts: Counts,
    rows: Vec<Row>,
    /// Where the next page begins, or `""`.
    next: String,
    /// Whether this is not the first page.
    later: bool,
    /// Whether the reader may take tickets here.
    may_take: bool,
    mine: u64,
    in_a_queue: bool,
    filter: FilterBox,
}

impl QueuePage {
    /// The address of this list, ready for one more parameter.
    fn base(&self) -> String {
        let own = if self.address.is_empty() {
            "/queue"
        } else {
            &self.address
        };
        format!("{own}?view={}{}", self.view, self.filter.parameter())
    }
}

/// Which part of a queue, and from where on.
#[derive(Debug, Default, Deserialize)]
struct Part {
    #[serde(default)]
    view: String,
    /// The last ticket of the page before: its clock in microseconds, a dot, its id.
    #[serde(default)]
    after: String,
    /// A filter.
    #[serde(default)]
    q: String,
}

/// `1764000000000000.0193…` as a place in a queue; anything unreadable is its beginning.
fn read_after(text: &str) -> Option<After> {
    let (clock, id) = text.split_once('.')?;
    let clock = match clock {
        "" => None,
        micros => Some(Utc.timestamp_micros(micros.parse().ok()?).single()?),
    };
    Some(After {
        clock,
        id: TicketId(id.parse::<Uuid>().ok()?),
    })
}

fn write_after(line: &Line) -> String {
    let clock = line
        .clock
        .as_ref()
        .map(|clock| clock.due_at.timestamp_micros().to_string());
    format!("{}.{}", clock.unwrap_or_default(), line.id)
}

/// Splits one line more than a page off into the address of the next page.
fn split_page(mut lines: Vec<Line>) -> (Vec<Line>, String) {
    if lines.len() as i64 <= PAGE {
        return (lines, String::new());
    }
    lines.truncate(PAGE as usize);
    let next = lines.last().map(write_after).unwrap_or_default();
    (lines, next)
}

async fn mine(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Query(part): Query<Part>,
) -> Result<Response, WebError> {
    let after = read_after(&part.after);
    let mut filter = FilterBox::new("/queue", "", &part.q);
    let lines = if filter.is_used() {
        let own = format!("{} assigned:me", filter.text);
        let found = app
            .desk
            .filtered(&me.caller, &own, None, (after, PAGE + 1), frame.now)
            .await;
        filter.take(found)?
    } else {
        let mut conn = app.desk.acquire().await?;
        queue::own_page(&mut conn, me.visitor.principal.person, after, PAGE + 1).await?
    };
    let rulebook = app.desk.rulebook(&mut *app.desk.acquire().await?).await?;
    let (lines, next) = split_page(lines);
    let status = filter.status();
    let mine = frame
        .nav
        .mine
        .iter()
        .find_map(|link| link.count)
        .unwrap_or_default();
    let page = QueuePage {
        title: tierdesk_domain::text::t("queue.my_work").to_owned(),
        tier: 0,
        address: String::new(),
        view: "",
        views: Vec::new(),
        counts: Counts::default(),
        rows: lines
            .into_iter()
            .map(|line| Row::new(line, &me, &frame, &rulebook.book))
            .collect(),
        next,
        later: after.is_some(),
        may_take: false,
        mine,
        in_a_queue: !me.visitor.principal.memberships.is_empty(),
        filter,
        frame,
    };
    Ok(Page(page).status(status))
}

/// The queue of a path, if the reader may see it.
async fn find(app: &AppState, me: &Me, tier: &str, team: &str) -> Result<Queue, WebError> {
    let (scope, tier) = way_in(me, tier)?;
    queue::find(&mut *app.desk.acquire().await?, &scope, team, tier)
        .await?
        .ok_or(WebError::NotFound)
}

/// What the reader may see of queues, and the tier of a path.
fn way_in(me: &Me, tier: &str) -> Result<(Scope, Tier), WebError> {
    let scope = authorize(&me.caller.who, Action::ListTickets)?;
    if !scope.internal() {
        return Err(WebError::NotFound);
    }
    let tier = Tier::from_name(tier).ok_or(WebError::NotFound)?;
    Ok((scope, tier))
}

fn may_take(me: &Me, queue: &Queue) -> bool {
    let memberships = &me.visitor.principal.memberships;
    memberships.contains(&(queue.team(), queue.tier()))
        || memberships.contains(&(queue.team(), Tier::L3))
}

async fn show(
    State(app): State<AppState>,
    me: Me,
    frame: Frame,
    Path((tier, team)): Path<(String, String)>,
    Query(part): Query<Part>,
) -> Result<Response, WebError> {
    let mut conn = app.desk.acquire().await?;
    let (scope, tier) = way_in(&me, &tier)?;
    let view = View::from_word(&part.view);
    let after = read_after(&part.after);
    let reader = me.visitor.principal.person;
    let found = queue::counted(&mut conn, &scope, &team, tier, reader, frame.now).await?;
    let Some((queue, counts)) = found else {
        // A bookmark outlives the name of a team.
        let queue = queue::renamed(&mut conn, &scope, &team, tier).await?;
        let queue = queue.ok_or(WebError::NotFound)?;
        return Ok(see(&queue_address(tier, queue.team_name()), None));
    };
    let rulebook = app.desk.rulebook(&mut conn).await?;
    let address = queue_address(queue.tier(), queue.team_name());
    let mut filter = FilterBox::new(&address, view.as_str(), &part.q);
    let lines = if filter.is_used() {
        drop(conn);
        let within = Some((&queue, view));
        let found = app
            .desk
            .filtered(
                &me.caller,
                &filter.text,
                within,
                (after, PAGE + 1),
                frame.now,
            )
            .await;
        filter.take(found)?
    } else {
        queue::page(&mut conn, &queue, reader, view, after, PAGE + 1, frame.now).await?
    };
    let status = filter.status();
    let (lines, next) = split_page(lines);
    let tab = |it: View, label, count| ViewTab {
        word: it.as_str(),
        label: tierdesk_domain::text::t(label),
        count,
        here: it == view,
    };
    let page = QueuePage {
        title: format!("{} {}", queue.tier(), queue.team_name()),
        tier: queue.tier().number(),
        address,
        view: view.as_str(),
        views: vec![
            tab(View::All, "queue.view_all", filters::grouped(counts.all)),
            tab(View::Mine, "queue.view_mine", counted(counts.mine)),
            tab(View::Free, "queue.view_free", filters::grouped(counts.free)),
            tab(View::Late, "queue.view_late", counted(counts.late)),
            tab(
                View::Waiting,
                "queue.view_waiting",
                filters::grouped(counts.waiting),
            ),
        ],
        counts,
        rows: lines
            .into_iter()
            .map(|line| Row::new(line, &me, &frame, &rulebook.book))
            .collect(),
        next,
        later: after.is_some(),
        may_take: may_take(&me, &queue),
        mine: 0,
        in_a_queue: true,
        filter,
        frame,
    };
    Ok(Page(page).status(status))
}

/// Tells an open queue that something changed; which tickets these are, only the page itself learns.
async fn stream(
    State(app): State<AppState>,
    me: Me,
    Path((tier, team)): Path<(String, String)>,
) -> Result<Response, WebError> {
    find(&app, &me, &tier, &team).await?;
    Ok(live::any_ticket(&app, &me))
}

/// Takes the first ticket that nobody has.
async fn next(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path((tier, team)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let queue = find(&app, &me, &tier, &team).await?;
    if !may_take(&me, &queue) {
        return Err(WebError::Forbidden);
    }
    let reader = me.visitor.principal.person;
    let lines = {
        let mut conn = app.desk.acquire().await?;
        queue::page(&mut conn, &queue, reader, View::Free, None, 20, now).await?
    };
    for line in lines {
        match app
            .desk
            .assign(&me.caller, line.id, Some(reader), None, now)
            .await
        {
            Ok(()) => {
                return Ok(see(
                    &format!("/tickets/{}", line.number.0),
                    Some("said.taken"),
                ));
            }
            // Somebody was faster, with that ticket or in moving it elsewhere: the next one.
            Err(
                DeskError::Conflict | DeskError::State(_) | DeskError::Denied | DeskError::NotFound,
            ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(see(
        &queue_address(queue.tier(), queue.team_name()),
        Some("said.nothing_to_take"),
    ))
}

/// The ticked tickets.
#[derive(Debug, Deserialize)]
struct Ticked {
    #[serde(default)]
    ticket: Vec<i64>,
}

/// Takes every ticked ticket that nobody has. What others took, moved or closed meanwhile is missed; the rest is theirs.
async fn take(
    State(app): State<AppState>,
    me: Me,
    Now(now): Now,
    Path((tier, team)): Path<(String, String)>,
    Form(ticked): Form<Ticked>,
) -> Result<Response, WebError> {
    let queue = find(&app, &me, &tier, &team).await?;
    if !may_take(&me, &queue) {
        return Err(WebError::Forbidden);
    }
    let address = queue_address(queue.tier(), queue.team_name());
    let (mut taken, mut missed) = (0, 0);
    for number in ticked.ticket.into_iter().take(TAKE_AT_ONCE) {
        match take_one(&app, &me, TicketNumber(number), now).await {
            Ok(()) => taken += 1,
            Err(
                WebError::Conflict | WebError::State(_) | WebError::NotFound | WebError::Forbidden,
            ) => missed += 1,
            Err(error) => return Err(error),
        }
    }
    let said = match (taken, missed) {
        (0, _) => "said.nothing_taken",
        (_, 0) => "said.taken",
        _ => "said.taken_some",
    };
    Ok(see(&address, Some(said)))
}

async fn take_one(
    app: &AppState,
    me: &Me,
    number: TicketNumber,
    now: DateTime<Utc>,
) -> Result<(), WebError> {
    let id = {
        let mut conn = app.desk.acquire().await?;
        ticket::id_of(&mut conn, number)
            .await?
            .ok_or(WebError::NotFound)?
    };
    Ok(app
        .desk
        .assign(&me.caller, id, Some(me.visitor.principal.person), None, now)
        .await?)
}

/// A sentence with a number, which says where counting stopped.
fn counted_words(key: &'static str, n: &u64) -> String {
    let n = *n;
    let words = tierdesk_domain::text::count(key, n);
    words.replacen(&n.to_string(), &counted(n), 1)
}

/// `25`, or `100+` where counting stopped.
fn counted(n: u64) -> String {
    if n >= COUNTED.unsigned_abs() {
        format!("{}+", filters::grouped(n))
    } else {
        n.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_queue_is_written_and_read() {
        let id = TicketId(Uuid::from_u128(7));
        let clock = Utc.timestamp_micros(1_764_000_000_123_456).single();
        for clock in [clock, None] {
            let text = format!(
                "{}.{id}",
                clock
                    .map(|at| at.timestamp_micros().to_string())
                    .unwrap_or_default()
            );
            assert_eq!(read_after(&text), Some(After { clock, id }));
        }
        for bad in ["", "x", "1.2", "99999999999999999999999.7", "<script>"] {
            assert_eq!(read_after(bad), None);
        }
    }

    #[test]
    fn a_count_says_where_it_stopped() {
        assert_eq!(
            (counted(99).as_str(), counted(100).as_str()),
            ("99", "100+")
        );
    }
}
