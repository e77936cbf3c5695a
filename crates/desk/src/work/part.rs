//! A part of an action that may fail without the rest.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tierdesk_domain::flow::Fact;
use tierdesk_domain::id::TicketId;
use tierdesk_store::outcome::Outcome;
use tierdesk_store::ticket::Ticket;

use super::Work;
use super::known::Known;
use crate::Caller;
use crate::clock::Warning;
use crate::error::Result;

/// An action as it was when a part of it began.
#[must_use = "a part that was begun must be ended"]
pub(crate) struct Part<'a> {
    outcome: Outcome,
    facts: BTreeSet<(Fact, TicketId)>,
    known: BTreeMap<TicketId, Known>,
    rows: BTreeMap<TicketId, Ticket>,
    touched: BTreeSet<TicketId>,
    acknowledged: BTreeSet<TicketId>,
    warnings: Vec<Warning>,
    caller: Cow<'a, Caller>,
}

impl<'a> Work<'a> {
    /// Begins a part of the action in the name of somebody else. [`Work::end`] ends it. There is one at a time.
    ///
    /// # Errors
    /// When the database does not answer; then the whole action has failed.
    pub(crate) async fn part(&mut self, doer: Caller) -> Result<Part<'a>> {
        tierdesk_store::begin_part(self.ground.transaction()?).await?;
        Ok(Part {
            outcome: self.outcome.clone(),
            facts: self.facts.clone(),
            known: self.known.clone(),
            rows: self.rows.clone(),
            touched: self.touched.clone(),
            acknowledged: self.acknowledged.clone(),
            warnings: self.warnings.clone(),
            caller: std::mem::replace(&mut self.caller, Cow::Owned(doer)),
        })
    }

    /// Ends a part: keeps it if it was done, and else undoes it and gives the error back. The action goes on either way.
    ///
    /// # Errors
    /// When the database does not answer; then the whole action has failed.
    pub(crate) async fn end<T>(&mut self, part: Part<'a>, done: Result<T>) -> Result<Result<T>> {
        self.caller = part.caller;
        if done.is_ok() {
            tierdesk_store::keep_part(self.ground.transaction()?).await?;
        } else {
            tierdesk_store::undo_part(self.ground.transaction()?).await?;
            self.outcome = part.outcome;
            self.facts = part.facts;
            self.known = part.known;
            self.rows = part.rows;
            self.touched = part.touched;
            self.acknowledged = part.acknowledged;
            self.warnings = part.warnings;
        }
        Ok(done)
    }
}
