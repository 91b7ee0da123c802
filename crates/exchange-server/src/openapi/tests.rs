//! The document against the tables it is made from, and against the file in the repository.

use std::{collections::BTreeSet, path::Path};

use super::*;

#[test]
fn every_endpoint_is_described_and_nothing_else_is() {
    let of = |(method, path): (&'static str, &'static str)| format!("{method} {path}");
    let served: BTreeSet<String> = ENDPOINTS
        .iter()
        .chain(SANDBOX_ENDPOINTS)
        .map(|endpoint| of((endpoint.method, endpoint.path)))
        .collect();
    let described: Vec<String> = DESCRIPTIONS
        .iter()
        .map(|described| of((described.method, described.path)))
        .collect();
    assert_eq!(served, described.iter().cloned().collect());
    assert_eq!(served.len(), described.len(), "one is described twice");
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("$ref", Value::String(target)) => found.push(target.clone()),
                        _ => walk(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 100);
    for target in found {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{target}");
    }
}

/// An address stands in the logs of what lies between: whoever gives it room for more says here what that holds.
#[test]
fn an_address_holds_ids_numbers_and_versions_alone() {
    let document = document();
    let endpoints = document["paths"].as_object().unwrap().values();
    let found: BTreeSet<(&str, &str)> = endpoints
        .flat_map(|methods| methods.as_object().unwrap().values())
        .flat_map(|operation| operation["parameters"].as_array().unwrap())
        .map(|parameter| (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap()))
        .filter(|(place, _)| matches!(*place, "path" | "query"))
        .collect();
    let of_path = ["id", "number", "part", "target", "version"].map(|name| ("path", name));
    let of_query = ["after", "fence", "from", "limit", "offset", "until"].map(|name| ("query", name));
    assert_eq!(found, of_path.into_iter().chain(of_query).collect());
}

#[test]
fn the_document_in_the_repository_is_this_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("CAREPLAN_WRITE_OPENAPI").is_some() {
        std::fs::write(&file, openapi()).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == openapi(),
        "docs/openapi.json is not up to date: run `cargo xtask format`"
    );
}
