//! The real programs beside a desk under test, saying everything they can say.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::database;
use crate::installed::Process;
use crate::product::Tierdesk;
use crate::program::program;

/// The folder, the secret and the address of programs over the database of a [`Tierdesk`].
pub struct Served {
    port: u16,
    database: String,
    folder: tempfile::TempDir,
    running: Vec<Process>,
}

impl Served {
    /// Starts `tierdesk serve` with these settings besides those it needs, and waits until it listens.
    pub async fn start(tierdesk: &Tierdesk, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, tierdesk_desk::Keys::generate()).expect("a secret");
        std::fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("its mode");
        std::fs::create_dir(folder.path().join("files")).expect("a folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|it| it.local_addr())
            .expect("a free port")
            .port();
        let mut served = Self {
            port,
            database: database::url(&tierdesk.database),
            folder,
            running: Vec::new(),
        };
        served.run("serve", settings);
        for _ in 0..400 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return served;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never listened: {}", served.log("serve"));
    }

    /// Starts `tierdesk COMMAND` with the same settings and these, until this value is dropped.
    pub fn run(&mut self, command: &str, settings: &[(&str, &str)]) {
        let place = self.folder.path();
        let log = File::create(place.join(command)).expect("a log");
        self.running.push(Process::start(
            program("tierdesk")
                .arg(command)
                .env("TIERDESK_DATABASE_URL", &self.database)
                .env("TIERDESK_SECRET_FILE", place.join("secret"))
                .env("TIERDESK_ATTACHMENTS", place.join("files"))
                .env(
                    "TIERDESK_BASE_URL",
                    format!("http://localhost:{}", self.port),
                )
                .env("TIERDESK_LISTEN", format!("127.0.0.1:{}", self.port))
                .env("TIERDESK_LOG", "trace")
                .env("TIERDESK_LOG_FORMAT", "json")
                .envs(settings.iter().copied())
                .stdout(Stdio::null())
                .stderr(log),
        ));
    }

    /// Ends the program that was started last.
    pub fn end(&mut self) {
        self.running.pop();
    }

    /// Where it listens.
    pub fn base_url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Sends bytes as they are; returns what came back.
    pub fn send(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a timeout");
        stream.write_all(request).expect("sends");
        let mut answer = Vec::new();
        // A server that closes early has answered as well.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A request line, headers and a body.
    pub fn ask(&self, line: &str, headers: &[&[u8]], body: &str) -> String {
        let mut request = format!(
            "{line} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nOrigin: http://localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            self.port, self.port, body.len()
        )
        .into_bytes();
        for header in headers {
            request.extend_from_slice(header);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.as_bytes());
        self.send(&request)
    }

    /// What `tierdesk COMMAND` has said so far.
    pub fn log(&self, command: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(command)).expect("a log")
    }
}
