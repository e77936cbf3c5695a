//! A database per test, cloned from one that was migrated once.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tierdesk_localdb::Database;
use tokio::sync::OnceCell;

/// The server that all tests of this process share: the one of `cargo xtask db`, or one of our own.
static SERVER: LazyLock<Server> = LazyLock::new(|| match std::env::var("TIERDESK_TEST_SERVER") {
    Ok(url) => Server::Given(url),
    Err(_) => Server::Own(Database::throw_away().expect("a private PostgreSQL starts")),
});
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static MADE: AtomicU32 = AtomicU32::new(0);

enum Server {
    Given(String),
    Own(Database),
}

/// Connection string of the named database on the tests' server.
pub fn url(database: &str) -> String {
    match &*SERVER {
        Server::Given(url) => url.replace("/postgres?", &format!("/{database}?")),
        Server::Own(server) => server.url(database),
    }
}

/// A connection as the owner of everything, for what a test must see or break behind the product's
/// back.
pub async fn connect(database: &str) -> PgConnection {
    PgConnection::connect(&url(database))
        .await
        .expect("connects")
}

/// A new database with nothing in it. Returns its name.
pub async fn empty() -> String {
    let name = new_name();
    run("postgres", &format!("create database {name}")).await;
    name
}

/// A new database that `migrate` prepared once for all tests. Returns its name.
pub async fn migrated<F>(migrate: impl FnOnce(String) -> F) -> String
where
    F: Future<Output = ()>,
{
    let template = TEMPLATE
        .get_or_init(async || {
            let name = empty().await;
            migrate(url(&name)).await;
            name
        })
        .await;
    let name = new_name();
    run(
        "postgres",
        &format!("create database {name} template {template} strategy file_copy"),
    )
    .await;
    name
}

/// Lets the database refuse to write rows of `table` for which `when` holds, a condition on `new`: an error that nobody foresaw.
pub async fn refuse(database: &str, table: &str, when: &str) {
    let statement = format!(
        "create function refuse_{table}() returns trigger language plpgsql as $$ begin raise exception 'refused by a test'; end $$;
         create trigger refuse before insert or update on {table} for each row when ({when}) execute function refuse_{table}()"
    );
    run(database, &statement).await;
}

/// Lets the database write again what [`refuse`] forbade.
pub async fn allow(database: &str, table: &str) {
    run(database, &format!("drop function refuse_{table}() cascade")).await;
}

fn new_name() -> String {
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    format!("t_{}_{number}", std::process::id())
}

/// Runs statements as the owner of everything.
pub async fn run(database: &str, statement: &str) {
    let mut connection = connect(database).await;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&mut connection)
        .await
        .expect("PostgreSQL does it");
    connection.close().await.expect("closes");
}
