//! Secrets are removed on the host, before anything is sent. Works line by line, so that a
//! secret cannot hide behind the border of two pieces of output.

const MARK: &[u8] = "‹redacted›".as_bytes();
/// A line that never ends is cut here; nobody types a longer secret.
const LONGEST_LINE: usize = 16 * 1024;

/// Words after which, with `=` or `:`, a secret follows.
const KEYS: [&[u8]; 11] = [
    b"password",
    b"passwd",
    b"passphrase",
    b"secret",
    b"token",
    b"api_key",
    b"api-key",
    b"apikey",
    b"authorization",
    b"cookie",
    b"credential",
];

/// Beginnings of well-known secrets and how many more characters they need at least.
const SHAPES: [(&[u8], usize); 10] = [
    (b"AKIA", 16),
    (b"ASIA", 16),
    (b"ghp_", 20),
    (b"gho_", 20),
    (b"ghs_", 20),
    (b"github_pat_", 20),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"tde_", 16),
    (b"tdk_", 16),
];

/// Removes secrets from one stream of output.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    line: Vec<u8>,
    in_private_key: bool,
    count: u32,
}

impl Redactor {
    /// Takes bytes; returns what may leave the host by now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LONGEST_LINE) {
                self.line.extend_from_slice(part);
                if self.line.ends_with(b"\n") || self.line.len() >= LONGEST_LINE {
                    self.flush_line(&mut out);
                }
            }
        }
        out
    }

    /// The end of the stream: returns the rest.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.flush_line(&mut out);
        out
    }

    /// How many secrets were removed so far.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    fn flush_line(&mut self, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return;
        }
        let has = |needle: &[u8]| find(&line, needle).is_some();
        if self.in_private_key {
            self.in_private_key = !(has(b"-----END ") && has(b"PRIVATE KEY"));
            return;
        }
        if has(b"-----BEGIN ") && has(b"PRIVATE KEY") {
            // A key may stand in one line with escaped line ends.
            self.in_private_key = !has(b"-----END ");
            self.count += 1;
            out.extend_from_slice(MARK);
            out.push(b'\n');
            return;
        }
        self.count += redact_line(&line, out);
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

fn starts_with_ignoring_case(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.len() >= wanted.len() && bytes[..wanted.len()].eq_ignore_ascii_case(wanted)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.~+/=".contains(&byte)
}

fn redact_line(line: &[u8], out: &mut Vec<u8>) -> u32 {
    let mut count = 0;
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let secret = keyed(rest).or_else(|| userinfo(rest)).or_else(|| {
            let fresh =
                at == 0 || !is_token(line[at - 1]) || line[at - 1] == b'=' || line[at - 1] == b'/';
            if fresh { shaped(rest) } else { None }
        });
        match secret {
            Some((keep, remove)) if remove > 0 => {
                out.extend_from_slice(&rest[..keep]);
                out.extend_from_slice(MARK);
                count += 1;
                at += keep + remove;
            }
            _ => {
                out.push(line[at]);
                at += 1;
            }
        }
    }
    count
}

/// `password=…`, `"token": "…"`, `Authorization: Bearer …`: what to keep, what to remove.
fn keyed(rest: &[u8]) -> Option<(usize, usize)> {
    let key = KEYS
        .iter()
        .find(|key| starts_with_ignoring_case(rest, key))?;
    let mut at = key.len();
    // The word may go on (`token_value`, `passwords`), be quoted and be spaced.
    while rest
        .get(at)
        .is_some_and(|b| b.is_ascii_alphanumeric() || b"_-".contains(b))
    {
        at += 1;
    }
    while rest.get(at).is_some_and(|b| b"\"' \t".contains(b)) {
        at += 1;
    }
    if !rest.get(at).is_some_and(|b| b"=:".contains(b)) {
        return None;
    }
    at += 1;
    while rest.get(at).is_some_and(|b| b" \t".contains(b)) {
        at += 1;
    }
    let quote = rest.get(at).copied().filter(|b| b"\"'".contains(b));
    if quote.is_some() {
        at += 1;
    }
    let header = starts_with_ignoring_case(key, b"authorization")
        || starts_with_ignoring_case(key, b"cookie");
    let end = |b: &u8| match quote {
        Some(quote) => *b == quote || *b == b'\n',
        None if header => *b == b'\n' || *b == b'\r',
        None => b.is_ascii_whitespace() || b",;&".contains(b),
    };
    let length = rest[at..].iter().position(end).unwrap_or(rest.len() - at);
    (length > 0).then_some((at, length))
}

