//! The key `output` of a unit.

use research_exec::program::{FileOutput, FileType, Groups, OutputSpec, RegexOutput, RegexType};

use super::error::{Diagnostic, FileErrorKind, Origin, Source};
use super::keys::{self, find};
use super::node::{Content, Entry, Node};
use super::options;

/// The variables that the output of a unit is saved to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Save {
    /// Nowhere; other units can use it.
    #[default]
    Nothing,
    /// Under a name.
    To(String),
    /// The elements of a list, under these names; `None` skips an element.
    Parts(Vec<Option<String>>),
    /// The values of a map, under its keys.
    OutputDict,
}

/// The outputs that are a single word.
pub(crate) const OUTPUTS: [(&str, SimpleOutput); 3] = [
    ("json", SimpleOutput::Json),
    ("text", SimpleOutput::Text),
    ("number", SimpleOutput::Number),
];

/// An [`OutputSpec`] that is a single word.
#[derive(Clone, Copy)]
pub(crate) enum SimpleOutput {
    Json,
    Text,
    Number,
}

/// The values of `type` for a regular expression.
pub(crate) const REGEX_TYPES: [(&str, RegexType); 3] = [
    ("auto", RegexType::Auto),
    ("text", RegexType::Text),
    ("number", RegexType::Number),
];

/// The values of `groups`.
pub(crate) const GROUPS: [(&str, Groups); 2] = [("first", Groups::First), ("all", Groups::All)];

/// The values of `type` for a file.
pub(crate) const FILE_TYPES: [(&str, FileType); 6] = [
    ("auto", FileType::Auto),
    ("any", FileType::Any),
    ("json", FileType::Json),
    ("jsonl", FileType::Jsonl),
    ("text", FileType::Text),
    ("number", FileType::Number),
];

/// Reads `output`, whose defaults depend on how it is saved.
pub(crate) fn read(
    entries: &[Entry],
    unit: &str,
    save: &Save,
    sources: &[Source],
) -> Result<OutputSpec, Diagnostic> {
    let Some(node) = find(entries, "output") else {
        return Ok(OutputSpec::default());
    };
    // A record of an earlier version keeps the defaults of that version.
    let is_record = sources
        .get(node.span.source)
        .is_some_and(|source| source.origin == Origin::Record);
    let output = match &node.content {
        Content::Text(_) => match options::choice(node, "output", &OUTPUTS)? {
            SimpleOutput::Json => OutputSpec::Json,
            SimpleOutput::Text => OutputSpec::Text,
            SimpleOutput::Number => OutputSpec::Number,
        },
        _ => table(node, save, is_record)?,
    };
    if is_record {
        return Ok(output);
    }
    match contradiction(&output, save) {
        Some((reason, hint)) => {
            let unit = unit.to_owned();
            Err(FileErrorKind::Output { unit, reason, hint }.at(node.span))
        }
        None => Ok(output),
    }
}

fn table(node: &Node, save: &Save, is_record: bool) -> Result<OutputSpec, Diagnostic> {
    const EXPECTED: &str = "\"json\", \"text\", \"number\", \
                            or a table with one of `json`, `regex` and `file`";
    let entries = node.table("output", EXPECTED)?;
    keys::check(entries, &keys::OUTPUT)?;
    let refuse = |keys: &[&'static str], expected| {
        let found = keys.iter().find_map(|key| Some((key, find(entries, key)?)));
        found.map_or(Ok(()), |(key, node)| Err(node.expected(key, expected)))
    };
    let [json, pattern, file] = ["json", "regex", "file"].map(|key| find(entries, key));
    if json.is_none() {
        refuse(&["skip_others"], "no `skip_others` without `json`")?;
    }
    match (json, pattern, file) {
        (Some(json), None, None) => {
            refuse(&["type", "groups"], "no `type` and no `groups` of `json`")?;
            options::choice(json, "json", &[("lines", ())])?;
            let skip = find(entries, "skip_others").map(|node| node.bool("skip_others"));
            Ok(match skip.transpose()? {
                Some(true) => OutputSpec::JsonAmongOthers,
                Some(false) | None => OutputSpec::Json,
            })
        }
        (None, Some(pattern), None) => regex(pattern, entries, save, is_record),
        (None, None, Some(path)) => {
            refuse(&["groups"], "no `groups` without `regex`")?;
            let path = path.text("file")?.to_owned();
            let default = match is_record {
                true => FileType::Any,
                false => default_type(&path, save),
            };
            let content = choice_or(entries, "type", &FILE_TYPES, default)?;
            Ok(OutputSpec::File(FileOutput { path, content }))
        }
        _ => Err(node.expected("output", EXPECTED)),
    }
}

