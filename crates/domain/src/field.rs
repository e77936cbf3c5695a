//! What is wrong with a field somebody filled in. The words are in the message catalogue.

use crate::attachment::hides;

/// One field's error: which field, which message, and the number the message speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the form.
    pub field: &'static str,
    /// The message's key in the catalogue, such as `error.required`.
    pub message: &'static str,
    /// Fills `{limit}` in the message.
    pub limit: Option<usize>,
}

impl FieldError {
    /// An error with no number in it.
    pub fn new(field: &'static str, message: &'static str) -> Self {
        Self {
            field,
            message,
            limit: None,
        }
    }

    /// The field must be filled in.
    pub fn required(field: &'static str) -> Self {
        Self::new(field, "error.required")
    }

    /// The text is longer than `limit` characters.
    pub fn too_long(field: &'static str, limit: usize) -> Self {
        Self {
            field,
            message: "error.too_long",
            limit: Some(limit),
        }
    }
}

/// Notes an error unless `text` says something and has at most `limit` characters. What nobody can see says nothing.
pub fn required(field: &'static str, text: &str, limit: usize, errors: &mut Vec<FieldError>) {
    if text.chars().all(|c| c.is_whitespace() || hides(c)) {
        errors.push(FieldError::required(field));
    } else if text.chars().count() > limit {
        errors.push(FieldError::too_long(field, limit));
    }
}

/// A one-line text as it is kept: control characters become spaces, ends are trimmed.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A longer text as it is kept: line ends unified, NUL and other control characters but tab and line feed removed.
pub fn many_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|&c| c == '\n' || c == '\t' || !c.is_control())
        .collect::<String>()
        .trim_end()
        .to_owned()
}
