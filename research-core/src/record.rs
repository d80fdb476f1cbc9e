//! The record of a research.

use std::path::PathBuf;

use research_domain::Rules;
use serde::{Deserialize, Serialize};

use crate::options::RunOptions;

/// What a research is: kept as `research.json`, and what workers and a resumed run build the
/// experiment from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ResearchRecord {
    /// The version of this record's form.
    pub format: u32,
    /// The research's name.
    pub name: String,
    /// When it was made, in microseconds since 1970.
    pub created: u64,
    /// The program that made it, and its version.
    pub program: String,
    /// Which build of the program that was, where it is known.
    #[serde(default)]
    pub build: Option<String>,
    /// Where it was begun: a resumed run starts programs there.
    pub directory: PathBuf,
    /// The same as a path from the research's own folder, where both are parts of one project: a
    /// copy of the project runs programs in the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory_from_folder: Option<PathBuf>,
    /// Its domain, as an expression.
    pub domain: String,
    /// The rules by which its values are drawn and its ids are made. Records without it are of the
    /// first version.
    #[serde(default = "first_rules")]
    pub rules: Rules,
    /// How it is run.
    pub options: RunOptions,
    /// Its units, one line each, in order.
    pub units: Vec<String>,
    /// The command of each unit that runs a program, and the arguments of each function; empty
    /// where neither is known. Earlier versions did not record it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<String>,
    /// What updates its domain, one line each, in order.
    #[serde(default)]
    pub updates: Vec<String>,
    /// What the experiment is built from, where it was not written in Rust: the research file as
    /// it was read.
    pub source: Option<serde_json::Value>,
    /// The file from which that was read, as a path from `directory`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_file: Option<PathBuf>,
}

impl ResearchRecord {
    /// The version of the form that this program writes.
    pub const FORMAT: u32 = 2;
}

fn first_rules() -> Rules {
    Rules::V1
}
