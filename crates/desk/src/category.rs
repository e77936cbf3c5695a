//! Categories as administrators edit them: each edit is a version of a document, and the table that filing reads says what
//! the newest one says. A category is retired, never deleted: its tickets keep it.

mod shown;

use chrono::{DateTime, Utc};
use serde_json::json;
use tierdesk_domain::authorize::{Action, authorize};
use tierdesk_domain::category::{Details, below, check};
use tierdesk_domain::field::{FieldError, one_line};
use tierdesk_domain::id::{CategoryId, DocumentId, PersonId};
use tierdesk_store::category::{self, Category};
use tierdesk_store::configuration::Document;
use tierdesk_store::team;
use uuid::Uuid;

pub use shown::{CategoryChoices, CategoryLine, CategoryUse, Receiver};

use crate::error::{DeskError, Result};
use crate::routing::needs_changed;
use crate::ticket::service_desk;
use crate::{Caller, Desk, Work};

/// The documents' kind in the table of configuration.
pub(crate) const CATEGORY: &str = "category";

/// Next to which other one a category goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Before this one, which stands just before it.
    Before(CategoryId),
    /// Behind this one, which stands just behind it.
    Behind(CategoryId),
}

impl Desk {
    /// Saves a category: a new one where `seen` is none, else the version after the one that the caller saw. It holds from the
    /// next ticket on. What says the same adds no version.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] by field; [`DeskError::Conflict`] if it changed since; [`DeskError::State`] if it is retired.
    pub async fn save_category(
        &self,
        caller: &Caller,
        seen: Option<(CategoryId, i32)>,
        name: &str,
        details: Details,
        now: DateTime<Utc>,
    ) -> Result<CategoryId> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let all = locked(&mut work).await?;
        let before = match seen {
            None => None,
            Some(seen) => Some(found(&all, seen)?),
        };
        if before.is_some_and(|it| it.retired) {
            return Err(DeskError::State("category.retired_line"));
        }
        let mut next = Category {
            id: before.map_or_else(|| CategoryId(Uuid::now_v7()), |it| it.id),
            parent: details.above,
            name: one_line(name),
            hint: one_line(&details.hint),
            kind: details.kind,
            team: details.team,
            version: before.map_or(0, |it| it.version),
            retired: false,
        };
        let mut errors = check(&next.name, &next.hint);
        if name_taken(&all, &next) {
            errors.push(FieldError::new("name", "error.name_taken"));
        }
        if next.team == Some(service_desk(&mut work).await?) {
            next.team = None;
        }
        let teams = team::all(work.conn()).await?;
        if (next.team).is_some_and(|chosen| teams.iter().all(|it| it.id != chosen)) {
            errors.push(FieldError::new("team", "error.choose_one"));
        }
        let may_be = may_be_above(&all, before.map(|it| it.id));
        if (next.parent).is_some_and(|above| may_be.iter().all(|it| it.id != above)) {
            errors.push(FieldError::new("above", "error.choose_one"));
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        if before.is_some_and(|it| it.name == next.name && says(it) == says(&next)) {
            return Ok(next.id);
        }
        next.version += 1;
        match before {
            None => category::insert(work.conn(), &next, now).await?,
            Some(_) => category::update(work.conn(), &next, now).await?,
        }
        Self::save_version(
            &mut work,
            CATEGORY,
            &document(&next, caller.person_id(), now),
        )
        .await?;
        if before.and_then(|it| it.parent) != next.parent {
            // Promises, rules and skills of what is above hold for it now, or no more.
            let id = DocumentId(next.id.0);
            Self::count_anew(&mut work, id, next.version, now).await?;
            needs_changed(&mut work, id.0).await?;
        }
        work.commit().await?;
        Ok(next.id)
    }

    /// Retires a category after the version that the caller saw: no ticket comes into it any more, and those that are in it
    /// stay.
    ///
    /// # Errors
    /// [`DeskError::State`] for the last one in use; [`DeskError::Conflict`] if it changed since.
    pub async fn retire_category(
        &self,
        caller: &Caller,
        seen: (CategoryId, i32),
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.switch_category(caller, seen, true, now).await
    }

    /// Offers a retired category again, behind the others.
    ///
    /// # Errors
    /// [`DeskError::State`] where another one has its name by now; [`DeskError::Conflict`] if it changed since.
    pub async fn bring_category_back(
        &self,
        caller: &Caller,
        seen: (CategoryId, i32),
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.switch_category(caller, seen, false, now).await
    }

