//! Writes the checked-in fixtures: `cargo run -p care-samples --example write_fixtures -- tests/fixtures/units`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or("a folder is needed")?;
    for fixture in care_samples::fixtures()? {
        fixture.write_below(&root)?;
    }
    Ok(())
}
