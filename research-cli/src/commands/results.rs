//! `research results`: what a research has saved.

use std::io::Write;

use research::storage::{Format, Results, StoredResearch, TableOptions};

use super::CommandError;
use crate::arguments::{ResultsArguments, ResultsFormat};
use crate::exit::Exit;

/// Runs the command.
///
/// # Errors
/// There is no such research, it cannot be read, a filter that asks for what there is not, and an
/// output that cannot be written.
pub fn run(arguments: &ResultsArguments, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let options = options(arguments)?;
    let stored = StoredResearch::load(&arguments.name)?;
    let mut results = Results::new();
    for events in stored.events()? {
        for event in &events? {
            results.apply(event);
        }
    }
    let format = match arguments.format {
        ResultsFormat::Table => Format::Table,
        ResultsFormat::Csv => Format::Csv,
        ResultsFormat::Json => Format::Json,
        ResultsFormat::Jsonl => Format::JsonLines,
    };
    results.to_table(&options)?.write(format, out)?;
    Ok(Exit::Success)
}

fn options(arguments: &ResultsArguments) -> Result<TableOptions, CommandError> {
    let mut options = TableOptions::new()
        .long(arguments.long)
        .use_alias(arguments.alias)
        .concat_config(arguments.concat_config)
        .aux(arguments.aux)
        .ids(&arguments.ids)
        .iterations(arguments.iterations.iter().copied())
        .variables(&arguments.variables);
    for filter in &arguments.filter {
        let (key, value) = filter
            .split_once('=')
            .ok_or_else(|| CommandError::NoFilter(filter.clone()))?;
        options = options.config_text(key.trim(), value.trim());
    }
    if let Some(expression) = &arguments.domain {
        options = options.domain(expression.parse()?);
    }
    Ok(options)
}
