//! The administration of people: what a manager may see is what was said, never what was left out.

use axum::http::StatusCode;
use support::client::Client;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::id::TeamId;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::tier::Tier;
use tierdesk_store::{in_charge, person, team};

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
