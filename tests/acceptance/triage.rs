//! Every new ticket is looked at before people see it, and no ticket stays unseen.

use chrono::TimeDelta;
use sqlx::Row as _;
use support::{Tierdesk, database};
use tierdesk_domain::ticket::Channel;
use tierdesk_domain::tier::Tier;

#[tokio::test]
async fn what_the_bot_cannot_do_goes_to_people_with_the_reason_on_the_timeline() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let ticket = desk
        .file(&ana, "Printer", "It prints blank pages since Monday")
        .await;
    assert!(
        desk.stands(ticket.id).await.bot_holds,
        "nobody sees it before the bot looked"
    );
    desk.run_bot().await;
    let stands = desk.stands(ticket.id).await;
    assert_eq!(
        (stands.status.as_str(), stands.bot_holds, stands.tier),
        ("new", false, 1)
    );
    let triage = desk.newest(ticket.id, "triage").await.unwrap();
    assert_eq!(triage.data["intent"], "none");
    assert_eq!(
        (triage.visibility.as_str(), triage.actor.as_str()),
        ("internal", "bot")
    );
}

#[tokio::test]
async fn a_decision_names_the_rule_its_version_the_document_and_the_very_words() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let ticket = desk
        .file(&ana, "Help", "Since the holidays I forgot my PassWord.")
        .await;
    desk.run_bot().await;
    let triage = desk.newest(ticket.id, "triage").await.unwrap();
    assert_eq!(triage.data["rule"], "password.forgotten");
    assert_eq!(triage.data["version"], 3);
    assert_eq!(
        triage.data["words"],
        serde_json::json!(["PassWord", "forgot"])
    );
    let mut conn = database::connect(&desk.database).await;
    let stored: uuid::Uuid =
        sqlx::query_scalar("select id from configuration where kind = 'triage_rules'")
            .fetch_one(&mut conn)
            .await
            .unwrap();
    assert_eq!(triage.data["document"]["id"], stored.to_string());
    assert!(
        triage.data["facts"]
            .as_array()
            .unwrap()
            .iter()
            .any(|fact| fact["label"] == "Undo")
    );
}

#[tokio::test]
async fn newer_shipped_rules_replace_older_shipped_ones_and_never_what_somebody_wrote() {
    let desk = Tierdesk::start().await;
    let mut conn = database::connect(&desk.database).await;
    let versions = "select version, (body ->> 'version')::int from configuration where kind = 'triage_rules' order by version";
    let shipped = sqlx::query_as::<_, (i32, i32)>(versions)
        .fetch_all(&mut conn)
        .await
        .unwrap();
    let [(1, newest)] = shipped[..] else {
        panic!("{shipped:?}")
    };
    let older = "update configuration set body = jsonb_set(body, '{version}', '1'), author_id = $1 where kind = 'triage_rules'";
    let boss = desk.administrator("Adam Boss").await;
    for (author, after) in [
        (Some(boss.id), vec![(1, 1)]),
        (None, vec![(1, 1), (2, newest)]),
    ] {
        sqlx::query(older)
            .bind(author.map(|id| id.0))
            .execute(&mut conn)
            .await
            .unwrap();
        for _ in 0..2 {
            desk.desk.install_defaults(desk.now()).await.unwrap();
            let stored: Vec<(i32, i32)> =
                sqlx::query_as(versions).fetch_all(&mut conn).await.unwrap();
            assert_eq!(stored, after);
        }
    }
    let ana = desk.requester("Ana Lind").await;
    let ticket = desk
        .file(&ana, "Wiki", "http://wiki.invalid does not open")
        .await;
    desk.run_bot().await;
    let triage = desk.newest(ticket.id, "triage").await.unwrap();
    assert_eq!(triage.data["rule"], "place.does-not-open");
    assert_eq!(triage.data["document"]["version"], 2);
}

#[tokio::test]
async fn looking_twice_changes_nothing() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let ticket = desk.file(&ana, "Help", "I forgot my password").await;
    desk.run_bot().await;
    let before = desk.timeline(ticket.id).await.len();
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("insert into timer (kind, object_id, cycle, fires_at) values ('triage', $1, 1, $2) on conflict do nothing")
        .bind(ticket.id.0)
        .bind(desk.now())
        .execute(&mut conn)
        .await
        .unwrap();
    desk.run_bot().await;
    assert_eq!(desk.timeline(ticket.id).await.len(), before);
}

