//! Any text is a research file or an error with a place; what is a file survives being recorded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use research::file::{Format, ResearchFile};

fuzz_target!(|text: &str| {
    for format in [Format::Toml, Format::Json] {
        match ResearchFile::parse(text, format) {
            Err(error) => assert!(!error.to_string().is_empty()),
            Ok(file) => {
                let text = serde_json::to_string(&file).expect("a file can be recorded");
                let again = ResearchFile::parse(&text, Format::Json);
                assert_eq!(again.expect("what is recorded can be read"), file);
            }
        }
    }
});
