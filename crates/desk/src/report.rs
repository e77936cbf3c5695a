//! Views of dashboards that managers save, and have mailed to themselves and to each other.

mod letter;

pub use letter::{ReportFigure, ReportLetter};

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::dashboard::View;
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::PersonId;
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::report::{MAX_NAME, MAX_RECIPIENTS, Page, Schedule};
use tierdesk_store::report::{self, Report};
use tierdesk_store::timer::Timer;
use tierdesk_store::{PgConnection, person};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::work::Mail;
use crate::{Caller, Desk, Work};

/// The kind of deadline at which a report is mailed.
pub(crate) const REPORT: &str = "report";

/// What a manager says of a report.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// What they call it.
    pub name: String,
    /// The page it opens.
    pub page: Page,
    /// What is chosen there.
    pub view: View,
    /// When it is mailed.
    pub schedule: Option<Schedule>,
    /// Whether the mail brings the counts as CSV.
    pub csv: bool,
    /// Who gets it.
    pub recipients: Vec<PersonId>,
}

/// Somebody's reports, and whom one could mail them to.
#[derive(Debug)]
pub struct Reports {
    /// By name.
    pub reports: Vec<Report>,
    /// Everybody who may see figures.
    pub managers: Vec<(PersonId, String)>,
}

impl Desk {
    /// The caller's reports.
    pub async fn reports(&self, caller: &Caller) -> Result<Reports> {
        let owner = owner(caller)?;
        let mut conn = self.acquire().await?;
        Ok(Reports {
            reports: report::of_owner(&mut conn, owner).await?,
            managers: report::managers(&mut conn).await?,
        })
    }

    /// Saves a new report, or a new edition of the caller's own: its id, and the version that the caller saw.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a missing name or recipients who may not see figures, [`DeskError::NotFound`] for somebody
    /// else's report or a view that reaches too far, [`DeskError::Conflict`] if it was saved elsewhere meanwhile.
    pub async fn save_report(
        &self,
        caller: &Caller,
        known: Option<(Uuid, i32)>,
        new: NewReport,
        now: DateTime<Utc>,
    ) -> Result<Uuid> {
        let owner = owner(caller)?;
        let mut work = self.begin(caller, now).await?;
        self.lens(work.conn(), caller, new.view, now).await?;
        let name = field::one_line(&new.name);
        let mut errors = Vec::new();
        field::required("name", &name, MAX_NAME, &mut errors);
        let managers = report::managers(work.conn()).await?;
        let stranger = |id: &PersonId| managers.iter().all(|it| it.0 != *id);
        if new.recipients.iter().any(stranger) || new.recipients.len() > MAX_RECIPIENTS {
            errors.push(FieldError::new("recipients", "report.bad_recipients"));
        }
        if new.schedule.is_some() && new.recipients.is_empty() {
            errors.push(FieldError::new("recipients", "report.no_recipients"));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let (id, version) = match known {
            None => (Uuid::now_v7(), 0),
            Some((id, version)) => {
                own(work.conn(), owner, id).await?;
                (id, version)
            }
        };
        let saved = Report {
            id,
            owner,
            name,
            page: new.page,
            view: new.view,
            schedule: new.schedule,
            csv: new.csv,
            version,
            mailed_at: None,
            stopped_at: None,
            recipients: new.recipients,
        };
        if !report::save(work.conn(), &saved, now).await? {
            return Err(DeskError::Conflict);
        }
        match &saved.schedule {
            Some(schedule) => work.timer(REPORT, id, 0, schedule.next(now)),
            None => work.clear_timer(REPORT, id).await?,
        }
        let detail = json!({
            "name": saved.name, "schedule": saved.schedule, "recipients": saved.recipients, "view": saved.view,
        });
        work.audit("report.saved", "report", &id.to_string(), detail);
        work.commit().await?;
        Ok(id)
    }

    /// Takes one of the caller's reports away; it is mailed no more.
    pub async fn remove_report(&self, caller: &Caller, id: Uuid, now: DateTime<Utc>) -> Result<()> {
        let owner = owner(caller)?;
        let mut work = self.begin(caller, now).await?;
        let report = own(work.conn(), owner, id).await?;
        work.clear_timer(REPORT, id).await?;
        report::remove(work.conn(), id).await?;
        let detail = json!({"name": report.name});
        work.audit("report.removed", "report", &id.to_string(), detail);
        work.commit().await
    }
}

/// Who saves reports: those who may see figures.
fn owner(caller: &Caller) -> Result<PersonId> {
    authorize(&caller.who, Action::SeeDashboard)?;
    caller.person_id().ok_or(DeskError::Denied)
}

/// A report of this owner; anybody else's is as if there were none.
async fn own(conn: &mut PgConnection, owner: PersonId, id: Uuid) -> Result<Report> {
    let found = report::find(conn, id).await?;
    found
        .filter(|report| report.owner == owner)
        .ok_or(DeskError::NotFound)
}

/// Whether somebody is active and may see figures.
async fn may_see(conn: &mut PgConnection, id: PersonId) -> Result<bool> {
    let principal = person::principal(conn, id).await?;
    Ok(principal.is_some_and(|it| authorize(&Who::Person(it), Action::SeeDashboard).is_ok()))
}

/// Mails a report whose time has come: once, however many times passed meanwhile; and sets its next time. One whose owner
/// was deactivated, or manages nothing any more, stops.
pub(crate) async fn fire(work: &mut Work<'_>, timer: &Timer) -> Result<()> {
    let Some(report) = report::find(work.conn(), timer.object_id).await? else {
        return Ok(());
    };
    let Some(schedule) = report.schedule else {
        return Ok(());
    };
    let now = work.now;
    let id = report.id.to_string();
    if !may_see(work.conn(), report.owner).await? {
        report::mailed(work.conn(), report.id, None, Some(now)).await?;
        work.audit(
            "report.stopped",
            "report",
            &id,
            json!({"owner": report.owner}),
        );
        return Ok(());
    }
    for person in &report.recipients {
        if may_see(work.conn(), *person).await? {
            work.mail(Mail {
                kind: MailKind::Report,
                to: *person,
                ticket: None,
                event: None,
                data: json!({"report": report.id, "due_at": timer.fires_at}),
                secret: None,
            })
            .await?;
        }
    }
    report::mailed(work.conn(), report.id, Some(now), None).await?;
    work.timer(REPORT, report.id, 0, schedule.next(now));
    let late = (now - timer.fires_at).num_seconds();
    let detail = json!({"due_at": timer.fires_at, "late_by_seconds": late});
    work.audit("report.mailed", "report", &id, detail);
    Ok(())
}
