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
    /// The name of each command, which is the name of its file without `.txt`, and the command. The
    /// command is split into words as a shell does, but not run by a shell.
    pub commands: Vec<(String, String)>,
    /// The folder in which the commands run.
    pub cwd: PathBuf,
    /// The folder of the files within `env`, which may be nested (`a/b`). The default is the name
    /// of the folder in which the commands run, or `cwd` if that is the folder of the run.
    pub dst: Option<String>,
    /// Regular expressions, and the replacement of each in the files.
    pub replace: Vec<(String, String)>,
}

impl EnvMeta {
    /// Returns an `EnvMeta` without commands, which run in the folder of the run.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cwd: PathBuf::from("."),
            ..Self::default()
        }
    }

    /// Records the version of Python, and the packages that it and conda have.
    #[must_use]
    pub fn python() -> Self {
        Self::new()
            .command("python", "python3 -VV")
            .command("pip", "pip list --disable-pip-version-check")
            .command("conda", "conda list")
    }

    /// Records the commit, the changes since and the status of the git repository that contains a
    /// folder.
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
            .replace(NOTEBOOK_PICTURE, "$1\"…\"")
    }

    /// Adds a command.
    #[must_use]
    pub fn command(mut self, name: impl Into<String>, command: impl Into<String>) -> Self {
        self.commands.push((name.into(), command.into()));
        self
    }

    /// Sets the folder in which the commands run.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.cwd = cwd.into();
        self
    }

    /// Sets the folder of the files.
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

/// A picture in the output of a notebook: a string, or a list of lines.
const NOTEBOOK_PICTURE: &str =
    r#"("image/[\w.+-]+":\s*)(?:"(?:[^"\\]|\\.)*"|\[(?:[^\]"\\]|"(?:[^"\\]|\\.)*")*\])"#;

/// Returns the name of the repository's folder.
fn repository(cwd: &Path) -> Option<String> {
    let cwd = cwd.canonicalize().ok()?;
    let root = cwd
        .ancestors()
        .find(|folder| folder.join(".git").exists())?;
    Some(root.file_name()?.to_string_lossy().into_owned())
}
