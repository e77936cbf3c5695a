//! What lies beside the programs: units, compose file, documents. They say what the programs do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml_ng::Value;
use support::installed::run;
use support::program::{path, program};
use support::skip;
use support::skip::has_program;

const UNITS: [&str; 3] = ["tierdesk-agent", "tierdesk-web", "tierdesk-worker"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(repository().join(file)).unwrap()
}

/// `key=value` of a unit, sections and comments left out.
fn directives(unit: &str) -> Vec<(String, String)> {
    read(&format!("packaging/systemd/{unit}.service"))
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The settings that `tierdesk serve --help` documents.
fn settings() -> BTreeSet<String> {
    run(program("tierdesk").args(["serve", "--help"]))
        .split(|it: char| !it.is_ascii_uppercase() && it != '_')
        .filter(|it| it.starts_with("TIERDESK_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_unit_runs_as_nobody_in_particular_and_cannot_change_the_system() {
    for unit in UNITS {
        let found = directives(unit);
        // AT-SESS-3.
        for wanted in [
            ("NoNewPrivileges", "yes"),
            ("ProtectSystem", "strict"),
            ("PrivateTmp", "yes"),
            ("CapabilityBoundingSet", ""),
            ("SystemCallFilter", "@system-service"),
            ("MemoryDenyWriteExecute", "yes"),
        ] {
            let has = found
                .iter()
                .any(|(key, value)| (key.as_str(), value.as_str()) == wanted);
            assert!(has, "{unit}: {wanted:?} is missing");
        }
        let of = |wanted: &str| {
            let mut values = found
                .iter()
                .filter(|it| it.0 == wanted)
                .map(|it| it.1.as_str());
            values.next().unwrap_or_default().to_owned()
        };
        assert!(of("User").starts_with("tierdesk"), "{unit}: {}", of("User"));
        // What it may write is its own folder, and nothing that root reads or runs lies there.
        for forbidden in [
            "ReadWritePaths",
            "BindPaths",
            "ExecStartPre",
            "ExecStartPost",
            "ExecReload",
            "ExecStop",
        ] {
            assert_eq!(of(forbidden), "", "{unit}: {forbidden}");
        }
        for place in ["ExecStart", "EnvironmentFile", "LoadCredential"] {
            assert!(
                !of(place).contains("/var/"),
                "{unit}: {place}={}",
                of(place)
            );
        }
        assert!(of("StateDirectoryMode") == "0700" || of("StateDirectoryMode") == "0750");
    }
}

#[test]
fn each_unit_starts_a_command_that_exists_and_systemd_finds_no_fault_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for unit in UNITS {
        let (_, start) = directives(unit)
            .into_iter()
            .find(|it| it.0 == "ExecStart")
            .unwrap();
        let (file, command) = start.split_once(' ').unwrap();
        let name = Path::new(file).file_name().unwrap().to_str().unwrap();
        run(program(name).args([command, "--help"]));

        // The programs are not installed where the tests run.
        let text = read(&format!("packaging/systemd/{unit}.service"));
        let text = text.replace(file, &path(name).display().to_string());
        std::fs::write(folder.path().join(format!("{unit}.service")), text).unwrap();
    }
    if !has_program("systemd-analyze") {
        skip("there is no systemd-analyze here (apt-get install systemd)");
        return;
    }
    for unit in UNITS {
        let file = folder.path().join(format!("{unit}.service"));
        let said = run(Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .arg(&file));
        assert_eq!(said, "", "{unit}");
        // Ten is wide open; OK ends at 2.0 as systemd counts.
        run(Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold=20"])
            .arg(&file));
    }
}

#[test]
fn the_settings_of_the_units_are_settings_of_the_program() {
    let known = settings();
    let env = read("packaging/systemd/tierdesk.env");
    let used = env
        .lines()
        .filter(|it| !it.starts_with('#'))
        .filter_map(|it| it.split_once('='));
    for (name, _) in used {
        assert!(
            known.contains(name),
            "{name} is no setting of `tierdesk serve`"
        );
    }
    let document = read("docs/running.md");
    let named = document
        .split(|it: char| !it.is_ascii_uppercase() && it != '_')
        .filter(|it| it.starts_with("TIERDESK_"));
    for name in named {
        assert!(known.contains(name), "docs/running.md names {name}");
    }
}

/// A compose file with its merge keys followed.
fn compose() -> Value {
    let mut compose: Value = serde_yaml_ng::from_str(&read("docker-compose.yml")).unwrap();
    compose.apply_merge().unwrap();
    compose
}

fn names(value: &Value) -> BTreeSet<String> {
    let keys = value.as_mapping().into_iter().flat_map(|it| it.keys());
    keys.map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_compose_file_starts_everything_in_an_order_that_works() {
    let compose = compose();
    let services = names(&compose["services"]);
    let wanted = [
        "database", "mail", "migrate", "proxy", "secret", "web", "worker",
    ];
    assert_eq!(
        services.iter().map(String::as_str).collect::<Vec<_>>(),
        wanted
    );
    let known = settings();
    for name in &services {
        let service = &compose["services"][name.as_str()];
        assert!(service["image"].is_string(), "{name}");
        for setting in names(&service["environment"]) {
            assert!(
                known.contains(&setting) || setting.starts_with("POSTGRES_"),
                "{name}: {setting}"
            );
        }
        // What is waited for exists, and comes to what is waited for.
        for (other, condition) in service["depends_on"].as_mapping().into_iter().flatten() {
            let other = other.as_str().unwrap();
            assert!(services.contains(other), "{name} waits for {other}");
            match condition["condition"].as_str().unwrap() {
                "service_healthy" => {
                    assert!(
                        compose["services"][other]["healthcheck"].is_mapping(),
                        "{other}"
                    );
                }
                "service_completed_successfully" => {
                    assert_eq!(compose["services"][other]["restart"], "no", "{other}");
                }
                condition => panic!("{name} waits for {other}: {condition}"),
            }
        }
        // Volumes are declared, and nothing is published to other machines.
        for volume in service["volumes"].as_sequence().into_iter().flatten() {
            let volume = volume.as_str().unwrap().split(':').next().unwrap();
            assert!(
                names(&compose["volumes"]).contains(volume),
                "{name}: {volume}"
            );
        }
        for port in service["ports"].as_sequence().into_iter().flatten() {
            assert!(
                port.as_str().unwrap().starts_with("127.0.0.1:"),
                "{name}: {port:?}"
            );
        }
        if service["image"] == "tierdesk:local" {
            let command = service["command"].as_sequence().unwrap();
            let words: Vec<_> = command.iter().map(|it| it.as_str().unwrap()).collect();
            run(program("tierdesk")
                .args(words.iter().take_while(|it| !it.starts_with('-')))
                .arg("--help"));
            assert_eq!(service["read_only"], true, "{name}");
            assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        }
    }
    // Web and worker share database, secret and attachments.
    for same in ["environment", "volumes"] {
        assert_eq!(
            compose["services"]["web"][same],
            compose["services"]["worker"][same]
        );
    }
    // The proxy is trusted: it has an address of the network that the settings name.
    let network = &compose["networks"]["default"]["ipam"]["config"][0]["subnet"];
    assert_eq!(
        &compose["services"]["web"]["environment"]["TIERDESK_TRUSTED_PROXIES"],
        network
    );
}

#[test]
fn the_settings_of_the_compose_file_are_usable() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    run(program("tierdesk")
        .args(["secret", "new", "--output"])
        .arg(&secret));
    let compose = compose();
    let mut check = program("tierdesk");
    check.args(["config", "check"]);
    for (name, value) in compose["services"]["web"]["environment"]
        .as_mapping()
        .unwrap()
    {
        check.env(name.as_str().unwrap(), value.as_str().unwrap());
    }
    let said = check
        .env("TIERDESK_SECRET_FILE", &secret)
        .env("TIERDESK_ATTACHMENTS", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    // Only the database of that name is not here.
    assert!(said.starts_with("The settings can be used."), "{said}");
    assert!(said.contains("But nothing can start"), "{said}");
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let mut files = vec![
        PathBuf::from("README.md"),
        PathBuf::from("CONTRIBUTING.md"),
        PathBuf::from("SECURITY.md"),
        PathBuf::from("CHANGELOG.md"),
    ];
    for folder in ["docs", "docs/decisions"] {
        let documents = std::fs::read_dir(repository().join(folder)).unwrap();
        files.extend(
            documents
                .map(|it| Path::new(folder).join(it.unwrap().file_name()))
                .filter(|it| it.extension().is_some_and(|it| it == "md")),
        );
    }
    for file in files {
        let text = read(file.to_str().unwrap());
        let folder = repository().join(&file).parent().unwrap().to_owned();
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#', ' ']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            assert!(folder.join(target).exists(), "{}: {target}", file.display());
        }
    }
}

/// What `.ci/check-rust` says where `PATH` holds a cargo that says `version`, or none.
fn checked_rust(version: Option<&str>) -> (bool, String) {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    if let Some(version) = version {
        let cargo = folder.path().join("cargo");
        std::fs::write(&cargo, format!("#!/bin/sh\necho \"{version}\"\n")).unwrap();
        std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    // Without a cargo of the machine's own, wherever it lies.
    for tool in ["bash", "dirname", "sed", "sort", "head"] {
        let found = ["/usr/bin", "/bin"]
            .iter()
            .map(|dir| Path::new(dir).join(tool))
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("{tool} is missing"));
        std::os::unix::fs::symlink(found, folder.path().join(tool)).unwrap();
    }
    let ran = Command::new(repository().join(".ci/check-rust"))
        .env("PATH", folder.path())
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn a_machine_without_a_rust_that_is_new_enough_is_told_what_to_install() {
    let manifest = read("Cargo.toml");
    let needed = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .unwrap()
        .trim_matches('"');
    for (version, why) in [
        (None, "cargo is missing"),
        (
            Some("cargo 1.63.0 (fd9c4297c 2022-07-01)"),
            "cargo is 1.63.0",
        ),
        (Some("cargo 1.9.0"), "cargo is 1.9.0"),
    ] {
        let (well, said) = checked_rust(version);
        assert!(!well, "{said}");
        assert!(said.contains(why), "{said}");
        assert!(
            said.contains(&format!("rustup toolchain install {needed}")),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    for version in [
        format!("cargo {needed}.0 (abc 2026-01-01)"),
        "cargo 2.3.0-nightly (abc 2030-01-01)".to_owned(),
    ] {
        let (well, said) = checked_rust(Some(&version));
        assert!(well, "{said}");
    }
    assert!(read("README.md").contains(&format!("Rust {needed} or newer")));
}
