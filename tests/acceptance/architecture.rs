//! The house rules of docs/architecture.md, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each crate, and the crates of ours it may depend on. `*` is all of them.
const ROOMS: &[(&str, &[&str])] = &[
    ("catalogue", &[]),
    ("domain", &["catalogue"]),
    ("protocol", &["catalogue"]),
    ("store", &["domain"]),
    ("desk", &["domain", "catalogue", "store"]),
    ("mail", &["domain"]),
    ("web", &["desk", "store", "domain", "catalogue", "protocol"]),
    ("worker", &["desk", "store", "mail", "domain", "protocol"]),
    ("agent", &["catalogue", "protocol"]),
    ("localdb", &[]),
    ("server", &["*"]),
    ("tests", &["*"]),
    ("bench", &["*"]),
];

/// Crates of others that only some of ours may use.
const RESERVED: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "bench", "tests"]),
    ("axum", &["web", "server", "bench", "tests"]),
    ("askama", &["web", "mail", "bench"]),
    ("lettre", &["mail"]),
    (
        "tokio",
        &["desk", "mail", "web", "worker", "server", "bench", "tests"],
    ),
    ("aws-lc-rs", &[]),
    ("openssl", &[]),
    ("native-tls", &[]),
];

#[test]
fn crates_know_only_the_crates_below_them() {
    let rooms: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let Some(room) = name.strip_prefix("tierdesk-") else {
            assert_eq!(
                name, "xtask",
                "give the crate `{name}` a name like the others"
            );
            continue;
        };
        let allowed = rooms
            .get(room)
            .unwrap_or_else(|| panic!("say in ROOMS what the crate `{room}` may know"));
        for dependency in dependencies(&package) {
            if let Some(other) = dependency.strip_prefix("tierdesk-") {
                assert!(
                    allowed.contains(&other) || allowed.contains(&"*"),
                    "`{room}` must not know `{other}`: see docs/architecture.md"
                );
            }
        }
    }
}

#[test]
fn sql_pages_and_mail_transport_live_in_one_crate_each() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let room = name.strip_prefix("tierdesk-").unwrap_or(name);
        for dependency in dependencies(&package) {
            let reserved = RESERVED.iter().find(|(name, _)| *name == dependency);
            assert!(
                reserved.is_none_or(|(_, rooms)| rooms.contains(&room)),
                "`{room}` must not use `{dependency}`: see docs/architecture.md"
            );
        }
    }
}

#[test]
fn no_library_that_needs_a_long_c_build_comes_in_by_a_side_door() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("readable");
    for name in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(
            !lock.contains(&format!("name = \"{name}\"")),
            "`{name}` is in Cargo.lock: cryptography is ring's everywhere"
        );
    }
    let sqlx = lock.matches("name = \"sqlx-core\"").count();
    assert_eq!(sqlx, 1, "there is a second sqlx");
}

#[test]
fn statements_are_written_in_store_and_never_put_together() {
    let statement_makers = [
        "format!(",
        "AssertSqlSafe",
        "QueryBuilder",
        "sqlx::query(",
        "query_as(",
    ];
    for (path, text) in sources(&["crates"]) {
        if within(&path, "crates/bench") {
            continue;
        }
        for (number, line) in code_lines(&text) {
            if !within(&path, "crates/store") {
                assert!(
                    !line.contains("sqlx::"),
                    "{}:{number}: SQL belongs in store",
                    path.display()
                );
                continue;
            }
            for maker in &statement_makers[1..] {
                assert!(
                    !line.contains(maker),
                    "{}:{number}: `{maker}` is not checked against the schema; use query! or query_as!",
                    path.display()
                );
            }
            let words = line.to_ascii_lowercase();
            let puts_together = line.contains(statement_makers[0])
                && ["select ", "insert into", "update ", "delete from"]
                    .iter()
                    .any(|word| words.contains(word));
            assert!(
                !puts_together,
                "{}:{number}: a statement must not be put together",
                path.display()
            );
        }
    }
}

#[test]
fn a_diagnostic_is_asked_for_in_one_place_and_signed_in_one() {
    for (words, only) in [
        ("job::insert(", "crates/desk/src/job.rs"),
        ("insert into job (", "crates/store/src/job.rs"),
        ("insert_envelope(", "crates/worker/src/signer.rs"),
        ("insert into job_envelope", "crates/store/src/signer.rs"),
    ] {
        let places: Vec<PathBuf> = sources(&["crates"])
            .into_iter()
            .filter(|(_, text)| {
                code_lines(text)
                    .any(|(_, line)| line.contains(words) && !line.contains("pub async fn"))
            })
            .map(|(path, _)| path.strip_prefix(root()).expect("inside").to_owned())
            .collect();
        assert_eq!(places, [PathBuf::from(only)], "`{words}`");
    }
    // Under another name it would not be found above.
    for (path, text) in sources(&["crates/desk", "crates/web", "crates/worker"]) {
        for (number, line) in code_lines(&text) {
            assert!(
                !line.contains("job::{insert") && !line.contains("job::insert;"),
                "{}:{number}",
                path.display()
            );
        }
    }
}

