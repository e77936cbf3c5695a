//! A session ends, or the proof of who one is, while somebody writes: what they wrote is not lost, and nobody else gets it.

use chrono::TimeDelta;
use support::client::{Client, Reply};
use support::database;
use support::html::Page;
use support::product::Someone;

use crate::ticket::{Scene, hidden, open};

const PASSWORD: &str = "seven quiet herons by the weir";
const LONG: &str =
    "It took half an hour to write this: ärger, 1 < 2 & \"so on\".\r\nA second line.";

/// The fields that a page's form would send on, in their order.
fn carried(page: &Page) -> Vec<(String, String)> {
    let field = "form input[type=hidden]";
    let names = page.attributes(field, "name");
    names
        .into_iter()
        .zip(page.attributes(field, "value"))
        .collect()
}

fn kept(reply: &Reply) -> String {
    reply.page().attribute("input[name=kept]", "value")
}

async fn sign_in(client: &mut Client, someone: &Someone, kept: &str) -> Reply {
    let form = [
        ("mail", someone.email.as_str()),
        ("password", PASSWORD),
        ("next", "/"),
        ("kept", kept),
    ];
    let reply = client.post("/sign-in", &form).await;
    client.keep_cookie(&reply);
    reply
}

async fn send_on(client: &Client, page: &Page) -> Reply {
    let (path, fields) = (page.attribute("form", "action"), carried(page));
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    if page.has("form[enctype='multipart/form-data']") {
        client.upload(&path, &fields, &[]).await
    } else {
        client.post(&path, &fields).await
    }
}

#[tokio::test]
async fn after_31_minutes_an_engineer_signs_in_and_sends_what_they_had_written() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    scene.desk.set_password(&scene.samir, PASSWORD).await;
    let mut samir = scene.desk.sign_in(&scene.samir).await;
    let path = format!("/tickets/{number}/escalate");
    let page = open(&samir, number).await;
    let version = hidden(&page, &path, "version");
    let to = page.page().attribute("#escalate input[name=to]", "value");
    let form = [
        ("version", version.as_str()),
        ("to", &to),
        ("known", LONG),
        ("tried", "Another cable"),
        ("evidence", "The run at 08:24"),
        ("ask", "Look at the switch"),
    ];
    scene.desk.clock.advance(TimeDelta::minutes(31));

    let late = samir.post(&path, &form).await;
    assert_eq!(late.status, 401);
    assert!(
        late.page()
            .has("form[action='/sign-in'] input[name=password]")
    );
    // A wrong password loses nothing either.
    let wrong = [
        ("mail", scene.samir.email.as_str()),
        ("password", "not this one"),
        ("kept", &kept(&late)),
    ];
    let wrong = samir.post("/sign-in", &wrong).await;
    assert_eq!(wrong.status, 422);
    let back = sign_in(&mut samir, &scene.samir, &kept(&wrong)).await;
    assert_eq!(back.status, 200);
    let page = back.page();
    assert_eq!(page.attribute("form", "action"), path);
    let expected: Vec<_> = form
        .iter()
        // A browser sends line breaks of hidden fields as it sends those of texts.
        .map(|(name, value)| ((*name).to_owned(), value.replace("\r\n", "\n")))
        .collect();
    assert_eq!(carried(&page), expected);
    assert!(page.text("textarea").contains("A second line."));
    assert!(
        open(&samir, number).await.page().has("#escalate"),
        "nothing was sent yet"
    );

    let sent = send_on(&samir, &page).await;
    assert_eq!(sent.location(), format!("/tickets/{number}?said=escalated"));
    let page = open(&samir, number).await.page();
    assert!(page.text(".handover").contains("A second line."));
}

/// Sends a wrong password until it is too often, or until nobody answers for it.
async fn until_refused(client: &Client, path: &str, form: &[(&str, &str)]) -> Reply {
    for _ in 0..20 {
        let reply = client.post(path, form).await;
        if reply.status != 422 {
            return reply;
        }
    }
    panic!("{path}: a wrong password is never too often");
}

