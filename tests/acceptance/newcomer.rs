//! Somebody who may be given tickets now and could not be before: what waits in their queue is theirs without waiting for the
//! next morning.
//!
//! The desk's time starts on Monday, 1 June 2026, 09:00 UTC, and its calendar is open from 9 to 17 UTC on weekdays.

use chrono::TimeDelta;
use sqlx::Connection;
use support::database;
use tierdesk_desk::invitation::Invite;
use tierdesk_desk::people::PersonEdit;
use tierdesk_desk::skill::Statement;
use tierdesk_domain::category::Details;
use tierdesk_domain::routing::Mode;
use tierdesk_domain::skill::Level;
use tierdesk_domain::ticket::Kind;
use tierdesk_domain::tier::Tier;
use tierdesk_domain::timeline::EventKind;
use tierdesk_store::person;
use tierdesk_store::shift::OwnHours;

use crate::account::newest_link;
use crate::routing::Routed;

#[tokio::test(flavor = "multi_thread")]
async fn who_is_back_before_they_said_gets_what_waits_at_once() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let ana = it.scene.desk.caller(&it.people[0]).await;
    it.scene.at("2026-06-01T12:00:00Z");
    let four = "2026-06-01T16:00:00Z".parse().ok();
    it.desk()
        .be_away(&ana, four, it.scene.desk.now())
        .await
        .unwrap();
    it.scene.at("2026-06-01T12:05:00Z");
    let waiting = [it.comes(None).await, it.comes(None).await];
    it.scene.sweep().await;
    for id in waiting {
        assert_eq!(it.whose(id).await, None);
    }

    it.scene.at("2026-06-01T12:30:00Z");
    it.desk()
        .be_away(&ana, None, it.scene.desk.now())
        .await
        .unwrap();
    it.scene.sweep().await;
    for id in waiting {
        assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
        let said = it.scene.events(id, EventKind::NotRouted).await;
        assert_eq!(said.len(), 1, "once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skill_that_is_confirmed_or_needed_no_more_lets_a_ticket_go_to_somebody() {
    let it = Routed::new(Mode::Skill, None, &["Ana", "Ben"]).await;
    let (vpn, category) = it.skill("VPN").await;
    let boss = it.boss().await;
    let ben = it.scene.desk.caller(&it.people[1]).await;
    let statement = Statement {
        skill: vpn,
        level: Level::Solid,
        certificate: String::new(),
        expires_on: None,
    };
    let now = it.scene.desk.now();
    it.desk()
        .declare_skill(&ben, ben.person_id().unwrap(), statement, now)
        .await
        .unwrap();
    let confirmed = it.comes(Some(category)).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(confirmed).await, None, "nobody confirmed it yet");
    it.scene.pass(TimeDelta::minutes(1));
    let now = it.scene.desk.now();
    let said = it.desk().skills_of(&boss, None, now).await.unwrap();
    it.desk()
        .confirm_skill(&boss, said[0].0.id, now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(confirmed).await.as_deref(), Some("Ben"));

    // What nobody knows, until it is needed no more.
    let (rare, _) = it.skill("Token ring").await;
    let needed = it.comes(Some(category)).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(needed).await, None);
    let now = it.scene.desk.now();
    it.desk()
        .need_skill(&boss, category, rare, None, now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(needed).await.as_deref(), Some("Ben"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absence_that_ends_other_hours_and_being_let_in_again_count_at_once() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana", "Ben"]).await;
    let boss = it.boss().await;
    let ana = it.person("Ana");
    for name in ["Ana", "Ben"] {
        it.away(name, 5).await;
    }
    let first = it.comes(None).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(first).await, None);
    let now = it.scene.desk.now();
    let absence = it.desk().own_time(&boss, ana, now).await.unwrap().absences[0].id;
    it.desk()
        .end_absence(&boss, ana, absence, now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(first).await.as_deref(), Some("Ana"));

    // Ben is absent: without Ana nobody is there.
    it.desk().deactivate(&boss, ana, None, now).await.unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(first).await, None);
    it.desk().reactivate(&boss, ana, now).await.unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(first).await.as_deref(), Some("Ana"));

    // Ana's day is over in the evening, until she works in Los Angeles (UTC-7).
    it.scene.at("2026-06-01T20:00:00Z");
    let evening = it.comes(None).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(evening).await, None);
    let hours = OwnHours {
        calendar: None,
        zone: Some("America/Los_Angeles".to_owned()),
    };
    let now = it.scene.desk.now();
    it.desk().set_hours(&boss, ana, hours, now).await.unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(evening).await.as_deref(), Some("Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_new_in_a_queue_gets_what_waits_there() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    it.away("Ana", 5).await;
    let id = it.comes(None).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await, None);
    let jonas = it.scene.engineer.clone();
    let mut conn = it.desk().acquire().await.unwrap();
    let version = person::find(&mut conn, jonas.id).await.unwrap().unwrap();
    drop(conn);
    let edit = PersonEdit {
        name: jonas.name.clone(),
        time_zone: "UTC".to_owned(),
        organisation: None,
        vip: false,
        administrator: false,
        manages: None,
        queues: [(it.scene.desk.team("Network").await, Tier::L2)].into(),
    };
    let (boss, now) = (it.boss().await, it.scene.desk.now());
    it.desk()
        .edit_person(&boss, jonas.id, version.version, edit, now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.scene.ticket(id).await.assignee, Some(jonas.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_category_needs_is_needed_below_it_and_looked_at_again_when_it_belongs_elsewhere() {
    let it = Routed::new(Mode::Skill, None, &["Ana"]).await;
    let (_, network) = it.skill("Token ring").await;
    let (boss, now) = (it.boss().await, it.scene.desk.now());
    let details = |above| Details {
        above,
        hint: String::new(),
        kind: Kind::Incident,
        team: None,
    };
    let vpn = it
        .desk()
        .save_category(&boss, None, "VPN", details(Some(network)), now)
        .await
        .unwrap();
    let id = it.comes(Some(vpn)).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await, None, "nobody knows token rings");
    it.scene.pass(TimeDelta::minutes(1));
    let now = it.scene.desk.now();
    it.desk()
        .save_category(&boss, Some((vpn, 1)), "VPN", details(None), now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_whose_category_is_corrected_goes_to_whoever_knows_that() {
    let it = Routed::new(Mode::Skill, None, &["Ana"]).await;
    let (_, network) = it.skill("Token ring").await;
    let id = it.comes(Some(network)).await;
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await, None, "nobody knows token rings");
    it.scene.pass(TimeDelta::minutes(1));
    let ana = it.scene.desk.caller(&it.people[0]).await;
    let (ticket, now) = (it.scene.ticket(id).await, it.scene.desk.now());
    it.desk()
        .set_subject(&ana, id, ticket.version, ticket.kind, None, now)
        .await
        .unwrap();
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_invited_gets_nothing_before_they_joined() {
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    it.away("Ana", 5).await;
    let (boss, now) = (it.boss().await, it.scene.desk.now());
    let invite = Invite {
        name: "Bob Invited".to_owned(),
        email: "bob@example.org".to_owned(),
        queues: [(it.scene.desk.team("Network").await, Tier::L2)].into(),
        ..Invite::default()
    };
    let bob = it.desk().invite(&boss, invite, now).await.unwrap();
    let id = it.comes(None).await;
    it.scene.sweep().await;
    assert_eq!(it.scene.ticket(id).await.assignee, None);
    let link = newest_link(&it.scene.desk, "/invitation/").await;
    let password = "seven quiet herons by the weir";
    let fields = [("password", password), ("again", password)];
    let joined = it.scene.desk.visitor().post(&link, &fields).await;
    assert_eq!(joined.status, 303);
    it.scene.sweep().await;
    assert_eq!(it.scene.ticket(id).await.assignee, Some(bob));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_changed_by_an_administrator_at_that_moment_is_given_nothing_before_it_is_done()
{
    let it = Routed::new(Mode::RoundRobin, None, &["Ana"]).await;
    let mut owner = database::connect(&it.scene.desk.database).await;
    let mut leaving = owner.begin().await.unwrap();
    sqlx::query("update person set deactivated_at = now() where id = $1")
        .bind(it.person("Ana").0)
        .execute(&mut *leaving)
        .await
        .unwrap();
    let id = it.comes(None).await;
    assert_eq!(it.whose(id).await, None);
    // They stay after all.
    leaving.rollback().await.unwrap();
    it.scene.pass(TimeDelta::minutes(1));
    it.scene.sweep().await;
    assert_eq!(it.whose(id).await.as_deref(), Some("Ana"));
}
