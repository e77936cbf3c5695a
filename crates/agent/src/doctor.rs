//! `doctor`: what is well on this host and what is not, in plain words.

use tierdesk_catalogue::{ENTRIES, Run, Step};

use crate::binary::{self, Found};
use crate::{Config, state};

/// One line of the doctor's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether all is well.
    pub well: bool,
    /// What was looked at and found.
    pub text: String,
}

/// Looks at state folder, identity, policy and the programs the entries need.
pub fn doctor(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |well: bool, text: String| findings.push(Finding { well, text });
    match state::prepare_dir(&config.state_dir) {
        Ok(()) => say(true, format!("state folder {}", config.state_dir.display())),
        Err(error) => say(false, format!("{error:#}")),
    }
    match state::load_identity(config) {
        Ok(Some(identity)) => say(
            true,
            format!("joined {} as host {}", identity.server, identity.host),
        ),
        Ok(None) => say(
            false,
            "not joined yet; run: tierdesk-agent enroll https://…".into(),
        ),
        Err(error) => say(false, format!("{error:#}")),
    }
    match state::load_policy(config) {
        Ok(policy) => {
            let classes: Vec<_> = policy
                .allowed_classes
                .iter()
                .map(|class| class.as_str())
                .collect();
            say(true, format!("policy allows {}", classes.join(", ")));
        }
        Err(error) => say(false, format!("{error:#}")),
    }
    for entry in ENTRIES {
        let Run::Steps(steps) = &entry.run else {
            continue;
        };
        let mut seen: Vec<&str> = Vec::new();
        for step in *steps {
            let Step::Command(command) = step else {
                continue;
            };
            if seen.contains(&command.binary[0]) {
                continue;
            }
            seen.push(command.binary[0]);
            match binary::find(command.binary) {
                Found::Program(path) => say(true, format!("{}: {}", entry.id, path.display())),
                Found::Missing => say(
                    false,
                    format!("{}: install the package {}", entry.id, command.package),
                ),
                Found::Untrusted(path) => {
                    say(
                        false,
                        format!(
                            "{}: {} can be changed by others than root",
                            entry.id,
                            path.display()
                        ),
                    );
                }
            }
        }
    }
    findings
}
