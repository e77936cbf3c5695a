//! Links to a new password that somebody at the desk decided to send (AT-BOT-1, AT-RESET).

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use support::client::Client;
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::DeskError;
use tierdesk_domain::tier::Tier;

use crate::account::{BETTER, GOOD, is_in, newest_link, scene, signed_in};

const NEW: [(&str, &str); 2] = [("password", BETTER), ("again", BETTER)];

/// The button on somebody's page.
async fn send_reset(administrator: &Client, someone: &Someone) -> String {
    administrator
        .post(&format!("/admin/people/{}/send-reset", someone.id), &[])
        .await
        .location()
}

async fn audited(tierdesk: &Tierdesk, action: &str) -> Vec<(String, serde_json::Value)> {
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query_as("select object_id, detail from audit where action = $1 order by seq")
        .bind(action)
        .fetch_all(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_administrator_sends_an_engineer_a_link_that_works_once_and_ends_their_sessions() {
    let tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let leo = tierdesk.engineer("Leo Brandt", "Network", Tier::L2).await;
    tierdesk.set_password(&leo, GOOD).await;
    let old = signed_in(&tierdesk, &leo, GOOD).await;
    let administrator = tierdesk.sign_in(&ines).await;
    let page = administrator
        .get(&format!("/admin/people/{}", leo.id))
        .await
        .page();
    assert!(
        page.text("#send-reset").contains(&leo.email),
        "asks before it sends, and says where to"
    );

    let said = send_reset(&administrator, &leo).await;
    assert!(said.ends_with("said=reset_sent"), "{said}");
    let link = newest_link(&tierdesk, "/password/reset/").await;
    let mut owner = database::connect(&tierdesk.database).await;
    let (to, data): (String, serde_json::Value) =
        sqlx::query_as("select address, data from outbox where kind = 'password_reset'")
            .fetch_one(&mut owner)
            .await
            .unwrap();
    assert_eq!(
        (to.as_str(), data["by"].as_str()),
        (leo.email.as_str(), Some("Ines Roth"))
    );
    let started = audited(&tierdesk, "password.reset_started").await;
    assert_eq!(started.len(), 1);
    assert_eq!(started[0].0, leo.id.to_string());
    assert_eq!(started[0].1["by_hand"], true);
    assert!(is_in(&old).await, "nothing changes before the link is used");

    let visitor = tierdesk.visitor();
    let done = visitor.post(&link, &NEW).await;
    assert!(done.location().starts_with("/sign-in"));
    assert!(done.header("set-cookie").is_none(), "signs nobody in");
    assert!(!is_in(&old).await);
    assert_eq!(visitor.post(&link, &NEW).await.status, StatusCode::GONE);
    signed_in(&tierdesk, &leo, BETTER).await;
}

#[tokio::test]
async fn the_mail_says_who_sent_the_link() {
    let tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let leo = tierdesk.engineer("Leo Brandt", "Network", Tier::L2).await;
    tierdesk.set_password(&leo, GOOD).await;
    send_reset(&tierdesk.sign_in(&ines).await, &leo).await;
    newest_link(&tierdesk, "/password/reset/").await;
    let mut conn = tierdesk.desk.acquire().await.unwrap();
    let kept = tierdesk_store::mailbox::kept(&mut conn, None, None, 1)
        .await
        .unwrap();
    drop(conn);
    let (_, content) = tierdesk.desk.kept_mail(kept[0].id).await.unwrap();
    assert!(
        content.text.contains("Ines Roth sent you a link"),
        "{}",
        content.text
    );
}

#[tokio::test]
async fn nobody_is_both_who_asks_and_who_decides() {
    let tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let omar = tierdesk.administrator("Omar Diaz").await;
    let mara = tierdesk.manager("Mara Lind").await;
    let leo = tierdesk.engineer("Leo Brandt", "Network", Tier::L2).await;
    let priya = tierdesk.requester("Priya Nair").await;
    for someone in [&ines, &omar, &mara, &leo, &priya] {
        tierdesk.set_password(someone, GOOD).await;
    }
    let now = tierdesk.now();
    let may = async |who: &Someone, whom: &Someone| {
        let caller = tierdesk.caller(who).await;
        match tierdesk.desk.send_reset(&caller, whom.id, now).await {
            Ok(()) => true,
            Err(DeskError::Denied) => false,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(!may(&ines, &ines).await);
    assert!(may(&ines, &omar).await);
    assert!(may(&omar, &ines).await);
    assert!(may(&ines, &mara).await);
    assert!(may(&ines, &priya).await);
    for other in [&mara, &leo, &priya] {
        for whom in [&ines, &mara, &leo, &priya] {
            assert!(!may(other, whom).await, "{} for {}", other.name, whom.name);
        }
    }
    let own = tierdesk.sign_in(&ines).await;
    let page = own.get(&format!("/admin/people/{}", ines.id)).await.page();
    assert!(!page.has("#send-reset"), "no button for oneself");
}

#[tokio::test]
async fn there_is_nothing_to_send_to_who_has_no_password_or_left() {
    let tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let priya = tierdesk.requester("Priya Nair").await;
    let caller = tierdesk.caller(&ines).await;
    let refused = async || {
        let now = tierdesk.now();
        let error = tierdesk.desk.send_reset(&caller, priya.id, now).await.err();
        matches!(error, Some(DeskError::State("password.not_joined")))
    };
    assert!(refused().await, "never joined");
    tierdesk.set_password(&priya, GOOD).await;
    tierdesk
        .desk
        .deactivate(&caller, priya.id, None, tierdesk.now())
        .await
        .unwrap();
    assert!(refused().await, "left");
    let client = tierdesk.sign_in(&ines).await;
    let page = format!("/admin/people/{}", priya.id);
    assert!(!client.get(&page).await.page().has("#send-reset"));
    let reply = client.post(&format!("{page}/send-reset"), &[]).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(
        reply
            .page()
            .all_text()
            .contains("There is no password to set anew")
    );
}

#[tokio::test]
async fn three_links_an_hour_are_sent_to_one_person_by_hand() {
    let (tierdesk, priya) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let caller = tierdesk.caller(&ines).await;
    for turn in 0..4 {
        let sent = tierdesk
            .desk
            .send_reset(&caller, priya.id, tierdesk.now())
            .await;
        match sent {
            Ok(()) if turn < 3 => {}
            Err(DeskError::RateLimited { retry_after: 1200 }) if turn == 3 => {}
            other => panic!("{turn}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn whoever_has_rights_gets_no_fresh_link_without_a_new_decision() {
    let tierdesk = Tierdesk::start().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let leo = tierdesk.engineer("Leo Brandt", "Network", Tier::L2).await;
    let priya = tierdesk.requester("Priya Nair").await;
    for (someone, offered) in [(&leo, false), (&priya, true)] {
        tierdesk.set_password(someone, GOOD).await;
        send_reset(&tierdesk.sign_in(&ines).await, someone).await;
        let link = newest_link(&tierdesk, "/password/reset/").await;
        tierdesk.clock.advance(TimeDelta::minutes(15));
        let visitor = tierdesk.visitor();
        let over = visitor.get(&link).await;
        assert_eq!(over.status, StatusCode::GONE);
        assert_eq!(over.page().has("form[action$='/fresh']"), offered);
        let fresh = visitor.post(&format!("{link}/fresh"), &[]).await;
        assert_eq!(fresh.status == StatusCode::SEE_OTHER, offered);
    }
}

#[tokio::test]
async fn an_engineer_sends_the_requester_of_their_ticket_the_link_that_the_bot_refused() {
    let tierdesk = Tierdesk::start().await;
    let leo = tierdesk
        .engineer("Leo Brandt", "Service Desk", Tier::L1)
        .await;
    let other = tierdesk.engineer("Ana Ferreira", "Network", Tier::L1).await;
    // An address of today: the bot leaves it to people.
    let priya = tierdesk.requester("Priya Nair").await;
    tierdesk.set_password(&priya, GOOD).await;
    let ticket = tierdesk
        .file(&priya, "Password", "I forgot my password")
        .await;
    let page = format!("/tickets/{}", ticket.number.0);
    let client = tierdesk.sign_in(&leo).await;
    let early = client.post(&format!("{page}/send-reset"), &[]).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "the bot has it");
    // What was refused lets go of the ticket a moment later; until then the bot leaves it alone.
    while tierdesk.stands(ticket.id).await.bot_holds {
        tierdesk.run_bot().await;
    }
    assert!(client.get(&page).await.page().has("#send-reset"));
    let foreign = tierdesk.sign_in(&other).await;
    assert!(!foreign.get(&page).await.page().has("#send-reset"));
    let refused = foreign.post(&format!("{page}/send-reset"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    let said = client.post(&format!("{page}/send-reset"), &[]).await;
    assert!(said.location().ends_with("said=reset_sent"));
    let sent = tierdesk.newest(ticket.id, "password_reset").await.unwrap();
    assert_eq!(sent.visibility, "public");
    let link = newest_link(&tierdesk, "/password/reset/").await;
    tierdesk.clock.advance(TimeDelta::minutes(1));
    let done = tierdesk.visitor().post(&link, &NEW).await;
    assert!(done.location().starts_with("/sign-in"));
    let set = tierdesk.newest(ticket.id, "password_reset").await.unwrap();
    assert_eq!(set.data["step"], "set");
    assert_eq!(
        tierdesk.stands(ticket.id).await.status,
        "new",
        "people close it"
    );

    // An engineer who cannot sign in is an administrator's decision.
    let own = tierdesk
        .file(&other, "Password", "I forgot my password")
        .await;
    tierdesk.set_password(&other, GOOD).await;
    tierdesk.run_bot().await;
    let page = format!("/tickets/{}", own.number.0);
    assert!(!client.get(&page).await.page().has("#send-reset"));
    let refused = client.post(&format!("{page}/send-reset"), &[]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn changing_the_password_makes_an_open_link_useless() {
    let (tierdesk, priya) = scene().await;
    let ines = tierdesk.administrator("Ines Roth").await;
    let client = signed_in(&tierdesk, &priya, GOOD).await;
    send_reset(&tierdesk.sign_in(&ines).await, &priya).await;
    let link = newest_link(&tierdesk, "/password/reset/").await;
    let fields = [("current", GOOD), ("password", BETTER), ("again", BETTER)];
    let changed = client.post("/profile/password", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    let other = "four slow otters in the reeds";
    let late = tierdesk
        .visitor()
        .post(&link, &[("password", other), ("again", other)])
        .await;
    assert_eq!(late.status, StatusCode::GONE);
    signed_in(&tierdesk, &priya, BETTER).await;
}

/// Asks for help with these headers at that target, as somebody who wants the link to lead elsewhere.
async fn ask_as(
    tierdesk: &Tierdesk,
    target: &str,
    email: &str,
    headers: &[(&str, &str)],
) -> StatusCode {
    let mut request = Request::post(target)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("origin", &tierdesk.base_url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Body::from(format!("mail={}", email.replace('@', "%40")));
    tierdesk
        .visitor()
        .send(request.body(body).unwrap())
        .await
        .status
}

#[tokio::test]
async fn no_host_that_a_request_names_changes_where_a_link_leads() {
    let (tierdesk, _) = scene().await;
    let ours = tierdesk.base_url.trim_start_matches("http://").to_owned();
    let evil = "evil.example";
    let help = "/sign-in/help";
    let ours_absolute = format!("http://{ours}{help}");
    let evil_absolute = format!("http://{evil}{help}");
    let (ok, bad, wrong) = (
        StatusCode::OK,
        StatusCode::BAD_REQUEST,
        StatusCode::MISDIRECTED_REQUEST,
    );
    /// A target, headers, and the answer.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], StatusCode);
    let cases: [Case<'_>; 11] = [
        (help, &[("x-forwarded-host", evil)], ok),
        (help, &[("x-forwarded-server", evil), ("x-host", evil)], ok),
        (help, &[("forwarded", "host=evil.example;proto=https")], ok),
        (help, &[("x-original-url", "http://evil.example/")], ok),
        (&ours_absolute, &[("host", &ours)], ok),
        (help, &[("host", evil)], wrong),
        (&evil_absolute, &[("host", evil)], wrong),
        (&evil_absolute, &[("host", &ours)], bad),
        (&ours_absolute, &[("host", evil)], bad),
        (help, &[("host", &ours), ("host", evil)], bad),
        (help, &[("host", evil), ("host", &ours)], bad),
    ];
    for (turn, (target, headers, expected)) in cases.into_iter().enumerate() {
        let someone = tierdesk.requester(&format!("Person {turn}")).await;
        tierdesk.set_password(&someone, GOOD).await;
        tierdesk.clock.advance(TimeDelta::days(10));
        let status = ask_as(&tierdesk, target, &someone.email, headers).await;
        assert_eq!(status, expected, "{target} {headers:?}");
        if status == ok {
            let link = newest_link(&tierdesk, "/password/reset/").await;
            assert!(link.starts_with("/password/reset/"), "{link}");
        }
    }
}
