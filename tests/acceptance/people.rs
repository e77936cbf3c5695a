//! The administration of people: what a manager may see is what was said, never what was left out; and who leaves, or loses
//! a queue, leaves no ticket behind that nobody works on.

use axum::http::StatusCode;
use support::client::Client;
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::id::{PersonId, TeamId, TicketId};
use tierdesk_domain::routing::Mode;
use tierdesk_domain::ticket::{Channel, Impact, ResolutionCode, Status, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::{in_charge, person, team};

use crate::clock::Scene;
use crate::routing::Routed;

/// Saves the page of a manager with these teams ticked.
async fn tick(desk: &Tierdesk, administrator: &Client, manager: &Someone, teams: &[&str]) {
    let mut conn = desk.desk.acquire().await.unwrap();
    let version = person::find(&mut conn, manager.id).await.unwrap().unwrap();
    drop(conn);
    let version = version.version.to_string();
    let mut fields = vec![
        ("version", version.as_str()),
        ("name", manager.name.as_str()),
        ("time_zone", "UTC"),
        ("manager", "on"),
    ];
    fields.extend(teams.iter().map(|team| ("managed", *team)));
    let path = format!("/admin/people/{}", manager.id);
    let saved = administrator.post(&path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
}

async fn in_charge_of(desk: &Tierdesk, team: TeamId, who: &Someone) -> bool {
    let mut conn = desk.desk.acquire().await.unwrap();
    let managers = in_charge::managers(&mut conn, team).await.unwrap();
    managers.contains(&who.id)
}

#[tokio::test]
async fn a_manager_whose_last_team_is_taken_away_sees_no_team_and_all_teams_must_be_said() {
    let desk = Tierdesk::start().await;
    let priya = desk.requester("Priya Nair").await;
    desk.engineer("Samir Haddad", "Service Desk", Tier::L1)
        .await;
    let mara = desk.manager("Mara Lind").await;
    let ines = desk.administrator("Ines Roth").await;
    let administrator = desk.sign_in(&ines).await;
    let new = NewTicket {
        category: None,
        title: "The plotter is out of ink".to_owned(),
        description: "Words.".to_owned(),
        impact: Impact::Person,
        urgency: Urgency::Medium,
        host: None,
        channel: Channel::Web,
    };
    let caller = desk.caller(&priya).await;
    let filed = desk.desk.file_ticket(&caller, new, desk.now()).await;
    let ticket = format!("/tickets/{}", filed.unwrap().number.0);
    let mut conn = desk.desk.acquire().await.unwrap();
    let teams = team::all(&mut conn).await.unwrap();
    drop(conn);
    let team = teams
        .iter()
        .find(|it| it.name == "Service Desk")
        .unwrap()
        .id;
    let value = team.to_string();

    for (ticked, sees) in [
        (vec![value.as_str()], true),
        (vec![], false),
        (vec!["all"], true),
        (vec![], false),
    ] {
        tick(&desk, &administrator, &mara, &ticked).await;
        let client = desk.sign_in(&mara).await;
        let status = client.get(&ticket).await.status;
        let expected = if sees {
            StatusCode::OK
        } else {
            StatusCode::NOT_FOUND
        };
        assert_eq!(status, expected, "{ticked:?}");
        assert_eq!(in_charge_of(&desk, team, &mara).await, sees, "{ticked:?}");
        assert_eq!(client.get("/dashboard").await.status, StatusCode::OK);
    }
    let page = administrator
        .get(&format!("/admin/people/{}", mara.id))
        .await
        .page();
    assert!(page.all_text().contains("All teams"));
}

/// Somebody of the desk solves a ticket that they have.
async fn solve(scene: &Scene, id: TicketId, who: &Someone) {
    let (caller, now) = (scene.desk.caller(who).await, scene.desk.now());
    let desk = &scene.desk.desk;
    let has_it = scene.ticket(id).await.assignee;
    desk.assign(&caller, id, Some(who.id), has_it, now)
        .await
        .unwrap();
    desk.resolve(&caller, id, ResolutionCode::Fixed, "Done.", now)
        .await
        .unwrap();
}

/// The requester answers a moment later.
async fn answer(scene: &Scene, id: TicketId) {
    scene.pass(chrono::TimeDelta::minutes(1));
    let caller = scene.desk.caller(&scene.requester).await;
    let now = scene.desk.now();
    let desk = &scene.desk.desk;
    desk.answer(&caller, id, "It is back.", now).await.unwrap();
}

/// What the audit log says of who has a ticket, oldest first.
async fn logged(scene: &Scene, id: TicketId) -> Vec<Option<PersonId>> {
    let number = scene.ticket(id).await.number.0.to_string();
    let mut conn = database::connect(&scene.desk.database).await;
    let to: Vec<Option<uuid::Uuid>> = sqlx::query_scalar(
        "select (detail->>'to')::uuid from audit where action = 'ticket.assigned' and object_id = $1 order by seq",
    )
    .bind(number)
    .fetch_all(&mut conn)
    .await
    .unwrap();
    to.into_iter().map(|it| it.map(PersonId)).collect()
}

/// Saves somebody's page with these queues ticked, and nothing else.
async fn works_in(administrator: &Client, who: &Someone, queues: &[String]) {
    let path = format!("/admin/people/{}", who.id);
    let page = administrator.get(&path).await.page();
    let version = page.attribute("input[name=version]", "value");
    let mut fields = vec![
        ("version", version.as_str()),
        ("name", who.name.as_str()),
        ("time_zone", "UTC"),
    ];
    fields.extend(queues.iter().map(|queue| ("queue", queue.as_str())));
    let saved = administrator.post(&path, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_somebody_solved_before_they_left_is_free_in_its_queue_when_it_comes_back() {
    let scene = Scene::new().await;
    let desk = &scene.desk;
    let boss = desk.administrator("Ines Roth").await;
    let boss = desk.caller(&boss).await;
    let lea = desk.engineer("Lea Gone", "Service Desk", Tier::L1).await;
    let id = scene.file().await;
    solve(&scene, id, &lea).await;
    desk.desk
        .deactivate(&boss, lea.id, None, desk.now())
        .await
        .unwrap();
    assert_eq!(scene.ticket(id).await.assignee, Some(lea.id), "it was hers");

    answer(&scene, id).await;
    let ticket = scene.ticket(id).await;
    assert_eq!((ticket.status, ticket.assignee), (Status::Open, None));
    let assigned = scene.events(id, EventKind::Assigned).await;
    let last = assigned.last().unwrap();
    assert_eq!(last["to"], serde_json::Value::Null);
    assert_eq!(last["internal"]["why"], "not_in_queue");
    assert_eq!(last["internal"]["from"], lea.id.to_string());
    assert_eq!(logged(&scene, id).await, [Some(lea.id), None]);

    // The queue shows it as free, those who work there are told, and the ticket says why.
    let jonas = desk.sign_in(&scene.engineer).await;
    let free = jonas.get("/queue/L1/Service%20Desk?view=free").await.page();
    assert_eq!(free.texts(".c-num"), [format!("#{}", ticket.number.0)]);
    let told = jonas.get("/notifications").await.body;
    assert!(told.contains("VPN is slow"), "{told}");
    let page = jonas.get(&format!("/tickets/{}", ticket.number.0)).await;
    let text = page.page().all_text();
    assert!(
        text.contains("whoever had it no longer works there"),
        "{text}"
    );
    scene.sweep().await;
    assert_eq!(scene.recount().await, Vec::<String>::new());

    // With somebody who works there still, it comes back to them.
    let stays = scene.file().await;
    solve(&scene, stays, &scene.engineer).await;
    answer(&scene, stays).await;
    let ticket = scene.ticket(stays).await;
    assert_eq!(ticket.assignee, Some(scene.engineer.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_to_somebody_who_left_is_given_to_a_colleague_where_the_queue_routes() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let (solved, open) = (it.comes(None).await, it.comes(None).await);
    let leaves = it.whose(solved).await.unwrap();
    let stays = it.whose(open).await.unwrap();
    assert_ne!(leaves, stays, "in turn");
    let leaver = it.people.iter().find(|who| who.name == leaves).unwrap();
    solve(&it.scene, solved, leaver).await;
    let third = it.comes(None).await;
    assert_eq!(it.whose(third).await.as_ref(), Some(&leaves));

    let (boss, now) = (it.boss().await, it.scene.desk.now());
    let went = it.desk().deactivate(&boss, leaver.id, None, now).await;
    assert_eq!(went.unwrap(), 1);
    assert_eq!(it.whose(third).await.as_ref(), Some(&stays));
    let assigned = it.scene.events(third, EventKind::Assigned).await;
    let why: Vec<_> = assigned.iter().map(|it| &it["internal"]["why"]).collect();
    assert!(why.contains(&&serde_json::json!("deactivated")), "{why:?}");

    answer(&it.scene, solved).await;
    assert_eq!(it.whose(solved).await.as_ref(), Some(&stays));
    let assigned = it.scene.events(solved, EventKind::Assigned).await;
    let record = &assigned.last().unwrap()["internal"]["routing"];
    assert_eq!(record["decision"]["mode"], "round_robin");
    it.scene.sweep().await;
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_taken_from_somebody_gets_back_the_open_tickets_that_they_have_there() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let desk = &it.scene.desk;
    let (network, service_desk) = (desk.team("Network").await, desk.team("Service Desk").await);
    let ana = &it.people[0];
    desk.join(ana, service_desk, Tier::L1).await;
    let (lost, kept) = (it.comes(None).await, it.scene.file().await);
    assert_eq!(it.whose(lost).await.as_deref(), Some("Ana"));
    let caller = desk.caller(ana).await;
    it.desk()
        .assign(&caller, kept, Some(ana.id), None, desk.now())
        .await
        .unwrap();
    let boss = desk.administrator("Bo Keller").await;
    let boss = desk.sign_in(&boss).await;

    // L3 of the team acts on its other queues: nothing is lost.
    let top = [format!("{network}.3"), format!("{service_desk}.1")];
    works_in(&boss, ana, &top).await;
    assert_eq!(it.whose(lost).await.as_deref(), Some("Ana"));

    works_in(&boss, ana, &top[1..]).await;
    let ticket = it.scene.ticket(lost).await;
    assert_eq!((ticket.status, ticket.assignee), (Status::Open, None));
    assert_eq!(it.whose(kept).await.as_deref(), Some("Ana"));
    let assigned = it.scene.events(lost, EventKind::Assigned).await;
    let why = &assigned.last().unwrap()["internal"]["why"];
    assert_eq!(why, "not_in_queue");
    assert_eq!(logged(&it.scene, lost).await.last(), Some(&None));
    it.scene.sweep().await;
    assert_eq!(it.scene.recount().await, Vec::<String>::new());
}
