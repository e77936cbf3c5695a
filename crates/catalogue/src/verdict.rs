//! From what was seen to what it means: pure, over bytes, never panicking.

mod dns;
mod fs;
mod host;
mod http;
mod net;
mod svc;
mod tcp;
mod tls;

pub use net::unresolved;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Condition, Entry, Exit, Observation, Params, StepOutput};

/// What a run concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing wrong was found.
    Healthy,
    /// Something is wrong.
    Problem,
    /// It cannot be told.
    Unknown,
}

impl Verdict {
    /// All verdicts.
    pub const ALL: [Verdict; 3] = [Verdict::Healthy, Verdict::Problem, Verdict::Unknown];

    /// The word used in tables, pages and the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Healthy => "healthy",
            Verdict::Problem => "problem",
            Verdict::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for Verdict {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Verdict::ALL
            .into_iter()
            .find(|v| v.as_str() == text)
            .ok_or(())
    }
}

/// Typed values for rules and pages, by name.
pub type Facts = serde_json::Map<String, Json>;

/// A verdict with its one sentence and its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it means.
    pub verdict: Verdict,
    /// One sentence for people.
    pub summary: String,
    /// Typed values.
    pub facts: Facts,
}

impl Judgement {
    fn new(verdict: Verdict, summary: impl Into<String>, facts: Facts) -> Self {
        let summary: String = summary.into();
        Judgement {
            verdict,
            summary: tidy(&summary),
            facts,
        }
    }

    fn unknown(summary: impl Into<String>) -> Self {
        Judgement::new(Verdict::Unknown, summary, Facts::new())
    }
}

/// Text that came from a program, made fit for one line: no control characters, at most
/// 300 characters.
fn tidy(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Judges one run. `now` is in seconds since 1970 and only compared with certificate dates.
pub fn judge(entry: &Entry, params: &Params, seen: &Observation, now: i64) -> Judgement {
    match seen {
        Observation::Tcp(seen) => tcp::judge(params, seen),
        Observation::Tls(seen) => tls::judge(params, seen, now),
        Observation::Http(seen) => http::judge(seen),
        Observation::Steps(steps) => {
            if let Some(missing) = missing_package(entry, steps) {
                return missing;
            }
            match entry.id {
                "dns.dig" => dns::judge(params, steps),
                "fs.df" => fs::judge(steps),
                "host.info" => host::judge(steps),
                "net.link" => net::link(steps),
                "net.ping" => net::ping(params, steps),
                "net.route" => net::route(steps),
                "svc.status" => svc::judge(params, steps),
                _ => Judgement::unknown("This build has no verdict for that entry."),
            }
        }
    }
}

impl Condition {
    /// Whether a step with this condition runs after these.
    pub fn holds(self, before: &[StepOutput]) -> bool {
        match self {
            Condition::Always => true,
            Condition::AfterServfail => before
                .last()
                .is_some_and(|step| dns::is_servfail(&step.stdout)),
        }
    }
}

/// A missing program is a finding, not a failure; `host.info` does well without hostnamectl.
fn missing_package(entry: &Entry, steps: &[StepOutput]) -> Option<Judgement> {
    if entry.id == "host.info" {
        return None;
    }
    steps.iter().find_map(|step| match &step.exit {
        Exit::NotInstalled(package) => {
            let mut facts = Facts::new();
            facts.insert("missing_package".into(), package.as_str().into());
            Some(Judgement::new(
                Verdict::Unknown,
                format!("The program is not on this host. The package {package} brings it."),
                facts,
            ))
        }
        _ => None,
    })
}

fn stdout(steps: &[StepOutput], index: usize) -> String {
    steps
        .get(index)
        .map(|step| String::from_utf8_lossy(&step.stdout).into_owned())
        .unwrap_or_default()
}

fn stderr(steps: &[StepOutput], index: usize) -> String {
    steps
        .get(index)
        .map(|step| String::from_utf8_lossy(&step.stderr).into_owned())
        .unwrap_or_default()
}

fn exit_code(steps: &[StepOutput], index: usize) -> Option<i32> {
    match steps.get(index)?.exit {
        Exit::Code(code) => Some(code),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use std::collections::BTreeMap;

    use super::*;

    pub(crate) fn step(code: i32, stdout: &str, stderr: &str) -> StepOutput {
        StepOutput {
            exit: Exit::Code(code),
            stdout: stdout.into(),
            stderr: stderr.into(),
        }
    }

    pub(crate) fn params(id: &str, pairs: &[(&str, &str)]) -> Params {
        let raw: BTreeMap<String, String> = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Params::parse(crate::find(id).unwrap(), &raw).unwrap()
    }

    pub(crate) fn judged(id: &str, pairs: &[(&str, &str)], steps: Vec<StepOutput>) -> Judgement {
        judge(
            crate::find(id).unwrap(),
            &params(id, pairs),
            &Observation::Steps(steps),
            1_790_000_000,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{judged, step};
    use super::*;
    use crate::{ENTRIES, Run};

    #[test]
    fn a_missing_program_is_unknown_and_names_its_package() {
        let steps = vec![StepOutput {
            exit: Exit::NotInstalled("bind9-dnsutils".into()),
            stdout: Vec::new(),
            stderr: Vec::new(),
        }];
        let judgement = judged("dns.dig", &[("name", "a.example")], steps);
        assert_eq!(judgement.verdict, Verdict::Unknown);
        assert!(judgement.summary.contains("bind9-dnsutils"));
    }

    fn mangled() -> impl Strategy<Value = Vec<u8>> {
        let recorded: Vec<&'static [u8]> = vec![
            include_bytes!("../fixtures/dig-noerror.txt"),
            include_bytes!("../fixtures/ip-link.json"),
            include_bytes!("../fixtures/df.txt"),
            include_bytes!("../fixtures/ping-ok.txt"),
            include_bytes!("../fixtures/systemctl-failed.txt"),
            include_bytes!("../fixtures/ip-route.json"),
        ];
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            (
                prop::sample::select(recorded),
                any::<prop::sample::Index>(),
                any::<u8>(),
                any::<prop::sample::Index>()
            )
                .prop_map(|(bytes, at, byte, cut)| {
                    let mut bytes = bytes.to_vec();
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                    bytes.truncate(cut.index(bytes.len()) + 1);
                    bytes
                }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn no_output_makes_a_parser_panic_or_break_its_one_line(
            outputs in prop::collection::vec((-1..256i32, mangled(), mangled()), 0..12)
        ) {
            for entry in ENTRIES.iter().filter(|entry| matches!(entry.run, Run::Steps(_))) {
                let examples: Vec<_> = entry.params.iter().map(|p| (p.name, p.example)).collect();
                let steps = outputs.iter().map(|(code, out, err)| {
                    step(*code, &String::from_utf8_lossy(out), &String::from_utf8_lossy(err))
                }).collect();
                let judgement = judged(entry.id, &examples, steps);
                prop_assert!(!judgement.summary.is_empty());
                prop_assert!(!judgement.summary.chars().any(char::is_control));
                prop_assert!(judgement.summary.chars().count() <= 300);
            }
        }
    }
}
