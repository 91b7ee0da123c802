//! One target under libFuzzer, chosen by the variable `FUZZ_TARGET`: `cargo xtask fuzz` builds and runs it.

#![no_main]

use std::sync::OnceLock;

use fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Option<&'static Target>> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let chosen = TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        fuzz::target(&name)
    });
    match chosen {
        Some(target) if bytes.len() <= target.bytes_max => (target.run)(bytes),
        Some(_) => {}
        None => panic!("FUZZ_TARGET names no target"),
    }
});
