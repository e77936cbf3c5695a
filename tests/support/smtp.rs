//! A mail server for tests: strict about every byte, obedient to a script, and with a memory of everything it was told.
//!
//! It speaks a real conversation on a real port. By default it accepts everything; [`SmtpSink::say`] makes it answer differently at
//! one place, for one recipient or for all, for ever or a number of times.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use crate::mime::Message;

/// A place in the conversation where the script may interfere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Instead of the greeting.
    Connect,
    /// After AUTH.
    Auth,
    /// After MAIL FROM.
    Sender,
    /// After RCPT TO.
    Recipient,
    /// After DATA.
    Data,
    /// After the whole message.
    Message,
}

/// What the server does there.
#[derive(Debug, Clone)]
pub enum Do {
    /// Answers with this code and text; a mail answered with 4xx or 5xx is not kept.
    Answer(u16, &'static str),
    /// Says nothing more and keeps the connection open.
    Silence,
    /// Closes the connection without keeping the mail.
    Cut,
    /// Keeps the mail and closes the connection without a word (only at [`At::Message`]).
    KeepAndCut,
    /// Keeps the mail and answers 250 only when the gate opens (only at [`At::Message`]).
    AnswerLate(Gate),
}

/// Something that opens when the test says so.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::channel(false).0)
    }
}

impl Gate {
    /// Lets everybody through.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    async fn pass(&self) {
        // The sender lives in `self`, so waiting can only end by opening.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}

/// How the sink protects the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Not at all, and it does not offer to.
    Plain,
    /// STARTTLS is offered, and MAIL before it is a violation.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail as it was accepted.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// MAIL FROM.
    pub sender: String,
    /// Every RCPT TO that was accepted.
    pub recipients: Vec<String>,
    /// The message without dot-stuffing.
    pub bytes: Vec<u8>,
    /// Whether the connection was encrypted.
    pub encrypted: bool,
    /// Name and password of AUTH PLAIN.
    pub login: Option<(String, String)>,
}

impl Delivered {
    /// The message, parsed.
    pub fn message(&self) -> Message {
        Message::parse(&self.bytes)
    }
}

#[derive(Debug)]
struct Rule {
    at: At,
    recipient: Option<String>,
    act: Do,
    left: Option<usize>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    delivered: Vec<Delivered>,
    violations: Vec<String>,
    attempts: usize,
    open: usize,
    most_open: usize,
}

struct Shared {
    state: Mutex<State>,
    changed: Notify,
    protection: Protection,
    tls: TlsAcceptor,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no test panics while it holds the lock")
    }

    fn violation(&self, words: impl Into<String>) {
        self.state().violations.push(words.into());
    }

    /// The first rule that applies here, used up by one.
    fn rule(&self, at: At, recipient: &str) -> Option<Do> {
        let mut state = self.state();
        let rule = state.rules.iter_mut().find(|rule| {
            rule.at == at
                && rule.left != Some(0)
                && rule
                    .recipient
                    .as_deref()
                    .is_none_or(|wanted| wanted == recipient)
        })?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.act.clone())
    }
}

/// The server.
pub struct SmtpSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl SmtpSink {
    /// A plain server on a free port of this machine.
    pub async fn start() -> Self {
        Self::start_with(Protection::Plain).await
    }

