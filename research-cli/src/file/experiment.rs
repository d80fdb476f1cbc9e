//! A research file as an experiment.

use std::sync::Arc;

use research::core::{Experiment, ExperimentBuilder, UnitBody};
use research::exec::program::{ProgramCallable, ProgramCommand, ProgramError, ProgramGenerator};

use super::ResearchFile;
use super::error::{FileError, Problem};
use super::unit::{Mode, Save, UnitFile};

impl ResearchFile {
    /// The experiment: a unit for each `[[unit]]`.
    ///
    /// # Errors
    /// None for a file that was read; for one that was made by hand, whatever reading it would
    /// have reported.
    pub fn experiment(&self) -> Result<Experiment, FileError> {
        let built = self.experiment_builder()?.build();
        built.map_err(|error| failure(error.into()))
    }

    /// The experiment before it is built, for those who add units of their own.
    ///
    /// # Errors
    /// As [`experiment`](Self::experiment).
    pub fn experiment_builder(&self) -> Result<ExperimentBuilder, FileError> {
        let mut builder = Experiment::builder();
        for unit in &self.units {
            let body = body(unit).map_err(|source| {
                let unit = unit.name.clone();
                failure(Problem::Program { unit, source })
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

fn failure(problem: Problem) -> FileError {
    FileError::new(problem.somewhere(), &[])
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
