//! Files that belong to tickets: what they are and where they lie. The bytes are in the attachment folder.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::authorize::Scope;
use tierdesk_domain::id::{AttachmentId, EventId, FormId, PersonId, TicketId};
use uuid::Uuid;

use crate::{Result, StoreError};

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Which.
    pub id: AttachmentId,
    /// The entry of the timeline that brought it; none while it waits for its form.
    pub event: Option<EventId>,
    /// The name it is shown and downloaded under, already cleaned.
    pub name: String,
    /// What it is sent as.
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// The name it lies under in the attachment folder.
    pub stored_as: String,
}

struct Row {
    id: Uuid,
    event_id: Option<Uuid>,
    name: String,
    media_type: String,
    size: i64,
    stored_as: String,
}

impl TryFrom<Row> for Attachment {
    type Error = StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: AttachmentId(r.id),
            event: r.event_id.map(EventId),
            name: r.name,
            media_type: r.media_type,
            size: u64::try_from(r.size)
                .map_err(|error| StoreError::corrupt("attachment", error))?,
            stored_as: r.stored_as,
        })
    }
}

/// A file that was received and waits for its form.
#[derive(Debug)]
pub struct Waiting<'a> {
    /// A fresh id.
    pub id: AttachmentId,
    /// Who sent it.
    pub uploader: PersonId,
    /// The form it waits for.
    pub form: FormId,
    /// Its cleaned name.
    pub name: &'a str,
    /// What it is sent as.
    pub media_type: &'a str,
    /// In bytes.
    pub size: u64,
    /// The hash of its content.
    pub sha256: &'a [u8],
    /// Where it lies.
    pub stored_as: &'a str,
    /// When it is thrown away unless its form was sent.
    pub expires_at: DateTime<Utc>,
}

/// Keeps a received file, unless the form has `per_form` files already or the person `per_person` that wait. Says whether.
pub async fn insert_waiting(
    conn: &mut PgConnection,
    file: &Waiting<'_>,
    per_form: i64,
    per_person: i64,
    now: DateTime<Utc>,
) -> Result<bool> {
    let size =
        i64::try_from(file.size).map_err(|error| StoreError::corrupt("attachment", error))?;
    Ok(sqlx::query!(
        "insert into attachment (id, uploader_id, draft_id, name, media_type, size, sha256, stored_as, created_at, expires_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
         where (select count(*) from attachment where uploader_id = $2 and draft_id = $3) < $11
           and (select count(*) from attachment where uploader_id = $2 and draft_id is not null) < $12",
        file.id.0,
        file.uploader.0,
        file.form.0,
        file.name,
        file.media_type,
        size,
        file.sha256,
        file.stored_as,
        now,
        file.expires_at,
        per_form,
        per_person
    )
    .execute(conn)
    .await?
    .rows_affected()
        == 1)
}

/// The files of a person that still wait for a form at `now`, in the order they came.
pub async fn waiting(
    conn: &mut PgConnection,
    uploader: PersonId,
    form: FormId,
    now: DateTime<Utc>,
) -> Result<Vec<Attachment>> {
    sqlx::query_as!(
        Row,
        "select id, event_id, name, media_type, size, stored_as from attachment
         where uploader_id = $1 and draft_id = $2 and expires_at > $3 order by created_at, id",
        uploader.0,
        form.0,
        now
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Attachment::try_from)
    .collect()
}

/// Forgets a file that its uploader takes out of a form. Returns where it lies, nothing if it does not wait for this person.
pub async fn remove_waiting(
    conn: &mut PgConnection,
    uploader: PersonId,
    id: AttachmentId,
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        "delete from attachment where id = $1 and uploader_id = $2 and draft_id is not null returning stored_as",
        id.0,
        uploader.0
    )
    .fetch_optional(conn)
    .await?)
}

/// The files of a ticket that its requester may have, in the order of its timeline. Nothing if the scope does not hold it.
pub async fn public(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: TicketId,
) -> Result<Vec<Attachment>> {
    let teams = scope.team_ids();
    sqlx::query_as!(
        Row,
        "select a.id, a.event_id, a.name, a.media_type, a.size, a.stored_as
         from attachment a join ticket t on t.id = a.ticket_id
         where a.ticket_id = $1 and a.visibility = 'public'
           and ticket_in_scope($2, $3, $4, $5, $6, t.team_id, t.requester_id, t.organisation_id)
         order by a.created_at, a.id",
        ticket.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0)
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Attachment::try_from)
    .collect()
}

/// All files of a ticket, those of internal notes included, and those that still wait for the reader's own form at `now`:
/// these have no event yet. Nothing unless the scope reaches the ticket's internal side.
pub async fn all(
    conn: &mut PgConnection,
    scope: &Scope,
    ticket: TicketId,
    (reader, form): (PersonId, FormId),
    now: DateTime<Utc>,
) -> Result<Vec<Attachment>> {
    if !scope.internal() {
        return Ok(Vec::new());
    }
    let teams = scope.team_ids();
    sqlx::query_as!(
        Row,
        r#"select id as "id!", event_id, name as "name!", media_type as "media_type!", size as "size!", stored_as as "stored_as!"
         from (select a.id, a.event_id, a.name, a.media_type, a.size, a.stored_as, a.created_at
               from attachment a join ticket t on t.id = a.ticket_id
               where a.ticket_id = $1 and ticket_internal_in_scope($2, $3, $4, t.team_id)
               union all
               select w.id, w.event_id, w.name, w.media_type, w.size, w.stored_as, w.created_at
               from attachment w where w.uploader_id = $5 and w.draft_id = $6 and w.expires_at > $7) as file
         order by created_at, id"#,
        ticket.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        reader.0,
        form.0,
        now
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Attachment::try_from)
    .collect()
}

/// One file of a ticket, if the reader may have it: the ticket is in the scope, and the file is public or the scope
/// reaches the ticket's internal side.
pub async fn find(
    conn: &mut PgConnection,
    scope: &Scope,
    id: AttachmentId,
) -> Result<Option<Attachment>> {
    let teams = scope.team_ids();
    sqlx::query_as!(
        Row,
        "select a.id, a.event_id, a.name, a.media_type, a.size, a.stored_as
         from attachment a join ticket t on t.id = a.ticket_id
         where a.id = $1
           and ticket_in_scope($2, $3, $4, $5, $6, t.team_id, t.requester_id, t.organisation_id)
           and (a.visibility = 'public' or ($7 and ticket_internal_in_scope($2, $3, $4, t.team_id)))",
        id.0,
        scope.everything(),
        scope.unrestricted(),
        &teams,
        scope.person().map(|it| it.0),
        scope.organisation().map(|it| it.0),
        scope.internal()
    )
    .fetch_optional(conn)
    .await?
    .map(Attachment::try_from)
    .transpose()
}

/// Forgets up to `limit` files whose form was never sent. Returns where they lie.
pub async fn take_expired(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "delete from attachment where id in
             (select id from attachment where expires_at <= $1 order by expires_at limit $2 for update skip locked)
         returning stored_as",
        now,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Which of these stored names a row speaks of. What is left over is an orphan.
pub async fn known(conn: &mut PgConnection, stored: &[String]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select stored_as from attachment where stored_as = any($1)",
        stored
    )
    .fetch_all(conn)
    .await?)
}
