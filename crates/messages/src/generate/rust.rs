//! Writes the Rust half.

use std::fmt::Write as _;

use super::{
    sheet::{Catalogue, Explained},
    template::{Piece, Template},
};

/// Words that only `r#` lets stand as a name.
const KEYWORDS: &[&str] = &[
    "as", "async", "await", "box", "break", "const", "continue", "do", "dyn", "else", "enum", "extern", "false",
    "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override",
    "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized",
    "use", "virtual", "where", "while", "yield", "abstract", "become",
];

/// The whole text of the module that the crate includes.
pub(crate) fn rust(catalogue: &Catalogue) -> String {
    let mut text = String::new();
    for (group, content) in &catalogue.groups {
        let _ = writeln!(text, "/// The sentences of `{group}`.\npub mod {} {{", name(group));
        for (key, entry) in &content.entries {
            let params: Vec<String> = entry
                .template
                .params()
                .iter()
                .map(|param| format!("{}: impl ::std::fmt::Display", name(param)))
                .collect();
            let _ = writeln!(
                text,
                "    /// {}\n    pub fn {}({}) -> String {{ {} }}",
                entry.text.replace('\n', " "),
                name(key),
                params.join(", "),
                typed(&entry.template)
            );
        }
        text.push_str("}\n");
    }
    text.push_str("/// Short names by their code.\npub mod names {\n");
    for (list, content) in &catalogue.names {
        let _ = writeln!(
            text,
            "    /// The list `{list}`.\n    pub fn {}(code: &str) -> Option<&'static str> {{ match code {{",
            name(list)
        );
        for (code, word) in &content.names {
            let _ = writeln!(text, "        {code:?} => Some({word:?}),");
        }
        text.push_str("        _ => None,\n    } }\n");
    }
    text.push_str("}\n");
    for family in ["problem", "finding"] {
        let none = Explained {
            fields: &[],
            on_page: false,
            codes: Default::default(),
        };
        let explained = catalogue.explained.get(family).unwrap_or(&none);
        let _ = writeln!(
            text,
            "pub(crate) fn {family}_texts(code: &str, params: &Params) -> Option<Vec<String>> {{ let _ = params; match code {{"
        );
        for (code, templates) in &explained.codes {
            let texts: Vec<String> = templates.iter().map(looked_up).collect();
            let _ = writeln!(text, "    {code:?} => Some(vec![{}]),", texts.join(", "));
        }
        text.push_str("    _ => None,\n} }\n");
        let codes: Vec<String> = explained.codes.keys().map(|code| format!("{code:?}")).collect();
        let _ = writeln!(
            text,
            "/// Every code of the family `{family}` that has its words.\npub const {}_CODES: &[&str] = &[{}];",
            family.to_uppercase(),
            codes.join(", ")
        );
    }
    text
}

fn name(word: &str) -> String {
    if KEYWORDS.contains(&word) {
        format!("r#{word}")
    } else {
        word.to_owned()
    }
}

/// The sentence with its holes filled by arguments.
fn typed(template: &Template) -> String {
    filled(template, |param, time| {
        if time {
            format!("crate::japanese_time(&{}.to_string())", name(param))
        } else {
            name(param)
        }
    })
}

/// The sentence with its holes filled from a map.
fn looked_up(template: &Template) -> String {
    filled(template, |param, time| {
        if time {
            format!("japanese_time(value(params, {param:?}))")
        } else {
            format!("value(params, {param:?})")
        }
    })
}

fn filled(template: &Template, hole: impl Fn(&str, bool) -> String) -> String {
    let mut pattern = String::new();
    let mut arguments = String::new();
    for piece in &template.pieces {
        match piece {
            Piece::Words(words) => pattern.push_str(words),
            Piece::Hole { name, time } => {
                pattern.push_str("{}");
                arguments.push_str(", ");
                arguments.push_str(&hole(name, *time));
            }
        }
    }
    if arguments.is_empty() {
        format!("{pattern:?}.to_owned()")
    } else {
        format!("format!({pattern:?}{arguments})")
    }
}
