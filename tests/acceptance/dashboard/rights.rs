//! Whoever answers for some teams learns nothing of the others.

use tierdesk_desk::dashboard::ListOf;
use tierdesk_domain::dashboard::View;
use tierdesk_domain::tally::{Measure, Several};

use super::fortnight::{Fortnight, days};
use super::numbers::{is, shows};

#[tokio::test(flavor = "multi_thread")]
async fn a_manager_never_learns_other_teams_numbers_or_titles() {
    let mut fortnight = Fortnight::begin().await;
    fortnight.live().await;
    let network = fortnight.desk.manager("Nora Falk").await;
    let theirs = [fortnight.teams[1]];
    fortnight.desk.answers_for(&network, &theirs).await;
    let caller = fortnight.desk.caller(&network).await;
    let view = days("2026-10-19", "2026-11-10");
    let only = View {
        team: Some(fortnight.teams[1]),
        ..view
    };
    let events = fortnight.events().await;
    for measure in Measure::ALL
        .iter()
        .copied()
        .filter(|it| it.behind().is_some())
    {
        let expected = events
            .iter()
            .filter(|it| is(it, measure) && shows(&only, it))
            .count();
        assert_eq!(
            fortnight.number(&caller, view, measure).await,
            expected as u64,
            "{measure}"
        );
        assert_eq!(
            fortnight
                .rows(&caller, view, ListOf::Counted(measure))
                .await,
            expected,
            "{measure}"
        );
    }
    for &several in Several::ALL {
        let mut expected = 0;
        for &measure in several.measures() {
            // What was solved at first contact is among what people resolved.
            if measure != Measure::FirstContact {
                expected += fortnight.number(&caller, view, measure).await;
            }
        }
        assert_eq!(
            fortnight
                .rows(&caller, view, ListOf::Several(several))
                .await as u64,
            expected,
            "{several}"
        );
    }
    let client = fortnight.desk.sign_in(&network).await;
    // A ticket that left Network counts there, and says no more than that.
    let moved = client
        .get("/dashboard/tickets?measure=handed_back&from=2026-10-19&to=2026-11-10")
        .await;
    let text = moved.page().all_text();
    assert!(!text.contains("Service Desk"), "{text}");
    assert!(
        text.contains("A ticket that is with another team now"),
        "{text}"
    );
    // Nor do the lists that tell their rows apart, on a page or in a table.
    for &several in Several::ALL {
        for list in ["tickets", "tickets.csv"] {
            let address =
                format!("/dashboard/{list}?measure={several}&from=2026-10-19&to=2026-11-10");
            let reply = client.get(&address).await;
            assert!(!reply.body.contains("Service Desk"), "{address}");
        }
    }
    for path in [
        "/dashboard",
        "/dashboard/promises?by=team",
        "/dashboard/flow",
        "/dashboard/tiers",
        "/dashboard/workload",
        "/dashboard/skills",
        "/dashboard/times?by=team",
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = client
            .get(&format!("{path}{joint}from=2026-10-19&to=2026-11-10"))
            .await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.page().all_text().contains("Service Desk"), "{path}");
    }
    let csv = client
        .get("/dashboard.csv?from=2026-10-19&to=2026-11-10")
        .await;
    assert!(!csv.body.contains("Service Desk") && csv.body.contains("\"Network\""));
    // A team that is somebody else's is as if there were none.
    let foreign = fortnight.teams[0];
    for path in [
        "/dashboard",
        "/dashboard.csv",
        "/dashboard/flow",
        "/dashboard/tickets.csv",
    ] {
        let reply = client
            .get(&format!("{path}?team={foreign}&measure=backlog"))
            .await;
        assert_eq!(reply.status, 404, "{path}");
    }
}
