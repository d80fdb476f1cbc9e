//! The meaning of names in templates.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use research_core::domain::{AUXILIARY_KEYS, Config, Value, is_auxiliary, suggest};
use research_core::units::{Input, NamePath};
use research_core::{Context, Output};

use super::render_error::{RenderError, UnknownName};
use super::template::Placeholder;

/// The names with the same meaning in every research.
const BUILT_IN: [&str; 6] = ["id", "path", "iteration", "repetition", "seed", "device"];

/// The name that means all items of the config as flags, unless an item or a unit has this name.
const FLAGS: &str = "flags";

/// The target of a name, with the path to a part of its value.
enum Reference<'n> {
    BuiltIn,
    Config(NamePath<'n>),
    Unit(NamePath<'n>),
    Flags,
}

/// Resolves a name by the rule of precedence, which is the same before and during a run.
fn refer<'n>(
    name: &'n str,
    is_key: impl Fn(&str) -> bool,
    is_unit: impl Fn(&str) -> bool,
) -> Option<Reference<'n>> {
    if BUILT_IN.contains(&name) {
        return Some(Reference::BuiltIn);
    }
    match NamePath::find(name, |head| is_key(head) || is_unit(head)) {
        Some(path) if is_key(path.name) => Some(Reference::Config(path)),
        Some(path) => Some(Reference::Unit(path)),
        None => (name == FLAGS).then_some(Reference::Flags),
    }
}

/// Returns whether a name means all flags, given the keys of the config and the units.
pub(super) fn is_flags(name: &str, keys: &[&str], units: &[&str]) -> bool {
    name == FLAGS && !keys.contains(&name) && !units.contains(&name)
}

/// Returns the unit that a name refers to, given the keys of the config and the units; `None` for
/// other known names.
pub(super) fn unit_of<'n>(
    name: &'n str,
    keys: &[&str],
    units: &[&str],
) -> Result<Option<&'n str>, UnknownName> {
    let is_key = |key: &str| keys.contains(&key) || AUXILIARY_KEYS.contains(&key);
    match refer(name, is_key, |unit| units.contains(&unit)) {
        Some(Reference::Unit(path)) => Ok(Some(path.name)),
        Some(_) => Ok(None),
        None => Err(unknown(name, keys.iter().chain(units).copied())),
    }
}

/// Returns the config item that a name refers to, given the keys of the config and the units.
pub(super) fn key_of<'n>(name: &'n str, keys: &[&str], units: &[&str]) -> Option<&'n str> {
    match refer(
        name,
        |key| keys.contains(&key),
        |unit| units.contains(&unit),
    )? {
        Reference::Config(path) => Some(path.name),
        _ => None,
    }
}

/// Returns the input that a name in a command reads; `None` if it is the same for all branches of a
/// task.
pub(super) fn input(name: &str) -> Option<Input> {
    match name {
        "iteration" | "seed" | "device" => None,
        FLAGS => Some(Input::Flags),
        "id" | "path" => Some(Input::Experiment(format!("`{{{name}}}`"))),
        name => Some(Input::Name(name.to_owned())),
    }
}

/// Returns the value of a placeholder in an experiment with this config, if it is known before the
/// run: the words, or one string.
pub(super) fn known_before(
    placeholder: &Placeholder,
    config: &Config,
    built_in: &[(&str, String)],
) -> Option<Vec<String>> {
    let name = placeholder.name.as_str();
    let words = match refer(name, |key| config.contains(key), |_| false)? {
        Reference::BuiltIn => {
            let known = built_in.iter().find(|(known, _)| *known == name);
            return known.map(|(_, value)| vec![value.clone()]);
        }
        Reference::Config(path) => words_of(path.select(config.get(path.name)?).ok()?, placeholder),
        Reference::Flags => flags(config, placeholder.is_spread).ok()?,
        Reference::Unit(_) => return None,
    };
    let text = |word: Vec<u8>| String::from_utf8_lossy(&word).into_owned();
    Some(words.into_iter().map(text).collect())
}

/// The current value of a name.
enum Found<'c> {
    BuiltIn,
    Value(&'c Value),
    Flags,
}

