//! Finds targets in a text.

use std::net::{IpAddr, Ipv6Addr};

use super::lists::{
    CUES, DOMAINS, ENGLISH_PAIRS, FILE_ENDINGS, MACHINE_WORDS, NOT_MACHINES, VERSION_WORDS,
};
use super::{Candidate, Host, Scheme, Target, punycode};

/// Longest text that is looked at, in bytes.
const TEXT_LIMIT: usize = 32_768;
/// Most candidates that are returned.
const MAX_CANDIDATES: usize = 10;
/// Longest part of a web address after the host that is kept.
const MAX_PATH: usize = 500;

/// Finds the targets in a text, best first, at most ten, each target once.
pub fn find(text: &str) -> Vec<Candidate> {
    let mut end = text.len().min(TEXT_LIMIT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let tokens = tokens(&text[..end]);
    let mut found: Vec<Candidate> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = Before::of(&tokens[..at]);
        let Some((mut target, mut score)) = read(token.text, &before) else {
            continue;
        };
        if target.port_is_guess()
            && let Some(port) = port_after(&tokens[at + 1..])
        {
            target.set_port(port);
            score += 2;
        }
        score += i32::from(before.cue) * 3;
        let target = target.finish(before.service);
        match found
            .iter_mut()
            .find(|other| other.target.host == target.host)
        {
            Some(other) if score > other.score => {
                other.target = target;
                other.score = score;
                token.text.clone_into(&mut other.words);
                other.start = token.start;
            }
            Some(_) => {}
            None => {
                let refusal = target.refusal();
                found.push(Candidate {
                    target,
                    words: token.text.to_owned(),
                    start: token.start,
                    score,
                    refusal,
                });
            }
        }
    }
    // The sort is stable: of two equally sure ones, the one named first.
    found.sort_by_key(|candidate| {
        (
            candidate.refusal.is_some(),
            std::cmp::Reverse(candidate.score),
        )
    });
    found.truncate(MAX_CANDIDATES);
    found
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    start: usize,
}

/// Words between white space, without the punctuation and brackets around them.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        let separates = character.is_whitespace()
            || matches!(
                character,
                '<' | '>' | '"' | '|' | '“' | '”' | '«' | '»' | '`' | ',' | ';' | '\u{200B}'
            );
        match (separates, start) {
            (true, Some(first)) => {
                out.extend(trim(&text[first..at], first));
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    out
}

fn trim(text: &str, start: usize) -> Option<Token<'_>> {
    let head = text.trim_start_matches([
        '(', '{', '\'', '‘', '’', '*', '_', '=', '.', '!', '-', '–', '—',
    ]);
    let start = start + (text.len() - head.len());
    let mut tail = head;
    loop {
        let next = tail.trim_end_matches(['.', '!', '?', ':', '\'', '’', '‘', '*', '_', '}', '…']);
        // A closing bracket belongs to the word only when the word opens it.
        let next = if next.ends_with(')') && !next.contains('(') {
            &next[..next.len() - 1]
        } else {
            next
        };
        let next = if next.ends_with(']') && !next.contains('[') {
            &next[..next.len() - 1]
        } else {
            next
        };
        if next.len() == tail.len() {
            break;
        }
        tail = next;
    }
    (!tail.is_empty() && tail.len() <= 2_048).then_some(Token { text: tail, start })
}

/// What the words before a token say about it.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    /// It is spoken of as a machine or something to reach.
    cue: bool,
    /// It is spoken of as a machine by its kind.
    machine: bool,
    /// It is the number of a version.
    version: bool,
    /// The service that is spoken of.
    service: Option<Service>,
}

impl Before {
    fn of(tokens: &[Token<'_>]) -> Self {
        let mut out = Self::default();
        for (distance, token) in tokens.iter().rev().take(4).enumerate() {
            let word = token.text.to_lowercase();
            out.cue |= distance <= 2 && CUES.contains(&word.as_str());
            out.machine |= distance <= 2 && MACHINE_WORDS.contains(&word.as_str());
            out.version |= distance <= 1 && VERSION_WORDS.contains(&word.as_str());
            out.service = out.service.or_else(|| Service::of(&word));
        }
        out
    }
}

/// Services that say which port and handshake is meant when the text names neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Service {
    port: u16,
    scheme: Scheme,
}

