//! Counts in blocks of days, and how they are read: blocks and what nobody folded yet, in one look.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;
use tierdesk_domain::id::{CategoryId, OrganisationId, PersonId, TeamId};
use tierdesk_domain::tally::{Block, Counts};
use tierdesk_domain::ticket::Priority;
use tierdesk_domain::tier::Tier;
use uuid::Uuid;

use super::delta::{Place, counts, known};
use crate::{Result, StoreError, row};

/// Which columns tell the rows of blocks apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// Team, tier, priority.
    Queues,
    /// Category and organisation too.
    Subjects,
    /// Team, tier, priority and engineer.
    Engineers,
    /// Team, tier, priority and category.
    Categories,
    /// Team, tier, priority and organisation.
    Organisations,
}

const SLICES: [Slice; 5] = [
    Slice::Queues,
    Slice::Subjects,
    Slice::Engineers,
    Slice::Categories,
    Slice::Organisations,
];

impl Slice {
    fn number(self) -> i16 {
        match self {
            Self::Queues => 0,
            Self::Subjects => 1,
            Self::Engineers => 2,
            Self::Categories => 3,
            Self::Organisations => 4,
        }
    }

    /// The slices that something counted at a place belongs to, each with its row.
    pub fn of(place: Place) -> Vec<(Self, Place)> {
        match place.person {
            Some(_) => vec![(Self::Engineers, place)],
            None => {
                let only = |category, organisation| Place {
                    category,
                    organisation,
                    ..place
                };
                vec![
                    (Self::Queues, only(None, None)),
                    (Self::Subjects, place),
                    (Self::Categories, only(place.category, None)),
                    (Self::Organisations, only(None, place.organisation)),
                ]
            }
        }
    }
}

/// A row of blocks.
pub type Key = (Slice, Block, Place);

/// What kind of days the blocks have, and how often they were folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// IANA name of the reporting zone.
    pub zone: String,
    /// Grows with each fold.
    pub fold: i64,
    /// The zone in which everything is to be counted anew, if it is.
    pub next_zone: Option<String>,
}

/// The book.
pub async fn book(conn: &mut PgConnection) -> Result<Book> {
    Ok(
        sqlx::query_as!(Book, "select zone, fold, next_zone from tally_book")
            .fetch_one(conn)
            .await?,
    )
}

