//! Policies, calendars and escalation rules as they are in force, kept compiled between actions.

use std::sync::{Arc, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tierdesk_domain::authorize::Action;
use tierdesk_domain::calendar::{Calendar, CalendarDocument};
use tierdesk_domain::category::{Details, orders};
use tierdesk_domain::clock::{Book, Version};
use tierdesk_domain::escalation::Rule;
use tierdesk_domain::id::{CategoryId, DocumentId};
use tierdesk_domain::priority::Matrix;
use tierdesk_domain::sla::Policy;
use tierdesk_store::PgConnection;
use tierdesk_store::clock::{self, OpenPlace};
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::timer::{self, Timer};
use uuid::Uuid;

use crate::category::CATEGORY;
use crate::error::{DeskError, Result};
use crate::{Desk, Work};

/// Everything that steers clocks and rules.
#[derive(Debug)]
pub struct Rulebook {
    count: i64,
    /// Every version of policies and calendars.
    pub book: Book,
    /// The rules that are switched on, in their newest version, oldest first. Their filters mean what is below the categories
    /// that they name, too.
    pub rules: Vec<Document<Rule>>,
    /// The categories, and the one above each.
    pub tree: Vec<(CategoryId, Option<CategoryId>)>,
    /// What priority follows from impact and urgency: the matrix in force, or the default one where nobody edited it.
    pub matrix: Matrix,
    /// Its version; 0 where nobody edited it.
    pub matrix_version: i32,
}

/// The documents' kinds in the table of configuration.
pub(crate) const CALENDAR: &str = "calendar";
pub(crate) const POLICY: &str = "sla_policy";
pub(crate) const RULE: &str = "escalation_rule";

impl Desk {
    /// The rulebook in force. It is read again only when a version was added.
    pub async fn rulebook(&self, conn: &mut PgConnection) -> Result<Arc<Rulebook>> {
        let count = configuration::count(conn).await?;
        self.rulebook_at(conn, count).await
    }

    /// The same, where it is known how many versions there are.
    pub(crate) async fn rulebook_at(
        &self,
        conn: &mut PgConnection,
        count: i64,
    ) -> Result<Arc<Rulebook>> {
        let known = self
            .rulebook
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(known) = known.filter(|known| known.count == count) {
            return Ok(known);
        }
        let policy = configuration::history::<Policy>(conn, POLICY).await?;
        let mut book = Book {
            policy: policy
                .into_iter()
                .map(|it| version(it, |body| body))
                .collect(),
            ..Book::default()
        };
        in_order(&mut book.policy);
        for document in configuration::history::<CalendarDocument>(conn, CALENDAR).await? {
            let versions = book.calendars.entry(document.id).or_default();
            versions.push(version(document, Calendar::from));
        }
        book.calendars.values_mut().for_each(|it| in_order(it));
        let mut categories = configuration::history::<Details>(conn, CATEGORY).await?;
        categories.sort_by_key(|it| (it.valid_from, it.version));
        let above = |it: &Document<Details>| (it.valid_from, CategoryId(it.id.0), it.body.above);
        let orders = orders(categories.iter().map(above));
        let book = book.with_categories(&orders);
        let tree = orders.into_iter().next_back().map(|it| it.tree);
        let tree = tree.unwrap_or_default();
        let mut rules = configuration::current::<Rule>(conn, RULE).await?;
        rules.retain(|rule| rule.active);
        for rule in &mut rules {
            rule.body = rule.body.clone().with_categories(&tree);
        }
        let matrix = crate::priority::in_force(conn).await?;
        let (matrix_version, matrix) =
            matrix.map_or_else(Default::default, |it| (it.version, it.body));
        let rulebook = Arc::new(Rulebook {
            count,
            book,
            rules,
            tree,
            matrix,
            matrix_version,
        });
        *self
            .rulebook
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&rulebook));
        Ok(rulebook)
    }

    /// Adds a version of a document: the first of a new one where `id` is none, else the one after `expected`.
    /// Open tickets' clocks are looked at again by the worker where the document steers them.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if somebody else saved that version meanwhile.
    pub(crate) async fn save_document<T: serde::Serialize>(
        work: &mut Work<'_>,
        kind: &'static str,
        id: Option<(DocumentId, i32)>,
        name: &str,
        active: bool,
        body: T,
    ) -> Result<DocumentId> {
        tierdesk_domain::authorize::authorize(&work.caller().who, Action::Administer)?;
        let (id, version) = id.map_or_else(
            || (DocumentId(Uuid::now_v7()), 1),
            |(id, expected)| (id, expected + 1),
        );
        let document = Document {
            id,
            version,
            name: name.to_owned(),
            active,
            valid_from: work.now,
            author: work.caller().person_id(),
            body,
        };
        Self::save_version(work, kind, &document).await?;
        Ok(id)
    }

    /// Adds a version as it is, at once or from a later date on. When it comes into force the worker looks at every open
    /// ticket again, and at every resolved one that has not closed.
    ///
    /// # Errors
    /// [`DeskError::Conflict`] if somebody else saved that version meanwhile.
    pub(crate) async fn save_version<T: serde::Serialize>(
        work: &mut Work<'_>,
        kind: &'static str,
        document: &Document<T>,
    ) -> Result<()> {
        tierdesk_domain::authorize::authorize(&work.caller().who, Action::Administer)?;
        configuration::insert(work.conn(), kind, document)
            .await
            .map_err(|error| match error.is_constraint("configuration_pkey") {
                true => DeskError::Conflict,
                false => error.into(),
            })?;
        work.read_rulebook_again();
        let (id, version) = (document.id, document.version);
        let action = format!("{kind}.saved");
        let detail = serde_json::json!({
            "name": document.name, "version": version, "active": document.active,
            "valid_from": document.valid_from,
        });
        if [CALENDAR, POLICY, RULE].contains(&kind) {
            Self::count_anew(work, id, version, document.valid_from).await?;
        }
        work.audit(&action, kind, &id.to_string(), detail);
        Ok(())
    }

    /// Lets every open ticket be looked at again because of a version, and once more when it begins: at once, because a
    /// planned calendar is in the due times already; and by the worker, because a million open tickets are not for the request
    /// of whoever saves.
    pub(crate) async fn count_anew(
        work: &mut Work<'_>,
        id: DocumentId,
        version: i32,
        begins: DateTime<Utc>,
    ) -> Result<()> {
        let (now, begins) = (work.now, json!({"begins": begins}));
        timer::set(work.conn(), IN_FORCE, id.0, version, now, &begins).await?;
        Ok(())
    }

    /// Versions of one document with the time in which each is in force, and who wrote it; the newest first.
    pub(crate) async fn reigns<T>(
        conn: &mut PgConnection,
        versions: Vec<Document<T>>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Reign<T>>> {
        let authors: Vec<_> = versions
            .iter()
            .filter_map(|it| Some(it.author?.0))
            .collect();
        let names = tierdesk_store::person::names(conn, &authors).await?;
        let spans = spans(&versions);
        let mut reigns: Vec<_> = versions
            .into_iter()
            .zip(spans)
            .map(|(document, until)| Reign {
                author: (document.author)
                    .and_then(|id| Some(names.iter().find(|it| it.0 == id)?.1.clone())),
                standing: match until {
                    Some(until) if until <= document.valid_from => Standing::Never,
                    Some(until) if until <= now => Standing::Past,
                    _ if document.valid_from > now => Standing::Later,
                    _ => Standing::Now,
                },
                until,
                document,
            })
            .collect();
        reigns.sort_by_key(|it| std::cmp::Reverse(it.document.version));
        Ok(reigns)
    }
}

