//! What a runner said of its failures, picked from everything that it printed.
//!
//! Whoever sees only the end of a long run must find there what failed and why.

/// Lines that are kept of one suite.
const LINES_MAX: usize = 60;

/// Lines that are kept of one failed test of cargo-nextest.
const TEST_LINES_MAX: usize = 20;

/// The lines of `text` that tell what failed: the closing list of Node's runner or of Vitest, the failed tests of
/// cargo-nextest with the end of what each printed, or, where no runner spoke, the last lines.
pub(super) fn what_failed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let closing = lines
        .iter()
        .position(|line| line.starts_with("✖ failing tests:") || line.contains("Failed Tests"));
    let mut told = closing.map_or_else(|| failed_tests(&lines), |start| lines[start..].to_vec());
    if told.is_empty() {
        told = lines[lines.len().saturating_sub(LINES_MAX)..].to_vec();
    }
    told.truncate(LINES_MAX);
    told.join("\n")
}

/// The first telling of each failed test of cargo-nextest: its status line and the end of its output.
fn failed_tests<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let told = lines
        .iter()
        .position(|line| status(line) == Some("Summary"))
        .unwrap_or(lines.len());
    let mut found = Vec::new();
    for (at, line) in lines[..told].iter().enumerate() {
        if matches!(
            status(line),
            Some("FAIL" | "TIMEOUT" | "SIGABRT" | "SIGSEGV" | "LEAK-FAIL")
        ) {
            let output: Vec<&str> = lines[at + 1..told]
                .iter()
                .take_while(|line| status(line).is_none())
                .copied()
                .collect();
            found.push(*line);
            found.extend_from_slice(&output[output.len().saturating_sub(TEST_LINES_MAX)..]);
        }
    }
    found
}

/// The word that opens a status line of cargo-nextest, as in `PASS [   0.1s] …`.
fn status(line: &str) -> Option<&str> {
    let (word, rest) = line.trim_start().split_once(' ')?;
    (rest.trim_start().starts_with('[') && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-')).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, what_failed};

    #[test]
    fn the_closing_list_of_nodes_runner_is_all_there_is_to_say() {
        let text = "✔ one (1ms)\n✖ two (2ms)\nℹ fail 1\n\n✖ failing tests:\n\ntest at a.mjs:1:1\n✖ two (2ms)\n  no row";
        assert_eq!(
            what_failed(text),
            "✖ failing tests:\n\ntest at a.mjs:1:1\n✖ two (2ms)\n  no row"
        );
    }

    #[test]
    fn a_failed_test_of_nextest_keeps_the_end_of_its_output() {
        let text = "    PASS [   0.1s] a::it one\n    FAIL [   0.2s] a::it two\n  stderr ───\n    thread panicked\n    PASS [   \
                    0.1s] a::it three\n  Summary [ 1s] 3 tests run: 2 passed, 1 failed\n    FAIL [   0.2s] a::it two";
        assert_eq!(
            what_failed(text),
            "    FAIL [   0.2s] a::it two\n  stderr ───\n    thread panicked"
        );
    }

    #[test]
    fn of_anything_else_the_last_lines_are_kept() {
        let lines: Vec<String> = (0..=LINES_MAX).map(|line| format!("line {line}")).collect();
        assert_eq!(what_failed(&lines.join("\n")), lines[1..].join("\n"));
    }
}
