//! Tables as text.
#![allow(dead_code, reason = "each test file uses some of it")]

use research_results::{Format, Results, TableOptions};

pub(crate) fn written(results: &Results, options: &TableOptions, format: Format) -> String {
    let mut bytes = Vec::new();
    let table = results.to_table(options).unwrap();
    table.write(format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn csv(results: &Results, options: &TableOptions) -> String {
    written(results, options, Format::Csv)
}
