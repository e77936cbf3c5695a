//! Saved views of dashboards, and whom they are mailed to.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::dashboard::View;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::report::{Page, Schedule};
use uuid::Uuid;

use crate::{Result, StoreError, row};

/// A saved view.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which.
    pub id: Uuid,
    /// Whose it is.
    pub owner: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// The page it opens.
    pub page: Page,
    /// What is chosen there.
    pub view: View,
    /// When it is mailed.
    pub schedule: Option<Schedule>,
    /// Whether the mail brings the counts as CSV.
    pub csv: bool,
    /// Counts edits.
    pub version: i32,
    /// When it was mailed last.
    pub mailed_at: Option<DateTime<Utc>>,
    /// Since when it is mailed no more.
    pub stopped_at: Option<DateTime<Utc>>,
    /// Who gets it.
    pub recipients: Vec<PersonId>,
}

struct Row {
    id: Uuid,
    owner_id: Uuid,
    name: String,
    page: String,
    view: serde_json::Value,
    schedule: Option<serde_json::Value>,
    csv: bool,
    version: i32,
    mailed_at: Option<DateTime<Utc>>,
    stopped_at: Option<DateTime<Utc>>,
    recipients: Vec<Uuid>,
}

impl TryFrom<Row> for Report {
    type Error = StoreError;

    fn try_from(r: Row) -> Result<Self> {
        let corrupt = |error| StoreError::corrupt("report", error);
        Ok(Self {
            id: r.id,
            owner: PersonId(r.owner_id),
            name: r.name,
            page: row::word("report", &r.page)?,
            view: serde_json::from_value(r.view).map_err(corrupt)?,
            schedule: r
                .schedule
                .map(serde_json::from_value)
                .transpose()
                .map_err(corrupt)?,
            csv: r.csv,
            version: r.version,
            mailed_at: r.mailed_at,
            stopped_at: r.stopped_at,
            recipients: r.recipients.into_iter().map(PersonId).collect(),
        })
    }
}

/// The reports of one person, by name.
pub async fn of_owner(conn: &mut PgConnection, owner: PersonId) -> Result<Vec<Report>> {
    sqlx::query_as!(
        Row,
        r#"select id, owner_id, name, page, view, schedule, csv, version, mailed_at, stopped_at,
                  array(select person_id from report_recipient where report_id = report.id order by person_id) as "recipients!"
           from report where owner_id = $1 order by name, id limit 500"#,
        owner.0
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Report::try_from)
    .collect()
}

/// One report.
pub async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<Report>> {
    sqlx::query_as!(
        Row,
        r#"select id, owner_id, name, page, view, schedule, csv, version, mailed_at, stopped_at,
                  array(select person_id from report_recipient where report_id = report.id order by person_id) as "recipients!"
           from report where id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await?
    .map(Report::try_from)
    .transpose()
}

/// Keeps a new report, or a new edition of one; its recipients are those it names. False when somebody else saved it since.
pub async fn save(conn: &mut PgConnection, report: &Report, now: DateTime<Utc>) -> Result<bool> {
    let json = |error| StoreError::corrupt("report", error);
    let view = serde_json::to_value(report.view).map_err(json)?;
    let schedule = report
        .schedule
        .map(serde_json::to_value)
        .transpose()
        .map_err(json)?;
    let saved = sqlx::query!(
        "insert into report (id, owner_id, name, page, view, schedule, csv, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8 + 1, $9, $9)
         on conflict (id) do update
         set name = excluded.name, page = excluded.page, view = excluded.view, schedule = excluded.schedule, csv = excluded.csv,
             version = excluded.version, updated_at = excluded.updated_at, stopped_at = null
         where report.version = $8 and report.owner_id = $2",
        report.id,
        report.owner.0,
        report.name,
        report.page.as_str(),
        view,
        schedule,
        report.csv,
        report.version,
        now
    )
    .execute(&mut *conn)
    .await?
    .rows_affected()
        == 1;
    if saved {
        let people: Vec<Uuid> = report.recipients.iter().map(|it| it.0).collect();
        sqlx::query!(
            "delete from report_recipient where report_id = $1 and person_id <> all ($2)",
            report.id,
            &people
        )
        .execute(&mut *conn)
        .await?;
        sqlx::query!(
            "insert into report_recipient (report_id, person_id) select $1, person from unnest($2::uuid[]) as it (person)
             on conflict do nothing",
            report.id,
            &people
        )
        .execute(conn)
        .await?;
    }
    Ok(saved)
}

/// Takes a report away.
pub async fn remove(conn: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("delete from report where id = $1", id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Says that it was mailed, or that it is mailed no more.
pub async fn mailed(
    conn: &mut PgConnection,
    id: Uuid,
    mailed_at: Option<DateTime<Utc>>,
    stopped_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "update report set mailed_at = coalesce($2, mailed_at), stopped_at = $3 where id = $1",
        id,
        mailed_at,
        stopped_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Everybody who may see figures at all, by name, for the choice of recipients.
pub async fn managers(conn: &mut PgConnection) -> Result<Vec<(PersonId, String)>> {
    let rows = sqlx::query!(
        "select id, name from person where manager and deactivated_at is null order by lower(name), id limit 1000"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| (PersonId(r.id), r.name)).collect())
}
