//! Enrolled machines, and what they said about themselves.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use tierdesk_domain::catalogue::Policy;
use tierdesk_domain::host::{HostState, SERVER_VANTAGE};
use tierdesk_domain::id::{HostId, PersonId};
use uuid::Uuid;

use crate::{Result, StoreError, row};

/// A machine with everything its page shows.
#[derive(Debug, Clone)]
pub struct Host {
    /// Which.
    pub id: HostId,
    /// The name it gives itself.
    pub name: String,
    /// Where it stands.
    pub state: HostState,
    /// Its public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// Four words to compare before approval.
    pub join_code: String,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// Whose machine it is.
    pub owner: Option<PersonId>,
    /// The name of that person.
    pub owner_name: Option<String>,
    /// The agent's version.
    pub agent_version: String,
    /// The operating system in words.
    pub operating_system: String,
    /// What it said about itself.
    pub facts: serde_json::Value,
    /// When it said that.
    pub facts_at: Option<DateTime<Utc>>,
    /// What its owner allows, as it said.
    pub policy: Policy,
    /// When it joined.
    pub created_at: DateTime<Utc>,
    /// When it was approved or sent away.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by: Option<String>,
    /// When it was last heard of.
    pub last_seen_at: Option<DateTime<Utc>>,
}

impl Host {
    /// Whether it carries this label.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|it| it == label)
    }
}

struct Row {
    id: Uuid,
    name: String,
    state: String,
    public_key: Vec<u8>,
    join_code: String,
    labels: Vec<String>,
    owner_id: Option<Uuid>,
    owner_name: Option<String>,
    agent_version: String,
    operating_system: String,
    facts: serde_json::Value,
    facts_at: Option<DateTime<Utc>>,
    policy: serde_json::Value,
    created_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
    decided_by: Option<String>,
    last_seen_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for Host {
    type Error = StoreError;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: HostId(r.id),
            name: r.name,
            state: row::word("host", &r.state)?,
            public_key: r.public_key,
            join_code: r.join_code,
            labels: r.labels,
            owner: r.owner_id.map(PersonId),
            owner_name: r.owner_name,
            agent_version: r.agent_version,
            operating_system: r.operating_system,
            facts: r.facts,
            facts_at: r.facts_at,
            policy: serde_json::from_value(r.policy).map_err(|e| StoreError::corrupt("host", e))?,
            created_at: r.created_at,
            decided_at: r.decided_at,
            decided_by: r.decided_by,
            last_seen_at: r.last_seen_at,
        })
    }
}

/// A machine that joins.
#[derive(Debug)]
pub struct NewHost<'a> {
    /// A fresh id.
    pub id: HostId,
    /// The name it gives itself.
    pub name: &'a str,
    /// Where it begins.
    pub state: HostState,
    /// Its public key.
    pub public_key: &'a [u8],
    /// Hash of its machine id.
    pub machine: Option<&'a [u8]>,
    /// Four words.
    pub join_code: &'a str,
    /// Labels from its token.
    pub labels: &'a [String],
    /// The agent's version.
    pub agent_version: &'a str,
    /// The token it came with.
    pub token: Uuid,
}

