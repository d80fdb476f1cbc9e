//! The recorded environment of a run.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Commands whose output is recorded with a research, such as the commit and the installed
/// packages.
///
/// ```
/// use research_core::EnvMeta;
///
/// let libraries = EnvMeta::new().command("libraries", "ldconfig -p").replace("0x[0-9a-f]+", "…");
/// assert_eq!(libraries.commands.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EnvMeta {
    /// The name of each command, which is that of its file without `.txt`, and the command: words
    /// as a shell splits them, but not run by a shell.
    pub commands: Vec<(String, String)>,
    /// Where they run.
    pub cwd: PathBuf,
    /// The folder of their files within `env`, which may be in others (`a/b`); if not set, the name
    /// of the folder in which they run, or `cwd` where that is the one of the run.
    pub dst: Option<String>,
    /// Regular expressions, and what stands in the files for what they match.
    pub replace: Vec<(String, String)>,
}

impl EnvMeta {
    /// No commands yet, to run where the research is run.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cwd: PathBuf::from("."),
            ..Self::default()
        }
    }

    /// Which Python there is, and which packages it and conda have.
    #[must_use]
    pub fn python() -> Self {
        Self::new()
            .command("python", "python3 -VV")
            .command("pip", "pip list --disable-pip-version-check")
            .command("conda", "conda list")
    }

    /// The commit, the changes since and the state of the git repository that a folder is in.
    #[must_use]
    pub fn git(cwd: impl Into<PathBuf>) -> Self {
        let cwd = cwd.into();
        let meta = Self {
            dst: repository(&cwd),
            cwd,
            ..Self::default()
        };
        meta.command("commit", "git log -1 --stat")
            .command("diff", "git diff HEAD")
            .command("status", "git status")
    }

    /// Adds a command.
    #[must_use]
    pub fn command(mut self, name: impl Into<String>, command: impl Into<String>) -> Self {
        self.commands.push((name.into(), command.into()));
        self
    }

    /// Sets where the commands run.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = cwd.into();
        self
    }

    /// Sets the folder of their files.
    #[must_use]
    pub fn dst(mut self, dst: impl Into<String>) -> Self {
        self.dst = Some(dst.into());
        self
    }

    /// Replaces all matches of a regular expression, such as passwords, in the output.
    #[must_use]
    pub fn replace(mut self, pattern: impl Into<String>, text: impl Into<String>) -> Self {
        self.replace.push((pattern.into(), text.into()));
        self
    }
}

/// The name of the folder of the repository.
fn repository(cwd: &Path) -> Option<String> {
    let cwd = cwd.canonicalize().ok()?;
    let root = cwd
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    Some(root.file_name()?.to_string_lossy().into_owned())
}
