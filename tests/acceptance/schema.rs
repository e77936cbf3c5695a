//! The database's own promises: migrations keep data, conventions hold, history cannot be rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use support::{Tierdesk, database};

fn sql_files(folder: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "sql"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn every_migration_runs_over_the_data_of_those_before_it() {
    let migrations = sql_files("../migrations");
    let samples = sql_files("migrations");
    assert_eq!(
        migrations.keys().collect::<Vec<_>>(),
        samples.keys().collect::<Vec<_>>(),
        "each migration has sample data of the same name in tests/migrations"
    );
    let name = database::empty().await;
    let mut conn = database::connect(&name).await;
    for (file, migration) in &migrations {
        for (what, sql) in [("migration", migration), ("sample data of", &samples[file])] {
            let mut tx = conn.begin().await.unwrap();
            if let Err(error) = tx.execute(sqlx::raw_sql(AssertSqlSafe(sql.clone()))).await {
                panic!("{what} {file}: {error}");
            }
            tx.commit().await.unwrap();
        }
    }
}

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let tierdesk = Tierdesk::start().await;
    let mut conn = database::connect(&tierdesk.database).await;
    let bare: Vec<String> = sqlx::query_scalar(
        "select c.conrelid::regclass || '.' || a.attname
         from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
         where c.contype = 'f' and c.connamespace = 'public'::regnamespace
           and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1])",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert_eq!(bare, Vec::<String>::new(), "foreign keys without an index");
}

#[tokio::test]
async fn the_words_the_database_takes_are_the_words_the_domain_knows() {
    use tierdesk_domain::actor::ActorKind;
    use tierdesk_domain::person::{AuthStrength, PersonKind};
    use tierdesk_domain::ticket::{Channel, Kind, ResolutionCode, ResolvedBy, Status};
    use tierdesk_domain::timeline::Visibility;

    fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> BTreeSet<String> {
        all.iter().map(|it| word(*it).to_owned()).collect()
    }
    let expected = [
        ("ticket_kind", words(Kind::ALL, Kind::as_str)),
        ("category_ticket_kind", words(Kind::ALL, Kind::as_str)),
        ("ticket_status", words(Status::ALL, Status::as_str)),
        ("ticket_channel", words(Channel::ALL, Channel::as_str)),
        (
            "ticket_resolution_code",
            words(ResolutionCode::ALL, ResolutionCode::as_str),
        ),
        (
            "ticket_resolved_by",
            words(ResolvedBy::ALL, ResolvedBy::as_str),
        ),
        (
            "event_visibility",
            words(Visibility::ALL, Visibility::as_str),
        ),
        ("event_actor_kind", words(ActorKind::ALL, ActorKind::as_str)),
        ("person_kind", words(PersonKind::ALL, PersonKind::as_str)),
        (
            "session_auth_strength",
            words(AuthStrength::ALL, AuthStrength::as_str),
        ),
    ];
    let tierdesk = Tierdesk::start().await;
    let mut conn = database::connect(&tierdesk.database).await;
    for (constraint, words) in expected {
        let definition: String = sqlx::query_scalar(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = $1",
        )
        .bind(constraint)
        .fetch_one(&mut conn)
        .await
        .unwrap_or_else(|_| panic!("no constraint {constraint}"));
        let found: BTreeSet<String> = definition
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        assert_eq!(found, words, "{constraint}");
    }
}

#[tokio::test]
async fn the_application_can_neither_rewrite_history_nor_change_the_schema() {
    let tierdesk = Tierdesk::start().await;
    let mut conn = database::connect(&tierdesk.database).await;
    conn.execute("set role tierdesk_app").await.unwrap();
    for statement in [
        "update audit set action = 'x'",
        "delete from audit",
        "truncate audit",
        "update audit_seal set hash = ''",
        "update event set kind = 'note'",
        "delete from event",
        "truncate event",
        "delete from content",
        "update configuration set name = 'x'",
        "delete from configuration",
        "delete from rule_firing",
        "drop table audit",
        "create table x ()",
        "alter table ticket add column x int",
        "create role somebody",
    ] {
        let refused = conn.execute(statement).await.expect_err(statement);
        let code = refused
            .as_database_error()
            .and_then(|it| it.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
    let who = conn.fetch_one("select current_user::text").await.unwrap();
    assert_eq!(who.get::<String, _>(0), "tierdesk_app");
}
