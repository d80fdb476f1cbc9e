//! A checked command, from which the command of each experiment is built.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use research_core::units::Input;
use research_core::{Context, LogLevel};
use research_process::Launch;

use super::environment;
use super::failure::{Failure, label};
use super::names;
use super::output::Parser;
use super::preview::{self, KnownBefore};
use super::program_error::ProgramError;
use super::render_error::{RenderError, UnknownName};
use super::setting::ProgramSetting;
use super::shell::ShellCommand;
use super::spec::{ProgramSpec, Run, Shell};
use super::stdout::LIMIT;
use super::template::{Part, Placeholder, Template};

/// A checked [`ProgramSpec`]: a program with its arguments, setting and output.
#[derive(Clone, Debug)]
pub struct ProgramCommand {
    invocation: Invocation,
    setting: ProgramSetting,
    pub(super) parser: Parser,
    /// The largest output, in bytes.
    pub(super) output_limit: usize,
}

#[derive(Clone, Debug)]
enum Invocation {
    Words(Vec<Template>),
    Shell(ShellCommand),
}

impl ProgramCommand {
    /// Checks a description and prepares everything that does not depend on the experiment.
    ///
    /// # Errors
    /// The command, its setting or its output is invalid.
    pub fn new(spec: &ProgramSpec) -> Result<Self, ProgramError> {
        Ok(Self {
            invocation: Invocation::new(&spec.run, spec.shell)?,
            setting: ProgramSetting::new(&spec.setting)?,
            parser: Parser::new(&spec.output)?,
            output_limit: LIMIT,
        })
    }

    /// Sets the largest output in bytes, or the longest line if only lines are read. The default is
    /// 1 GiB. A longer output is an error of the unit.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    fn templates(&self) -> impl Iterator<Item = &Template> {
        let words = self.invocation.templates().iter();
        words
            .chain(self.setting.templates())
            .chain(self.parser.file())
    }

    /// Returns the names in its placeholders, in order, with repetitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.templates().flat_map(Template::names)
    }

    /// Returns the inputs of its unit: everything that it reads of an experiment.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let mut inputs: Vec<Input> = self.names().filter_map(names::input).collect();
        inputs.extend(
            self.templates()
                .filter_map(Template::variable_of_experiment),
        );
        if self.parser.file().is_some_and(Template::is_relative) {
            let what = "the experiment's folder, in which its `output` is a file";
            inputs.push(Input::Experiment(what.to_owned()));
        }
        inputs
    }

    /// Returns the units whose outputs it reads, given the keys of the config and the units of the
    /// experiment. Called when a research is described, it reports unknown names before the run.
    ///
    /// # Errors
    /// A name is unknown; the error has the most similar one.
    pub fn units_read(&self, keys: &[&str], units: &[&str]) -> Result<Vec<&str>, UnknownName> {
        let mut read = Vec::new();
        for name in self.names() {
            if let Some(unit) = names::unit_of(name, keys, units)?
                && !read.contains(&unit)
            {
                read.push(unit);
            }
        }
        Ok(read)
    }

    /// Returns the config items that it requires, each with its name in the command, given the keys
    /// of the config and the units of the experiment.
    pub fn keys_required<'c>(
        &'c self,
        keys: &'c [&str],
        units: &'c [&str],
    ) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.required_names()
            .filter_map(|name| Some((names::key_of(name, keys, units)?, name)))
    }

    /// Returns the units whose outputs it requires, given the keys of the config and the units of
    /// the experiment.
    pub fn units_required<'c>(
        &'c self,
        keys: &'c [&str],
        units: &'c [&str],
    ) -> impl Iterator<Item = &'c str> {
        self.required_names()
            .filter_map(|name| names::unit_of(name, keys, units).ok()?)
    }

    fn required_names(&self) -> impl Iterator<Item = &str> {
        let placeholders = self.templates().flat_map(Template::placeholders);
        let required = placeholders.filter(|one| !one.is_optional);
        required.map(|one| one.name.as_str())
    }

    /// Returns whether `{flags}` is where a single word is needed, and means all flags, given the
    /// keys of the config and the units of the experiment.
    pub fn has_misplaced_flags(&self, keys: &[&str], units: &[&str]) -> bool {
        let others = self.setting.templates().chain(self.parser.file());
        let mut names: Vec<&str> = others.flat_map(Template::names).collect();
        match &self.invocation {
            Invocation::Words(words) => {
                let words = words.iter().enumerate();
                let of_one = words.filter(|(index, word)| *index == 0 || word.parts().len() > 1);
                names.extend(of_one.flat_map(|(_, word)| word.names()));
            }
            Invocation::Shell(command) => names.extend(command.names_of_one_word()),
        }
        names.iter().any(|name| names::is_flags(name, keys, units))
    }

    /// Returns the name of the program, if it is the same for every experiment.
    pub fn program(&self) -> Option<&str> {
        match &self.invocation {
            Invocation::Words(words) => match words.first()?.parts() {
                [Part::Text(program)] => Some(program),
                _ => None,
            },
            Invocation::Shell(command) => Some(command.program()),
        }
    }

    /// Checks that the program exists and can be executed, if its name does not depend on the
    /// experiment.
    ///
    /// # Errors
    /// The program does not exist, or cannot be executed.
    pub fn check_program(&self) -> Result<(), ProgramError> {
        let Some(program) = self.program() else {
            return Ok(());
        };
        let label = label(program.as_bytes());
        self.setting
            .check(program)
            .unwrap_or(Ok(()))
            .map_err(Failure::start(&label))
            .map_err(|failure| ProgramError::CannotStart(failure.to_string()))
    }

    /// Returns the command as a user would type it for a config, before the experiment runs. Names
    /// without a value yet, such as outputs of units, stay in their braces.
    pub fn preview(&self, known: &KnownBefore) -> String {
        self.typed_with(|one| known.value(one))
    }

    /// Returns the command for an experiment, as a user would type it.
    pub(super) fn typed(&self, context: &Context) -> String {
        self.typed_with(|one| {
            let words = names::words(one, context).ok()?;
            let text = |word: OsString| word.to_string_lossy().into_owned();
            Some(words.into_iter().map(text).collect())
        })
    }

    /// Logs the command that a unit is about to run, at level `Debug`.
    pub(super) fn log(&self, context: &mut Context) {
        if context.logs(LogLevel::Debug) {
            let text = format!("runs {}", self.typed(context));
            context.log(LogLevel::Debug, text);
        }
    }

    fn typed_with(&self, value: impl Fn(&Placeholder) -> Option<Vec<String>>) -> String {
        match &self.invocation {
            Invocation::Words(templates) => {
                let words = templates.iter();
                let words = words.flat_map(|template| preview::words(template, &value));
                words.collect::<Vec<_>>().join(" ")
            }
            Invocation::Shell(command) => command.preview(value),
        }
    }

    /// Returns the name of the program for messages, and the command for an experiment.
    pub(super) fn launch(&self, context: &Context) -> Result<(String, Launch), Failure> {
        let mut words = Vec::new();
        let label = match &self.invocation {
            Invocation::Words(templates) => {
                for template in templates {
                    words.extend(template.words(context).map_err(Failure::Render)?);
                }
                let program = words.first();
                label(program.map(|word| word.as_bytes()).unwrap_or_default())
            }
            Invocation::Shell(command) => {
                words = command.words(context).map_err(Failure::Render)?;
                // The error shows the command itself beside the message.
                "sh".to_owned()
            }
        };
        let environment = environment::of(context)
            .map_err(|error| Failure::Render(RenderError::Folder(error)))?;
        let launch = self.setting.launch(&label, words, environment, context)?;
        Ok((label, launch))
    }
}

