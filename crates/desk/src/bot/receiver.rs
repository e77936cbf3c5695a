//! Whom the bot hands tickets to: a versioned document, which administrators write, says which team gets which faults.

use chrono::{DateTime, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::connectivity::{Candidate, Receivers, Team};
use tierdesk_domain::field::FieldError;
use tierdesk_domain::id::{DocumentId, TeamId};
use tierdesk_domain::text::t;
use tierdesk_domain::tier::Tier;
use tierdesk_store::{PgConnection, configuration, team};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

/// The document's kind in the table of configuration.
const RECEIVERS: &str = "bot_receivers";
/// An instance has one, so two first versions are one too many.
const DOCUMENT: DocumentId = DocumentId(Uuid::from_u128(0x7e11_0b07));

/// Whom the bot hands tickets to, as administrators read it.
#[derive(Debug)]
pub struct ReceiverSettings {
    /// The newest version; 0 where nobody chose anything.
    pub version: i32,
    /// What was chosen.
    pub chosen: Receivers,
    /// Who gets faults of the network now, by name; none where nobody would.
    pub network: Option<String>,
    /// The same for faults of services.
    pub servers: Option<String>,
}

impl Desk {
    /// Whom the bot hands tickets to.
    pub async fn receivers(&self, caller: &Caller) -> Result<ReceiverSettings> {
        authorize(&caller.who, Action::Administer)?;
        let mut conn = self.acquire().await?;
        let newest = configuration::newest::<Receivers>(&mut conn, RECEIVERS, DOCUMENT).await?;
        let (version, chosen) = newest.map_or_else(Default::default, |it| (it.version, it.body));
        let teams = candidates(&mut conn).await?;
        let name = |wanted| {
            let team = chosen.choose(Some(wanted), &teams)?;
            let found = teams.iter().find(|it| it.team == team);
            found.map(|it| it.name.clone())
        };
        Ok(ReceiverSettings {
            version,
            chosen,
            network: name(Team::Network),
            servers: name(Team::Servers),
        })
    }

    /// Saves whom the bot hands tickets to as the version after the one that the caller saw. It holds from the next finding
    /// on.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] for a team that does not exist; [`DeskError::Conflict`] if it changed since.
    pub async fn save_receivers(
        &self,
        caller: &Caller,
        seen: i32,
        chosen: Receivers,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut work = self.begin(caller, now).await?;
        let teams = team::all(work.conn()).await?;
        let fields = [("network", chosen.network), ("servers", chosen.servers)];
        let wrong = fields.into_iter().filter(|(_, chosen)| {
            chosen.is_some_and(|chosen| !teams.iter().any(|team| team.id == chosen))
        });
        let errors: Vec<_> = wrong
            .map(|(field, _)| FieldError::new(field, "error.choose_one"))
            .collect();
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let newest = configuration::newest::<Receivers>(work.conn(), RECEIVERS, DOCUMENT).await?;
        if newest.map_or(0, |it| it.version) != seen {
            return Err(DeskError::Conflict);
        }
        let id = Some((DOCUMENT, seen));
        Self::save_document(&mut work, RECEIVERS, id, t("bot.hand_overs"), true, chosen).await?;
        work.commit().await
    }
}

/// The team that gets a fault, at L2; none where nobody would see it there.
pub(super) async fn receiver(
    conn: &mut PgConnection,
    wanted: Option<Team>,
) -> Result<Option<TeamId>> {
    let newest = configuration::newest::<Receivers>(conn, RECEIVERS, DOCUMENT).await?;
    let chosen = newest.map(|it| it.body).unwrap_or_default();
    let teams = candidates(conn).await?;
    Ok(chosen.choose(wanted, &teams))
}

async fn candidates(conn: &mut PgConnection) -> Result<Vec<Candidate>> {
    let members = team::memberships(conn).await?;
    let teams = team::all(conn).await?.into_iter();
    Ok(teams
        .map(|team| Candidate {
            staffed: members
                .iter()
                .any(|(of, tier, _)| (*of, *tier) == (team.id, Tier::L2)),
            team: team.id,
            name: team.name,
        })
        .collect())
}
