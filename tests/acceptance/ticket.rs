//! The ticket's workspace: engineers work, two at a time where it must be, and nobody's text is lost.

use support::client::{Client, Reply};
use support::database;
use support::product::{Someone, Tierdesk};
use tierdesk_desk::ticket::NewTicket;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::tier::Tier;

/// A desk with a requester, two engineers of the Service Desk and one of Network L2.
pub(crate) struct Scene {
    pub(crate) desk: Tierdesk,
    pub(crate) priya: Someone,
    pub(crate) samir: Someone,
    pub(crate) lena: Someone,
    pub(crate) ana: Someone,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let desk = Tierdesk::start().await;
        let priya = desk.requester("Priya Nair").await;
        let samir = desk
            .engineer("Samir Haddad", "Service Desk", Tier::L1)
            .await;
        let lena = desk.engineer("Lena Brandt", "Service Desk", Tier::L1).await;
        let ana = desk.engineer("Ana Ferreira", "Network", Tier::L2).await;
        Self {
            desk,
            priya,
            samir,
            lena,
            ana,
        }
    }

    /// A ticket that the bot has passed on to the queue.
    pub(crate) async fn ticket(&self, title: &str) -> (TicketId, i64) {
        let filed = self
            .desk
            .desk
            .file_ticket(
                &self.desk.caller(&self.priya).await,
                NewTicket {
                    category: None,
                    title: title.to_owned(),
                    description: "It says *server not found*.".to_owned(),
                    impact: Impact::Group,
                    urgency: Urgency::High,
                    host: None,
                    channel: Channel::Web,
                },
                self.desk.now(),
            )
            .await
            .unwrap();
        let mut conn = database::connect(&self.desk.database).await;
        sqlx::query("update ticket set bot_holds = false where id = $1")
            .bind(filed.id.0)
            .execute(&mut conn)
            .await
            .unwrap();
        (filed.id, filed.number.0)
    }
}

/// The value of a hidden field of the form that posts to `action`.
pub(crate) fn hidden(reply: &Reply, action: &str, name: &str) -> String {
    reply.page().attribute(
        &format!("form[action=\"{action}\"] input[name={name}]"),
        "value",
    )
}

pub(crate) async fn open(client: &Client, number: i64) -> Reply {
    let reply = client.get(&format!("/tickets/{number}")).await;
    assert_eq!(reply.status, 200, "{}", reply.page().all_text());
    reply
}

#[tokio::test]
async fn an_engineer_takes_answers_and_resolves_a_ticket() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("The portal does not open").await;
    let samir = scene.desk.sign_in(&scene.samir).await;

    let page = open(&samir, number).await.page();
    assert_eq!(page.text("h1"), "The portal does not open");
    assert_eq!(page.text(".entry[data-kind=ask] em"), "server not found");
    let taken = samir
        .post(
            &format!("/tickets/{number}/assign"),
            &[("assignee", "me"), ("expected", "")],
        )
        .await;
    assert_eq!(taken.location(), format!("/tickets/{number}?said=taken"));
    assert!(
        samir
            .get(&taken.location())
            .await
            .page()
            .text(".said")
            .contains("You have it now.")
    );

    let sent = samir
        .upload(
            &format!("/tickets/{number}/message"),
            &[
                ("mode", "reply"),
                ("body", "Please try again."),
                ("pending", "yes"),
            ],
            &[],
        )
        .await;
    assert_eq!(sent.location(), format!("/tickets/{number}?said=sent"));
    let page = open(&samir, number).await.page();
    assert_eq!(page.text(".t-head .status"), "Pending");
    assert_eq!(
        page.texts(".entry[data-kind=reply] .body"),
        ["Please try again."]
    );

    let answer = "The gateway was at fault.";
    let done = samir
        .post(
            &format!("/tickets/{number}/resolve"),
            &[("code", "fixed"), ("answer", answer)],
        )
        .await;
    assert_eq!(done.location(), format!("/tickets/{number}?said=resolved"));
    let page = open(&samir, number).await.page();
    assert_eq!(page.text(".t-head .status"), "Resolved");
    assert!(
        !page.has("#composer input[value=reply]"),
        "a solved ticket takes notes, no replies"
    );
}

