//! What a run brought, made fit for people: facts in words, output without anything that could steer a page or a terminal.

use serde_json::{Value, json};
use tierdesk_catalogue::Facts;
use tierdesk_store::job::Chunk;

/// How much of the output is copied to the timeline, in bytes; the whole is on the job's page.
const EXCERPT: usize = 4096;

/// Facts as a card shows them: plain values with their names in words.
pub(super) fn shown(facts: &Facts) -> Vec<Value> {
    let plain = |value: &Value| match value {
        Value::String(text) if !text.is_empty() => Some(text.chars().take(200).collect()),
        Value::Number(number) => Some(plain_number(number)),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            words
                .filter(|words| !words.is_empty())
                .map(|words| words.join(", ").chars().take(200).collect())
        }
        _ => None,
    };
    facts
        .iter()
        .filter_map(|(name, value)| {
            Some(json!({ "label": name.replace('_', " "), "value": plain(value)? }))
        })
        .take(12)
        .collect()
}

/// A number as people write it: 8, not 8.0.
fn plain_number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(n) if n.fract() == 0.0 && n.abs() < 1e15 => format!("{n:.0}"),
        _ => number.to_string(),
    }
}

/// The beginning of the output with control characters made visible.
pub(super) fn excerpt(chunks: &[Chunk]) -> String {
    let bytes: Vec<u8> = chunks
        .iter()
        .flat_map(|chunk| &chunk.bytes)
        .copied()
        .take(EXCERPT)
        .collect();
    visible(&bytes)
}

/// Hostile bytes as harmless text (AT-LOG-1): control characters and direction marks become visible, what is not UTF-8
/// becomes a replacement mark. Never markup: templates escape it like any other text.
pub fn visible(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| *c != '\r')
        .map(|c| match c {
            '\n' | '\t' => c,
            // The pictures of control characters: ␀ … ␟, ␡.
            '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_an_output_can_steer_a_terminal_or_a_page() {
        let hostile =
            b"a\x1b[31mred\x1b]52;c;x\x07\0\x7f\xc2\x9b\xff\xe2\x80\xae<script>\r\nnext\ttab";
        let text = visible(hostile);
        assert_eq!(
            text,
            "a␛[31mred␛]52;c;x␇␀␡\u{fffd}\u{fffd}\u{fffd}<script>\nnext\ttab"
        );
        assert!(
            !text
                .chars()
                .any(|c| c.is_control() && c != '\n' && c != '\t')
        );
    }

    #[test]
    fn facts_on_a_card_are_plain_values() {
        let facts = json!({ "loss_percent": 0.5, "ok": true, "sent": 8.0, "list": [{"a": 1}], "names": ["a", "b"], "none": null });
        let Value::Object(facts) = facts else {
            unreachable!()
        };
        let shown = shown(&facts);
        assert_eq!(shown.len(), 4);
        assert_eq!(shown[0], json!({ "label": "loss percent", "value": "0.5" }));
        assert_eq!(shown[1], json!({ "label": "names", "value": "a, b" }));
        assert_eq!(shown[2], json!({ "label": "ok", "value": "yes" }));
    }
}
