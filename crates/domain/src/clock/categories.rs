//! Promises by category: what names one means those below it as well, as they belonged under each other at each time.

use super::{Book, Version};
use crate::category::{Order, with_below};
use crate::id::CategoryId;
use crate::sla::Policy;

impl Policy {
    /// The same with every category that a rule names, and all below it.
    #[must_use]
    pub fn with_categories(mut self, tree: &[(CategoryId, Option<CategoryId>)]) -> Self {
        for rule in &mut self.rules {
            rule.when.categories = with_below(tree, &rule.when.categories);
        }
        self
    }
}

impl Book {
    /// The same with policies that mean what belonged under the categories they name: where that changed, a version of a policy
    /// begins again, with the same number.
    #[must_use]
    pub fn with_categories(mut self, orders: &[Order]) -> Self {
        let versions = std::mem::take(&mut self.policy);
        for (place, version) in versions.iter().enumerate() {
            let begin = version.valid_from;
            let end = versions.get(place + 1).map(|next| next.valid_from);
            let within =
                |order: &&Order| order.from > begin && end.is_none_or(|end| order.from < end);
            let first = orders.iter().rfind(|order| order.from <= begin);
            let first = first.map_or(&[][..], |order| &order.tree);
            let later = orders.iter().filter(within);
            let trees = later.map(|order| (order.from, order.tree.as_slice()));
            for (valid_from, tree) in std::iter::once((begin, first)).chain(trees) {
                let body = version.body.clone().with_categories(tree);
                let same = |last: &Version<Policy>| {
                    (last.id, last.version) == (version.id, version.version) && last.body == body
                };
                if !self.policy.last().is_some_and(same) {
                    self.policy.push(Version {
                        valid_from,
                        body,
                        ..version.clone()
                    });
                }
            }
        }
        self
    }
}
