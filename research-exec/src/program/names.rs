//! What the names in templates stand for.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;

use research_core::domain::{AUXILIARY_KEYS, Config, Value, suggest};
use research_core::units::Input;
use research_core::{Context, Output};

/// The names that mean the same in every research.
const BUILT_IN: [&str; 6] = ["id", "path", "iteration", "repetition", "seed", "device"];

/// A name in a template that nothing has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{{{name}}}`: unknown config item, unit or built-in name{hint} (to write a brace, double it: \
     `{{{{`)"
)]
pub struct UnknownName {
    /// The name.
    pub name: String,
    /// The nearest name, or all that there are.
    pub hint: String,
}

/// A template that cannot be filled in.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// Nothing has this name.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The unit has not put anything out yet.
    #[error(
        "`{{{name}}}`: unit `{unit}` has no output yet: it failed, is not due, or must come before \
         this unit"
    )]
    NotRun {
        /// The name in the template.
        name: String,
        /// The unit.
        unit: String,
    },
    /// The value has no such field.
    #[error("`{{{name}}}`: unknown field `{field}`: {found}")]
    NoField {
        /// The name in the template.
        name: String,
        /// The field.
        field: String,
        /// What there is.
        found: String,
    },
    /// The unit's output lives in memory.
    #[error(
        "`{{{name}}}`: the output of unit `{unit}` is an object in memory, which no program can be \
         given: let the unit put out a value"
    )]
    Object {
        /// The name in the template.
        name: String,
        /// The unit.
        unit: String,
    },
    /// A value that names a builtin of the shell that evaluates its arguments.
    #[error(
        "`{{{name}}}`: the value is the command `{command}` of the shell, which evaluates its \
         arguments: only programs can be named by a value"
    )]
    Builtin {
        /// The name in the template.
        name: String,
        /// The value.
        command: String,
    },
    /// No device was given to the experiment.
    #[error("`{{device}}`: this experiment has no device: set `devices` for the run")]
    NoDevice,
    /// There is no folder.
    #[error("`{{path}}`: the experiment's folder cannot be made")]
    Folder(#[source] std::io::Error),
}

/// What a name refers to; the fields are what follows the item's or unit's own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reference<'n> {
    BuiltIn,
    Config { key: &'n str, fields: &'n str },
    Unit { unit: &'n str, fields: &'n str },
}

/// The rule of precedence, the same before a run and in it.
fn refer<'n>(
    name: &'n str,
    is_key: impl Fn(&str) -> bool,
    is_unit: impl Fn(&str) -> bool,
) -> Option<Reference<'n>> {
    if BUILT_IN.contains(&name) {
        return Some(Reference::BuiltIn);
    }
    // A key or a unit may have dots in its own name: the longest name goes first.
    let shorter = name.rmatch_indices('.').map(|(dot, _)| dot);
    std::iter::once(name.len()).chain(shorter).find_map(|end| {
        let (head, rest) = name.split_at(end);
        let fields = rest.strip_prefix('.').unwrap_or(rest);
        if is_key(head) {
            Some(Reference::Config { key: head, fields })
        } else if is_unit(head) {
            Some(Reference::Unit { unit: head, fields })
        } else {
            None
        }
    })
}

/// The unit that a name refers to, where these are the config's keys and the units; `None` for
/// anything else that there is.
pub(super) fn unit_of<'n>(
    name: &'n str,
    keys: &[&str],
    units: &[&str],
) -> Result<Option<&'n str>, UnknownName> {
    let is_key = |key: &str| keys.contains(&key) || AUXILIARY_KEYS.contains(&key);
    match refer(name, is_key, |unit| units.contains(&unit)) {
        Some(Reference::Unit { unit, .. }) => Ok(Some(unit)),
        Some(_) => Ok(None),
        None => Err(unknown(name, keys.iter().chain(units).copied())),
    }
}

/// What a name in a command of a unit reads; `None` if that is the same for all branches of a task.
pub(super) fn input(name: &str) -> Option<Input> {
    match name {
        "iteration" | "seed" | "device" => None,
        "id" | "path" => Some(Input::Experiment(format!("`{{{name}}}`"))),
        name => Some(Input::Name(name.to_owned())),
    }
}

/// What a name will stand for in an experiment with this config, where that is known before.
pub(super) fn known_before(
    name: &str,
    config: &Config,
    built_in: &[(&str, String)],
) -> Option<String> {
    match refer(name, |key| config.contains(key), |_| false)? {
        Reference::BuiltIn => {
            let known = built_in.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| value.clone())
        }
        Reference::Config { key, fields } => {
            let mut text = Vec::new();
            write_value(field_of(config.get(key)?, name, fields).ok()?, &mut text);
            Some(String::from_utf8_lossy(&text).into_owned())
        }
        Reference::Unit { .. } => None,
    }
}

