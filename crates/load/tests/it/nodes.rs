//! Several nodes under load, over the database and the store that the environment names.

use crate::{SMALL, run, told};

#[test]
fn several_nodes_are_loaded_and_each_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--rate", "20", "--nodes", "3"];
    let output = run(folder.path(), &[SMALL, &more].concat());
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    for of in ["node 1", "node 2", "node 3", "offices", "database", "store"] {
        assert!(said.contains(&format!("  {of}: CPU")), "{of}\n{said}");
    }
}
