//! The lists behind the numbers.

use chrono::{DateTime, Utc};
use tierdesk_domain::dashboard::View;
use tierdesk_domain::id::PersonId;
use tierdesk_domain::period::Period;
use tierdesk_domain::tally::{Measure, Several};
use tierdesk_store::person;
use tierdesk_store::ticket_list::{self, Line, Page};

use super::Lens;
use crate::error::Result;
use crate::{Caller, Desk};

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOf {
    /// What was counted in the view's days.
    Counted(Measure),
    /// What adds up several of those counts.
    Several(Several),
    /// What is open, filed on these days; none for whenever.
    Open(Option<Period>),
    /// What is at risk now.
    AtRisk,
}

/// A list behind a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// What is in it.
    pub of: ListOf,
    /// Only what this engineer did, or has.
    pub person: Option<PersonId>,
    /// Only the view's very category, without those below it.
    pub alone: bool,
}

/// A page of such a list.
#[derive(Debug)]
pub struct ListPage {
    /// What it speaks of.
    pub lens: Lens,
    /// The rows.
    pub lines: Vec<Line>,
    /// The name of the engineer whose list it is, where there are rows.
    pub person: Option<String>,
}

impl Desk {
    /// A page of the list behind a number: as many rows altogether as the number says.
    pub async fn tickets_behind(
        &self,
        caller: &Caller,
        view: View,
        list: List,
        page: Page,
        now: DateTime<Utc>,
    ) -> Result<ListPage> {
        let view = match list.person {
            // Counts of engineers know neither.
            Some(_) => View {
                category: None,
                organisation: None,
                ..view
            },
            None => view,
        };
        let mut conn = self.acquire().await?;
        let (scope, lens) = self.lens(&mut conn, caller, view, now).await?;
        let mut filter = lens.list_filter();
        filter.person = list.person;
        if let (true, Some(category)) = (list.alone, view.category) {
            filter.categories = Some(vec![category]);
        }
        let span = lens.period.instants(lens.zone);
        let lines = match list.of {
            ListOf::Counted(measure) => {
                ticket_list::counted(&mut conn, &scope, measure, span, &filter, page).await?
            }
            ListOf::Several(several) => {
                ticket_list::several(&mut conn, &scope, several, span, &filter, page).await?
            }
            ListOf::Open(days) => {
                let span = days.map(|days| days.instants(lens.zone)).unzip();
                ticket_list::backlog(&mut conn, &scope, span, &filter, page).await?
            }
            ListOf::AtRisk => ticket_list::at_risk(&mut conn, &scope, &filter, now, page).await?,
        };
        let person = list.person.filter(|_| !lines.is_empty());
        let person = match person {
            Some(id) => person::names(&mut conn, &[id.0]).await?.pop(),
            None => None,
        };
        Ok(ListPage {
            lens,
            lines,
            person: person.map(|it| it.1),
        })
    }
}
