//! What priority follows from impact and urgency: the matrix in force decides, and says which version it was.

use support::client::Client;
use support::database;
use tierdesk_domain::ticket::{Impact, Priority, Urgency};
use tierdesk_domain::timeline::EventKind;

use crate::clock::Scene;

const PAGE: &str = "/admin/priorities";

/// The fields of the form, most impact and urgency first.
const FIELDS: [&str; 9] = [
    "site-high",
    "site-medium",
    "site-low",
    "group-high",
    "group-medium",
    "group-low",
    "person-high",
    "person-medium",
    "person-low",
];

async fn administrator(scene: &Scene) -> Client {
    let ines = scene.desk.administrator("Ines Roth").await;
    scene.desk.sign_in(&ines).await
}

/// A form with these priorities.
fn form<'a>(version: &'a str, priorities: [&'a str; 9]) -> Vec<(&'static str, &'a str)> {
    let cells = FIELDS.into_iter().zip(priorities);
    [("version", version), ("based_on", version)]
        .into_iter()
        .chain(cells)
        .collect()
}

/// What is chosen on a page.
fn chosen(page: &support::html::Page) -> Vec<String> {
    page.attributes(".matrix option[selected]", "value")
}

const USUAL: [&str; 9] = ["1", "2", "3", "2", "3", "4", "3", "4", "4"];
const STRICT: [&str; 9] = ["1", "1", "2", "1", "2", "3", "2", "3", "4"];

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_in_force_when_a_ticket_is_filed_decides_and_open_tickets_keep_what_they_have() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let page = client.get(PAGE).await.page();
    assert_eq!(chosen(&page), USUAL);
    assert!(page.all_text().contains("As shipped"));
    assert!(page.all_text().contains("Open tickets keep the priority"));
    let before = scene.file().await;
    let saved = client.post(PAGE, &form("0", STRICT)).await.location();
    assert_eq!(saved, format!("{PAGE}?said=saved"));
    let after = scene.file().await;
    for (id, priority, version) in [(before, Priority::P3, 0), (after, Priority::P2, 1)] {
        assert_eq!(scene.ticket(id).await.priority, priority);
        let opened = scene.events(id, EventKind::Opened).await;
        assert_eq!(opened[0]["internal"]["matrix"], version);
    }
    assert_eq!(scene.recount().await, Vec::<String>::new());

    // A change of impact or urgency is decided by what holds then.
    scene.release(before).await;
    let (engineer, version) = (scene.caller().await, scene.ticket(before).await.version);
    let (impact, urgency, now) = (Impact::Person, Urgency::Medium, scene.desk.now());
    (scene.desk.desk)
        .set_impact_urgency(&engineer, before, version, impact, urgency, now)
        .await
        .unwrap();
    assert_eq!(scene.ticket(before).await.priority, Priority::P3);
    let changed = scene.events(before, EventKind::Priority).await;
    assert_eq!(changed.last().unwrap()["matrix"], 1);

    // The history says what each version says and who saved it, and the form can begin with an earlier one.
    client.post(PAGE, &form("1", USUAL)).await.location();
    let page = client.get(PAGE).await.page();
    let says = page.texts("td[data-l='What it says']");
    assert_eq!(says.len(), 2);
    assert!(says[1].contains("One person: P2 P3 P4"), "{says:?}");
    assert_eq!(page.texts("td[data-l=By]"), ["Ines Roth", "Ines Roth"]);
    let page = client.get(&format!("{PAGE}?version=1")).await.page();
    assert_eq!(chosen(&page), STRICT);
    assert_eq!(page.attribute("[name=version]", "value"), "2");
    assert_eq!(client.get(&format!("{PAGE}?version=9")).await.status, 404);
    // What says the same is no version.
    client.post(PAGE, &form("2", USUAL)).await.location();
    let mut owner = database::connect(&scene.desk.database).await;
    let rows = "select count(*) from audit where action = 'priority_matrix.saved'";
    let rows = sqlx::query_scalar::<_, i64>(rows).fetch_one(&mut owner);
    assert_eq!(rows.await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_impact_or_urgency_is_never_less_pressing_and_what_was_chosen_stays() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    let falls = ["1", "4", "3", "2", "3", "4", "3", "4", "4"];
    let refused = client.post(PAGE, &form("0", falls)).await;
    assert_eq!(refused.status, 422);
    let page = refused.page();
    assert_eq!(chosen(&page), falls);
    assert_eq!(page.attributes("[aria-invalid]", "id"), ["site-medium"]);
    let sentence = page.text("#site-medium-e");
    assert!(sentence.contains("would be less pressing"), "{sentence}");
    // What applies now stands beside what was chosen.
    assert_eq!(page.text("#site-medium-n"), "now P2");
    for nothing in ["", "0", "5", "P1"] {
        let mut wrong = USUAL;
        wrong[8] = nothing;
        let refused = client.post(PAGE, &form("0", wrong)).await;
        assert_eq!(refused.status, 422, "{nothing}");
        assert!(refused.page().has("#person-low[aria-invalid=true]"));
    }
    assert_eq!(client.post(PAGE, &[]).await.status, 422);
    assert_eq!(chosen(&client.get(PAGE).await.page()), USUAL);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_the_later_keeps_what_they_chose() {
    let scene = Scene::new().await;
    let client = administrator(&scene).await;
    client.post(PAGE, &form("0", STRICT)).await.location();
    let mut mine = USUAL;
    mine[8] = "3";
    mine[5] = "3";
    mine[7] = "3";
    let late = client.post(PAGE, &form("0", mine)).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert_eq!(chosen(&page), mine);
    let text = page.all_text();
    assert!(
        text.contains("Somebody else saved the priorities"),
        "{text}"
    );
    let version = page.attribute("[name=version]", "value");
    client.post(PAGE, &form(&version, mine)).await.location();
    assert_eq!(chosen(&client.get(PAGE).await.page()), mine);
}
