//! What actions counted and nobody folded yet.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::tally::Counts;
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use crate::{Result, StoreError, row};

/// Where something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The team whose queue it happened in.
    pub team: TeamId,
    /// The tier.
    pub tier: Tier,
    /// The priority.
    pub priority: Priority,
    /// What the ticket was about.
    pub category: Option<CategoryId>,
    /// Whose it was.
    pub organisation: Option<OrganisationId>,
    /// The engineer, in counts of engineers, which have neither category nor organisation.
    pub person: Option<PersonId>,
}

impl Place {
    /// From the columns of a row: team, tier, priority; category, organisation and person, whose nil stands for none.
    pub(super) fn read(
        table: &'static str,
        team: Uuid,
        tier: i16,
        priority: i16,
        [category, organisation, person]: [Uuid; 3],
    ) -> Result<Self> {
        Ok(Self {
            team: TeamId(team),
            tier: row::tier(table, tier)?,
            priority: row::number(table, priority, Priority::from_number)?,
            category: known(category).map(CategoryId),
            organisation: known(organisation).map(OrganisationId),
            person: known(person).map(PersonId),
        })
    }
}

/// Takes up to `limit` rows away, oldest first, for whoever folds them.
pub async fn take(
    conn: &mut PgConnection,
    limit: i64,
) -> Result<Vec<((DateTime<Utc>, Place), Counts)>> {
    sqlx::query!(
        "delete from tally_delta where id = any (array(select id from tally_delta order by id limit $1))
         returning at, team_id, tier, priority, category_id, organisation_id, person_id, counts",
        limit
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let told_apart = [r.category_id, r.organisation_id, r.person_id];
        let place = Place::read("tally_delta", r.team_id, r.tier, r.priority, told_apart)?;
        Ok(((r.at, place), counts(&r.counts)?))
    })
    .collect()
}

/// Takes everything away, for whoever counts anew.
pub async fn clear(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from tally_delta")
        .execute(conn)
        .await?;
    Ok(())
}

/// The id, unless it is the one that stands for none.
pub(super) fn known(id: Uuid) -> Option<Uuid> {
    (!id.is_nil()).then_some(id)
}

pub(super) fn counts(bytes: &[u8]) -> Result<Counts> {
    Counts::decode(bytes).map_err(|error| StoreError::corrupt("tally", error))
}
