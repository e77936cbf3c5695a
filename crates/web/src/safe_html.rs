//! The one reviewed place that makes HTML from what people wrote. Markdown in, a small set of harmless elements out; raw HTML
//! is shown as the text it is. Everything else in the product is escaped by the templates.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{
    CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, TextMergeStream, html,
};

/// HTML that went through the allow-list below; templates print it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SafeHtml(String);

impl fmt::Display for SafeHtml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for SafeHtml {}

/// No image (a picture elsewhere tells its owner who reads), no style, no id, no class, nothing that frames or scripts.
static ALLOWED: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "hr",
            "li",
            "ol",
            "p",
            "pre",
            "strong",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ]))
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href", "title"])),
            ("ol", HashSet::from(["start"])),
        ]))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener noreferrer ugc"));
    builder
});

/// Nobody quotes a quote this often; the sanitiser's cost grows with the square of the depth.
const DEEPEST: usize = 24;

/// What somebody wrote, as HTML. Line breaks stay where they were typed; bare addresses become links; headings become bold
/// paragraphs (the page has its own outline).
pub(crate) fn markdown(text: &str) -> SafeHtml {
    let parser = TextMergeStream::new(Parser::new_ext(
        text,
        Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES,
    ));
    let mut inside = Inside::default();
    let mut depth = 0_usize;
    let shallow = parser.filter(|event| match event {
        Event::Start(_) => {
            depth += 1;
            depth <= DEEPEST
        }
        Event::End(_) => {
            depth -= 1;
            depth < DEEPEST
        }
        _ => true,
    });
    let events = shallow.flat_map(|event| plain(event, &mut inside));
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    html::push_html(&mut out, events);
    SafeHtml(ALLOWED.clean(&out).to_string())
}

#[derive(Default)]
struct Inside {
    link: bool,
    code: bool,
}

/// Rewrites what the product shows differently.
fn plain<'a>(event: Event<'a>, inside: &mut Inside) -> Vec<Event<'a>> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => vec![Event::Text(raw)],
        Event::SoftBreak => vec![Event::HardBreak],
        Event::Start(Tag::HtmlBlock) => vec![Event::Start(Tag::Paragraph)],
        Event::End(TagEnd::HtmlBlock) => vec![Event::End(TagEnd::Paragraph)],
        Event::Start(Tag::Heading { .. }) => {
            vec![Event::Start(Tag::Paragraph), Event::Start(Tag::Strong)]
        }
        Event::End(TagEnd::Heading(_)) => {
            vec![Event::End(TagEnd::Strong), Event::End(TagEnd::Paragraph)]
        }
        Event::Start(Tag::Image {
            dest_url, title, ..
        }) => {
            inside.link = true;
            vec![Event::Start(Tag::Link {
                link_type: LinkType::Inline,
                dest_url,
                title,
                id: CowStr::Borrowed(""),
            })]
        }
        Event::End(TagEnd::Image) => {
            inside.link = false;
            vec![Event::End(TagEnd::Link)]
        }
        Event::Start(Tag::Link { .. }) => {
            inside.link = true;
            vec![event]
        }
        Event::End(TagEnd::Link) => {
            inside.link = false;
            vec![event]
        }
        Event::Start(Tag::CodeBlock(_)) => {
            inside.code = true;
            vec![event]
        }
        Event::End(TagEnd::CodeBlock) => {
            inside.code = false;
            vec![event]
        }
        Event::Text(text) if !inside.link && !inside.code && text.contains("://") => {
            with_links(&text)
        }
        other => vec![other],
    }
}

/// Splits a text at bare `http://` and `https://` addresses and makes them links.
fn with_links<'a>(text: &str) -> Vec<Event<'a>> {
    let owned = |part: &str| CowStr::from(part.to_owned());
    let mut events = Vec::new();
    let mut rest = text;
    while let Some(start) = [rest.find("https://"), rest.find("http://")]
        .into_iter()
        .flatten()
        .min()
    {
        let address = rest[start..]
            .split(|c: char| c.is_whitespace() || c.is_control() || "<>\"'`".contains(c))
            .next()
            .unwrap_or_default();
        let address = address.trim_end_matches(|c| ".,;:!?)]}".contains(c));
        events.push(Event::Text(owned(&rest[..start])));
        let dest_url = owned(address);
        events.push(Event::Start(Tag::Link {
            link_type: LinkType::Autolink,
            dest_url,
            title: CowStr::Borrowed(""),
            id: CowStr::Borrowed(""),
        }));
        events.push(Event::Text(owned(address)));
        events.push(Event::End(TagEnd::Link));
        rest = &rest[start + address.len()..];
    }
    events.push(Event::Text(owned(rest)));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html_of(text: &str) -> String {
        markdown(text).to_string()
    }

    #[test]
    fn people_write_markdown_and_see_it() {
        assert_eq!(
            html_of("**now** `ip a`\nsecond line").trim(),
            "<p><strong>now</strong> <code>ip a</code><br>\nsecond line</p>"
        );
        assert_eq!(html_of("# Title").trim(), "<p><strong>Title</strong></p>");
    }

    #[test]
    fn html_is_shown_as_the_text_it_is() {
        assert_eq!(
            html_of("a <b onclick=x>b</b>").trim(),
            "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>"
        );
        assert!(!html_of("<script>alert(1)</script>").contains("<script"));
        assert!(!html_of("<svg/onload=alert(1)>").contains("<svg"));
    }

    #[test]
    fn links_go_to_the_web_or_to_mail_and_nowhere_else() {
        assert!(
            html_of("[x](https://example.com)")
                .contains(r#"rel="nofollow noopener noreferrer ugc""#)
        );
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "//evil.example",
            "/tickets/1",
            "JaVaScRiPt:x",
            "java\tscript:x",
        ] {
            assert!(!html_of(&format!("[x]({bad})")).contains("href"), "{bad}");
        }
    }

    #[test]
    fn a_picture_is_a_link() {
        let html = html_of("![cat](https://example.com/cat.png)");
        assert!(
            html.contains(">cat</a>") && !html.contains("<img"),
            "{html}"
        );
    }

    #[test]
    fn a_bare_address_is_a_link_without_the_full_stop() {
        assert!(
            html_of("see https://example.com/a_b_c.")
                .contains(r#"href="https://example.com/a_b_c""#)
        );
        assert!(html_of("`https://example.com`").contains("<code>https://example.com</code>"));
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_multiplies() {
        for deep in [
            ">".repeat(20_000),
            "[".repeat(20_000),
            "* ".repeat(10_000),
            "**".repeat(10_000),
        ] {
            let html = html_of(&deep);
            assert!(html.len() < 30 * deep.len(), "{}", html.len());
        }
    }
}