#[tokio::test]
async fn of_two_who_take_a_ticket_one_wins_and_the_other_sees_who() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("No printer").await;
    let (samir, lena) = (
        scene.desk.sign_in(&scene.samir).await,
        scene.desk.sign_in(&scene.lena).await,
    );
    let path = format!("/tickets/{number}/assign");
    let seen = hidden(&open(&lena, number).await, &path, "seen");

    samir
        .post(&path, &[("assignee", "me"), ("expected", "")])
        .await
        .location();
    let late = lena
        .post(
            &path,
            &[("assignee", "me"), ("expected", ""), ("seen", &seen)],
        )
        .await;

    assert_eq!(late.status, 409);
    let page = late.page();
    assert!(
        page.text(".banner.warning")
            .contains("changed while you were working"),
        "{}",
        page.all_text()
    );
    assert!(
        page.text(".banner.warning")
            .contains("Samir Haddad has it now"),
        "{}",
        page.text(".banner.warning")
    );
}

#[tokio::test]
async fn an_edit_of_an_old_page_is_refused_and_keeps_every_word() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    let (samir, lena) = (
        scene.desk.sign_in(&scene.samir).await,
        scene.desk.sign_in(&scene.lena).await,
    );
    let path = format!("/tickets/{number}/escalate");
    let page = open(&lena, number).await;
    let (version, seen) = (
        hidden(&page, &path, "version"),
        hidden(&page, &path, "seen"),
    );
    let to = page.page().attribute("#escalate input[name=to]", "value");
    samir
        .post(
            &format!("/tickets/{number}/priority"),
            &[
                ("version", &version),
                ("impact", "site"),
                ("urgency", "high"),
            ],
        )
        .await
        .location();

    let words = [
        ("known", "The share is slow"),
        ("tried", "Another cable"),
        ("evidence", "08:24"),
        ("ask", "Look at the switch"),
    ];
    let mut form = vec![("version", version.as_str()), ("seen", &seen), ("to", &to)];
    form.extend(words);
    let late = lena.post(&path, &form).await;

    assert_eq!(late.status, 409);
    let page = late.page();
    for (field, text) in words {
        assert_eq!(
            page.text(&format!("#escalate #{field}")),
            text,
            "{field} is kept"
        );
    }
    assert!(page.has("#escalate[data-open]"), "the dialog is open again");
    assert!(
        page.text(".banner.warning").contains("Priority P2 → P1"),
        "{}",
        page.text(".banner.warning")
    );
    // With the version that the page has now, the same words go through.
    let version = hidden(&late, &path, "version");
    let mut form = vec![("version", version.as_str()), ("to", &to)];
    form.extend(words);
    assert_eq!(
        lena.post(&path, &form).await.location(),
        format!("/tickets/{number}?said=escalated")
    );
}

#[tokio::test]
async fn an_escalation_without_its_note_says_beside_each_field_what_is_missing() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Slow share").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let path = format!("/tickets/{number}/escalate");
    let page = open(&samir, number).await;
    let version = hidden(&page, &path, "version");
    let to = page.page().attribute("#escalate input[name=to]", "value");

    let reply = samir
        .post(
            &path,
            &[
                ("version", &version),
                ("to", &to),
                ("known", "Only this"),
                ("tried", " "),
            ],
        )
        .await;

    assert_eq!(reply.status, 422);
    let page = reply.page();
    assert_eq!(page.text("#escalate #known"), "Only this");
    assert_eq!(
        page.texts("#escalate .error-text").len(),
        3,
        "tried, evidence and ask"
    );
    assert!(page.has("#escalate #ask[aria-invalid=true][aria-describedby~=ask-e]"));
    let nowhere = samir
        .post(&path, &[("version", &version), ("to", "elsewhere")])
        .await;
    assert_eq!(nowhere.status, 422);
}

