//! Teams as administrators edit them: each edit is a version of a document, and the table that everything reads says what
//! the newest one says. Whatever rests on a team knows it by its id, and goes on when it is renamed.

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::field::{FieldError, one_line};
use tierdesk_domain::id::{DocumentId, PersonId, TeamId};
use tierdesk_domain::team::{Details, check};
use tierdesk_domain::tier::Tier;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::team::{self, Team};
use tierdesk_store::{PgConnection, StoreError};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::rulebook::Reign;
use crate::{Caller, Desk, Work};

/// The documents' kind in the table of configuration.
const TEAM: &str = "team";

impl Desk {
    /// Adds a team with its first version.
    ///
    /// # Errors
    /// [`DeskError::Invalid`], also for a name that another team has.
    pub async fn add_team(
        &self,
        caller: &Caller,
        name: &str,
        details: Details,
        now: DateTime<Utc>,
    ) -> Result<TeamId> {
        authorize(&caller.who, Action::Administer)?;
        let (name, details) = read(name, details)?;
        let mut work = self.begin(caller, now).await?;
        let detail = json!({"name": name, "restricted": details.restricted});
        let id = establish(&mut work, name, details).await?;
        work.audit("team.added", TEAM, &id.to_string(), detail);
        work.commit().await?;
        Ok(id)
    }

    /// Saves a team as the version after the one that the caller saw. It holds at once: its name, and who reads its
    /// tickets, are asked of the team each time. What says the same adds no version.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field, also for a name that another team has; [`DeskError::Conflict`] if it changed since.
    pub async fn save_team(
        &self,
        caller: &Caller,
        (id, seen): (TeamId, i32),
        name: &str,
        details: Details,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let before = team::find(work.conn(), id).await?;
        let before = before.ok_or(DeskError::NotFound)?;
        if before.version != seen {
            return Err(DeskError::Conflict);
        }
        let (name, details) = read(name, details)?;
        if before.name == name && says(&before) == details {
            return Ok(());
        }
        let next = Team {
            id,
            name,
            description: details.description,
            restricted: details.restricted,
            version: seen + 1,
        };
        let newest = team::update(work.conn(), &next).await.map_err(taken)?;
        if !newest {
            return Err(DeskError::Conflict);
        }
        keep_version(work.conn(), &next, caller.person_id(), now).await?;
        let all = |it: &Team| json!({"name": it.name, "description": it.description, "restricted": it.restricted});
        let mut detail = all(&next);
        detail["version"] = json!(next.version);
        detail["before"] = all(&before);
        work.audit("team.edited", TEAM, &id.to_string(), detail);
        work.commit().await
    }

    /// Every version of one team, the newest first.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a team that does not exist.
    pub async fn team_versions(
        &self,
        caller: &Caller,
        id: TeamId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<Details>>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let mut versions = configuration::history(&mut conn, TEAM).await?;
        versions.retain(|it| it.id == DocumentId(id.0));
        if versions.is_empty() {
            return Err(DeskError::NotFound);
        }
        Self::reigns(&mut conn, versions, now).await
    }

    /// Who works in a team's queues, by tier and name.
    pub async fn team_workers(
        &self,
        caller: &Caller,
        id: TeamId,
    ) -> Result<Vec<(Tier, PersonId, String)>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        Ok(team::workers(&mut conn, id).await?)
    }
}

/// A team that was not there, with its first version. Whoever calls says in the log how it came.
pub(crate) async fn establish(
    work: &mut Work<'_>,
    name: String,
    details: Details,
) -> Result<TeamId> {
    let (author, now) = (work.caller().person_id(), work.now);
    let team = Team {
        id: TeamId(Uuid::now_v7()),
        name,
        description: details.description,
        restricted: details.restricted,
        version: 1,
    };
    let (name, description) = (&team.name, &team.description);
    team::insert(
        work.conn(),
        team.id,
        name,
        description,
        team.restricted,
        now,
    )
    .await
    .map_err(taken)?;
    keep_version(work.conn(), &team, author, now).await?;
    Ok(team.id)
}

/// Keeps what a team says now as its newest version.
async fn keep_version(
    conn: &mut PgConnection,
    team: &Team,
    author: Option<PersonId>,
    now: DateTime<Utc>,
) -> Result<()> {
    let version = Document {
        id: DocumentId(team.id.0),
        version: team.version,
        name: team.name.clone(),
        active: true,
        valid_from: now,
        author,
        body: says(team),
    };
    Ok(configuration::insert(conn, TEAM, &version).await?)
}

/// What was typed, as it is kept.
fn read(name: &str, details: Details) -> Result<(String, Details)> {
    let name = one_line(name);
    let details = Details {
        description: one_line(&details.description),
        ..details
    };
    let errors = check(&name, &details.description);
    if errors.is_empty() {
        Ok((name, details))
    } else {
        Err(errors.into())
    }
}

fn says(team: &Team) -> Details {
    Details {
        description: team.description.clone(),
        restricted: team.restricted,
    }
}

/// Why a team was not written: for its name, or for something of the database.
fn taken(error: StoreError) -> DeskError {
    match error.is_constraint("team_name") {
        true => vec![FieldError::new("name", "error.name_taken")].into(),
        false => error.into(),
    }
}
