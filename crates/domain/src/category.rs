//! What a category says, as administrators edit it: a versioned document beside its name (decision 10).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
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

/// A category and those above it, nearest first.
pub fn above(tree: &[(CategoryId, Option<CategoryId>)], id: CategoryId) -> Vec<CategoryId> {
    let mut found = vec![id];
    let parent = |id| tree.iter().find(|it| it.0 == id).and_then(|it| it.1);
    while let Some(next) = found.last().copied().and_then(parent) {
        if found.contains(&next) {
            break;
        }
        found.push(next);
    }
    found
}

/// These categories and all below them: whatever names one means those that belong under it as well.
pub fn with_below(
    tree: &[(CategoryId, Option<CategoryId>)],
    named: &BTreeSet<CategoryId>,
) -> BTreeSet<CategoryId> {
    let under = named.iter().flat_map(|id| below(tree, *id));
    named.iter().copied().chain(under).collect()
}

/// How categories belong under each other from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// From when on.
    pub from: DateTime<Utc>,
    /// The categories and the one above each.
    pub tree: Vec<(CategoryId, Option<CategoryId>)>,
}

/// How categories belonged under each other, in the order of time, out of what their versions say: when each began, which
/// category it is of, and the one above it. Nothing where none ever belonged under another.
pub fn orders(
    versions: impl IntoIterator<Item = (DateTime<Utc>, CategoryId, Option<CategoryId>)>,
) -> Vec<Order> {
    let mut tree = BTreeMap::new();
    let mut orders: Vec<Order> = Vec::new();
    for (from, id, above) in versions {
        if tree.insert(id, above).flatten() != above {
            let tree = tree.iter().map(|(id, above)| (*id, *above)).collect();
            orders.push(Order { from, tree });
        }
    }
    orders
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> CategoryId {
        CategoryId(Uuid::from_u128(number))
    }

    /// Three below each other, and two in a circle.
    fn tree() -> [(CategoryId, Option<CategoryId>); 5] {
        [
            (id(1), None),
            (id(2), Some(id(1))),
            (id(3), Some(id(2))),
            (id(4), Some(id(5))),
            (id(5), Some(id(4))),
        ]
    }

    #[test]
    fn what_is_below_is_found_once_also_in_a_circle() {
        let tree = tree();
        assert_eq!(below(&tree, id(1)), [id(1), id(2), id(3)]);
        assert_eq!(below(&tree, id(3)), [id(3)]);
        assert_eq!(below(&tree, id(4)), [id(4), id(5)]);
        assert_eq!(below(&tree, id(9)), []);
        assert_eq!(below(&tree, id(0)), [id(0)]);
    }

    #[test]
    fn what_is_above_is_found_nearest_first_also_in_a_circle() {
        let tree = tree();
        assert_eq!(above(&tree, id(3)), [id(3), id(2), id(1)]);
        assert_eq!(above(&tree, id(1)), [id(1)]);
        assert_eq!(above(&tree, id(4)), [id(4), id(5)]);
        assert_eq!(above(&tree, id(9)), [id(9)]);
        let all = with_below(&tree, &[id(2), id(9)].into());
        assert_eq!(all, [id(2), id(3), id(9)].into());
    }

    #[test]
    fn an_order_begins_whenever_a_category_comes_under_another_one_or_leaves_it() {
        let at = |hour| DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour);
        let orders = orders([
            (at(0), id(1), None),
            (at(0), id(2), None),
            (at(1), id(2), Some(id(1))),
            (at(2), id(2), Some(id(1))),
            (at(3), id(3), Some(id(2))),
            (at(4), id(2), None),
        ]);
        let begin: Vec<_> = orders.iter().map(|it| it.from).collect();
        assert_eq!(begin, [at(1), at(3), at(4)]);
        assert_eq!(below(&orders[1].tree, id(1)), [id(1), id(2), id(3)]);
        assert_eq!(below(&orders[2].tree, id(1)), [id(1)]);
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
