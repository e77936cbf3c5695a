//! Categories below another one: what is promised to the one above is promised to them, as they belonged to it at each time.

use uuid::Uuid;

use super::change::with_rule;
use crate::category::Order;
use crate::clock::scene::{MONDAY_9, MONDAY_12, MONDAY_14, at, hours, resolution, ticket};
use crate::clock::{Book, Change, History};
use crate::id::CategoryId;
use crate::sla::When;

const NETWORK: CategoryId = CategoryId(Uuid::from_u128(5));
const VPN: CategoryId = CategoryId(Uuid::from_u128(6));

/// Four hours for what is about the network; the VPN belongs to it, or does not, from these times on.
fn promising(times: &[(&str, bool)]) -> Book {
    let book = with_rule(When {
        categories: [NETWORK].into(),
        ..When::default()
    });
    let order = |(from, belongs): &(&str, bool)| Order {
        from: at(from),
        tree: vec![(NETWORK, None), (VPN, belongs.then_some(NETWORK))],
    };
    let orders: Vec<_> = times.iter().map(order).collect();
    book.with_categories(&orders)
}

fn about_the_vpn() -> History {
    ticket(MONDAY_9).then(MONDAY_9, Change::Category(Some(VPN)))
}

#[test]
fn what_is_promised_to_a_category_is_promised_to_those_below_it() {
    let ticket = about_the_vpn();
    let alone = resolution(&ticket, &promising(&[]), MONDAY_14);
    assert_eq!(alone.target, hours(24));
    let below = resolution(
        &ticket,
        &promising(&[("2026-05-01T00:00:00Z", true)]),
        MONDAY_14,
    );
    assert_eq!(
        (below.applied.rule.as_str(), below.target),
        ("Short", hours(4))
    );
    assert_eq!(below.segments.len(), 1);
}

#[test]
fn a_category_that_comes_under_another_one_has_its_promise_from_then_on_and_keeps_what_was_counted()
{
    let ticket = about_the_vpn();
    let joined = resolution(&ticket, &promising(&[(MONDAY_12, true)]), MONDAY_14);
    assert_eq!((joined.counted, joined.target), (hours(5), hours(4)));
    assert_eq!(joined.breached_at, Some(at("2026-06-01T11:00:00Z")));
    let rules: Vec<_> = joined
        .segments
        .iter()
        .map(|it| (it.from, it.applied.as_ref()))
        .collect();
    assert_eq!((rules.len(), rules[1].0), (2, at(MONDAY_12)));
    // Leaving it again takes back no breach, and brings the usual promise.
    let left = [(MONDAY_12, true), ("2026-06-01T11:30:00Z", false)];
    let left = resolution(&ticket, &promising(&left), MONDAY_14);
    assert_eq!(left.target, hours(24));
    assert_eq!(left.breached_at, Some(at("2026-06-01T11:00:00Z")));
}

#[test]
fn a_version_of_the_promises_begins_again_only_where_what_it_means_changes() {
    let all = [
        ("2019-01-01T00:00:00Z", true),
        ("2026-06-02T00:00:00Z", true),
        ("2026-06-03T00:00:00Z", false),
    ];
    let book = promising(&all);
    let begin: Vec<_> = book
        .policy
        .iter()
        .map(|it| (it.version, it.valid_from))
        .collect();
    let first = at("2020-01-01T00:00:00Z");
    assert_eq!(begin, [(1, first), (1, at("2026-06-03T00:00:00Z"))]);
    assert_eq!(promising(&[]).policy.len(), 1);
}
