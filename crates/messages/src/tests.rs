//! The real catalogue against the closed lists, and the generator against small sheets.

use std::collections::BTreeSet;

use care_model::ProblemCode;

use crate::{Params, generate, problem};

fn read(sheets: &[(&str, &str)]) -> Result<generate::sheet::Catalogue, String> {
    let sheets: Vec<_> = sheets
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    generate::read(&sheets)
}

#[test]
fn every_problem_code_has_its_words_and_no_other_has() {
    let codes: BTreeSet<&str> = ProblemCode::ALL.iter().map(ProblemCode::as_str).collect();
    let worded: BTreeSet<&str> = crate::PROBLEM_CODES.iter().copied().collect();
    assert_eq!(worded, codes);
}

#[test]
fn a_problem_says_what_happened_what_came_of_it_and_what_to_do() {
    let params = Params::from([("minutes".to_owned(), "5".to_owned())]);
    let said = problem("sign_in_delayed", &params);
    assert!(said.what.contains('5') || said.next.contains('5'), "{said:?}");
    for code in ProblemCode::ALL {
        let said = problem(code.as_str(), &Params::new());
        for text in [said.what, said.outcome, said.next] {
            assert!(text.ends_with('。'), "{code}: {text}");
        }
    }
}

#[test]
fn an_unknown_code_is_explained_as_internal() {
    assert_eq!(
        problem("from_the_future", &Params::new()),
        problem("internal", &Params::new())
    );
}

#[test]
fn an_instant_is_shown_in_japanese_time() {
    assert_eq!(crate::japanese_time("2026-12-01T15:04:05Z"), "12月2日 0:04");
    assert_eq!(crate::japanese_time("きのう"), "きのう");
}

#[test]
fn a_broken_sheet_is_named_with_its_key() {
    for (sheets, said) in [
        (
            vec![("ui", "[inbox]\ntitle = \"\"")],
            "catalogue/ui.toml: inbox.title: the sentence is empty",
        ),
        (
            vec![("ui", "[inbox]\ntitle = \"a {b\"")],
            "catalogue/ui.toml: inbox.title: a `{` without its `}`",
        ),
        (
            vec![("ui", "[inbox]\ntitle = \"a }b\"")],
            "catalogue/ui.toml: inbox.title: a `}` without its `{`",
        ),
        (
            vec![("ui", "[inbox]\ntitle = \"{B}\"")],
            "catalogue/ui.toml: inbox.title: `{B}` is not a parameter",
        ),
        (
            vec![("ui", "[inbox]\nTitle = \"a\"")],
            "catalogue/ui.toml: inbox.Title: a key is named in snake_case",
        ),
        (
            vec![("ui", "[inbox]\ntitle = 1")],
            "catalogue/ui.toml: inbox.title: is a sentence in quotes",
        ),
        (
            vec![("ui", "title = \"a\"")],
            "catalogue/ui.toml: title: a sentence stands in a [group]",
        ),
        (
            vec![("p", "[problem.x]\nwhat = \"a\"\nnext = \"b\"")],
            "catalogue/p.toml: problem.x.outcome: is missing",
        ),
        (
            vec![("a", "[inbox]\ntitle = \"a\""), ("b", "[inbox]\ntitle = \"a\"")],
            "catalogue/b.toml: inbox.title: stands already in catalogue/a.toml",
        ),
        (vec![("ui", "[inbox\n")], "catalogue/ui.toml: (whole sheet)"),
    ] {
        let error = read(&sheets).unwrap_err();
        assert!(error.contains(said), "{error}\nshould contain {said}");
    }
}

#[test]
fn a_sentence_becomes_a_function_in_both_languages() {
    let catalogue = read(&[(
        "ui",
        "[inbox]\ntitle = \"受信\"\ncount = \"{count}件\"\ntype = \"`{since:time}`\"\n[names.kind]\n43 = \"居宅\"\n",
    )])
    .unwrap();
    let rust = generate::rust(&catalogue);
    assert!(
        rust.contains("pub fn title() -> String { \"受信\".to_owned() }"),
        "{rust}"
    );
    assert!(
        rust.contains("pub fn count(count: impl ::std::fmt::Display) -> String { format!(\"{}件\", count) }"),
        "{rust}"
    );
    assert!(rust.contains("pub fn r#type("), "{rust}");
    let typescript = generate::typescript(&catalogue);
    assert!(
        typescript.contains("    title: (): string => \"受信\","),
        "{typescript}"
    );
    assert!(
        typescript.contains("    count: (p: { count: Value }): string => `${p.count}件`,"),
        "{typescript}"
    );
    assert!(typescript.contains("`\\`${time(p.since)}\\``"), "{typescript}");
    assert!(typescript.contains("\"43\": \"居宅\""), "{typescript}");
}

#[test]
fn a_sheet_that_is_not_for_the_page_stays_out_of_it() {
    let catalogue = read(&[("cli", "page = false\n[cli]\ndone = \"終わりました\"")]).unwrap();
    assert!(generate::rust(&catalogue).contains("終わりました"));
    assert!(!generate::typescript(&catalogue).contains("終わりました"));
}
