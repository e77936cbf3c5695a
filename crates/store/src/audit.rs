//! The audit log: rows written in the action's transaction, never changed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::actor::Actor;

use crate::Result;

/// One row to write.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who did it.
    pub actor: Actor,
    /// What, as `object.verb`, such as `session.started`.
    pub action: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which.
    pub object_id: String,
    /// Before, after and other facts; never a secret.
    pub detail: serde_json::Value,
}

/// A row as it is hashed and shown.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by kind.
    pub actor_kind: String,
    /// Which of them.
    pub actor_id: Option<uuid::Uuid>,
    /// For whom.
    pub on_behalf_of: Option<uuid::Uuid>,
    /// What, as `object.verb`.
    pub action: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which.
    pub object_id: String,
    /// The facts, as PostgreSQL writes the document.
    pub detail: String,
    /// From which address.
    pub ip: String,
    /// In which request.
    pub request_id: String,
}

/// Rows after `settled` that no link of the chain holds yet, at most `limit`. Only one sealer works at a time; it gets nothing
/// while another one does.
pub async fn unsealed(conn: &mut PgConnection, settled: i64, limit: i64) -> Result<Vec<Row>> {
    let alone = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtext('audit sealer')) as "alone!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if !alone {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as!(
        Row,
        r#"select seq, at, actor_kind, actor_id, on_behalf_of, action, object_kind, object_id, detail::text as "detail!", ip, request_id
           from audit a where seq > $2 and not exists (select from audit_seal s where s.seq = a.seq and s.seq > $2) order by seq limit $1"#,
        limit,
        settled
    )
    .fetch_all(conn)
    .await?)
}

/// The hash of the last link; nothing at the start of the chain.
pub async fn head(conn: &mut PgConnection) -> Result<Option<Vec<u8>>> {
    Ok(
        sqlx::query_scalar!("select hash from audit_seal order by position desc limit 1")
            .fetch_optional(conn)
            .await?,
    )
}

/// A row's number that was sealed before a moment, the last of those; 0 if there is none.
pub async fn sealed_before(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<i64> {
    let seq = sqlx::query_scalar!(
        "select seq from audit_seal where sealed_at < $1 order by position desc limit 1",
        before
    )
    .fetch_optional(conn)
    .await?;
    Ok(seq.unwrap_or(0))
}

/// Adds links, each of a row's number, the hash of the link before it and its own.
pub async fn seal(
    conn: &mut PgConnection,
    links: &[(i64, Vec<u8>, Vec<u8>)],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into audit_seal (seq, prev_hash, hash, sealed_at)
         select seq, prev_hash, hash, $4 from unnest($1::bigint[], $2::bytea[], $3::bytea[]) with ordinality
              as it (seq, prev_hash, hash, place) order by place",
        &links.iter().map(|it| it.0).collect::<Vec<_>>(),
        &links.iter().map(|it| it.1.clone()).collect::<Vec<_>>(),
        &links.iter().map(|it| it.2.clone()).collect::<Vec<_>>(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A link with its row; the row is gone if somebody took it out behind our back.
#[derive(Debug)]
pub struct Link {
    /// Its place in the chain.
    pub position: i64,
    /// The number of its row.
    pub seq: i64,
    /// The hash of the link before it.
    pub prev_hash: Vec<u8>,
    /// Its own hash.
    pub hash: Vec<u8>,
    /// Its row.
    pub row: Option<Row>,
}

/// Links after `position`, in their order, at most `limit`.
pub async fn links(conn: &mut PgConnection, position: i64, limit: i64) -> Result<Vec<Link>> {
    let rows = sqlx::query!(
        r#"select s.position, s.seq, s.prev_hash, s.hash, a.seq as "row_seq?", a.at as "at?", a.actor_kind as "actor_kind?", a.actor_id,
                  a.on_behalf_of, a.action as "action?", a.object_kind as "object_kind?", a.object_id as "object_id?",
                  a.detail::text as "detail?", a.ip as "ip?", a.request_id as "request_id?"
           from audit_seal s left join audit a on a.seq = s.seq where s.position > $1 order by s.position limit $2"#,
        position,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Link {
            position: r.position,
            seq: r.seq,
            prev_hash: r.prev_hash,
            hash: r.hash,
            row: r.row_seq.map(|seq| Row {
                seq,
                at: r.at.unwrap_or_default(),
                actor_kind: r.actor_kind.unwrap_or_default(),
                actor_id: r.actor_id,
                on_behalf_of: r.on_behalf_of,
                action: r.action.unwrap_or_default(),
                object_kind: r.object_kind.unwrap_or_default(),
                object_id: r.object_id.unwrap_or_default(),
                detail: r.detail.unwrap_or_default(),
                ip: r.ip.unwrap_or_default(),
                request_id: r.request_id.unwrap_or_default(),
            }),
        })
        .collect())
}

/// How many rows no link holds, of those written before `before`.
pub async fn left_unsealed(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from audit a where at < $1 and not exists (select from audit_seal s where s.seq = a.seq)"#,
        before
    )
    .fetch_one(conn)
    .await?)
}

/// What to show of the log.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// Only actions that start with this, such as `ticket.`.
    pub action: Option<&'a str>,
    /// Only this object.
    pub object: Option<&'a str>,
    /// Only what this person did.
    pub actor: Option<uuid::Uuid>,
}

/// A row with the name of the person who did it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The row.
    pub row: Row,
    /// The person's name.
    pub actor_name: Option<String>,
    /// What people call the object, where it is a person, a team or a host that is still there.
    pub object_name: Option<String>,
    /// Whether the chain holds it.
    pub sealed: bool,
}

/// A page of the log, newest first, before the row number `before`.
pub async fn list(
    conn: &mut PgConnection,
    filter: &Filter<'_>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Listed>> {
    let action = filter.action.map(|it| {
        it.replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_")
            + "%"
    });
    let rows = sqlx::query!(
        r#"select a.seq, a.at, a.actor_kind, a.actor_id, a.on_behalf_of, a.action, a.object_kind, a.object_id,
                  a.detail::text as "detail!", a.ip, a.request_id, p.name as "actor_name?", s.seq is not null as "sealed!",
                  case a.object_kind
                      when 'person' then (select name from person where id = a.object_id::uuid)
                      when 'team' then (select name from team where id = a.object_id::uuid)
                      when 'host' then (select name from host where id = a.object_id::uuid)
                  end as "object_name?"
           from audit a left join person p on p.id = a.actor_id left join audit_seal s on s.seq = a.seq
           where ($1::text is null or a.action like $1) and ($2::text is null or a.object_id = $2)
             and ($3::uuid is null or a.actor_id = $3) and ($4::bigint is null or a.seq < $4)
           order by a.seq desc limit $5"#,
        action,
        filter.object,
        filter.actor,
        before,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Listed {
            actor_name: r.actor_name,
            object_name: r.object_name,
            sealed: r.sealed,
            row: Row {
                seq: r.seq,
                at: r.at,
                actor_kind: r.actor_kind,
                actor_id: r.actor_id,
                on_behalf_of: r.on_behalf_of,
                action: r.action,
                object_kind: r.object_kind,
                object_id: r.object_id,
                detail: r.detail,
                ip: r.ip,
                request_id: r.request_id,
            },
        })
        .collect())
}
