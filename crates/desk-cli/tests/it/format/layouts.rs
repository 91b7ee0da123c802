//! Record layouts and tables of codes.

use std::{collections::BTreeMap, fmt::Write as _};

use care_layout::{CodeTable, Field, Layout};
use care_model::{Edition, FileKind};

use super::{row, units::kind_name, words::Words};

/// Every kind of file with every field: edition 4.1 whole, of edition 3.2 what differs.
pub(crate) fn layouts(words: &Words) -> String {
    let mut text = String::new();
    for kind in FileKind::ALL {
        let Some(layout) = Layout::of(Edition::V4, *kind) else {
            continue;
        };
        let _ = writeln!(text, "### `{}` {}\n", kind.prefix(), kind_name(*kind));
        text += &words.head("layout");
        for field in layout.fields {
            text += &field_row(field, words);
        }
        text.push('\n');
        text += &older(layout, words);
        text.push('\n');
    }
    text
}

/// How edition 3.2 differs from edition 4.1.
fn older(layout: &Layout, words: &Words) -> String {
    let Some(old) = Layout::of(Edition::V3, layout.kind) else {
        return format!("{}\n", words.word("not_in_3"));
    };
    let shown = |field: &Field| field_row(field, words);
    let changed: Vec<String> = old
        .fields
        .iter()
        .filter(|field| {
            layout
                .find(field.name)
                .is_none_or(|(_, now)| shown(now) != shown(field))
        })
        .map(shown)
        .collect();
    let gone: Vec<String> = layout
        .fields
        .iter()
        .filter(|field| old.find(field.name).is_none())
        .map(|field| format!("{} {}", field.number, field.name_ja))
        .collect();
    let mut text = match (changed.is_empty(), gone.is_empty()) {
        (true, true) => return format!("{}\n", words.word("same_in_3")),
        (_, true) => format!("{}\n", words.word("changed_in_3")),
        (_, false) => format!("{}{}\n", words.word("lacks_in_3"), gone.join(words.word("comma"))),
    };
    if !changed.is_empty() {
        text = text + "\n" + &words.head("layout") + &changed.concat();
    }
    text
}

fn field_row(field: &Field, words: &Words) -> String {
    let mark = |set: bool| if set { words.word("yes") } else { "" };
    let length = field.length.map_or_else(String::new, |length| match length.exact {
        true => length.max.to_string(),
        false => format!("{}{}", words.word("at_most"), length.max),
    });
    row(&[
        &field.number.to_string(),
        field.name_ja,
        &format!("`{}`", field.name),
        words.kind(&format!("{:?}", field.kind)),
        &length,
        mark(field.required),
        mark(field.quoted),
        mark(field.key),
        &rules(field, words),
    ])
}

/// What else holds for a field.
fn rules(field: &Field, words: &Words) -> String {
    let mut rules = Vec::new();
    if let Some(pattern) = field.pattern {
        rules.push(words.pattern(pattern.as_str()).to_owned());
    }
    if let Some(codes) = field.codes {
        rules.push(format!("[{}](#{})", codes.name_ja, codes.name));
    }
    if let Some((least, most)) = field.range {
        rules.push(format!("{least}–{most}"));
    }
    if !field.special.is_empty() {
        let values: Vec<String> = field.special.iter().map(|value| format!("`{value}`")).collect();
        rules.push(format!("{}{}", words.word("special"), values.join(words.word("comma"))));
    }
    if let Some(doubt) = field.doubt {
        rules.push(words.doubt(&format!("{doubt:?}")).to_owned());
    }
    rules.join(words.word("stop"))
}

/// Every table of codes that a layout uses.
pub(crate) fn codes(words: &Words) -> String {
    let fields = Layout::all().iter().flat_map(|layout| layout.fields);
    let tables: BTreeMap<&str, &CodeTable> = fields
        .filter_map(|field| field.codes)
        .map(|table| (table.name, table))
        .collect();
    let mut text = String::new();
    for (name, table) in tables {
        let _ = writeln!(text, "<a id=\"{name}\"></a>\n\n### {}\n", table.name_ja);
        text += &words.head("codes");
        for (code, meaning) in table.codes {
            text += &row(&[&format!("`{code}`"), meaning]);
        }
        text.push('\n');
    }
    text
}
