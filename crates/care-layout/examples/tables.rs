//! Writes the tables from a machine-readable reference of the standard: `tables -- [--check] FOLDER`, where the folder holds
//! `layouts.toml`, `codes.toml` and `service_types.toml`.

// A tool talks to the terminal.
#![allow(clippy::print_stdout)]

use std::{collections::BTreeMap, error::Error, fmt::Write as _, fs, path::Path};

use toml::{Table, Value};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let check = words.first().is_some_and(|word| word == "--check");
    words.drain(..usize::from(check));
    let reference = words.first().ok_or("the folder of the reference is missing")?;
    let read = |name: &str| -> Outcome<Table> { Ok(fs::read_to_string(Path::new(reference).join(name))?.parse()?) };
    let layouts = read("layouts.toml")?;
    let mut files = vec![(
        "codes.toml".to_owned(),
        codes(&read("codes.toml")?, &read("service_types.toml")?)?,
    )];
    for version in array(&layouts, "versions")? {
        let version = text(version, "version")?;
        files.push((format!("{version}.toml"), edition(&layouts, version)?));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables");
    for (name, content) in files {
        let path = folder.join(&name);
        if !check {
            fs::write(&path, content)?;
        } else if fs::read_to_string(&path)? != content {
            return Err(format!("{name} differs from the reference").into());
        }
        println!("{name}");
    }
    Ok(())
}

/// Every table of codes, the service kinds among them.
fn codes(reference: &Table, kinds: &Table) -> Outcome<String> {
    let mut out = String::from("# Codes of the standard and what they mean.\n");
    let tables = reference.get("tables").and_then(Value::as_table).ok_or("no tables")?;
    for (name, table) in tables {
        let pairs = table.get("codes").and_then(Value::as_table).ok_or("no codes")?;
        let pairs = pairs
            .iter()
            .map(|(code, meaning)| (code.as_str(), meaning.as_str().unwrap_or_default()));
        write_codes(&mut out, name, text(table, "name_ja")?, pairs)?;
    }
    let mut pairs = Vec::new();
    for kind in array(kinds, "service_types")? {
        pairs.push((text(kind, "code")?, text(kind, "name_ja")?));
    }
    write_codes(&mut out, "service_types", "サービス種類コード", pairs.into_iter())?;
    Ok(out)
}

fn write_codes<'a>(
    out: &mut String,
    name: &str,
    ja: &str,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Outcome<()> {
    writeln!(out, "\n[{name}]\nja = \"{ja}\"\ncodes = [")?;
    for (code, meaning) in pairs {
        writeln!(out, "  [\"{code}\", \"{meaning}\"],")?;
    }
    writeln!(out, "]")?;
    Ok(())
}

/// The table of one edition: that of the newest with the differences put in.
fn edition(reference: &Table, version: &str) -> Outcome<String> {
    let none = Vec::new();
    let difference = reference
        .get("differences")
        .and_then(Value::as_array)
        .unwrap_or(&none)
        .iter()
        .find(|difference| difference.get("version").and_then(Value::as_str) == Some(version));
    let list = |name: &str| {
        difference
            .and_then(|difference| difference.get(name)?.as_array())
            .unwrap_or(&none)
    };
    let mut out = format!(
        "# Record layouts of edition {version} (標準仕様 別紙 CSVファイルレイアウト定義書).\n\nedition = \"{version}\"\n"
    );
    for file in array(reference, "files")? {
        let prefix = text(file, "prefix")?;
        let absent = list("files_absent").iter().any(|name| name.as_str() == Some(prefix));
        if absent || text(file, "format")? != "csv" {
            continue;
        }
        let removed = list("fields_removed")
            .iter()
            .find(|removed| removed.get("prefix").and_then(Value::as_str) == Some(prefix))
            .and_then(|removed| removed.get("nos")?.as_array())
            .unwrap_or(&none);
        writeln!(
            out,
            "\n# {}\n[[layout]]\nkind = \"{prefix}\"\nfields = [",
            text(file, "name_ja")?
        )?;
        for field in array(file.as_table().ok_or("no table")?, "fields")? {
            if field.get("no").is_some_and(|number| removed.contains(number)) {
                continue;
            }
            let mut field = field.as_table().ok_or("no field")?.clone();
            for change in list("fields_changed") {
                let applies = [Some("*"), Some(prefix)].contains(&change.get("prefix").and_then(Value::as_str));
                if applies && change.get("name_en") == field.get("name_en") {
                    field.extend(change.as_table().cloned().unwrap_or_default());
                }
            }
            writeln!(out, "  {{ {} }},", line(&field)?)?;
        }
        writeln!(out, "]")?;
    }
    Ok(out)
}

/// One field in our words.
fn line(field: &Table) -> Outcome<String> {
    let word = |name: &str| field.get(name).and_then(Value::as_str);
    let whole = |name: &str| field.get(name).and_then(Value::as_integer);
    let mut parts = vec![
        format!("name = \"{}\"", word("name_en").ok_or("no name_en")?),
        format!("ja = \"{}\"", word("name_ja").ok_or("no name_ja")?),
        format!("kind = \"{}\"", word("kind").ok_or("no kind")?),
    ];
    // Where the printed length is known to have been widened, the wider one counts.
    if let Some(length) = whole("max_accepted").max(whole("length")) {
        parts.push(format!("length = {length}"));
    }
    for mark in ["exact", "required", "quoted", "key"] {
        if field.get(mark).and_then(Value::as_bool) == Some(true) {
            parts.push(format!("{mark} = true"));
        }
    }
    if let Some(pattern) = word("pattern") {
        let patterns = BTreeMap::from([
            ("^[0-9]{2}[0-9A-HJ-NPR-Z][0-9]{7}$", "office_number"),
            ("^(H[0-9]{9}|[0-9]{10})$", "insured_number"),
            ("^[0-9]{3}-[0-9]{4}$", "postal_code"),
            ("^[0-9A-Z]{6}$", "service_code"),
            ("^[0-9]{5}-[0-9]{6}$", "equipment_code"),
            (r"^[0-9]{1,3}\.[0-9]{2}$", "unit_price"),
            ("^[01]{31}$", "day_flags"),
        ]);
        let name = patterns
            .get(pattern)
            .ok_or_else(|| format!("unknown pattern {pattern}"))?;
        parts.push(format!("pattern = \"{name}\""));
    }
    // The version has an edition's own judgement; its codes are those of every edition.
    if let Some(codes) = word("codes_ref") {
        parts.push(format!("codes = \"{codes}\""));
    }
    if let Some(special) = field.get("special").and_then(Value::as_table) {
        let values: Vec<String> = special.keys().map(|value| format!("\"{value}\"")).collect();
        parts.push(format!("special = [{}]", values.join(", ")));
    }
    if let (Some(least), Some(most)) = (whole("min"), whole("max")) {
        parts.push(format!("least = {least}, most = {most}"));
    }
    if let Some(about) = word("uncertain_about") {
        let doubt = match about {
            "required" | "length" => about,
            "kind and quoting" => "kind",
            _ => "other",
        };
        parts.push(format!("doubt = \"{doubt}\""));
    }
    Ok(parts.join(", "))
}

fn array<'a>(table: &'a Table, name: &str) -> Outcome<&'a Vec<Value>> {
    table
        .get(name)
        .and_then(Value::as_array)
        .ok_or_else(|| format!("no {name}").into())
}

fn text<'a>(value: &'a Value, name: &str) -> Outcome<&'a str> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no {name}").into())
}
