//! Figures that managers believe: they are what the events say, day by local day, for whoever may see them; behind each
//! number lie exactly as many rows.

mod fortnight;
mod numbers;
mod pages;
mod rights;
mod times;

use support::product::Tierdesk;
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_store::configuration;

/// Promises of every kind at every priority, short enough that some are broken within days.
pub(crate) async fn promise_everything(desk: &Tierdesk) {
    let mut conn = desk.desk.acquire().await.unwrap();
    let policies = configuration::current::<Policy>(&mut conn, "sla_policy")
        .await
        .unwrap();
    let mut policy = policies.into_iter().next().unwrap();
    for rule in &mut policy.body.rules {
        for targets in rule.targets.values_mut() {
            targets.insert(Metric::NextResponse, 2 * 3_600);
            targets.insert(Metric::PickUp, 3_600);
            targets.insert(Metric::TimeInTier, 8 * 3_600);
        }
    }
    policy.version += 1;
    policy.valid_from = desk.now();
    configuration::insert(&mut conn, "sla_policy", &policy)
        .await
        .unwrap();
}
