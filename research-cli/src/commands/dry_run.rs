//! `research run --dry-run`: prints the experiments that would run.

use std::io::Write;

use research::base::text::plural;
use research::domain::Value;
use research::file::{Mode, Preview, PreviewedExperiment, ResearchFile};

use super::TextOrJson;
use super::{CommandError, write_json};
use crate::exit::Exit;

/// Prints the experiments that a file would run, or the error that would end the run.
pub(super) fn show(
    file: &ResearchFile,
    format: TextOrJson,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let preview = file.preview()?;
    match format {
        TextOrJson::Text => print(&preview, out)?,
        TextOrJson::Json => write_json(out, &preview)?,
    }
    Ok(Exit::Success)
}

fn print(preview: &Preview, out: &mut dyn Write) -> Result<(), CommandError> {
    let experiments = match preview.experiments {
        Some(number) => plural(number, "experiment"),
        None => "infinitely many experiments".to_owned(),
    };
    writeln!(out, "{}: {experiments}", preview.name)?;
    writeln!(out, "domain: {}", preview.domain)?;
    if preview.n_reps > 1 {
        writeln!(out, "repetitions of each config: {}", preview.n_reps)?;
    }
    match preview.seed {
        Some(seed) => writeln!(out, "seed: {seed}")?,
        None => writeln!(out, "seed: drawn at the start of the run")?,
    }
    write!(out, "workers: {}", preview.workers)?;
    if preview.branches > 1 {
        write!(out, ", {} experiments at once in each", preview.branches)?;
        match preview.branch_by.as_deref() {
            None | Some([]) => {}
            Some(keys) => write!(out, ", which agree in {}", keys.join(", "))?,
        }
    }
    writeln!(out)?;
    if *preview.devices != Value::Null {
        writeln!(out, "devices: {}", preview.devices)?;
        for (worker, branches) in preview.devices_of_workers.iter().enumerate() {
            let devices: Vec<String> = branches.iter().map(|devices| devices.join(", ")).collect();
            writeln!(out, "  worker {worker}: {}", devices.join("; "))?;
        }
    }
    match preview.folder {
        Some(folder) => writeln!(out, "folder: {folder} (will be created)")?,
        None => writeln!(out, "folder: none (kept in memory)")?,
    }
    match (preview.first.as_slice(), preview.is_redrawn) {
        ([], _) => {}
        (_, false) => writeln!(out, "the first experiments:")?,
        (_, true) => writeln!(
            out,
            "the first experiments (the draws of the run will differ):"
        )?,
    }
    for experiment in &preview.first {
        print_experiment(preview, experiment, out)?;
    }
    Ok(())
}

fn print_experiment(
    preview: &Preview,
    experiment: &PreviewedExperiment,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let mut title = experiment.config.to_string();
    if let Some(id) = &experiment.id {
        title = format!("{id}: {title}");
    }
    if preview.n_reps > 1 {
        title.push_str(&format!(", repetition {}", experiment.repetition));
    }
    writeln!(out, "  {title}")?;
    for unit in &experiment.commands {
        let mode = match unit.mode {
            Mode::Generator => " (generator)",
            Mode::Callable => "",
        };
        writeln!(out, "    {}{mode}: {}", unit.unit, unit.command)?;
    }
    Ok(())
}
