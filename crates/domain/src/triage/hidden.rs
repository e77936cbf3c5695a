//! What a reader of a mail would not take for what the person says: quoted and forwarded text, the signature, tags, and HTML that
//! is not shown.

/// Byte spans of the body that a reader would not take for what the person says.
pub(super) fn hidden_spans(body: &str) -> Vec<(usize, usize)> {
    let mut spans = quoted(body);
    spans.extend(html(body));
    spans.sort_unstable();
    // Overlaps unite, so that one pass in order is enough.
    let mut united: Vec<(usize, usize)> = Vec::with_capacity(spans.len());
    for (start, end) in spans {
        match united.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => united.push((start, end)),
        }
    }
    united
}

/// Quoted lines, forwarded blocks and the signature.
fn quoted(body: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let end = at + line.len();
        let trimmed = line.trim();
        if line.trim_end_matches(['\r', '\n']) == "-- "
            || trimmed == "--"
            || opens_quote(trimmed, &body[end..])
        {
            spans.push((at, body.len()));
            break;
        }
        if trimmed.starts_with('>') {
            spans.push((at, end));
        }
        at = end;
    }
    spans
}

/// Whether a line opens the part of a mail that somebody else wrote.
fn opens_quote(line: &str, rest: &str) -> bool {
    let lower = line.to_lowercase();
    let dashes = lower.starts_with("---") || lower.starts_with("___");
    if dashes
        && [
            "original message",
            "forwarded message",
            "ursprüngliche nachricht",
            "mensaje original",
            "message d'origine",
            "messaggio originale",
            "mensagem original",
        ]
        .iter()
        .any(|mark| lower.contains(mark))
    {
        return true;
    }
    let introduces = ["on ", "am ", "le ", "el ", "il ", "em "]
        .iter()
        .any(|opening| lower.starts_with(opening));
    if introduces
        && lower.len() <= 200
        && [
            "wrote:",
            "schrieb:",
            "a écrit :",
            "a écrit:",
            "escribió:",
            "ha scritto:",
            "escreveu:",
        ]
        .iter()
        .any(|closing| lower.ends_with(closing))
    {
        return true;
    }
    let from = ["from:", "von:", "de:", "da:"]
        .iter()
        .any(|opening| lower.starts_with(opening));
    from && rest.lines().take(3).any(|next| {
        let next = next.trim().to_lowercase();
        [
            "sent:",
            "date:",
            "gesendet:",
            "datum:",
            "enviado:",
            "envoyé :",
            "envoyé:",
            "inviato:",
        ]
        .iter()
        .any(|opening| next.starts_with(opening))
    })
}

/// Tags, comments, and the content of elements that are not shown.
fn html(body: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = body[at..].find('<') {
        let start = at + found;
        let rest = &body[start..];
        if rest.starts_with("<!--") {
            let end = rest
                .find("-->")
                .map_or(body.len(), |close| start + close + 3);
            spans.push((start, end));
            at = end;
            continue;
        }
        let looks_like_tag =
            rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(close) = looks_like_tag
            .then(|| rest.find('>'))
            .flatten()
            .filter(|close| *close <= 2_000)
        else {
            at = start + 1;
            continue;
        };
        let tag = rest[1..close].to_lowercase();
        let mut end = start + close + 1;
        let name: String = tag
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        if !name.is_empty() && is_hidden_element(&name, &tag) {
            let closing = format!("</{name}");
            // ASCII lower case keeps every byte where it was.
            let lower = body[end..].to_ascii_lowercase();
            end = lower.find(&closing).map_or(body.len(), |found| end + found);
        }
        spans.push((start, end));
        at = end;
    }
    spans
}

fn is_hidden_element(name: &str, tag: &str) -> bool {
    if matches!(
        name,
        "script" | "style" | "template" | "head" | "title" | "noscript"
    ) {
        return true;
    }
    let style: String = tag.chars().filter(|c| !c.is_whitespace()).collect();
    tag.split(|c: char| c.is_whitespace())
        .any(|attribute| attribute == "hidden" || attribute.starts_with("hidden="))
        || [
            "display:none",
            "visibility:hidden",
            "font-size:0",
            "opacity:0",
            "mso-hide:all",
            "color:transparent",
        ]
        .iter()
        .any(|mark| style.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::super::{Word, words};

    fn folded(body: &str) -> Vec<String> {
        let found: Vec<Word> = words("", body).words;
        found.into_iter().map(|word| word.folded).collect()
    }

    #[test]
    fn quoted_lines_forwards_and_signatures_are_not_what_the_person_says() {
        assert_eq!(
            folded("hello\n> reset my password\nbye\n-- \nJohn, VPN team"),
            ["hello", "bye"]
        );
        assert_eq!(
            folded("see below\nOn Mon, Ana wrote:\nmy password"),
            ["see", "below"]
        );
        assert_eq!(folded("hi\n-----Original Message-----\nFrom: x"), ["hi"]);
        assert_eq!(folded("hi\nFrom: Ana\nSent: Monday\nmy password"), ["hi"]);
    }

    #[test]
    fn html_that_is_not_shown_is_not_read() {
        assert_eq!(
            folded("<p>Hello</p><span style=\"display: none\">reset password</span> you"),
            ["hello", "you"]
        );
        assert_eq!(
            folded("a <!-- password --> b <script>vpn</script> c"),
            ["a", "b", "c"]
        );
        assert_eq!(
            folded("5 < 6 and <name> stays apart"),
            ["5", "6", "and", "stays", "apart"]
        );
    }
}