#[tokio::test]
async fn who_mistypes_their_password_too_often_still_has_what_they_had_written() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    scene.desk.set_password(&scene.samir, PASSWORD).await;
    let mut samir = scene.desk.sign_in(&scene.samir).await;
    scene.desk.clock.advance(TimeDelta::minutes(31));
    let path = format!("/tickets/{number}/reopen");
    let late = samir.post(&path, &[("why", LONG)]).await;
    let sealed = kept(&late);
    let wrong = [
        ("mail", scene.samir.email.as_str()),
        ("password", "not this one"),
        ("kept", &sealed),
    ];
    let refused = until_refused(&samir, "/sign-in", &wrong).await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    let page = refused.page();
    assert!(page.text("[data-error-summary]").contains("Wait 4 min"));
    assert_eq!(page.attribute("#mail", "value"), scene.samir.email);
    assert_eq!(kept(&refused), sealed);
    scene.desk.clock.advance(TimeDelta::minutes(4));
    let back = sign_in(&mut samir, &scene.samir, &kept(&refused)).await;
    assert!(back.page().text("textarea").contains("A second line."));

    // Nor is it lost when the database is away.
    scene.desk.desk.pool.close().await;
    let away = until_refused(&samir, "/sign-in", &wrong).await;
    assert_eq!(away.status, 503);
    assert_eq!(kept(&away), sealed);
    assert!(away.page().has("[data-error-summary]"));
}

#[tokio::test]
async fn an_administrator_who_mistypes_their_password_too_often_still_has_their_form() {
    let scene = Scene::new().await;
    let ines = scene.desk.administrator("Ines Roth").await;
    scene.desk.set_password(&ines, PASSWORD).await;
    let client = scene.desk.sign_in(&ines).await;
    scene.desk.clock.advance(TimeDelta::minutes(11));
    let late = client.post("/admin/teams", &[("name", "Printers")]).await;
    let sealed = kept(&late);
    let wrong = [("password", "not this one"), ("kept", &sealed)];
    let refused = until_refused(&client, "/confirm", &wrong).await;
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some());
    assert!(refused.page().text("#password-e").contains("Wait 3 min"));
    assert_eq!(kept(&refused), sealed);
    scene.desk.clock.advance(TimeDelta::minutes(3));
    let right = [("password", PASSWORD), ("kept", &kept(&refused))];
    let back = client.post("/confirm", &right).await;
    let expected = [("name".to_owned(), "Printers".to_owned())];
    assert_eq!(carried(&back.page()), expected);
}

#[tokio::test]
async fn a_message_is_kept_without_its_files_and_a_conflict_is_still_one() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    scene.desk.set_password(&scene.samir, PASSWORD).await;
    let mut samir = scene.desk.sign_in(&scene.samir).await;
    scene.desk.clock.advance(TimeDelta::minutes(31));
    let path = format!("/tickets/{number}/message");
    let form = [("mode", "note"), ("body", LONG)];
    let late = samir
        .upload(&path, &form, &[("files", "a.txt", b"a")])
        .await;
    assert_eq!(late.status, 401);
    let page = sign_in(&mut samir, &scene.samir, &kept(&late)).await.page();
    assert_eq!(carried(&page).len(), 2);
    assert!(page.text("main").contains("Files are not kept"));
    let sent = send_on(&samir, &page).await;
    assert_eq!(sent.location(), format!("/tickets/{number}?said=noted"));
    let feed = open(&samir, number).await.page().text(".feed");
    assert!(feed.contains("A second line."), "{feed}");

    // Whatever changed meanwhile is found out as ever.
    let path = format!("/tickets/{number}/subject");
    scene.desk.clock.advance(TimeDelta::minutes(31));
    let form = [("version", "0"), ("kind", "change"), ("category", "none")];
    let late = samir.post(&path, &form).await;
    let page = sign_in(&mut samir, &scene.samir, &kept(&late)).await.page();
    assert_eq!(send_on(&samir, &page).await.status, 409);
}

#[tokio::test]
async fn after_11_minutes_an_administrator_confirms_and_sends_what_they_had_filled_in() {
    let scene = Scene::new().await;
    let ines = scene.desk.administrator("Ines Roth").await;
    scene.desk.set_password(&ines, PASSWORD).await;
    let mut client = scene.desk.sign_in(&ines).await;
    scene.desk.clock.advance(TimeDelta::minutes(11));
    let late = client.post("/admin/teams", &[("name", "Printers")]).await;
    assert_eq!(late.status, 403);
    assert!(
        late.page()
            .has("form[action='/confirm'] input[name=password]")
    );
    let wrong = [("password", "not this one"), ("kept", &kept(&late))];
    let wrong = client.post("/confirm", &wrong).await;
    assert_eq!(wrong.status, 422);
    let right = [("password", PASSWORD), ("kept", &kept(&wrong))];
    let back = client.post("/confirm", &right).await;
    client.keep_cookie(&back);
    let page = back.page();
    assert_eq!(page.attribute("form", "action"), "/admin/teams");
    assert_eq!(carried(&page), [("name".to_owned(), "Printers".to_owned())]);
    let sent = send_on(&client, &page).await;
    assert_eq!(sent.status, 303);
    let teams = client.get("/admin/teams").await.page().all_text();
    assert!(teams.contains("Printers"));
}

