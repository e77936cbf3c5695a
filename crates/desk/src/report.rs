//! Views of dashboards that managers save, and have mailed to themselves and to each other.

mod letter;

pub use letter::{ReportFigure, ReportLetter};

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, Who, authorize};
use tierdesk_domain::dashboard::View;
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::{PersonId, TeamId};
use tierdesk_domain::outbox::MailKind;
use tierdesk_domain::report::{MAX_NAME, MAX_RECIPIENTS, Page, Schedule};
use tierdesk_store::report::{self, Report};
use tierdesk_store::timer::Timer;
use tierdesk_store::{PgConnection, person, tally};
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
        } else {
            let own = teams_of(work.conn(), owner).await?;
            let reached = reached(work.conn(), &new.view, &own, &new.recipients).await?;
            if reached.len() < new.recipients.len() {
                errors.push(FieldError::new("recipients", "report.other_teams"));
            }
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

/// The teams whose figures somebody may see; none where they are not active or see no figures.
async fn teams_of(conn: &mut PgConnection, id: PersonId) -> Result<Vec<TeamId>> {
    let principal = person::principal(conn, id).await?;
    let scope = principal.map(|it| authorize(&Who::Person(it), Action::SeeDashboard));
    match scope {
        Some(Ok(scope)) => Ok(tally::teams(conn, &scope).await?),
        _ => Ok(Vec::new()),
    }
}

/// The teams of a view that both its owner and a reader answer for; none where that is not what the view is of.
fn shared(view: &View, owners: &[TeamId], readers: &[TeamId]) -> Vec<TeamId> {
    let both = owners.iter().filter(|team| readers.contains(team));
    let both: Vec<_> = both.copied().collect();
    match view.team {
        Some(team) if !both.contains(&team) => Vec::new(),
        _ => both,
    }
}

/// Those of these people who may see anything of a view with its owner's teams.
async fn reached(
    conn: &mut PgConnection,
    view: &View,
    owners: &[TeamId],
    people: &[PersonId],
) -> Result<Vec<PersonId>> {
    let mut reached = Vec::new();
    for person in people {
        let readers = teams_of(conn, *person).await?;
        if !shared(view, owners, &readers).is_empty() {
            reached.push(*person);
        }
    }
    Ok(reached)
}

/// Mails a report whose time has come: once, however many times passed meanwhile; and sets its next time. One whose owner
/// may not see its figures any more, or that nobody may be sent, stops.
pub(crate) async fn fire(work: &mut Work<'_>, timer: &Timer) -> Result<()> {
    let Some(report) = report::find(work.conn(), timer.object_id).await? else {
        return Ok(());
    };
    let Some(schedule) = report.schedule else {
        return Ok(());
    };
    let now = work.now;
    let id = report.id.to_string();
    let owners = teams_of(work.conn(), report.owner).await?;
    let reached = reached(work.conn(), &report.view, &owners, &report.recipients).await?;
    if reached.is_empty() {
        report::mailed(work.conn(), report.id, None, Some(now)).await?;
        work.audit(
            "report.stopped",
            "report",
            &id,
            json!({"owner": report.owner}),
        );
        return Ok(());
    }
    for person in reached {
        work.mail(Mail {
            kind: MailKind::Report,
            to: person,
            ticket: None,
            event: None,
            data: json!({"report": report.id, "due_at": timer.fires_at}),
            secret: None,
        })
        .await?;
    }
    report::mailed(work.conn(), report.id, Some(now), None).await?;
    work.timer(REPORT, report.id, 0, schedule.next(now));
    let late = (now - timer.fires_at).num_seconds();
    let detail = json!({"due_at": timer.fires_at, "late_by_seconds": late});
    work.audit("report.mailed", "report", &id, detail);
    Ok(())
}