impl Service {
    fn of(word: &str) -> Option<Self> {
        let (port, scheme) = match word {
            "ssh" | "sftp" | "scp" => (22, Scheme::Plain),
            "smtp" => (25, Scheme::Plain),
            "imap" | "imaps" => (993, Scheme::Tls),
            "rdp" => (3389, Scheme::Plain),
            "smb" | "cifs" | "samba" => (445, Scheme::Plain),
            "ldaps" => (636, Scheme::Tls),
            "ldap" => (389, Scheme::Plain),
            "postgres" | "postgresql" => (5432, Scheme::Plain),
            "mysql" | "mariadb" => (3306, Scheme::Plain),
            "ftp" => (21, Scheme::Plain),
            "nfs" => (2049, Scheme::Plain),
            "http" => (80, Scheme::Http),
            _ => return None,
        };
        Some(Self { port, scheme })
    }
}

/// A target before the words around it have settled what was not said.
struct Draft {
    host: Host,
    port: Option<u16>,
    scheme: Option<Scheme>,
    path: Option<String>,
}

impl Draft {
    fn port_is_guess(&self) -> bool {
        self.port.is_none()
    }

    fn set_port(&mut self, port: u16) {
        self.port = Some(port);
    }

    fn finish(self, service: Option<Service>) -> Target {
        let guess = service.filter(|_| self.port.is_none() && self.scheme.is_none());
        let scheme = self
            .scheme
            .or(guess.map(|service| service.scheme))
            .unwrap_or_else(|| scheme_of(self.port));
        let port = self
            .port
            .or(guess.map(|service| service.port))
            .unwrap_or(match scheme {
                Scheme::Http => 80,
                Scheme::Https | Scheme::Tls | Scheme::Plain => 443,
            });
        let path = self
            .path
            .filter(|_| matches!(scheme, Scheme::Http | Scheme::Https));
        Target {
            host: self.host,
            port,
            scheme,
            path,
        }
    }
}

/// How a port is usually spoken to; without one, as a web site.
fn scheme_of(port: Option<u16>) -> Scheme {
    match port {
        None | Some(443 | 8443 | 9443) => Scheme::Https,
        Some(80 | 8000 | 8080 | 8888 | 3000) => Scheme::Http,
        Some(465 | 636 | 853 | 989 | 990 | 993 | 995 | 5671 | 5986 | 8883) => Scheme::Tls,
        Some(_) => Scheme::Plain,
    }
}

fn port_after(tokens: &[Token<'_>]) -> Option<u16> {
    let window = &tokens[..tokens.len().min(4)];
    let at = window.iter().position(|token| {
        matches!(
            token.text.to_lowercase().as_str(),
            "port" | "puerto" | "porta"
        )
    })?;
    window
        .get(at + 1)?
        .text
        .parse()
        .ok()
        .filter(|port| *port > 0)
}

/// Reads one word as a target, with how sure that is.
fn read(word: &str, before: &Before) -> Option<(Draft, i32)> {
    let plain = refang(word);
    if plain.len() > 2_048 {
        return None;
    }
    if let Some(unc) = plain.strip_prefix("\\\\") {
        let host = host(unc.split('\\').next()?, true)?;
        return Some((
            Draft {
                host,
                port: Some(445),
                scheme: Some(Scheme::Plain),
                path: None,
            },
            8,
        ));
    }
    let (scheme, rest) = match plain.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, plain.as_str()),
    };
    let (scheme, port_of_scheme) = match scheme.as_deref() {
        None => (None, None),
        Some("http") => (Some(Scheme::Http), None),
        Some("https") => (Some(Scheme::Https), None),
        Some(other) => {
            let service = Service::of(other)?;
            (Some(service.scheme), Some(service.port))
        }
    };
    let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(cut);
    let authority = match (scheme, authority.rsplit_once('@')) {
        (Some(_), Some((_, host))) => host,
        (None, Some(_)) => return None,
        (_, None) => authority,
    };
    if scheme.is_none() && plain.contains('@') {
        return None;
    }
    let (name, port) = split_port(authority)?;
    let certain = scheme.is_some() || port.is_some();
    let host = host(name, certain)?;
    let score = match &host {
        Host::Address(_) if before.version && !certain => return None,
        Host::Address(_) => 7,
        Host::Name(name) => name_score(name, name_is_lower(authority), certain, before, tail)?,
    };
    let path = (tail.starts_with('/')
        && tail.len() <= MAX_PATH
        && tail.is_ascii()
        && !tail.chars().any(char::is_control))
    .then(|| tail.split('#').next().unwrap_or_default().to_owned())
    .filter(|path| path != "/");
    let score = score + if scheme.is_some() { 4 } else { 0 } + if port.is_some() { 3 } else { 0 };
    Some((
        Draft {
            host,
            port: port.or(port_of_scheme),
            scheme,
            path,
        },
        score,
    ))
}

