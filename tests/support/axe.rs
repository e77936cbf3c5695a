//! Accessibility as axe-core judges it. The script is not ours and not kept here: CI installs the npm package `axe-core`
//! and names its file in `TIERDESK_AXE`.

use std::path::PathBuf;

use crate::browser::Browser;
use crate::skip::skip;

/// The script's text, or says why there is none and returns nothing.
#[must_use]
pub fn script() -> Option<String> {
    let named = std::env::var_os("TIERDESK_AXE").map(PathBuf::from);
    let installed = [
        "node_modules/axe-core/axe.min.js",
        "target/axe/package/axe.min.js",
        "target/node_modules/axe-core/axe.min.js",
    ];
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = named.into_iter().chain(installed.map(|it| root.join(it)));
    let text = found
        .filter_map(|it| std::fs::read_to_string(it).ok())
        .next();
    if text.is_none() {
        skip(
            "there is no axe-core here (npm install --prefix target axe-core, or TIERDESK_AXE=FILE)",
        );
    }
    text
}

/// What axe-core finds wrong with the page that is open: rule, and the elements it names.
pub async fn violations(browser: &Browser, script: &str) -> Vec<String> {
    browser
        .page
        .execute(script, Vec::new())
        .await
        .expect("axe-core is loaded");
    let found = browser
        .page
        .execute_async(
            "const done = arguments[arguments.length - 1];
             axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(
                 (r) => done(r.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ') + ' ' + (n.any.concat(n.all)[0]?.message ?? '')).join('; ')}`)),
                 (e) => done([String(e)]));",
            Vec::new(),
        )
        .await
        .expect("axe-core runs");
    serde_json::from_value(found).expect("a list")
}