/// Prints the command as a user would type it, with its placeholders.
impl fmt::Display for ProgramCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed_with(|_| None))
    }
}

impl Invocation {
    fn new(run: &Run, shell: Shell) -> Result<Self, ProgramError> {
        let parse = |text: &String| Template::parse(text).map_err(ProgramError::Template);
        match (run, shell.is_some()) {
            (Run::List(_), true) => Err(ProgramError::ListForShell),
            (Run::List(words), false) => Self::words(words),
            (Run::Line(line), true) => {
                let command = parse(line)?;
                if line.trim().is_empty() {
                    return Err(ProgramError::NoProgram);
                }
                Ok(Self::Shell(ShellCommand::new(command, shell)?))
            }
            (Run::Line(line), false) => {
                // Parse the whole line first, so that the column of an error is that in the line.
                parse(line)?;
                let words = shlex::split(line);
                Self::words(&words.ok_or_else(|| ProgramError::Quotes { line: line.clone() })?)
            }
        }
    }

    fn words(words: &[String]) -> Result<Self, ProgramError> {
        let words: Result<Vec<_>, _> = words.iter().map(|w| Template::parse_word(w)).collect();
        let words = words.map_err(ProgramError::Template)?;
        match words.first() {
            Some(program) if program.placeholders().any(Placeholder::is_words) => {
                Err(ProgramError::ProgramOfWords)
            }
            Some(program) if !program.is_empty() => Ok(Self::Words(words)),
            _ => Err(ProgramError::NoProgram),
        }
    }

    fn templates(&self) -> &[Template] {
        match self {
            Self::Words(templates) => templates,
            Self::Shell(command) => std::slice::from_ref(command.template()),
        }
    }
}