/// `://user:password@`: all between the slashes and the at sign.
fn userinfo(rest: &[u8]) -> Option<(usize, usize)> {
    let after = rest.strip_prefix(b"://")?;
    let end = after
        .iter()
        .position(|b| b.is_ascii_whitespace() || b"/?#\"'".contains(b))
        .unwrap_or(after.len());
    let at = after[..end].iter().rposition(|b| *b == b'@')?;
    Some((3, at))
}

/// Well-known shapes, and JSON Web Tokens.
fn shaped(rest: &[u8]) -> Option<(usize, usize)> {
    let length = rest
        .iter()
        .position(|b| !is_token(*b))
        .unwrap_or(rest.len());
    let known = SHAPES
        .iter()
        .any(|(start, more)| rest.starts_with(start) && length >= start.len() + more);
    let dots = rest[..length].iter().filter(|b| **b == b'.').count();
    let web_token = rest.starts_with(b"eyJ") && dots == 2 && length > 30;
    (known || web_token).then_some((0, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(text: &str) -> String {
        let mut redactor = Redactor::default();
        let mut out = redactor.push(text.as_bytes());
        out.extend(redactor.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn secrets_are_removed_and_the_rest_stays() {
        for (text, wanted) in [
            ("password=hunter2 user=bob", "password=‹redacted› user=bob"),
            ("DB_PASSWORD: hunter2\n", "DB_PASSWORD: ‹redacted›\n"),
            (
                "{\"api_key\": \"abc def\", \"n\": 1}",
                "{\"api_key\": \"‹redacted›\", \"n\": 1}",
            ),
            (
                "Authorization: Bearer abc.def\nHost: x",
                "Authorization: ‹redacted›\nHost: x",
            ),
            ("Set-Cookie: a=b; Secure\r\n", "Set-Cookie: ‹redacted›\r\n"),
            (
                "https://bob:pw@example.org/a",
                "https://‹redacted›@example.org/a",
            ),
            ("key AKIAABCDEFGHIJKLMNOP end", "key ‹redacted› end"),
            ("tde_0123456789abcdefXYZ", "‹redacted›"),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
                "‹redacted›",
            ),
        ] {
            assert_eq!(redacted(text), wanted);
        }
    }

    #[test]
    fn ordinary_output_is_left_alone() {
        for text in [
            "The token ring is up\n",
            "passwords must be long",
            "eth0: UP 10.0.0.1/24\n",
            "see https://example.org/a@b\n",
            "secretary\n",
            "AKIA is short\n",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn a_private_key_is_removed_as_a_whole() {
        let text = "before\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQ\nabc=\n-----END EC PRIVATE KEY-----\nafter\n";
        assert_eq!(redacted(text), "before\n‹redacted›\nafter\n");
        let cut = "-----BEGIN PRIVATE KEY-----\nMHcCAQ\n";
        assert_eq!(redacted(cut), "‹redacted›\n");
    }

    proptest! {
        #[test]
        fn borders_between_pieces_do_not_matter(
            text in "(password=[a-z0-9]{1,8}|[ -~]{0,20}|\\n|https://u:p@h/){0,8}", cut: prop::sample::Index
        ) {
            let bytes = text.as_bytes();
            let cut = cut.index(bytes.len() + 1);
            let mut redactor = Redactor::default();
            let mut out = redactor.push(&bytes[..cut]);
            out.extend(redactor.push(&bytes[cut..]));
            out.extend(redactor.finish());
            prop_assert_eq!(String::from_utf8(out).unwrap(), redacted(&text));
        }

        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
            let mut redactor = Redactor::default();
            redactor.push(&bytes);
            redactor.finish();
        }
    }
}
