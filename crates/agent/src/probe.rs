//! Probes that the agent carries out itself, under the owner's target policy and the job's reach. A name is
//! resolved once, every address is checked, and only a checked address is connected to.

mod http;
mod tcp;
mod tls;

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tierdesk_catalogue::{Policy, Reach, TcpAttempt, TcpObservation, TcpOutcome};

pub(crate) use http::probe as http;
pub(crate) use tcp::probe as tcp;
pub(crate) use tls::probe as tls;

const RESOLVE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(3);
const MOST_ADDRESSES: usize = 4;

/// An address that must not be gone to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// The owner's policy forbids it.
    ByOwner(IpAddr),
    /// The job does not reach it.
    OutOfReach(IpAddr),
}

/// What a probe may use.
pub(crate) struct Bounds<'a> {
    pub(crate) deadline: Instant,
    pub(crate) policy: &'a Policy,
    pub(crate) reach: Reach,
}

impl Bounds<'_> {
    fn left(&self, at_most: Duration) -> Duration {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // Zero means "no timeout" to the socket functions.
        left.min(at_most).max(Duration::from_millis(1))
    }

    /// Whether any address is held to anything.
    pub(crate) fn restricts(&self) -> bool {
        self.policy.restricts_targets() || !self.reach.is_anywhere()
    }

    fn check(&self, ip: IpAddr) -> Result<(), Forbidden> {
        if !self.reach.allows(ip) {
            return Err(Forbidden::OutOfReach(ip));
        }
        self.policy
            .check_target(ip)
            .map_err(|_| Forbidden::ByOwner(ip))
    }
}

/// Resolves a host by the host's own resolver; the inner error is a sentence part.
fn resolve(
    host: &str,
    port: u16,
    bounds: &Bounds<'_>,
) -> Result<Result<Vec<SocketAddr>, String>, Forbidden> {
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let (sender, receiver) = mpsc::channel();
    // The resolver cannot be interrupted; its thread ends by the resolver's own timeout.
    let looked_up = std::thread::Builder::new()
        .name("resolve".into())
        .stack_size(256 * 1024)
        .spawn(move || {
            let found = (host.as_str(), port)
                .to_socket_addrs()
                .map(|all| all.collect::<Vec<_>>());
            // Nobody waits any more: fine.
            let _ = sender.send(found);
        });
    if let Err(error) = looked_up {
        return Ok(Err(error.to_string()));
    }
    let mut addresses = match receiver.recv_timeout(bounds.left(RESOLVE)) {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => {
            let text = error.to_string();
            let known = text.rsplit(": ").next().unwrap_or(&text);
            return Ok(Err(known.to_lowercase()));
        }
        Err(_) => return Ok(Err("the resolver does not answer".to_owned())),
    };
    addresses.truncate(MOST_ADDRESSES);
    for address in &addresses {
        bounds.check(address.ip())?;
    }
    if addresses.is_empty() {
        return Ok(Err("it has no address".to_owned()));
    }
    Ok(Ok(addresses))
}

/// The addresses that a name leads to, all of them allowed; none where it leads nowhere.
pub(crate) fn addresses(host: &str, bounds: &Bounds<'_>) -> Result<Vec<IpAddr>, Forbidden> {
    let found = resolve(host, 0, bounds)?.unwrap_or_default();
    Ok(found.iter().map(SocketAddr::ip).collect())
}

fn attempt(address: SocketAddr, bounds: &Bounds<'_>) -> (TcpAttempt, Option<TcpStream>) {
    use std::io::ErrorKind;
    let began = Instant::now();
    let result = TcpStream::connect_timeout(&address, bounds.left(CONNECT));
    let outcome = match &result {
        Ok(_) => TcpOutcome::Connected,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused => TcpOutcome::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => TcpOutcome::TimedOut,
            ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::AddrNotAvailable => TcpOutcome::Unreachable,
            _ => TcpOutcome::Failed,
        },
    };
    let seen = TcpAttempt {
        address: address.ip(),
        outcome,
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    (seen, result.ok())
}

/// Connects to the first address that lets it.
fn connect(
    host: &str,
    port: u16,
    bounds: &Bounds<'_>,
) -> Result<(TcpObservation, Option<TcpStream>), Forbidden> {
    let mut seen = TcpObservation::default();
    let addresses = match resolve(host, port, bounds)? {
        Ok(addresses) => addresses,
        Err(error) => {
            seen.resolve_error = Some(error);
            return Ok((seen, None));
        }
    };
    for address in addresses {
        let (tried, stream) = attempt(address, bounds);
        seen.attempts.push(tried);
        if let Some(stream) = stream {
            for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
                if let Err(error) = set(&stream, Some(bounds.left(Duration::from_secs(8)))) {
                    tracing::debug!(%error, "cannot set a socket's timeout");
                }
            }
            return Ok((seen, Some(stream)));
        }
    }
    Ok((seen, None))
}

