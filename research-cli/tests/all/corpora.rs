//! The inputs in `fuzz/corpus`: the assertions of the fuzz targets hold for all of them.

use std::fs;
use std::path::{Path, PathBuf};

use research::base::EventLog;
use research::domain::Domain;
use research::file::{Format, ResearchFile};
use research::storage::{LogReader, check_log};

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(folder).unwrap();
    let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty(), "{target}");
    files
}

/// The inputs of a corpus that are valid UTF-8.
fn texts(target: &str) -> Vec<String> {
    let bytes = corpus(target)
        .into_iter()
        .map(|path| fs::read(path).unwrap());
    bytes
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .collect()
}

#[test]
fn printed_domains_parse_back() {
    let mut good = 0;
    for text in texts("domain_expression") {
        let Ok(domain) = text.parse::<Domain>() else {
            continue;
        };
        let printed = domain.to_string();
        assert_eq!(
            printed.parse::<Domain>().unwrap().to_string(),
            printed,
            "{text}"
        );
        good += 1;
    }
    assert!(good > 10, "{good}");
}

#[test]
fn recorded_research_files_read_back() {
    let mut good = 0;
    for text in texts("research_file") {
        for format in [Format::Toml, Format::Json] {
            let Ok(file) = ResearchFile::parse(&text, format) else {
                continue;
            };
            let recorded = serde_json::to_string(&file).unwrap();
            let again = ResearchFile::parse(&recorded, Format::Json).unwrap();
            assert_eq!(again, file, "{text}");
            good += 1;
        }
    }
    assert!(good >= 3, "{good}");
}

#[test]
fn log_checks_agree_with_readers() {
    for path in corpus("event_log") {
        let Ok(mut reader) = LogReader::open(&path) else {
            continue;
        };
        let checkup = check_log(&path).unwrap();
        let mut events = 0;
        let is_read = loop {
            match reader.next_batch() {
                Ok(Some(batch)) => events += batch.len() as u64,
                end => break end.is_ok(),
            }
        };
        assert_eq!(is_read, checkup.damaged.is_empty(), "{}", path.display());
        if is_read {
            let read = (events, reader.torn());
            assert_eq!(read, (checkup.events, checkup.torn), "{}", path.display());
        }
    }
}