/// Undoes the ways in which people make addresses unclickable.
fn refang(word: &str) -> String {
    let mut out = word
        .replace("[.]", ".")
        .replace("(.)", ".")
        .replace("{.}", ".")
        .replace("[dot]", ".")
        .replace("(dot)", ".")
        .replace("[:]", ":")
        .replace("[/]", "/");
    let lower = out.to_ascii_lowercase();
    for (from, to) in [
        ("hxxps", "https"),
        ("hxxp", "http"),
        ("h**ps", "https"),
        ("h**p", "http"),
    ] {
        if lower.starts_with(from) {
            out.replace_range(..from.len(), to);
            break;
        }
    }
    out
}

/// Splits `name:port` and `[v6]:port`; `None` when the port is no port.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
            None if after.is_empty() => None,
            None => return None,
        };
        return Some((address, port));
    }
    if authority.parse::<Ipv6Addr>().is_ok() {
        return Some((authority, None));
    }
    match authority.split_once(':') {
        Some((name, port)) => Some((name, Some(port.parse().ok().filter(|port| *port > 0)?))),
        None => Some((authority, None)),
    }
}

fn host(name: &str, single_label: bool) -> Option<Host> {
    if let Ok(address) = name.parse::<IpAddr>() {
        let too_short = matches!(address, IpAddr::V6(_)) && name.len() < 4 && name != "::1";
        return (!too_short).then_some(Host::Address(address));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels: Vec<String> = name.split('.').map(label).collect::<Option<_>>()?;
    let last = labels.last()?;
    if labels
        .iter()
        .all(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    if labels.len() > 1
        && !(last.len() >= 2
            && (last.starts_with("xn--") || last.bytes().all(|byte| byte.is_ascii_alphabetic())))
    {
        return None;
    }
    if labels.len() == 1
        && !single_label
        && !last
            .bytes()
            .any(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        return None;
    }
    let joined = labels.join(".");
    (joined.len() <= 253).then_some(Host::Name(joined))
}

fn label(text: &str) -> Option<String> {
    let label = punycode::a_label(text)?;
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let ends =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (ends(label.bytes().next())
        && label.bytes().all(inside)
        && label
            .bytes()
            .last()
            .is_some_and(|byte| byte.is_ascii_alphanumeric()))
    .then_some(label)
}

fn name_is_lower(text: &str) -> bool {
    !text
        .split('.')
        .skip(1)
        .any(|label| label.starts_with(|c: char| c.is_uppercase()))
}

/// How sure it is that a name without an address's form is a machine; `None`: it is not.
fn name_score(name: &str, lower: bool, certain: bool, before: &Before, tail: &str) -> Option<i32> {
    let Some((rest, last)) = name.rsplit_once('.') else {
        // `localhost` is believed, so that it can be refused with a reason.
        return (certain || name == "localhost" || (before.machine && looks_like_machine(name)))
            .then_some(if certain { 5 } else { 3 });
    };
    let www = name.starts_with("www.");
    if certain || www {
        return Some(6);
    }
    let deep = rest.contains('.');
    if FILE_ENDINGS.contains(&last) && !(deep && before.cue) {
        return None;
    }
    if !lower || rest.len() < 2 {
        return None;
    }
    let path = tail.starts_with('/') && tail.len() > 1;
    let known = DOMAINS.contains(&last) || (last.len() == 2 && !ENGLISH_PAIRS.contains(&last));
    match (known, deep || path || before.cue) {
        (true, true) => Some(5),
        (true, false) => Some(4),
        (false, true) if deep || before.cue => Some(3),
        (false, _) => None,
    }
}

fn looks_like_machine(name: &str) -> bool {
    let letters = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    let digits_or_dash = name
        .bytes()
        .any(|byte| byte.is_ascii_digit() || byte == b'-');
    letters
        && digits_or_dash
        && name.len() >= 3
        && !NOT_MACHINES.contains(&name)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
