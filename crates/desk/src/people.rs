//! Administration of people: their parts, their queues, and what happens to their tickets when they leave.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tierdesk_domain::authorize::{Action, Managed, authorize};
use tierdesk_domain::field::{FieldError, one_line, required};
use tierdesk_domain::id::{OrganisationId, PersonId, TeamId, TicketId};
use tierdesk_domain::tier::Tier;
use tierdesk_store::people::{self, Change, OwnChoice};
use tierdesk_store::ticket::Ticket;
use tierdesk_store::{person, session};

use crate::assignment::{Why, take_away};
use crate::error::{DeskError, Result};
use crate::invitation::MAX_NAME;
use crate::routing::somebody_new;
use crate::{Caller, Desk, Work};

/// What an administrator sets of a person.
#[derive(Debug, Clone)]
pub struct PersonEdit {
    /// Their name.
    pub name: String,
    /// IANA zone.
    pub time_zone: String,
    /// Their organisation; of what they filed it changes nothing.
    pub organisation: Option<OrganisationId>,
    /// Whether policies may treat them apart; of what they filed it changes nothing.
    pub vip: bool,
    /// May configure.
    pub administrator: bool,
    /// The teams they answer for, if they are a manager. An empty list is no team: all of them must be said.
    pub manages: Option<Managed>,
    /// The queues they work in.
    pub queues: BTreeSet<(TeamId, Tier)>,
}

/// What a person chooses about their own pages.
#[derive(Debug, Clone)]
pub struct Preferences {
    /// Their name.
    pub name: String,
    /// IANA zone.
    pub time_zone: String,
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `compact` or `comfortable`.
    pub density: String,
    /// Whether single keys are shortcuts.
    pub single_keys: bool,
}

fn zone(text: &str, errors: &mut Vec<FieldError>) {
    if text.parse::<chrono_tz::Tz>().is_err() {
        errors.push(FieldError::new("time_zone", "error.time_zone"));
    }
}

/// Locks these tickets; those are left that are open and this person's when they are locked.
async fn still_theirs(
    work: &mut Work<'_>,
    id: PersonId,
    tickets: Vec<TicketId>,
) -> Result<Vec<Ticket>> {
    let mut locked = Vec::new();
    for ticket in tickets {
        locked.extend(work.lock(ticket).await?);
    }
    locked.retain(|it| it.assignee == Some(id) && it.status.is_open());
    Ok(locked)
}

/// The teams of a manager for the audit log.
fn managed(managed: &Managed) -> Value {
    match managed {
        Managed::All => json!("all"),
        Managed::Teams(teams) => json!(teams),
    }
}

impl Desk {
    /// Changes a person. When their rights change, their sessions end, so that no old right lives on (AT-SESS-1), and their
    /// open tickets in queues that they leave go back to them.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if somebody changed them since `version`; [`DeskError::State`] for the last administrator
    /// who would give that up.
    pub async fn edit_person(
        &self,
        caller: &Caller,
        id: PersonId,
        version: i32,
        edit: PersonEdit,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let name = one_line(&edit.name);
        let mut errors = Vec::new();
        required("name", &name, MAX_NAME, &mut errors);
        zone(&edit.time_zone, &mut errors);
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let mut work = self.begin(caller, now).await?;
        let known = person::organisations(work.conn()).await?;
        if (edit.organisation).is_some_and(|id| known.iter().all(|it| it.0 != id)) {
            return Err(vec![FieldError::new("organisation", "error.choose_one")].into());
        }
        let others = people::administrators(work.conn(), Some(id)).await?;
        let before = person::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        let rights_before = person::principal(work.conn(), id).await?;
        if before.administrator
            && !edit.administrator
            && before.deactivated_at.is_none()
            && others == 0
        {
            return Err(DeskError::State("people.last_administrator"));
        }
        let change = Change {
            name: &name,
            time_zone: &edit.time_zone,
            organisation: edit.organisation,
            vip: edit.vip,
            manages: edit.manages.as_ref(),
            administrator: edit.administrator,
        };
        if !people::change(work.conn(), id, version, &change).await? {
            return Err(DeskError::Conflict);
        }
        let queues: Vec<_> = edit.queues.iter().copied().collect();
        people::set_queues(work.conn(), id, &queues).await?;
        let had = rights_before.as_ref().map(|it| &it.memberships);
        if had.is_none_or(|had| !edit.queues.is_subset(had)) {
            somebody_new(&mut work, id).await?;
        }
        let lost = people::out_of_reach(work.conn(), id).await?;
        let lost = still_theirs(&mut work, id, lost).await?;
        let freed = lost.len();
        take_away(&mut work, lost, None, Why::NotInQueue).await?;
        let rights = person::principal(work.conn(), id).await?;
        let (managed_before, queues_before) = rights_before
            .clone()
            .map(|it| (it.manages, it.memberships))
            .unzip();
        let managed_before = managed_before.flatten();
        let ended = if rights == rights_before {
            0
        } else {
            session::end_all(work.conn(), id, None, now).await?
        };
        work.audit(
            "person.changed",
            "person",
            &id.to_string(),
            json!({
                "name": name, "vip": edit.vip, "sessions_ended": ended,
                "organisation": {"from": before.organisation, "to": edit.organisation},
                "administrator": {"from": before.administrator, "to": edit.administrator},
                "manages": {"from": managed_before.as_ref().map(managed), "to": edit.manages.as_ref().map(managed)},
                "queues": {"from": queues_before, "to": queues}, "tickets_freed": freed,
            }),
        );
        work.commit().await
    }

