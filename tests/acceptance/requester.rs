//! The requester's side: a ticket in a minute, what happens next in plain words, an answer, and nothing of the trade.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use support::agent::PlayedHost;
use support::browser::Browser;
use support::client::{Client, Reply};
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::conversation::Afterwards;
use tierdesk_desk::ticket::{MAX_BODY, MAX_TITLE};
use tierdesk_domain::id::TicketId;
use tierdesk_domain::text;
use tierdesk_domain::ticket::{ResolutionCode, Status};
use tierdesk_domain::tier::Tier;

const FORM: &str = "/tickets/new";

/// A requester and the engineer who helps them.
pub(crate) struct Scene {
    pub(crate) desk: Tierdesk,
    pub(crate) priya: Someone,
    pub(crate) samir: Someone,
    pub(crate) client: Client,
    /// What the ticket is about.
    category: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let desk = Tierdesk::start().await;
        let priya = desk.requester("Priya Nair").await;
        let samir = desk
            .engineer("Samir Haddad", "Service Desk", Tier::L1)
            .await;
        let client = desk.sign_in(&priya).await;
        let form = client.get(FORM).await.page();
        let category = form.attribute("#category input", "value");
        Self {
            desk,
            priya,
            samir,
            client,
            category,
        }
    }

    /// A form that is filled in well.
    pub(crate) fn filled<'a>(&'a self, title: &'a str) -> Vec<(&'static str, &'a str)> {
        vec![
            ("category", &self.category),
            ("title", title),
            ("description", "It squeaks since *this morning*."),
            ("impact", "group"),
            ("urgency", "low"),
            ("do", "send"),
        ]
    }

    /// Files a ticket with the form. Returns its id and its number.
    pub(crate) async fn file(&self, title: &str) -> (TicketId, i64) {
        let reply = self.client.upload(FORM, &self.filled(title), &[]).await;
        let number = number(&reply);
        let mut conn = database::connect(&self.desk.database).await;
        let id = sqlx::query_scalar("select id from ticket where number = $1")
            .bind(number)
            .fetch_one(&mut conn)
            .await
            .unwrap();
        (TicketId(id), number)
    }

    /// The same, after the bot found nothing to do.
    pub(crate) async fn with_people(&self, title: &str) -> (TicketId, i64) {
        let filed = self.file(title).await;
        self.desk.run_bot().await;
        assert!(!self.desk.stands(filed.0).await.bot_holds);
        filed
    }

    pub(crate) async fn version(&self, id: TicketId) -> i32 {
        let mut conn = database::connect(&self.desk.database).await;
        sqlx::query_scalar("select version from ticket where id = $1")
            .bind(id.0)
            .fetch_one(&mut conn)
            .await
            .unwrap()
    }

    async fn next(&self, number: i64) -> String {
        let page = self.client.get(&format!("/my/{number}")).await.page();
        page.text("[data-live=next] p")
    }

    pub(crate) async fn reply(&self, id: TicketId, text: &str, afterwards: Afterwards) {
        let samir = self.desk.caller(&self.samir).await;
        let now = self.desk.now();
        self.desk
            .desk
            .reply(&samir, id, text, afterwards, now)
            .await
            .unwrap();
    }

    pub(crate) async fn resolve(&self, id: TicketId) {
        let samir = self.desk.caller(&self.samir).await;
        let now = self.desk.now();
        self.desk
            .desk
            .resolve(&samir, id, ResolutionCode::Fixed, "Oiled.", now)
            .await
            .unwrap();
    }
}

/// The number in `/my/10001?said=filed`.
fn number(reply: &Reply) -> i64 {
    let location = reply.location();
    let path = location.split('?').next().unwrap();
    path.trim_start_matches("/my/").parse().unwrap()
}