/// An output that is saved in parts must be JSON, whatever the name of the file.
pub(crate) fn default_type(path: &str, save: &Save) -> FileType {
    let may_be_lines = [".jsonl", ".ndjson", "}"]
        .iter()
        .any(|end| path.ends_with(end));
    match save {
        Save::Parts(_) | Save::OutputDict if !may_be_lines => FileType::Json,
        _ => FileType::Auto,
    }
}

fn regex(
    pattern: &Node,
    entries: &[Entry],
    save: &Save,
    is_record: bool,
) -> Result<OutputSpec, Diagnostic> {
    let mut regex = RegexOutput {
        pattern: pattern.text("regex")?.to_owned(),
        value_type: choice_or(entries, "type", &REGEX_TYPES, RegexType::Auto)?,
        groups: Groups::First,
    };
    // An invalid expression is reported with the command.
    let names = regex.group_names().unwrap_or_default();
    let named = names.iter().flatten().count();
    let takes_all = match save {
        Save::Parts(_) => !names.is_empty(),
        Save::OutputDict => named > 0,
        Save::To(_) | Save::Nothing => named > 1,
    };
    let default = match takes_all && !is_record {
        true => Groups::All,
        false => Groups::First,
    };
    regex.groups = choice_or(entries, "groups", &GROUPS, default)?;
    Ok(OutputSpec::Regex(regex))
}

fn choice_or<T: Copy>(
    entries: &[Entry],
    key: &'static str,
    choices: &[(&'static str, T)],
    default: T,
) -> Result<T, Diagnostic> {
    find(entries, key).map_or(Ok(default), |node| options::choice(node, key, choices))
}

/// Returns the reason that an output cannot be saved in this way, and a hint.
fn contradiction(output: &OutputSpec, save: &Save) -> Option<(String, String)> {
    let takes_parts = match save {
        Save::Parts(_) => "`save_to` is a list of names",
        Save::OutputDict => "`save_output_dict` needs an object",
        Save::To(_) | Save::Nothing => return None,
    };
    let regex = match output {
        OutputSpec::Regex(regex) => regex,
        OutputSpec::Text | OutputSpec::Number => {
            return Some((
                format!("{takes_parts}, but the output is a single value"),
                "save it under one name, such as save_to = \"loss\", or let it print JSON"
                    .to_owned(),
            ));
        }
        OutputSpec::Json | OutputSpec::JsonAmongOthers | OutputSpec::File(_) => return None,
    };
    let groups = regex.group_names()?;
    let all_named = !groups.is_empty() && groups.iter().all(Option::is_some);
    match save {
        Save::Parts(_) if all_named => Some((
            format!("{takes_parts}, but the groups of the regular expression have names"),
            "use `save_output_dict = true`, or groups without names".to_owned(),
        )),
        Save::Parts(names) if names.len() != groups.len() => Some((
            format!(
                "`save_to` has {} names, but the regular expression has {} groups",
                names.len(),
                groups.len()
            ),
            "use a group for each name: save_to = [\"loss\", \"acc\"] with regex = 'loss=(\\S+) \
             acc=(\\S+)'"
                .to_owned(),
        )),
        Save::OutputDict if !all_named => Some((
            format!("{takes_parts}, but the groups of the regular expression have no names"),
            "name each group, such as regex = 'loss=(?<loss>\\S+) acc=(?<acc>\\S+)'".to_owned(),
        )),
        _ => None,
    }
}
