//! Mails to managers.

use chrono::{DateTime, Utc};

use super::mail;
use crate::words::Line;

/// One figure of a report.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What it is.
    pub label: Line,
    /// The number.
    pub number: Line,
    /// The number of the period before; empty where nothing is compared.
    pub before: Line,
}

/// Figures that a manager saved and has mailed.
#[derive(Debug, Clone)]
pub struct Report {
    /// What its owner calls it.
    pub name: Line,
    /// Who saved it.
    pub owner: Line,
    /// `1 Oct 2026 to 31 Oct 2026, days of Europe/London`.
    pub days: Line,
    /// What they are held against; empty for nothing.
    pub against: Line,
    /// The teams that were counted.
    pub teams: Line,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The path of the page, with everything that was chosen.
    pub path: String,
    /// When it should have come, if it is late.
    pub late: Option<DateTime<Utc>>,
    /// Whether the table was too large to attach.
    pub too_large: bool,
}
mail!(
    Report,
    "report",
    Generated,
    "mail/report.subject.txt",
    "mail/report.txt",
    "mail/report.html"
);
