//! Writes the checked-in fixtures below a folder: `cargo xtask fixtures` calls it.

use std::{env, error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args_os().nth(1).ok_or("the folder is missing")?;
    for fixture in care_samples::fixtures()? {
        fixture.write_below(Path::new(&folder))?;
    }
    Ok(())
}