/// Appends what a name stands for now.
pub(super) fn write(name: &str, context: &Context, text: &mut Vec<u8>) -> Result<(), RenderError> {
    let config = context.full_config();
    let reference = refer(
        name,
        |key| config.contains(key),
        |unit| context.unit_names().any(|name| name == unit),
    );
    match reference {
        Some(Reference::BuiltIn) => write_built_in(name, context, text),
        Some(Reference::Config { key, fields }) => {
            let value = config.get(key).unwrap_or(&Value::Null);
            write_value(field_of(value, name, fields)?, text);
            Ok(())
        }
        Some(Reference::Unit { unit, fields }) => match context.latest_output(unit) {
            Some(Output::Value(value)) => {
                write_value(field_of(value, name, fields)?, text);
                Ok(())
            }
            Some(Output::Object(_)) => Err(RenderError::Object {
                name: name.to_owned(),
                unit: unit.to_owned(),
            }),
            None => Err(RenderError::NotRun {
                name: name.to_owned(),
                unit: unit.to_owned(),
            }),
        },
        None => Err(unknown(name, config.keys().chain(context.unit_names())).into()),
    }
}

fn write_built_in(name: &str, context: &Context, text: &mut Vec<u8>) -> Result<(), RenderError> {
    let record = context.record();
    match name {
        "id" => text.extend_from_slice(record.id.as_str().as_bytes()),
        "path" => {
            let path = context.path().and_then(std::path::absolute);
            let path = path.map_err(RenderError::Folder)?;
            text.extend_from_slice(path.as_os_str().as_bytes());
        }
        "iteration" => write_display(context.iteration(), text),
        "repetition" => write_display(record.repetition, text),
        "seed" => write_display(record.short_seed(), text),
        _ => match context.full_config().get("device") {
            None | Some(Value::Null) => return Err(RenderError::NoDevice),
            Some(Value::List(devices)) => {
                for (place, device) in devices.iter().enumerate() {
                    if place > 0 {
                        text.push(b',');
                    }
                    write_value(device, text);
                }
            }
            Some(device) => write_value(device, text),
        },
    }
    Ok(())
}

/// Writing to a vector cannot fail.
fn write_display(value: impl std::fmt::Display, text: &mut Vec<u8>) {
    let _ = write!(text, "{value}");
}

fn write_value(value: &Value, text: &mut Vec<u8>) {
    match value {
        Value::Text(plain) => text.extend_from_slice(plain.as_bytes()),
        Value::Bytes(bytes) => text.extend_from_slice(bytes),
        Value::List(_) | Value::Map(_) => write_display(value.json(), text),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            write_display(value, text);
        }
    }
}

fn field_of<'v>(value: &'v Value, name: &str, fields: &str) -> Result<&'v Value, RenderError> {
    if fields.is_empty() && !name.ends_with('.') {
        return Ok(value);
    }
    fields.split('.').try_fold(value, |value, field| {
        let found = match value {
            // Where a program has said it twice the last one counts, as where it is saved.
            Value::Map(entries) => {
                let mut entries = entries.iter().rev();
                entries.find(|(key, _)| key == field).map(|(_, v)| v)
            }
            Value::List(values) => field.parse().ok().and_then(|at: usize| values.get(at)),
            _ => None,
        };
        found.ok_or_else(|| RenderError::NoField {
            name: name.to_owned(),
            field: field.to_owned(),
            found: what_is_there(value),
        })
    })
}

fn what_is_there(value: &Value) -> String {
    match value {
        Value::Map(entries) => {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
            format!("the map has {}", keys.join(", "))
        }
        Value::List(values) => format!("the list has {} elements, from 0", values.len()),
        other => format!("the value is not a map, its type is {}", other.kind()),
    }
}

/// `: did you mean …?` with the nearest known name, or all of them.
fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> UnknownName {
    let known = known
        .filter(|name| !BUILT_IN.contains(name))
        .chain(BUILT_IN);
    let head = name.split('.').next().unwrap_or(name);
    let hint = match suggest::nearest(head.trim(), known.clone()) {
        Some(other) => format!(": did you mean `{{{other}}}`?"),
        None => format!(": there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    UnknownName {
        name: name.to_owned(),
        hint,
    }
}