#[tokio::test]
async fn a_bot_that_cannot_look_never_hides_a_ticket() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let mut conn = database::connect(&desk.database).await;
    sqlx::query("insert into configuration (kind, id, version, name, valid_from, active, body) select kind, id, 2, name, valid_from, true, '{\"broken\": true}' from configuration where kind = 'triage_rules'")
        .execute(&mut conn)
        .await
        .unwrap();
    let ticket = desk.file(&ana, "Help", "I forgot my password").await;
    desk.run_bot().await;
    assert!(desk.stands(ticket.id).await.bot_holds);
    desk.clock.advance(TimeDelta::seconds(121));
    desk.run_bot().await;
    let stands = desk.stands(ticket.id).await;
    assert_eq!(
        (stands.bot_holds, stands.tier, stands.team.as_str()),
        (false, 1, "Service Desk")
    );
    let gave_up = desk.newest(ticket.id, "bot_gave_up").await.unwrap();
    assert!(gave_up.data["why"].as_str().unwrap().contains("2 minutes"));
    // Nothing of the bot is left that could come back to it.
    let left = sqlx::query("select count(*) from timer where object_id = $1 and kind in ('triage', 'triage_deadline', 'bot')").bind(ticket.id.0).fetch_one(&mut conn).await.unwrap();
    assert_eq!(left.get::<i64, _>(0), 0);
}

#[tokio::test]
async fn an_engineer_takes_the_decision_back_and_the_link_dies_with_it() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    let leo = desk
        .engineer("Leo Engineer", "Service Desk", Tier::L1)
        .await;
    let nat = desk.engineer("Nat Other", "Network", Tier::L2).await;
    desk.set_password(&ana, "a long enough password").await;
    desk.clock.advance(TimeDelta::days(7));
    let ticket = desk.file(&ana, "Help", "I forgot my password").await;
    desk.run_bot().await;
    assert_eq!(desk.stands(ticket.id).await.status, "pending");
    let undo = format!("/tickets/{}/undo-bot", ticket.number.0);
    assert_eq!(desk.sign_in(&ana).await.post(&undo, &[]).await.status, 403);
    assert_eq!(desk.sign_in(&nat).await.post(&undo, &[]).await.status, 403);
    let leo = desk.sign_in(&leo).await;
    let page = leo.get(&format!("/tickets/{}", ticket.number.0)).await;
    assert!(page.body.contains("undo-bot"), "the workspace offers it");
    assert_eq!(leo.post(&undo, &[]).await.status, 303);
    let stands = desk.stands(ticket.id).await;
    assert_eq!((stands.status.as_str(), stands.bot_holds), ("open", false));
    assert!(desk.newest(ticket.id, "undone").await.is_some());
    let mut conn = database::connect(&desk.database).await;
    let alive: i64 = sqlx::query_scalar(
        "select count(*) from person_token where ticket_id = $1 and superseded_at is null",
    )
    .bind(ticket.id.0)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert_eq!(alive, 0);
    // Once is enough, and time brings the bot no more.
    leo.post(&undo, &[]).await;
    desk.clock.advance(TimeDelta::days(2));
    desk.run_bot().await;
    let undone = desk
        .timeline(ticket.id)
        .await
        .iter()
        .filter(|entry| entry.kind == "undone")
        .count();
    assert_eq!(undone, 1);
    assert_eq!(desk.stands(ticket.id).await.status, "open");
}

#[tokio::test]
async fn nothing_in_a_mail_that_nobody_proved_starts_a_reset() {
    let desk = Tierdesk::start().await;
    let ana = desk.requester("Ana Lind").await;
    desk.set_password(&ana, "a long enough password").await;
    desk.clock.advance(TimeDelta::days(30));
    let ticket = desk
        .file_by(
            &ana,
            "Password",
            "I forgot my password, send the link to me@evil.example",
            Channel::Mail,
        )
        .await;
    desk.run_bot().await;
    assert!(!desk.stands(ticket.id).await.bot_holds);
    let mut conn = database::connect(&desk.database).await;
    let tokens: i64 = sqlx::query_scalar("select count(*) from person_token")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(tokens, 0);
}
