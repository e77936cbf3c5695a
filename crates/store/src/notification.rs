//! What people are told in the application, and where they want to be told.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{EventId, PersonId, TicketId, TicketNumber};
use tierdesk_domain::notification::{Channel, NotificationKind};
use uuid::Uuid;

use crate::{Result, row};

/// The channel on which open pages hear that somebody was told something, or read it; the payload is the person's id.
pub const PERSON: &str = "person";
/// Counts of unread ones stop here; pages show more as `99+`.
pub const COUNTED: i64 = 100;

/// What somebody is told, with what an action leaves behind ([`crate::outcome`]).
#[derive(Debug, Clone)]
pub struct NewNotification {
    /// Who.
    pub person: PersonId,
    /// What.
    pub kind: NotificationKind,
    /// About which ticket.
    pub ticket: Option<TicketId>,
    /// About which event.
    pub event: Option<EventId>,
    /// The path that asks for an acknowledgement.
    pub in_charge: Option<Uuid>,
    /// Harmless facts for the sentence.
    pub data: serde_json::Value,
}

/// Of these people those who are active, each with the channel that they chose for a kind.
pub async fn channels(
    conn: &mut PgConnection,
    people: &[PersonId],
    kind: NotificationKind,
) -> Result<Vec<(PersonId, Option<Channel>)>> {
    let people: Vec<Uuid> = people.iter().map(|it| it.0).collect();
    sqlx::query!(
        r#"select p.id, c.channel as "channel?" from person p
           left join notification_choice c on c.person_id = p.id and c.kind = $2
           where p.id = any($1) and p.deactivated_at is null order by p.id"#,
        &people,
        kind.as_str()
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let channel = row::maybe_word("notification_choice", r.channel.as_deref())?;
        Ok((PersonId(r.id), channel))
    })
    .collect()
}

/// A notification as its reader sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Which.
    pub id: Uuid,
    /// What.
    pub kind: NotificationKind,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether it was read.
    pub read: bool,
    /// Whether it is about a ticket, which need not be within the reader's scope any more.
    pub about_ticket: bool,
    /// The ticket, where the scope reaches it.
    pub ticket: Option<(TicketNumber, String)>,
    /// The event in the ticket's timeline.
    pub event: Option<EventId>,
    /// Who did it, where it was a person.
    pub by: Option<String>,
    /// The path that still asks for an acknowledgement.
    pub asks: Option<Uuid>,
    /// The facts.
    pub data: serde_json::Value,
}

/// A page of somebody's notifications, newest first, after the given key. Nothing of a ticket's beyond the scope is read.
pub async fn page(
    conn: &mut PgConnection,
    scope: &Scope,
    person: PersonId,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let teams = scope.team_ids();
    sqlx::query!(
        r#"select n.id, n.kind, n.created_at, n.read_at is not null as "read!", n.ticket_id is not null as "about_ticket!", n.data,
                  t.number as "number?", t.title as "title?", e.id as "event?", p.name as "by?", i.id as "asks?"
           from notification n
           left join ticket t on t.id = n.ticket_id and ticket_internal_in_scope($2, $3, $4, t.team_id)
           left join event e on e.id = n.event_id and t.id is not null
           left join person p on p.id = e.actor_id and e.actor_kind = 'human'
           left join in_charge i on i.id = n.in_charge_id and i.state = 'running' and t.id is not null
           where n.person_id = $1 and ($5::timestamptz is null or (n.created_at, n.id) < ($5, $6::uuid))
           order by n.created_at desc, n.id desc limit $7"#,
        person.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        after.map(|it| it.0),
        after.map(|it| it.1),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok(Listed {
            id: r.id,
            kind: row::word("notification", &r.kind)?,
            at: r.created_at,
            read: r.read,
            about_ticket: r.about_ticket,
            ticket: r.number.map(TicketNumber).zip(r.title),
            event: r.event.map(EventId),
            by: r.by,
            asks: r.asks,
            data: r.data,
        })
    })
    .collect()
}

