//! Policies, calendars and escalation rules as they are in force, kept compiled between actions.

use std::sync::{Arc, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tierdesk_domain::authorize::Action;
use tierdesk_domain::calendar::{Calendar, CalendarDocument};
use tierdesk_domain::clock::{Book, Version};
use tierdesk_domain::escalation::Rule;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::sla::Policy;
use tierdesk_store::configuration::{self, Document};
use tierdesk_store::{PgConnection, clock};
use uuid::Uuid;

use crate::error::{DeskError, Result};
use crate::{Desk, Work};

/// Everything that steers clocks and rules.
#[derive(Debug)]
pub struct Rulebook {
    count: i64,
    /// Every version of policies and calendars.
    pub book: Book,
    /// The rules that are switched on, in their newest version, oldest first.
    pub rules: Vec<Document<Rule>>,
}

/// The documents' kinds in the table of configuration.
pub(crate) const CALENDAR: &str = "calendar";
pub(crate) const POLICY: &str = "sla_policy";
pub(crate) const RULE: &str = "escalation_rule";

impl Desk {
    /// The rulebook in force. It is read again only when a version was added.
    pub async fn rulebook(&self, conn: &mut PgConnection) -> Result<Arc<Rulebook>> {
        let count = configuration::count(conn).await?;
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
        for document in configuration::history::<CalendarDocument>(conn, CALENDAR).await? {
            let versions = book.calendars.entry(document.id).or_default();
            versions.push(version(document, Calendar::from));
        }
        let mut rules = configuration::current::<Rule>(conn, RULE).await?;
        rules.retain(|rule| rule.active);
        let rulebook = Arc::new(Rulebook { count, book, rules });
        *self
            .rulebook
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&rulebook));
        Ok(rulebook)
    }

    /// Adds a version of a document: the first of a new one where `id` is none, else the one after `expected`.
    /// Open tickets' clocks are looked at again by the worker.
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
        configuration::insert(work.conn(), kind, &document)
            .await
            .map_err(|error| match error.is_constraint("configuration_pkey") {
                true => DeskError::Conflict,
                false => error.into(),
            })?;
        let action = format!("{kind}.saved");
        let detail = serde_json::json!({"name": name, "version": version, "active": active});
        work.audit(&action, kind, &id.to_string(), detail).await?;
        let now = work.now;
        clock::recompute_open(work.conn(), now).await?;
        Ok(id)
    }
}

impl Work<'_> {
    /// The rulebook in force.
    pub async fn rulebook(&mut self) -> Result<Arc<Rulebook>> {
        let desk = self.desk();
        desk.rulebook(self.conn()).await
    }
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

impl Rulebook {
    /// When five working days have passed since `from` (decision 22); five days where no calendar is set up.
    pub(crate) fn five_working_days(&self, from: DateTime<Utc>) -> DateTime<Utc> {
        let end = match self.book.ordinary_hours(from) {
            tierdesk_domain::calendar::Hours::Calendar(calendar) => {
                calendar.end_of_working_day(from, 5)
            }
            tierdesk_domain::calendar::Hours::Always => None,
        };
        end.unwrap_or(from + TimeDelta::days(5))
    }
}
