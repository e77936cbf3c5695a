//! How an instance comes to its organisations, teams and people when nobody invites them one by one: the first
//! administrator's set-up, and the demo.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::{OrganisationId, PersonId, TeamId};
use tierdesk_domain::person::PersonKind;
use tierdesk_domain::team::Details;
use tierdesk_domain::tier::Tier;
use tierdesk_store::{instance, person, session, team};
use uuid::Uuid;

use crate::error::Result;
use crate::team::establish;
use crate::{Caller, Desk};

/// Where the date is kept on which the demo's company was complete.
const DEMO: &str = "demo";

/// Somebody who is entered with all that is known of them.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Their name.
    pub name: &'a str,
    /// The address mail goes to; it counts as verified.
    pub email: &'a str,
    /// Where the address comes from: `demo`, `import`.
    pub source: &'a str,
    /// Their organisation.
    pub organisation: Option<OrganisationId>,
    /// Where they work.
    pub site: Option<&'a str>,
    /// IANA name of their zone.
    pub time_zone: &'a str,
    /// Whether they are a manager, of all teams.
    pub manager: bool,
    /// Whether they configure.
    pub administrator: bool,
    /// The queues they work.
    pub queues: &'a [(TeamId, Tier)],
    /// Their password's hash, where they have one.
    pub password_hash: Option<&'a str>,
}

impl Desk {
    /// Enters an organisation.
    ///
    /// # Errors
    /// [`crate::DeskError::Denied`] for callers who may not configure.
    pub async fn enter_organisation(
        &self,
        caller: &Caller,
        name: &str,
        colleagues_see: bool,
        now: DateTime<Utc>,
    ) -> Result<OrganisationId> {
        authorize(&caller.who, Action::Administer)?;
        let id = OrganisationId(Uuid::now_v7());
        let mut work = self.begin(caller, now).await?;
        person::insert_organisation(work.conn(), id, name, colleagues_see, now).await?;
        work.audit(
            "organisation.entered",
            "organisation",
            &id.to_string(),
            json!({"name": name}),
        );
        work.commit().await?;
        Ok(id)
    }

    /// Enters a team with its first version, or finds the one of that name.
    ///
    /// # Errors
    /// [`crate::DeskError::Denied`] for callers who may not configure.
    pub async fn enter_team(
        &self,
        caller: &Caller,
        name: &str,
        description: &str,
        now: DateTime<Utc>,
    ) -> Result<TeamId> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let teams = team::all(work.conn()).await?;
        if let Some(found) = teams.into_iter().find(|it| it.name == name) {
            return Ok(found.id);
        }
        let details = Details {
            description: description.to_owned(),
            restricted: false,
        };
        let id = establish(&mut work, name.to_owned(), details).await?;
        work.audit(
            "team.entered",
            "team",
            &id.to_string(),
            json!({"name": name}),
        );
        work.commit().await?;
        Ok(id)
    }

    /// Enters somebody.
    ///
    /// # Errors
    /// [`crate::DeskError::Denied`] for callers who may not configure; a taken address is refused by the database.
    pub async fn enter_person(
        &self,
        caller: &Caller,
        entry: &Entry<'_>,
        now: DateTime<Utc>,
    ) -> Result<PersonId> {
        authorize(&caller.who, Action::Administer)?;
        let id = PersonId(Uuid::now_v7());
        let mut work = self.begin(caller, now).await?;
        let new = person::NewPerson {
            id,
            name: entry.name,
            kind: PersonKind::Human,
            organisation: entry.organisation,
            site: entry.site,
            time_zone: entry.time_zone,
            administrator: entry.administrator,
            manager: entry.manager,
        };
        person::insert(work.conn(), &new, now).await?;
        person::add_address(work.conn(), id, entry.email, entry.source, Some(now), now).await?;
        for (team, tier) in entry.queues {
            team::add_member(work.conn(), id, *team, *tier).await?;
        }
        if let Some(hash) = entry.password_hash {
            session::set_credential(work.conn(), id, hash, now).await?;
        }
        let queues: Vec<_> = entry
            .queues
            .iter()
            .map(|(team, tier)| json!([team, tier]))
            .collect();
        work.audit(
            "person.entered",
            "person",
            &id.to_string(),
            json!({"queues": queues, "manager": entry.manager, "administrator": entry.administrator}),
        );
        work.commit().await?;
        Ok(id)
    }

    /// When the demo's company in this database was complete; nothing for a database that holds no demo, or half of one.
    pub async fn demo_complete_since(&self) -> Result<Option<DateTime<Utc>>> {
        let mut conn = self.acquire().await?;
        Ok(instance::get(&mut conn, DEMO).await?)
    }

    /// Notes that the demo's company is complete.
    ///
    /// # Errors
    /// [`crate::DeskError::Denied`] for callers who may not configure.
    pub async fn complete_demo(&self, caller: &Caller, now: DateTime<Utc>) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        instance::set(work.conn(), DEMO, &now).await?;
        work.audit("demo.complete", "instance", "1", json!({}));
        work.commit().await
    }
}
