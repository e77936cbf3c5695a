//! `tierdesk demo`: one command, a whole helpdesk, nothing left behind.

mod bare;
mod company;
mod given;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection as _, PgConnection};
use support::html::Page;
use support::program::program;

/// How long anything may take that this test waits for.
const PATIENCE: Duration = Duration::from_secs(120);
const PASSWORD: &str = "tierdesk-demo-only";
const NOBODY: u32 = 65_534;

fn as_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// A folder that the database's user can reach.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Waits for something that comes by itself.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A demo that runs.
struct Demo {
    child: Child,
    /// What it said up to and with its last line.
    said: String,
    data: PathBuf,
}

impl Demo {
    fn start(data: &Path) -> Self {
        let mut command = program("tierdesk");
        command.args(["demo", "--data"]).arg(data);
        Self::start_until(command, data, "Ctrl-C stops everything")
    }

    /// Starts, and reads until a line says that.
    fn start_until(mut command: Command, data: &Path, words: &str) -> Self {
        let complaints = fs::File::create(Self::complaints_of(data)).unwrap();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !said.contains(words) {
            match lines.next() {
                Some(line) => said = format!("{said}{}\n", line.unwrap()),
                None => panic!(
                    "it ended and said only:\n{said}{}",
                    fs::read_to_string(Self::complaints_of(data)).unwrap()
                ),
            }
        }
        Self {
            child,
            said,
            data: data.to_owned(),
        }
    }

    /// Where what it complains of is kept, beside its data.
    fn complaints_of(data: &Path) -> PathBuf {
        data.with_extension("complaints")
    }

    fn complaints(&self) -> String {
        fs::read_to_string(Self::complaints_of(&self.data)).unwrap()
    }

    fn signal(&mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }

    /// The programs that still have to do with this demo.
    fn left_over(&self) -> Vec<String> {
        let ours = self.data.to_string_lossy().into_owned();
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(&ours))
            .collect()
    }

    fn address(&self) -> &str {
        let from = self.said.find("localhost:").unwrap();
        self.said[from..].split_whitespace().next().unwrap()
    }

    /// Signs in with a sign-in that was printed.
    fn sign_in(&self, part: &str) -> Visitor<'_> {
        assert!(self.said.contains(PASSWORD), "{}", self.said);
        let line = self.said.lines().find(|it| it.ends_with(part)).unwrap();
        let mail = line.split_whitespace().next().unwrap();
        let mut visitor = Visitor {
            demo: self,
            cookie: String::new(),
        };
        let form = format!(
            "mail={}&password={PASSWORD}&next=",
            mail.replace('@', "%40")
        );
        let kind = "application/x-www-form-urlencoded";
        let (head, _) = visitor.ask("POST", "/sign-in", kind, form.as_bytes());
        let cookie = head
            .lines()
            .find_map(|it| it.strip_prefix("set-cookie: "))
            .unwrap();
        visitor.cookie = cookie.split(';').next().unwrap().to_owned();
        visitor
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Its database and its agent end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody with a browser.
struct Visitor<'a> {
    demo: &'a Demo,
    cookie: String,
}

