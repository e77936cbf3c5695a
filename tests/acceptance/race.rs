//! Two write at the same time: whoever comes second reads what happened, and nothing that they wrote is lost.

use support::client::{Client, Reply};
use support::product::Someone;
use tierdesk_desk::conversation::Afterwards;
use tierdesk_domain::handover::Handover;
use tierdesk_domain::id::TicketId;
use tierdesk_domain::ticket::{ResolutionCode, Status};
use tierdesk_domain::tier::Tier;

use crate::ticket::{Scene, hidden, open};

const LONG: &str = "What took me half an hour to write.";

impl Scene {
    async fn lena_escalates(&self, id: TicketId) {
        let lena = self.desk.caller(&self.lena).await;
        let network = self.desk.team("Network").await;
        let note = Handover {
            known: "Port 53 is dropped".to_owned(),
            tried: "A restart".to_owned(),
            evidence: "The run at 08:24".to_owned(),
            ask: "Find the rule".to_owned(),
        };
        let (version, now) = (self.version(id).await, self.desk.now());
        (self.desk.desk)
            .escalate(&lena, id, version, (network, Tier::L2), note, now)
            .await
            .unwrap();
    }

    async fn resolves(&self, someone: &Someone, id: TicketId) {
        let (caller, now) = (self.desk.caller(someone).await, self.desk.now());
        let code = ResolutionCode::Fixed;
        (self.desk.desk)
            .resolve(&caller, id, code, "Done.", now)
            .await
            .unwrap();
    }

    async fn priya_writes(&self, id: TicketId) {
        self.desk.clock.advance(chrono::TimeDelta::seconds(1));
        let (priya, now) = (self.desk.caller(&self.priya).await, self.desk.now());
        (self.desk.desk)
            .answer(&priya, id, "It is back!", now)
            .await
            .unwrap();
    }

    async fn version(&self, id: TicketId) -> i32 {
        self.found(id).await.version
    }

    async fn found(&self, id: TicketId) -> tierdesk_store::ticket::Ticket {
        let mut conn = self.desk.desk.acquire().await.unwrap();
        let found = tierdesk_store::ticket::lock(&mut conn, id).await;
        found.unwrap().unwrap()
    }
}

/// A form: its route, its fields, and what of it was typed.
type Sent = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

/// Every form in which somebody may have written a lot, but the composer: its address, its fields, and those among them that
/// are words.
const FORMS: [Sent; 4] = [
    (
        "escalate",
        &[
            ("version", "1"),
            ("to", "elsewhere"),
            ("known", LONG),
            ("tried", LONG),
            ("evidence", LONG),
            ("ask", LONG),
        ],
        &["known", "tried", "evidence", "ask"],
    ),
    (
        "hand-back",
        &[("version", "1"), ("reason", LONG)],
        &["reason"],
    ),
    (
        "bounce",
        &[
            ("version", "1"),
            ("bounce_code", "wrong_team"),
            ("bounce_reason", LONG),
        ],
        &["bounce_reason"],
    ),
    (
        "resolve",
        &[("code", "fixed"), ("answer", LONG)],
        &["answer"],
    ),
];

/// Sends a form, to a queue that exists where it names one.
async fn send(
    client: &Client,
    number: i64,
    form: &str,
    fields: &[(&str, &str)],
    to: &str,
) -> Reply {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, if *name == "to" { to } else { *value }))
        .collect();
    client
        .post(&format!("/tickets/{number}/{form}"), &fields)
        .await
}

#[tokio::test]
async fn a_colleague_hands_the_ticket_to_others_first_and_what_i_wrote_comes_back() {
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("No name look-up").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let before = open(&samir, number).await.page();
    let to = before.attribute("#escalate input[name=to]", "value");
    scene.lena_escalates(id).await;

    for (form, fields, words) in FORMS {
        let late = send(&samir, number, form, fields, &to).await;
        assert_eq!(late.status, 403, "{form}");
        let page = late.page();
        for field in words {
            assert_eq!(page.text(&format!("#written-{field}")), LONG, "{form}");
        }
        let said = page.text(".banner.warning");
        assert!(said.contains("L2 Network has it now"), "{form}: {said}");
        assert!(page.has("[id^=written-][readonly]"));
    }
    // A reply stands in the composer, as a note, which is all that is left.
    let late = samir
        .upload(
            &format!("/tickets/{number}/message"),
            &[("mode", "reply"), ("body", LONG)],
            &[],
        )
        .await;
    assert_eq!(late.status, 403);
    let page = late.page();
    assert_eq!(page.text("#composer textarea"), LONG);
    assert!(page.has("#composer input[value=note][checked]"));
    assert!(!page.has("[id^=written-]"), "once is enough");
    assert_eq!(scene.found(id).await.tier, Tier::L2);
    assert!(
        !open(&samir, number)
            .await
            .page()
            .text(".feed")
            .contains(LONG)
    );
}

