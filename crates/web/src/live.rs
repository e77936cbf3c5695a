//! What happens to tickets, as it happens: one listener per process, handed on to every open page.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use tierdesk_desk::work::{TICKET, TICKET_PUBLIC};
use tierdesk_domain::id::{PersonId, TicketId};
use tierdesk_domain::text::fill;
use tierdesk_store::notification::PERSON;
use tierdesk_store::{PgConnection, PgListener, Pool, notification, presence};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval};

use crate::extract::Me;
use crate::{AppState, WebError};

/// How many changes a slow page may lag behind before it is told to look again.
const BACKLOG: usize = 256;

/// A change, as the channels of the desk tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Something happened, perhaps internal.
    Any(TicketId),
    /// Something happened that its requester may see; [`Self::Any`] may come as well.
    Public(TicketId),
    /// Somebody was told something, or read it.
    Told(PersonId),
    /// The ear was not at the database for a while: anything may have happened.
    Missed,
}

/// The process's ear on the database. Cheap to clone; listens from the first subscriber on.
#[derive(Debug, Clone)]
pub struct Live {
    pool: Pool,
    hub: Arc<OnceLock<broadcast::Sender<Change>>>,
}

impl Live {
    /// Listens on this pool's database once somebody subscribes.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            hub: Arc::default(),
        }
    }

    /// What changes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.hub
            .get_or_init(|| {
                let (sender, _) = broadcast::channel(BACKLOG);
                tokio::spawn(listen(self.pool.clone(), sender.clone()));
                sender
            })
            .subscribe()
    }
}

/// Hands on what the database says; after a lost connection it tries again, a little later each time.
async fn listen(pool: Pool, hub: broadcast::Sender<Change>) {
    let mut wait = Duration::from_millis(200);
    loop {
        match hear(&pool, &hub).await {
            Ok(()) => wait = Duration::from_millis(200),
            // The program ends.
            Err(_) if pool.is_closed() => return,
            Err(error) => {
                tracing::warn!(%error, "live updates pause: the database does not answer");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(30));
            }
        }
    }
}

async fn hear(
    pool: &Pool,
    hub: &broadcast::Sender<Change>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([TICKET, TICKET_PUBLIC, PERSON]).await?;
    // Pages that subscribed meanwhile have missed what was said before.
    drop(hub.send(Change::Missed));
    loop {
        let notice = listener.recv().await?;
        let Ok(id) = notice.payload().parse() else {
            tracing::warn!(channel = notice.channel(), "a notice without an id");
            continue;
        };
        let change = match notice.channel() {
            PERSON => Change::Told(PersonId(id)),
            TICKET_PUBLIC => Change::Public(TicketId(id)),
            _ => Change::Any(TicketId(id)),
        };
        // Nobody listening is no error: pages come and go.
        drop(hub.send(change));
    }
}

/// How often an open page shows that somebody is there, and proves that its session is alive (at most 60 s, ASVS 4.4).
const BEAT: Duration = Duration::from_secs(15);
/// A busy queue is drawn anew at most this often.
const CALM: Duration = Duration::from_secs(2);

/// `changed` whenever any ticket changes, at most every two seconds. It carries nothing: the page asks for itself.
pub(crate) fn any_ticket(app: &AppState, me: &Me) -> Response {
    stream(app, me, Watch::Any, true, CALM)
}

/// `unread` alone: for pages that show nothing else that changes by itself. Every stream of the desk brings it.
pub(crate) fn bell(app: &AppState, me: &Me) -> Response {
    stream(app, me, Watch::Nothing, true, CALM)
}

/// `changed` whenever this ticket changes, and `presence` with who else has it open.
pub(crate) fn one_ticket(app: &AppState, me: &Me, ticket: TicketId) -> Response {
    stream(app, me, Watch::One(ticket), true, Duration::ZERO)
}

/// `changed` whenever the public side of this ticket changes, for its requester, who never learns who at the desk has it
/// open, nor when they write a note.
pub(crate) fn requesters_ticket(app: &AppState, me: &Me, ticket: TicketId) -> Response {
    stream(app, me, Watch::One(ticket), false, Duration::ZERO)
}

/// Which tickets a page shows.
#[derive(Debug, Clone, Copy)]
enum Watch {
    Nothing,
    Any,
    One(TicketId),
}