#[tokio::test]
async fn a_ticket_goes_up_and_comes_back_with_a_reason() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("No name look-up").await;
    let (samir, ana) = (
        scene.desk.sign_in(&scene.samir).await,
        scene.desk.sign_in(&scene.ana).await,
    );
    let path = format!("/tickets/{number}/escalate");
    let page = open(&samir, number).await;
    let version = hidden(&page, &path, "version");
    let to = page
        .page()
        .attributes("#escalate input[name=to]", "value")
        .into_iter()
        .find(|to| to.ends_with(":L2"))
        .unwrap();

    let form = [
        ("version", version.as_str()),
        ("to", &to),
        ("known", "Port 53 is dropped"),
        ("tried", "Restart"),
        ("evidence", "The run at 08:24"),
        ("ask", "Find the rule"),
    ];
    samir.post(&path, &form).await.location();
    let reply = open(&ana, number).await;
    let page = reply.page();
    assert_eq!(page.text(".crumbs a"), "L2 Network");
    assert_eq!(
        page.texts(".handover dt"),
        [
            "What is known",
            "What was tried",
            "Evidence",
            "What is asked"
        ]
    );
    assert_eq!(
        samir
            .post(&format!("/tickets/{number}/assign"), &[("assignee", "me")])
            .await
            .status,
        403,
        "L1 of another team no longer acts"
    );

    // Nobody answered the hand-over: it is sent back, not handed back.
    let back = format!("/tickets/{number}/hand-back");
    assert!(!page.has(&format!("form[action='{back}']")));
    ana.post(&format!("/tickets/{number}/accept"), &[])
        .await
        .location();
    let reply = open(&ana, number).await;
    let version = hidden(&reply, &back, "version");
    assert_eq!(
        ana.post(&back, &[("version", &version), ("reason", "")])
            .await
            .status,
        422
    );
    let done = ana
        .post(
            &back,
            &[
                ("version", &version),
                ("reason", "It is the user's own firewall."),
            ],
        )
        .await;
    assert_eq!(
        done.location(),
        format!("/tickets/{number}?said=handed_back")
    );
    assert_eq!(
        open(&samir, number).await.page().text(".crumbs a"),
        "L1 Service Desk"
    );
}

#[tokio::test]
async fn messages_never_conflict() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Noise").await;
    let (samir, lena) = (
        scene.desk.sign_in(&scene.samir).await,
        scene.desk.sign_in(&scene.lena).await,
    );
    let path = format!("/tickets/{number}/message");
    let (one, other) = tokio::join!(
        samir.upload(&path, &[("mode", "reply"), ("body", "From Samir")], &[]),
        lena.upload(&path, &[("mode", "note"), ("body", "From Lena")], &[]),
    );
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (303, 303));
    let text = open(&samir, number).await.page().all_text();
    assert!(text.contains("From Samir") && text.contains("From Lena"));
}

#[tokio::test]
async fn an_empty_message_is_sent_back_and_a_note_stays_a_note() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Noise").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let reply = samir
        .upload(
            &format!("/tickets/{number}/message"),
            &[("mode", "note"), ("body", "  ")],
            &[],
        )
        .await;
    assert_eq!(reply.status, 422);
    let page = reply.page();
    assert!(
        page.has("#composer input[value=note][checked]"),
        "what was meant as a note is never turned into a reply"
    );
    assert_eq!(page.text("#composer .error-text"), "Fill this in.");
    let long = "x".repeat(60_000);
    let reply = samir
        .upload(
            &format!("/tickets/{number}/message"),
            &[("mode", "reply"), ("body", &long)],
            &[],
        )
        .await;
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.page().text("#composer textarea").len(),
        long.len(),
        "nothing that was typed is lost"
    );
}

#[tokio::test]
async fn a_draft_waits_on_the_server_until_it_is_sent() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Noise").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let kept = samir
        .post(
            &format!("/tickets/{number}/draft"),
            &[("mode", "reply"), ("body", "Half a sente")],
        )
        .await;
    assert_eq!(kept.status, 204);

    let elsewhere = scene.desk.sign_in(&scene.samir).await;
    assert_eq!(
        open(&elsewhere, number)
            .await
            .page()
            .text("#composer textarea"),
        "Half a sente"
    );
    let lena = scene.desk.sign_in(&scene.lena).await;
    let other = open(&lena, number).await.page();
    assert_eq!(other.text("#composer textarea"), "", "drafts are one's own");
    assert_eq!(other.text("[data-presence]"), "Samir Haddad is replying");

    samir
        .upload(
            &format!("/tickets/{number}/message"),
            &[("mode", "reply"), ("body", "Half a sentence.")],
            &[],
        )
        .await
        .location();
    assert_eq!(
        open(&samir, number).await.page().text("#composer textarea"),
        ""
    );
}

