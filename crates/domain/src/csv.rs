//! Tables for spreadsheets (RFC 4180).

/// A text as a cell: always quoted, and never a formula for the program that opens it (AT-CSV-1).
pub fn cell(text: &str) -> String {
    let dangerous = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '|', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let guard = if dangerous { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// Adds a line of cells.
pub fn line(csv: &mut String, cells: &[String]) {
    csv.push_str(&cells.join(","));
    csv.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_name_never_becomes_a_formula() {
        assert_eq!(cell("Network"), "\"Network\"");
        assert_eq!(cell("say \"hi\", all"), "\"say \"\"hi\"\", all\"");
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "|x", "\u{ff1d}1"] {
            assert_eq!(cell(text), format!("\"'{text}\""));
        }
    }
}
