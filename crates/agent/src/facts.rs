//! What a host says about itself.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use tierdesk_catalogue::{Facts, Limits};
use tierdesk_protocol::message::Stream;

use crate::binary::{self, Found};
use crate::output::Sink;
use crate::step::{self, Bounds};
use crate::{Config, Stop};

struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _stream: Stream, _bytes: &[u8]) {}
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line: String = text
        .lines()
        .next()?
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    (!line.is_empty()).then_some(line)
}

/// The name the host gives itself.
pub(crate) fn hostname() -> String {
    line("/proc/sys/kernel/hostname").unwrap_or_else(|| "localhost".to_owned())
}

/// A hash of the machine id: tells a reinstalled host from a new one, without the id itself.
pub(crate) fn machine() -> Option<String> {
    let id = line("/etc/machine-id")?;
    let digest = ring::digest::digest(
        &ring::digest::SHA256,
        format!("tierdesk-machine-v1\n{id}").as_bytes(),
    );
    Some(
        digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    )
}

/// Facts for the host's page.
pub fn collect(config: &Config) -> Facts {
    let mut facts = Facts::new();
    let os = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let os_value = |key: &str| {
        os.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| {
                value
                    .trim_matches('"')
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(200)
                    .collect::<String>()
            })
    };
    facts.insert("os".into(), json!(os_value("PRETTY_NAME")));
    facts.insert("os_id".into(), json!(os_value("ID")));
    facts.insert("os_version".into(), json!(os_value("VERSION_ID")));
    facts.insert("kernel".into(), json!(line("/proc/sys/kernel/osrelease")));
    facts.insert("architecture".into(), json!(std::env::consts::ARCH));
    facts.insert(
        "boot_id".into(),
        json!(line("/proc/sys/kernel/random/boot_id")),
    );
    facts.insert(
        "cpus".into(),
        json!(std::thread::available_parallelism().map_or(1, usize::from)),
    );
    facts.insert("memory_total_kib".into(), json!(memory_total_kib()));
    facts.insert(
        "systemd".into(),
        json!(fs::exists("/run/systemd/system").unwrap_or(false)),
    );
    facts.insert("addresses".into(), addresses(config));
    facts
}

fn memory_total_kib() -> Option<u64> {
    fs::read_to_string("/proc/meminfo")
        .ok()?
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Global addresses by `ip -j addr show`; empty where iproute2 is missing.
fn addresses(config: &Config) -> Json {
    let Found::Program(program) =
        binary::find(&["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"])
    else {
        return json!([]);
    };
    let stop = Stop::new();
    let bounds = Bounds {
        deadline: Instant::now() + Duration::from_secs(5),
        stop: &stop,
        limits: &Limits::DEFAULT,
        keep_privileges: false,
        exec_child: &config.exec_child,
    };
    let args = ["-j", "addr", "show"].map(str::to_owned);
    let Ok(Ok(output)) = step::run(&program, &args, &bounds, &mut Nowhere) else {
        return json!([]);
    };
    let interfaces: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    interfaces
        .iter()
        .flat_map(|interface| interface["addr_info"].as_array().into_iter().flatten())
        .filter(|address| address["scope"] == "global")
        .filter_map(|address| {
            Some(format!(
                "{}/{}",
                address["local"].as_str()?,
                address["prefixlen"].as_u64()?
            ))
        })
        .take(20)
        .collect()
}
