//! Asks the linker for a compact table of what must be adjusted when the program is loaded: 2 MB less to read at each start,
//! and to keep in memory. A linker that does not know how warns and goes on.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() == Ok("gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
