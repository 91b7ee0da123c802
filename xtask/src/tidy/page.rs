//! Who may import whom in the page.

use super::{Flaw, Source};

pub(super) fn flaws(source: &Source) -> Vec<Flaw> {
    let Some(inside) = source.path.strip_prefix("ui/src/") else {
        return Vec::new();
    };
    let mut flaws = Vec::new();
    for (line, import) in imports(&source.text) {
        let at = format!("{}:{line}", source.path);
        if import.starts_with("@tauri-apps/") && !inside.starts_with("platform/") {
            flaws.push(format!("{at}: only ui/src/platform may import {import}"));
        }
        let target = resolved(inside, import);
        let (from, to) = (layer(inside), layer(&target));
        let allowed = match (from, to) {
            (_, None) => true,
            (Some(from), Some(to)) => allowed(from, to),
            (None, _) => true,
        };
        if !allowed {
            flaws.push(format!(
                "{at}: {} may not import {target}",
                from.map_or("the page", |l| l.0)
            ));
        }
    }
    flaws
}

/// A top folder of the page and, for a feature, its name.
type Layer<'a> = (&'a str, &'a str);

fn layer(path: &str) -> Option<Layer<'_>> {
    let mut parts = path.split('/');
    let top = parts.next()?;
    let known = [
        "app",
        "components",
        "composing",
        "features",
        "ipc",
        "lib",
        "lists",
        "messages",
        "platform",
        "theme",
    ];
    known.contains(&top).then(|| {
        (
            top,
            if top == "features" {
                parts.next().unwrap_or_default()
            } else {
                ""
            },
        )
    })
}

/// `lib` uses nothing, `components` only words and pure things, a feature never another feature (what two share is in
/// `composing` or `lists`), `app` everything.
fn allowed(from: Layer<'_>, to: Layer<'_>) -> bool {
    match (from.0, to.0) {
        ("app", _) => true,
        ("features", "features") => from.1 == to.1,
        (from, to) if from == to => true,
        ("features", to) => to != "app",
        (_, "app" | "features") => false,
        ("lib" | "messages" | "theme", to) => matches!((from.0, to), ("lib", "messages")),
        ("components", to) => ["lib", "theme", "messages", "ipc"].contains(&to),
        ("ipc" | "platform", to) => ["ipc", "platform", "messages", "lib"].contains(&to),
        _ => true,
    }
}

/// What a file imports, with the line.
fn imports(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for start in ["from \"", "from '", "import \"", "import '", "import(\"", "import('"] {
            if let Some(at) = line.find(start) {
                let rest = &line[at + start.len()..];
                if let Some(end) = rest.find(['"', '\'']) {
                    found.push((number + 1, &rest[..end]));
                }
                break;
            }
        }
    }
    found
}

/// The imported file as a path from `ui/src`.
fn resolved(from: &str, import: &str) -> String {
    for alias in ["$lib/", "$", "@/"] {
        if let Some(rest) = import.strip_prefix(alias) {
            return if alias == "$lib/" {
                format!("lib/{rest}")
            } else {
                rest.to_owned()
            };
        }
    }
    if !import.starts_with('.') {
        return String::new();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