#[tokio::test]
async fn a_colleague_resolves_or_the_requester_closes_first_and_what_i_wrote_is_there_to_copy() {
    let scene = Scene::new().await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    for closes in [false, true] {
        let (id, number) = scene.ticket("Slow share").await;
        let before = open(&samir, number).await.page();
        let to = before.attribute("#escalate input[name=to]", "value");
        if closes {
            let (priya, now) = (scene.desk.caller(&scene.priya).await, scene.desk.now());
            let closed = scene.desk.desk.close_by_requester(&priya, id, now).await;
            closed.unwrap();
        } else {
            scene.resolves(&scene.lena, id).await;
        }
        for (form, fields, words) in FORMS {
            let late = send(&samir, number, form, fields, &to).await;
            assert_eq!(late.status, 409, "{form}");
            let page = late.page();
            for field in words {
                assert_eq!(page.text(&format!("#written-{field}")), LONG, "{form}");
            }
            assert!(page.has(".banner[role=alert]"), "{form} says why");
        }
    }
}

#[tokio::test]
async fn of_two_who_reopen_a_ticket_the_second_keeps_the_reason() {
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("Slow share").await;
    scene.resolves(&scene.lena, id).await;
    scene.priya_writes(id).await;
    assert_eq!(scene.found(id).await.status, Status::Open);
    let samir = scene.desk.sign_in(&scene.samir).await;
    let path = format!("/tickets/{number}/reopen");
    let late = samir.post(&path, &[("why", LONG)]).await;
    assert_eq!(late.status, 409);
    assert_eq!(late.page().text("#written-why"), LONG);
}

#[tokio::test]
async fn nobody_resolves_over_words_of_the_requester_that_they_have_not_read() {
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("Slow share").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let path = format!("/tickets/{number}/resolve");
    let seen = hidden(&open(&samir, number).await, &path, "seen");
    scene.priya_writes(id).await;

    let form = [("code", "workaround"), ("answer", LONG), ("seen", &seen)];
    let late = samir.post(&path, &form).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert!(page.has("#resolve[data-open]"));
    assert_eq!(page.text("#resolve textarea"), LONG);
    let chosen = page.attribute("#resolve option[selected]", "value");
    assert_eq!(chosen, "workaround");
    let meanwhile = page.text(".banner.warning");
    assert!(meanwhile.contains("Priya Nair"), "{meanwhile}");
    assert!(scene.found(id).await.status.is_open());

    // Who has read them may. What colleagues wrote meanwhile is no reason to ask again.
    let seen = hidden(&late, &path, "seen");
    let (lena, now) = (scene.desk.caller(&scene.lena).await, scene.desk.now());
    let note = scene.desk.desk.note(&lena, id, "I agree.", now).await;
    note.unwrap();
    let form = [("code", "workaround"), ("answer", LONG), ("seen", &seen)];
    let done = samir.post(&path, &form).await;
    assert_eq!(done.location(), format!("/tickets/{number}?said=resolved"));
}

#[tokio::test]
async fn a_reply_that_would_wait_for_somebody_who_has_just_answered_is_not_sent_unseen() {
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("Slow share").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let path = format!("/tickets/{number}/message");
    let seen = hidden(&open(&samir, number).await, &path, "seen");
    scene.priya_writes(id).await;

    let waits = [
        ("mode", "reply"),
        ("body", LONG),
        ("pending", "yes"),
        ("seen", &seen),
    ];
    let late = samir.upload(&path, &waits, &[]).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert_eq!(page.text("#composer textarea"), LONG);
    assert!(page.has("#composer input[name=pending][checked]"));
    assert!(page.has("#composer input[value=reply][checked]"));
    assert!(page.text(".banner.warning").contains("Priya Nair"));
    assert!(!page.text(".feed").contains(LONG), "nothing was sent");

    // What leaves the ticket open is only appended, and so is what was written after a look.
    let (lena, now) = (scene.desk.caller(&scene.lena).await, scene.desk.now());
    let sent = (scene.desk.desk).reply(&lena, id, "Hold on.", Afterwards::Open, now);
    sent.await.unwrap();
    let seen = hidden(&late, &path, "seen");
    let waits = [
        ("mode", "reply"),
        ("body", LONG),
        ("pending", "yes"),
        ("seen", &seen),
    ];
    samir.upload(&path, &waits, &[]).await.location();
    assert_eq!(scene.found(id).await.status, Status::Pending);
}

