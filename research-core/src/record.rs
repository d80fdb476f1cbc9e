//! The record of a research.

use std::path::PathBuf;

use research_domain::Rules;
use serde::{Deserialize, Serialize};

use crate::options::RunOptions;

/// The description of a research, stored as `research.json`. Workers and resumed runs build the
/// experiment from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResearchRecord {
    /// The format version of this record.
    pub format: u32,
    /// The name of the research.
    pub name: String,
    /// The time of its creation, in microseconds since 1970.
    pub created: u64,
    /// The program that created it, and its version.
    pub program: String,
    /// The build of that program, if it is known.
    #[serde(default)]
    pub build: Option<String>,
    /// The folder in which it was begun. A resumed run starts programs there.
    pub directory: PathBuf,
    /// The same as a path from the research's own folder, if both are parts of one project: a copy
    /// of the project runs programs in the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_from_folder: Option<PathBuf>,
    /// The domain, as an expression.
    pub domain: String,
    /// The rules for drawing values and creating ids. Records without this field use the first
    /// version.
    #[serde(default = "first_rules")]
    pub rules: Rules,
    /// The options of the run.
    pub options: RunOptions,
    /// The units, one line each, in order.
    pub units: Vec<String>,
    /// The command of each unit that runs a program, and the arguments of each function; empty if
    /// neither is known. Earlier versions did not record it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// The updates of the domain, one line each, in order.
    #[serde(default)]
    pub updates: Vec<String>,
    /// The research file as it was read, if the experiment was not written in Rust.
    pub source: Option<serde_json::Value>,
    /// The path of the research file, relative to `directory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_file: Option<PathBuf>,
}

impl ResearchRecord {
    /// The format version that this program writes.
    pub const FORMAT: u32 = 2;
}

fn first_rules() -> Rules {
    Rules::V1
}