#[tokio::test]
async fn managers_read_and_strangers_find_nothing() {
    let scene = Scene::new().await;
    let (_, number) = scene.ticket("Secret matter").await;
    let manager = scene.desk.manager("Marta Manager").await;
    let stranger = scene.desk.requester("Sam Stranger").await;
    let administrator = scene.desk.administrator("Adam Admin").await;

    let manager = scene.desk.sign_in(&manager).await;
    let page = open(&manager, number).await.page();
    assert!(
        !page.has("main form[method=post]"),
        "a manager changes nothing"
    );
    assert_eq!(
        manager
            .upload(
                &format!("/tickets/{number}/message"),
                &[("mode", "note"), ("body", "x")],
                &[],
            )
            .await
            .status,
        403
    );

    for someone in [stranger, administrator] {
        let client = scene.desk.sign_in(&someone).await;
        let foreign = client.get(&format!("/tickets/{number}")).await;
        let missing = client.get("/tickets/999999").await;
        assert_eq!(
            (foreign.status, missing.status),
            (missing.status, foreign.status)
        );
        assert_eq!(foreign.status, 404, "{}", someone.name);
        assert!(!foreign.body.contains("Secret matter"));
    }
    let priya = scene.desk.sign_in(&scene.priya).await;
    assert_eq!(
        priya.get(&format!("/tickets/{number}")).await.location(),
        format!("/my/{number}")
    );
    assert_eq!(
        scene
            .desk
            .visitor()
            .get(&format!("/tickets/{number}"))
            .await
            .location(),
        format!("/sign-in?next=/tickets/{number}")
    );
}

#[tokio::test]
async fn an_open_page_shows_what_others_do_without_being_asked() {
    let Some(browser) = support::browser::Browser::open().await else {
        return;
    };
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("The portal does not open").await;
    let base = scene.desk.serve().await;
    crate::web::sign_in(&browser, &base, &scene.desk.sign_in(&scene.samir).await).await;
    browser.goto(&format!("{base}/tickets/{number}")).await;
    browser.fill("#composer textarea", "Half a sente").await;
    // The stream is up once the server has said who else is here; nobody is, so the draft's answer is the sign of life.
    browser.wait_for_text("Draft kept").await;

    let lena = scene.desk.caller(&scene.lena).await;
    scene
        .desk
        .desk
        .note(&lena, id, "Look at the switch.", scene.desk.now())
        .await
        .unwrap();

    browser.wait_for_text("Look at the switch.").await;
    let typed = browser
        .find("#composer textarea")
        .await
        .prop("value")
        .await
        .unwrap();
    assert_eq!(
        typed.as_deref(),
        Some("Half a sente"),
        "what is being typed stays"
    );
    browser.close().await;
}

#[tokio::test]
async fn nothing_goes_to_a_queue_where_nobody_works_any_more_and_nothing_typed_is_lost() {
    let scene = Scene::new().await;
    let desk = &scene.desk;
    desk.engineer("Vera Sand", "Security", Tier::L2).await;
    let boss = desk.administrator("Ines Roth").await;
    let boss = desk.caller(&boss).await;
    let (_, number) = scene.ticket("No name look-up").await;
    let samir = desk.sign_in(&scene.samir).await;
    let path = format!("/tickets/{number}/escalate");
    let page = open(&samir, number).await;
    let version = hidden(&page, &path, "version");
    let network = format!("{}:L2", desk.team("Network").await);
    let offered = "#escalate input[name=to]";
    assert!(page.page().attributes(offered, "value").contains(&network));
    let clocks = format!("/tickets/{number}/clocks");
    let what_if = samir.get(&clocks).await.page().all_text();
    assert!(what_if.contains("L2 Network"), "{what_if}");

    desk.desk
        .deactivate(&boss, scene.ana.id, None, desk.now())
        .await
        .unwrap();
    let words = [
        ("known", "Port 53 is dropped"),
        ("tried", "Restart"),
        ("evidence", "The run at 08:24"),
        ("ask", "Find the rule"),
    ];
    let mut form = vec![("version", version.as_str()), ("to", &network)];
    form.extend(words);
    let refused = samir.post(&path, &form).await;
    assert_eq!(refused.status, 422);
    let page = refused.page();
    let said = page.text("#escalate #to-e");
    assert!(said.contains("Nobody works there"), "{said}");
    for (field, text) in words {
        assert_eq!(page.text(&format!("#escalate #{field}")), text);
    }
    let left = page.attributes(offered, "value");
    assert!(!left.is_empty() && !left.contains(&network), "{left:?}");
    let what_if = samir.get(&clocks).await.page().all_text();
    assert!(!what_if.contains("L2 Network"), "{what_if}");
    assert!(what_if.contains("L2 Security"), "{what_if}");
}

