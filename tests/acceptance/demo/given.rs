//! A demo in the database of a PostgreSQL that runs already.

use std::process::Command;

use rustix::process::Signal;
use support::program::program;
use tierdesk_localdb::Database;

use super::{Demo, company, look_at, open_folder};

#[test]
fn with_the_address_of_a_database_it_needs_no_postgresql_of_its_own_and_leaves_that_one_running() {
    let server = Database::throw_away().unwrap();
    server.create("demo").unwrap();
    let folder = open_folder();
    let data = folder.path().join("demo");
    let command = || -> Command {
        let mut command = program("tierdesk");
        command.args(["demo", "--data"]).arg(&data);
        command.env("TIERDESK_DATABASE_URL", server.url("demo"));
        // As where none is installed.
        command.env("TIERDESK_POSTGRES_BIN", "/nowhere");
        command
    };
    let start = || Demo::start_until(command(), &data, "Ctrl-C stops everything");

    let mut demo = start();
    company::bells_are_believable(&demo);
    company::hosts_are_shown(&demo);
    let filed = demo
        .sign_in("files tickets")
        .file("Printer of the test jams");
    assert!(!data.join("postgres").exists(), "a server of its own");
    assert!(demo.signal(Signal::INT).success());
    assert_eq!(demo.left_over(), Vec::<String>::new());
    look_at(&server.url("demo"), async |conn| {
        company::is_whole(conn, 1).await;
    });

    // A second start keeps everything.
    let mut demo = start();
    let kept = "Everything of the last time is still there";
    assert!(demo.said.contains(kept), "{}", demo.said);
    let title = demo.sign_in("files tickets").page(&filed).text("h1");
    assert_eq!(title, "Printer of the test jams");
    assert!(demo.signal(Signal::INT).success());

    // What is somebody else's is never emptied, whether that is asked for or not.
    let refused = command().arg("--reset").output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("empty the given one yourself"),
        "{told}"
    );
    server
        .query("demo", "delete from instance where key = 'demo'")
        .unwrap();
    let refused = command().output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("not a whole demo"),
        "{told}"
    );
    look_at(&server.url("demo"), async |conn| {
        company::is_whole(conn, 1).await;
    });
}
