//! On-call schedules: written by administrators, read by everybody at the desk, and shifts swapped by those whose they are.

use support::axe;
use support::browser::Browser;
use support::client::Client;
use support::{Someone, Tierdesk, database};
use tierdesk_desk::DeskError;
use tierdesk_desk::on_call::Swap;
use tierdesk_domain::id::DocumentId;
use tierdesk_domain::notification::NotificationKind;
use tierdesk_domain::on_call::{Layer, Schedule};
use tierdesk_domain::shift::{Absence, AbsenceKind};
use tierdesk_domain::tier::Tier;
use tierdesk_store::shift;
use uuid::Uuid;

struct Rota {
    desk: Tierdesk,
    ana: Someone,
    ben: Someone,
    boss: Someone,
}

impl Rota {
    async fn new() -> Self {
        let desk = Tierdesk::start().await;
        let ana = desk.engineer("Ana Reis", "Network", Tier::L2).await;
        let ben = desk.engineer("Ben Cole", "Network", Tier::L2).await;
        let boss = desk.administrator("Ines Roth").await;
        Self {
            desk,
            ana,
            ben,
            boss,
        }
    }

    /// Weekly from Monday, 1 June 2026, 09:00 in Lisbon (08:00 UTC): Ana, then Ben.
    async fn weekly(&self) -> DocumentId {
        let caller = self.desk.caller(&self.boss).await;
        let schedule = Schedule {
            zone: chrono_tz::Tz::Europe__Lisbon,
            layers: vec![Layer {
                name: "Week".to_owned(),
                people: vec![self.ana.id, self.ben.id],
                days: 7,
                hand_over: "09:00".parse().unwrap(),
                start: "2026-06-01".parse().unwrap(),
                only: None,
            }],
        };
        let now = self.desk.now();
        self.desk
            .desk
            .save_on_call(&caller, None, "Network", true, schedule, now)
            .await
            .unwrap()
    }

    async fn now_on_call(&self, client: &Client) -> String {
        client.get("/on-call").await.page().text("dl.props dd b")
    }

    fn at(&self, time: &str) {
        self.desk.clock.set(time.parse().unwrap());
    }
}