#[tokio::test]
async fn a_ticket_is_filed_with_one_form_and_its_page_says_what_happens_next() {
    let scene = Scene::new().await;
    let reply = scene
        .client
        .upload(FORM, &scene.filled("My chair squeaks"), &[])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let page = scene.client.get(&reply.location()).await.page();
    assert!(!page.text(".said").is_empty());
    assert_eq!(page.text("h1"), "My chair squeaks");
    assert_eq!(page.text(".bubble .body em"), "this morning", "Markdown");
    assert!(
        scene
            .next(number(&reply))
            .await
            .contains("We look at it at once")
    );
    // The two questions give the priority: a group that can wait.
    let mut conn = database::connect(&scene.desk.database).await;
    let given: (i16, i16, String) = sqlx::query_as("select impact, urgency, channel from ticket")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    let (impact, urgency, channel) = given;
    assert_eq!((impact, urgency), (2, 3));
    assert_eq!(channel, "web");
    // Sent, it is no draft any more.
    assert_eq!(
        scene
            .client
            .get(FORM)
            .await
            .page()
            .attribute("#title", "value"),
        ""
    );
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_everything_typed_is_kept() {
    let scene = Scene::new().await;
    let nothing = scene.client.upload(FORM, &[("do", "send")], &[]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = nothing.page();
    for field in ["category", "title", "description", "impact", "urgency"] {
        assert!(page.has(&format!("#{field}-e")), "{field}");
        assert!(page.has(&format!("[data-error-summary] a[href='#{field}']")));
    }

    let (long, most) = ("x".repeat(256), "x".repeat(255));
    let (story, most_story) = ("y".repeat(50_001), "y".repeat(50_000));
    let nobodys = uuid::Uuid::now_v7().to_string();
    for (field, value, wrong) in [
        ("title", long.as_str(), true),
        ("title", &most, false),
        ("title", "  \u{200b} ", true),
        ("description", &story, true),
        ("description", &most_story, false),
        ("category", &nobodys, true),
        ("category", "x", true),
        ("impact", "everybody", true),
        ("urgency", "now!", true),
        ("host", &nobodys, true),
        ("host", "x", true),
    ] {
        let mut fields = scene.filled("My chair squeaks");
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let reply = scene.client.upload(FORM, &fields, &[]).await;
        let said = format!("{field}={}", value.chars().take(20).collect::<String>());
        assert_eq!(
            reply.status,
            if wrong {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                StatusCode::SEE_OTHER
            },
            "{said}"
        );
        if !wrong {
            continue;
        }
        let page = reply.page();
        assert!(
            page.has(".error-text") || page.has("[data-error-summary]"),
            "{said}"
        );
        for (name, value) in &fields {
            match *name {
                "title" => assert_eq!(page.attribute("#title", "value"), *value, "{said}"),
                "description" => assert_eq!(page.text("#description"), *value, "{said}"),
                "impact" | "urgency" | "category" if *name != field => assert!(
                    page.has(&format!("[name={name}][value='{value}'][checked]")),
                    "{said}"
                ),
                _ => {}
            }
        }
        // It is a draft as well, so that even closing the page loses nothing.
        let again = scene.client.get(FORM).await.page();
        if field != "title" {
            assert_eq!(again.attribute("#title", "value"), "My chair squeaks");
        }
    }
}

#[tokio::test]
async fn a_preview_shows_the_markdown_and_files_nothing() {
    let scene = Scene::new().await;
    let mut fields = scene.filled("My chair squeaks");
    fields.retain(|(name, _)| *name != "do");
    fields.push(("do", "preview"));
    let reply = scene.client.upload(FORM, &fields, &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.page().text("#preview em"), "this morning");
    assert_eq!(
        reply.page().attribute("#title", "value"),
        "My chair squeaks"
    );
    let mut conn = database::connect(&scene.desk.database).await;
    let tickets: i64 = sqlx::query_scalar("select count(*) from ticket")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(tickets, 0);
}

/// Words that only the desk uses.
fn words_of_the_trade(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            matches!(
                *word,
                "queue"
                    | "queues"
                    | "tier"
                    | "tiers"
                    | "sla"
                    | "ola"
                    | "l1"
                    | "l2"
                    | "l3"
                    | "p1"
                    | "p2"
                    | "p3"
                    | "p4"
                    | "agent"
                    | "triage"
                    | "internal"
            ) || word.starts_with("escalat")
                || word.starts_with("breach")
        })
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn each_state_says_in_plain_words_what_happens_next_and_who_has_it() {
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    let samir = scene.desk.caller(&scene.samir).await;
    let desk = &scene.desk.desk;
    let said = async |wanted: &str| {
        for path in [
            format!("/my/{number}"),
            "/my".to_owned(),
            "/help".to_owned(),
            "/my?show=closed".to_owned(),
        ] {
            let text = scene.client.get(&path).await.page().all_text();
            assert_eq!(words_of_the_trade(&text), Vec::<String>::new(), "{path}");
        }
        let next = scene.next(number).await;
        assert!(next.contains(wanted), "`{wanted}` is not in: {next}");
    };
    said("with the Service Desk team. The next free person takes it.").await;
    said("We aim to write to you by").await;
    let now = scene.desk.now();
    desk.assign(&samir, id, Some(scene.samir.id), None, now)
        .await
        .unwrap();
    said("Samir Haddad has your ticket").await;
    scene.reply(id, "Which chair?", Afterwards::Pending).await;
    said("We asked you something. Answer below").await;
    let answered = scene
        .client
        .upload(
            &format!("/my/{number}/answer"),
            &[("body", "The blue one.")],
            &[],
        )
        .await;
    assert_eq!(answered.location(), format!("/my/{number}?said=sent"));
    said("Samir Haddad has your ticket").await;
    let version = scene.version(id).await;
    desk.set_status(&samir, id, version, Status::OnHold, now)
        .await
        .unwrap();
    said("We wait for somebody outside our desk").await;
    scene.resolve(id).await;
    said("We think it is solved. Does it work?").await;
    said("closes by itself on").await;
    let closed = scene.client.post(&format!("/my/{number}/close"), &[]).await;
    assert_eq!(closed.location(), format!("/my/{number}?said=closed"));
    said("This ticket is closed.").await;
    // Pressed twice it stays closed.
    let twice = scene.client.post(&format!("/my/{number}/close"), &[]).await;
    assert_eq!(twice.status, StatusCode::SEE_OTHER);
    assert_eq!(scene.desk.stands(id).await.status, "closed");
}

#[tokio::test]
async fn late_promises_are_owned_up_to() {
    let scene = Scene::new().await;
    let (_, number) = scene.with_people("My chair squeaks").await;
    scene.desk.clock.advance(TimeDelta::days(20));
    let client = scene.desk.sign_in(&scene.priya).await;
    let page = client.get(&format!("/my/{number}")).await.page();
    let next = page.text("[data-live=next] p");
    assert!(next.contains("and are late."), "{next}");
    assert_eq!(words_of_the_trade(&page.all_text()), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_reopens_what_was_solved_and_goes_on_in_a_new_ticket_once_it_is_closed() {
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    let answer = format!("/my/{number}/answer");
    scene.resolve(id).await;

    let empty = scene.client.upload(&answer, &[("body", " ")], &[]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.page().has("#body-e"));
    assert_eq!(scene.desk.stands(id).await.status, "resolved");

    let long = "x".repeat(50_001);
    let too_long = scene.client.upload(&answer, &[("body", &long)], &[]).await;
    assert_eq!(too_long.page().text("#body").len(), 50_001);
    let again = scene.client.get(&format!("/my/{number}")).await.page();
    assert_eq!(again.text("#body").len(), 50_000, "kept up to the limit");
    let reopened = scene
        .client
        .upload(&answer, &[("body", "It squeaks again.")], &[])
        .await;
    assert_eq!(reopened.location(), format!("/my/{number}?said=reopened"));
    let stands = scene.desk.stands(id).await;
    assert_eq!((stands.status.as_str(), stands.bot_holds), ("open", false));

    scene
        .client
        .post(&format!("/my/{number}/close"), &[])
        .await
        .location();
    let late = scene
        .client
        .upload(&answer, &[("body", "It squeaks *louder*.")], &[])
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let page = late.page();
    assert_eq!(
        page.text("#description"),
        "It squeaks *louder*.",
        "the page offers to ask again with the same words"
    );
    let fields: Vec<(String, String)> = ["form", "after", "title", "category", "impact", "urgency"]
        .map(|name| {
            let value = page.attribute(&format!("#answer [name={name}]"), "value");
            (name.to_owned(), value)
        })
        .into();
    let mut fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.extend([("description", "It squeaks *louder*."), ("do", "send")]);
    let again = scene.client.upload(FORM, &fields, &[]).await;
    let page = scene.client.get(&again.location()).await.page();
    assert!(page.has(&format!("a[href='/my/{number}']")), "linked");
    let before = scene.client.get(&format!("/my/{number}")).await.page();
    assert_eq!(before.text("#description"), "", "it was asked");
    assert!(before.has(&format!("a[href='/my/{}']", self::number(&again))));
}

#[tokio::test]
async fn one_button_answers_the_bots_question_whether_it_works() {
    for (button, status) in [("yes", "resolved"), ("no", "open")] {
        let desk = Tierdesk::start().await;
        let ana = crate::bot::settled(&desk).await;
        let ticket = crate::bot::asked_whether_it_works(&desk, &ana).await;
        let client = desk.sign_in(&ana).await;
        let address = format!("/my/{}", ticket.number.0);
        let page = client.get(&address).await.page();
        let say = format!("{address}/say");
        assert_eq!(
            page.attributes(&format!("form[action='{say}'] button"), "value"),
            ["yes", "no"]
        );
        let reply = client.post(&say, &[("works", button)]).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
        desk.run_bot().await;
        let stands = desk.stands(ticket.id).await;
        assert_eq!(
            (stands.status.as_str(), stands.bot_holds),
            (status, false),
            "{button}"
        );
        let page = client.get(&address).await.page();
        assert!(!page.has(&format!("form[action='{say}']")), "asked once");
    }
}

#[tokio::test]
async fn a_colleague_reads_where_the_organisation_says_so_and_does_nothing_else() {
    let scene = Scene::new().await;
    let tom = scene.desk.requester("Tom Okafor").await;
    let mut owner = database::connect(&scene.desk.database).await;
    let organisation = uuid::Uuid::now_v7();
    sqlx::query("insert into organisation (id, name, colleagues_see, created_at) values ($1, 'Hall 3', false, now())")
        .bind(organisation)
        .execute(&mut owner)
        .await
        .unwrap();
    sqlx::query("update person set organisation_id = $1 where id = any($2)")
        .bind(organisation)
        .bind([scene.priya.id.0, tom.id.0])
        .execute(&mut owner)
        .await
        .unwrap();
    let (id, number) = scene.with_people("My chair squeaks").await;
    let colleague = scene.desk.sign_in(&tom).await;
    let address = format!("/my/{number}");
    assert_eq!(colleague.get(&address).await.status, StatusCode::NOT_FOUND);

    sqlx::query("update organisation set colleagues_see = true")
        .execute(&mut owner)
        .await
        .unwrap();
    let page = colleague.get(&address).await.page();
    assert_eq!(page.text("h1"), "My chair squeaks");
    assert!(!page.has("main form"), "nothing to send");
    assert!(
        colleague
            .get("/my?of=colleagues")
            .await
            .page()
            .all_text()
            .contains("My chair squeaks")
    );
    let before = scene.desk.timeline(id).await.len();
    for (path, fields) in [
        ("say", [("works", "yes")].as_slice()),
        ("say", &[("works", "no")]),
        ("close", &[]),
        ("draft", &[("body", "x")]),
    ] {
        let reply = colleague.post(&format!("{address}/{path}"), fields).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {fields:?}");
    }
    let reply = colleague
        .upload(
            &format!("{address}/answer"),
            &[("body", "x")],
            &[("files", "x.txt", b"x")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    assert_eq!(scene.desk.timeline(id).await.len(), before);
    let kept: i64 = sqlx::query_scalar(
        "select (select count(*) from attachment) + (select count(*) from draft where person_id = $1)",
    )
    .bind(tom.id.0)
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(kept, 0, "no file and no draft was taken from them");
}

#[tokio::test]
async fn what_was_typed_survives_a_reload_the_end_of_the_session_and_a_restart() {
    let mut scene = Scene::new().await;
    let (_, number) = scene.with_people("My chair squeaks").await;
    let address = format!("/my/{number}");
    let mut fields = scene.filled("Half a ticket");
    fields.pop();
    let kept = scene.client.post("/tickets/new/draft", &fields).await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT);
    let kept = scene
        .client
        .post(&format!("{address}/draft"), &[("body", "Half an answer")])
        .await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT);

    scene.desk.clock.advance(TimeDelta::minutes(61));
    let ended = scene.client.get(FORM).await;
    assert_ne!(ended.status, StatusCode::OK, "the session has ended");
    scene.desk.restart().await;
    let again = scene.desk.sign_in(&scene.priya).await;
    let page = again.get(FORM).await.page();
    assert_eq!(page.attribute("#title", "value"), "Half a ticket");
    assert!(page.text("#description").contains("this morning"));
    assert!(page.has("[name=impact][value=group][checked]"));
    assert!(page.has("[name=category][checked]"));
    let page = again.get(&address).await.page();
    assert_eq!(page.text("#body"), "Half an answer");

    let other = scene.desk.requester("Tom Okafor").await;
    let other = scene.desk.sign_in(&other).await;
    assert_eq!(
        other.get(FORM).await.page().attribute("#title", "value"),
        "",
        "drafts are one's own"
    );
    again
        .post(&format!("{address}/draft"), &[("body", " ")])
        .await;
    assert_eq!(again.get(&address).await.page().text("#body"), "");
}

#[tokio::test]
async fn an_open_page_wakes_when_something_public_happens_and_sleeps_through_the_rest() {
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    let engineer = scene.desk.sign_in(&scene.samir).await;
    let mut desk = engineer.stream(&format!("/tickets/{number}/live")).await;
    let mut own = scene.client.stream(&format!("/my/{number}/live")).await;
    let samir = scene.desk.caller(&scene.samir).await;
    let now = scene.desk.now();

    // Both ears are open once the requester's page has heard something public. When the process begins to listen, it tells
    // all pages that they may have missed something; that and the rest is let go by before the note is written.
    let soon = Duration::from_millis(500);
    for attempt in 0.. {
        scene.reply(id, "Hello", Afterwards::Open).await;
        if tokio::time::timeout(soon, own.next()).await.is_ok() {
            break;
        }
        assert!(
            attempt < 40,
            "the requester's page never heard of the replies"
        );
    }
    for page in [&mut own, &mut desk] {
        while tokio::time::timeout(soon, page.next()).await.is_ok() {}
    }
    scene
        .desk
        .desk
        .note(&samir, id, "Between us", now)
        .await
        .unwrap();
    assert!(desk.next().await.contains("changed"));
    let woken = tokio::time::timeout(soon, own.next()).await;
    assert!(woken.is_err(), "a note woke the requester: {woken:?}");

    scene.reply(id, "We look", Afterwards::Open).await;
    assert!(own.next().await.contains("changed"));
    // Who has it is on the page, though the hand-over is not.
    let network = scene.desk.team("Network").await;
    scene.desk.join(&scene.samir, network, Tier::L2).await;
    let note = tierdesk_domain::handover::Handover {
        known: "a".to_owned(),
        tried: "b".to_owned(),
        evidence: "c".to_owned(),
        ask: "d".to_owned(),
    };
    let version = scene.version(id).await;
    scene
        .desk
        .desk
        .escalate(&samir, id, version, (network, Tier::L2), note, now)
        .await
        .unwrap();
    assert!(own.next().await.contains("changed"));
}

#[tokio::test]
async fn a_ticket_is_new_for_its_requester_until_they_looked_at_it() {
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    scene.desk.clock.advance(TimeDelta::minutes(1));
    scene.reply(id, "We look", Afterwards::Open).await;
    let unread = async || scene.client.get("/my").await.page().has("li[data-unread]");
    assert!(unread().await);
    let page = scene.client.get(&format!("/my/{number}")).await.page();
    assert_eq!(
        page.attribute("main", "data-seen"),
        format!("/my/{number}/seen")
    );
    assert!(unread().await, "a link that opened elsewhere marks nothing");
    scene
        .client
        .post(&format!("/my/{number}/seen"), &[])
        .await
        .location();
    assert!(!unread().await);
}

#[tokio::test]
async fn the_list_goes_on_page_by_page_and_shows_each_ticket_once() {
    let scene = Scene::new().await;
    for n in 0..27 {
        scene
            .desk
            .file(&scene.priya, &format!("Chair {n}"), "It squeaks")
            .await;
    }
    let mut seen = Vec::new();
    let mut address = "/my".to_owned();
    loop {
        let page = scene.client.get(&address).await.page();
        seen.extend(page.texts(".rows .summary-line a"));
        let Some(older) = page
            .attributes(".pager a", "href")
            .into_iter()
            .find(|it| it.contains("after="))
        else {
            break;
        };
        address = older;
    }
    assert_eq!(seen.len(), 27);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 27);
    let page = scene.client.get("/my").await.page();
    assert!(page.text(".seg a[aria-current]").ends_with("27"));
    for odd in ["x", "1.x", "9999999999999999999.x", "%00"] {
        let reply = scene.client.get(&format!("/my?after={odd}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_a_reply_that_was_read_as_it_came_is_new_no_more() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    let unread = async || scene.client.get("/my").await.page().has("li[data-unread]");
    let base = scene.desk.serve().await;
    crate::web::sign_in(&browser, &base, &scene.client).await;
    // Nothing is new when the page opens.
    let seen = format!("/my/{number}/seen");
    scene.client.post(&seen, &[]).await.location();
    browser.goto(&format!("{base}/my/{number}")).await;
    browser.wait_for_text("My chair squeaks").await;
    assert!(!unread().await);
    scene.desk.clock.advance(TimeDelta::minutes(1));
    scene.reply(id, "We look", Afterwards::Open).await;
    browser.wait_for_text("We look").await;
    for _ in 0..100 {
        if !unread().await {
            return browser.close().await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the reply stays new");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_a_new_ticket_is_kept_while_it_is_typed() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let scene = Scene::new().await;
    let base = scene.desk.serve().await;
    crate::web::sign_in(&browser, &base, &scene.client).await;
    browser.goto(&format!("{base}{FORM}")).await;
    browser.fill("#title", "My chair squeaks").await;
    let choose = "document.querySelector('[name=urgency][value=low]').click()";
    browser.page.execute(choose, Vec::new()).await.unwrap();
    browser.wait_for_text("Draft kept").await;
    browser.goto(&format!("{base}/help")).await;
    browser.goto(&format!("{base}{FORM}")).await;
    let title = browser.find("#title").await;
    assert_eq!(
        title.prop("value").await.unwrap().as_deref(),
        Some("My chair squeaks")
    );
    assert!(browser.has("[name=urgency][value=low]:checked").await);
    browser.close().await;
}

#[tokio::test]
async fn an_engineer_names_any_machine_that_there_is_and_no_other() {
    let scene = Scene::new().await;
    let priyas = PlayedHost::join(&scene.desk, "laptop-priya", "").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let unknown = uuid::Uuid::from_u128(7).to_string();
    let mut fields = scene.filled("My chair squeaks");
    fields.push(("host", &unknown));
    let reply = samir.upload(FORM, &fields, &[]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = reply.page();
    assert_eq!(page.text("#host-e"), text::t("error.choose_one"));
    assert!(page.has("#host"), "what the summary leads to is there");
    assert_eq!(page.attribute("#title", "value"), "My chair squeaks");

    let there = priyas.host.to_string();
    fields.pop();
    fields.push(("host", &there));
    samir.upload(FORM, &fields, &[]).await.location();
}

#[tokio::test]
async fn asking_again_names_the_machine_only_while_it_is_the_requesters() {
    let scene = Scene::new().await;
    let laptop = PlayedHost::join(&scene.desk, "laptop-priya", "").await;
    let mut owner = database::connect(&scene.desk.database).await;
    sqlx::query("update host set owner_id = $1")
        .bind(scene.priya.id.0)
        .execute(&mut owner)
        .await
        .unwrap();
    let host = laptop.host.to_string();
    let mut fields = scene.filled("My chair squeaks");
    fields.push(("host", &host));
    let number = number(&scene.client.upload(FORM, &fields, &[]).await);
    scene.desk.run_bot().await;
    let address = format!("/my/{number}");
    scene
        .client
        .post(&format!("{address}/close"), &[])
        .await
        .location();
    let page = scene.client.get(&address).await.page();
    assert_eq!(page.attribute("#answer [name=host]", "value"), host);

    sqlx::query("update host set state = 'revoked'")
        .execute(&mut owner)
        .await
        .unwrap();
    let page = scene.client.get(&address).await.page();
    assert_eq!(page.attribute("#answer [name=host]", "value"), "");
    let sent: Vec<(String, String)> = [
        "form", "after", "title", "category", "impact", "urgency", "host",
    ]
    .map(|name| {
        let value = page.attribute(&format!("#answer [name={name}]"), "value");
        (name.to_owned(), value)
    })
    .into();
    let mut sent: Vec<(&str, &str)> = sent
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    sent.extend([("description", "It squeaks again."), ("do", "send")]);
    scene.client.upload(FORM, &sent, &[]).await.location();

    // A page that was opened before: the field that is wrong is there to be mended.
    for (name, value) in &mut sent {
        if *name == "host" {
            *value = &host;
        }
    }
    let late = scene.client.upload(FORM, &sent, &[]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.page().has("#host") && late.page().has("#host-e"));
}

#[tokio::test]
async fn a_text_that_is_far_too_long_loses_nothing_else_of_its_form() {
    let scene = Scene::new().await;
    let endless = "x".repeat(2 * 1024 * 1024);
    for (field, limit) in [("description", MAX_BODY), ("title", MAX_TITLE)] {
        let mut fields = scene.filled("My chair squeaks");
        fields.retain(|(name, _)| *name != field);
        // Before the others, so that they are read after it.
        fields.insert(0, (field, &endless));
        let reply = scene.client.upload(FORM, &fields, &[]).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        let page = reply.page();
        assert_eq!(
            page.text(&format!("#{field}-e")),
            text::fill("error.too_long", &[("limit", &limit)])
        );
        assert_eq!(page.texts("[data-error-summary] li").len(), 1, "{field}");
        let (title, description) = if field == "title" {
            (limit, "It squeaks since *this morning*.".len())
        } else {
            ("My chair squeaks".len(), limit)
        };
        assert_eq!(page.attribute("#title", "value").len(), title);
        assert_eq!(page.text("#description").len(), description);
        for (name, value) in [
            ("category", scene.category.as_str()),
            ("impact", "group"),
            ("urgency", "low"),
        ] {
            assert!(
                page.has(&format!("[name={name}][value='{value}'][checked]")),
                "{field}: {name}"
            );
        }
    }

    let (_, number) = scene.with_people("My chair squeaks").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    for (client, address) in [
        (&scene.client, format!("/my/{number}/answer")),
        (&samir, format!("/tickets/{number}/message")),
    ] {
        let fields = [("mode", "reply"), ("body", endless.as_str())];
        let reply = client.upload(&address, &fields, &[]).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        let page = reply.page();
        assert!(page.has("#body-e"), "{address}");
        assert_eq!(page.text("#body").len(), MAX_BODY, "{address}");
    }
}
