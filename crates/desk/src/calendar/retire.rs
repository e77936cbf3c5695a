//! Calendars that nothing counts in any more: they can be retired, are offered nowhere then, and can be brought back. What
//! was counted in them stays counted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::routing::Routing;
use tierdesk_domain::sla::Policy;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::{PgConnection, shift};

use super::versions;
use crate::error::{DeskError, Result};
use crate::routing::ROUTING;
use crate::rulebook::{CALENDAR, POLICY, Standing};
use crate::{Caller, Desk};

/// Something that counts in a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalendarUse {
    /// A rule of the promises that are in force or planned, by name.
    Promise(String),
    /// The routing of a queue, also where it is switched off.
    Routing(String),
    /// The hours of somebody active, by name.
    Hours(String),
}

impl Desk {
    /// What counts in a calendar, now or by a version that is planned.
    pub async fn calendar_uses(
        &self,
        caller: &Caller,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<Vec<CalendarUse>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        Ok(uses(&mut conn, now).await?.remove(&id).unwrap_or_default())
    }

    /// Retires a calendar that nothing counts in any more, after the version that the caller saw.
    ///
    /// # Errors
    /// [`DeskError::State`] where something still counts in it; [`DeskError::Conflict`] if it changed since.
    pub async fn retire_calendar(
        &self,
        caller: &Caller,
        seen: (DocumentId, i32),
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.switch_calendar(caller, seen, false, now).await
    }

    /// Offers a retired calendar again.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if it changed since the version that the caller saw.
    pub async fn bring_calendar_back(
        &self,
        caller: &Caller,
        seen: (DocumentId, i32),
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.switch_calendar(caller, seen, true, now).await
    }

    /// A version with the hours that hold now says whether the calendar is offered.
    async fn switch_calendar(
        &self,
        caller: &Caller,
        (id, seen): (DocumentId, i32),
        active: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        authorize(&caller.who, Action::Administer)?;
        let versions = versions(work.conn(), id).await?;
        let reigns = Self::reigns(work.conn(), versions, now).await?;
        let newest = reigns.first().ok_or(DeskError::NotFound)?;
        if newest.document.version != seen || newest.document.active == active {
            return Err(DeskError::Conflict);
        }
        if !active && uses(work.conn(), now).await?.contains_key(&id) {
            return Err(DeskError::State("calendar.still_used"));
        }
        let holds = reigns.iter().find(|it| it.standing == Standing::Now);
        let document = Document {
            version: seen + 1,
            active,
            valid_from: now,
            author: caller.person_id(),
            ..holds.unwrap_or(newest).document.clone()
        };
        Self::save_version(&mut work, CALENDAR, &document).await?;
        let action = match active {
            true => "calendar.brought_back",
            false => "calendar.retired",
        };
        let detail = json!({"name": document.name});
        work.audit(action, CALENDAR, &id.to_string(), detail);
        work.commit().await
    }
}

/// Whether something may be set to count in a calendar: it is there, and not retired.
pub(crate) async fn may_choose(conn: &mut PgConnection, id: DocumentId) -> Result<bool> {
    let newest = configuration::newest::<serde_json::Value>(conn, CALENDAR, id).await?;
    Ok(newest.is_some_and(|it| it.active))
}

/// Every calendar that something counts in, with what does.
pub(super) async fn uses(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<HashMap<DocumentId, Vec<CalendarUse>>> {
    let mut uses: HashMap<_, Vec<_>> = HashMap::new();
    let mut used = |id: Option<DocumentId>, by| {
        if let Some(id) = id {
            let all = uses.entry(id).or_default();
            if !all.contains(&by) {
                all.push(by);
            }
        }
    };
    let policies = configuration::history::<Policy>(conn, POLICY).await?;
    for reign in Desk::reigns(conn, policies, now).await? {
        if matches!(reign.standing, Standing::Now | Standing::Later) {
            for rule in reign.document.body.rules {
                used(rule.calendar, CalendarUse::Promise(rule.name));
            }
        }
    }
    for document in configuration::current::<Routing>(conn, ROUTING).await? {
        used(document.body.calendar, CalendarUse::Routing(document.name));
    }
    for (name, calendar) in shift::calendars_of_people(conn).await? {
        used(Some(calendar), CalendarUse::Hours(name));
    }
    Ok(uses)
}
