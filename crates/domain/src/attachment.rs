//! Files that people attach: how large, how many, what they are called, and what they are (AT-FILE-1, AT-XSS-3).

use chrono::TimeDelta;

/// The largest file, in bytes: 25 MiB.
pub const MAX_SIZE: u64 = 25 * 1024 * 1024;
/// The largest file as people read it, in MB.
pub const MAX_MEGABYTES: usize = 25;
/// The most files that go with one message.
pub const MAX_PER_MESSAGE: usize = 10;
/// The most files of one person that wait for a form to be sent.
pub const MAX_WAITING: usize = 50;
/// How long a file waits for its form to be sent.
pub const WAITS: TimeDelta = TimeDelta::hours(24);
/// How many bytes of a file's start [`media_type`] wants to see.
pub const HEAD: usize = 16;

/// The longest name we keep, in bytes of UTF-8.
const MAX_NAME: usize = 200;
/// The longest part of a name that counts as its extension, in bytes.
const MAX_EXTENSION: usize = 12;

/// Names that Windows opens as a device, whatever follows the first dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// The name a file is shown and downloaded under: the last part of a path, without characters that control, hide or turn
/// text around, without what a file system reads in its own way, never empty and at most 200 bytes. Files are
/// never *stored* under it.
pub fn clean_name(given: &str) -> String {
    let visible: String = given
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|&c| !hides(c))
        .map(|c| {
            if "<>:\"|?*%;／＼".contains(c) {
                '_'
            } else if c.is_whitespace() {
                ' '
            } else {
                c
            }
        })
        .collect();
    let name = visible
        .trim()
        .trim_start_matches('.')
        .trim_end_matches([' ', '.'])
        .trim_start();
    if name.is_empty() {
        return "file".to_owned();
    }
    let stem = name.split('.').next().unwrap_or(name).trim();
    let name = if DEVICES
        .iter()
        .any(|device| stem.eq_ignore_ascii_case(device))
    {
        format!("_{name}")
    } else {
        name.to_owned()
    };
    shortened(&name)
}

/// Cuts the middle out of a long name so that its extension stays.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    let extension = name
        .rfind('.')
        .map(|dot| &name[dot..])
        .filter(|it| it.len() <= MAX_EXTENSION)
        .unwrap_or_default();
    let mut end = MAX_NAME - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", name[..end].trim_end_matches([' ', '.']))
}

/// Control characters, line separators, zero-width and direction marks, tags, and what is no character at all.
pub(crate) fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// How the start of a file proves its type.
enum Proof {
    /// It starts with these bytes.
    Starts(&'static [u8]),
    /// It has these bytes at a place.
    At(usize, &'static [u8]),
    /// It is text: no NUL and no other control byte but tab and line ends at its start.
    Text,
}

/// The only types we ever name. What a sender claims is not asked.
const TYPES: [(&[&str], &str, Proof); 12] = [
    (&["png"], "image/png", Proof::Starts(b"\x89PNG\r\n\x1a\n")),
    (
        &["jpg", "jpeg"],
        "image/jpeg",
        Proof::Starts(b"\xff\xd8\xff"),
    ),
    (&["gif"], "image/gif", Proof::Starts(b"GIF8")),
    (&["webp"], "image/webp", Proof::At(8, b"WEBP")),
    (&["mp4"], "video/mp4", Proof::At(4, b"ftyp")),
    (&["pdf"], "application/pdf", Proof::Starts(b"%PDF-")),
    (&["zip"], "application/zip", Proof::Starts(b"PK")),
    (
        &["docx"],
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Proof::Starts(b"PK\x03\x04"),
    ),
    (
        &["xlsx"],
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Proof::Starts(b"PK\x03\x04"),
    ),
    (
        &["pptx"],
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Proof::Starts(b"PK\x03\x04"),
    ),
    (&["csv"], "text/csv; charset=utf-8", Proof::Text),
    (&["txt", "log"], "text/plain; charset=utf-8", Proof::Text),
];

/// What a file that is not one of [`TYPES`], or only claims to be, is sent as.
pub const UNKNOWN_TYPE: &str = "application/octet-stream";

/// The type of a file by its extension, where its first bytes (up to [`HEAD`]) agree; else [`UNKNOWN_TYPE`].
pub fn media_type(name: &str, head: &[u8]) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, it)| it);
    TYPES
        .iter()
        .find(|(extensions, _, _)| {
            extensions
                .iter()
                .any(|it| it.eq_ignore_ascii_case(extension))
        })
        .filter(|(_, _, proof)| match proof {
            Proof::Starts(bytes) => head.starts_with(bytes),
            Proof::At(at, bytes) => head.get(*at..).is_some_and(|it| it.starts_with(bytes)),
            Proof::Text => !head.iter().any(|&b| b < b' ' && !b"\t\r\n".contains(&b)),
        })
        .map_or(UNKNOWN_TYPE, |(_, name, _)| name)
}

