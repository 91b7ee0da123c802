//! The server never opens a care record: it cannot, for it links nothing that could (D2).

use std::process::Command;

#[test]
fn the_server_links_no_crate_that_reads_care_records() {
    let listed = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "-p",
            "exchange-server",
            "-e",
            "normal,build",
        ])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    // The list is one that would show it.
    assert!(names.contains(&"exchange-store") && names.contains(&"rustls"));
    // Lists of offices are CSV too, in either encoding: the codecs alone say nothing, what knows the records does.
    for reader in ["care-csv", "care-layout", "care-reading", "care-route", "care-samples"] {
        assert!(!names.contains(&reader), "exchange-server links {reader}");
    }
}
