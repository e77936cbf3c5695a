//! The shape of a catalogue entry and the hash that both sides must agree on.

use std::fmt;

use serde::Serialize;

use crate::{Class, ParamSpec};

/// One diagnostic (or, later, action) that a host agent can run.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Stable id such as `dns.dig`.
    pub id: &'static str,
    /// What it does, in plain words.
    pub title: &'static str,
    /// One sentence on what the verdict means.
    pub summary: &'static str,
    /// How much it may do.
    pub class: Class,
    /// Its parameters, in the order in which a form asks for them.
    pub params: &'static [ParamSpec],
    /// What is executed.
    pub run: Run,
    /// Its bounds.
    pub limits: Limits,
    /// What it needs beyond the agent's own user, for people to read.
    pub privileges: &'static [&'static str],
    /// Raised whenever the verdict code starts to judge differently.
    pub parser_version: u16,
}

/// What an entry executes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Commands and files, one after the other.
    Steps(&'static [Step]),
    /// A probe written in Rust inside the agent.
    Native(Native),
}

/// A probe that the agent carries out itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Native {
    /// Open a TCP connection, three tries.
    Tcp,
    /// Complete a TLS handshake and look at the certificate.
    Tls,
    /// Send one HTTP request without following redirects.
    Http,
}

/// One step of an entry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Run a program.
    Command(Command),
    /// Read a file of the kernel or the system (at most 64 KiB).
    File(&'static str),
}

/// A program and its argument vector.
#[derive(Debug, Serialize)]
pub struct Command {
    /// Absolute paths; the first one that exists is used.
    pub binary: &'static [&'static str],
    /// The Debian package that brings it, named when it is missing.
    pub package: &'static str,
    /// Arguments after the program's name.
    pub args: &'static [Arg],
    /// When it runs.
    pub condition: Condition,
}

/// One element of an argument vector. A placeholder is always a whole element, or the tail
/// of a fixed prefix; an absent optional parameter leaves its element out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// Fixed text.
    Literal(&'static str),
    /// The parameter's value.
    Param(&'static str),
    /// Fixed text, then the parameter's value.
    Prefixed(&'static str, &'static str),
    /// Fixed text chosen by the parameter's value; no element for other values.
    Choice(&'static str, &'static [(&'static str, &'static str)]),
    /// Fixed text that is there only when the optional parameter is.
    WhenSet(&'static str, &'static str),
}

/// Whether a step runs, judged on the steps before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Always.
    Always,
    /// Only after a `dig` that was answered with SERVFAIL.
    AfterServfail,
}

/// Bounds of one run (decision 25: never above 30 minutes and 16 MiB).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Limits {
    /// Wall time for all steps together, in seconds.
    pub timeout_seconds: u32,
    /// Output kept from the beginning, in bytes.
    pub head_bytes: u32,
    /// Output kept from the end, in bytes.
    pub tail_bytes: u32,
    /// Writable memory of each program, in bytes.
    pub memory_bytes: u64,
}

impl Limits {
    /// The defaults: 20 s, the first 64 KiB and the last 192 KiB, 256 MiB.
    pub const DEFAULT: Limits = Limits {
        timeout_seconds: 20,
        head_bytes: 64 * 1024,
        tail_bytes: 192 * 1024,
        memory_bytes: 256 * 1024 * 1024,
    };

    /// The defaults with another timeout.
    pub const fn seconds(timeout_seconds: u32) -> Limits {
        Limits {
            timeout_seconds,
            ..Limits::DEFAULT
        }
    }
}

/// SHA-256 over everything that gives an entry its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntryHash([u8; 32]);

impl fmt::Display for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The part of an entry that its hash covers (decision 24): not the words for people.
#[derive(Serialize)]
struct Meaning<'a> {
    id: &'a str,
    class: Class,
    params: Vec<(&'a str, &'a crate::Kind, Option<&'a str>, bool)>,
    run: &'a Run,
    limits: Limits,
    parser_version: u16,
}

impl Entry {
    /// The hash over id, argument vectors, types, class, limits and parser version.
    pub fn hash(&self) -> EntryHash {
        let meaning = Meaning {
            id: self.id,
            class: self.class,
            params: self
                .params
                .iter()
                .map(|spec| (spec.name, &spec.kind, spec.default, spec.optional))
                .collect(),
            run: &self.run,
            limits: self.limits,
            parser_version: self.parser_version,
        };
        let bytes = serde_json::to_vec(&meaning)
            .expect("an entry is plain data with string keys, which always serialises");
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        EntryHash(hash)
    }

    /// The parameter of that name.
    pub fn param(&self, name: &str) -> Option<&ParamSpec> {
        self.params.iter().find(|spec| spec.name == name)
    }

    /// The argument vectors as people read them: placeholders in braces.
    pub fn argv_template(&self) -> Vec<Vec<String>> {
        match &self.run {
            Run::Native(_) => {
                let mut shown = vec![format!("(built in) {}", self.id)];
                shown.extend(self.params.iter().map(|spec| format!("{{{}}}", spec.name)));
                vec![shown]
            }
            Run::Steps(steps) => steps
                .iter()
                .map(|step| match step {
                    Step::File(path) => vec!["(read)".to_owned(), (*path).to_owned()],
                    Step::Command(command) => {
                        let name = command.binary[0].rsplit('/').next().unwrap_or_default();
                        std::iter::once(name.to_owned())
                            .chain(command.args.iter().map(Arg::template))
                            .collect()
                    }
                })
                .collect(),
        }
    }
}

impl Arg {
    fn template(&self) -> String {
        match self {
            Arg::Literal(text) => (*text).to_owned(),
            Arg::Param(name) => format!("{{{name}}}"),
            Arg::Prefixed(prefix, name) => format!("{prefix}{{{name}}}"),
            Arg::Choice(name, _) => format!("[{name}]"),
            Arg::WhenSet(_, text) => format!("[{text}]"),
        }
    }
}