#[test]
fn no_program_of_ours_starts_a_shell() {
    let shells = [
        "\"sh\"",
        "\"bash\"",
        "\"dash\"",
        "\"zsh\"",
        "/bin/sh",
        "/bin/bash",
        "\"busybox\"",
        "\"cmd\"",
        "\"powershell\"",
        "\"env\"",
        "\"xargs\"",
    ];
    let rooms = [
        "agent",
        "worker",
        "catalogue",
        "protocol",
        "desk",
        "web",
        "server",
        "localdb",
        "domain",
        "store",
        "mail",
        "bench",
        "xtask",
    ];
    let folders: Vec<_> = rooms.iter().map(|room| format!("crates/{room}")).collect();
    let folders: Vec<_> = folders.iter().map(String::as_str).collect();
    for (path, text) in sources(&folders) {
        // A list of the endings of file names.
        if path.ends_with("domain/src/target/lists.rs") {
            continue;
        }
        for (number, line) in code_lines(&text) {
            for shell in shells {
                assert!(
                    !line.contains(shell),
                    "{}:{number}: {shell} is a shell or starts any program",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn html_is_trusted_in_one_reviewed_place() {
    let mut places = Vec::new();
    for path in files(&root().join("templates")) {
        let text = std::fs::read_to_string(&path).expect("readable");
        let trusted = text.matches("|safe").count() + text.matches("| safe").count();
        for _ in 0..trusted {
            places.push(path.strip_prefix(root()).expect("inside").to_owned());
        }
        assert!(
            !text.contains("escape=\"none\"") && !text.contains("escape = \"none\""),
            "{}: escaping is never switched off",
            path.display()
        );
    }
    assert!(
        places.is_empty(),
        "HTML is made safe in safe_html.rs and never by `|safe`, found in {places:?}"
    );
    // What askama prints as it is has this mark; without it everything is escaped.
    let marked: Vec<PathBuf> =
        sources(&["crates/web", "crates/mail", "crates/worker", "crates/desk"])
            .into_iter()
            .filter(|(_, text)| {
                code_lines(text).any(|(_, line)| {
                    line.contains("HtmlSafe for")
                        || line.contains("filters::Safe")
                        || line.contains("MaybeSafe")
                })
            })
            .map(|(path, _)| path.strip_prefix(root()).expect("inside").to_owned())
            .collect();
    assert_eq!(
        marked,
        [PathBuf::from("crates/web/src/safe_html.rs")],
        "HTML is trusted in one reviewed place"
    );
}

/// Everything that people wrote and that is kept with the programs, but this file.
const WRITTEN: [&str; 10] = [
    ".ci",
    "crates",
    "docs",
    "migrations",
    "packaging",
    "static",
    "templates",
    "tests",
    "CONTRIBUTING.md",
    "README.md",
];

#[test]
fn nothing_is_left_to_do() {
    let marks = ["TO", "FIX", "XX"].map(|start| match start {
        "TO" => "TODO",
        "FIX" => "FIXME",
        _ => "XXX",
    });
    let here = Path::new("tests/acceptance/architecture.rs");
    for place in WRITTEN {
        let place = root().join(place);
        let found = if place.is_dir() {
            files(&place)
        } else {
            vec![place.clone()]
        };
        assert!(!found.is_empty(), "there is no {}", place.display());
        for path in found.iter().filter(|path| !path.ends_with(here)) {
            // Pictures are no text.
            let Ok(text) = String::from_utf8(std::fs::read(path).expect("readable")) else {
                continue;
            };
            for (number, line) in text.lines().enumerate() {
                for mark in marks.iter().copied().chain(["todo!(", "unimplemented!("]) {
                    let found = line.match_indices(mark).any(|(at, _)| {
                        !line[..at].ends_with(|it: char| it.is_ascii_alphanumeric())
                    });
                    assert!(!found, "{}:{}: {mark}", path.display(), number + 1);
                }
            }
        }
    }
}

#[test]
fn every_library_warns_about_missing_documentation() {
    for room in ROOMS.iter().map(|(room, _)| room) {
        let library = root().join("crates").join(room).join("src/lib.rs");
        if let Ok(text) = std::fs::read_to_string(&library) {
            assert!(
                text.contains("#![warn(missing_docs)]"),
                "{} lacks #![warn(missing_docs)]",
                library.display()
            );
        }
    }
}

fn packages() -> Vec<serde_json::Value> {
    let said = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("JSON");
    said["packages"].as_array().expect("packages").clone()
}

fn dependencies(package: &serde_json::Value) -> Vec<String> {
    package["dependencies"]
        .as_array()
        .expect("dependencies")
        .iter()
        .filter(|it| it["kind"].is_null())
        .map(|it| it["name"].as_str().expect("a name").to_owned())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn within(path: &Path, folder: &str) -> bool {
    path.strip_prefix(root())
        .is_ok_and(|it| it.starts_with(folder))
}

/// Every Rust file of the folders, and its text.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    folders
        .iter()
        .flat_map(|folder| files(&root().join(folder)))
        .filter(|path| path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("readable");
            (path, text)
        })
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a file that are neither comments nor its unit tests, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .take_while(|line| !line.starts_with("mod tests {"))
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}
