//! The real agent, with real commands, against the real server over TCP (AT-CMD).

use std::net::TcpListener;
use std::time::{Duration, Instant};

use axum::http::Request;
use support::agent::RealAgent;
use support::browser::Browser;
use support::{Someone, Tierdesk, database, program};
use tierdesk_catalogue::Verdict;
use tierdesk_desk::Caller;
use tierdesk_desk::job::JobRequest;
use tierdesk_desk::ticket::{Filed, NewTicket};
use tierdesk_domain::actor::Actor;
use tierdesk_domain::id::JobId;
use tierdesk_domain::job::JobState;
use tierdesk_domain::ticket::{Channel, Impact, Urgency};
use tierdesk_domain::tier::Tier;

pub(crate) async fn ticket(tierdesk: &Tierdesk) -> (Someone, Filed) {
    let ana = tierdesk.engineer("Ana Ferreira", "Network", Tier::L1).await;
    let priya = tierdesk.requester("Priya Nair").await;
    let new = NewTicket {
        category: None,
        title: "Portal does not open".to_owned(),
        description: "Since this morning".to_owned(),
        impact: Impact::Person,
        urgency: Urgency::Medium,
        host: None,
        channel: Channel::Web,
    };
    let caller = tierdesk.caller(&priya).await;
    let ticket = tierdesk
        .desk
        .file_ticket(&caller, new, tierdesk.now())
        .await
        .unwrap();
    let mut owner = database::connect(&tierdesk.database).await;
    sqlx::query("update ticket set team_id = $1, bot_holds = false where id = $2")
        .bind(tierdesk.team("Network").await.0)
        .bind(ticket.id.0)
        .execute(&mut owner)
        .await
        .unwrap();
    (ana, ticket)
}

fn request(ticket: Filed, agent: &RealAgent, entry: &str, params: &[(&str, &str)]) -> JobRequest {
    JobRequest {
        ticket: ticket.id,
        host: agent.host,
        entry: entry.to_owned(),
        params: params
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        wait: None,
    }
}