    /// A server on a free port of this machine.
    pub async fn start_with(protection: Protection) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Notify::new(),
            protection,
            tls: acceptor(),
        });
        let mut sink = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            shared,
            listening: None,
        };
        sink.open().await;
        sink
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that signed its certificate, in PEM.
    pub fn authority() -> Vec<u8> {
        std::fs::read(data("authority.pem")).expect("the test certificate is in tests/data/smtp")
    }

    /// Stops listening; new connections are refused. Open ones go on.
    pub async fn shut(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _ = listening.await;
        }
    }

    /// Listens (again) on the same port.
    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.address)
            .await
            .expect("the port is free");
        self.address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let shared = Arc::clone(&self.shared);
        self.listening = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
        }));
    }

    /// From now on does this at this place.
    pub fn say(&self, at: At, act: Do) {
        self.add(at, None, act, None);
    }

    /// From now on does this at this place when this recipient is named.
    pub fn say_for(&self, at: At, recipient: &str, act: Do) {
        self.add(at, Some(recipient.to_owned()), act, None);
    }

    /// Does this at this place the next `times` times, then what was said before or nothing special.
    pub fn say_times(&self, at: At, act: Do, times: usize) {
        self.add(at, None, act, Some(times));
    }

    fn add(&self, at: At, recipient: Option<String>, act: Do, left: Option<usize>) {
        self.shared.state().rules.insert(
            0,
            Rule {
                at,
                recipient,
                act,
                left,
            },
        );
    }

    /// Forgets the script and accepts everything again.
    pub fn forget(&self) {
        self.shared.state().rules.clear();
    }

    /// Everything accepted so far, in order.
    pub fn delivered(&self) -> Vec<Delivered> {
        self.shared.state().delivered.clone()
    }

    /// What was accepted for one recipient, in order.
    pub fn delivered_to(&self, recipient: &str) -> Vec<Delivered> {
        self.delivered()
            .into_iter()
            .filter(|mail| mail.recipients.iter().any(|to| to == recipient))
            .collect()
    }

    /// Every breach of the protocol so far. A test that cares asserts that it is empty.
    pub fn violations(&self) -> Vec<String> {
        self.shared.state().violations.clone()
    }

    /// How many MAIL FROM were seen.
    pub fn attempts(&self) -> usize {
        self.shared.state().attempts
    }

    /// How many connections were open at the same time, at most.
    pub fn most_open(&self) -> usize {
        self.shared.state().most_open
    }

    /// Waits until `count` mails were accepted in all.
    ///
    /// # Panics
    /// When they do not come within 30 seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<Delivered> {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let delivered = self.delivered();
                if delivered.len() >= count {
                    return delivered;
                }
                changed.await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), waiting).await {
            Ok(delivered) => delivered,
            Err(_) => panic!("waited for {count} mails, got {}", self.delivered().len()),
        }
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/smtp")
        .join(name)
}

fn acceptor() -> TlsAcceptor {
    let certificate =
        CertificateDer::from_pem_file(data("server.pem")).expect("a certificate in PEM");
    let key = PrivateKeyDer::from_pem_file(data("server.key")).expect("a key in PEM");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key belongs to the certificate");
    TlsAcceptor::from(Arc::new(config))
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    {
        let mut state = shared.state();
        state.open += 1;
        state.most_open = state.most_open.max(state.open);
    }
    let ended = if shared.protection == Protection::Tls {
        match shared.tls.accept(stream).await {
            Ok(stream) => Conversation::new(stream, &shared, true)
                .run(true)
                .await
                .map(|_| ()),
            Err(error) => Err(error),
        }
    } else {
        match Conversation::new(stream, &shared, false).run(true).await {
            // STARTTLS: the same conversation begins again inside the tunnel, without a greeting.
            Ok(Some(stream)) => match shared.tls.accept(stream).await {
                Ok(stream) => Conversation::new(stream, &shared, true)
                    .run(false)
                    .await
                    .map(|_| ()),
                Err(error) => Err(error),
            },
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        }
    };
    // A client that goes away in the middle is part of many tests.
    drop(ended);
    shared.state().open -= 1;
}

struct Conversation<'a, S> {
    stream: BufReader<S>,
    shared: &'a Shared,
    encrypted: bool,
    login: Option<(String, String)>,
    greeted: bool,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// What follows a command.
enum Next {
    Reply(String),
    Close,
    Hang,
    Upgrade,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Conversation<'a, S> {
    fn new(stream: S, shared: &'a Shared, encrypted: bool) -> Self {
        Self {
            stream: BufReader::new(stream),
            shared,
            encrypted,
            login: None,
            greeted: false,
            sender: None,
            recipients: vec![],
        }
    }

