//! The sheets, read and checked.

use std::collections::BTreeMap;

use super::template::{Template, is_word};

/// The whole catalogue: every sheet merged.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// `[group] key = "…"`.
    pub(crate) groups: BTreeMap<String, Group>,
    /// `[problem.code]`, `[finding.code]`: several sentences under one code, looked up at run time.
    pub(crate) explained: BTreeMap<&'static str, Explained>,
    /// `[names.list] code = "…"`: short names looked up by code at run time.
    pub(crate) names: BTreeMap<String, Names>,
}

/// The sentences of one group.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// One sentence and whether the page gets it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) template: Template,
    pub(crate) text: String,
    pub(crate) on_page: bool,
}

/// Codes of one family, each with the family's fields.
#[derive(Debug)]
pub(crate) struct Explained {
    pub(crate) fields: &'static [&'static str],
    pub(crate) on_page: bool,
    pub(crate) codes: BTreeMap<String, Vec<Template>>,
}

/// A list of names by code.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) on_page: bool,
    pub(crate) names: BTreeMap<String, String>,
}

/// The families of codes, with the fields that each code must have.
const FAMILIES: &[(&str, &[&str])] = &[
    ("problem", &["what", "outcome", "next"]),
    ("finding", &["message", "remedy"]),
];

/// Reads all sheets, `(name, text)`. The error names every flaw by sheet and key.
pub(crate) fn read(sheets: &[(String, String)]) -> Result<Catalogue, String> {
    let mut reader = Reader::default();
    for (sheet, text) in sheets {
        reader.sheet(sheet, text);
    }
    if reader.flaws.is_empty() {
        Ok(reader.catalogue)
    } else {
        Err(reader.flaws.join("\n"))
    }
}

#[derive(Default)]
struct Reader {
    catalogue: Catalogue,
    flaws: Vec<String>,
    /// In which sheet a full key was first seen.
    seen: BTreeMap<String, String>,
}

impl Reader {
    fn flaw(&mut self, sheet: &str, key: &str, what: &str) {
        self.flaws.push(format!("catalogue/{sheet}.toml: {key}: {what}"));
    }

    /// Takes a key once; the same key in two sheets is a flaw.
    fn take(&mut self, sheet: &str, key: &str) -> bool {
        if let Some(first) = self.seen.insert(key.to_owned(), sheet.to_owned()) {
            self.flaw(sheet, key, &format!("stands already in catalogue/{first}.toml"));
            return false;
        }
        true
    }

    fn sheet(&mut self, sheet: &str, text: &str) {
        let mut table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => return self.flaw(sheet, "(whole sheet)", &error.to_string().replace('\n', " ")),
        };
        // A sheet goes to the page unless it says otherwise: the page should not carry the command line's words.
        let on_page = match table.remove("page") {
            None => true,
            Some(toml::Value::Boolean(on_page)) => on_page,
            Some(_) => return self.flaw(sheet, "page", "is true or false"),
        };
        for (group, value) in table {
            let toml::Value::Table(entries) = value else {
                self.flaw(sheet, &group, "a sentence stands in a [group]");
                continue;
            };
            if let Some((family, fields)) = FAMILIES.iter().find(|(family, _)| *family == group) {
                self.family(sheet, family, fields, on_page, entries);
            } else if group == "names" {
                self.names(sheet, on_page, entries);
            } else {
                self.group(sheet, &group, on_page, entries);
            }
        }
    }

    fn group(&mut self, sheet: &str, group: &str, on_page: bool, entries: toml::Table) {
        if !is_word(group) {
            return self.flaw(sheet, group, "a group is named in snake_case");
        }
        for (key, value) in entries {
            let full = format!("{group}.{key}");
            if !is_word(&key) {
                self.flaw(sheet, &full, "a key is named in snake_case");
                continue;
            }
            let Some((template, text)) = self.sentence(sheet, &full, &value) else {
                continue;
            };
            if self.take(sheet, &full) {
                let entry = Entry {
                    template,
                    text,
                    on_page,
                };
                let group = self.catalogue.groups.entry(group.to_owned()).or_default();
                group.entries.insert(key, entry);
            }
        }
    }

    fn family(
        &mut self,
        sheet: &str,
        family: &'static str,
        fields: &'static [&'static str],
        on_page: bool,
        codes: toml::Table,
    ) {
        for (code, value) in codes {
            let full = format!("{family}.{code}");
            let toml::Value::Table(mut texts) = value else {
                self.flaw(sheet, &full, "is a table with one sentence a field");
                continue;
            };
            let mut templates = Vec::new();
            for field in fields {
                let key = format!("{full}.{field}");
                match texts.remove(*field) {
                    Some(value) => templates.extend(self.sentence(sheet, &key, &value).map(|(template, _)| template)),
                    None => self.flaw(sheet, &key, "is missing"),
                }
            }
            for key in texts.keys() {
                self.flaw(sheet, &format!("{full}.{key}"), "is no field of this family");
            }
            if self.take(sheet, &full) && templates.len() == fields.len() {
                let explained = self.catalogue.explained.entry(family).or_insert(Explained {
                    fields,
                    on_page,
                    codes: BTreeMap::new(),
                });
                explained.on_page |= on_page;
                explained.codes.insert(code, templates);
            }
        }
    }

    fn names(&mut self, sheet: &str, on_page: bool, lists: toml::Table) {
        for (list, value) in lists {
            let full = format!("names.{list}");
            let toml::Value::Table(names) = value else {
                self.flaw(sheet, &full, "is a table of names by code");
                continue;
            };
            if !is_word(&list) {
                self.flaw(sheet, &full, "a list is named in snake_case");
                continue;
            }
            for (code, value) in names {
                let key = format!("{full}.{code}");
                match value.as_str() {
                    Some(name) if !name.trim().is_empty() => {
                        if self.take(sheet, &key) {
                            let list = self.catalogue.names.entry(list.clone()).or_default();
                            list.on_page |= on_page;
                            list.names.insert(code, name.to_owned());
                        }
                    }
                    _ => self.flaw(sheet, &key, "is a name in quotes"),
                }
            }
        }
    }

    fn sentence(&mut self, sheet: &str, key: &str, value: &toml::Value) -> Option<(Template, String)> {
        let Some(text) = value.as_str() else {
            self.flaw(sheet, key, "is a sentence in quotes");
            return None;
        };
        match Template::read(text) {
            Ok(template) => Some((template, text.to_owned())),
            Err(what) => {
                self.flaw(sheet, key, &what);
                None
            }
        }
    }
}