fn stream(app: &AppState, me: &Me, watch: Watch, desk: bool, calm: Duration) -> Response {
    let page = OpenPage {
        app: app.clone(),
        me: me.clone(),
        watch,
        desk,
        calm,
        changes: app.live.subscribe(),
        beat: tokio::time::interval(BEAT),
        changed: false,
        told: false,
        rest_until: Instant::now(),
        presence: String::new(),
    };
    let events = futures_util::stream::unfold(page, async |mut page| {
        let event = page.next().await?;
        Some((Ok::<_, Infallible>(event), page))
    });
    let events = Box::pin(events);
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// A page that somebody has open.
struct OpenPage {
    app: AppState,
    me: Me,
    watch: Watch,
    /// Whether the reader works at the desk: only then they see who is here, are seen, and hear of internal changes.
    desk: bool,
    calm: Duration,
    changes: broadcast::Receiver<Change>,
    beat: Interval,
    changed: bool,
    /// Whether the reader was told something since.
    told: bool,
    rest_until: Instant,
    presence: String,
}

impl OpenPage {
    /// The next event, or `None` when the session has ended: the browser asks again and is told to sign in.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(Change::Told(person)) => {
                        self.told |= self.desk && person == self.me.visitor.principal.person;
                    }
                    Ok(Change::Missed) | Err(RecvError::Lagged(_)) => {
                        self.changed = !matches!(self.watch, Watch::Nothing);
                        self.told = self.desk;
                    }
                    Ok(change) => self.changed |= self.shows(change),
                    Err(RecvError::Closed) => return None,
                },
                () = std::future::ready(()), if self.told => {
                    self.told = false;
                    match self.unread().await {
                        Ok(unread) => return Some(Event::default().event("unread").data(unread.to_string())),
                        Err(error) => {
                            tracing::warn!(%error, "a live page could not be kept up to date");
                            return None;
                        }
                    }
                }
                () = tokio::time::sleep_until(self.rest_until), if self.changed => {
                    self.changed = false;
                    self.rest_until = Instant::now() + self.calm;
                    return Some(Event::default().event("changed").data("1"));
                }
                _ = self.beat.tick() => match self.beat().await {
                    Ok(None) => return None,
                    Ok(Some(presence)) if presence == self.presence => {}
                    Ok(Some(presence)) => {
                        self.presence.clone_from(&presence);
                        return Some(Event::default().event("presence").data(presence));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a live page could not be kept up to date");
                        return None;
                    }
                },
            }
        }
    }

    /// Whether this page shows what changed.
    fn shows(&self, change: Change) -> bool {
        let ticket = match change {
            Change::Any(ticket) if self.desk => ticket,
            Change::Public(ticket) if !self.desk => ticket,
            _ => return false,
        };
        match self.watch {
            Watch::Nothing => false,
            Watch::Any => true,
            Watch::One(mine) => mine == ticket,
        }
    }

    /// How many notifications the reader has not read.
    async fn unread(&self) -> Result<i64, WebError> {
        let mut conn = self.app.desk.acquire().await?;
        Ok(notification::unread(&mut conn, self.me.visitor.principal.person).await?)
    }

    /// Who else is here, in words; `None` once the session has ended.
    async fn beat(&self) -> Result<Option<String>, WebError> {
        let now = self.app.now();
        let mut conn = self.app.desk.acquire().await?;
        let session = &self.me.visitor.session_hash;
        if !self.app.desk.is_alive(&mut conn, session, now).await? {
            return Ok(None);
        }
        let ticket = match self.watch {
            Watch::One(ticket) if self.desk => ticket,
            _ => return Ok(Some(String::new())),
        };
        let person = self.me.visitor.principal.person;
        presence::touch(&mut conn, ticket, person, false, now).await?;
        Ok(Some(who_is_here(&mut conn, ticket, person, now).await?))
    }
}

/// “Ana is looking, Daniel is replying”, or `""`.
pub(crate) async fn who_is_here(
    conn: &mut PgConnection,
    ticket: TicketId,
    reader: PersonId,
    now: DateTime<Utc>,
) -> Result<String, WebError> {
    Ok(here(&presence::others(conn, ticket, reader, now).await?))
}

/// The same of people who are known already.
pub(crate) fn here(others: &[presence::Present]) -> String {
    let words: Vec<_> = others
        .iter()
        .map(|other| {
            let key = if other.replying {
                "ticket.is_replying"
            } else {
                "ticket.is_looking"
            };
            fill(key, &[("name", &other.name)])
        })
        .collect();
    words.join(", ")
}