    /// Talks until the end; gives the bare stream back when the client wants TLS.
    async fn run(mut self, greet: bool) -> std::io::Result<Option<S>> {
        if greet {
            match self.shared.rule(At::Connect, "") {
                None => self.send("220 sink.example ESMTP").await?,
                Some(Do::Answer(code, words)) => {
                    self.send(&format!("{code} {words}")).await?;
                    return Ok(None);
                }
                Some(Do::Silence) => return self.hang().await,
                Some(_) => return Ok(None),
            }
        }
        while let Some(line) = self.read_line(512).await? {
            match self.command(&line).await? {
                Next::Reply(words) => self.send(&words).await?,
                Next::Close => return Ok(None),
                Next::Hang => return self.hang().await,
                Next::Upgrade => {
                    self.send("220 go ahead").await?;
                    return Ok(Some(self.stream.into_inner()));
                }
            }
            if line.eq_ignore_ascii_case("QUIT") {
                return Ok(None);
            }
        }
        Ok(None)
    }

    async fn send(&mut self, words: &str) -> std::io::Result<()> {
        self.stream
            .write_all(format!("{words}\r\n").as_bytes())
            .await?;
        self.stream.flush().await
    }

    /// Reads and says nothing until the client goes.
    async fn hang(&mut self) -> std::io::Result<Option<S>> {
        while self.stream.read(&mut [0; 512]).await? > 0 {}
        Ok(None)
    }

    /// One line without its CRLF, byte by byte. Anything that is not a clean line is a violation.
    async fn read_line(&mut self, limit: usize) -> std::io::Result<Option<String>> {
        Ok(self
            .read_bytes(limit)
            .await?
            .map(|line| String::from_utf8_lossy(&line).into_owned()))
    }