fn find<'c>(name: &str, context: &'c Context) -> Result<Found<'c>, RenderError> {
    let config = context.full_config();
    let reference = refer(
        name,
        |key| config.contains(key),
        |unit| context.unit_names().any(|name| name == unit),
    );
    let owned = |unit: &str| (name.to_owned(), unit.to_owned());
    match reference {
        Some(Reference::BuiltIn) => Ok(Found::BuiltIn),
        Some(Reference::Flags) => Ok(Found::Flags),
        Some(Reference::Config(path)) => {
            let value = config.get(path.name).unwrap_or(&Value::Null);
            Ok(Found::Value(part(&path, value, name)?))
        }
        Some(Reference::Unit(path)) => match context.latest_output(path.name) {
            Some(Output::Value(value)) => Ok(Found::Value(part(&path, value, name)?)),
            Some(Output::Object(_)) => {
                let (name, unit) = owned(path.name);
                Err(RenderError::Object { name, unit })
            }
            None => {
                let (name, unit) = owned(path.name);
                Err(RenderError::NotRun { name, unit })
            }
        },
        None => Err(unknown(name, config.keys().chain(context.unit_names())).into()),
    }
}

/// Appends the current value of a name.
pub(super) fn write(name: &str, context: &Context, text: &mut Vec<u8>) -> Result<(), RenderError> {
    match find(name, context)? {
        Found::BuiltIn => write_built_in(name, context, text),
        Found::Value(value) => {
            write_value(value, text);
            Ok(())
        }
        Found::Flags => Err(RenderError::Flags),
    }
}

/// Returns the current value of a name, or `None` if it is missing or `null`.
pub(super) fn optional(name: &str, context: &Context) -> Result<Option<Vec<u8>>, RenderError> {
    let mut text = Vec::new();
    let written = match find(name, context) {
        Ok(Found::Value(Value::Null)) => return Ok(None),
        Ok(_) => write(name, context, &mut text),
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => Ok(Some(text)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the current words of a placeholder that is a whole word.
pub(super) fn words(
    placeholder: &Placeholder,
    context: &Context,
) -> Result<Vec<OsString>, RenderError> {
    let name = &placeholder.name;
    let words = match find(name, context) {
        Ok(Found::Value(value)) => Ok(words_of(value, placeholder)),
        Ok(Found::Flags) => flags(context.full_config(), placeholder.is_spread),
        Ok(Found::BuiltIn) => {
            let mut text = Vec::new();
            write_built_in(name, context, &mut text).map(|()| vec![text])
        }
        Err(error) => Err(error),
    };
    match words {
        Ok(words) => Ok(words.into_iter().map(OsString::from_vec).collect()),
        Err(error) if placeholder.is_optional && error.is_missing() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn words_of(value: &Value, placeholder: &Placeholder) -> Vec<Vec<u8>> {
    match value {
        Value::Null if placeholder.is_words() => Vec::new(),
        Value::List(values) if placeholder.is_spread => values.iter().map(text_of).collect(),
        value => vec![text_of(value)],
    }
}

/// Returns a flag for each parameter: `--key=value`, `--key` for `true`, none for `false` and
/// `null`.
fn flags(config: &Config, is_spread: bool) -> Result<Vec<Vec<u8>>, RenderError> {
    let mut words = Vec::new();
    for (key, value) in config.iter().filter(|(key, _)| !is_auxiliary(key)) {
        let flag = format!("--{}", key.replace('_', "-"));
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => words.push(flag.into_bytes()),
            Value::List(elements) if is_spread => {
                words.push(flag.into_bytes());
                for element in elements {
                    if matches!(element, Value::Text(text) if text.starts_with('-')) {
                        return Err(RenderError::FlagInList {
                            key: key.to_owned(),
                            element: element.to_string(),
                        });
                    }
                    words.push(text_of(element));
                }
            }
            value => {
                let mut word = flag.into_bytes();
                word.push(b'=');
                write_value(value, &mut word);
                words.push(word);
            }
        }
    }
    Ok(words)
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

/// Appends a printed value; writing to a vector cannot fail.
fn write_display(value: impl std::fmt::Display, text: &mut Vec<u8>) {
    let _ = write!(text, "{value}");
}

fn text_of(value: &Value) -> Vec<u8> {
    let mut text = Vec::new();
    write_value(value, &mut text);
    text
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

fn part<'v>(path: &NamePath<'_>, value: &'v Value, name: &str) -> Result<&'v Value, RenderError> {
    path.select(value).map_err(|source| RenderError::NoField {
        name: name.to_owned(),
        source,
    })
}

/// Returns the error of an unknown name, with the most similar known name, or all of them.
fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> UnknownName {
    let known = known
        .filter(|name| !BUILT_IN.contains(name) && *name != FLAGS)
        .chain(BUILT_IN)
        .chain([FLAGS]);
    let head = name.split(['.', '[']).next().unwrap_or(name);
    let hint = match suggest::nearest(head.trim(), known.clone()) {
        Some(other) => format!(": did you mean `{{{other}}}`?"),
        None => format!(": there are {}", known.collect::<Vec<_>>().join(", ")),
    };
    UnknownName {
        name: name.to_owned(),
        hint,
    }
}