/// Adds a machine.
pub async fn insert(conn: &mut PgConnection, host: &NewHost<'_>, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "insert into host (id, name, state, public_key, machine_id_hash, join_code, labels, agent_version, enrolled_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        host.id.0,
        host.name,
        host.state.as_str(),
        host.public_key,
        host.machine,
        host.join_code,
        host.labels,
        host.agent_version,
        host.token,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A machine by its id.
pub async fn find(conn: &mut PgConnection, id: HostId) -> Result<Option<Host>> {
    sqlx::query_as!(
        Row,
        r#"select h.id, h.name, h.state, h.public_key, h.join_code, h.labels, h.owner_id, o.name as "owner_name?", h.agent_version,
                  h.operating_system, h.facts, h.facts_at, h.policy, h.created_at, h.decided_at, d.name as "decided_by?", h.last_seen_at
           from host h left join person o on o.id = h.owner_id left join person d on d.id = h.decided_by
           where h.id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await?
    .map(Host::try_from)
    .transpose()
}

/// Machines by name, those that wait for approval first; `words` filters by name, label or system. At most `limit`.
pub async fn list(
    conn: &mut PgConnection,
    words: &str,
    after: Option<(&str, HostId)>,
    limit: i64,
) -> Result<Vec<Host>> {
    sqlx::query_as!(
        Row,
        r#"select h.id, h.name, h.state, h.public_key, h.join_code, h.labels, h.owner_id, o.name as "owner_name?", h.agent_version,
                  h.operating_system, '{}'::jsonb as "facts!", h.facts_at, h.policy, h.created_at, h.decided_at, null::text as decided_by, h.last_seen_at
           from host h left join person o on o.id = h.owner_id
           where ($1 = '' or strpos(lower(h.name), lower($1)) > 0 or strpos(lower(h.operating_system), lower($1)) > 0 or lower($1) = any (h.labels))
             and ($2::text is null or (lower(h.name), h.id) > (lower($2), $3::uuid))
           order by lower(h.name), h.id limit $4"#,
        words,
        after.map(|it| it.0),
        after.map(|it| it.1.0),
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Host::try_from)
    .collect()
}

/// Which machines a ticket's diagnostics are offered on.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The one that was asked for.
    pub asked: Option<HostId>,
    /// The ticket's.
    pub of_ticket: Option<HostId>,
    /// Whose ticket it is.
    pub requester: PersonId,
    /// A part of the name of all others; `""` for any.
    pub words: &'a str,
}

/// Machines in use: first, whatever they are called, the one that was asked for, the ticket's, the requester's and those that
/// give the server's view, then others by name. At most `limit`.
pub async fn to_choose(
    conn: &mut PgConnection,
    choice: Choice<'_>,
    limit: i64,
) -> Result<Vec<Host>> {
    sqlx::query_as!(
        Row,
        r#"select h.id, h.name, h.state, h.public_key, h.join_code, h.labels, h.owner_id, o.name as "owner_name?", h.agent_version,
                  h.operating_system, '{}'::jsonb as "facts!", h.facts_at, h.policy, h.created_at, h.decided_at, null::text as decided_by, h.last_seen_at
           from host h left join person o on o.id = h.owner_id
           cross join lateral (select case when h.id = $1 then 0 when h.id = $2 then 1 when h.owner_id = $3 or $4 = any (h.labels) then 2 else 3 end) near (place)
           where h.state = 'active' and (near.place < 3 or $5 = '' or strpos(lower(h.name), lower($5)) > 0)
           order by near.place, lower(h.name), h.id limit $6"#,
        choice.asked.map(|it| it.0),
        choice.of_ticket.map(|it| it.0),
        choice.requester.0,
        SERVER_VANTAGE,
        choice.words,
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Host::try_from)
    .collect()
}

/// Machines that wait for an administrator, oldest first.
pub async fn pending(conn: &mut PgConnection) -> Result<Vec<Host>> {
    sqlx::query_as!(
        Row,
        r#"select h.id, h.name, h.state, h.public_key, h.join_code, h.labels, h.owner_id, null::text as owner_name, h.agent_version,
                  h.operating_system, '{}'::jsonb as "facts!", h.facts_at, h.policy, h.created_at, h.decided_at, null::text as decided_by, h.last_seen_at
           from host h where h.state = 'pending' order by h.created_at limit 200"#
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Host::try_from)
    .collect()
}

/// Names of machines that may be the same as this one: by name or by machine id, itself left out.
pub async fn alike(
    conn: &mut PgConnection,
    id: HostId,
) -> Result<Vec<(HostId, String, HostState)>> {
    sqlx::query!(
        "select o.id, o.name, o.state from host h join host o on o.id <> h.id and o.state <> 'revoked'
           and (lower(o.name) = lower(h.name) or o.machine_id_hash = h.machine_id_hash)
         where h.id = $1 order by o.created_at limit 10",
        id.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| Ok((HostId(r.id), r.name, row::word("host", &r.state)?)))
    .collect()
}

/// Who a signed request may be from: state and public key.
pub async fn key(conn: &mut PgConnection, id: HostId) -> Result<Option<(HostState, Vec<u8>)>> {
    sqlx::query!("select state, public_key from host where id = $1", id.0)
        .fetch_optional(conn)
        .await?
        .map(|r| Ok((row::word("host", &r.state)?, r.public_key)))
        .transpose()
}

/// Remembers a nonce; `false` when it was used before.
pub async fn remember_nonce(
    conn: &mut PgConnection,
    id: HostId,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into host_nonce (host_id, nonce, at) values ($1, $2, $3) on conflict do nothing",
        id.0,
        nonce,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets nonces from before `before`.
pub async fn forget_nonces(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!("delete from host_nonce where at < $1", before)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Notes that a machine was heard of, at most every ten seconds.
pub async fn seen(conn: &mut PgConnection, id: HostId, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "update host set last_seen_at = $2 where id = $1 and (last_seen_at is null or last_seen_at < $3)",
        id.0,
        now,
        now - TimeDelta::seconds(10)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts one more naming of another host's things; returns how many there are now.
pub async fn count_mismatch(conn: &mut PgConnection, id: HostId) -> Result<i32> {
    Ok(sqlx::query_scalar!(
        "update host set mismatches = mismatches + 1 where id = $1 returning mismatches",
        id.0
    )
    .fetch_one(conn)
    .await?)
}

/// Moves a machine from one state to another; `false` when it is in none of `from`.
pub async fn decide(
    conn: &mut PgConnection,
    id: HostId,
    from: &[HostState],
    to: HostState,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let from: Vec<String> = from.iter().map(|state| state.as_str().to_owned()).collect();
    let done = sqlx::query!(
        "update host set state = $3, decided_at = $5, decided_by = $4, mismatches = case when $3 = 'active' then 0 else mismatches end
         where id = $1 and state = any ($2)",
        id.0,
        &from,
        to.as_str(),
        by.map(|it| it.0),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets labels and owner.
pub async fn describe(
    conn: &mut PgConnection,
    id: HostId,
    labels: &[String],
    owner: Option<PersonId>,
) -> Result<()> {
    sqlx::query!(
        "update host set labels = $2, owner_id = $3 where id = $1",
        id.0,
        labels,
        owner.map(|it| it.0)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a machine says about itself.
#[derive(Debug)]
pub struct Report<'a> {
    /// The agent's version.
    pub agent_version: &'a str,
    /// The name it gives itself.
    pub name: &'a str,
    /// The operating system in words.
    pub operating_system: &'a str,
    /// Facts.
    pub facts: &'a serde_json::Value,
    /// What its owner allows.
    pub policy: &'a Policy,
    /// Entries it was built with, by id, with their hashes.
    pub catalogue: &'a BTreeMap<String, String>,
}

/// Keeps what a machine says about itself, in place of what it said before.
pub async fn report(
    conn: &mut PgConnection,
    id: HostId,
    report: &Report<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let policy = serde_json::to_value(report.policy).map_err(|e| StoreError::corrupt("host", e))?;
    sqlx::query!(
        "update host set agent_version = $2, name = $3, operating_system = $4, facts = $5, facts_at = $6, policy = $7
         where id = $1",
        id.0,
        report.agent_version,
        report.name,
        report.operating_system,
        report.facts,
        now,
        policy
    )
    .execute(&mut *conn)
    .await?;
    let (entries, hashes): (Vec<String>, Vec<String>) = report
        .catalogue
        .iter()
        .map(|(entry, hash)| (entry.clone(), hash.clone()))
        .unzip();
    sqlx::query!(
        "delete from host_entry where host_id = $1 and entry <> all ($2)",
        id.0,
        &entries
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into host_entry (host_id, entry, entry_hash) select $1, e, h from unnest($2::text[], $3::text[]) as u (e, h)
         on conflict (host_id, entry) do update set entry_hash = excluded.entry_hash where host_entry.entry_hash <> excluded.entry_hash",
        id.0,
        &entries,
        &hashes
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The entries a machine was built with, by id, with their hashes.
pub async fn entries(conn: &mut PgConnection, id: HostId) -> Result<BTreeMap<String, String>> {
    Ok(sqlx::query!(
        "select entry, entry_hash from host_entry where host_id = $1",
        id.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| (r.entry, r.entry_hash))
    .collect())
}