    async fn read_bytes(&mut self, limit: usize) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = vec![];
        loop {
            let Ok(byte) = self.stream.read_u8().await else {
                return Ok(None);
            };
            match byte {
                b'\n' if line.last() == Some(&b'\r') => {
                    line.pop();
                    break;
                }
                b'\n' => self
                    .shared
                    .violation("a line feed without a carriage return"),
                0 => self.shared.violation("a NUL"),
                0x80.. => self
                    .shared
                    .violation("a byte above 127, which was not negotiated"),
                _ => {}
            }
            line.push(byte);
        }
        if line.contains(&b'\r') {
            self.shared
                .violation("a carriage return without a line feed");
        }
        if line.len() > limit {
            self.shared.violation(format!(
                "a line of {} bytes, {limit} are allowed",
                line.len()
            ));
        }
        Ok(Some(line))
    }

    async fn command(&mut self, line: &str) -> std::io::Result<Next> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let next = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.greeted = true;
                let offers = if self.shared.protection == Protection::StartTls && !self.encrypted {
                    "250-STARTTLS\r\n"
                } else {
                    ""
                };
                Next::Reply(format!(
                    "250-sink.example\r\n{offers}250-SIZE 10485760\r\n250 AUTH PLAIN"
                ))
            }
            "STARTTLS" if self.shared.protection == Protection::StartTls && !self.encrypted => {
                Next::Upgrade
            }
            "AUTH" => self.auth(rest),
            "MAIL" => self.mail(rest),
            "RCPT" => self.rcpt(rest),
            "DATA" => return self.data().await,
            "RSET" => {
                self.sender = None;
                self.recipients.clear();
                Next::Reply("250 forgotten".to_owned())
            }
            "NOOP" => Next::Reply("250 fine".to_owned()),
            "QUIT" => Next::Reply("221 goodbye".to_owned()),
            _ => {
                self.shared.violation(format!("unknown command `{line}`"));
                Next::Reply("500 unknown command".to_owned())
            }
        };
        Ok(next)
    }

    fn scripted(&self, at: At, recipient: &str, otherwise: &str) -> Next {
        match self.shared.rule(at, recipient) {
            None => Next::Reply(otherwise.to_owned()),
            Some(Do::Answer(code, words)) => Next::Reply(format!("{code} {words}")),
            Some(Do::Silence) => Next::Hang,
            Some(Do::Cut | Do::KeepAndCut | Do::AnswerLate(_)) => Next::Close,
        }
    }

    fn auth(&mut self, rest: &str) -> Next {
        if !self.encrypted && self.shared.protection != Protection::Plain {
            self.shared.violation("a password before TLS");
        }
        let decoded = rest
            .strip_prefix("PLAIN ")
            .and_then(|words| STANDARD.decode(words).ok())
            .unwrap_or_default();
        let fields: Vec<_> = decoded
            .split(|byte| *byte == 0)
            .map(|field| String::from_utf8_lossy(field).into_owned())
            .collect();
        if let [_, user, password] = fields.as_slice() {
            self.login = Some((user.clone(), password.clone()));
        } else {
            self.shared
                .violation(format!("AUTH that cannot be read: `{rest}`"));
        }
        self.scripted(At::Auth, "", "235 welcome")
    }

    fn mail(&mut self, rest: &str) -> Next {
        self.shared.state().attempts += 1;
        if !self.greeted {
            self.shared.violation("MAIL before EHLO");
        }
        if self.shared.protection == Protection::StartTls && !self.encrypted {
            self.shared.violation("MAIL before STARTTLS");
        }
        if self.sender.is_some() {
            self.shared.violation("MAIL inside a transaction");
        }
        let Some(sender) = path(rest, "FROM:") else {
            self.shared
                .violation(format!("MAIL that cannot be read: `{rest}`"));
            return Next::Reply("501 bad address".to_owned());
        };
        let next = self.scripted(At::Sender, &sender, "250 sender fine");
        if matches!(&next, Next::Reply(words) if words.starts_with('2')) {
            self.sender = Some(sender);
            self.recipients.clear();
        }
        next
    }

    fn rcpt(&mut self, rest: &str) -> Next {
        if self.sender.is_none() {
            self.shared.violation("RCPT without MAIL");
        }
        let Some(recipient) = path(rest, "TO:") else {
            self.shared
                .violation(format!("RCPT that cannot be read: `{rest}`"));
            return Next::Reply("501 bad address".to_owned());
        };
        let next = self.scripted(At::Recipient, &recipient, "250 recipient fine");
        if matches!(&next, Next::Reply(words) if words.starts_with('2')) {
            self.recipients.push(recipient);
        }
        next
    }

    async fn data(&mut self) -> std::io::Result<Next> {
        if self.recipients.is_empty() {
            self.shared.violation("DATA without a recipient");
            return Ok(Next::Reply("503 no recipient".to_owned()));
        }
        let first = self.recipients.first().cloned().unwrap_or_default();
        match self.scripted(At::Data, &first, "354 end with a dot") {
            Next::Reply(words) if words.starts_with('3') => self.send(&words).await?,
            other => return Ok(other),
        }
        let mut bytes = vec![];
        loop {
            let Some(line) = self.read_bytes(998).await? else {
                return Ok(Next::Close);
            };
            if line == b"." {
                break;
            }
            // Dot-stuffing: a line that begins with a dot was given a second one.
            let line = if line.starts_with(b".") {
                if !line.starts_with(b"..") {
                    self.shared
                        .violation("a line with a single dot in front that is not the end");
                }
                &line[1..]
            } else {
                &line[..]
            };
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        let mail = Delivered {
            sender: self.sender.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            bytes,
            encrypted: self.encrypted,
            login: self.login.clone(),
        };
        let next = match self.shared.rule(At::Message, &first) {
            None => Next::Reply("250 kept as 1".to_owned()),
            Some(Do::Answer(code, words)) => {
                if code >= 400 {
                    return Ok(Next::Reply(format!("{code} {words}")));
                }
                Next::Reply(format!("{code} {words}"))
            }
            Some(Do::Silence) => return Ok(Next::Hang),
            Some(Do::Cut) => return Ok(Next::Close),
            Some(Do::KeepAndCut) => Next::Close,
            Some(Do::AnswerLate(gate)) => {
                gate.pass().await;
                Next::Reply("250 kept at last".to_owned())
            }
        };
        self.shared.state().delivered.push(mail);
        self.shared.changed.notify_waiters();
        Ok(next)
    }
}

/// `FROM:<a@b>` gives `a@b`. Anything before or behind the brackets but parameters is refused.
fn path(rest: &str, word: &str) -> Option<String> {
    let rest = rest
        .get(..word.len())
        .filter(|head| head.eq_ignore_ascii_case(word))
        .map(|_| &rest[word.len()..])?;
    let (address, parameters) = rest.strip_prefix('<')?.split_once('>')?;
    let clean = !address.contains([' ', '<', '>', ',', ';'])
        && (parameters.is_empty() || parameters.starts_with(' '));
    clean.then(|| address.to_owned())
}
