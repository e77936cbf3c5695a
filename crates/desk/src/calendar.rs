//! Working calendars for administrators: versions that begin on a date, holidays out of feeds, and a look at what a
//! calendar would do before it is saved.

mod retire;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::calendar::{Calendar, CalendarDocument, Entry, start_of_day};
use tierdesk_domain::field::{self, FieldError};
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::sla::{Metric, Policy, Subject};
use tierdesk_domain::ticket::{Kind, Priority};
use tierdesk_store::PgConnection;
use tierdesk_store::configuration::{self, Document};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::rulebook::{CALENDAR, Reign, Standing};
use crate::{Caller, Desk};

pub use retire::CalendarUse;
pub(crate) use retire::may_choose;

/// The longest name of a calendar, and of a holiday, in characters.
pub const MAX_NAME: usize = 100;

/// The most holidays and special dates of one calendar.
pub const MAX_DATES: usize = 2_000;

/// The most windows of one day.
const MAX_WINDOWS: usize = 12;

/// How far ahead a version may begin, in years.
const MAX_AHEAD: i32 = 10;

/// A calendar in the list.
#[derive(Debug)]
pub struct CalendarLine {
    /// The version in force.
    pub document: Document<CalendarDocument>,
    /// When the next version takes over.
    pub until: Option<DateTime<Utc>>,
    /// Whether anything counts in it.
    pub used: bool,
    /// Whether it is retired: it can be read and brought back, and chosen nowhere.
    pub retired: bool,
}

/// When tickets of one priority would be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// The priority.
    pub priority: Priority,
    /// The target of the first response, and when it would be due.
    pub first_response: Option<(TimeDelta, Option<DateTime<Utc>>)>,
    /// The target of the resolution, and when it would be due.
    pub resolution: Option<(TimeDelta, Option<DateTime<Utc>>)>,
}

impl Desk {
    /// Every calendar as it is in force, by name, the retired ones last.
    pub async fn calendar_list(
        &self,
        caller: &Caller,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalendarLine>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let all = configuration::history::<CalendarDocument>(&mut conn, CALENDAR).await?;
        let uses = retire::uses(&mut conn, now).await?;
        let mut ids: Vec<_> = all.iter().map(|it| it.id).collect();
        ids.dedup();
        let mut lines = Vec::new();
        for id in ids {
            let versions = all.iter().filter(|it| it.id == id).cloned().collect();
            let reigns = Self::reigns(&mut conn, versions, now).await?;
            let of = |standing| move |it: &&Reign<_>| it.standing == standing;
            let shown = reigns
                .iter()
                .find(of(Standing::Now))
                .or_else(|| reigns.iter().rfind(of(Standing::Later)));
            lines.extend(shown.map(|it| CalendarLine {
                document: it.document.clone(),
                until: it.until,
                used: uses.contains_key(&id),
                // The newest version comes first.
                retired: reigns.first().is_some_and(|it| !it.document.active),
            }));
        }
        lines.sort_by_key(|line| (line.retired, line.document.name.to_lowercase()));
        Ok(lines)
    }

    /// Every version of one calendar, the newest first.
    pub async fn calendar_versions(
        &self,
        caller: &Caller,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<CalendarDocument>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let versions = versions(&mut conn, id).await?;
        Self::reigns(&mut conn, versions, now).await
    }

    /// Saves a calendar as a new version that holds from a date on, or at once: of a new one where `seen` is none, else
    /// after the version that the caller saw.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field; [`DeskError::Conflict`] if it changed since; [`DeskError::State`] if it is retired.
    pub async fn save_calendar(
        &self,
        caller: &Caller,
        seen: Option<(DocumentId, i32)>,
        name: &str,
        from: Option<NaiveDate>,
        calendar: CalendarDocument,
        now: DateTime<Utc>,
    ) -> Result<DocumentId> {
        let mut work = self.begin(caller, now).await?;
        authorize(&caller.who, Action::Administer)?;
        let name = field::one_line(name);
        let mut errors = check(&calendar);
        field::required("name", &name, MAX_NAME, &mut errors);
        let others = configuration::current::<CalendarDocument>(work.conn(), CALENDAR).await?;
        let is_retired = |it: &Document<_>| Some(it.id) == seen.map(|it| it.0) && !it.active;
        if others.iter().any(is_retired) {
            return Err(DeskError::State("calendar.retired_line"));
        }
        let same = |it: &Document<CalendarDocument>| {
            it.name.to_lowercase() == name.to_lowercase() && Some(it.id) != seen.map(|it| it.0)
        };
        if others.iter().any(same) {
            errors.push(FieldError::new("name", "calendar.name_taken"));
        }
        let valid_from = begins(from, calendar.zone, now, &mut errors);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let (id, version) = match seen {
            Some((id, seen)) => (id, seen + 1),
            None => (DocumentId(Uuid::now_v7()), 1),
        };
        let document = Document {
            id,
            version,
            name,
            active: true,
            valid_from,
            author: caller.person_id(),
            body: calendar,
        };
        Self::save_version(&mut work, CALENDAR, &document).await?;
        work.commit().await?;
        Ok(id)
    }