/// The kind of deadline at which a version was saved or comes into force.
pub(crate) const IN_FORCE: &str = "version_in_force";

/// Tickets that are handed to the sweeper in one transaction: others who write a ticket do not wait long.
const BATCH: i64 = 1_000;

/// A version was saved or came into force: every open ticket is looked at again, then every resolved one that waits for its
/// closing, and once more when it begins. One call does a part of them, and comes back for the rest.
pub(crate) async fn comes_into_force(work: &mut Work<'_>, saved: &Timer) -> Result<()> {
    let (now, id) = (work.now, saved.object_id);
    let mut rest = saved.data.clone();
    let mut tickets = rest["open_tickets"].as_i64().unwrap_or(0);
    let resolved = crate::clock::read::<Uuid>(&rest["resolved"]);
    let mut more = false;
    if resolved.is_none() {
        let after = crate::clock::read::<OpenPlace>(&rest["after"]);
        let (n, last) =
            clock::recompute_open(work.conn(), crate::clock::AGAIN, now, after, BATCH).await?;
        tickets += n;
        more = n == BATCH;
        (rest["after"], rest["open_tickets"]) = (json!(last), json!(tickets));
    }
    if !more {
        let kinds = (crate::ticket::CLOSES, crate::clock::AGAIN);
        let last = clock::recompute_resolved(work.conn(), kinds, now, resolved, BATCH).await?;
        more = last.is_some();
        rest["resolved"] = json!(last);
    }
    if more {
        let at = saved.fires_at;
        timer::set(work.conn(), IN_FORCE, id, saved.cycle, at, &rest).await?;
        return Ok(());
    }
    let begins = serde_json::from_value::<DateTime<Utc>>(saved.data["begins"].clone()).ok();
    if let Some(begins) = begins.filter(|begins| *begins > now) {
        let nothing = serde_json::json!({});
        timer::set(work.conn(), IN_FORCE, id, saved.cycle, begins, &nothing).await?;
        return Ok(());
    }
    let detail = serde_json::json!({"version": saved.cycle, "open_tickets": tickets});
    work.audit(
        "configuration.in_force",
        "configuration",
        &id.to_string(),
        detail,
    );
    Ok(())
}