#[tokio::test]
async fn a_session_that_ends_while_its_confirmation_is_asked_for_loses_nothing_either() {
    let scene = Scene::new().await;
    let ines = scene.desk.administrator("Ines Roth").await;
    scene.desk.set_password(&ines, PASSWORD).await;
    let mut client = scene.desk.sign_in(&ines).await;
    scene.desk.clock.advance(TimeDelta::minutes(11));
    let late = client.post("/admin/teams", &[("name", "Printers")]).await;
    scene.desk.clock.advance(TimeDelta::minutes(31));
    let right = [("password", PASSWORD), ("kept", &kept(&late))];
    let over = client.post("/confirm", &right).await;
    assert_eq!(over.status, 401);
    let back = sign_in(&mut client, &ines, &kept(&over)).await;
    let page = back.page();
    assert_eq!(page.attribute("form", "action"), "/admin/teams");
    assert_eq!(send_on(&client, &page).await.status, 303);
    let teams = client.get("/admin/teams").await.page().all_text();
    assert!(teams.contains("Printers"));
}

#[tokio::test]
async fn nobody_but_the_one_who_wrote_it_gets_it_and_only_unchanged_and_in_time() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    for someone in [&scene.samir, &scene.lena] {
        scene.desk.set_password(someone, PASSWORD).await;
    }
    let samir = scene.desk.sign_in(&scene.samir).await;
    scene.desk.clock.advance(TimeDelta::minutes(31));
    let path = format!("/tickets/{number}/reopen");
    let late = samir.post(&path, &[("why", LONG)]).await;
    let sealed = kept(&late);
    assert!(!late.body.contains("half an hour"), "it is sealed");
    let mut changed = sealed.clone();
    changed.replace_range(40..41, if &sealed[40..41] == "A" { "B" } else { "A" });
    for (who, kept) in [
        (&scene.lena, sealed.as_str()),
        (&scene.samir, &changed),
        (&scene.samir, "https://evil.example/"),
    ] {
        let mut client = scene.desk.visitor();
        let reply = sign_in(&mut client, who, kept).await;
        assert_eq!(reply.location(), "/?said=not_kept");
        assert!(client.cookie().is_some(), "signed in all the same");
    }
    scene.desk.clock.advance(TimeDelta::hours(13));
    let mut client = scene.desk.visitor();
    let reply = sign_in(&mut client, &scene.samir, &sealed).await;
    assert_eq!(reply.location(), "/?said=not_kept");
}

#[tokio::test]
async fn secrets_programs_strangers_and_too_much_get_the_plain_answer() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    let path = format!("/tickets/{number}/reopen");
    let samir = scene.desk.sign_in(&scene.samir).await;
    let plain = async |client: &Client, path: &str, form: &[(&str, &str)]| {
        let reply = client.post(path, form).await;
        assert_eq!(reply.status, 401, "{path}");
        assert!(!reply.page().has("input[name=kept]"), "{path}");
    };
    // Nobody's cookie, and none.
    plain(&scene.desk.visitor(), &path, &[("why", LONG)]).await;
    scene.desk.clock.advance(TimeDelta::minutes(31));
    let secret = [("current", PASSWORD), ("password", "x"), ("again", "x")];
    plain(&samir, "/profile/password", &secret).await;
    plain(&samir, &path, &[("why", "  ")]).await;
    plain(&samir, &path, &[("why", &"x".repeat(600_000))]).await;
    assert!(!kept(&samir.post(&path, &[("why", LONG)]).await).is_empty());
    // Who signed out, or was sent away, left nothing behind.
    let mut owner = database::connect(&scene.desk.database).await;
    let ends = "update session set ended_at = now() where person_id = $1";
    sqlx::query(ends)
        .bind(scene.samir.id.0)
        .execute(&mut owner)
        .await
        .unwrap();
    plain(&samir, &path, &[("why", LONG)]).await;
}
