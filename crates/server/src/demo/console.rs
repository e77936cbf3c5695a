//! What the demo says on the terminal.
#![expect(clippy::print_stdout, reason = "this is where a person is greeted")]

use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::company::{GUIDES, NAME, PASSWORD, address};

/// A bar for the first start; where there is no terminal, one line.
pub(super) fn progress(length: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    let message = format!("First start: a month at {NAME}");
    if bar.is_hidden() {
        println!("{message} …");
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar.set_message(message);
    bar
}

/// Where to go and whom to be.
pub(super) fn welcome(base_url: &str, dir: &Path, first: bool) {
    let kept = match first {
        true => "Everything is kept for the next start",
        false => "Everything of the last time is still there",
    };
    println!("\n  Tierdesk demo: {NAME}\n\n      {base_url}\n");
    println!("  Sign in as         with the password {PASSWORD}");
    for (name, part) in GUIDES {
        println!("    {:<38} {part}", address(name));
    }
    println!("\n  No mail leaves this machine: read it at {base_url}/mailbox.");
    println!("  {kept} ({}); --reset starts over.", dir.display());
    println!("  Ctrl-C stops everything.\n");
}
