//! Just enough of a DER reader to show whom a certificate is for, who made it and until
//! when it holds. Trust is decided elsewhere; this only reads. Any bytes are safe input.

use serde::{Deserialize, Serialize};

/// What a certificate says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateSummary {
    /// Common name of the subject, or its organisation.
    pub subject: String,
    /// Common name of the issuer, or its organisation.
    pub issuer: String,
    /// DNS names it is for.
    pub names: Vec<String>,
    /// Start of validity, in seconds since 1970.
    pub not_before: i64,
    /// End of validity, in seconds since 1970.
    pub not_after: i64,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Reads a certificate in DER; `None` when the bytes are no certificate.
pub fn summarise_certificate(der: &[u8]) -> Option<CertificateSummary> {
    let certificate = Reader(der).take(SEQUENCE)?;
    let mut body = Reader(Reader(certificate).take(SEQUENCE)?);
    body.skip_if(VERSION);
    body.any()?; // serial number
    body.take(SEQUENCE)?; // signature algorithm
    let issuer = name(body.take(SEQUENCE)?);
    let mut validity = Reader(body.take(SEQUENCE)?);
    let not_before = time(validity.any()?)?;
    let not_after = time(validity.any()?)?;
    let subject = name(body.take(SEQUENCE)?);
    body.take(SEQUENCE)?; // public key
    let mut names = Vec::new();
    while let Some((tag, content)) = body.any() {
        if tag == EXTENSIONS {
            names = alternative_names(content);
        }
    }
    Some(CertificateSummary {
        subject,
        issuer,
        names,
        not_before,
        not_after,
    })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7f => usize::from(first),
            0x81..=0x83 => {
                let (digits, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
                rest = after;
                digits
                    .iter()
                    .fold(0, |sum, digit| sum << 8 | usize::from(*digit))
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn take(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.any()
            .filter(|(tag, _)| *tag == wanted)
            .map(|(_, content)| content)
    }

    fn skip_if(&mut self, tag: u8) {
        if self.0.first() == Some(&tag) {
            self.any();
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

fn name(content: &[u8]) -> String {
    let mut best = String::new();
    let mut sets = Reader(content);
    while let Some(set) = sets.take(SET) {
        let Some(attribute) = Reader(set).take(SEQUENCE) else {
            continue;
        };
        let mut attribute = Reader(attribute);
        match (attribute.take(OID), attribute.any()) {
            (Some(COMMON_NAME), Some((_, value))) => return text(value),
            (Some(ORGANISATION), Some((_, value))) => best = text(value),
            _ => {}
        }
    }
    best
}

fn alternative_names(extensions: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let Some(list) = Reader(extensions).take(SEQUENCE) else {
        return names;
    };
    let mut list = Reader(list);
    while let Some(extension) = list.take(SEQUENCE) {
        let mut extension = Reader(extension);
        if extension.take(OID) != Some(SUBJECT_ALT_NAME) {
            continue;
        }
        extension.skip_if(0x01); // critical
        let Some(general) = extension
            .take(OCTETS)
            .and_then(|value| Reader(value).take(SEQUENCE))
        else {
            continue;
        };
        let mut general = Reader(general);
        while let Some((tag, value)) = general.any() {
            if tag == DNS_NAME && names.len() < 50 {
                names.push(text(value));
            }
        }
    }
    names
}

/// `YYMMDDHHMMSSZ` (years 1950 to 2049) or `YYYYMMDDHHMMSSZ`, as RFC 5280 demands.
fn time((tag, content): (u8, &[u8])) -> Option<i64> {
    let digits = content.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        Some(
            digits
                .get(from..to)?
                .iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        )
    };
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let short = number(0, 2)?;
            (
                if short < 50 {
                    2000 + short
                } else {
                    1900 + short
                },
                2,
            )
        }
        (GENERALIZED_TIME, 14) => (number(0, 4)?, 4),
        _ => return None,
    };
    let field = |index: usize| number(rest + 2 * index, rest + 2 * index + 2);
    let (month, day) = (field(0)?, field(1)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_since_1970(year, month, day);
    Some(days * 86_400 + field(2)? * 3600 + field(3)? * 60 + field(4)?)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar; the year begins in March so
/// that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let from_march = (153 * month + 2) / 5;
    year * 365 + leap_days + from_march + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RECORDED: &[u8] = include_bytes!("../fixtures/certificate.der");

    #[test]
    fn a_certificate_made_by_openssl_is_read() {
        let summary = summarise_certificate(RECORDED).unwrap();
        assert_eq!(summary.subject, "portal.example.org");
        assert_eq!(summary.issuer, "portal.example.org");
        assert_eq!(summary.names, ["portal.example.org", "www.example.org"]);
        assert_eq!(summary.not_before, 1_767_225_600); // 2026-01-01
        assert_eq!(summary.not_after, 2_556_143_999); // 2050-12-31 23:59:59, generalized time
    }

    #[test]
    fn days_are_counted_like_the_calendar() {
        assert_eq!(days_since_1970(1970, 1, 1), 0);
        assert_eq!(days_since_1970(2000, 2, 29), 11_016);
        assert_eq!(days_since_1970(2026, 11, 23), 20_780);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = summarise_certificate(&bytes);
        }

        #[test]
        fn a_damaged_certificate_is_safe(at in 0..RECORDED.len(), byte: u8, cut in 0..RECORDED.len()) {
            let mut bytes = RECORDED.to_vec();
            bytes[at] = byte;
            let _ = summarise_certificate(&bytes);
            let _ = summarise_certificate(&bytes[..cut]);
        }
    }
}