impl Visitor<'_> {
    /// Asks over a connection of its own. Returns head and body.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (String, String) {
        let host = self.demo.address();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nOrigin: http://{host}\r\nSec-Fetch-Site: same-origin\r\n\
             Cookie: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.cookie,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    fn page(&self, path: &str) -> Page {
        let (head, body) = self.ask("GET", path, "text/plain", b"");
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        Page::parse(&body)
    }

    /// Files a ticket; returns the path of its page.
    fn file(&self, title: &str) -> String {
        const LINE: &str = "----tierdesk-demo-test";
        let new = self.page("/tickets/new");
        let category = new.attribute("[name=category]", "value");
        let mut body = String::new();
        for (name, value) in [
            ("category", category.as_str()),
            ("title", title),
            ("description", "It jams."),
            ("impact", "person"),
            ("urgency", "low"),
            ("host", ""),
            ("after", ""),
            ("do", "send"),
        ] {
            body.push_str(&format!(
                "--{LINE}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str(&format!("--{LINE}--\r\n"));
        let kind = format!("multipart/form-data; boundary={LINE}");
        let (head, _) = self.ask("POST", "/tickets/new", &kind, body.as_bytes());
        let place = head.lines().find_map(|it| it.strip_prefix("location: "));
        place
            .unwrap_or_else(|| panic!("not filed: {head}"))
            .to_owned()
    }
}

fn number(text: &str) -> u32 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// Looks into the database of a demo that is down.
fn look_into<T>(data: &Path, look: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
    let server = tierdesk_localdb::Database::kept(data).unwrap();
    look_at(&server.url("tierdesk"), look)
}

/// Looks into a database.
fn look_at<T>(url: &str, look: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
    let looking = async {
        let mut conn = PgConnection::connect(url).await.unwrap();
        look(&mut conn).await
    };
    tokio::runtime::Runtime::new().unwrap().block_on(looking)
}

/// The versions of the triage rules: ours, and that of what is written in them.
async fn triage_rules(conn: &mut PgConnection) -> Vec<(i32, i32)> {
    let versions = "select version, (body ->> 'version')::int from configuration where kind = 'triage_rules' order by version";
    sqlx::query_as(versions).fetch_all(conn).await.unwrap()
}

#[test]
fn one_command_starts_a_month_of_work_and_keeps_it_whatever_ends_it() {
    let folder = open_folder();
    let data = folder.path().join("demo");
    let mut demo = Demo::start(&data);

    company::bells_are_believable(&demo);
    // Each of the printed people finds their work.
    let requester = demo.sign_in("files tickets");
    assert!(requester.page("/my").has("main a[href^='/my/1']"));
    let filed = requester.file("Printer of the test jams");
    for (part, path) in [
        ("L1, Service Desk", "/queue/L1/Service%20Desk"),
        ("L2, Network", "/queue/L2/Network"),
    ] {
        assert!(
            demo.sign_in(part).page(path).has("table.q tbody tr"),
            "{part}"
        );
    }
    let manager = demo.sign_in("manager");
    let dashboard = manager.page("/dashboard?days=30");
    let labels = dashboard.texts(".kpi .l");
    assert!(labels.len() > 4, "{labels:?}");
    for (label, figure) in labels.iter().zip(dashboard.texts(".kpi .n")) {
        // Where nobody works at this hour, nothing runs out.
        assert!(
            number(&figure) > 0 || label == "At risk now",
            "{label}: {figure}"
        );
    }
    assert!(manager.page("/mailbox").texts("main li, main tr").len() > 20);
    company::hosts_are_shown(&demo);

    // Ctrl-C ends everything, in good order.
    assert!(demo.signal(Signal::INT).success());
    assert_eq!(demo.left_over(), Vec::<String>::new());
    let complaints = demo.complaints();
    assert!(!complaints.contains("does not answer"), "{complaints}");

    // What was filed is there at the second start, and newer rules than it was made with: its own are of long ago.
    let rules = look_into(&data, async |conn| {
        company::is_whole(conn, 1).await;
        let older = "update configuration set body = jsonb_set(body, '{version}', '1') where kind = 'triage_rules'";
        sqlx::query(older).execute(&mut *conn).await.unwrap();
        triage_rules(conn).await
    });
    assert_eq!(rules, [(1, 1)]);
    let mut demo = Demo::start(&data);
    assert!(
        demo.said
            .contains("Everything of the last time is still there"),
        "{}",
        demo.said
    );
    let title = demo.sign_in("files tickets").page(&filed).text("h1");
    assert_eq!(title, "Printer of the test jams");

    // Killed, it takes its database and its agent with it, and the next start mends what it left.
    demo.signal(Signal::KILL);
    until("something outlives a kill", || demo.left_over().is_empty());
    let mut demo = Demo::start(&data);
    let title = demo.sign_in("files tickets").page(&filed).text("h1");
    assert_eq!(title, "Printer of the test jams");
    assert!(demo.signal(Signal::INT).success());
    let [(1, 1), (2, newest)] = look_into(&data, triage_rules)[..] else {
        panic!("newer shipped rules did not come, or came at each start");
    };
    assert!(newest > 1);
}

#[test]
fn an_ordinary_person_starts_it_and_may_stop_it_in_the_middle_of_the_first_start() {
    let folder = open_folder();
    let data = folder.path().join("data");
    let copy = folder.path().join("tierdesk");
    if as_root() {
        // Where the tests are built may be closed to others.
        fs::copy(support::program::path("tierdesk"), &copy).unwrap();
        fs::create_dir(&data).unwrap();
        std::os::unix::fs::chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let command = || {
        let mut command = if as_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(&copy)
                .env("HOME", &data)
                .current_dir("/");
            command
        } else {
            program("tierdesk")
        };
        command.env("XDG_DATA_HOME", &data).arg("demo");
        command
    };
    let mut demo = Demo::start_until(command(), &data, "First start: a month at");
    assert!(data.join("tierdesk-demo/postgres/PG_VERSION").is_file());
    assert!(demo.signal(Signal::INT).success());
    assert_eq!(demo.left_over(), Vec::<String>::new());

    // The next start makes it whole, and its people sign in.
    let mut demo = Demo::start_until(command(), &data, "Ctrl-C stops everything");
    let requester = demo.sign_in("files tickets");
    assert!(requester.page("/my").has("main a[href^='/my/1']"));
    assert!(demo.signal(Signal::INT).success());
    assert_eq!(demo.left_over(), Vec::<String>::new());
}
