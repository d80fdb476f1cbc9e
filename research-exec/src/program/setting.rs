//! The setting in which a program starts: its environment, working directory, standard input and
//! memory limit.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::sys::memfd::{MFdFlags, memfd_create};
use research_core::Context;
use research_process::{Launch, SpawnError};

use super::failure::Failure;
use super::program_error::ProgramError;
use super::render_error::RenderError;
use super::spec::{Setting, Stdin};
use super::template::{Part, Template};

/// The prefix of the variables that the run sets.
const RESERVED: &str = "RESEARCH_";

/// A checked [`Setting`].
#[derive(Clone, Debug)]
pub(super) struct ProgramSetting {
    env: Vec<(String, Template)>,
    cwd: Option<Template>,
    stdin: Option<StdinTemplate>,
    memory_limit: Option<u64>,
}

#[derive(Clone, Debug)]
enum StdinTemplate {
    Text(Template),
    File(Template),
}

impl ProgramSetting {
    pub(super) fn new(setting: &Setting) -> Result<Self, ProgramError> {
        let template = |key, text: &str, may_be_left_out| {
            Template::parse_one_word(text, may_be_left_out)
                .map_err(|source| ProgramError::Setting { key, source })
        };
        let variable = |(name, value): (&String, &String)| match invalid(name) {
            Some(reason) => {
                let name = name.clone();
                Err(ProgramError::Variable { name, reason })
            }
            None => Ok((name.clone(), template("env", value, true)?)),
        };
        let stdin = setting.stdin.as_ref().map(|stdin| match stdin {
            Stdin::Text(text) => template("stdin", text, false).map(StdinTemplate::Text),
            Stdin::File(path) => template("stdin", path, false).map(StdinTemplate::File),
        });
        let cwd = setting.cwd.as_deref();
        Ok(Self {
            env: setting.env.iter().map(variable).collect::<Result<_, _>>()?,
            cwd: cwd.map(|path| template("cwd", path, false)).transpose()?,
            stdin: stdin.transpose()?,
            memory_limit: setting.memory_limit,
        })
    }

    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let stdin = self.stdin.iter().map(|stdin| match stdin {
            StdinTemplate::Text(template) | StdinTemplate::File(template) => template,
        });
        let env = self.env.iter().map(|(_, template)| template);
        env.chain(&self.cwd).chain(stdin)
    }

    /// Prepares the command `words` for an experiment. `variables` is its environment without the
    /// variables of the setting.
    pub(super) fn launch(
        &self,
        label: &str,
        words: Vec<OsString>,
        mut variables: Vec<Vec<u8>>,
        context: &Context,
    ) -> Result<Launch, Failure> {
        for (name, template) in &self.env {
            let prefix = [name.as_bytes(), b"="].concat();
            variables.retain(|variable| !variable.starts_with(&prefix));
            if let Some(value) = template.word(context).map_err(Failure::Render)? {
                variables.push([&prefix, value.as_bytes()].concat());
            }
        }
        let directory = self.cwd.as_ref().map(|path| path.render(context));
        let directory = directory.transpose().map_err(Failure::Render)?;
        let directory = directory.map(PathBuf::from);
        let input = self
            .input(directory.as_deref(), context)
            .map_err(Failure::Render)?;
        let refused = |error: SpawnError| Failure::start(label)(error);
        let mut launch = Launch::new(words, variables).map_err(refused)?;
        if let Some(directory) = directory {
            launch = launch.directory(directory).map_err(refused)?;
        }
        if let Some(input) = input {
            launch = launch.input(input);
        }
        if let Some(bytes) = self.memory_limit {
            launch = launch.memory_limit(bytes);
        }
        Ok(launch.marked(context.mark()))
    }

    fn input(
        &self,
        directory: Option<&Path>,
        context: &Context,
    ) -> Result<Option<OwnedFd>, RenderError> {
        match &self.stdin {
            None => Ok(None),
            Some(StdinTemplate::Text(text)) => {
                let text = text.render(context)?;
                file_of(&text).map(Some).map_err(RenderError::Stdin)
            }
            Some(StdinTemplate::File(path)) => {
                let path = directory
                    .unwrap_or(Path::new(""))
                    .join(path.render(context)?);
                let file = open(&path).map_err(|source| RenderError::StdinFile { path, source })?;
                Ok(Some(file.into()))
            }
        }
    }

    /// Checks that the program can be started; returns `None` if that depends on the experiment.
    pub(super) fn check(&self, program: &str) -> Option<Result<(), SpawnError>> {
        let plain = |template: &Template| match template.parts() {
            [] => Some(String::new()),
            [Part::Text(text)] => Some(text.clone()),
            _ => None,
        };
        let path = self.env.iter().find(|(name, _)| name == "PATH");
        let path = match path {
            Some((_, template)) => vec![format!("PATH={}", plain(template)?).into_bytes()],
            None => Vec::new(),
        };
        let directory = match &self.cwd {
            Some(template) => Some(PathBuf::from(plain(template)?)),
            None => None,
        };
        let launch = Launch::new(vec![program.into()], path);
        let launch = match directory {
            Some(directory) => launch.and_then(|launch| launch.directory(directory)),
            None => launch,
        };
        Some(launch.and_then(|launch| launch.check()))
    }
}

/// Returns the reason why a variable cannot have this name, if any.
fn invalid(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains(['=', '\0']) {
        Some("it has an equals sign or a zero byte")
    } else if name.starts_with(RESERVED) {
        Some("variables of the run begin with `RESEARCH_`")
    } else {
        None
    }
}

/// Returns a file in memory with this content, which needs no writer as a pipe does.
fn file_of(text: &OsStr) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("stdin", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}

/// Opens a regular file. Other kinds of files could block before the timeout of the experiment
/// begins.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}
