//! Text of others for a terminal or a log: what could steer it is shown instead of obeyed.

/// The same text with control characters, line separators that are not `\n`, direction marks and the byte order mark written
/// as `\u{…}`. Line ends and tabs stay.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => out.extend(c.escape_unicode()),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_shown_and_what_is_read_stays() {
        assert_eq!(
            visible("ok\tcaf\u{e9} \u{65e5}\u{672c}\n"),
            "ok\tcaf\u{e9} \u{65e5}\u{672c}\n"
        );
        for steers in [
            '\0', '\r', '\u{7}', '\u{1b}', '\u{7f}', '\u{9b}', '\u{61c}', '\u{200e}', '\u{200f}',
            '\u{2028}', '\u{2029}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}',
        ] {
            let shown = visible(&format!("a{steers}b"));
            assert!(!shown.contains(steers), "{shown:?}");
            assert_eq!(shown, format!("a{}b", steers.escape_unicode()));
        }
    }
}