/// Asks for everything to be counted anew in the days of a zone.
pub async fn ask_for_recount(conn: &mut PgConnection, zone: &str) -> Result<()> {
    sqlx::query!("update tally_book set next_zone = $1", zone)
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks the book until the transaction ends, unless somebody else folds.
pub async fn lock(conn: &mut PgConnection) -> Result<Option<Book>> {
    Ok(sqlx::query_as!(
        Book,
        "select zone, fold, next_zone from tally_book for update skip locked"
    )
    .fetch_optional(conn)
    .await?)
}

/// Says that the blocks changed, and what zone's days they have now.
pub async fn folded(conn: &mut PgConnection, zone: &str, recounted: bool) -> Result<()> {
    sqlx::query!(
        "update tally_book set fold = fold + 1, zone = $1, next_zone = case when $2 then null else next_zone end",
        zone,
        recounted
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Rows of blocks as columns.
struct Columns {
    slices: Vec<i16>,
    grains: Vec<i16>,
    days: Vec<NaiveDate>,
    teams: Vec<Uuid>,
    tiers: Vec<i16>,
    priorities: Vec<i16>,
    categories: Vec<Uuid>,
    organisations: Vec<Uuid>,
    people: Vec<Uuid>,
}

impl Columns {
    fn of<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> Self {
        let ids = |of: fn(&Place) -> Option<Uuid>| -> Vec<Uuid> {
            let all = keys.clone().map(|(_, _, place)| of(place));
            all.map(Option::unwrap_or_default).collect()
        };
        Self {
            slices: keys.clone().map(|it| it.0.number()).collect(),
            grains: keys.clone().map(|it| it.1.grain).collect(),
            days: keys.clone().map(|it| it.1.day).collect(),
            teams: ids(|it| Some(it.team.0)),
            tiers: keys.clone().map(|it| it.2.tier.number()).collect(),
            priorities: keys.clone().map(|it| it.2.priority.number()).collect(),
            categories: ids(|it| it.category.map(|it| it.0)),
            organisations: ids(|it| it.organisation.map(|it| it.0)),
            people: ids(|it| it.person.map(|it| it.0)),
        }
    }
}

/// Adds counts to rows. The caller holds the book's lock.
pub async fn add(conn: &mut PgConnection, rows: &[(Key, Counts)]) -> Result<()> {
    let c = Columns::of(rows.iter().map(|(key, _)| key));
    // `offset 0` lets each row be looked up by the key: a plan that was made while there were few rows would read all of them.
    let before = sqlx::query!(
        r#"select w.position as "position!", b.counts as "counts!"
           from unnest($1::smallint[], $2::smallint[], $3::date[], $4::uuid[], $5::smallint[], $6::smallint[], $7::uuid[], $8::uuid[],
                       $9::uuid[]) with ordinality
                as w (slice, grain, day, team_id, tier, priority, category_id, organisation_id, person_id, position)
           cross join lateral
               (select b.counts || b.times as counts from tally_block b
                where b.slice = w.slice and b.grain = w.grain and b.day = w.day and b.team_id = w.team_id and b.tier = w.tier
                  and b.priority = w.priority and b.category_id = w.category_id and b.organisation_id = w.organisation_id
                  and b.person_id = w.person_id offset 0) b"#,
        &c.slices,
        &c.grains,
        &c.days,
        &c.teams,
        &c.tiers,
        &c.priorities,
        &c.categories,
        &c.organisations,
        &c.people
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut sums = rows.to_vec();
    for row in before {
        let sum = usize::try_from(row.position - 1)
            .ok()
            .and_then(|position| sums.get_mut(position));
        if let Some((_, sum)) = sum {
            sum.join(&counts(&row.counts)?);
        }
    }
    put(conn, &sums).await
}

/// Writes rows, in the place of what they had. The caller holds the book's lock.
pub async fn put(conn: &mut PgConnection, rows: &[(Key, Counts)]) -> Result<()> {
    let c = Columns::of(rows.iter().map(|(key, _)| key));
    let (plain, times): (Vec<_>, Vec<_>) =
        rows.iter().map(|(_, counts)| counts.encode_apart()).unzip();
    sqlx::query!(
        "insert into tally_block (slice, grain, day, team_id, tier, priority, category_id, organisation_id, person_id, counts, times)
         select * from unnest($1::smallint[], $2::smallint[], $3::date[], $4::uuid[], $5::smallint[], $6::smallint[], $7::uuid[],
                              $8::uuid[], $9::uuid[], $10::bytea[], $11::bytea[])
         on conflict (slice, grain, day, team_id, tier, priority, category_id, organisation_id, person_id)
         do update set counts = excluded.counts, times = excluded.times",
        &c.slices,
        &c.grains,
        &c.days,
        &c.teams,
        &c.tiers,
        &c.priorities,
        &c.categories,
        &c.organisations,
        &c.people,
        &plain,
        &times
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes all rows away, for whoever counts anew.
pub async fn clear(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("delete from tally_block")
        .execute(conn)
        .await?;
    Ok(())
}

/// Every row, for the recount.
pub async fn all(conn: &mut PgConnection) -> Result<Vec<(Key, Counts)>> {
    sqlx::query!(
        "select slice, grain, day, team_id, tier, priority, category_id, organisation_id, person_id, counts || times as \"counts!\" from tally_block"
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        let told_apart = [r.category_id, r.organisation_id, r.person_id];
        let place = Place::read("tally_block", r.team_id, r.tier, r.priority, told_apart)?;
        let slice = SLICES
            .into_iter()
            .find(|it| it.number() == r.slice)
            .ok_or_else(|| StoreError::corrupt("tally_block", "an unknown slice"))?;
        let block = Block {
            grain: r.grain,
            day: r.day,
        };
        Ok(((slice, block, place), counts(&r.counts)?))
    })
    .collect()
}

/// What is told apart in an answer; everything else is added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct By {
    /// Teams.
    pub team: bool,
    /// Tiers.
    pub tier: bool,
    /// Priorities.
    pub priority: bool,
    /// Categories.
    pub category: bool,
    /// Organisations.
    pub organisation: bool,
    /// Engineers.
    pub person: bool,
    /// Whether times are wanted too.
    pub times: bool,
}

/// Which rows are added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Only {
    /// These teams; none named means none.
    pub teams: Vec<TeamId>,
    /// This tier.
    pub tier: Option<Tier>,
    /// This priority.
    pub priority: Option<Priority>,
    /// One of these categories.
    pub categories: Option<Vec<CategoryId>>,
    /// This organisation.
    pub organisation: Option<OrganisationId>,
}

/// The sum of one group.
#[derive(Debug, Clone)]
pub struct Sum {
    /// Which of the spans.
    pub span: usize,
    /// The team, where teams are told apart; and so on.
    pub team: Option<TeamId>,
    /// The tier.
    pub tier: Option<Tier>,
    /// The priority.
    pub priority: Option<Priority>,
    /// The category, all zeros for tickets without one.
    pub category: Option<CategoryId>,
    /// The organisation, all zeros for tickets without one.
    pub organisation: Option<OrganisationId>,
    /// The engineer.
    pub person: Option<PersonId>,
    /// The counts.
    pub counts: Counts,
}

struct SumRow {
    span: i32,
    team_id: Option<Uuid>,
    tier: Option<i16>,
    priority: Option<i16>,
    category_id: Option<Uuid>,
    organisation_id: Option<Uuid>,
    person_id: Option<Uuid>,
    counts: Vec<u8>,
}

impl TryFrom<SumRow> for Sum {
    type Error = StoreError;

    fn try_from(r: SumRow) -> Result<Self> {
        Ok(Self {
            span: usize::try_from(r.span).unwrap_or_default(),
            team: r.team_id.map(TeamId),
            tier: r
                .tier
                .map(|tier| row::tier("tally_block", tier))
                .transpose()?,
            priority: r
                .priority
                .map(|n| row::number("tally_block", n, Priority::from_number))
                .transpose()?,
            category: r.category_id.map(CategoryId),
            organisation: r.organisation_id.map(OrganisationId),
            person: r.person_id.and_then(known).map(PersonId),
            counts: counts(&r.counts)?,
        })
    }
}

/// Sums of blocks, for each span of them.
pub async fn sums(
    conn: &mut PgConnection,
    slice: Slice,
    spans: &[Vec<Block>],
    only: &Only,
    by: By,
) -> Result<Vec<Sum>> {
    let wanted = || {
        let numbered = spans.iter().zip(0_i32..);
        numbered.flat_map(|(blocks, span)| blocks.iter().map(move |block| (span, block)))
    };
    let categories = categories(only);
    sqlx::query_as!(
        SumRow,
        r#"select w.span as "span!", case when $6 then team_id end as team_id, case when $7 then tier end as tier,
                  case when $8 then priority end as priority, case when $9 then category_id end as category_id,
                  case when $10 then organisation_id end as organisation_id, case when $11 then person_id end as person_id,
                  string_agg(case when $16 then b.counts || b.times else b.counts end, ''::bytea) as "counts!"
           from unnest($1::int[], $2::smallint[], $3::date[]) as w (span, grain, day)
           join tally_block b on b.slice = $4 and b.grain = w.grain and b.day = w.day
           where b.team_id = any ($5) and ($12::smallint is null or b.tier = $12) and ($13::smallint is null or b.priority = $13)
             and ($14::uuid[] is null or b.category_id = any ($14)) and ($15::uuid is null or b.organisation_id = $15)
           group by 1, 2, 3, 4, 5, 6, 7"#,
        &wanted().map(|it| it.0).collect::<Vec<_>>(),
        &wanted().map(|it| it.1.grain).collect::<Vec<_>>(),
        &wanted().map(|it| it.1.day).collect::<Vec<_>>(),
        slice.number(),
        &super::ids(&only.teams),
        by.team,
        by.tier,
        by.priority,
        by.category,
        by.organisation,
        by.person,
        only.tier.map(Tier::number),
        only.priority.map(Priority::number),
        categories.as_deref(),
        only.organisation.map(|it| it.0),
        by.times
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Sum::try_from)
    .collect()
}

fn categories(only: &Only) -> Option<Vec<Uuid>> {
    let named = only.categories.as_ref()?;
    Some(named.iter().map(|it| it.0).collect())
}

/// Sums of what nobody folded yet, for each span of time, and how often was folded when this was read.
pub async fn unfolded(
    conn: &mut PgConnection,
    slice: Slice,
    spans: &[(DateTime<Utc>, DateTime<Utc>)],
    only: &Only,
    by: By,
) -> Result<(i64, Vec<Sum>)> {
    let categories = categories(only);
    let rows = sqlx::query!(
        r#"select book.fold, it.span as "span?", it.team_id as "team_id?", it.tier as "tier?", it.priority as "priority?",
                  it.category_id as "category_id?", it.organisation_id as "organisation_id?", it.person_id as "person_id?",
                  it.counts as "counts?"
           from tally_book book
           left join (
               select w.span, case when $6 then team_id end as team_id, case when $7 then tier end as tier,
                      case when $8 then priority end as priority, case when $9 then category_id end as category_id,
                      case when $10 then organisation_id end as organisation_id, case when $11 then person_id end as person_id,
                      string_agg(d.counts, ''::bytea) as counts
               from unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) as w (span, from_at, to_at)
               join tally_delta d on d.at >= w.from_at and d.at < w.to_at
               where (d.person_id = '00000000-0000-0000-0000-000000000000') = ($4::smallint <> 2)
                 and d.team_id = any ($5) and ($12::smallint is null or d.tier = $12) and ($13::smallint is null or d.priority = $13)
                 and ($14::uuid[] is null or d.category_id = any ($14)) and ($15::uuid is null or d.organisation_id = $15)
               group by 1, 2, 3, 4, 5, 6, 7
           ) it on true"#,
        &(0..i32::try_from(spans.len()).unwrap_or(i32::MAX)).collect::<Vec<_>>(),
        &spans.iter().map(|it| it.0).collect::<Vec<_>>(),
        &spans.iter().map(|it| it.1).collect::<Vec<_>>(),
        slice.number(),
        &super::ids(&only.teams),
        by.team,
        by.tier,
        by.priority,
        by.category,
        by.organisation,
        by.person,
        only.tier.map(Tier::number),
        only.priority.map(Priority::number),
        categories.as_deref(),
        only.organisation.map(|it| it.0)
    )
    .fetch_all(conn)
    .await?;
    let fold = rows.first().map_or(0, |r| r.fold);
    let sums = rows
        .into_iter()
        .filter_map(|r| {
            Some(SumRow {
                span: r.span?,
                team_id: r.team_id,
                tier: r.tier,
                priority: r.priority,
                category_id: r.category_id,
                organisation_id: r.organisation_id,
                person_id: r.person_id,
                counts: r.counts?,
            })
        })
        .map(Sum::try_from)
        .collect::<Result<Vec<_>>>()?;
    Ok((fold, sums))
}
