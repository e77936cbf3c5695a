//! Lists by the one filter language, within what the caller may read.

use chrono::{DateTime, Utc};
use tierdesk_domain::authorize::Action;
use tierdesk_domain::filter::{Filter, Selection};
use tierdesk_domain::id::PersonId;
use tierdesk_store::PgConnection;
use tierdesk_store::category;
use tierdesk_store::filter::{self, Wanted};
use tierdesk_store::queue::{After, Line, Queue, View};
use tierdesk_store::{StoreError, search};

use crate::error::{DeskError, Result};
use crate::{Caller, Desk};

/// What a filter means now, for a reader or for none.
///
/// # Errors
/// [`DeskError::Filter`] names the word that cannot be read and says what is possible.
pub async fn read(
    conn: &mut PgConnection,
    text: &str,
    reader: Option<PersonId>,
) -> Result<Selection> {
    let filter: Filter = text.parse()?;
    let mut known = filter::known(conn, &filter.mentioned()).await?;
    known.me = reader;
    Ok(filter.resolve(&known)?)
}

/// A page of a filtered list.
#[derive(Debug)]
pub struct Filtered {
    /// The lines; none where it took longer than it may.
    pub lines: Vec<Line>,
    /// Whether it took longer than it may.
    pub gave_up: bool,
}

impl Desk {
    /// The tickets that a filter means, in a part of a queue or anywhere: at most `limit` after `after`, the next due
    /// clock first.
    ///
    /// # Errors
    /// [`DeskError::Filter`] for a filter that cannot be read; [`DeskError::Denied`] for callers who read nothing internal.
    pub async fn filtered(
        &self,
        caller: &Caller,
        text: &str,
        within: Option<(&Queue, View)>,
        (after, limit): (Option<After>, i64),
        now: DateTime<Utc>,
    ) -> Result<Filtered> {
        let scope = tierdesk_domain::authorize::authorize(&caller.who, Action::ListTickets)?;
        let reader = caller.person_id().ok_or(DeskError::Denied)?;
        if !scope.internal() {
            return Err(DeskError::Denied);
        }
        let mut tx = search::begin(&self.pool).await?;
        let mut selection = read(&mut tx, text, Some(reader)).await?;
        if !selection.categories.is_anything() {
            selection = selection.with_categories(&category::tree(&mut tx).await?);
        }
        search::plan_for_values(&mut tx).await?;
        let wanted = Wanted {
            selection: &selection,
            within,
        };
        match filter::page(&mut tx, &scope, wanted, reader, after, limit, now).await {
            Ok(lines) => Ok(Filtered {
                lines,
                gave_up: false,
            }),
            Err(StoreError::Busy(_)) => Ok(Filtered {
                lines: Vec::new(),
                gave_up: true,
            }),
            Err(error) => Err(error.into()),
        }
    }
}
