//! docs/tutorial/from-batchflow.md has every name of `batchflow.research`, and mentions only names
//! that exist here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The spans of code in a column of the page's tables.
fn spans(column: usize) -> Vec<String> {
    let page = read("docs/tutorial/from-batchflow.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let rows = rows.filter(|line| !line.starts_with("| `batchflow.research` |"));
    let cells = rows.map(|row| row.split(" | ").nth(column).expect(row));
    let spans = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    spans.map(str::to_owned).collect()
}

/// A name, and the name with each of its parameters.
fn with_parameters(name: &str) -> Vec<String> {
    let Some((name, parameters)) = name.split_once('(') else {
        return vec![name.to_owned()];
    };
    let parameters = parameters.trim_end_matches(')').split(", ");
    let parameters = parameters.filter(|parameter| !parameter.is_empty());
    let each = parameters.map(|parameter| format!("{name}({parameter})"));
    each.chain([name.to_owned()]).collect()
}

#[test]
fn the_page_has_all_names_of_the_original() {
    let names = read("tests/golden/batchflow-names.txt");
    let names: BTreeSet<String> = names.lines().flat_map(with_parameters).collect();
    assert!(names.len() > 400, "{}", names.len());
    let page: BTreeSet<String> = spans(0)
        .iter()
        .flat_map(|span| with_parameters(span))
        .collect();
    let missing: Vec<_> = names.difference(&page).collect();
    let unknown: Vec<_> = page.difference(&names).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing: {missing:#?}, unknown: {unknown:#?}"
    );
}

/// The sources of all crates.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The methods `.a(…)`, functions `a(…)`, associated functions `A::a(…)` and types `A` in a span.
fn items(span: &str) -> Vec<String> {
    let span: String = span.split('"').step_by(2).collect();
    let names = span.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '('));
    let names = names.flat_map(|name| name.split_inclusive('('));
    let is_type = |name: &str| name.starts_with(char::is_uppercase) && name.len() > 1;
    let is_item = |name: &&str| (name.ends_with('(') && name.len() > 1) || is_type(name);
    names.filter(is_item).map(str::to_owned).collect()
}

#[test]
fn the_page_names_only_what_the_crates_have() {
    let mut text = String::new();
    for entry in fs::read_dir(root()).unwrap() {
        let source = entry.unwrap().path().join("src");
        if source.is_dir() {
            sources(&source, &mut text);
        }
    }
    let standard = ["Clone", "Debug", "Display", "False"];
    let has = |item: &str| {
        let kinds: &[&str] = match item.strip_suffix('(') {
            // A macro makes some setters from their names and types.
            Some(name) if text.contains(&format!("\n    {name}: impl Into<")) => return true,
            Some(_) => &["fn "],
            None => &["struct ", "enum ", "trait ", "type ", "    ", "::"],
        };
        let item = item.trim_end_matches('(');
        kinds.iter().any(|kind| {
            text.match_indices(&format!("{kind}{item}"))
                .any(|(at, found)| {
                    let next = text[at + found.len()..].chars().next();
                    next.is_some_and(|next| !next.is_alphanumeric() && next != '_')
                })
        })
    };
    let items: BTreeSet<String> = spans(1).iter().flat_map(|span| items(span)).collect();
    assert!(items.len() > 80, "{items:?}");
    let unknown: Vec<_> = items
        .iter()
        .filter(|item| !standard.contains(&item.as_str()) && !has(item))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// `docs.rs` tests commands and flags of all pages.
#[test]
fn the_page_names_only_keys_that_exist() {
    let reference = read("docs/research-file.md");
    let is_key = |span: &String| span.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let keys: BTreeSet<String> = spans(2).into_iter().filter(is_key).collect();
    assert!(keys.len() > 30, "{keys:?}");
    let is_unknown = |key: &&String| !reference.contains(&format!("| `{key}` "));
    let unknown: Vec<_> = keys.iter().filter(is_unknown).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
