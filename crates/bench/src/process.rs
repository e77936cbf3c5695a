//! What the kernel says about a process.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// Processor time that a process has used, in seconds.
pub(crate) fn cpu(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = after_name(&stat).context("unreadable /proc/…/stat")?;
    let ticks: u64 = fields
        .iter()
        .skip(11)
        .take(2)
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Processor time of a process and its children, dead ones included: PostgreSQL's.
pub(crate) fn family_cpu(parent: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{parent}/stat"))?;
    let fields = after_name(&stat).context("unreadable /proc/…/stat")?;
    let dead: u64 = fields
        .iter()
        .skip(13)
        .take(2)
        .filter_map(|it| it.parse::<u64>().ok())
        .sum();
    let mut all = cpu(parent)? + dead as f64 / rustix::param::clock_ticks_per_second() as f64;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            continue;
        };
        let ours = after_name(&stat).and_then(|fields| fields.get(1)?.parse().ok()) == Some(parent);
        if ours && let Ok(one) = cpu(id) {
            all += one;
        }
    }
    Ok(all)
}

/// The fields after the name, which may itself hold spaces; the first is the state.
fn after_name(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace().collect())
}

/// Resident memory in MiB: now and at its highest.
pub(crate) fn memory(process: u32) -> anyhow::Result<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let read = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let (now, most) = read("VmRSS:")
        .zip(read("VmHWM:"))
        .context("unreadable /proc/…/status")?;
    Ok((now / 1024.0, most / 1024.0))
}

/// A port of this machine that nobody uses.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

/// A server of ours that ends with this value.
pub(crate) struct Child {
    process: tokio::process::Child,
    name: &'static str,
}

impl Child {
    pub(crate) fn start(
        name: &'static str,
        command: &mut tokio::process::Command,
    ) -> anyhow::Result<Self> {
        let process = command
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { process, name })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> anyhow::Result<u32> {
        self.process
            .id()
            .with_context(|| format!("{} has ended", self.name))
    }

    /// Asks it to stop, and waits.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(id) = self
            .process
            .id()
            .and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?))
        {
            rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        }
        if tokio::time::timeout(Duration::from_secs(15), self.process.wait())
            .await
            .is_err()
        {
            self.process.kill().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_memory_and_time() {
        let (now, most) = memory(std::process::id()).expect("readable");
        assert!(now > 0.5 && most >= now, "{now} {most}");
        let before = cpu(std::process::id()).expect("readable");
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(60) {
            std::hint::black_box(before.sqrt());
        }
        assert!(family_cpu(std::process::id()).expect("readable") >= before);
    }
}