    /// Takes the ticked days of a holiday feed into a calendar and remembers the others as left out: in the version in
    /// force and in those that are to come, each as a new version.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if the calendar changed since `seen`; [`DeskError::Invalid`] if it would have too many
    /// dates; [`DeskError::State`] if it is retired.
    pub async fn take_holidays(
        &self,
        caller: &Caller,
        seen: (DocumentId, i32),
        entries: &[(Entry, bool)],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        authorize(&caller.who, Action::Administer)?;
        let (id, newest) = seen;
        let versions = versions(work.conn(), id).await?;
        if versions.iter().any(|it| it.version > newest) {
            return Err(DeskError::Conflict);
        }
        if versions.last().is_some_and(|it| !it.active) {
            return Err(DeskError::State("calendar.retired_line"));
        }
        let reigns = Self::reigns(work.conn(), versions, now).await?;
        let mut version = newest;
        for reign in reigns.into_iter().rev() {
            if !matches!(reign.standing, Standing::Now | Standing::Later) {
                continue;
            }
            version += 1;
            let mut document = reign.document;
            document.body.decide(entries);
            let errors = check(&document.body);
            if !errors.is_empty() {
                return Err(errors.into());
            }
            document.version = version;
            document.valid_from = document.valid_from.max(now);
            document.author = caller.person_id();
            Self::save_version(&mut work, CALENDAR, &document).await?;
        }
        work.commit().await
    }

    /// When tickets filed at a moment would be due in a calendar that need not be saved, one line per priority. The
    /// targets are those of the rule that counts in it, else of the last rule.
    pub async fn preview_calendar(
        &self,
        caller: &Caller,
        id: Option<DocumentId>,
        calendar: &CalendarDocument,
        filed: DateTime<Utc>,
    ) -> Result<Vec<Preview>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let rulebook = self.rulebook(&mut conn).await?;
        let Some(policy) = rulebook.book.policy_at(filed) else {
            return Ok(Vec::new());
        };
        let calendar = Calendar::from(calendar.clone());
        let lines = Priority::ALL
            .into_iter()
            .map(|priority| {
                let due = |metric| {
                    let target = target(&policy.body, id, priority, metric)?;
                    Some((target, calendar.due(filed, target)))
                };
                Preview {
                    priority,
                    first_response: due(Metric::FirstResponse),
                    resolution: due(Metric::Resolution),
                }
            })
            .collect();
        Ok(lines)
    }
}

async fn versions(
    conn: &mut PgConnection,
    id: DocumentId,
) -> Result<Vec<Document<CalendarDocument>>> {
    let mut all = configuration::history::<CalendarDocument>(conn, CALENDAR).await?;
    all.retain(|it| it.id == id);
    if all.is_empty() {
        return Err(DeskError::NotFound);
    }
    Ok(all)
}

/// What an incident of a priority would be promised in this calendar.
fn target(
    policy: &Policy,
    calendar: Option<DocumentId>,
    priority: Priority,
    metric: Metric,
) -> Option<TimeDelta> {
    let subject = Subject {
        priority,
        kind: Kind::Incident,
        category: None,
        organisation: None,
        vip: false,
    };
    let counts_here = |rule: &&tierdesk_domain::sla::PolicyRule| {
        rule.calendar.is_some() && (rule.calendar == calendar || calendar.is_none())
    };
    let rule = policy
        .rules
        .iter()
        .filter(counts_here)
        .find(|rule| rule.when.holds(&subject))
        .or_else(|| policy.rules.iter().rfind(|rule| rule.calendar.is_some()))?;
    let seconds = rule.targets.get(&priority)?.get(&metric)?;
    Some(TimeDelta::seconds(i64::from(*seconds)))
}

/// When a version begins: at once, or at the start of a later day of the calendar's zone.
pub(crate) fn begins(
    from: Option<NaiveDate>,
    zone: chrono_tz::Tz,
    now: DateTime<Utc>,
    errors: &mut Vec<FieldError>,
) -> DateTime<Utc> {
    let today = now.with_timezone(&zone).date_naive();
    match from {
        None => now,
        Some(date) if date == today => now,
        Some(date) if date < today => {
            errors.push(FieldError::new("from", "calendar.from_past"));
            now
        }
        Some(date) if date.year() > today.year() + MAX_AHEAD => {
            errors.push(FieldError::new("from", "calendar.from_far"));
            now
        }
        Some(date) => start_of_day(zone, date),
    }
}

fn check(calendar: &CalendarDocument) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let days = calendar.windows.days();
    if days.iter().all(|day| day.is_empty()) {
        errors.push(FieldError::new("mon", "calendar.never_open"));
    }
    let many = |windows: &Vec<_>| windows.len() > MAX_WINDOWS;
    const FIELDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    for (field, windows) in FIELDS.into_iter().zip(days) {
        if many(windows) {
            errors.push(limit(field, "calendar.many_windows", MAX_WINDOWS));
        }
    }
    if calendar.dates.values().any(many) {
        errors.push(limit("dates", "calendar.many_windows", MAX_WINDOWS));
    }
    for (field, count) in [
        ("holidays", calendar.holidays.len()),
        ("dates", calendar.dates.len()),
    ] {
        if count > MAX_DATES {
            errors.push(limit(field, "calendar.many_dates", MAX_DATES));
        }
    }
    let long = |(_, name): &(&NaiveDate, &String)| name.chars().count() > MAX_NAME;
    if let Some((date, _)) = calendar.names.iter().find(long) {
        let field = match calendar.dates.contains_key(date) {
            true => "dates",
            false => "holidays",
        };
        errors.push(limit(field, "calendar.long_name", MAX_NAME));
    }
    errors
}

fn limit(field: &'static str, message: &'static str, limit: usize) -> FieldError {
    FieldError {
        limit: Some(limit),
        ..FieldError::new(field, message)
    }
}
