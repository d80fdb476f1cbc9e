//! Errors of the outputs of programs.

use std::path::PathBuf;

use research_core::MemorySize;

use super::json::JsonError;

/// The reason why the output of a program cannot become that of its unit.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    #[error(
        "the line is not valid JSON ({reason}): `{line}`; print the result as JSON on the last \
         line, or set `output`"
    )]
    NoJson { line: String, reason: String },
    #[error("the line is not a number: `{0}`")]
    NoNumber(String),
    #[error(
        "the integer {0} does not fit into 64 bits: print it as a float, or read it as text with \
         `output = \"text\"`"
    )]
    LargeInteger(String),
    #[error(
        "{0} is beyond the largest float, about 1.8e308: read it as text with `output = \"text\"`"
    )]
    LargeFloat(String),
    #[error("no output, but `output = \"number\"` needs a number on the last line")]
    Nothing,
    #[error("no output to save: print JSON on the last line, `null` for no value")]
    NothingToSave,
    #[error("no line of its output matches `{0}`")]
    NoMatch(String),
    #[error("a line of its output is longer than {}, the maximum: let it write a file into the \
             experiment's folder, and print the file's name", MemorySize(*.0 as u64))]
    LongLine(usize),
    #[error("its output is longer than {}, the maximum: let it write a file into the experiment's \
             folder, and print the file's name", MemorySize(*.0 as u64))]
    LongOutput(usize),
    #[error("it did not write `{}`: the path of a relative file is inside the experiment's folder, \
             which is `{{path}}` in `run` and `RESEARCH_PATH` in the environment", .0.display())]
    NotWritten(PathBuf),
    #[error("`{}` is longer than {}, the maximum: leave it where it is, and let the program print \
             its name", path.display(), MemorySize(*limit as u64))]
    LongFile { path: PathBuf, limit: usize },
    #[error("`output`: `{}` is outside the experiment's folder; remove `..` or use an absolute \
             path", .0.display())]
    Outside(PathBuf),
    #[error("`output`: `{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    #[error("`output`: another program that runs at the same time writes `{}`; put `{{id}}` into \
             the path, or use a relative path, which is inside the experiment's \
             folder", .0.display())]
    Shared(PathBuf),
    #[error("`{}` is empty; expected {expected}", path.display())]
    EmptyFile {
        path: PathBuf,
        expected: &'static str,
    },
    #[error("`{}` is not valid {expected}: line {}, column {}: \
             {}", path.display(), error.line, error.column, error.message)]
    InvalidFile {
        path: PathBuf,
        expected: &'static str,
        error: JsonError,
    },
    #[error("`{}` is not a number: `{content}`", path.display())]
    NoNumberInFile { path: PathBuf, content: String },
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}
