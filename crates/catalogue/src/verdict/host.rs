//! `host.info`: what stands out in uptime, load, memory and pressure.

use serde_json::json;

use super::{Facts, Judgement, Verdict, stdout};
use crate::StepOutput;

/// Steps of the entry, in its order.
const OS_RELEASE: usize = 0;
const KERNEL: usize = 1;
const HOSTNAME: usize = 2;
const UPTIME: usize = 3;
const LOADAVG: usize = 4;
const CPUS: usize = 5;
const MEMINFO: usize = 6;
const PRESSURE: [(usize, &str); 3] = [(7, "cpu"), (8, "io"), (9, "memory")];

pub(super) fn judge(steps: &[StepOutput]) -> Judgement {
    let mut facts = Facts::new();
    let mut problems = Vec::new();
    let os = stdout(steps, OS_RELEASE);
    let os_name = os
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|name| super::tidy(name.trim_matches('"')));
    facts.insert("os".into(), json!(os_name));
    facts.insert("kernel".into(), json!(super::tidy(&stdout(steps, KERNEL))));
    facts.insert(
        "hostname".into(),
        json!(super::tidy(&stdout(steps, HOSTNAME))),
    );

    let uptime = first_number(&stdout(steps, UPTIME)).map(|seconds| seconds as u64);
    facts.insert("uptime_seconds".into(), json!(uptime));
    if let Some(seconds) = uptime.filter(|seconds| *seconds < 15 * 60) {
        problems.push(format!("it was started {} minutes ago", seconds / 60));
    }

    let cpus = cpu_count(&stdout(steps, CPUS)).unwrap_or(1);
    facts.insert("cpus".into(), json!(cpus));
    let load = first_number(&stdout(steps, LOADAVG));
    facts.insert("load".into(), json!(load));
    if let Some(load) = load.filter(|load| *load > 4.0 * f64::from(cpus)) {
        problems.push(format!("load {load:.1} on {cpus} processors"));
    }

    let meminfo = stdout(steps, MEMINFO);
    let total = meminfo_kib(&meminfo, "MemTotal:");
    let available = meminfo_kib(&meminfo, "MemAvailable:");
    facts.insert("memory_total_kib".into(), json!(total));
    facts.insert("memory_available_kib".into(), json!(available));
    if let (Some(total), Some(available)) = (total, available)
        && total > 0
        && u128::from(available) * 100 < u128::from(total) * 5
    {
        problems.push(format!("only {} MiB of memory left", available / 1024));
    }

    for (index, name) in PRESSURE {
        let share = stdout(steps, index)
            .lines()
            .find_map(|line| line.strip_prefix("some avg10="))
            .and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        facts.insert(format!("{name}_pressure_percent"), json!(share));
        if let Some(share) = share.filter(|share| *share > 40.0) {
            problems.push(format!("work waits for {name} {share:.0} % of the time"));
        }
    }

    if uptime.is_none() && load.is_none() && total.is_none() {
        return Judgement::new(
            Verdict::Unknown,
            "This host does not say how it is: /proc cannot be read.",
            facts,
        );
    }
    if problems.is_empty() {
        let system = os_name.unwrap_or_else(|| "The host".to_owned());
        let up = uptime
            .map(|s| format!(", up {}", duration(s)))
            .unwrap_or_default();
        let load = load
            .map(|l| format!(", load {l:.2} on {cpus} processors"))
            .unwrap_or_default();
        Judgement::new(
            Verdict::Healthy,
            format!("{system}{up}{load}: nothing stands out."),
            facts,
        )
    } else {
        Judgement::new(
            Verdict::Problem,
            format!("Stands out: {}.", problems.join("; ")),
            facts,
        )
    }
}

fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace()
        .next()?
        .parse::<f64>()
        .ok()
        .filter(|n| n.is_finite() && *n >= 0.0)
}

fn meminfo_kib(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Counts ranges such as `0-3,6`.
fn cpu_count(text: &str) -> Option<u32> {
    let mut count = 0u32;
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    (count > 0).then_some(count)
}

fn duration(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judged, step};
    use super::*;

    /// The files of this project's Debian 12 machine, in the entry's order.
    fn recorded() -> Vec<StepOutput> {
        [
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n",
            "6.1.0-28-amd64\n",
            "desk-01\n",
            "94773.10 141465.22\n",
            "0.05 0.34 0.32 2/96 14918\n",
            "0-1\n",
            "MemTotal:       24683656 kB\nMemFree:        16513196 kB\nMemAvailable:   24006128 kB\n",
            "some avg10=0.00 avg60=0.31 avg300=1.68 total=25392895\n",
            "some avg10=0.06 avg60=0.60 avg300=1.17 total=11522326\n",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        ]
        .iter()
        .map(|text| step(0, text, ""))
        .chain([step(1, "", "System has not been booted with systemd as init system (PID 1).")])
        .collect()
    }

    #[test]
    fn a_calm_host_is_healthy() {
        let judgement = judged("host.info", &[], recorded());
        assert_eq!(judgement.verdict, Verdict::Healthy);
        assert_eq!(
            judgement.summary,
            "Debian GNU/Linux 12 (bookworm), up 1 day, load 0.05 on 2 processors: nothing stands out."
        );
        assert_eq!(judgement.facts["memory_available_kib"], 24_006_128);
    }

    #[test]
    fn what_stands_out_is_named() {
        let mut steps = recorded();
        steps[UPTIME] = step(0, "600.00 1.0", "");
        steps[LOADAVG] = step(0, "9.50 1 1 1/1 1", "");
        steps[MEMINFO] = step(0, "MemTotal: 1000000 kB\nMemAvailable: 40000 kB\n", "");
        steps[8] = step(0, "some avg10=63.20 avg60=0 avg300=0 total=0\n", "");
        let judgement = judged("host.info", &[], steps);
        assert_eq!(
            judgement.summary,
            "Stands out: it was started 10 minutes ago; load 9.5 on 2 processors; only 39 MiB of memory left; \
             work waits for io 63 % of the time."
        );
    }

    #[test]
    fn a_host_that_says_nothing_is_unknown() {
        assert_eq!(
            judged("host.info", &[], Vec::new()).verdict,
            Verdict::Unknown
        );
    }
}
