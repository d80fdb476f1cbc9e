//! The unit that runs a program at each call.

use std::ops::ControlFlow;

use research_core::units::{CallableBody, Input};
use research_core::{Context, Output, UnitError};

use super::command::ProgramCommand;
use super::failure::Failure;
use super::file::OutputFile;
use super::process::Running;
use super::stdout::Capture;

/// Runs a program at each call and reads its output.
///
/// The unit fails if the program cannot be started, ends with an exit code other than 0, is killed
/// by a signal (then the failure's kind is `Killed`), exceeds its deadline (then it is killed with
/// its group, and the kind is `TimedOut`), or prints an output that does not match its
/// [`OutputSpec`](super::OutputSpec). The last lines of its standard error, or else of its standard
/// output, are the failure's backtrace.
#[derive(Clone, Debug)]
pub struct ProgramCallable {
    command: ProgramCommand,
    must_print: bool,
}

impl ProgramCallable {
    /// Creates a unit that runs this command.
    #[must_use]
    pub fn new(command: ProgramCommand) -> Self {
        Self {
            command,
            must_print: false,
        }
    }

    /// Makes the unit fail if the program has no output, instead of returning `null`; for units
    /// whose output is saved.
    #[must_use]
    pub fn must_print(mut self) -> Self {
        self.must_print = true;
        self
    }
}

impl CallableBody for ProgramCallable {
    fn call(&self, context: &mut Context) -> Result<Output, UnitError> {
        self.command.log(context);
        let prepared = self.prepare(context);
        let command = |error: UnitError| error.with_command(self.command.typed(context));
        // `file` is declared before `program`, so its claim is released after the program has
        // ended.
        let (file, mut program) =
            prepared.map_err(|failure| command(failure.into_unit_error(None)))?;
        program.set_deadline(context.deadline());
        self.run(&mut program, file.as_ref())
            .map_err(|failure| command(failure.into_unit_error(program.last_lines())))
    }

    fn inputs(&self) -> Option<Vec<Input>> {
        Some(self.command.inputs())
    }

    fn describe(&self) -> Option<String> {
        Some(self.command.to_string())
    }
}

impl ProgramCallable {
    fn prepare(&self, context: &Context) -> Result<(Option<OutputFile>, Running), Failure> {
        let file = self.command.parser.file();
        let file = file
            .map(|path| OutputFile::prepare(path, context))
            .transpose()?;
        let launch = self.command.launch(context)?;
        Ok((file, Running::start(launch, context.output_sink())?))
    }

    fn run(&self, program: &mut Running, file: Option<&OutputFile>) -> Result<Output, Failure> {
        let parser = &self.command.parser;
        let mut capture = Capture::default();
        let _ = program.read(&mut |chunk| {
            capture.push(chunk, parser, self.command.output_limit)?;
            Ok(ControlFlow::Continue(()))
        })?;
        program.check()?;
        let value = match file {
            Some(file) => {
                let content = file.read(self.command.output_limit);
                content.and_then(|content| parser.read_file(file.path(), content))
            }
            None => match capture.finish(parser) {
                Some(output) => parser.read(output.into()),
                None if self.must_print => parser.refuse_nothing(),
                None => parser.read_nothing(),
            },
        };
        let value = value.map_err(|source| program.blame(source))?;
        Ok(Output::Value(value))
    }
}
