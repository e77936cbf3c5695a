//! The box above a list in which people type a filter. The address holds it, so that it can be kept and passed on.

use tierdesk_desk::DeskError;
use tierdesk_desk::filter::Filtered;
use tierdesk_domain::field::one_line;
use tierdesk_domain::filter::FilterError;

use crate::{WebError, filters};

/// The box, ready for `queue/filter.html`.
#[derive(Debug, Default)]
pub(crate) struct FilterBox {
    /// The list's address.
    pub(crate) action: String,
    /// The part of the list that is kept, or `""`.
    pub(crate) view: &'static str,
    /// What was typed.
    pub(crate) text: String,
    /// Why it cannot be read, or `""`.
    pub(crate) error: String,
    /// What was typed, with the word that cannot be read in the middle.
    pub(crate) marked: Option<(String, String, String)>,
    /// Whether the list took longer than it may.
    pub(crate) gave_up: bool,
}

impl FilterBox {
    pub(crate) fn new(action: &str, view: &'static str, text: &str) -> Self {
        Self {
            action: action.to_owned(),
            view,
            text: one_line(text),
            ..Self::default()
        }
    }

    /// Whether anything was typed.
    pub(crate) fn is_used(&self) -> bool {
        !self.text.is_empty()
    }

    /// `&q=…` for addresses, or nothing.
    pub(crate) fn parameter(&self) -> String {
        match self.is_used() {
            true => format!("&q={}", filters::encoded(&self.text)),
            false => String::new(),
        }
    }

    /// The same list without a filter.
    pub(crate) fn clear(&self) -> String {
        match self.view {
            "" => self.action.clone(),
            view => format!("{}?view={view}", self.action),
        }
    }

    /// The lines that a filter found; for one that cannot be read the box says why, and there are none.
    pub(crate) fn take(
        &mut self,
        found: Result<Filtered, DeskError>,
    ) -> Result<Vec<tierdesk_store::queue::Line>, WebError> {
        match found {
            Ok(found) => {
                self.gave_up = found.gave_up;
                Ok(found.lines)
            }
            Err(DeskError::Filter(error)) => {
                self.refuse(&error);
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn refuse(&mut self, error: &FilterError) {
        self.error = error.sentence();
        let marked = error.in_text(&self.text);
        self.marked = marked.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    }

    /// The status of the page: a filter that cannot be read is a form that needs another look.
    pub(crate) fn status(&self) -> axum::http::StatusCode {
        match self.error.as_str() {
            "" => axum::http::StatusCode::OK,
            _ => crate::form::LOOK_AGAIN,
        }
    }
}
