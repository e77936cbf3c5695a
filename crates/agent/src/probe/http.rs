//! `http.probe`: one request, the head of one answer. Redirects are reported, not followed.

use std::io::{Read, Write};
use std::time::Instant;

use tierdesk_catalogue::HttpObservation;

use super::{Bounds, Forbidden, connect, describe, tls};

/// The most of an answer that is read, in bytes.
const MOST: usize = 16 * 1024;

pub(crate) fn probe(
    url: &str,
    bounds: &Bounds<'_>,
) -> Result<(HttpObservation, String), Forbidden> {
    let mut seen = HttpObservation::default();
    let (secure, rest) = match url.strip_prefix("https://") {
        Some(rest) => (true, rest),
        None => (false, url.strip_prefix("http://").unwrap_or(url)),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let default = if secure { 443 } else { 80 };
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, digits)) if !digits.ends_with(']') => (host, digits.parse().unwrap_or(default)),
        _ => (authority, default),
    };
    let (tcp, stream) = connect(host, port, bounds)?;
    let mut text = describe(&tcp);
    let Some(stream) = stream else {
        seen.error = Some(match tcp.resolve_error {
            Some(error) => format!("the name {host} cannot be resolved: {error}"),
            None => format!("no connection to port {port} on {host}"),
        });
        return Ok((seen, text));
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: tierdesk-agent/{}\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        crate::VERSION
    );
    let began = Instant::now();
    let answer = if secure {
        tls::secure(stream, host).and_then(|stream| ask(stream, &request, bounds))
    } else {
        ask(stream, &request, bounds)
    };
    seen.millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match answer {
        Ok(head) => {
            read_head(&head, &mut seen);
            text.push_str(&head);
        }
        Err(error) => {
            text.push_str(&format!("error: {error}\n"));
            seen.error = Some(error);
        }
    }
    Ok((seen, text))
}

fn ask(
    mut stream: impl Read + Write,
    request: &str,
    bounds: &Bounds<'_>,
) -> Result<String, String> {
    stream
        .write_all(request.as_bytes())
        .map_err(|error| tls::reason(&error))?;
    stream.flush().map_err(|error| tls::reason(&error))?;
    let mut head = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            head.truncate(end + 2);
            break;
        }
        if head.len() >= MOST || Instant::now() >= bounds.deadline {
            return Err("the answer's head does not end".to_owned());
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err("the server closed the connection without an answer".to_owned()),
            Ok(length) => head.extend_from_slice(&buffer[..length]),
            Err(error) => return Err(tls::reason(&error)),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn read_head(head: &str, seen: &mut HttpObservation) {
    let mut lines = head.lines();
    let status = lines
        .next()
        .filter(|line| line.starts_with("HTTP/"))
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    match status {
        Some(status) => seen.status = Some(status),
        None => seen.error = Some("the answer is not HTTP".to_owned()),
    }
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = || {
            Some(
                value
                    .trim()
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(500)
                    .collect(),
            )
        };
        if name.eq_ignore_ascii_case("location") {
            seen.location = value();
        } else if name.eq_ignore_ascii_case("server") {
            seen.server = value();
        }
    }
}