/// Whether a type is a picture that people look at.
pub fn is_picture(media_type: &str) -> bool {
    media_type.starts_with("image/")
}

/// The value of `Content-Disposition` for a download (RFC 6266 with RFC 5987): never shown in the page, under a name that
/// every browser reads.
pub fn disposition(name: &str) -> String {
    let name = clean_name(name);
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii() && !"\"\\".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let encoded: String = name
        .bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(b).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_loses_its_path_and_everything_that_deceives() {
        for (given, kept) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("C:\\Users\\ana\\scan 1.png", "scan 1.png"),
            ("%2e%2e%2fx", "_2e_2e_2fx"),
            ("a\0b.txt", "ab.txt"),
            ("CON", "_CON"),
            ("nul.txt", "_nul.txt"),
            ("console.txt", "console.txt"),
            ("name. . ", "name"),
            (".htaccess", "htaccess"),
            ("...", "file"),
            ("", "file"),
            ("\u{200b}.htaccess", "htaccess"),
            (".\u{200b}.\u{200b}./x", "x"),
            ("invoice\u{202e}fdp.exe", "invoicefdp.exe"),
            ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie_ x=1.txt"),
            ("say \"hi\".txt", "say _hi_.txt"),
            ("Prüfbericht ü.xlsx", "Prüfbericht ü.xlsx"),
            ("写真.jpg", "写真.jpg"),
        ] {
            assert_eq!(clean_name(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = clean_name(&format!("{}.pdf", "ä".repeat(300)));
        assert!(name.len() <= 200 && name.ends_with("ä.pdf"), "{name}");
        assert!(clean_name(&format!("x.{}", "y".repeat(300))).len() <= 200);
    }

    #[test]
    fn a_type_is_named_only_where_the_first_bytes_agree() {
        assert_eq!(media_type("a.PNG", b"\x89PNG\r\n\x1a\n....."), "image/png");
        assert_eq!(media_type("a.webp", b"RIFF....WEBPVP8 "), "image/webp");
        assert_eq!(
            media_type("a.log", b"one\ttwo\r\n"),
            "text/plain; charset=utf-8"
        );
        for (name, head) in [
            ("lying.png", b"<html><script>".as_slice()),
            ("page.html", b"<html>"),
            ("drawing.svg", b"<svg>"),
            ("page.xhtml", b"<html>"),
            ("data.xml", b"<?xml"),
            ("binary.txt", b"MZ\x90\0"),
            ("noextension", b"text"),
            ("short.webp", b"RIFF"),
        ] {
            assert_eq!(media_type(name, head), UNKNOWN_TYPE, "{name}");
        }
    }

    #[test]
    fn a_download_is_an_attachment_under_a_name_that_every_browser_reads() {
        assert_eq!(
            disposition("Prüf \"1\".pdf"),
            "attachment; filename=\"Pr_f _1_.pdf\"; filename*=UTF-8''Pr%C3%BCf%20_1_.pdf"
        );
        assert_eq!(
            disposition("x\r\ny.txt"),
            "attachment; filename=\"xy.txt\"; filename*=UTF-8''xy.txt"
        );
    }

    proptest! {
        #[test]
        fn whatever_the_name_it_is_one_harmless_part_of_a_path(given in "\\PC{0,80}|.{0,300}") {
            let name = clean_name(&given);
            prop_assert!(!name.is_empty() && name.len() <= 201);
            prop_assert!(!name.contains(['/', '\\', '"', '\0', '\n', '\r']) && !name.starts_with('.') && !name.ends_with(['.', ' ']));
            prop_assert!(!name.chars().any(hides));
            prop_assert_eq!(clean_name(&name), name);
        }

        #[test]
        fn a_disposition_is_always_one_line_of_ascii(given in ".{0,300}") {
            let header = disposition(&given);
            prop_assert!(header.starts_with("attachment; ") && header.bytes().all(|b| (b' '..=b'~').contains(&b)));
            prop_assert_eq!(header.matches('"').count(), 2);
        }
    }
}
