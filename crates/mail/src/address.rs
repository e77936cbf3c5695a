//! Mail addresses and the headers that hold them, written byte by byte so that no name can become an address or a header.

use std::fmt;
use std::str::FromStr;

use crate::words::Line;

/// A mail address we are willing to write into an envelope: ASCII, a dot-atom before the `@`, a host name behind it.
///
/// Quoted local parts, address literals and non-ASCII addresses are refused; they are legal and useless in a company, and each
/// has been a way to smuggle a second recipient.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

/// Why a text is not an address we send to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address we can send to")]
pub struct NotAnAddress;

impl Address {
    /// The address as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_atom(c: u8) -> bool {
    c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c)
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && label
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local, domain) = text.split_once('@').ok_or(NotAnAddress)?;
        let local_is_fine = local.len() <= 64
            && local
                .split('.')
                .all(|atom| !atom.is_empty() && atom.bytes().all(is_atom));
        let domain_is_fine = domain.len() <= 253 && domain.split('.').all(is_host_label);
        if local_is_fine && domain_is_fine && text.len() <= 254 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnAddress)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person's name with an address, as it stands in From, To, Cc and Reply-To.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name; empty shows the address alone.
    pub name: Line,
    /// The address.
    pub address: Address,
}

impl Mailbox {
    /// A name with an address.
    pub fn new(name: impl Into<Line>, address: Address) -> Self {
        Self {
            name: name.into(),
            address,
        }
    }
}

/// The longest name in a header, in characters.
const NAME_MAX: usize = 100;

/// The value of an address header: every mailbox on a line of its own, names quoted or encoded, never bare.
#[must_use]
pub fn header_of_mailboxes(mailboxes: &[Mailbox]) -> String {
    let written: Vec<_> = mailboxes
        .iter()
        .map(|mailbox| {
            let name: String = mailbox.name.as_str().chars().take(NAME_MAX).collect();
            if name.is_empty() {
                mailbox.address.to_string()
            } else {
                format!("{}\r\n <{}>", phrase(&name), mailbox.address)
            }
        })
        .collect();
    written.join(",\r\n ")
}

/// A display name: quoted when it is printable ASCII on one line, otherwise in encoded words.
fn phrase(name: &str) -> String {
    let plain = name.bytes().all(|c| (b' '..=b'~').contains(&c))
        && !name.contains("=?")
        && name.len() <= 60;
    if plain {
        let escaped: String = name
            .chars()
            .flat_map(|c| {
                (c == '"' || c == '\\')
                    .then_some('\\')
                    .into_iter()
                    .chain([c])
            })
            .collect();
        format!("\"{escaped}\"")
    } else {
        encoded_words(name)
    }
}

/// The value of an unstructured header such as Subject: as it is when printable ASCII without anything that a reader would
/// decode, otherwise in encoded words; folded either way.
#[must_use]
pub fn header_of_words(words: &Line) -> String {
    let words = words.as_str();
    let plain = words.bytes().all(|c| (b' '..=b'~').contains(&c))
        && !words.contains("=?")
        && words.split(' ').all(|word| word.len() <= 70);
    if !plain {
        return encoded_words(words);
    }
    let mut value = String::with_capacity(words.len() + 8);
    // "Subject: " has nine columns.
    let mut column = 9;
    for (index, word) in words.split(' ').enumerate() {
        if index > 0 {
            if column + 1 + word.len() > 76 {
                value.push_str("\r\n ");
                column = 1;
            } else {
                value.push(' ');
                column += 1;
            }
        }
        value.push_str(word);
        column += word.len();
    }
    value
}

