//! Escalation paths as administrators write them: one per team, a versioned document with the team's id.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::authorize::{Action, TicketFacts, Who, authorize};
use tierdesk_domain::clock::spell;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{DocumentId, PersonId, TeamId};
use tierdesk_domain::in_charge::{Counted, Path, Target};
use tierdesk_domain::on_call::Schedule;
use tierdesk_domain::text::{fill, t};
use tierdesk_domain::ticket::Status;
use tierdesk_domain::tier::Tier;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::team::{self, Team};
use tierdesk_store::{PgConnection, person};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::on_call::SCHEDULE;
use crate::{Caller, Desk};

/// The documents' kind in the table of configuration.
pub(crate) const PATH: &str = "escalation_path";

/// A team with its path.
#[derive(Debug)]
pub struct TeamPath {
    /// The team.
    pub team: Team,
    /// The newest version of its own path.
    pub path: Option<Document<Path>>,
    /// What that does, or the standard path where there is none; one sentence per level.
    pub words: Vec<String>,
}

impl Desk {
    /// Every team with its path, by name.
    pub async fn paths(&self, caller: &Caller) -> Result<Vec<TeamPath>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let paths = configuration::current::<Path>(&mut conn, PATH).await?;
        let mut paths: HashMap<_, _> = paths.into_iter().map(|it| (it.id, it)).collect();
        let mut found = Vec::new();
        for team in team::all(&mut conn).await? {
            let path = paths.remove(&DocumentId(team.id.0));
            let words = words(&mut conn, path.as_ref(), &team.name).await?;
            found.push(TeamPath { team, path, words });
        }
        Ok(found)
    }

    /// One team with its path.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a team that does not exist.
    pub async fn path(&self, caller: &Caller, team: TeamId) -> Result<TeamPath> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let team = team::find(&mut conn, team)
            .await?
            .ok_or(DeskError::NotFound)?;
        let path = configuration::newest::<Path>(&mut conn, PATH, DocumentId(team.id.0)).await?;
        let words = words(&mut conn, path.as_ref(), &team.name).await?;
        Ok(TeamPath { team, path, words })
    }

    /// Saves a team's path as the version after the one that the caller saw, 0 for none. What is wrong with its levels
    /// [`Path::check`] says, by level; whoever calls asks it first.
    ///
    /// # Errors
    /// [`DeskError::Invalid`]; [`DeskError::Conflict`] if it changed since.
    pub async fn save_path(
        &self,
        caller: &Caller,
        team: TeamId,
        seen: i32,
        active: bool,
        path: Path,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let team = team::find(work.conn(), team)
            .await?
            .ok_or(DeskError::NotFound)?;
        let mut errors: Vec<_> = path.check().into_iter().map(|(_, it)| it).collect();
        for level in &path.levels {
            if let Some(message) = wrong_with(work.conn(), level.who, &team).await? {
                errors.push(FieldError::new("who", message));
            }
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let id = Some((DocumentId(team.id.0), seen));
        Self::save_document(&mut work, PATH, id, &team.name, active, path).await?;
        work.commit().await
    }

    /// What a path would do, one sentence per level, before it is saved.
    pub async fn describe_path(
        &self,
        caller: &Caller,
        team: TeamId,
        path: &Path,
    ) -> Result<Vec<String>> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let team = team::find(&mut conn, team)
            .await?
            .ok_or(DeskError::NotFound)?;
        describe(&mut conn, path, &team.name).await
    }
}

/// Why somebody cannot be a level of a team's path; none if they can.
async fn wrong_with(
    conn: &mut PgConnection,
    who: Target,
    team: &Team,
) -> Result<Option<&'static str>> {
    Ok(match who {
        Target::Person { person } => match person::principal(conn, person).await? {
            None => Some("error.choose_one"),
            Some(principal) => {
                let any_ticket = TicketFacts {
                    requester: PersonId(Uuid::nil()),
                    organisation: None,
                    team: team.id,
                    restricted: team.restricted,
                    tier: Tier::L1,
                    status: Status::Open,
                };
                let reads = Action::ReadInternal(any_ticket);
                authorize(&Who::Person(principal), reads)
                    .err()
                    .map(|_| "error.path_cannot_read")
            }
        },
        Target::OnCall { schedule } => {
            let found = configuration::newest::<Schedule>(conn, SCHEDULE, schedule).await?;
            found.is_none().then_some("error.choose_one")
        }
        Target::Managers {} => None,
    })
}

/// A team's own path in words, else the one that holds where there is none.
async fn words(
    conn: &mut PgConnection,
    own: Option<&Document<Path>>,
    team: &str,
) -> Result<Vec<String>> {
    match own {
        Some(own) => describe(conn, &own.body, team).await,
        None => describe(conn, &Path::standard(), team).await,
    }
}

/// A path in plain words: “at once Ana is told”, “after 15 min without acknowledgement the on-call of …”.
async fn describe(conn: &mut PgConnection, path: &Path, team: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut passed = Some(0_u32);
    for (number, level) in path.levels.iter().enumerate() {
        let who = match level.who {
            Target::Person { person } => person::find(conn, person)
                .await?
                .map(|it| it.name)
                .unwrap_or_default(),
            Target::OnCall { schedule } => {
                let schedule = configuration::newest::<Schedule>(conn, SCHEDULE, schedule).await?;
                let name = schedule.map(|it| it.name).unwrap_or_default();
                fill("in_charge.on_call_of", &[("schedule", &name)])
            }
            Target::Managers {} => fill("in_charge.managers_of", &[("team", &team)]),
        };
        // Working minutes and others cannot be added up.
        passed = passed
            .filter(|_| level.counted == Counted::Clock)
            .map(|sum| sum.saturating_add(level.minutes));
        let by_mail = t(if level.mail {
            "in_charge.by_mail"
        } else {
            "in_charge.in_app"
        });
        let minutes = passed.unwrap_or(level.minutes);
        let key = match (level.counted, passed, number) {
            (Counted::Clock, Some(0), _) => "in_charge.at_once",
            (Counted::Clock, Some(_), 0) => "in_charge.first_after",
            (Counted::Clock, Some(_), _) => "in_charge.after",
            (Counted::Clock, None, _) => "in_charge.after_that",
            (Counted::Working, _, 0) => "in_charge.first_after_working",
            (Counted::Working, _, _) => "in_charge.after_working",
        };
        words.push(fill(
            key,
            &[("minutes", &minutes), ("who", &who), ("how", &by_mail)],
        ));
    }
    if path.repeats > 0 && path.levels.len() > 1 {
        words.push(fill(
            "in_charge.repeats",
            &[("minutes", &path.repeat_minutes), ("times", &path.repeats)],
        ));
    }
    let slowest = spell(TimeDelta::minutes(i64::from(path.slowest_minutes())));
    words.push(match path.repeats {
        0 => fill("in_charge.last_slowly", &[("slowest", &slowest)]),
        times => fill(
            "in_charge.last",
            &[
                ("minutes", &path.repeat_minutes),
                ("times", &times),
                ("slowest", &slowest),
            ],
        ),
    });
    words.push(t("in_charge.until").to_owned());
    Ok(words)
}
