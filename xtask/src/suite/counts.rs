//! How many tests passed and failed, read from what the runners print.

/// Reads the counts of cargo-nextest, cargo test, Vitest and Node's runner; `None` if no runner spoke.
pub(super) fn counts(text: &str) -> Option<(u64, u64)> {
    let mut found: Option<(u64, u64)> = None;
    let mut add = |passed: u64, failed: u64| {
        let (before, before_failed) = found.unwrap_or_default();
        found = Some((before + passed, before_failed + failed));
    };
    let text = without_colour(text);
    for line in text.lines().map(str::trim) {
        // Summary [ 0.1s] 8 tests run: 7 passed (1 slow), 1 failed, 0 skipped
        if line.starts_with("Summary [") {
            // Tests that were cut off stand before the slash only in the whole number.
            let run = number_before(line, "test run:").or_else(|| number_before(line, "tests run:"));
            if let Some(run) = run {
                let passed = number_before(line, "passed").unwrap_or(0);
                add(passed, run.saturating_sub(passed));
            }
        // test result: ok. 3 passed; 0 failed; …
        } else if line.starts_with("test result:") {
            add(
                number_before(line, "passed").unwrap_or(0),
                number_before(line, "failed").unwrap_or(0),
            );
        // Tests  1 failed | 11 passed (12)
        } else if line.starts_with("Tests ") && line.contains("passed") | line.contains("failed") {
            add(
                number_before(line, "passed").unwrap_or(0),
                number_before(line, "failed").unwrap_or(0),
            );
        // ℹ pass 5 or # pass 5
        } else if let Some(passed) = after(line, "pass ") {
            add(passed, 0);
        } else if let Some(failed) = after(line, "fail ").or_else(|| after(line, "cancelled ")) {
            add(0, failed);
        }
    }
    found
}

/// The text without the escapes by which runners colour it.
fn without_colour(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        let escape = &rest[at..];
        rest = escape.find('m').map_or("", |end| &escape[end + 1..]);
    }
    plain.push_str(rest);
    plain
}

fn number_before(line: &str, word: &str) -> Option<u64> {
    let before = line[..line.find(word)?].trim_end();
    let start = before
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    before[start..].parse().ok()
}

fn after(line: &str, word: &str) -> Option<u64> {
    let rest = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
    rest.strip_prefix(word)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn every_runner_is_understood() {
        for (text, expected) in [
            (
                "     Summary [   0.061s] 8 tests run: 8 passed, 0 skipped",
                Some((8, 0)),
            ),
            ("Summary [ 1.0s] 1 test run: 1 passed, 0 skipped", Some((1, 0))),
            (
                "Summary [ 1.0s] 9/10 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 0 skipped",
                Some((7, 3)),
            ),
            (
                "test result: ok. 3 passed; 0 failed; 0 ignored\ntest result: FAILED. 1 passed; 2 failed;",
                Some((4, 2)),
            ),
            ("      Tests  1 failed | 11 passed (12)", Some((11, 1))),
            ("      Tests  12 passed (12)", Some((12, 0))),
            (
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[32m34 passed\u{1b}[39m (34)",
                Some((34, 0)),
            ),
            ("ℹ tests 6\nℹ pass 5\nℹ fail 1\nℹ cancelled 0", Some((5, 1))),
            ("# pass 5\n# fail 0", Some((5, 0))),
            ("nothing was run", None),
        ] {
            assert_eq!(counts(text), expected, "{text}");
        }
    }
}
