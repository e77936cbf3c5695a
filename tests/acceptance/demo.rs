//! `tierdesk demo`: one command, a whole helpdesk, nothing left behind.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection as _;
use support::html::Page;
use support::program::program;
use support::skip;

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

/// The versions of the triage rules in a demo that is down: ours, and that of what is written in them. `older` makes the
/// newest ones shipped rules of long ago first.
fn triage_rules(data: &Path, older: bool) -> Vec<(i32, i32)> {
    let server = tierdesk_localdb::Database::kept(data).unwrap();
    let looking = async {
        let mut conn = sqlx::PgConnection::connect(&server.url("tierdesk"))
            .await
            .unwrap();
        if older {
            let older = "update configuration set body = jsonb_set(body, '{version}', '1') where kind = 'triage_rules'";
            sqlx::query(older).execute(&mut conn).await.unwrap();
        }
        let versions = "select version, (body ->> 'version')::int from configuration where kind = 'triage_rules' order by version";
        sqlx::query_as(versions).fetch_all(&mut conn).await.unwrap()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(looking)
}

#[test]
fn one_command_starts_a_month_of_work_and_keeps_it_whatever_ends_it() {
    let folder = open_folder();
    let data = folder.path().join("demo");
    let mut demo = Demo::start(&data);

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
    // Twelve hosts; one is this machine, with its agent at work.
    let engineer = demo.sign_in("L3, Network");
    until("the agent never came", || {
        let hosts = engineer.page("/hosts");
        assert_eq!(hosts.texts("main tbody tr").len(), 12);
        hosts.all_text().contains("Online")
    });

    // Ctrl-C ends everything, in good order.
    assert!(demo.signal(Signal::INT).success());
    assert_eq!(demo.left_over(), Vec::<String>::new());
    let complaints = demo.complaints();
    assert!(!complaints.contains("does not answer"), "{complaints}");

    // What was filed is there at the second start, and newer rules than it was made with.
    assert_eq!(triage_rules(&data, true), [(1, 1)]);
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
    let [(1, 1), (2, newest)] = triage_rules(&data, false)[..] else {
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

/// A system without PostgreSQL: this program, a shell, and what the test puts beside it.
struct Bare(tempfile::TempDir);

impl Bare {
    fn new() -> Self {
        let bare = Self(open_folder());
        for folder in ["bin", "dev", "etc", "tmp", "data"] {
            fs::create_dir(bare.path(folder)).unwrap();
        }
        fs::set_permissions(bare.path("data"), Permissions::from_mode(0o777)).unwrap();
        fs::write(bare.path("dev/null"), "").unwrap();
        fs::set_permissions(bare.path("dev/null"), Permissions::from_mode(0o666)).unwrap();
        fs::write(bare.path("etc/os-release"), "ID=debian\n").unwrap();
        for (program, name) in [
            (support::program::path("tierdesk"), "tierdesk"),
            ("/bin/sh".into(), "sh"),
        ] {
            bare.copy_with_libraries(&program, name);
        }
        bare
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn copy_with_libraries(&self, program: &Path, name: &str) {
        fs::copy(program, self.path("bin").join(name)).unwrap();
        let said = Command::new("ldd").arg(program).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        for library in said.split_whitespace().filter(|it| it.starts_with('/')) {
            let place = self.path(library.trim_start_matches('/'));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::copy(library, place).unwrap();
        }
    }

    /// An installed PostgreSQL of that version, as far as looking for one goes.
    fn postgres(&self, version: u32) {
        let folder = self.path(&format!("usr/lib/postgresql/{version}/bin"));
        fs::create_dir_all(&folder).unwrap();
        for program in ["initdb", "postgres", "psql", "createdb", "dropdb"] {
            let file = folder.join(program);
            let script = format!("#!/bin/sh\necho \"{program} (PostgreSQL) {version}.9\"\n");
            fs::write(&file, script).unwrap();
            fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        }
    }

    /// A package manager that writes down what it is asked, and fails as often as the test says.
    fn manager(&self, name: &str, failures: usize) {
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> /tmp/asked\nread n < /tmp/failures\n[ \"$n\" -ge {failures} ] && exit 0\n\
             echo $((n + 1)) > /tmp/failures\necho \"E: Unable to locate package postgresql\" >&2\nexit 100\n"
        );
        fs::write(self.path("tmp/failures"), "0\n").unwrap();
        let manager = self.path("bin").join(name);
        fs::write(&manager, script).unwrap();
        fs::set_permissions(&manager, Permissions::from_mode(0o755)).unwrap();
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.path("tmp/asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn demo(&self, user: u32, settings: &[(&str, &str)]) -> Output {
        Command::new("chroot")
            .arg(format!("--userspec={user}:{user}"))
            .arg(self.0.path())
            .args(["/bin/tierdesk", "demo", "--data", "/data/demo"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    }
}

fn error(said: &Output) -> String {
    assert!(!said.status.success());
    String::from_utf8_lossy(&said.stderr).into_owned()
}

#[test]
fn where_no_postgresql_is_installed_root_installs_it_and_others_are_told_what_to_do() {
    const INSTALL: &str = "install --yes --no-install-recommends postgresql";
    if !as_root() {
        skip("only root can pretend that this machine has no PostgreSQL");
        return;
    }
    let bare = Bare::new();
    bare.manager("apt-get", 0);

    let told = error(&bare.demo(NOBODY, &[]));
    for words in [
        "PostgreSQL was not found on this machine",
        "sudo apt-get install postgresql",
        "TIERDESK_POSTGRES_BIN",
        "TIERDESK_DATABASE_URL",
    ] {
        assert!(told.contains(words), "`{words}` is missing in:\n{told}");
    }
    let told = error(&bare.demo(0, &[("TIERDESK_NO_INSTALL", "1")]));
    assert!(told.contains("TIERDESK_NO_INSTALL forbids"), "{told}");
    assert!(told.contains("apt-get install postgresql"), "{told}");
    assert_eq!(bare.asked(), Vec::<String>::new());

    let told = error(&bare.demo(0, &[]));
    assert!(
        told.contains("installing `postgresql` with apt-get"),
        "{told}"
    );
    assert_eq!(bare.asked(), [INSTALL]);

    // A machine that has never fetched its lists of packages.
    fs::remove_file(bare.path("tmp/asked")).unwrap();
    bare.manager("apt-get", 1);
    error(&bare.demo(0, &[]));
    assert_eq!(bare.asked(), [INSTALL, "update", INSTALL]);
}

#[test]
fn a_postgresql_that_is_too_old_is_named_with_what_to_install_and_nothing_is_installed() {
    if !as_root() {
        skip("only root can pretend that this machine has an old PostgreSQL");
        return;
    }
    let bare = Bare::new();
    bare.manager("apt-get", 0);
    bare.postgres(14);
    // Root last: the folder that root makes is root's.
    for user in [NOBODY, 0] {
        let told = error(&bare.demo(user, &[]));
        for words in [
            "PostgreSQL 14 is too old",
            "apt.postgresql.org.sh",
            "Debian 12",
            "TIERDESK_POSTGRES_BIN",
            "TIERDESK_DATABASE_URL",
        ] {
            assert!(told.contains(words), "`{words}` is missing in:\n{told}");
        }
        assert!(!told.contains("not found"), "{told}");
    }
    assert_eq!(bare.asked(), Vec::<String>::new());
}

#[test]
fn where_the_distribution_of_dnf_brings_an_old_one_its_module_is_named_and_dnf_runs_once() {
    if !as_root() {
        skip("only root can pretend that this machine has no PostgreSQL");
        return;
    }
    let bare = Bare::new();
    let rocky = "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n";
    fs::write(bare.path("etc/os-release"), rocky).unwrap();
    bare.manager("dnf", 0);
    let told = error(&bare.demo(0, &[]));
    assert!(
        told.contains("installing `postgresql-server` with dnf"),
        "{told}"
    );
    bare.postgres(13);
    let told = error(&bare.demo(0, &[]));
    assert!(told.contains("PostgreSQL 13 is too old"), "{told}");
    assert!(
        told.contains("dnf module install postgresql:16/server"),
        "{told}"
    );
    assert_eq!(bare.asked(), ["install --assumeyes postgresql-server"]);
}
