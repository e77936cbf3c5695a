//! Styles, scripts and icons: inside the binary in release, read from `static/` while developing. Their address holds a hash
//! of all of them, so that browsers keep them for ever and still never mix two versions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use ring::digest;
use rust_embed::RustEmbed;

use crate::WebError;
use crate::extract::Path;
use crate::routes::{Audience, Routes};

#[derive(RustEmbed)]
#[folder = "../../static"]
struct Static;

/// The style sheet is four files, sent as one. Cascade layers make their order inside a layer irrelevant.
const STYLES: [&str; 4] = [
    "css/tokens.css",
    "css/base.css",
    "css/layout.css",
    "css/components.css",
];
const BUNDLE: &str = "app.css";

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = digest::Context::new(&digest::SHA256);
    let mut names: Vec<_> = Static::iter().collect();
    names.sort();
    for name in names {
        if let Some(file) = Static::get(&name) {
            all.update(name.as_bytes());
            all.update(&file.metadata.sha256_hash());
        }
    }
    all.finish()
        .as_ref()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

static ADDRESSES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    Static::iter()
        .map(|name| name.to_string())
        .chain([BUNDLE.to_owned()])
        .map(|name| (name.clone(), format!("/assets/{}/{name}", *VERSION)))
        .collect()
});

/// The address of a file in `static/`. An unknown name gives an address that answers 404; a test asks for every one.
pub(crate) fn address(name: &str) -> &'static str {
    ADDRESSES
        .get(name)
        .map_or("/assets/unknown", String::as_str)
}

pub(crate) fn routes(routes: &mut Routes) {
    routes.get(Audience::Public, "/assets/{version}/{*name}", file);
    routes.get(Audience::Public, "/favicon.ico", favicon);
}

async fn file(Path((version, name)): Path<(String, String)>) -> Result<Response, WebError> {
    let bytes = if name == BUNDLE {
        let mut css = Vec::with_capacity(80_000);
        for part in STYLES {
            css.extend_from_slice(&Static::get(part).ok_or(WebError::NotFound)?.data);
            css.push(b'\n');
        }
        Body::from(css)
    } else {
        match Static::get(&name).ok_or(WebError::NotFound)?.data {
            std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes),
        }
    };
    let cache = if version == *VERSION && !cfg!(debug_assertions) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(content_type(&name)),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    Ok((headers, bytes).into_response())
}

async fn favicon() -> Response {
    (
        [(
            header::LOCATION,
            HeaderValue::from_static(address("favicon.svg")),
        )],
        axum::http::StatusCode::PERMANENT_REDIRECT,
    )
        .into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, end)| end) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_holds_the_version() {
        assert!(address("app.css").starts_with(&format!("/assets/{}/", *VERSION)));
        assert_eq!(VERSION.len(), 16);
        assert_eq!(address("no-such-file"), "/assets/unknown");
    }

    #[test]
    fn styles_and_scripts_together_leave_room_for_the_page() {
        let bytes: usize = Static::iter()
            .filter_map(|name| Static::get(&name))
            .map(|file| file.data.len())
            .sum();
        assert!(
            bytes < 115 * 1024,
            "{bytes} bytes of styles, scripts and icons: a page may have 150 KB in all"
        );
    }
}