#[tokio::test]
async fn what_is_written_second_is_read_second_though_it_was_asked_for_first() {
    let scene = Scene::new().await;
    let (id, _) = scene.ticket("No name look-up").await;
    let first = scene.desk.now();
    scene.desk.clock.advance(chrono::TimeDelta::seconds(20));
    let samir = scene.desk.caller(&scene.samir).await;
    let (desk, now) = (&scene.desk.desk, scene.desk.now());
    desk.reply(&samir, id, "Then wait", Afterwards::Pending, now)
        .await
        .unwrap();
    // Priya's request came before, and waited for the ticket.
    let priya = scene.desk.caller(&scene.priya).await;
    desk.answer(&priya, id, "It is back!", first).await.unwrap();

    assert_eq!(scene.desk.stands(id).await.status, "open");
    let told = scene.desk.timeline(id).await;
    let at = |kind| told.iter().rposition(|entry| entry.kind == kind);
    assert!(at("ask") > at("reply"), "{told:?}");
    let changed: Vec<_> = told.iter().filter(|it| it.kind == "status").collect();
    assert_eq!(changed.last().unwrap().data["to"], "open");
}

#[tokio::test]
async fn a_ticket_goes_where_i_must_not_see_it_and_i_get_my_words_back_and_nothing_of_it() {
    let scene = Scene::new().await;
    let (id, number) = scene.ticket("No name look-up").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let before = open(&samir, number).await.page();
    let to = before.attribute("#escalate input[name=to]", "value");
    scene.lena_escalates(id).await;
    let mut owner = support::database::connect(&scene.desk.database).await;
    sqlx::query("update team set restricted = true where name = 'Network'")
        .execute(&mut owner)
        .await
        .unwrap();

    let look = |late: &Reply, form: &str, words: &[&str]| {
        assert_eq!(late.status, 404, "{form}");
        let page = late.page();
        for field in words {
            assert_eq!(page.text(&format!("#written-{field}")), LONG, "{form}");
        }
        let said = page.all_text();
        assert!(!said.contains("look-up"), "{form}: {said}");
        assert!(!said.contains("Network"), "{form}: {said}");
    };
    for (form, fields, words) in FORMS {
        let late = send(&samir, number, form, fields, &to).await;
        look(&late, form, words);
        // Where there never was a ticket the answer is the same.
        let none = send(&samir, 99_999_999, form, fields, &to).await;
        look(&none, form, words);
    }
    let files: [(&str, &str, &[u8]); 1] = [("files", "log.txt", b"x")];
    for mode in ["reply", "note"] {
        let path = format!("/tickets/{number}/message");
        let form = [("mode", mode), ("body", LONG)];
        look(&samir.upload(&path, &form, &files).await, mode, &["body"]);
    }
    // Nothing written, nothing to give back.
    let taken = samir
        .post(&format!("/tickets/{number}/assign"), &[("assignee", "me")])
        .await;
    assert_eq!(taken.status, 404);
    assert!(!taken.page().has("textarea"));
}

#[tokio::test]
async fn what_a_machine_with_a_slow_clock_writes_second_is_read_second() {
    let scene = Scene::new().await;
    let (id, _) = scene.ticket("Slow share").await;
    let (lena, now) = (scene.desk.caller(&scene.lena).await, scene.desk.now());
    let slow = now - chrono::TimeDelta::milliseconds(40);
    for (says, at) in [("First.", now), ("Second.", slow), ("Third.", slow)] {
        scene.desk.desk.note(&lena, id, says, at).await.unwrap();
    }
    let mut owner = support::database::connect(&scene.desk.database).await;
    let told: Vec<(chrono::DateTime<chrono::Utc>, String)> = sqlx::query_as(
        "select e.at, c.body from event e join content c on c.id = e.content_id
         where e.ticket_id = $1 and e.kind = 'note' order by e.at",
    )
    .bind(id.0)
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let words: Vec<_> = told.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(words, ["First.", "Second.", "Third."]);
    assert!(told.is_sorted_by(|a, b| a.0 < b.0), "{told:?}");
}
