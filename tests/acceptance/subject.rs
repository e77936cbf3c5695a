//! What a ticket is about: its kind and its category change on the way, and promises, counts and readers follow.

use support::database;
use tierdesk_desk::DeskError;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_domain::id::{CategoryId, TicketId};
use tierdesk_domain::sla::{Metric, Policy};
use tierdesk_domain::ticket::{Kind, ResolutionCode};
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::category::{self, Category};
use tierdesk_store::configuration;
use uuid::Uuid;

use crate::clock::Scene;

/// A desk that promises problems and the first category a solution within an hour, and an incident without a category.
async fn scene() -> (Scene, TicketId, Vec<Category>) {
    let scene = Scene::new().await;
    let mut conn = scene.desk.desk.acquire().await.unwrap();
    let categories = category::all(&mut conn).await.unwrap();
    let policies = configuration::current::<Policy>(&mut conn, "sla_policy").await;
    let mut policy = policies.unwrap().into_iter().next().unwrap();
    let mut sooner = policy.body.rules.last().unwrap().clone();
    for targets in sooner.targets.values_mut() {
        targets.insert(Metric::Resolution, 3_600);
    }
    let mut of_category = sooner.clone();
    "Problems".clone_into(&mut sooner.name);
    sooner.when.kinds = [Kind::Problem].into();
    "The first category".clone_into(&mut of_category.name);
    of_category.when.categories = [categories[0].id].into();
    policy.body.rules.splice(0..0, [sooner, of_category]);
    policy.version += 1;
    policy.valid_from = scene.desk.now();
    configuration::insert(&mut conn, "sla_policy", &policy)
        .await
        .unwrap();
    drop(conn);
    let id = scene.file().await;
    scene.release(id).await;
    (scene, id, categories)
}

impl Scene {
    async fn make_it(
        &self,
        id: TicketId,
        kind: Kind,
        category: Option<CategoryId>,
    ) -> Result<(), DeskError> {
        self.pass(chrono::TimeDelta::seconds(1));
        let (engineer, version) = (self.caller().await, self.ticket(id).await.version);
        let now = self.desk.now();
        (self.desk.desk)
            .set_subject(&engineer, id, version, kind, category, now)
            .await
    }

    /// When it is promised to be resolved.
    async fn due(&self, id: TicketId) -> String {
        let mut conn = self.desk.desk.acquire().await.unwrap();
        let all = tierdesk_store::clock::projections(&mut conn, id).await;
        let found = all
            .unwrap()
            .into_iter()
            .find(|it| it.metric == Metric::Resolution);
        found.unwrap().due_at.unwrap().to_rfc3339()
    }
}

