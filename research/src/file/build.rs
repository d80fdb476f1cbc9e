//! Builds what a research file describes.

use std::sync::Arc;

use research_core::units::UnitBody;
use research_core::{Experiment, ExperimentBuilder};
use research_exec::program::{ProgramCallable, ProgramCommand, ProgramError, ProgramGenerator};

use crate::Research;

use super::ResearchFile;
use super::error::{FileError, FileErrorKind};
use super::output::Save;
use super::unit::{Mode, UnitFile};

impl ResearchFile {
    /// Builds the research that the file describes, ready to run or to resume. Its record keeps the
    /// file, so that a later process can build the same research from it.
    ///
    /// # Errors
    /// As [`experiment`](Self::experiment).
    pub fn research(&self) -> Result<Research, FileError> {
        let mut research = Research::new(&self.name);
        for (number, update) in (1..).zip(&self.updates) {
            let program = update.program();
            let program =
                program.map_err(|source| failure(FileErrorKind::Update { number, source }))?;
            research = research.update_domain_by(program, update.when.clone());
        }
        let source = serde_json::to_value(self);
        let source = source.map_err(|error| failure(FileErrorKind::Read(error.into())))?;
        let mut research = research
            .domain(self.domain.clone())
            .experiment(self.experiment_builder()?)
            .options(self.options.clone())
            .source(source);
        if let Some(seed) = self.seed {
            research = research.seed(seed);
        }
        Ok(match self.dump_results {
            true => research,
            false => research.in_memory(),
        })
    }

    /// Builds the experiment: a unit for each `[[unit]]`.
    ///
    /// # Errors
    /// None for a file that was read. For one that was made in code, the errors that reading it
    /// would report.
    pub fn experiment(&self) -> Result<Experiment, FileError> {
        let built = self.experiment_builder()?.build();
        built.map_err(|error| failure(error.into()))
    }

    /// Returns the builder of the experiment, to which a program can add units of its own.
    ///
    /// # Errors
    /// As [`experiment`](Self::experiment).
    pub fn experiment_builder(&self) -> Result<ExperimentBuilder, FileError> {
        let mut builder = Experiment::builder();
        for unit in &self.units {
            let body = body(unit).map_err(|source| {
                let unit = unit.name.clone();
                failure(FileErrorKind::Program { unit, source })
            })?;
            builder = builder
                .body(&unit.name, body, true, &[])
                .when(unit.when.clone());
            if let Some(when) = &unit.dump {
                builder = builder.dump_when(when.clone());
            }
            if unit.root {
                builder = builder.root();
            }
            if let Some(timeout) = unit.timeout {
                builder = builder.timeout(timeout);
            }
            builder = match &unit.save {
                Save::Nothing => builder,
                Save::To(name) => builder.save_to(name),
                Save::Parts(names) => builder.save_parts_to(names.iter().map(Option::as_deref)),
                Save::OutputDict => builder.save_output_dict(),
            };
        }
        Ok(builder)
    }
}

fn failure(problem: FileErrorKind) -> FileError {
    FileError::new(problem.without_location(), &[])
}

fn body(unit: &UnitFile) -> Result<UnitBody, ProgramError> {
    let command = ProgramCommand::new(&unit.program)?;
    Ok(match unit.mode {
        Mode::Callable => {
            let program = ProgramCallable::new(command);
            UnitBody::Callable(Arc::new(match unit.save {
                Save::Nothing => program,
                _ => program.must_print(),
            }))
        }
        Mode::Generator => UnitBody::Generator(Arc::new(ProgramGenerator::new(command)?)),
    })
}

/// Builds the experiment in a worker from the research file that the leader recorded: the argument
/// of [`worker_entry_with`](crate::worker_entry_with) in a program that runs research files.
///
/// # Errors
/// The leader recorded no research file, or an invalid one.
pub fn experiment_from_record(source: Option<&str>) -> Result<Experiment, String> {
    let source = source.ok_or("the leader has recorded no research file")?;
    let record = serde_json::from_str(source).map_err(|error| error.to_string())?;
    let file = ResearchFile::from_record(&record).map_err(|error| error.to_string())?;
    file.experiment().map_err(|error| error.to_string())
}