/// How many somebody has not read, at most [`COUNTED`].
pub async fn unread(conn: &mut PgConnection, person: PersonId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from (select from notification where person_id = $1 and read_at is null limit $2) unread"#,
        person.0,
        COUNTED
    )
    .fetch_one(conn)
    .await?)
}

/// Marks one of somebody's notifications as read, or all of them. Returns how many that changed.
pub async fn mark_read(
    conn: &mut PgConnection,
    person: PersonId,
    one: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<u64> {
    Ok(sqlx::query!(
        "update notification set read_at = $3 where person_id = $1 and read_at is null and ($2::uuid is null or id = $2)",
        person.0,
        one,
        now
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// Marks what somebody was told about a ticket as read: they looked at it. Returns how many that changed.
pub async fn mark_ticket_read(
    conn: &mut PgConnection,
    person: PersonId,
    ticket: TicketId,
    now: DateTime<Utc>,
) -> Result<u64> {
    Ok(sqlx::query!(
        "update notification set read_at = $3 where person_id = $1 and ticket_id = $2 and read_at is null",
        person.0,
        ticket.0,
        now
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// Marks as read what anybody was told about a ticket, which waits for nobody any more. Returns whose bells that changed. What
/// somebody is marking at this very moment is left to them, so that nobody waits for anybody.
pub async fn settle_ticket(
    conn: &mut PgConnection,
    ticket: TicketId,
    now: DateTime<Utc>,
) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        "update notification set read_at = $2
         where id in (select id from notification where ticket_id = $1 and read_at is null for update skip locked)
         returning person_id",
        ticket.0,
        now
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(PersonId)
    .collect())
}

/// The same for what a path told these people, or everybody where none are named: what is told again says it anew, and a path
/// that ended asks nobody.
pub async fn settle_path(
    conn: &mut PgConnection,
    path: Uuid,
    people: Option<&[PersonId]>,
    now: DateTime<Utc>,
) -> Result<Vec<PersonId>> {
    let people: Option<Vec<Uuid>> = people.map(|it| it.iter().map(|it| it.0).collect());
    Ok(sqlx::query_scalar!(
        "update notification set read_at = $3
         where id in (select id from notification
                      where in_charge_id = $1 and read_at is null and ($2::uuid[] is null or person_id = any($2))
                      for update skip locked)
         returning person_id",
        path,
        people.as_deref(),
        now
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(PersonId)
    .collect())
}

/// Throws away notifications from before a moment, at most `limit`. Returns how many.
pub async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    Ok(sqlx::query!(
        "delete from notification where id in (select id from notification where created_at < $1 order by created_at limit $2)",
        before,
        limit
    )
    .execute(conn)
    .await?
    .rows_affected())
}

/// What somebody chose, by kind.
pub async fn choices(
    conn: &mut PgConnection,
    person: PersonId,
) -> Result<Vec<(NotificationKind, Channel)>> {
    sqlx::query!(
        "select kind, channel from notification_choice where person_id = $1",
        person.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        Ok((
            row::word("notification_choice", &r.kind)?,
            row::word("notification_choice", &r.channel)?,
        ))
    })
    .collect()
}

/// Writes where somebody wants to be told of a kind.
pub async fn choose(
    conn: &mut PgConnection,
    person: PersonId,
    kind: NotificationKind,
    channel: Channel,
) -> Result<()> {
    sqlx::query!(
        "insert into notification_choice (person_id, kind, channel) values ($1, $2, $3)
         on conflict (person_id, kind) do update set channel = excluded.channel",
        person.0,
        kind.as_str(),
        channel.as_str()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a notification is somebody's.
pub async fn is_of(conn: &mut PgConnection, person: PersonId, id: Uuid) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from notification where id = $1 and person_id = $2) as "theirs!""#,
        id,
        person.0
    )
    .fetch_one(conn)
    .await?)
}