/// Whether a version is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Now,
    /// It will be.
    Later,
    /// It was.
    Past,
    /// Another one took its place before it began.
    Never,
}

/// A version, who wrote it, and until when it is in force.
#[derive(Debug)]
pub struct Reign<T> {
    /// The version.
    pub document: Document<T>,
    /// Who wrote it; none for what Tierdesk ships.
    pub author: Option<String>,
    /// Whether it is in force.
    pub standing: Standing,
    /// When the next one takes over.
    pub until: Option<DateTime<Utc>>,
}

/// Until when each version is in force. A version holds from its date until the next one's date; of two with the same
/// date the later saved one holds.
fn spans<T>(versions: &[Document<T>]) -> Vec<Option<DateTime<Utc>>> {
    versions
        .iter()
        .map(|it| {
            let after = |other: &&Document<T>| {
                (other.valid_from, other.version) > (it.valid_from, it.version)
            };
            let next = versions.iter().filter(after);
            next.map(|other| other.valid_from).min()
        })
        .collect()
}

fn version<T, U>(document: Document<T>, read: impl FnOnce(T) -> U) -> Version<U> {
    Version {
        id: document.id,
        version: document.version,
        name: document.name,
        valid_from: document.valid_from,
        body: read(document.body),
    }
}

/// In the order in which they come into force: by date, and of two with the same date the later saved one last.
fn in_order<T>(versions: &mut [Version<T>]) {
    versions.sort_by_key(|it| (it.valid_from, it.version));
}

impl Rulebook {
    /// When five working days have passed since `from` (decision 22); five days where nobody ever works.
    pub(crate) fn five_working_days(&self, from: DateTime<Utc>) -> DateTime<Utc> {
        let end = self.book.end_of_working_day(from, 5);
        end.unwrap_or(from + TimeDelta::days(5))
    }
}