/// What was tried, as lines for people.
fn describe(seen: &TcpObservation) -> String {
    if let Some(error) = &seen.resolve_error {
        return format!("resolve: {error}\n");
    }
    seen.attempts
        .iter()
        .map(|tried| {
            let word = match tried.outcome {
                TcpOutcome::Connected => "connected",
                TcpOutcome::Refused => "refused",
                TcpOutcome::TimedOut => "no answer",
                TcpOutcome::Unreachable => "unreachable",
                TcpOutcome::Failed => "failed",
            };
            format!("connect {}: {word}, {} ms\n", tried.address, tried.millis)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn bounds(policy: &Policy) -> Bounds<'_> {
        Bounds {
            deadline: Instant::now() + Duration::from_secs(10),
            policy,
            reach: Reach::Anywhere,
        }
    }

    #[test]
    fn an_open_port_connects_three_times_and_a_closed_one_refuses() {
        let policy = Policy::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, text) = tcp("127.0.0.1", port, &bounds(&policy)).unwrap();
        assert_eq!(seen.attempts.len(), 3);
        assert!(
            seen.attempts
                .iter()
                .all(|a| a.outcome == TcpOutcome::Connected)
        );
        assert_eq!(text.lines().count(), 3);
        drop(listener);
        let (seen, _) = tcp("127.0.0.1", port, &bounds(&policy)).unwrap();
        assert!(
            seen.attempts
                .iter()
                .all(|a| a.outcome == TcpOutcome::Refused)
        );
    }

    #[test]
    fn a_name_that_points_into_a_forbidden_network_is_not_connected_to() {
        let policy = Policy {
            denied_targets: vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            ..Policy::default()
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(tcp("localhost", port, &bounds(&policy)).is_err());
        assert!(http(&format!("http://localhost:{port}/"), &bounds(&policy)).is_err());
        assert!(tls("localhost", port, None, &bounds(&policy)).is_err());
        assert!(listener.accept().is_err(), "nobody knocked");
    }

    #[test]
    fn a_name_that_leads_to_the_machine_itself_is_out_of_reach_of_what_no_person_asked_for() {
        let policy = Policy::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let others = Bounds {
            reach: Reach::Others,
            ..bounds(&policy)
        };
        // The hosts file says where this name leads; that it is a known one matters nowhere here.
        for host in ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"] {
            let url = format!("http://{host}:{port}/");
            let refused = [
                tcp(host, port, &others).err(),
                tls(host, port, None, &others).err(),
                http(&url, &others).err(),
                addresses(host, &others).err(),
            ];
            for refusal in refused {
                assert!(
                    matches!(refusal, Some(Forbidden::OutOfReach(_))),
                    "{host}: {refusal:?}"
                );
            }
        }
        assert!(listener.accept().is_err(), "nobody knocked");
        assert!(tcp("localhost", port, &bounds(&policy)).is_ok());
    }

    #[test]
    fn an_answer_over_http_is_reported_and_a_redirect_not_followed() {
        use std::io::{Read as _, Write as _};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            stream
                .write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/sign-in\r\nServer: x\r\n\r\n")
                .unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let (seen, text) = http(
            &format!("http://127.0.0.1:{port}/a?b"),
            &bounds(&Policy::default()),
        )
        .unwrap();
        assert_eq!(seen.status, Some(302));
        assert_eq!(seen.location.as_deref(), Some("http://127.0.0.1:1/sign-in"));
        assert!(text.contains("HTTP/1.1 302 Found"));
        let request = server.join().unwrap();
        assert!(
            request.starts_with(&format!("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")),
            "{request}"
        );
    }

    #[test]
    fn an_open_port_without_tls_is_told_from_a_closed_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            use std::io::Write as _;
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
        });
        let (seen, _) = tls("127.0.0.1", port, None, &bounds(&Policy::default())).unwrap();
        server.join().unwrap();
        assert!(seen.certificate.is_none());
        assert!(seen.handshake_error.is_some());
        assert_eq!(seen.tcp.attempts[0].outcome, TcpOutcome::Connected);
    }
}
