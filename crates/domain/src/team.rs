//! What a team says, as administrators edit it: a versioned document beside its name (decision 10).

use serde::{Deserialize, Serialize};

use crate::field::{self, FieldError};

/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 500;

/// The body of a team's version. Who works in it is no part of it: that is set with each person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// What it does.
    pub description: String,
    /// Whether its tickets are for its members only (decision 14).
    pub restricted: bool,
}

/// What is wrong with a name and a description.
pub fn check(name: &str, description: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    field::required("name", name, MAX_NAME, &mut errors);
    if description.chars().count() > MAX_DESCRIPTION {
        errors.push(FieldError::too_long("description", MAX_DESCRIPTION));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_something_and_both_have_an_end() {
        let wrong = |name: &str, description: &str| -> Vec<_> {
            let errors = check(name, description).into_iter();
            errors.map(|it| it.field).collect()
        };
        assert!(wrong("Network", "").is_empty());
        assert!(wrong(&"é".repeat(MAX_NAME), &"é".repeat(MAX_DESCRIPTION)).is_empty());
        assert_eq!(wrong("\u{200b} ", ""), ["name"]);
        let (name, description) = ("x".repeat(MAX_NAME + 1), "x".repeat(MAX_DESCRIPTION + 1));
        assert_eq!(wrong(&name, &description), ["name", "description"]);
    }
}
