//! Every count of a day as rows for a spreadsheet.

use chrono::{DateTime, NaiveDate, Utc};
use tierdesk_domain::csv::{cell, line};
use tierdesk_domain::dashboard::{View, When};
use tierdesk_domain::period::Compare;
use tierdesk_domain::tally::Measure;
use tierdesk_store::PgConnection;
use tierdesk_store::tally::block::By;

use super::{Figures, Lens};
use crate::error::Result;
use crate::{Caller, Desk};

/// The columns.
pub const CSV_HEAD: &str =
    "day,zone,team,tier,priority,category,organisation,measure,number,seconds\r\n";

/// Everything is told apart.
const BY: By = By {
    team: true,
    tier: true,
    priority: true,
    category: true,
    organisation: true,
    person: false,
    times: true,
};

/// The same view on one day, held against nothing.
fn on_day(view: View, day: NaiveDate) -> View {
    View {
        when: When::Days { from: day, to: day },
        compare: Compare::Nothing,
        ..view
    }
}

impl Desk {
    /// Everything that was counted on a day, as lines of CSV.
    pub async fn csv_of_day(
        &self,
        caller: &Caller,
        view: View,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let view = on_day(view, day);
        Ok(lines(&self.figures(caller, view, BY, now).await?, day))
    }

    /// The same through a lens.
    pub(crate) async fn csv_through(
        &self,
        conn: &mut PgConnection,
        lens: &Lens,
        day: NaiveDate,
    ) -> Result<String> {
        let lens = lens.on_day(day);
        Ok(lines(&self.figures_through(conn, lens, BY).await?, day))
    }
}

fn lines(figures: &Figures, day: NaiveDate) -> String {
    let lens = &figures.lens;
    let mut csv = String::new();
    for (key, pair) in &figures.groups {
        let names = [
            day.to_string(),
            cell(lens.zone.name()),
            cell(key.team.map_or("", |it| lens.team(it))),
            key.tier.map_or_else(String::new, |it| it.to_string()),
            key.priority.map_or_else(String::new, |it| it.to_string()),
            cell(key.category.and_then(|it| lens.category(it)).unwrap_or("")),
            cell(
                key.organisation
                    .and_then(|it| lens.organisation(it))
                    .unwrap_or(""),
            ),
        ];
        for measure in Measure::ALL {
            let spread = pair.now.spread(*measure);
            let (number, seconds) = match spread.number() {
                0 => (pair.now.number(*measure), String::new()),
                n => (n, spread.sum().to_string()),
            };
            if number > 0 {
                let mut cells = names.to_vec();
                cells.extend([measure.to_string(), number.to_string(), seconds]);
                line(&mut csv, &cells);
            }
        }
    }
    csv
}
