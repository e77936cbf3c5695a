//! Escalation paths on their way: how far each has come on its ticket.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{DocumentId, PersonId, TeamId, TicketId};
use tierdesk_domain::in_charge::Progress;
use uuid::Uuid;

use crate::{Result, StoreError};

/// A path on its way.
#[derive(Debug, Clone)]
pub struct Run {
    /// Which.
    pub id: Uuid,
    /// On which ticket.
    pub ticket: TicketId,
    /// In which cycle of it.
    pub cycle: i32,
    /// The rule that started it.
    pub rule: DocumentId,
    /// In which version.
    pub rule_version: i32,
    /// Whose path it is.
    pub team: TeamId,
    /// The path's version.
    pub path_version: i32,
    /// Whether it waits for a human to confirm the priority (decision 17).
    pub unconfirmed: bool,
    /// How far it has come.
    pub progress: Progress,
}

/// Starts a path, or lets it wait for a confirmation. False if one is active on the ticket, or if the rule started one in
/// this cycle already; then nothing was written.
pub async fn begin(conn: &mut PgConnection, run: &Run, now: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "insert into in_charge (id, ticket_id, cycle, rule_id, rule_version, team_id, path_version, state, started_at, level_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        run.id,
        run.ticket.0,
        run.cycle,
        run.rule.0,
        run.rule_version,
        run.team.0,
        run.path_version,
        if run.unconfirmed { "unconfirmed" } else { "running" },
        now,
        run.progress.level_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

struct Row {
    id: Uuid,
    ticket_id: Uuid,
    cycle: i32,
    rule_id: Uuid,
    rule_version: i32,
    team_id: Uuid,
    path_version: i32,
    state: String,
    level: i32,
    level_at: DateTime<Utc>,
    notices: i32,
}

impl TryFrom<Row> for Run {
    type Error = StoreError;

    fn try_from(r: Row) -> Result<Self> {
        let corrupt = |error| StoreError::corrupt("in_charge", error);
        Ok(Self {
            id: r.id,
            ticket: TicketId(r.ticket_id),
            cycle: r.cycle,
            rule: DocumentId(r.rule_id),
            rule_version: r.rule_version,
            team: TeamId(r.team_id),
            path_version: r.path_version,
            unconfirmed: r.state == "unconfirmed",
            progress: Progress {
                level: usize::try_from(r.level).map_err(corrupt)?,
                level_at: r.level_at,
                notices: u32::try_from(r.notices).map_err(corrupt)?,
            },
        })
    }
}

/// The path that is active on a ticket. Whoever asks holds the ticket's lock.
pub async fn active(conn: &mut PgConnection, ticket: TicketId) -> Result<Option<Run>> {
    sqlx::query_as!(
        Row,
        "select id, ticket_id, cycle, rule_id, rule_version, team_id, path_version, state, level, level_at, notices
         from in_charge where ticket_id = $1 and state in ('unconfirmed', 'running')",
        ticket.0
    )
    .fetch_optional(conn)
    .await?
    .map(Run::try_from)
    .transpose()
}

/// Makes a path that waited that of a team, in a version.
pub async fn belongs_to(
    conn: &mut PgConnection,
    id: Uuid,
    team: TeamId,
    version: i32,
) -> Result<()> {
    sqlx::query!(
        "update in_charge set team_id = $2, path_version = $3 where id = $1",
        id,
        team.0,
        version
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes how far a path has come; it is running from here on.
pub async fn go_on(conn: &mut PgConnection, id: Uuid, progress: &Progress) -> Result<()> {
    sqlx::query!(
        "update in_charge set state = 'running', level = $2, level_at = $3, notices = $4 where id = $1",
        id,
        i32::try_from(progress.level).unwrap_or(i32::MAX),
        progress.level_at,
        i32::try_from(progress.notices).unwrap_or(i32::MAX)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody acknowledged.
    Acknowledged,
    /// The ticket needs it no longer.
    Ended,
}

/// Ends a path.
pub async fn end(
    conn: &mut PgConnection,
    id: Uuid,
    how: End,
    by: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let state = match how {
        End::Acknowledged => "acknowledged",
        End::Ended => "ended",
    };
    sqlx::query!(
        "update in_charge set state = $2, ended_at = $4, ended_by = $3 where id = $1",
        id,
        state,
        by.map(|it| it.0),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether somebody was told by a path.
pub async fn was_told(conn: &mut PgConnection, id: Uuid, person: PersonId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from notification where in_charge_id = $1 and person_id = $2) as "told!""#,
        id,
        person.0
    )
    .fetch_one(conn)
    .await?)
}

/// Whether anybody or anything changed a ticket's priority since it was filed.
pub async fn priority_was_set(conn: &mut PgConnection, ticket: TicketId) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from event where ticket_id = $1 and kind = 'priority') as "set!""#,
        ticket.0
    )
    .fetch_one(conn)
    .await?)
}

/// The active managers who answer for a team: those it is named for, and those of all teams.
pub async fn managers(conn: &mut PgConnection, team: TeamId) -> Result<Vec<PersonId>> {
    Ok(sqlx::query_scalar!(
        "select p.id from person p
         where p.manager and p.deactivated_at is null
           and (p.manages_all or exists (select from manager_team m where m.person_id = p.id and m.team_id = $1))
         order by p.id",
        team.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(PersonId)
    .collect())
}
