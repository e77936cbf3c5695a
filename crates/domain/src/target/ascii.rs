//! Names as people write them, in the form that diagnostics take: letters beyond ASCII become A-labels.

use tierdesk_catalogue::Kind;
use unicode_normalization::UnicodeNormalization as _;

use super::punycode::a_label;

/// A parameter's text with its host name in ASCII form. What cannot be written so, and what is no name, stays as it is:
/// the parameter's own check says what is wrong with it.
pub fn ascii(kind: &Kind, text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let written = match kind {
        Kind::Host | Kind::Fqdn => name(text),
        Kind::Url => url(text),
        Kind::Ip | Kind::Unit | Kind::Iface | Kind::Number { .. } | Kind::Choice(_) => None,
    };
    written.unwrap_or_else(|| text.to_owned())
}

/// The dots of other scripts part labels, too (RFC 3490, section 3.1).
const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];

fn name(text: &str) -> Option<String> {
    let composed: String = text.nfkc().collect();
    let labels: Option<Vec<_>> = composed.split(DOTS).map(a_label).collect();
    labels.map(|labels| labels.join("."))
}

/// `scheme://host:port/…` with that host; everything else stays.
fn url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, format!(":{port}")),
        None => (authority, String::new()),
    };
    Some(format!("{scheme}://{}{port}{path}", name(host)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_what_is_written_how() {
        let table = [
            (Kind::Host, "bücher.example", "xn--bcher-kva.example"),
            (Kind::Fqdn, "BÜCHER.example.", "xn--bcher-kva.example."),
            // A letter and its mark, apart, are the same letter.
            (Kind::Host, "bu\u{308}cher.example", "xn--bcher-kva.example"),
            (Kind::Host, "例え。example", "xn--r8jz45g.example"),
            (
                Kind::Url,
                "https://bücher.example:8443/a?b=1",
                "https://xn--bcher-kva.example:8443/a?b=1",
            ),
            (Kind::Url, "http://пример", "http://xn--e1afmkfd"),
            (Kind::Host, "Plain.example", "Plain.example"),
            (Kind::Host, "10.0.0.1", "10.0.0.1"),
            (Kind::Url, "bücher.example", "bücher.example"),
            (Kind::Unit, "bücher", "bücher"),
        ];
        for (kind, typed, expected) in table {
            assert_eq!(ascii(&kind, typed), expected, "{typed}");
        }
        let long = "ü".repeat(64);
        assert_eq!(ascii(&Kind::Host, &long), long);
    }
}
