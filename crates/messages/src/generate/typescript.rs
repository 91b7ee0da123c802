//! Writes the TypeScript half: only what the page may need.

use std::fmt::Write as _;

use super::{
    sheet::Catalogue,
    template::{Piece, Template},
};

const HEAD: &str = "// Generated from crates/messages/catalogue by `cargo xtask bindings`. Do not edit.

type Value = string | number;
type Params = Readonly<Record<string, Value>>;

const clock = new Intl.DateTimeFormat(\"ja-JP\", {
  timeZone: \"Asia/Tokyo\",
  month: \"long\",
  day: \"numeric\",
  hour: \"numeric\",
  minute: \"2-digit\",
});
const time = (value: Value): string => {
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? String(value) : clock.format(at);
};
const value = (params: Params, name: string): Value => params[name] ?? \"－\";
";

/// The whole text of `ui/src/messages/catalogue.ts`.
pub(crate) fn typescript(catalogue: &Catalogue) -> String {
    let mut text = String::from(HEAD);
    text.push_str("\n/** The sentences, by group and key. */\nexport const m = {\n");
    for (group, content) in &catalogue.groups {
        if content.entries.values().all(|entry| !entry.on_page) {
            continue;
        }
        let _ = writeln!(text, "  {group}: {{");
        for (key, entry) in content.entries.iter().filter(|(_, entry)| entry.on_page) {
            let params = entry.template.params();
            let taken = if params.is_empty() {
                String::new()
            } else {
                let fields: Vec<String> = params.iter().map(|param| format!("{param}: Value")).collect();
                format!("p: {{ {} }}", fields.join("; "))
            };
            let sentence = filled(&entry.template, |param, timed| {
                if timed {
                    format!("time(p.{param})")
                } else {
                    format!("p.{param}")
                }
            });
            let _ = writeln!(text, "    {key}: ({taken}): string => {sentence},");
        }
        text.push_str("  },\n");
    }
    text.push_str("} as const;\n");
    for (list, content) in catalogue.names.iter().filter(|(_, content)| content.on_page) {
        let _ = writeln!(
            text,
            "\n/** Short names by their code. */\nexport const {list}Names: Readonly<Record<string, string>> = {{"
        );
        for (code, word) in &content.names {
            let _ = writeln!(text, "  {}: {},", quoted(code), quoted(word));
        }
        text.push_str("};\n");
    }
    for (family, explained) in catalogue.explained.iter().filter(|(_, explained)| explained.on_page) {
        let upper = format!("{}{}", family[..1].to_uppercase(), &family[1..]);
        let fields: Vec<String> = explained
            .fields
            .iter()
            .map(|field| format!("{field}: string"))
            .collect();
        let _ = writeln!(
            text,
            "\n/** What is said about a {family}. */\nexport type {upper}Text = {{ {} }};\n",
            fields.join("; ")
        );
        let _ = writeln!(text, "const {family}s = {{");
        for (code, templates) in &explained.codes {
            let parts: Vec<String> = explained
                .fields
                .iter()
                .zip(templates)
                .map(|(field, template)| format!("{field}: {}", filled(template, looked_up)))
                .collect();
            let params = if templates.iter().all(|template| template.params().is_empty()) {
                "()"
            } else {
                "(p: Params)"
            };
            let _ = writeln!(text, "  {code}: {params}: {upper}Text => ({{ {} }}),", parts.join(", "));
        }
        let _ = writeln!(
            text,
            "}};\n\n/** The codes that have their words. */\nexport type {upper}TextCode = keyof typeof {family}s;\n\n\
             /** The words for a code. */\nexport const {family}Text = (code: {upper}TextCode, params: Params = {{}}): {upper}Text =>\n  \
             {family}s[code](params);"
        );
    }
    text
}

fn looked_up(param: &str, timed: bool) -> String {
    let value = format!("value(p, \"{param}\")");
    if timed { format!("time({value})") } else { value }
}

fn filled(template: &Template, hole: impl Fn(&str, bool) -> String) -> String {
    if let [Piece::Words(words)] = template.pieces.as_slice() {
        return quoted(words);
    }
    let mut text = String::from("`");
    for piece in &template.pieces {
        match piece {
            Piece::Words(words) => {
                text.push_str(&words.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${"))
            }
            Piece::Hole { name, time } => {
                let _ = write!(text, "${{{}}}", hole(name, *time));
            }
        }
    }
    text.push('`');
    text
}

/// A string literal that both JSON and TypeScript read.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