fn swap(person: &Someone, from: &str, to: &str) -> Swap {
    Swap {
        person: person.id,
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_writes_a_schedule_and_the_desk_sees_who_is_on_call() {
    let rota = Rota::new().await;
    let boss = rota.desk.sign_in(&rota.boss).await;
    let (ana, ben) = (rota.ana.id.to_string(), rota.ben.id.to_string());
    let fields = |hand_over: &'static str| {
        vec![
            ("version", "0"),
            ("name", "Network nights"),
            ("zone", "Europe/Lisbon"),
            ("active", "yes"),
            ("l0.name", "Nights"),
            ("l0.person", ana.as_str()),
            ("l0.person", ben.as_str()),
            ("l0.person", ""),
            ("l0.days", "7"),
            ("l0.hand_over", hand_over),
            ("l0.start", "2026-06-01"),
            ("l0.limited", "yes"),
            ("l0.mon", "17:00-09:00"),
            ("l0.tue", "17:00-09:00"),
            ("l1.name", ""),
            ("l1.person", ""),
            ("l1.days", "7"),
            ("l1.hand_over", "09:00"),
            ("l1.start", "2026-06-01"),
        ]
    };
    let wrong = boss.post("/admin/on-call", &fields("nine")).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.page();
    assert_eq!(page.attribute("#l0-hand_over", "value"), "nine");
    assert!(page.has("#l0-hand_over[aria-invalid=true]"));

    let saved = boss.post("/admin/on-call", &fields("09:00")).await;
    let address = saved.location();
    assert!(address.ends_with("?said=saved"), "{address}");
    let page = boss.get(&address).await.page();
    assert_eq!(page.attribute("#l0-mon", "value"), "17:00–09:00");
    // Two nights a week leave gaps, and the page says so.
    let text = page.all_text();
    assert!(text.contains("Nobody is on call in"), "{text}");
    assert!(page.has("svg rect.turn"), "a picture");

    let client = rota.desk.sign_in(&rota.ana).await;
    assert_eq!(rota.now_on_call(&client).await, "nobody");
    rota.at("2026-06-01T16:00:00Z");
    let client = rota.desk.sign_in(&rota.ana).await;
    assert_eq!(rota.now_on_call(&client).await, "Ana Reis");
    let rows = client.get("/on-call").await.page().texts(".alt tbody tr");
    assert!(
        rows[0].contains("Ana Reis") && rows[0].contains("Turn in “Nights”"),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_who_save_at_once_lose_nothing() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let boss = rota.desk.sign_in(&rota.boss).await;
    let ben = rota.ben.id.to_string();
    let fields = [
        ("version", "1"),
        ("name", "Network"),
        ("zone", "Europe/Lisbon"),
        ("active", "yes"),
        ("l0.name", "Week"),
        ("l0.person", ben.as_str()),
        ("l0.days", "1"),
        ("l0.hand_over", "10:00"),
        ("l0.start", "2026-06-01"),
    ];
    let address = format!("/admin/on-call/{id}");
    assert!(boss.post(&address, &fields).await.status.is_redirection());
    let late = boss.post(&address, &fields).await;
    assert_eq!(late.status, 409);
    let page = late.page();
    assert_eq!(page.attribute("input[name=version]", "value"), "2");
    assert_eq!(page.attribute("#l0-hand_over", "value"), "10:00");
}

#[tokio::test(flavor = "multi_thread")]
async fn engineers_give_away_their_own_time_and_nobody_elses() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let (ana, ben) = (
        rota.desk.caller(&rota.ana).await,
        rota.desk.caller(&rota.ben).await,
    );
    let desk = &rota.desk.desk;
    let now = rota.desk.now();
    let mine = swap(&rota.ben, "2026-06-03T08:00:00Z", "2026-06-04T08:00:00Z");
    let taken = desk
        .swap(
            &ben,
            id,
            swap(&rota.ben, "2026-06-03T08:00:00Z", "2026-06-04T08:00:00Z"),
            now,
        )
        .await;
    assert!(matches!(taken, Err(DeskError::Invalid(_))), "{taken:?}");
    let too_long = swap(&rota.ben, "2026-06-03T08:00:00Z", "2026-06-09T08:00:00Z");
    let too_long = desk.swap(&ana, id, too_long, now).await;
    assert!(
        matches!(too_long, Err(DeskError::Invalid(_))),
        "{too_long:?}"
    );
    desk.swap(&ana, id, mine, now).await.unwrap();

    let told = desk.notifications(&ben, None, 10).await.unwrap();
    assert_eq!(told[0].kind, NotificationKind::OnCall);
    let mut conn = database::connect(&rota.desk.database).await;
    let audited: i64 = sqlx::query_scalar(
        "select count(*) from audit where action = 'on_call.swapped' and actor_id = $1",
    )
    .bind(rota.ana.id.0)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert_eq!(audited, 1);

    let schedule = desk.on_call_schedule(&ana, id, now).await.unwrap();
    let who = |time: &str| {
        schedule
            .who(time.parse().unwrap())
            .map(|(person, _)| person)
    };
    assert_eq!(who("2026-06-03T07:59:59Z"), Some(rota.ana.id));
    assert_eq!(who("2026-06-03T08:00:00Z"), Some(rota.ben.id));
    assert_eq!(who("2026-06-04T08:00:00Z"), Some(rota.ana.id));

    // Who did not make it cannot take it back; who made it can.
    let made = schedule.overrides[0].it.id;
    let refused = desk.take_swap_back(&ben, id, made, now).await;
    assert!(matches!(refused, Err(DeskError::NotFound)), "{refused:?}");
    desk.take_swap_back(&ana, id, made, now).await.unwrap();
    let schedule = desk.on_call_schedule(&ana, id, now).await.unwrap();
    assert!(schedule.overrides.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_time_on_call_goes_or_comes_back_is_told_and_who_did_it_is_not() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let carla = rota.desk.engineer("Carla Sousa", "Network", Tier::L2).await;
    let desk = &rota.desk.desk;
    let now = rota.desk.now();
    let told = async |someone: &Someone| {
        let client = rota.desk.sign_in(someone).await;
        client
            .get("/notifications")
            .await
            .page()
            .texts(".notices li")
    };
    // Ana's week: an administrator gives a day of it to Carla.
    let boss = rota.desk.caller(&rota.boss).await;
    let day = swap(&carla, "2026-06-03T08:00:00Z", "2026-06-04T08:00:00Z");
    desk.swap(&boss, id, day, now).await.unwrap();
    let (ana, others) = (told(&rota.ana).await, told(&carla).await);
    assert_eq!((ana.len(), others.len()), (1, 1), "{ana:?} {others:?}");
    assert!(
        ana[0].contains("Ines Roth gave time on call that was yours in Network to somebody else")
    );
    assert!(others[0].contains("Ines Roth gave you time on call in Network"));

    let schedule = desk.on_call_schedule(&boss, id, now).await.unwrap();
    let made = schedule.overrides[0].it.id;
    desk.take_swap_back(&boss, id, made, now).await.unwrap();
    let (ana, others) = (told(&rota.ana).await, told(&carla).await);
    assert_eq!((ana.len(), others.len()), (2, 2), "{ana:?} {others:?}");
    let any = |lines: &[String], text: &str| lines.iter().any(|it| it.contains(text));
    assert!(any(&ana, "is yours again"), "{ana:?}");
    assert!(
        any(
            &others,
            "took back time on call in Network that you were given"
        ),
        "{others:?}"
    );
    // Ben's week is another one, and nobody is told what they did themselves.
    for someone in [&rota.ben, &rota.boss] {
        assert_eq!(told(someone).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_swap_form_keeps_what_was_typed() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let ana = rota.desk.sign_in(&rota.ana).await;
    let page = ana.get("/on-call").await.page();
    assert_eq!(
        page.attribute("input[name=to]", "value"),
        "2026-06-08T09:00"
    );
    let ben = rota.ben.id.to_string();
    let address = format!("/on-call/{id}/swap");
    let fields = |to: &'static str| {
        [
            ("person", ben.as_str()),
            ("from", "2026-06-02T09:00"),
            ("to", to),
        ]
    };
    let wrong = ana.post(&address, &fields("2026-06-01T09:00")).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.page();
    assert_eq!(
        page.attribute("input[name=from]", "value"),
        "2026-06-02T09:00"
    );
    assert!(
        page.all_text()
            .contains("Choose an end that is later than the beginning.")
    );
    let sent = ana.post(&address, &fields("2026-06-03T09:00")).await;
    assert_eq!(sent.location(), "/on-call?said=swapped");
    let page = ana.get("/on-call").await.page();
    assert!(
        page.all_text()
            .contains("Ben Cole from Tue 2 Jun 09:00 to Wed 3 Jun 09:00, by Ana Reis")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deactivated_is_never_on_call_and_the_page_warns() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let caller = rota.desk.caller(&rota.boss).await;
    let now = rota.desk.now();
    rota.desk
        .desk
        .deactivate(&caller, rota.ana.id, None, now)
        .await
        .unwrap();
    let boss = rota.desk.sign_in(&rota.boss).await;
    let page = boss.get(&format!("/admin/on-call/{id}")).await.page();
    let text = page.all_text();
    assert!(text.contains("is never on call"), "{text}");
    assert!(
        text.contains("From 10:00 to Mon 8 Jun 09:00. From Mon 15 Jun 09:00 to Mon 15 Jun 10:00."),
        "{text}"
    );
    assert_eq!(rota.now_on_call(&boss).await, "nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_no_tickets_is_never_on_call() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let boss = rota.desk.sign_in(&rota.boss).await;
    assert_eq!(rota.now_on_call(&boss).await, "Ana Reis");
    // Administrators read no tickets.
    let caller = rota.desk.caller(&rota.boss).await;
    let mine = swap(&rota.boss, "2026-06-02T08:00:00Z", "2026-06-03T08:00:00Z");
    let given = rota.desk.desk.swap(&caller, id, mine, rota.desk.now());
    assert!(matches!(given.await, Err(DeskError::Invalid(_))));

    let mut owner = database::connect(&rota.desk.database).await;
    sqlx::query("delete from membership where person_id = $1")
        .bind(rota.ana.id.0)
        .execute(&mut owner)
        .await
        .unwrap();
    assert_eq!(rota.now_on_call(&boss).await, "nobody");
    let page = boss.get(&format!("/admin/on-call/{id}")).await.page();
    let text = page.all_text();
    assert!(text.contains("works in no queue any more"), "{text}");
    // Saving the schedule does not silently drop their turns.
    let chosen = page.attributes("option[selected]", "value");
    assert!(chosen.contains(&rota.ana.id.to_string()), "{chosen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_warns_where_somebody_is_absent_while_on_call() {
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let mut conn = rota.desk.desk.acquire().await.unwrap();
    for (someone, from, until) in [
        (&rota.ana, "2026-06-03T00:00:00Z", "2026-06-05T00:00:00Z"),
        // Not while he is on call.
        (&rota.ben, "2026-06-03T00:00:00Z", "2026-06-05T00:00:00Z"),
    ] {
        let absence = Absence {
            kind: AbsenceKind::Absent,
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
        };
        let now = rota.desk.now();
        shift::enter(
            &mut conn,
            Uuid::now_v7(),
            someone.id,
            &absence,
            "",
            someone.id,
            now,
        )
        .await
        .unwrap();
    }
    let boss = rota.desk.sign_in(&rota.boss).await;
    for address in ["/on-call".to_owned(), format!("/admin/on-call/{id}")] {
        let text = boss.get(&address).await.page().all_text();
        assert!(
            text.contains("Ana Reis is absent from Wed 3 Jun 01:00 to Fri 5 Jun 01:00."),
            "{text}"
        );
        assert!(!text.contains("Ben Cole is absent"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotas_and_paths_fit_every_width_and_pass_axe_in_light_and_dark() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let Some(script) = axe::script() else { return };
    let rota = Rota::new().await;
    let id = rota.weekly().await;
    let boss = rota.desk.caller(&rota.boss).await;
    let now = rota.desk.now();
    let mine = swap(&rota.ben, "2026-06-03T08:00:00Z", "2026-06-04T08:00:00Z");
    rota.desk.desk.swap(&boss, id, mine, now).await.unwrap();
    let team = rota.desk.team("Network").await;
    let base = rota.desk.serve().await;
    let client = rota.desk.sign_in(&rota.boss).await;
    crate::web::sign_in(&browser, &base, &client).await;
    let pages = [
        ("rota", "/on-call".to_owned()),
        ("rota-admin", format!("/admin/on-call/{id}")),
        ("paths", "/admin/paths".to_owned()),
        ("path", format!("/admin/paths/{team}")),
    ];
    let wrong = crate::looks::look(&browser, &script, &base, &client, &pages).await;
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_write_schedules() {
    let rota = Rota::new().await;
    let ana = rota.desk.caller(&rota.ana).await;
    let schedule = Schedule {
        zone: chrono_tz::Tz::UTC,
        layers: vec![Layer {
            name: String::new(),
            people: vec![rota.ana.id],
            days: 1,
            hand_over: "09:00".parse().unwrap(),
            start: "2026-06-01".parse().unwrap(),
            only: None,
        }],
    };
    let now = rota.desk.now();
    let saved = rota
        .desk
        .desk
        .save_on_call(&ana, None, "Mine", true, schedule, now)
        .await;
    assert!(matches!(saved, Err(DeskError::Denied)), "{saved:?}");
}