/// Promises requests a solution alone.
async fn promise_requests_no_answer(scene: &Scene) {
    let mut conn = scene.desk.desk.acquire().await.unwrap();
    let policies = configuration::current::<Policy>(&mut conn, "sla_policy").await;
    let mut policy = policies.unwrap().into_iter().next().unwrap();
    let mut requests = policy.body.rules.last().unwrap().clone();
    "Requests".clone_into(&mut requests.name);
    requests.when.kinds = [Kind::Request].into();
    for targets in requests.targets.values_mut() {
        targets.retain(|metric, _| *metric == Metric::Resolution);
    }
    policy.body.rules.insert(0, requests);
    policy.version += 1;
    policy.valid_from = scene.desk.now();
    configuration::insert(&mut conn, "sla_policy", &policy)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_promised_any_more_is_neither_warned_of_nor_kept_nor_broken() {
    let scene = Scene::new().await;
    promise_requests_no_answer(&scene).await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.make_it(id, Kind::Request, None).await.unwrap();
    // At 12 three quarters of the four hours would have been used, at 13 all of them.
    for time in ["2026-06-01T12:00:01Z", "2026-06-01T13:00:01Z"] {
        scene.at(time);
        scene.sweep().await;
        assert_eq!(scene.recount().await, Vec::<String>::new());
    }
    let number = scene.ticket(id).await.number.0;
    let client = scene.desk.sign_in(&scene.engineer).await;
    let page = client.get(&format!("/tickets/{number}")).await.page();
    let chip = "aside[data-live='aside'] section:first-child dd:nth-of-type(1) .clock b";
    assert_eq!(page.text(chip), "ended 09:00");
    scene.reply(id, Afterwards::Open).await.unwrap();
    for kind in [EventKind::AtRisk, EventKind::Breached, EventKind::Kept] {
        let told = scene.told(id, kind, Metric::FirstResponse).await;
        assert!(told.is_empty(), "{told:?}");
    }
    let mut conn = scene.desk.desk.acquire().await.unwrap();
    let all = tierdesk_store::clock::projections(&mut conn, id).await;
    let all = all.unwrap();
    let first = all.iter().find(|it| it.metric == Metric::FirstResponse);
    assert_eq!(first.unwrap().state, "stopped");
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_promised_again_is_held_against_all_that_was_counted() {
    let scene = Scene::new().await;
    promise_requests_no_answer(&scene).await;
    let id = scene.file().await;
    scene.release(id).await;
    scene.make_it(id, Kind::Request, None).await.unwrap();
    scene.at("2026-06-01T12:30:00Z");
    scene.make_it(id, Kind::Incident, None).await.unwrap();
    let warned = scene
        .told(id, EventKind::AtRisk, Metric::FirstResponse)
        .await;
    assert_eq!(warned.len(), 1);
    let ticket = scene.ticket(id).await;
    let due = ticket.next_clock_at.map(|at| at.to_rfc3339());
    assert_eq!(due.as_deref(), Some("2026-06-01T13:00:00+00:00"));
    scene.pass(chrono::TimeDelta::minutes(1));
    scene.reply(id, Afterwards::Open).await.unwrap();
    let kept = scene.told(id, EventKind::Kept, Metric::FirstResponse).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_kind_or_category_brings_its_own_promise_and_back_again() {
    let (scene, id, categories) = scene().await;
    let (usual, sooner) = ("2026-06-03T17:00:00+00:00", "2026-06-01T10:00:00+00:00");
    assert_eq!(scene.due(id).await, usual);
    for (kind, category, due) in [
        (Kind::Problem, None, sooner),
        (Kind::Request, None, usual),
        (Kind::Request, Some(categories[0].id), sooner),
        (Kind::Request, Some(categories[1].id), usual),
        (Kind::Incident, None, usual),
    ] {
        scene.make_it(id, kind, category).await.unwrap();
        let ticket = scene.ticket(id).await;
        assert_eq!((ticket.kind, ticket.category), (kind, category));
        assert_eq!(scene.due(id).await, due, "{kind} {category:?}");
        // Clocks, deadline and the counts by category are what the events say.
        assert_eq!(scene.recount().await, Vec::<String>::new());
    }
    let told = scene.events(id, EventKind::Changed).await;
    assert_eq!(told.len(), 5);
    // What did not change is not said.
    assert!(told[0].get("category").is_none() && told[2].get("kind").is_none());
    assert_eq!(told[2]["category_name"], categories[0].name.as_str());
    let mut owner = database::connect(&scene.desk.database).await;
    let rows = "select count(*) from audit where action = 'ticket.subject' and actor_id = $1";
    let rows = sqlx::query_scalar::<_, i64>(rows).bind(scene.engineer.id.0);
    assert_eq!(rows.fetch_one(&mut owner).await.unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_category_that_takes_no_tickets_is_refused_and_the_one_it_has_may_stay() {
    let (scene, id, categories) = scene().await;
    let nothing = Some(CategoryId(Uuid::from_u128(7)));
    let refused = scene.make_it(id, Kind::Incident, nothing).await;
    assert!(matches!(refused, Err(DeskError::Invalid(_))), "{refused:?}");
    let own = Some(categories[2].id);
    scene.make_it(id, Kind::Incident, own).await.unwrap();
    let mut owner = database::connect(&scene.desk.database).await;
    let retire = "update category set retired_at = now() where id = any($1)";
    let both = [categories[2].id.0, categories[3].id.0];
    sqlx::query(retire)
        .bind(&both[..])
        .execute(&mut owner)
        .await
        .unwrap();
    scene.make_it(id, Kind::Request, own).await.unwrap();
    let refused = scene
        .make_it(id, Kind::Request, Some(categories[3].id))
        .await;
    assert!(matches!(refused, Err(DeskError::Invalid(_))), "{refused:?}");
    // The page offers the one that it has beside those that are left, and not the other.
    let number = scene.ticket(id).await.number.0;
    let client = scene.desk.sign_in(&scene.engineer).await;
    let page = client.get(&format!("/tickets/{number}")).await.page();
    let offered = page.attributes("#subject #category option", "value");
    assert!(offered.contains(&categories[2].id.to_string()));
    assert!(!offered.contains(&categories[3].id.to_string()));
    let chosen = page.attribute("#subject #category option[selected]", "value");
    assert_eq!(chosen, categories[2].id.to_string());

    let (engineer, now) = (scene.caller().await, scene.desk.now());
    let code = ResolutionCode::Fixed;
    (scene.desk.desk)
        .resolve(&engineer, id, code, "Done.", now)
        .await
        .unwrap();
    let late = scene.make_it(id, Kind::Incident, None).await;
    assert!(matches!(late, Err(DeskError::State(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_change_what_it_is_about_the_later_keeps_their_choice_and_the_requester_reads_nothing_of_it()
 {
    let (scene, id, categories) = scene().await;
    let ticket = scene.ticket(id).await;
    let (number, version) = (ticket.number.0, ticket.version.to_string());
    let client = scene.desk.sign_in(&scene.engineer).await;
    let path = format!("/tickets/{number}/subject");
    let first = categories[0].id.to_string();
    let form = [
        ("version", version.as_str()),
        ("kind", "request"),
        ("category", &first),
    ];
    let done = client.post(&path, &form).await;
    assert_eq!(done.location(), format!("/tickets/{number}?said=saved"));
    let page = client.get(&format!("/tickets/{number}")).await.page();
    let line = format!(
        "Kind Incident → Request, Category No category → {}",
        categories[0].name
    );
    assert!(page.text(".feed").contains(&line), "{}", page.text(".feed"));

    let second = categories[1].id.to_string();
    let form = [
        ("version", version.as_str()),
        ("kind", "change"),
        ("category", &second),
    ];
    let late = client.post(&path, &form).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert!(page.has("#subject[data-open]"));
    let chosen = page.attributes("#subject option[selected]", "value");
    assert_eq!(chosen, ["change", second.as_str()]);
    let version = page.attribute("#subject input[name=version]", "value");
    let again = [
        ("version", version.as_str()),
        ("kind", "change"),
        ("category", &second),
    ];
    client.post(&path, &again).await.location();
    assert_eq!(scene.ticket(id).await.kind, Kind::Change);

    for (kind, category) in [("wish", second.as_str()), ("change", "printers")] {
        let form = [("version", "1"), ("kind", kind), ("category", category)];
        assert_eq!(client.post(&path, &form).await.status, 400);
    }
    let own = scene.desk.sign_in(&scene.requester).await;
    let page = own.get(&format!("/my/{number}")).await.page();
    assert!(!page.all_text().contains("Kind Incident"));
    assert!(!page.all_text().contains(&categories[1].name));
}
