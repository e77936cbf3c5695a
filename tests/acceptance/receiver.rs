//! Whom the bot hands a ticket to, and what the requester is told: only what is so.

use serde_json::{Value, json};
use support::Tierdesk;
use tierdesk_desk::DeskError;
use tierdesk_desk::ticket::Filed;
use tierdesk_domain::connectivity::Receivers;
use tierdesk_domain::tier::Tier;

use crate::bot::{answer, healthy, settled};

/// A service that does not run on a machine that does.
fn refused(entry: &str) -> Value {
    match entry {
        "net.tcp" => json!({"resolves": true, "attempts": [{"outcome": "refused"}]}),
        other => healthy(other),
    }
}

/// A name that nobody knows.
fn missing(entry: &str) -> Value {
    match entry {
        "dns.dig" => json!({"status": "NXDOMAIN", "answers": []}),
        "net.tcp" => json!({"resolves": false, "attempts": []}),
        _ => json!({"resolves": false}),
    }
}

/// A ticket about a portal that was tested from the server, with these results.
async fn tested(desk: &Tierdesk, facts: fn(&str) -> Value) -> Filed {
    let ana = settled(desk).await;
    let server = desk
        .stand_in_host("vantage", None, &["vantage=server"])
        .await;
    tested_again(desk, &ana, server, facts).await
}

async fn tested_again(
    desk: &Tierdesk,
    ana: &support::Someone,
    server: uuid::Uuid,
    facts: fn(&str) -> Value,
) -> Filed {
    let ticket = desk
        .file(ana, "Portal", "I cannot reach https://portal.example.org")
        .await;
    desk.run_bot().await;
    answer(desk, &ticket, server, facts).await;
    ticket
}

/// What the requester reads.
async fn told(desk: &Tierdesk, ticket: &Filed) -> Vec<String> {
    let all = desk.timeline(ticket.id).await;
    all.into_iter()
        .filter(|it| it.visibility == "public" && it.actor == "bot" && !it.body.is_empty())
        .map(|it| it.body)
        .collect()
}

#[tokio::test]
async fn on_a_bare_desk_the_requester_is_told_that_a_colleague_looks_and_the_ticket_stays() {
    for facts in [refused as fn(&str) -> Value, missing] {
        let desk = Tierdesk::start().await;
        let ticket = tested(&desk, facts).await;
        let stands = desk.stands(ticket.id).await;
        assert_eq!(
            (stands.team.as_str(), stands.tier, stands.bot_holds),
            ("Service Desk", 1, false)
        );
        let told = told(&desk, &ticket).await;
        assert_eq!(told.last().unwrap(), "A colleague will look at this.");
        for text in &told {
            assert!(!text.contains("team"), "{text}");
            assert!(!text.contains("handed"), "{text}");
        }
        // What was found goes on with it.
        assert!(desk.newest(ticket.id, "finding").await.is_some());
        let gave_up = desk.newest(ticket.id, "bot_gave_up").await.unwrap();
        let why = gave_up.data["why"].as_str().unwrap();
        assert!(why.contains("portal.example.org"), "{why}");
    }
}

#[tokio::test]
async fn an_administrator_says_which_team_gets_what_and_it_holds_from_the_next_finding_on() {
    let desk = Tierdesk::start().await;
    let ana = settled(&desk).await;
    let server = desk
        .stand_in_host("vantage", None, &["vantage=server"])
        .await;
    for name in ["Network", "Identity"] {
        desk.engineer(&format!("Somebody of {name}"), name, Tier::L2)
            .await;
    }
    let by_name = tested_again(&desk, &ana, server, missing).await;
    assert_eq!(desk.stands(by_name.id).await.team, "Network");

    let boss = desk.administrator("Ines Roth").await;
    let client = desk.sign_in(&boss).await;
    let page = client.get("/admin/teams").await.page();
    assert_eq!(page.text("#network-h"), "Now: L2 of Network");
    let identity = desk.team("Identity").await.to_string();
    let form = |network| [("version", "0"), ("network", network), ("servers", "")];
    let wrong = client.post("/admin/teams/bot", &form("nobody")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.page().has("#network[aria-invalid=true]"));
    let saved = client.post("/admin/teams/bot", &form(&identity)).await;
    saved.location();
    let page = client.get("/admin/teams").await.page();
    assert_eq!(page.text("#network-h"), "Now: L2 of Identity");
    assert_eq!(
        page.attribute("#network option[selected]", "value"),
        identity
    );
    let chosen = tested_again(&desk, &ana, server, missing).await;
    let stands = desk.stands(chosen.id).await;
    assert_eq!((stands.team.as_str(), stands.tier), ("Identity", 2));
    let late = client.post("/admin/teams/bot", &form("")).await;
    assert_eq!(late.status, 409, "somebody saved version 1 meanwhile");

    // A team where nobody works gets nothing, and nobody is told that it did.
    let caller = desk.caller(&boss).await;
    let empty = Receivers {
        network: Some(desk.team("Servers").await),
        servers: None,
    };
    desk.desk
        .save_receivers(&caller, 1, empty, desk.now())
        .await
        .unwrap();
    let nobody = tested_again(&desk, &ana, server, missing).await;
    assert_eq!(desk.stands(nobody.id).await.team, "Service Desk");
    let told = told(&desk, &nobody).await;
    assert_eq!(told.last().unwrap(), "A colleague will look at this.");
    let page = client.get("/admin/teams").await.page();
    assert_eq!(
        page.text("#network-h"),
        "Now: nobody. The ticket stays in its queue."
    );

    let engineer = desk.caller(&ana).await;
    let denied = desk
        .desk
        .save_receivers(&engineer, 2, Receivers::default(), desk.now())
        .await;
    assert!(matches!(denied, Err(DeskError::Denied)), "{denied:?}");
}
