//! `svc.status`: systemd's properties decide, the text of `status` is for people.

use serde_json::json;

use super::{Facts, Judgement, Verdict, stderr, stdout};
use crate::{Params, StepOutput};

pub(super) fn judge(params: &Params, steps: &[StepOutput]) -> Judgement {
    let unit = params.text("unit").unwrap_or_default();
    let text = stdout(steps, 0);
    let property = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(super::tidy)
            .filter(|value| !value.is_empty())
    };
    let mut facts = Facts::new();
    facts.insert("unit".into(), unit.as_str().into());
    let said = stderr(steps, 0);
    if said.contains("not been booted with systemd") || said.contains("Failed to connect to bus") {
        facts.insert("systemd".into(), false.into());
        return Judgement::new(
            Verdict::Unknown,
            "This host does not run systemd, so it cannot tell about services.",
            facts,
        );
    }
    let (Some(load), Some(active)) = (property("LoadState"), property("ActiveState")) else {
        return Judgement::new(
            Verdict::Unknown,
            "systemctl gave no state that could be read.",
            facts,
        );
    };
    let sub = property("SubState").unwrap_or_default();
    let result = property("Result").unwrap_or_default();
    let restarts: u64 = property("NRestarts")
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let reload = property("NeedDaemonReload").as_deref() == Some("yes");
    let triggered = property("TriggeredBy");
    facts.insert("load_state".into(), json!(load));
    facts.insert("active_state".into(), json!(active));
    facts.insert("sub_state".into(), json!(sub));
    facts.insert("result".into(), json!(result));
    facts.insert("exit_status".into(), json!(property("ExecMainStatus")));
    facts.insert("restarts".into(), json!(restarts));
    facts.insert("unit_file_state".into(), json!(property("UnitFileState")));
    facts.insert("since".into(), json!(property("StateChangeTimestamp")));
    facts.insert("need_daemon_reload".into(), json!(reload));
    let enabled = property("UnitFileState").as_deref() == Some("enabled");
    let (verdict, mut sentence) = match (load.as_str(), active.as_str()) {
        ("not-found", _) => (
            Verdict::Problem,
            format!("There is no unit {unit} on this host."),
        ),
        ("masked", _) => (
            Verdict::Problem,
            format!("{unit} is masked: it cannot be started."),
        ),
        (_, "failed") => (
            Verdict::Problem,
            format!("{unit} has failed: {}.", cause(&result)),
        ),
        (_, "active") if restarts > 3 => (
            Verdict::Problem,
            format!("{unit} runs, but was restarted {restarts} times by itself."),
        ),
        (_, "active") => (Verdict::Healthy, format!("{unit} is active ({sub}).")),
        (_, "activating") if sub == "auto-restart" => (
            Verdict::Problem,
            format!(
                "{unit} keeps crashing and is restarted: {}.",
                cause(&result)
            ),
        ),
        (_, "activating" | "deactivating" | "reloading") => (
            Verdict::Unknown,
            format!("{unit} is {active} right now; look again in a moment."),
        ),
        (_, "inactive") if triggered.is_some() => (
            Verdict::Healthy,
            format!(
                "{unit} sleeps until {} starts it.",
                triggered.unwrap_or_default()
            ),
        ),
        (_, "inactive") if enabled && unit.ends_with(".service") && result != "success" => (
            Verdict::Problem,
            format!("{unit} is not running: {}.", cause(&result)),
        ),
        (_, "inactive") => (
            Verdict::Unknown,
            format!("{unit} is not running. Whether it should, systemd does not say."),
        ),
        (_, other) => (Verdict::Unknown, format!("{unit} is {other}.")),
    };
    if reload {
        sentence.push_str(" Its unit file has changed since systemd read it.");
    }
    Judgement::new(verdict, sentence, facts)
}

fn cause(result: &str) -> String {
    match result {
        "exit-code" => "the program ended with an error".to_owned(),
        "oom-kill" => "the kernel killed it for want of memory".to_owned(),
        "timeout" => "it did not start or stop in time".to_owned(),
        "start-limit-hit" => "it failed too often in a row".to_owned(),
        "signal" | "core-dump" => "the program crashed".to_owned(),
        "" => "systemd gives no reason".to_owned(),
        other => format!("systemd says {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{judged, step};
    use super::*;

    const UNIT: &[(&str, &str)] = &[("unit", "nginx")];

    #[test]
    fn recorded_states_are_judged() {
        let running = judged(
            "svc.status",
            UNIT,
            vec![step(
                0,
                include_str!("../../fixtures/systemctl-active.txt"),
                "",
            )],
        );
        assert_eq!(
            (running.verdict, running.summary.as_str()),
            (Verdict::Healthy, "nginx.service is active (running).")
        );
        let failed = judged(
            "svc.status",
            UNIT,
            vec![step(
                0,
                include_str!("../../fixtures/systemctl-failed.txt"),
                "",
            )],
        );
        assert_eq!(
            failed.summary,
            "nginx.service has failed: the program ended with an error."
        );
        let looping = include_str!("../../fixtures/systemctl-active.txt")
            .replace("NRestarts=0", "NRestarts=9");
        assert_eq!(
            judged("svc.status", UNIT, vec![step(0, &looping, "")]).verdict,
            Verdict::Problem
        );
        let absent = "Id=nginx.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n";
        assert_eq!(
            judged("svc.status", UNIT, vec![step(0, absent, "")]).summary,
            "There is no unit nginx.service on this host."
        );
    }

    #[test]
    fn a_host_without_systemd_is_unknown() {
        let said = "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n";
        let judgement = judged("svc.status", UNIT, vec![step(1, "", said)]);
        assert_eq!(judgement.verdict, Verdict::Unknown);
        assert!(judgement.summary.contains("systemd"));
    }
}
