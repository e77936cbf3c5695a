//! Search, within what the caller may open: tickets by number, by words and by person, and people for those who have a page
//! of them.

use chrono::{DateTime, Utc};
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::id::{PersonId, TicketNumber};
use tierdesk_store::search::{self, Among, Found, FoundPerson, Hits};
use tierdesk_store::{StoreError, ticket};

use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

/// Hits on a page.
pub const PAGE: usize = 20;
/// The longest search text, in characters; what is longer is cut.
pub const MAX_TEXT: usize = 200;
/// People shown at most.
const PEOPLE: i64 = 8;

/// What was found.
#[derive(Debug, Default)]
pub struct Results {
    /// The ticket whose number was asked for.
    pub exact: Option<TicketNumber>,
    /// Tickets that hold the words.
    pub hits: Hits,
    /// People of whom the caller may open a page.
    pub people: Vec<FoundPerson>,
    /// The text holds no word that could be searched.
    pub says_nothing: bool,
    /// It took longer than it may.
    pub gave_up: bool,
}

/// How many searches may run at the same time, with so many connections: a sixth of them, so that the other pages have the
/// rest whatever is asked; two at least.
pub(crate) fn at_once(connections: u32) -> usize {
    usize::try_from(connections / 6).unwrap_or_default().max(2)
}

/// Among whom the caller may look for people: engineers and administrators among all, managers among those whose work they
/// answer for. None for others.
fn among(caller: &Caller) -> Option<Among<'_>> {
    let all = [Action::Work, Action::Administer];
    if all.into_iter().any(|it| authorize(&caller.who, it).is_ok()) {
        return Some(Among::Everybody);
    }
    authorize(&caller.who, Action::SeeDashboard).ok()?;
    let managed = caller.principal()?.manages.as_ref()?;
    Some(Among::Teams(managed))
}

impl Desk {
    /// Searches for a text; `page` counts from 0.
    pub async fn search(
        &self,
        caller: &Caller,
        text: &str,
        page: usize,
        now: DateTime<Utc>,
    ) -> Result<Results> {
        let scope = authorize(&caller.who, Action::ListTickets)?;
        let text: String = text
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_TEXT)
            .collect();
        let mut results = Results::default();
        if text.is_empty() {
            return Ok(results);
        }
        // A search is the dearest page; in their order, so that one that is dear keeps all others waiting alike.
        let turn = self.searching.acquire().await;
        let _turn = turn.map_err(|error| DeskError::Broken(error.to_string()))?;
        let mut tx = search::begin(&self.pool).await?;
        if let Some(number) = TicketNumber::parse(&text) {
            results.exact = ticket::by_number(&mut tx, &scope, number)
                .await?
                .map(|it| it.number);
        }
        let like_a_name = text.split_whitespace().count() <= 3;
        if page == 0
            && like_a_name
            && let Some(among) = among(caller)
        {
            results.people = search::people(&mut tx, &text, among, PEOPLE).await?;
        }
        let asked = search::Asked {
            scope: &scope,
            text: &text,
            skip: page.saturating_mul(PAGE),
            take: PAGE,
        };
        match search::tickets(&mut tx, asked, now).await {
            Ok(hits) => results.hits = hits,
            Err(StoreError::Busy(_)) => results.gave_up = true,
            Err(error) => return Err(error.into()),
        }
        if results.hits.ranked == 0 && results.people.is_empty() && !results.gave_up {
            results.says_nothing = !search::says_something(&mut tx, &text).await?;
        }
        Ok(results)
    }

    /// A person's tickets that the caller may open, newest first, one more than a page to tell whether there are more.
    pub async fn tickets_of(
        &self,
        caller: &Caller,
        person: PersonId,
        page: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Found>> {
        authorize(&caller.who, Action::Work)?;
        let scope = authorize(&caller.who, Action::ListTickets)?;
        let mut work = self.begin(caller, now).await?;
        let skip = i64::try_from(page.saturating_mul(PAGE)).unwrap_or(i64::MAX);
        Ok(search::of_person(
            work.conn(),
            &scope,
            person,
            skip,
            i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
        )
        .await?)
    }
}
