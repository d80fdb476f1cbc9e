//! The environment variables of programs.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use research_core::Context;
use research_process::MARK;

use crate::devices::{ORDER, VISIBLE};

const ID: &str = "RESEARCH_ID";
const PATH: &str = "RESEARCH_PATH";
const SEED: &str = "RESEARCH_SEED";
const ITERATION: &str = "RESEARCH_ITERATION";
const CONFIG: &str = "RESEARCH_CONFIG";

/// The variables that differ between experiments of a task: a root unit that names one of them does
/// not do the same for all branches.
pub(super) const OF_EXPERIMENT: [&str; 2] = [ID, PATH];

/// Returns the `NAME=value` strings of an experiment's program.
///
/// They are built for each program: the cost is small beside that of a process, and variables such
/// as `CUDA_VISIBLE_DEVICES` may change between two programs.
pub(super) fn of(context: &Context) -> io::Result<Vec<Vec<u8>>> {
    let record = context.record();
    let visible = context.visible_devices();
    let mut ours = vec![ID, PATH, SEED, ITERATION, CONFIG];
    if visible.is_some() {
        ours.extend([VISIBLE, ORDER.0]);
    }
    if context.mark().is_some() {
        ours.push(MARK);
    }
    ours.extend(context.variables().iter().map(|(name, _)| name.as_str()));
    let ours = |name: &OsStr| ours.iter().any(|our| name == *our);
    let mut variables: Vec<Vec<u8>> = std::env::vars_os()
        .filter(|(name, _)| !ours(name))
        .map(|(name, value)| variable(name, value.as_bytes()))
        .collect();
    let mut add = |name: &str, value: &[u8]| variables.push(variable(name.into(), value));
    if !context.hides_place() {
        add(ID, record.id.as_str().as_bytes());
        if let Some(path) = folder(context)? {
            add(PATH, path.as_bytes());
        }
    }
    if let Some(visible) = visible {
        add(VISIBLE, visible.as_bytes());
        add(ORDER.0, ORDER.1.as_bytes());
    }
    if let Some(mark) = context.mark() {
        add(MARK, mark.as_bytes());
    }
    for (name, value) in context.variables() {
        add(name, value.as_bytes());
    }
    add(SEED, record.short_seed().to_string().as_bytes());
    add(ITERATION, context.iteration().to_string().as_bytes());
    add(CONFIG, context.config().to_json(false).as_bytes());
    Ok(variables)
}

fn variable(name: OsString, value: &[u8]) -> Vec<u8> {
    let mut variable = name.into_vec();
    variable.push(b'=');
    variable.extend_from_slice(value);
    variable
}

/// Creates the experiment's folder and returns it; returns `None` in memory.
fn folder(context: &Context) -> io::Result<Option<OsString>> {
    if context.folder().is_none() {
        return Ok(None);
    }
    Ok(Some(std::path::absolute(context.path()?)?.into_os_string()))
}
