//! `tierdesk sla compute`: answers JSON lines on standard input until it ends.

use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};

use tierdesk_domain::sla_compute::sla_compute_line;

/// A longer line is answered with an error instead of being held in memory.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Answers every line in order, blank ones excepted; stops quietly when nobody reads the answers any more.
pub(crate) fn run(input: impl Read, output: impl Write) -> io::Result<()> {
    match answer_all(BufReader::new(input), BufWriter::new(output)) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn answer_all<R: Read>(mut input: BufReader<R>, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut input)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return output.flush();
        }
        let whole = line.ends_with(b"\n") || (read as u64) < LONGEST_LINE;
        if !whole {
            skip_line(&mut input)?;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if !whole {
            writeln!(
                output,
                r#"{{"id":null,"error":"this line is longer than 1 MiB; split it"}}"#
            )?;
        } else if !text.is_empty() {
            writeln!(output, "{}", sla_compute_line(text))?;
        }
        // Somebody who asks line by line gets each answer at once.
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let newline = available.iter().position(|byte| *byte == b'\n');
        let used = newline.map_or(available.len(), |position| position + 1);
        input.consume(used);
        if newline.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_does_not_stop_the_rest() {
        let good = r#"{"id":"a","calendar":{"zone":"UTC","windows":{"mon":[["09:00","17:00"]]}},"start":"2026-06-01T09:00:00Z","business_seconds":60}"#;
        let mut input = Vec::new();
        for line in [
            good.as_bytes(),
            b"nonsense",
            b"\xff\xfe",
            b"",
            &vec![b'x'; 3_000_000],
            good.as_bytes(),
        ] {
            input.extend_from_slice(line);
            input.extend_from_slice(b"\r\n");
        }
        let mut output = Vec::new();

        run(&input[..], &mut output).unwrap();

        let output = String::from_utf8(output).unwrap();
        let answers: Vec<&str> = output.lines().collect();
        assert_eq!(answers.len(), 5);
        assert_eq!(answers[0], r#"{"id":"a","due":"2026-06-01T09:01:00Z"}"#);
        assert!(
            answers[1..4]
                .iter()
                .all(|answer| answer.starts_with(r#"{"id":null,"error":"#))
        );
        assert_eq!(answers[4], answers[0]);
    }
}
