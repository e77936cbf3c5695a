//! What a form says when it needs another look.

use axum::http::StatusCode;
use tierdesk_domain::field::FieldError;
use tierdesk_domain::text;

/// The errors of a form, by field. Empty means the form is fine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Errors(Vec<(String, String)>);

impl Errors {
    /// Adds a sentence to a field; the first one of a field is shown.
    pub(crate) fn add(&mut self, field: impl Into<String>, sentence: impl Into<String>) {
        self.0.push((field.into(), sentence.into()));
    }

    /// Whether the form is fine.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sentence for a field, or `""`.
    pub(crate) fn of(&self, field: &str) -> &str {
        self.0
            .iter()
            .find(|(name, _)| name == field)
            .map_or("", |(_, sentence)| sentence)
    }

    /// The sentences that belong to no single field, and all others with their field, for the summary on top.
    pub(crate) fn all(&self) -> &[(String, String)] {
        &self.0
    }

    /// How many.
    pub(crate) fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

impl From<Vec<FieldError>> for Errors {
    fn from(errors: Vec<FieldError>) -> Self {
        let sentence = |error: &FieldError| match error.limit {
            None => text::t(error.message).to_owned(),
            Some(limit) => text::fill(error.message, &[("limit", &limit)]),
        };
        Self(
            errors
                .iter()
                .map(|error| (error.field.to_owned(), sentence(error)))
                .collect(),
        )
    }
}

/// A date that was typed or chosen; none where nothing was. What is no date is an error beside the field.
pub(crate) fn date(
    field: &'static str,
    text: &str,
    errors: &mut Errors,
) -> Option<chrono::NaiveDate> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let date = text.parse();
    if date.is_err() {
        errors.add(field, text::t("error.date"));
    }
    date.ok()
}

/// The status of a form that is shown again.
pub(crate) const LOOK_AGAIN: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