/// RFC 2047: UTF-8 in base64, at most 75 characters a word, never splitting a character.
fn encoded_words(words: &str) -> String {
    const BYTES_PER_WORD: usize = 42;
    let mut chunks = vec![];
    let mut chunk = String::new();
    for c in words.chars() {
        if chunk.len() + c.len_utf8() > BYTES_PER_WORD {
            chunks.push(std::mem::take(&mut chunk));
        }
        chunk.push(c);
    }
    chunks.push(chunk);
    let encoded: Vec<_> = chunks
        .iter()
        .map(|chunk| format!("=?utf-8?b?{}?=", base64(chunk.as_bytes())))
        .collect();
    encoded.join("\r\n ")
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (u32::from(group[0]) << 16)
            | (u32::from(*group.get(1).unwrap_or(&0)) << 8)
            | u32::from(*group.get(2).unwrap_or(&0));
        for place in 0..4 {
            if place <= group.len() {
                encoded.push(char::from(
                    ALPHABET[(bits >> (18 - 6 * place)) as usize & 63],
                ));
            } else {
                encoded.push('=');
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_addresses_are_sent_to() {
        for good in [
            "a@b",
            "priya.nair@kestrel.example",
            "x+tag@sub.example.org",
            "o'brien@example.org",
        ] {
            assert_eq!(
                good.parse::<Address>().map(|a| a.to_string()).as_deref(),
                Ok(good)
            );
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b c",
            "a@b\r\nRCPT TO:<z@w>",
            "a@b>",
            "<a@b>",
            "a@b,c@d",
            "\"a\"@b",
            "a@[127.0.0.1]",
            "a@b@c",
            ".a@b",
            "a..b@c",
            "a@-b",
            "a@b..c",
            "ä@b",
            "a@ä.example",
            "a@b\0",
            "a@b\u{2028}",
            "-f@b\n",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
        assert!(format!("{}@b", "a".repeat(65)).parse::<Address>().is_err());
    }

    #[test]
    fn a_name_never_becomes_an_address() {
        let address: Address = "priya@example.org".parse().unwrap();
        let header = |name: &str| header_of_mailboxes(&[Mailbox::new(name, address.clone())]);
        assert_eq!(
            header("Priya Nair"),
            "\"Priya Nair\"\r\n <priya@example.org>"
        );
        assert_eq!(
            header("\"a\" <x@y>, z@w"),
            "\"\\\"a\\\" <x@y>, z@w\"\r\n <priya@example.org>"
        );
        assert_eq!(header(""), "priya@example.org");
        assert_eq!(
            header("Zoë"),
            "=?utf-8?b?Wm/Dqw==?=\r\n <priya@example.org>"
        );
        assert!(header("=?utf-8?q?=0d=0aBcc:_x@y?=").starts_with("=?utf-8?b?PT91dGYtOD9x"));
    }

    #[test]
    fn a_subject_is_folded_and_encoded() {
        assert_eq!(header_of_words(&Line::new("Printer jams")), "Printer jams");
        assert_eq!(
            header_of_words(&Line::new("Drucker für Halle 3")),
            "=?utf-8?b?RHJ1Y2tlciBmw7xyIEhhbGxlIDM=?="
        );
        assert!(
            header_of_words(&Line::new(&"word ".repeat(40)))
                .split("\r\n")
                .all(|line| line.len() <= 76)
        );
        assert!(
            header_of_words(&Line::new(&"ü".repeat(200)))
                .split("\r\n ")
                .all(|line| line.len() <= 75)
        );
    }

    proptest! {
        #[test]
        fn every_header_is_ascii_and_each_line_break_is_a_fold(name in any::<String>(), subject in any::<String>()) {
            let address: Address = "a@b.example".parse().unwrap();
            for value in [header_of_mailboxes(&[Mailbox::new(name.as_str(), address)]), header_of_words(&Line::new(&subject))] {
                prop_assert!(value.bytes().all(|c| (b' '..=b'~').contains(&c) || c == b'\r' || c == b'\n'));
                prop_assert!(value.replace("\r\n ", "").bytes().all(|c| c != b'\r' && c != b'\n'));
                prop_assert!(value.split("\r\n").all(|line| line.len() <= 900));
            }
        }
    }
}
