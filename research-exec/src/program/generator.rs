//! The unit that starts a program once and reads a line for each item.

use std::ops::ControlFlow;
use std::sync::Arc;

use research_core::domain::Value;
use research_core::units::{Generator, GeneratorBody, Input};
use research_core::{Context, Output, UnitError};

use super::command::ProgramCommand;
use super::failure::Failure;
use super::process::Running;
use super::program_error::ProgramError;
use super::stdout::Lines;

/// Starts a program once; every line of its standard output is the next item.
///
/// A line is read according to `output`. Blank lines are skipped for JSON and numbers, lines that
/// do not match for a regular expression, and lines that are not JSON for
/// [`OutputSpec::JsonAmongOthers`](super::OutputSpec::JsonAmongOthers). The generator waits for the
/// next line only when the unit is due; a program that is ahead blocks when its pipe is full. The
/// generator ends when the program has ended with exit code 0 and all lines are read; any other end
/// is an error. A program that still runs is killed when the generator is dropped or has failed.
#[derive(Clone, Debug)]
pub struct ProgramGenerator {
    command: Arc<ProgramCommand>,
}

impl ProgramGenerator {
    /// Creates a generator that starts this command.
    ///
    /// # Errors
    /// The output is a file: the generator cannot know which item a file holds that the program
    /// writes repeatedly.
    pub fn new(command: ProgramCommand) -> Result<Self, ProgramError> {
        if command.parser.file().is_some() {
            return Err(ProgramError::FileOfGenerator);
        }
        Ok(Self {
            command: Arc::new(command),
        })
    }
}

impl GeneratorBody for ProgramGenerator {
    fn start(&self, context: &mut Context) -> Result<Box<dyn Generator>, UnitError> {
        self.command.log(context);
        let typed = self.command.typed(context);
        let launch = self.command.launch(context);
        let program = launch
            .and_then(|launch| Running::start(launch, context.output_sink()))
            .map_err(|failure| failure.into_unit_error(None).with_command(&typed))?;
        Ok(Box::new(Items {
            command: Arc::clone(&self.command),
            typed,
            program: Some(program),
            lines: Lines::default(),
        }))
    }

    fn inputs(&self) -> Option<Vec<Input>> {
        Some(self.command.inputs())
    }

    fn describe(&self) -> Option<String> {
        Some(self.command.to_string())
    }
}

/// The items of a program.
struct Items {
    command: Arc<ProgramCommand>,
    /// The command as a user would type it.
    typed: String,
    /// `None` after the end.
    program: Option<Running>,
    lines: Lines,
}

impl Generator for Items {
    fn next(&mut self, context: &mut Context) -> Result<Option<Output>, UnitError> {
        let Some(program) = &mut self.program else {
            return Ok(None);
        };
        program.set_deadline(context.deadline());
        let item = next_item(program, &mut self.lines, &self.command);
        let item = item.map_err(|failure| {
            program.kill();
            let error = failure.into_unit_error(program.last_lines());
            error.with_command(&self.typed)
        });
        if !matches!(item, Ok(Some(_))) {
            self.program = None;
        }
        Ok(item?.map(Output::Value))
    }
}

fn next_item(
    program: &mut Running,
    lines: &mut Lines,
    command: &ProgramCommand,
) -> Result<Option<Value>, Failure> {
    let parser = &command.parser;
    let mut ended = false;
    loop {
        while let Some(line) = lines.next(ended) {
            if parser.wants(line) {
                let value = parser
                    .read(line.into())
                    .map_err(|source| program.blame(source))?;
                return Ok(Some(value));
            }
        }
        if ended {
            program.check()?;
            return Ok(None);
        }
        let flow = program.read(&mut |chunk| {
            lines.push(chunk, command.output_limit)?;
            Ok(match lines.has_line() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        ended = flow.is_continue();
    }
}
