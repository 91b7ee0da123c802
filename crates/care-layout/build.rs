//! Expands the tables to Rust; a broken table stops the build with its place.

use std::{env, error::Error, fmt::Write as _, fs, path::Path, process::ExitCode};

use toml::{Table, Value};

fn main() -> ExitCode {
    match expand() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads `tables/*.toml` and writes `OUT_DIR/tables.rs`.
fn expand() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tables");
    println!("cargo::rerun-if-changed=build.rs");
    let mut out = String::new();
    let codes: Table = fs::read_to_string("tables/codes.toml")?.parse()?;
    writeln!(
        out,
        "/// Every table of codes.\npub mod codes {{\n    use super::CodeTable;"
    )?;
    for (name, table) in &codes {
        let entries: Vec<String> = entries(table)?;
        writeln!(
            out,
            "    /// {ja}.\n    pub static {constant}: CodeTable = CodeTable {{ name: {name:?}, name_ja: {ja:?}, codes: &[{entries}] }};",
            constant = name.to_uppercase(),
            ja = text(table, "ja")?,
            entries = entries.join(", "),
        )?;
    }
    writeln!(out, "}}\n\nstatic LAYOUTS: &[Layout] = &[")?;
    let mut paths: Vec<_> = fs::read_dir("tables")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| !path.ends_with("codes.toml")) {
        let edition: Table = fs::read_to_string(path)?.parse()?;
        layouts(&edition, &codes, &mut out).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    writeln!(out, "];")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("tables.rs"), out)?;
    Ok(())
}

/// Code and meaning of every entry.
fn entries(table: &Value) -> Result<Vec<String>, Box<dyn Error>> {
    let codes = table.get("codes").and_then(Value::as_array).ok_or("no codes")?;
    let mut entries = Vec::new();
    for pair in codes {
        match pair.as_array().map(Vec::as_slice) {
            Some([Value::String(code), Value::String(meaning)]) => entries.push(format!("({code:?}, {meaning:?})")),
            _ => return Err(format!("no pair of code and meaning: {pair}").into()),
        }
    }
    Ok(entries)
}

fn layouts(edition: &Table, codes: &Table, out: &mut String) -> Result<(), Box<dyn Error>> {
    let name = edition.get("edition").and_then(Value::as_str).ok_or("no edition")?;
    let name = match name {
        "4.1" => "V4",
        "3.2" => "V3",
        other => return Err(format!("{other} is no edition of care_model::Edition").into()),
    };
    for layout in edition.get("layout").and_then(Value::as_array).ok_or("no layout")? {
        let kind = text(layout, "kind")?;
        writeln!(
            out,
            "    Layout {{ kind: FileKind::{}, edition: Edition::{name}, fields: &[",
            variant(kind)?
        )?;
        for (index, field) in layout
            .get("fields")
            .and_then(Value::as_array)
            .ok_or("no fields")?
            .iter()
            .enumerate()
        {
            writeln!(
                out,
                "        {},",
                expression(index + 1, field, codes).map_err(|error| format!("{kind} {}: {error}", index + 1))?
            )?;
        }
        writeln!(out, "    ] }},")?;
    }
    Ok(())
}

/// One field as Rust.
fn expression(number: usize, field: &Value, codes: &Table) -> Result<String, Box<dyn Error>> {
    let flag = |name: &str| field.get(name).and_then(Value::as_bool).unwrap_or(false);
    let whole = |name: &str| field.get(name).and_then(Value::as_integer);
    let word = |name: &str| field.get(name).and_then(Value::as_str);
    let length = match whole("length") {
        Some(max) => format!("Some(Length {{ max: {max}, exact: {} }})", flag("exact")),
        None => "None".to_owned(),
    };
    let pattern = optional(word("pattern"), |name| format!("Pattern::{}", camel(name)));
    let table = match word("codes") {
        Some(name) if codes.contains_key(name) => format!("Some(&codes::{})", name.to_uppercase()),
        Some(name) => return Err(format!("no table of codes {name}").into()),
        None => "None".to_owned(),
    };
    let special: Vec<String> = match field.get("special").and_then(Value::as_array) {
        Some(values) => values
            .iter()
            .filter_map(Value::as_str)
            .map(|value| format!("{value:?}"))
            .collect(),
        None => Vec::new(),
    };
    let range = match (whole("least"), whole("most")) {
        (Some(least), Some(most)) => format!("Some(({least}, {most}))"),
        _ => "None".to_owned(),
    };
    let doubt = optional(word("doubt"), |name| format!("Doubt::{}", camel(name)));
    Ok(format!(
        "Field {{ number: {number}, name: {name:?}, name_ja: {ja:?}, kind: Kind::{kind}, length: {length}, required: {required}, \
         quoted: {quoted}, key: {key}, pattern: {pattern}, codes: {table}, special: &[{special}], range: {range}, doubt: {doubt} }}",
        name = text(field, "name")?,
        ja = text(field, "ja")?,
        kind = camel(text(field, "kind")?),
        required = flag("required"),
        quoted = flag("quoted"),
        key = flag("key"),
        special = special.join(", "),
    ))
}

fn optional(word: Option<&str>, write: impl Fn(&str) -> String) -> String {
    word.map_or_else(|| "None".to_owned(), |word| format!("Some({})", write(word)))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, Box<dyn Error>> {
    value
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no {name}").into())
}

/// `service_code` → `ServiceCode`.
fn camel(name: &str) -> String {
    name.split('_')
        .filter_map(|part| {
            let (first, rest) = part.split_at_checked(1)?;
            Some(first.to_uppercase() + rest)
        })
        .collect()
}

/// The name of the variant of a prefix.
fn variant(prefix: &str) -> Result<String, Box<dyn Error>> {
    let kind = care_model::FileKind::of_prefix(prefix).ok_or_else(|| format!("{prefix} is no kind of file"))?;
    Ok(format!("{kind:?}"))
}