    /// Deactivates a person: sessions end at once, and their open tickets go to `successor` where that one may act on the
    /// queue, else back to their queues, which route them anew. Returns how many tickets went.
    ///
    /// # Errors
    /// [`DeskError::State`] for oneself and for the last administrator.
    pub async fn deactivate(
        &self,
        caller: &Caller,
        id: PersonId,
        successor: Option<PersonId>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        authorize(&caller.who, Action::Administer)?;
        if caller.person_id() == Some(id) {
            return Err(DeskError::State("people.not_oneself"));
        }
        let mut work = self.begin(caller, now).await?;
        let others = people::administrators(work.conn(), Some(id)).await?;
        let leaving = person::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        if leaving.deactivated_at.is_some() {
            return Ok(0);
        }
        if leaving.administrator && others == 0 {
            return Err(DeskError::State("people.last_administrator"));
        }
        people::set_deactivated(work.conn(), id, Some(now)).await?;
        session::end_all(work.conn(), id, None, now).await?;
        let open = people::open_tickets(work.conn(), id).await?;
        let open = still_theirs(&mut work, id, open).await?;
        let handed_over = open.len() as u64;
        take_away(&mut work, open, successor, Why::Deactivated).await?;
        work.audit(
            "person.deactivated",
            "person",
            &id.to_string(),
            json!({"tickets": handed_over, "successor": successor}),
        );
        work.commit().await?;
        Ok(handed_over)
    }

    /// Lets a person in again, with the parts they had.
    pub async fn reactivate(
        &self,
        caller: &Caller,
        id: PersonId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        person::find(work.conn(), id)
            .await?
            .ok_or(DeskError::NotFound)?;
        people::set_deactivated(work.conn(), id, None).await?;
        work.audit("person.reactivated", "person", &id.to_string(), json!({}));
        somebody_new(&mut work, id).await?;
        work.commit().await
    }

    /// Writes what the caller chose about their own pages.
    pub async fn choose(
        &self,
        caller: &Caller,
        choice: Preferences,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        let name = one_line(&choice.name);
        let mut errors = Vec::new();
        required("name", &name, MAX_NAME, &mut errors);
        zone(&choice.time_zone, &mut errors);
        if !["system", "light", "dark"].contains(&choice.theme.as_str()) {
            errors.push(FieldError::new("theme", "error.choose_one"));
        }
        if !["compact", "comfortable"].contains(&choice.density.as_str()) {
            errors.push(FieldError::new("density", "error.choose_one"));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let mut work = self.begin(caller, now).await?;
        let own = OwnChoice {
            name: &name,
            time_zone: &choice.time_zone,
            theme: &choice.theme,
            density: &choice.density,
            single_keys: choice.single_keys,
        };
        people::choose(work.conn(), id, &own).await?;
        work.audit(
            "person.chose",
            "person",
            &id.to_string(),
            json!({"name": name, "time_zone": choice.time_zone}),
        );
        work.commit().await
    }

    /// Sets the caller's theme.
    pub async fn choose_theme(&self, caller: &Caller, theme: &str) -> Result<()> {
        let id = caller.person_id().ok_or(DeskError::Denied)?;
        if !["system", "light", "dark"].contains(&theme) {
            return Err(vec![FieldError::new("theme", "error.choose_one")].into());
        }
        let mut conn = self.acquire().await?;
        people::set_theme(&mut conn, id, theme).await?;
        Ok(())
    }
}
