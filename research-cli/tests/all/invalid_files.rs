//! Errors of invalid research files: `invalid_files.txt` and `invalid_settings.txt` have each case
//! with its message.

use std::fs;

use research::file::{Format, ResearchFile};

/// A title, the input, and the message.
struct Case<'t> {
    title: &'t str,
    input: &'t str,
    expected: &'t str,
}

fn cases(text: &str) -> impl Iterator<Item = Case<'_>> {
    text.split("==== ").skip(1).map(|block| {
        let (title, rest) = block.split_once('\n').unwrap();
        let (input, expected) = rest.split_once("----\n").unwrap();
        Case {
            title,
            input,
            expected: expected.trim_end(),
        }
    })
}

#[test]
fn each_invalid_file_is_shown_with_its_location() {
    let mut count = 0;
    for case in cases(include_str!("invalid_files.txt")) {
        let format = match case.title.starts_with("json") {
            true => Format::Json,
            false => Format::Toml,
        };
        match ResearchFile::parse(case.input, format) {
            Ok(file) => panic!("{}: nothing was found wrong in {file:?}", case.title),
            Err(error) => assert_eq!(error.to_string(), case.expected, "{}", case.title),
        }
        count += 1;
    }
    assert!(count > 50, "only {count} cases were read");
}

#[test]
fn each_invalid_setting_is_shown_with_its_location() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("research.toml");
    fs::write(
        &path,
        "[domain]\na = [1]\n[[unit]]\nname = \"u\"\nrun = \"true\"\n",
    )
    .unwrap();
    for case in cases(include_str!("invalid_settings.txt")) {
        let setting = case.input.trim_end_matches('\n').to_owned();
        match ResearchFile::load(&path, &[setting]) {
            Ok(file) => panic!("{}: nothing was found wrong in {file:?}", case.title),
            Err(error) => assert_eq!(error.to_string(), case.expected, "{}", case.title),
        }
    }
}

#[test]
fn errors_have_line_and_column() {
    let error = ResearchFile::parse("n_reps = 2\nworkers = \"ä\"\n", Format::Toml).unwrap_err();
    assert_eq!((error.line(), error.column()), (Some(2), Some(11)));
}

#[test]
fn an_unreadable_file_is_named() {
    let error = ResearchFile::load("no/such/file.toml".as_ref(), &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the research file: No such file or directory (os error 2)\n --> \
         no/such/file.toml"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin.toml");
    fs::write(&path, b"name = \"\xe4\"").unwrap();
    let error = ResearchFile::load(&path, &[]).unwrap_err();
    assert!(error.to_string().contains("it is not UTF-8"), "{error}");
}

#[test]
fn a_long_line_is_shown_around_the_error() {
    let text = format!("workers = {}, \"x\"]\n", "[[1], ".repeat(60));
    let error = ResearchFile::parse(&text, Format::Toml)
        .unwrap_err()
        .to_string();
    assert!(
        error.lines().all(|line| line.chars().count() < 130),
        "{error}"
    );
}

#[test]
fn truncated_and_garbled_files_are_errors() {
    let toml = include_str!("../../../examples/training/research.toml");
    let json = serde_json::to_string_pretty(&ResearchFile::parse(toml, Format::Toml).unwrap());
    let mut state = 1u64;
    for (text, format) in [(toml, Format::Toml), (json.unwrap().as_str(), Format::Json)] {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let _ = ResearchFile::parse(&text[..end], format).map_err(|e| e.to_string());
        }
        for _ in 0..2000 {
            let mut bytes = text.as_bytes().to_vec();
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let place = (state >> 33) as usize % bytes.len();
            bytes[place] = b"\"[]{}=,\n#x1. \\"[(state >> 20) as usize % 14];
            if let Ok(text) = String::from_utf8(bytes) {
                let _ = ResearchFile::parse(&text, format).map_err(|e| e.to_string());
            }
        }
    }
    for text in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "a.".repeat(100_000),
    ] {
        for format in [Format::Toml, Format::Json] {
            assert!(ResearchFile::parse(&text, format).is_err());
        }
    }
}