    async fn switch_category(
        &self,
        caller: &Caller,
        seen: (CategoryId, i32),
        retired: bool,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let all = locked(&mut work).await?;
        let before = found(&all, seen)?;
        if before.retired == retired {
            return Err(DeskError::Conflict);
        }
        let next = Category {
            version: before.version + 1,
            retired,
            ..before.clone()
        };
        if retired && all.iter().filter(|it| !it.retired).count() == 1 {
            return Err(DeskError::State("category.last"));
        }
        if !retired && name_taken(&all, &next) {
            return Err(DeskError::State("category.name_taken"));
        }
        category::update(work.conn(), &next, now).await?;
        Self::save_version(
            &mut work,
            CATEGORY,
            &document(&next, caller.person_id(), now),
        )
        .await?;
        let action = match retired {
            true => "category.retired",
            false => "category.brought_back",
        };
        let detail = json!({"name": next.name});
        work.audit(action, CATEGORY, &next.id.to_string(), detail);
        work.commit().await
    }

    /// Lets a category change places with the one beside it. What was done already is done.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] where they stand beside each other no more.
    pub async fn move_category(
        &self,
        caller: &Caller,
        id: CategoryId,
        beside: Beside,
        now: DateTime<Utc>,
    ) -> Result<()> {
        authorize(&caller.who, Action::Administer)?;
        let mut work = self.begin(caller, now).await?;
        let all = locked(&mut work).await?;
        let moved = all.iter().find(|it| it.id == id);
        let moved = moved.ok_or(DeskError::NotFound)?;
        let mut order: Vec<_> = (all.iter().filter(|it| !it.retired))
            .map(|it| it.id)
            .collect();
        // As they stand and as they shall stand.
        let (stand, shall) = match beside {
            Beside::Before(other) => ([other, id], [id, other]),
            Beside::Behind(other) => ([id, other], [other, id]),
        };
        let place = |pair| order.windows(2).position(|it| it == pair);
        if place(&shall).is_some() {
            return Ok(());
        }
        let first = place(&stand).ok_or(DeskError::Conflict)?;
        order.swap(first, first + 1);
        category::put_in_order(work.conn(), &order).await?;
        let place = order.iter().position(|it| *it == id).map(|it| it + 1);
        let detail = json!({"name": moved.name, "place": place});
        work.audit("category.moved", CATEGORY, &id.to_string(), detail);
        work.commit().await
    }
}

/// Every category, with everybody else who would change one kept waiting.
async fn locked(work: &mut Work<'_>) -> Result<Vec<Category>> {
    category::lock(work.conn()).await?;
    Ok(category::every(work.conn()).await?)
}

/// The category in the version that somebody saw.
fn found(all: &[Category], (id, seen): (CategoryId, i32)) -> Result<&Category> {
    let found = all.iter().find(|it| it.id == id);
    let found = found.ok_or(DeskError::NotFound)?;
    match found.version == seen {
        true => Ok(found),
        false => Err(DeskError::Conflict),
    }
}

/// Whether another one in use has its name.
fn name_taken(all: &[Category], category: &Category) -> bool {
    let name = category.name.to_lowercase();
    all.iter()
        .any(|it| !it.retired && it.id != category.id && it.name.to_lowercase() == name)
}

/// Those that a category may belong under: in use, and neither itself nor below it.
fn may_be_above(all: &[Category], id: Option<CategoryId>) -> Vec<&Category> {
    let tree: Vec<_> = all.iter().map(|it| (it.id, it.parent)).collect();
    let own = id.map(|id| below(&tree, id)).unwrap_or_default();
    all.iter()
        .filter(|it| !it.retired && !own.contains(&it.id))
        .collect()
}

fn says(category: &Category) -> Details {
    Details {
        above: category.parent,
        hint: category.hint.clone(),
        kind: category.kind,
        team: category.team,
    }
}

/// The version that says what the category says now.
pub(crate) fn document(
    category: &Category,
    author: Option<PersonId>,
    now: DateTime<Utc>,
) -> Document<Details> {
    Document {
        id: DocumentId(category.id.0),
        version: category.version,
        name: category.name.clone(),
        active: !category.retired,
        valid_from: now,
        author,
        body: says(category),
    }
}
