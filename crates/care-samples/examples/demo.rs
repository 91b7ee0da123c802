//! Writes the demo's sample files as `FOLDER/<sender>/<destination>/<unit>/…`: `cargo xtask demo` calls it.

use std::{env, error::Error, path::PathBuf};

use care_model::{Edition, ServiceMonth};
use care_samples::{ExampleOffices, Samples, Size, UnitRequest};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("the folder is missing")?);
    let month = ServiceMonth::parse("202612")?;
    let offices = ExampleOffices::new()?;
    let (manager, service) = (offices.care_management, offices.home_help);
    let mut samples = Samples::new(12);
    let units = samples.home_care(manager, service, month, Size::Recipients(12))?;
    for unit in &units {
        let ends = format!("{}/{}", unit.from.office, unit.to.office);
        unit.write_into(&folder.join(ends).join(unit.unit))?;
    }
    // One more of a kind, under its own serial, for the delivery with a large attachment.
    let more = samples.unit(&UnitRequest {
        unit: "home_schedule",
        edition: Edition::V4,
        from: manager,
        to: service,
        month,
        size: Size::Recipients(12),
    })?;
    more.write_into(&folder.join("with_attachment"))?;
    Ok(())
}
