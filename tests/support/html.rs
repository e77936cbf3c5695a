//! A page, read as a person reads it: by what is in which element.

use scraper::{ElementRef, Html, Selector};

/// A parsed page.
#[derive(Debug)]
pub struct Page(Html);

impl Page {
    /// Reads a whole document.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(Html::parse_document(text))
    }

    /// The text of every element that matches the CSS selector, spaces joined.
    #[must_use]
    pub fn texts(&self, css: &str) -> Vec<String> {
        self.0
            .select(&selector(css))
            .map(|element| text_of(&element))
            .collect()
    }

    /// The text of every element that matches the CSS selector, without what stands in elements that match the other.
    #[must_use]
    pub fn texts_beside(&self, css: &str, other: &str) -> Vec<String> {
        let other = selector(other);
        let beside = |element: ElementRef<'_>| {
            let inside = element.select(&other).flat_map(|it| it.descendants());
            let inside: Vec<_> = inside.map(|node| node.id()).collect();
            let rest = element.descendants();
            let rest = rest.filter(|node| !inside.contains(&node.id()));
            let words =
                rest.filter_map(|node| node.value().as_text().map(|it| it.text.to_string()));
            words.collect::<Vec<_>>().join(" ")
        };
        self.0.select(&selector(css)).map(beside).collect()
    }

    /// The text of the first element that matches.
    ///
    /// # Panics
    /// When there is none; the message shows the page's text.
    #[must_use]
    pub fn text(&self, css: &str) -> String {
        self.texts(css)
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no `{css}` in: {}", text_of(&self.0.root_element())))
    }

    /// Whether an element matches.
    #[must_use]
    pub fn has(&self, css: &str) -> bool {
        self.0.select(&selector(css)).next().is_some()
    }

    /// The value of an attribute of every element that matches and has it.
    #[must_use]
    pub fn attributes(&self, css: &str, name: &str) -> Vec<String> {
        self.0
            .select(&selector(css))
            .filter_map(|element| element.attr(name).map(str::to_owned))
            .collect()
    }

    /// The value of an attribute of the first element that matches and has it.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn attribute(&self, css: &str, name: &str) -> String {
        self.attributes(css, name)
            .into_iter()
            .next()
            .unwrap_or_else(|| panic!("no `{css}` with `{name}`"))
    }

    /// What no page of ours may hold: handlers, styles of its own, addresses that run, elements that load or embed, scripts
    /// that are not ours. Empty for a page on which words stayed words.
    #[must_use]
    pub fn hostile(&self) -> Vec<String> {
        const NEVER: [&str; 13] = [
            "iframe",
            "object",
            "embed",
            "base",
            "style",
            "portal",
            "math",
            "template",
            "xmp",
            "animate",
            "foreignobject",
            "video",
            "audio",
        ];
        const ADDRESSES: [&str; 8] = [
            "href",
            "src",
            "action",
            "formaction",
            "xlink:href",
            "data",
            "srcdoc",
            "srcset",
        ];
        let mut wrong = Vec::new();
        let all = self.0.tree.nodes().filter_map(ElementRef::wrap);
        for element in all {
            let name = element.value().name().to_lowercase();
            if NEVER.contains(&name.as_str()) {
                wrong.push(format!("there is a {name}"));
            }
            let ours = |it: &str| it.starts_with('/') && !it.starts_with("//");
            if name == "script" && !element.attr("src").is_some_and(ours) {
                wrong.push("a script that is not ours".to_owned());
            }
            if name == "meta" && element.attr("http-equiv").is_some() {
                wrong.push("a meta that steers".to_owned());
            }
            for (attribute, value) in element.value().attrs() {
                let to = value.trim().to_lowercase();
                if attribute.starts_with("on") || attribute == "style" {
                    wrong.push(format!("{name} has {attribute}={value}"));
                }
                if !ADDRESSES.contains(&attribute) {
                    continue;
                }
                let runs = ["javascript:", "data:", "vbscript:"]
                    .iter()
                    .any(|it| to.starts_with(it));
                let far = name != "a" && (to.contains("://") || to.starts_with("//"));
                if runs || far {
                    wrong.push(format!("{name} goes to {value}"));
                }
            }
        }
        wrong
    }

    /// What can be read on the page piece by piece: texts between tags, and the attributes that are shown, read out or put
    /// into the page by scripts. What programs take and print, in `code`, `kbd` and `pre`, is left out.
    #[must_use]
    pub fn pieces(&self) -> Vec<String> {
        let mut pieces = Vec::new();
        for node in self.0.tree.nodes() {
            if let Some(text) = node.value().as_text() {
                let unread = node.ancestors().filter_map(ElementRef::wrap).any(|it| {
                    ["code", "kbd", "pre", "script", "style"].contains(&it.value().name())
                });
                if !unread {
                    pieces.push(text.to_string());
                }
            }
            let attributes = ElementRef::wrap(node)
                .into_iter()
                .flat_map(|it| it.value().attrs());
            pieces.extend(
                attributes
                    .filter(|(name, _)| {
                        ["alt", "aria-label", "placeholder", "title"].contains(name)
                            || name.starts_with("data-w-")
                    })
                    .map(|(_, value)| value.to_owned()),
            );
        }
        pieces
    }

    /// Everything that a person can read on the page.
    #[must_use]
    pub fn all_text(&self) -> String {
        text_of(&self.0.root_element())
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|error| panic!("`{css}` is no selector: {error}"))
}

fn text_of(element: &ElementRef<'_>) -> String {
    let text: String = element.text().collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
