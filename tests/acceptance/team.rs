//! Teams as administrators edit them: each edit is a version that holds at once, for names and for who reads tickets.

use serde_json::json;
use support::client::{Client, Reply};
use support::{Someone, Tierdesk, database};
use tierdesk_desk::Caller;
use tierdesk_domain::actor::Actor;
use tierdesk_domain::escalation::{Condition, Effect, Meant};
use tierdesk_domain::id::TeamId;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::team::{self, Team};

use crate::clock::Scene;
use crate::escalation::rule;

const PAGE: &str = "/admin/teams";

/// A desk with an administrator who is signed in.
struct Edited {
    scene: Scene,
    boss: Someone,
    client: Client,
}

impl Edited {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let boss = scene.desk.administrator("Ines Roth").await;
        let client = scene.desk.sign_in(&boss).await;
        Self {
            scene,
            boss,
            client,
        }
    }

    fn desk(&self) -> &Tierdesk {
        &self.scene.desk
    }

    async fn read(&self, id: TeamId) -> Team {
        let mut conn = self.desk().desk.acquire().await.unwrap();
        team::find(&mut conn, id).await.unwrap().unwrap()
    }

    /// Sends the form of a team as somebody fills it in who saw that version.
    async fn send(&self, id: TeamId, version: i32, says: (&str, &str, bool)) -> Reply {
        let (name, description, restricted) = says;
        let version = version.to_string();
        let mut fields = vec![
            ("version", version.as_str()),
            ("based_on", "1"),
            ("name", name),
            ("description", description),
        ];
        if restricted {
            fields.push(("restricted", "on"));
        }
        self.client.post(&format!("{PAGE}/{id}"), &fields).await
    }

    /// What the versions say, the newest first.
    async fn versions(&self, id: TeamId) -> Vec<String> {
        let page = self.client.get(&format!("{PAGE}/{id}")).await.page();
        page.texts("td[data-l='What it says']")
    }

    /// What the log says was done to teams, oldest first.
    async fn logged(&self) -> Vec<(String, serde_json::Value)> {
        let mut owner = database::connect(&self.desk().database).await;
        let rows = "select action, detail from audit where object_kind = 'team' and actor_id = $1 order by seq";
        let rows = sqlx::query_as(rows).bind(self.boss.id.0);
        rows.fetch_all(&mut owner).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_edit_of_a_team_is_a_version_and_a_row_of_the_log_with_what_was_before() {
    let it = Edited::new().await;
    let network = it.desk().team("Network").await;
    let ana = it.desk().engineer("Ana Reis", "Network", Tier::L2).await;
    let list = it.client.get(PAGE).await.page();
    assert!(list.has(&format!("th a[href='{PAGE}/{network}']")));
    let page = it.client.get(&format!("{PAGE}/{network}")).await.page();
    assert_eq!(page.attribute("#name", "value"), "Network");
    // Who works there, with a way to where that is set.
    let people = page.texts("#people li");
    assert_eq!(people, ["L1: nobody", "L2: Ana Reis", "L3: nobody"]);
    assert!(page.has(&format!("#people a[href='/admin/people/{}']", ana.id)));

    let saved = it
        .send(network, 1, (" Networks ", "Cables and routes", true))
        .await;
    assert_eq!(saved.location(), format!("{PAGE}/{network}?said=saved"));
    let team = it.read(network).await;
    assert_eq!(
        (team.name.as_str(), team.restricted, team.version),
        ("Networks", true, 2)
    );
    let before = [
        "Networks, read by members only. Cables and routes",
        "Network, read by all engineers",
    ];
    assert_eq!(it.versions(network).await, before);
    // What says the same is no version.
    it.send(network, 2, ("Networks", " Cables and routes ", true))
        .await
        .location();
    assert_eq!(it.versions(network).await, before);
    let detail = json!({
        "name": "Networks", "description": "Cables and routes", "restricted": true, "version": 2,
        "before": {"name": "Network", "description": "", "restricted": false},
    });
    assert_eq!(it.logged().await, [("team.edited".to_owned(), detail)]);

    // The form can begin with an earlier version, and saving that makes a new one.
    let page = it
        .client
        .get(&format!("{PAGE}/{network}?version=1"))
        .await
        .page();
    assert_eq!(page.attribute("#name", "value"), "Network");
    assert_eq!(page.attribute("[name=version]", "value"), "2");
    assert!(!page.has("[name=restricted][checked]"));
    let text = page.all_text();
    assert!(
        text.contains("Ines Roth") && text.contains("From version 1"),
        "{text}"
    );
    it.send(network, 2, ("Network", "", false)).await.location();
    assert_eq!(it.versions(network).await.len(), 3);
    assert_eq!(it.read(network).await.name, "Network");
    let nothing = format!("{PAGE}/{network}?version=9");
    assert_eq!(it.client.get(&nothing).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_begins_with_version_1_however_it_comes() {
    let it = Edited::new().await;
    let fields = [
        ("name", "Printers"),
        ("description", "Paper"),
        ("restricted", "on"),
    ];
    it.client.post(PAGE, &fields).await.location();
    let system = Caller::machine(Actor::system());
    let (desk, now) = (&it.desk().desk, it.desk().now());
    let entered = desk.enter_team(&system, "Storage", "Disks", now).await;
    let printers = it.desk().team("Printers").await;
    let says = ["Printers, read by members only. Paper"];
    assert_eq!(it.versions(printers).await, says);
    let says = ["Storage, read by all engineers. Disks"];
    assert_eq!(it.versions(entered.unwrap()).await, says);
    let service_desk = it.desk().team("Service Desk").await;
    let says = ["Service Desk, read by all engineers. First look at everything"];
    assert_eq!(it.versions(service_desk).await, says);
    let logged = it.logged().await;
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert_eq!(logged[0].0, "team.added");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_one_team_the_later_keeps_what_they_typed() {
    let it = Edited::new().await;
    let network = it.desk().team("Network").await;
    it.send(network, 1, ("Network", "Whatever has a cable", false))
        .await
        .location();
    let late = it.send(network, 1, ("Wires", "Cables", true)).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert_eq!(page.attribute("#name", "value"), "Wires");
    assert_eq!(page.attribute("#description", "value"), "Cables");
    assert!(page.has("[name=restricted][checked]"));
    let text = page.all_text();
    assert!(text.contains("Somebody else changed this team"), "{text}");
    assert!(
        text.contains("Whatever has a cable"),
        "the version between: {text}"
    );
    assert_eq!(it.read(network).await.name, "Network");
    // Sent again it is the next version.
    assert_eq!(page.attribute("[name=version]", "value"), "2");
    it.send(network, 2, ("Wires", "Cables", true))
        .await
        .location();
    assert_eq!(it.read(network).await.version, 3);
    assert_eq!(it.logged().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_belongs_to_one_team_and_what_is_wrong_is_said_beside_its_field() {
    let it = Edited::new().await;
    let network = it.desk().team("Network").await;
    let long = "x".repeat(501);
    for (name, description, field) in [
        ("service DESK", "Cables", "name"),
        (" ", "Cables", "name"),
        ("Network", long.as_str(), "description"),
    ] {
        let refused = it.send(network, 1, (name, description, true)).await;
        assert_eq!(refused.status, 422, "{name}");
        let page = refused.page();
        assert!(page.has(&format!("#{field}[aria-invalid=true]")), "{name}");
        assert!(page.has(&format!("#{field}-e")), "{name}");
        assert_eq!(page.attribute("#name", "value"), name);
        assert_eq!(page.attribute("#description", "value"), description);
        assert!(page.has("[name=restricted][checked]"));
        assert_eq!(page.text("h1"), "Network");
    }
    assert_eq!(it.read(network).await.version, 1);
    assert_eq!(it.versions(network).await.len(), 1);
    assert!(it.logged().await.is_empty());
    // Its own name in other letters is its own.
    it.send(network, 1, ("NETWORK", "", false)).await.location();
    assert_eq!(it.read(network).await.name, "NETWORK");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_that_is_restricted_hides_its_tickets_from_engineers_of_others_until_that_is_lifted()
{
    let it = Edited::new().await;
    let vera = it.desk().engineer("Vera Sand", "Network", Tier::L2).await;
    let team = it.desk().team("Service Desk").await;
    let id = it.scene.file().await;
    it.scene.release(id).await;
    let ticket = format!("/tickets/{}", it.scene.ticket(id).await.number.0);
    let queue = "/queue/L1/Service%20Desk";
    let outside = it.desk().sign_in(&vera).await;
    let inside = it.desk().sign_in(&it.scene.engineer).await;
    let requester = it.desk().sign_in(&it.scene.requester).await;
    let own = ticket.replace("/tickets/", "/my/");
    for (version, restricted) in [(1, true), (2, false)] {
        let before = outside.get(&ticket).await.status;
        assert_eq!(before, if restricted { 200 } else { 404 });
        it.send(team, version, ("Service Desk", "First look", restricted))
            .await
            .location();
        let after = if restricted { 404 } else { 200 };
        for path in [ticket.as_str(), queue] {
            assert_eq!(outside.get(path).await.status, after, "{path}");
            assert_eq!(inside.get(path).await.status, 200, "{path}");
        }
        assert_eq!(requester.get(&own).await.status, 200);
    }
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_filters_rules_and_new_tickets_go_on_when_a_team_is_renamed() {
    let it = Edited::new().await;
    let team = it.desk().team("Service Desk").await;
    let text = "team:\"Service Desk\"";
    let condition = Condition::Matches {
        filter: Box::new(Meant {
            text: text.to_owned(),
            ..Meant::default()
        }),
    };
    let note = Effect::AddNote {
        text: "About the desk".to_owned(),
    };
    it.scene.save("Desk", rule(condition, vec![note])).await;
    it.send(team, 1, ("Help Point", "First look", false))
        .await
        .location();

    let jonas = it.desk().sign_in(&it.scene.engineer).await;
    let queue = "/queue/L1/Help%20Point";
    assert_eq!(jonas.get(queue).await.status, 200);
    let former = "/queue/L1/Service%20Desk";
    assert_eq!(jonas.get(former).await.location(), queue);
    assert_eq!(jonas.get("/queue/L1/Nobody").await.status, 404);
    // What is filed still comes to it, and the rule that was written before fires.
    let id = it.scene.file().await;
    assert_eq!(it.desk().stands(id).await.team, "Help Point");
    it.scene.release(id).await;
    it.scene.pass(chrono::TimeDelta::minutes(1));
    it.scene.sweep().await;
    let fired = it.scene.events(id, EventKind::RuleFired).await;
    assert!(fired.iter().any(|it| it["rule"] == "Desk"), "{fired:?}");
    // A filter means it by its new name and by its earlier one, until another team takes that.
    let engineer = it.scene.caller().await;
    let (desk, now) = (&it.desk().desk, it.desk().now());
    let found = async |text: &str| {
        let found = desk.filtered(&engineer, text, None, (None, 10), now).await;
        found.map(|it| it.lines.len())
    };
    assert_eq!(found("team:\"help point\"").await.unwrap(), 1);
    assert_eq!(found(text).await.unwrap(), 1);
    assert!(found("team:\"No such team\"").await.is_err());
    let fields = [("name", "Service Desk")];
    it.client.post(PAGE, &fields).await.location();
    assert_eq!(found(text).await.unwrap(), 0);
    assert_eq!(jonas.get(former).await.status, 200);
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engineer_can_neither_open_a_team_nor_save_one() {
    let it = Edited::new().await;
    let team = it.desk().team("Service Desk").await;
    let path = format!("{PAGE}/{team}");
    let jonas = it.desk().sign_in(&it.scene.engineer).await;
    assert_eq!(jonas.get(&path).await.status, 403);
    let fields = [
        ("version", "1"),
        ("name", "Mine"),
        ("description", ""),
        ("restricted", "on"),
    ];
    assert_eq!(jonas.post(&path, &fields).await.status, 403);
    assert_eq!(it.read(team).await.name, "Service Desk");
    // For an administrator a team that is not there is not found.
    let nothing = format!("{PAGE}/00000000-0000-7000-8000-000000000001");
    assert_eq!(it.client.get(&nothing).await.status, 404);
    assert_eq!(it.client.post(&nothing, &fields).await.status, 404);
}