#[tokio::test]
async fn a_ticket_stays_with_its_receiver_where_nobody_is_left_who_could_take_it_back() {
    let scene = Scene::new().await;
    let desk = &scene.desk;
    let boss = desk.administrator("Ines Roth").await;
    let boss = desk.caller(&boss).await;
    let (id, number) = scene.ticket("No name look-up").await;
    let samir = desk.caller(&scene.samir).await;
    let network = desk.team("Network").await;
    let note = crate::handover::note();
    desk.desk
        .escalate(&samir, id, 1, (network, Tier::L2), note, desk.now())
        .await
        .unwrap();
    for leaves in [&scene.samir, &scene.lena] {
        desk.desk
            .deactivate(&boss, leaves.id, None, desk.now())
            .await
            .unwrap();
    }

    let ana = desk.sign_in(&scene.ana).await;
    let bounce = format!("/tickets/{number}/bounce");
    let version = hidden(&open(&ana, number).await, &bounce, "version");
    let form = [
        ("version", version.as_str()),
        ("bounce_code", "wrong_team"),
        ("bounce_reason", "It is the proxy."),
    ];
    let refused = ana.post(&bounce, &form).await;
    assert_eq!(refused.status, 409);
    let page = refused.page();
    let said = page.text(".banner.danger");
    assert!(said.contains("Nobody works any more"), "{said}");
    assert_eq!(page.text("#bounce textarea"), "It is the proxy.");

    ana.post(&format!("/tickets/{number}/accept"), &[])
        .await
        .location();
    // There is no way back any more; who opened the page before still sees one.
    let back = format!("/tickets/{number}/hand-back");
    let page = open(&ana, number).await.page();
    assert!(!page.has("#hand-back"));
    let version = page.attribute("input[name=version]", "value");
    let form = [("version", version.as_str()), ("reason", "Please go on.")];
    let refused = ana.post(&back, &form).await;
    assert_eq!(refused.status, 409);
    let page = refused.page();
    assert!(page.all_text().contains("Please go on."));
    assert_eq!(page.text(".crumbs a"), "L2 Network");
}

#[tokio::test]
async fn what_came_from_beside_can_be_handed_back_as_long_as_somebody_works_there() {
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("No name look-up").await;
    let nils = scene.desk.engineer("Nils Holm", "Network", Tier::L1).await;
    let network = scene.desk.team("Network").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let nils = scene.desk.sign_in(&nils).await;
    let path = |action: &str| format!("/tickets/{number}/{action}");
    let offered = async |client: &Client| open(client, number).await.page().has("#hand-back");
    let over_there = async || {
        let version = hidden(&open(&samir, number).await, &path("escalate"), "version");
        let form = [
            ("version", version.as_str()),
            ("to", &format!("{network}:L1")),
            ("known", "Port 53 is dropped"),
            ("tried", "A restart"),
            ("evidence", "The run at 08:24"),
            ("ask", "Find the rule"),
        ];
        let sent = samir.post(&path("escalate"), &form).await;
        assert_eq!(sent.location(), format!("/tickets/{number}?said=escalated"));
        scene.desk.clock.advance(chrono::TimeDelta::minutes(1));
    };
    over_there().await;
    // Until it is accepted it is bounced rather than handed back.
    assert!(!offered(&nils).await);
    let accepted = nils.post(&path("accept"), &[]).await;
    assert!(accepted.location().ends_with("said=accepted"));
    assert!(offered(&nils).await);
    let version = hidden(&open(&nils, number).await, &path("hand-back"), "version");
    let form = [("version", version.as_str()), ("reason", "Please go on.")];
    let back = nils.post(&path("hand-back"), &form).await;
    assert!(back.location().ends_with("said=handed_back"));
    scene.desk.clock.advance(chrono::TimeDelta::minutes(1));
    assert!(!offered(&samir).await, "it began here");

    over_there().await;
    nils.post(&path("accept"), &[]).await.location();
    assert!(offered(&nils).await);
    let mut owner = database::connect(&scene.desk.database).await;
    let nobody = "delete from membership where team_id <> $1";
    sqlx::query(nobody)
        .bind(network.0)
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(scene.desk.stands(id).await.team, "Network");
    assert!(!offered(&nils).await, "nobody works where it came from");
}
