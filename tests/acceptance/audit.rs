//! The audit log: added to by the product, rewritten by nobody, and whoever rewrites it behind its back is found (AT-AUD-1).

use sqlx::Executor as _;
use support::database;
use support::product::Tierdesk;
use tierdesk_worker::sealer::Sealer;

async fn sealed() -> Tierdesk {
    let tierdesk = Tierdesk::start().await;
    let priya = tierdesk.requester("Priya Nair").await;
    for number in 0..6 {
        tierdesk
            .file(&priya, &format!("Ticket {number}"), "It does not work")
            .await;
    }
    Sealer::new(tierdesk.desk.clone())
        .run_once(tierdesk.now())
        .await
        .unwrap();
    tierdesk
}

#[tokio::test]
async fn the_product_itself_cannot_rewrite_its_log() {
    let tierdesk = sealed().await;
    for statement in [
        "update audit set action = 'x'",
        "delete from audit",
        "truncate audit",
        "update audit_seal set hash = '\\x00'",
        "delete from audit_seal",
        "truncate audit_seal cascade",
        "delete from event",
    ] {
        let mut owner = database::connect(&tierdesk.database).await;
        owner.execute("set role tierdesk_app").await.unwrap();
        let refused = owner.execute(statement).await.unwrap_err();
        let code = refused
            .as_database_error()
            .and_then(|it| it.code().map(|it| it.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn whoever_edits_takes_out_or_moves_a_row_is_found() {
    let tierdesk = sealed().await;
    let fine = tierdesk.desk.verify_audit(tierdesk.now()).await.unwrap();
    assert!(fine.is_ok_and(|rows| rows >= 6));
    for breaking in [
        "update audit set detail = '{\"x\": 1}' where seq = (select min(seq) + 3 from audit)",
        "update audit set actor_kind = 'rule' where seq = (select max(seq) from audit)",
        "alter table audit_seal drop constraint audit_seal_seq_fkey; delete from audit where seq = (select min(seq) + 2 from audit)",
        "delete from audit_seal where position = (select min(position) + 1 from audit_seal)",
    ] {
        let tierdesk = sealed().await;
        let mut owner = database::connect(&tierdesk.database).await;
        owner.execute(breaking).await.unwrap();
        let verdict = tierdesk.desk.verify_audit(tierdesk.now()).await.unwrap();
        assert!(verdict.is_err(), "{breaking}");
    }
}

#[tokio::test]
async fn rows_that_no_worker_sealed_are_reported() {
    let tierdesk = sealed().await;
    let tom = tierdesk.requester("Tom Okafor").await;
    tierdesk.file(&tom, "One more", "It does not work").await;
    tierdesk.clock.advance(chrono::TimeDelta::minutes(2));
    assert!(
        tierdesk
            .desk
            .verify_audit(tierdesk.now())
            .await
            .unwrap()
            .is_err()
    );
    Sealer::new(tierdesk.desk.clone())
        .run_once(tierdesk.now())
        .await
        .unwrap();
    assert!(
        tierdesk
            .desk
            .verify_audit(tierdesk.now())
            .await
            .unwrap()
            .is_ok()
    );
}

#[tokio::test]
async fn a_row_that_is_committed_after_later_ones_were_sealed_is_sealed_too() {
    let tierdesk = sealed().await;
    let sealer = Sealer::new(tierdesk.desk.clone());
    // What was sealed this long ago is settled.
    tierdesk.clock.advance(chrono::TimeDelta::minutes(5));
    let mut slow = database::connect(&tierdesk.database).await;
    let slowly = "begin; insert into audit (at, actor_kind, action, object_kind, object_id, detail, ip, request_id)
                  values (now(), 'system', 'slow', 'test', '1', '{}', '', '')";
    slow.execute(slowly).await.unwrap();
    let tom = tierdesk.requester("Tom Okafor").await;
    tierdesk.file(&tom, "One more", "It does not work").await;
    sealer.run_once(tierdesk.now()).await.unwrap();
    // Also where the machine was halted meanwhile, so that its clock leaps.
    tierdesk.clock.advance(chrono::TimeDelta::hours(1));
    slow.execute("commit").await.unwrap();
    sealer.run_once(tierdesk.now()).await.unwrap();
    let left = "select count(*) from audit where seq not in (select seq from audit_seal)";
    let left = sqlx::query_scalar::<_, i64>(left).fetch_one(&mut slow);
    assert_eq!(left.await.unwrap(), 0);
    let verdict = tierdesk.desk.verify_audit(tierdesk.now()).await.unwrap();
    assert!(verdict.is_ok(), "{verdict:?}");
}
