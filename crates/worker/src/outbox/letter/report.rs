//! The mail of a report, from its figures.

use chrono::{DateTime, NaiveDate, Utc};
use tierdesk_desk::report::ReportLetter;
use tierdesk_domain::period::Period;
use tierdesk_domain::report::LATE;
use tierdesk_mail::outgoing::{Attached, Figure, Report};
use tierdesk_mail::{Line, OutgoingMail};

fn days(period: Period) -> String {
    let day = |day: NaiveDate| day.format("%-d %b %Y").to_string();
    if period.from == period.to {
        day(period.from)
    } else {
        format!("{} to {}", day(period.from), day(period.to))
    }
}

/// What the mail says; it was written at `written`.
pub(super) fn mail(letter: &ReportLetter, written: DateTime<Utc>) -> Box<dyn OutgoingMail> {
    let line = |text: &str| Line::new(text);
    Box::new(Report {
        name: line(&letter.name),
        owner: line(&letter.owner),
        days: Line::new(&format!(
            "{}, days of {}",
            days(letter.period),
            letter.zone.name()
        )),
        against: Line::new(&letter.before.map(days).unwrap_or_default()),
        teams: Line::new(&letter.teams.join(", ")),
        figures: letter
            .figures
            .iter()
            .map(|it| Figure {
                label: line(it.label),
                number: line(&it.number),
                before: line(&it.before),
            })
            .collect(),
        path: letter.path.clone(),
        late: (written - letter.due_at > LATE).then_some(letter.due_at),
        too_large: letter.csv_too_large,
    })
}

/// The table that goes with it.
pub(super) fn attached(letter: &ReportLetter) -> Option<Attached> {
    let csv = letter.csv.as_ref()?;
    let zone = letter.zone.name().replace('/', "-");
    Some(Attached {
        name: format!(
            "tierdesk-figures-{}-to-{}-{zone}.csv",
            letter.period.from, letter.period.to
        ),
        media_type: "text/csv; charset=utf-8",
        bytes: csv.clone().into_bytes(),
    })
}