pub(crate) async fn ask(
    tierdesk: &Tierdesk,
    ana: &Someone,
    ticket: Filed,
    agent: &RealAgent,
    entry: &str,
    params: &[(&str, &str)],
) -> JobId {
    let request = request(ticket, agent, entry, params);
    let caller = tierdesk.caller(ana).await;
    tierdesk
        .desk
        .request_job(&caller, &request, tierdesk.now())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engineer_diagnoses_and_the_verdict_of_a_real_command_stands_on_the_ticket() {
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let agent = tierdesk.real_agent("vantage=server", "").await;
    let client = tierdesk.sign_in(&ana).await;
    let address = format!("/tickets/{}/diagnose", ticket.number.0);
    let host = agent.host.to_string();
    let reply = client
        .post(&address, &[("host", &host), ("entry", "fs.df")])
        .await;
    assert_eq!(reply.status, 303, "{}", reply.page().all_text());
    let mut conn = tierdesk.desk.acquire().await.unwrap();
    let asked = tierdesk_store::job::of_ticket(&mut conn, ticket.id, 1)
        .await
        .unwrap();
    drop(conn);
    let job = tierdesk
        .until(asked[0].id, |job| job.state.is_final())
        .await;
    assert_eq!(job.state, JobState::Succeeded, "{:?}", job.summary);
    assert!(job.verdict.is_some() && job.facts.contains_key("file_systems"));

    let page = client
        .get(&format!("/tickets/{}/jobs/{}", ticket.number.0, job.id))
        .await
        .page();
    let output = page.text("[data-job-output]");
    assert!(
        output.contains("$ df -PT") && output.contains("Mounted on"),
        "{output}"
    );
    let summary = job.summary.unwrap();
    let page = client
        .get(&format!("/tickets/{}", ticket.number.0))
        .await
        .page();
    assert!(page.text(".evidence .lead").contains(&summary));
    // The stream of a run that has ended replays all of it and ends.
    let request = Request::get(format!(
        "/tickets/{}/jobs/{}/stream",
        ticket.number.0, job.id
    ));
    let stream = client
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert!(stream.body.contains("Mounted on") && stream.body.contains("\"over\":true"));
    // This very machine is on its page, as it said itself.
    let page = client.get(&format!("/hosts/{}", agent.host)).await.page();
    assert!(page.all_text().contains("Online") && page.all_text().contains("vantage=server"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_runs_for_real_and_is_judged() {
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let agent = tierdesk.real_agent("", "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = listener.local_addr().unwrap().port().to_string();
    let web = tierdesk.base_url.clone();
    let web_port = web.rsplit(':').next().unwrap().to_owned();
    let health = format!("{web}/healthz");
    type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, Option<Verdict>);
    let cases: [Case<'_>; 10] = [
        ("dns.dig", vec![("name", "no-such-name.invalid")], None),
        ("fs.df", vec![], None),
        ("host.info", vec![], None),
        (
            "http.probe",
            vec![("url", health.as_str())],
            Some(Verdict::Healthy),
        ),
        ("net.link", vec![], None),
        (
            "net.ping",
            vec![("host", "127.0.0.1"), ("count", "2")],
            None,
        ),
        ("net.route", vec![], None),
        (
            "net.tcp",
            vec![("host", "127.0.0.1"), ("port", open.as_str())],
            Some(Verdict::Healthy),
        ),
        ("svc.status", vec![("unit", "no-such-unit")], None),
        (
            "tls.probe",
            vec![("host", "127.0.0.1"), ("port", web_port.as_str())],
            Some(Verdict::Problem),
        ),
    ];
    for (entry, params, expected) in cases {
        let id = ask(&tierdesk, &ana, ticket, &agent, entry, &params).await;
        let job = tierdesk.until(id, |job| job.state.is_final()).await;
        // Whatever this machine lacks (systemd, a resolver, a tool): it is judged, not failed (decision 26).
        assert_eq!(job.state, JobState::Succeeded, "{entry}: {:?}", job.summary);
        assert!(!job.summary.clone().unwrap_or_default().is_empty());
        if let Some(expected) = expected {
            assert_eq!(job.verdict, Some(expected), "{entry}: {:?}", job.summary);
        }
    }
}

/// The process that runs `ping` with exactly these arguments; the only one, as tests of other areas ping otherwise.
async fn executed(args: &str) -> u32 {
    let wanted: Vec<u8> = args
        .split(' ')
        .flat_map(|arg| [arg.as_bytes(), &[0]].concat())
        .collect();
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let Some(at) = line.iter().position(|byte| *byte == 0) else {
                continue;
            };
            let (program, rest) = line.split_at(at + 1);
            if program.ends_with(b"/ping\0") && rest == wanted {
                return pid;
            }
        }
        // The job runs already; its command is a moment away.
        tokio::task::yield_now().await;
    }
    panic!("no ping with {args} is running");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_a_job_kills_its_command() {
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let agent = tierdesk.real_agent("", "").await;
    // Ten seconds of pings that are never waited for.
    let id = ask(
        &tierdesk,
        &ana,
        ticket,
        &agent,
        "net.ping",
        &[("host", "127.0.0.1"), ("count", "20")],
    )
    .await;
    tierdesk
        .until(id, |job| job.state == JobState::Running)
        .await;
    // What was executed is exactly the catalogue's vector, in exactly the contract's environment, within its limits.
    let expected = "-n -q -c 20 -i 0.5 -W 2 -w 15 -- 127.0.0.1";
    let pid = executed(expected).await;
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap();
    let environ = read("environ");
    let mut names: Vec<_> = environ
        .split_terminator('\0')
        .map(|pair| pair.split('=').next().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "DEBIAN_FRONTEND",
            "LANGUAGE",
            "LC_ALL",
            "NO_COLOR",
            "PAGER",
            "PATH",
            "SYSTEMD_COLORS",
            "SYSTEMD_PAGER",
            "SYSTEMD_PAGERSECURE",
            "TZ"
        ]
    );
    let limits = read("limits");
    let limit = |name: &str| {
        limits
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .split_whitespace()
            .rev()
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert_eq!(limit("Max data size"), (256 * 1024 * 1024).to_string());
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(
        std::fs::read_link(format!("/proc/{pid}/cwd"))
            .unwrap()
            .to_str(),
        Some("/")
    );
    assert_eq!(
        std::fs::read_link(format!("/proc/{pid}/fd/0"))
            .unwrap()
            .to_str(),
        Some("/dev/null")
    );
    let client = tierdesk.sign_in(&ana).await;
    let stopped = client
        .post(&format!("/tickets/{}/jobs/{id}/stop", ticket.number.0), &[])
        .await;
    assert_eq!(stopped.status, 303);
    let job = tierdesk.until(id, |job| job.state.is_final()).await;
    assert_eq!(job.state, JobState::Cancelled);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_the_host_has_the_last_word() {
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let policy = "denied_targets = [\"127.0.0.0/8\", \"::1/128\"]\ndenied_entries = [\"fs.df\"]\n";
    let agent = tierdesk.real_agent("", policy).await;
    // A name hides its address from the server; the host resolves it and refuses.
    let id = ask(
        &tierdesk,
        &ana,
        ticket,
        &agent,
        "net.tcp",
        &[("host", "localhost"), ("port", "80")],
    )
    .await;
    let job = tierdesk.until(id, |job| job.state.is_final()).await;
    assert_eq!(
        (job.state, job.refusal.as_deref()),
        (JobState::Refused, Some("host_policy"))
    );
    let client = tierdesk.sign_in(&ana).await;
    let drawer = client
        .get(&format!(
            "/tickets/{}/diagnose?host={}",
            ticket.number.0, agent.host
        ))
        .await
        .page();
    assert_eq!(
        drawer.attributes(".catalogue [data-refused] input", "value"),
        ["fs.df"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_does_not_lead_the_bots_probes_to_the_machine_itself_and_an_engineer_may_look_there()
{
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let agent = tierdesk.real_agent("vantage=server", "").await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let url = format!("http://localhost:{port}/");
    let probes: [(&str, &[(&str, &str)]); 4] = [
        ("net.tcp", &[("host", "localhost"), ("port", &port)]),
        ("tls.probe", &[("host", "localhost"), ("port", &port)]),
        ("http.probe", &[("url", &url)]),
        ("net.ping", &[("host", "localhost"), ("count", "1")]),
    ];
    // The hosts file of the machine says where the name leads; neither the desk nor the agent knows it by its letters.
    let bot = Caller::machine(Actor::bot());
    for (entry, params) in probes {
        let request = request(ticket, &agent, entry, params);
        let now = tierdesk.now();
        let id = tierdesk
            .desk
            .request_job(&bot, &request, now)
            .await
            .unwrap();
        let job = tierdesk.until(id, |job| job.state.is_final()).await;
        assert_eq!(
            (job.state, job.refusal.as_deref()),
            (JobState::Refused, Some("out_of_reach")),
            "{entry}"
        );
    }
    assert!(listener.accept().is_err(), "nobody knocked");
    let (entry, params) = probes[0];
    let id = ask(&tierdesk, &ana, ticket, &agent, entry, params).await;
    let job = tierdesk.until(id, |job| job.state.is_final()).await;
    assert_eq!(
        (job.state, job.verdict),
        (JobState::Succeeded, Some(Verdict::Healthy))
    );
    assert!(listener.accept().is_ok());
}

#[test]
fn the_agents_program_lists_runs_and_refuses_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let agent = |args: &[&str]| {
        let mut program = program::program("tierdesk-agent");
        program.env("TIERDESK_AGENT_STATE", folder.path().join("state"));
        program.env("TIERDESK_AGENT_POLICY", folder.path().join("policy.toml"));
        program.args(args).output().unwrap()
    };
    let listed = agent(&["catalogue", "--json"]);
    let entries: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 10);
    for key in [
        "id",
        "title",
        "class",
        "argv",
        "params",
        "limits",
        "privileges",
        "summary",
    ] {
        assert!(
            entries
                .as_array()
                .unwrap()
                .iter()
                .all(|entry| entry.get(key).is_some()),
            "{key}"
        );
    }
    let ran = agent(&["run", "fs.df", "--json"]);
    let result: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (ran.status.code(), result["id"].as_str()),
        (Some(0), Some("fs.df"))
    );
    for bad in [
        vec!["run", "rm.rf"],
        vec!["run", "net.tcp", "host=-x", "port=1"],
        vec!["run", "net.tcp", "host"],
        vec!["run", "fs.df", "x=1"],
    ] {
        let refused = agent(&bad);
        assert_eq!(refused.status.code(), Some(2), "{bad:?}");
        assert!(!refused.stderr.is_empty());
    }
    std::fs::write(folder.path().join("policy.toml"), "allowed_classes = []\n").unwrap();
    assert_eq!(agent(&["run", "fs.df"]).status.code(), Some(2));
    // Without TLS only this machine is talked to, and a token never comes from the command line.
    let far = agent(&["enroll", "http://desk.example.org"]);
    assert!(!far.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_the_output_streams_into_the_open_ticket_and_the_verdict_appears_by_itself() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let _agent = tierdesk.real_agent("vantage=server", "").await;
    let client = tierdesk.sign_in(&ana).await;
    browser
        .goto(&format!("{}/healthz", tierdesk.base_url))
        .await;
    let cookie = format!(
        "document.cookie = 'session={}; path=/'",
        client.cookie().unwrap()
    );
    browser.page.execute(&cookie, Vec::new()).await.unwrap();
    browser
        .goto(&format!(
            "{}/tickets/{}",
            tierdesk.base_url, ticket.number.0
        ))
        .await;
    browser.click("[data-key=d]").await;
    // Choosing shows the parameters of what was chosen.
    browser.click("label[for='c-net.ping']").await;
    browser.fill("[name='p.host']", "127.0.0.1").await;
    browser.fill("[name='p.count']", "12").await;
    browser.click(".drawer footer .btn.primary").await;
    browser.click(".crumbs a").await;
    browser
        .wait_for_text("$ ping -n -q -c 12 -i 0.5 -W 2 -w 15 -- 127.0.0.1")
        .await;
    assert!(!browser.has(".evidence .lead").await, "it still runs");
    browser.wait_for_text("127.0.0.1 answers in").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_in_mid_job_takes_it_up_again_and_leaves_no_command_behind() {
    let tierdesk = Tierdesk::start().await;
    let _loops = tierdesk.loops().await;
    let (ana, ticket) = ticket(&tierdesk).await;
    let agent = tierdesk.real_agent("", "").await;
    let id = {
        // Asked for while nobody works, so that the killed process is the one that takes it.
        let config = agent.retire();
        let killed = daemon(&config);
        let request = JobRequest {
            ticket: ticket.id,
            host: agent.host,
            entry: "net.ping".to_owned(),
            params: [("host", "127.0.0.1"), ("count", "7")]
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .into(),
            wait: None,
        };
        let caller = tierdesk.caller(&ana).await;
        let id = tierdesk
            .desk
            .request_job(&caller, &request, tierdesk.now())
            .await
            .unwrap();
        let command = executed("-n -q -c 7 -i 0.5 -W 2 -w 15 -- 127.0.0.1").await;
        drop(killed); // SIGKILL
        while std::path::Path::new(&format!("/proc/{command}")).exists() {
            tokio::task::yield_now().await;
        }
        let _again = daemon(&config);
        let job = tierdesk.until(id, |job| job.state.is_final()).await;
        assert_eq!(
            (job.state, job.attempt),
            (JobState::Succeeded, 2),
            "{:?}",
            job.summary
        );
        id
    };
    let mut conn = tierdesk.desk.acquire().await.unwrap();
    let chunks = tierdesk_store::job::chunks(&mut conn, id, 2, -1, 100)
        .await
        .unwrap();
    assert!(!chunks.is_empty(), "the second try has its own output");
}

/// The agent's own program at work; killed when dropped.
struct Daemon(std::process::Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn daemon(config: &tierdesk_agent::Config) -> Daemon {
    let mut program = program::program("tierdesk-agent");
    program.env("TIERDESK_LOG", "error");
    program
        .args(["daemon", "--state-dir"])
        .arg(&config.state_dir);
    program.arg("--policy").arg(&config.policy_file);
    Daemon(program.spawn().unwrap())
}
