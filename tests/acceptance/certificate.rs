//! What people know: it counts once somebody else confirmed it and until its certificate ends, and routing knows all of it.

use chrono::NaiveDate;
use support::database;
use tierdesk_desk::DeskError;
use tierdesk_desk::skill::Statement;
use tierdesk_domain::routing::Mode;
use tierdesk_domain::skill::Level;
use tierdesk_store::shift::OwnHours;

use crate::routing::Routed;

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_skills_are_left_out_however_many_their_colleagues_have() {
    let it = Routed::new(Mode::Skill, None, &["Ana", "Zoe"]).await;
    let (vpn, category) = it.skill("VPN").await;
    it.knows("Zoe", vpn, "", None).await;
    let mut conn = database::connect(&it.scene.desk.database).await;
    sqlx::query(
        "with known as (insert into skill (id, name, created_at) select gen_random_uuid(), 'S' || n, now() from generate_series(1, 1000) n returning id)
         insert into person_skill (id, person_id, skill_id, level, declared_at, declared_by, confirmed_at, confirmed_by)
         select gen_random_uuid(), $1, id, 2, now(), $1, now(), $2 from known",
    )
    .bind(it.person("Ana").0)
    .bind(it.boss.id.0)
    .execute(&mut conn)
    .await
    .unwrap();
    let id = it.comes(Some(category)).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Zoe"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_of_themselves_counts_once_somebody_else_confirmed_it() {
    let it = Routed::new(Mode::Skill, None, &["Ana", "Ben"]).await;
    let (vpn, category) = it.skill("VPN").await;
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let now = it.scene.desk.now();
    let statement = Statement {
        skill: vpn,
        level: Level::Expert,
        certificate: String::new(),
        expires_on: None,
    };
    let foreign = it
        .desk()
        .declare_skill(&ana, it.person("Ben"), statement.clone(), now)
        .await;
    assert!(matches!(foreign, Err(DeskError::Denied)), "{foreign:?}");
    it.desk()
        .declare_skill(&ana, it.person("Ana"), statement, now)
        .await
        .unwrap();
    let id = it.comes(Some(category)).await;
    assert_eq!(it.whose(id).await, None);
    assert_eq!(it.reasons(id).await["Ana"]["why"], "unconfirmed");

    let said = it.desk().skills_of(&ana, None, now).await.unwrap();
    let row = said[0].0.id;
    let own = it.desk().confirm_skill(&ana, row, now).await;
    assert!(matches!(own, Err(DeskError::Denied)), "{own:?}");
    let boss = it.boss().await;
    it.desk().confirm_skill(&boss, row, now).await.unwrap();
    let id = it.comes(Some(category)).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ends_soon_is_told_once_to_its_holder() {
    let it = Routed::new(Mode::Skill, None, &["Ana"]).await;
    let (vpn, _) = it.skill("VPN").await;
    let last = "2026-07-10".parse::<NaiveDate>().unwrap();
    it.knows("Ana", vpn, "Gateway expert", Some(last)).await;
    let mails = async || {
        let mut conn = database::connect(&it.scene.desk.database).await;
        sqlx::query_scalar::<_, i64>("select count(*) from outbox where kind = 'certificate_ends'")
            .fetch_one(&mut conn)
            .await
            .unwrap()
    };
    it.scene.at("2026-06-10T08:59:00Z");
    it.scene.sweep().await;
    assert_eq!(mails().await, 0);
    it.scene.at("2026-06-10T09:00:00Z");
    it.scene.sweep().await;
    it.scene.at("2026-07-09T09:00:00Z");
    it.scene.sweep().await;
    assert_eq!(mails().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_ends_with_its_holders_day_and_they_hear_of_it_in_their_morning() {
    let it = Routed::new(Mode::Skill, None, &["Ana", "Ben"]).await;
    let (vpn, category) = it.skill("VPN").await;
    let boss = it.boss().await;
    let now = it.scene.desk.now();
    for (name, zone) in [("Ana", "Pacific/Auckland"), ("Ben", "Pacific/Honolulu")] {
        let hours = OwnHours {
            calendar: None,
            zone: Some(zone.to_owned()),
        };
        let person = it.person(name);
        it.desk()
            .set_hours(&boss, person, hours, now)
            .await
            .unwrap();
        let last = "2026-07-10".parse::<NaiveDate>().unwrap();
        it.knows(name, vpn, "Gateway expert", Some(last)).await;
    }
    let told = async || {
        let mut conn = database::connect(&it.scene.desk.database).await;
        sqlx::query_scalar::<_, String>(
            "select p.name from outbox o join person p on p.id = o.person_id where o.kind = 'certificate_ends' order by p.name",
        )
        .fetch_all(&mut conn)
        .await
        .unwrap()
    };
    // Wednesday, 10 June, 9:00 in Auckland (UTC+12), and in Honolulu (UTC-10).
    for (at, expected) in [
        ("2026-06-09T20:59:59Z", &[][..]),
        ("2026-06-09T21:00:00Z", &["Ana"][..]),
        ("2026-06-10T18:59:59Z", &["Ana"][..]),
        ("2026-06-10T19:00:00Z", &["Ana", "Ben"][..]),
    ] {
        it.scene.at(at);
        it.scene.sweep().await;
        assert_eq!(told().await, expected, "{at}");
    }

    // Both are at work, on Tuesday the 7th in Auckland and on Monday the 6th in Honolulu.
    let last = "2026-07-06".parse::<NaiveDate>().unwrap();
    for name in ["Ana", "Ben"] {
        it.knows(name, vpn, "Gateway expert", Some(last)).await;
    }
    it.scene.at("2026-07-07T01:00:00Z");
    let id = it.comes(Some(category)).await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ben"));
    assert_eq!(it.reasons(id).await["Ana"]["why"], "expired");
    let now = it.scene.desk.now();
    let ids = ["Ana", "Ben"].map(|name| it.person(name));
    let skills = it.desk().skills_of(&boss, Some(&ids), now).await.unwrap();
    let ended: Vec<_> = skills.iter().map(|(_, ended)| *ended).collect();
    assert_eq!(ended, [true, false]);
}
