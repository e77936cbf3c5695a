//! The product as an operator runs it: the real programs in processes of their own, with nothing but their settings.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::database;
use crate::program::program;
use crate::smtp::SmtpSink;

/// A program that ends with this value.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("the program starts"))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A whole Tierdesk: database, `tierdesk serve`, `tierdesk worker`, mail through a server of the test's.
pub struct Installed {
    /// The address that people type.
    pub base_url: String,
    /// The link with which the first administrator sets a password, as the console printed it.
    pub set_up_link: String,
    /// The name of its database, for [`database::connect`].
    pub database: String,
    settings: Vec<(&'static str, String)>,
    _worker: Process,
    _web: Process,
    folder: tempfile::TempDir,
}

impl Installed {
    /// Makes a secret, migrates an empty database, and starts web and worker.
    pub async fn start(mail: &SmtpSink) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let attachments = folder.path().join("attachments");
        std::fs::create_dir(&attachments).expect("a folder");
        let secret = folder.path().join("secret");
        let database = database::empty().await;
        // Free when it was asked for; nobody else on this machine is given it again so soon.
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|it| it.local_addr())
            .expect("a free port")
            .port();
        let base_url = format!("http://localhost:{port}");
        let settings = vec![
            ("TIERDESK_DATABASE_URL", database::url(&database)),
            ("TIERDESK_SECRET_FILE", secret.display().to_string()),
            ("TIERDESK_ATTACHMENTS", attachments.display().to_string()),
            ("TIERDESK_BASE_URL", base_url.clone()),
            ("TIERDESK_LISTEN", format!("127.0.0.1:{port}")),
            ("TIERDESK_NAME", "Example service desk".to_owned()),
            ("TIERDESK_SMTP_HOST", "localhost".to_owned()),
            ("TIERDESK_SMTP_PORT", mail.address().port().to_string()),
            ("TIERDESK_SMTP_SECURITY", "plain".to_owned()),
            (
                "TIERDESK_MAIL_FROM",
                "Service desk <desk@example.org>".to_owned(),
            ),
        ];
        let mut make = program("tierdesk");
        make.args(["secret", "new", "--output"]).arg(&secret);
        run(&mut make);
        run(with(&settings, &["migrate"]).env_remove("TIERDESK_SECRET_FILE"));
        run(&mut with(&settings, &["config", "check"]));

        let mut web = with(&settings, &["serve"]);
        let mut web = web
            .stderr(Stdio::piped())
            .spawn()
            .expect("the pages are served");
        let said = web.stderr.take().expect("piped");
        let web = Process(web);
        let worker = Process::start(with(&settings, &["worker"]).stderr(Stdio::null()));
        let set_up_link = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(said).lines().map_while(Result::ok);
            let link = lines.find(|line| line.trim().starts_with("http"));
            // Who does not read what a program says may stop it.
            std::thread::spawn(move || lines.for_each(drop));
            link
        });
        let set_up_link = tokio::time::timeout(Duration::from_secs(30), set_up_link)
            .await
            .expect("it starts in time")
            .expect("no panic")
            .expect("it prints the link");
        Self {
            base_url,
            set_up_link: set_up_link.trim().to_owned(),
            database,
            settings,
            _worker: worker,
            _web: web,
            folder,
        }
    }

    /// `tierdesk` with these arguments and the settings of this instance.
    pub fn command(&self, arguments: &[&str]) -> Command {
        with(&self.settings, arguments)
    }

    /// `tierdesk-agent` with a state folder and a policy of this instance's own.
    pub fn agent(&self, arguments: &[&str]) -> Command {
        let mut agent = program("tierdesk-agent");
        agent
            .args(arguments)
            .env("TIERDESK_AGENT_STATE", self.path("agent"))
            .env("TIERDESK_AGENT_POLICY", self.path("policy.toml"))
            .env("TIERDESK_LOG", "warn")
            .stdin(Stdio::null());
        agent
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn with(settings: &[(&'static str, String)], arguments: &[&str]) -> Command {
    let mut command = program("tierdesk");
    command
        .args(arguments)
        .stdout(Stdio::null())
        .envs(settings.iter().cloned());
    command
}

/// Runs a program to its end, which is a good one.
pub fn run(command: &mut Command) -> String {
    let said = command.output().expect("the program runs");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr)
    );
    assert!(said.status.success(), "{command:?}: {text}");
    text
}
