//! What a category says, as administrators edit it: a versioned document beside its name (decision 10).

use serde::{Deserialize, Serialize};

use crate::field::{self, FieldError};
use crate::id::{CategoryId, TeamId};
use crate::ticket::Kind;

/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

/// The longest hint, in characters: requesters read it beside a card.
pub const MAX_HINT: usize = 200;

/// The body of a category's version. Its place among the others is no part of it: that steers no ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// The one it belongs under.
    pub above: Option<CategoryId>,
    /// What a requester reads beside it.
    pub hint: String,
    /// The kind of tickets it makes.
    pub kind: Kind,
    /// The team that gets them, at L1; none means the Service Desk.
    pub team: Option<TeamId>,
}

/// What is wrong with a name and a hint.
pub fn check(name: &str, hint: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    field::required("name", name, MAX_NAME, &mut errors);
    if hint.chars().count() > MAX_HINT {
        errors.push(FieldError::too_long("hint", MAX_HINT));
    }
    errors
}

/// A category and all below it, in a tree of categories and the one above each; nothing if there is no such category. All
/// zeros stand for tickets without one.
pub fn below(tree: &[(CategoryId, Option<CategoryId>)], root: CategoryId) -> Vec<CategoryId> {
    let known = root.0.is_nil() || tree.iter().any(|it| it.0 == root);
    let mut found: Vec<CategoryId> = known.then_some(root).into_iter().collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = tree.iter().filter(|it| it.1 == Some(parent));
        let new: Vec<_> = children
            .map(|it| it.0)
            .filter(|id| !found.contains(id))
            .collect();
        found.extend(new);
        next += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> CategoryId {
        CategoryId(Uuid::from_u128(number))
    }

    #[test]
    fn what_is_below_is_found_once_also_in_a_circle() {
        let tree = [
            (id(1), None),
            (id(2), Some(id(1))),
            (id(3), Some(id(2))),
            (id(4), Some(id(5))),
            (id(5), Some(id(4))),
        ];
        assert_eq!(below(&tree, id(1)), [id(1), id(2), id(3)]);
        assert_eq!(below(&tree, id(3)), [id(3)]);
        assert_eq!(below(&tree, id(4)), [id(4), id(5)]);
        assert_eq!(below(&tree, id(9)), []);
        assert_eq!(below(&tree, id(0)), [id(0)]);
    }

    #[test]
    fn a_name_says_something_and_both_have_an_end() {
        let wrong = |name: &str, hint: &str| -> Vec<_> {
            check(name, hint).into_iter().map(|it| it.field).collect()
        };
        assert!(wrong("Printing", "").is_empty());
        assert!(wrong(&"é".repeat(MAX_NAME), &"é".repeat(MAX_HINT)).is_empty());
        assert_eq!(wrong("\u{200b} ", ""), ["name"]);
        let (name, hint) = ("x".repeat(MAX_NAME + 1), "x".repeat(MAX_HINT + 1));
        assert_eq!(wrong(&name, &hint), ["name", "hint"]);
    }
}
