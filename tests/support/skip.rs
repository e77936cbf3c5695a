//! Tests that need what a machine may not have.

/// Says why a test does not run here; with `TIERDESK_REQUIRE_ALL=1`, as in CI, that is a failure.
///
/// Use it as `return skip("there is no chromedriver")`.
///
/// # Panics
/// When everything is required.
#[expect(
    clippy::print_stdout,
    reason = "the person who runs the tests shall read it"
)]
pub fn skip(reason: &str) {
    let required = std::env::var("TIERDESK_REQUIRE_ALL").is_ok_and(|it| it == "1");
    assert!(!required, "SKIPPED, but everything is required: {reason}");
    println!("SKIPPED: {reason}");
}

/// Whether a program of that name is in `PATH` or where only root usually looks.
#[must_use]
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|dir| dir.join(name).is_file())
}
