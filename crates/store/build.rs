//! Embedded migrations are compiled again when one is added.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
