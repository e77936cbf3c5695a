//! As much of a mail reader as tests need: headers as they were written, and the text and HTML parts decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A received message.
#[derive(Debug, Clone)]
pub struct Message {
    /// Every header in order, unfolded, with encoded words as they were sent.
    pub headers: Vec<(String, String)>,
    /// What follows the empty line.
    pub body: Vec<u8>,
}

impl Message {
    /// Takes a message apart.
    ///
    /// # Panics
    /// When a header line cannot be read, which a test should see.
    pub fn parse(bytes: &[u8]) -> Self {
        let end = find(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut headers: Vec<(String, String)> = vec![];
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                let (_, value) = headers.last_mut().expect("a folded line follows a header");
                value.push(' ');
                value.push_str(line.trim_start());
            } else {
                let (name, value) = line
                    .split_once(':')
                    .unwrap_or_else(|| panic!("not a header: {line:?}"));
                headers.push((name.to_owned(), value.trim_start().to_owned()));
            }
        }
        Self {
            headers,
            body: bytes.get(end + 4..).unwrap_or_default().to_vec(),
        }
    }

    /// The value of a header as it was sent; `None` when it is missing.
    ///
    /// # Panics
    /// When the header is there twice.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self
            .headers
            .iter()
            .filter(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str());
        let first = values.next();
        assert!(values.next().is_none(), "header {name} is there twice");
        first
    }

    /// The subject with encoded words decoded.
    pub fn subject(&self) -> String {
        decode_words(self.header("Subject").unwrap_or_default())
    }

    /// The text part, with `\n` line ends.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The HTML part, with `\n` line ends.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The first address behind `https://` or `http://` in the text part that holds `marker`.
    ///
    /// # Panics
    /// When there is none.
    pub fn link(&self, marker: &str) -> String {
        let text = self.text();
        let found = text
            .split_whitespace()
            .find(|word| word.starts_with("http") && word.contains(marker));
        found
            .unwrap_or_else(|| panic!("no link with {marker} in:\n{text}"))
            .to_owned()
    }

    fn part(&self, wanted: &str) -> String {
        let kind = self
            .header("Content-Type")
            .unwrap_or("text/plain")
            .to_owned();
        if kind.to_ascii_lowercase().starts_with(wanted) {
            return self.decoded();
        }
        let Some(boundary) = kind.split("boundary=").nth(1) else {
            return String::new();
        };
        let boundary = boundary
            .split(';')
            .next()
            .unwrap_or_default()
            .trim_matches('"');
        let body = String::from_utf8_lossy(&self.body).into_owned();
        body.split(&format!("--{boundary}"))
            .skip(1)
            .filter(|part| !part.starts_with("--"))
            .map(|part| Self::parse(part.trim_start_matches("\r\n").as_bytes()).part(wanted))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    fn decoded(&self) -> String {
        let encoding = self
            .header("Content-Transfer-Encoding")
            .unwrap_or("7bit")
            .to_ascii_lowercase();
        let bytes = match encoding.as_str() {
            "quoted-printable" => quoted_printable(&self.body, false),
            "base64" => {
                let packed: Vec<u8> = self
                    .body
                    .iter()
                    .copied()
                    .filter(|byte| !byte.is_ascii_whitespace())
                    .collect();
                STANDARD
                    .decode(packed)
                    .expect("the part is base64 as it says")
            }
            _ => self.body.clone(),
        };
        String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
    }
}

/// RFC 2047: decodes encoded words; white space between two of them is not there.
pub fn decode_words(value: &str) -> String {
    let mut decoded = String::new();
    let mut after_word = false;
    for (index, word) in value.split(' ').enumerate() {
        let encoded = word
            .strip_prefix("=?")
            .and_then(|rest| rest.strip_suffix("?="))
            .map(|inner| inner.splitn(3, '?').collect::<Vec<_>>());
        let bytes = match encoded.as_deref() {
            Some([_, "b" | "B", text]) => STANDARD.decode(text).ok(),
            Some([_, "q" | "Q", text]) => Some(quoted_printable(text.as_bytes(), true)),
            _ => None,
        };
        if index > 0 && !(after_word && bytes.is_some()) {
            decoded.push(' ');
        }
        after_word = bytes.is_some();
        match bytes {
            Some(bytes) => decoded.push_str(&String::from_utf8_lossy(&bytes)),
            None => decoded.push_str(word),
        }
    }
    decoded
}

fn quoted_printable(bytes: &[u8], underscore_is_space: bool) -> Vec<u8> {
    let mut decoded = vec![];
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'=' && tail.starts_with(b"\r\n") {
            rest = &tail[2..];
        } else if byte == b'=' && tail.len() >= 2 {
            let digits = String::from_utf8_lossy(&tail[..2]).into_owned();
            decoded.push(u8::from_str_radix(&digits, 16).expect("two hexadecimal digits follow ="));
            rest = &tail[2..];
        } else if byte == b'_' && underscore_is_space {
            decoded.push(b' ');
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}
