//! The domain of a research file: a table of parameters, or an expression.

use research_domain::{
    Condition, Domain, SyntaxError, Value, ValueError, Values, is_auxiliary, option,
};

use super::error::{Diagnostic, FileErrorKind, Source};
use super::node::{Content, Entry, Node, Span};

/// The key of a table that holds conditions, not a parameter.
const WHERE: &str = "where";

pub(crate) fn read(node: Option<&Node>, sources: &[Source]) -> Result<Domain, Diagnostic> {
    let Some(node) = node else {
        return Ok(Domain::new());
    };
    let domain = match &node.content {
        Content::Text(text) => text
            .parse::<Domain>()
            .map_err(|error| syntax("domain", node, &error, sources))?,
        _ => table(node, sources)?,
    };
    domain
        .validate()
        .map_err(|error| FileErrorKind::Domain(error).at(node.span))?;
    Ok(domain)
}

/// Returns the product of the parameters in the order of the file, filtered by the conditions.
fn table(node: &Node, sources: &[Source]) -> Result<Domain, Diagnostic> {
    let entries = node.table("domain", "a table of parameters, or an expression")?;
    let mut options = Vec::new();
    let mut conditions = Vec::new();
    for entry in entries {
        if entry.key == WHERE {
            conditions = read_conditions(&entry.node, sources)?;
        } else {
            options.push(parameter(entry, sources)?);
        }
    }
    let product = Domain::product(options);
    Ok(conditions.into_iter().fold(product, Domain::matching))
}

pub(crate) fn parameter(entry: &Entry, sources: &[Source]) -> Result<Domain, Diagnostic> {
    let Entry { key, node, .. } = entry;
    if key.is_empty() || is_auxiliary(key) {
        return Err(bad_name(key).at(entry.key_span));
    }
    match &node.content {
        Content::Text(text) => {
            let values: Result<Values, SyntaxError> = text.parse();
            return match values {
                Ok(values) => Ok(option(key.as_str(), values)),
                Err(error) => Err(no_values(key, node, &error, sources)),
            };
        }
        Content::List(nodes) if nodes.is_empty() => {
            let name = key.clone();
            return Err(FileErrorKind::NoValues { name }.at(node.span));
        }
        _ => {}
    }
    // `Domain` itself reads lists with aliases, distributions as tables, and single values.
    let table = Value::Map(vec![(key.clone(), node.value(key)?)]);
    table.to::<Domain>().map_err(|error| {
        let message = match error {
            ValueError::Custom { message, .. } => message,
            other => other.to_string(),
        };
        let quoted = format!("`{key}`: ");
        let problem = FileErrorKind::Values {
            name: key.clone(),
            message: message.strip_prefix(&quoted).unwrap_or(&message).to_owned(),
        };
        problem.at(node.span)
    })
}

/// Returns the error of a string that is not a distribution; it may be meant as a value.
fn no_values(key: &str, node: &Node, error: &SyntaxError, sources: &[Source]) -> Diagnostic {
    let mut diagnostic = syntax(key, node, error, sources);
    let Content::Text(text) = &node.content else {
        return diagnostic;
    };
    if let FileErrorKind::Expression { hint, .. } = &mut *diagnostic.kind
        && !text.contains(['(', '['])
    {
        let literal = Value::from(text).literal().to_string();
        *hint = Some(format!(
            "a string is a distribution, such as \"uniform(0, 1)\"; \
             for the string itself write a list: [{literal}]"
        ));
    }
    diagnostic
}

fn read_conditions<'n>(node: &'n Node, sources: &[Source]) -> Result<Vec<&'n str>, Diagnostic> {
    let nodes = match &node.content {
        Content::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let condition = |node: &'n Node| {
        let Content::Text(text) = &node.content else {
            return Err(node.expected(WHERE, "a condition as a string, or a list of these"));
        };
        match text.parse::<Condition>() {
            Ok(_) => Ok(text.as_str()),
            Err(error) => Err(syntax(WHERE, node, &error, sources)),
        }
    };
    nodes.iter().map(condition).collect()
}

/// A parameter must not have the name of an auxiliary key, which is stored beside the parameters.
fn bad_name(name: &str) -> FileErrorKind {
    let reason = if name.is_empty() {
        "it is empty"
    } else {
        "it is reserved"
    };
    FileErrorKind::Name {
        name: name.to_owned(),
        what: "parameter",
        reason: reason.to_owned(),
    }
}

/// Returns the error of an expression at its location in the file.
fn syntax(key: &str, node: &Node, error: &SyntaxError, sources: &[Source]) -> Diagnostic {
    let problem = FileErrorKind::Expression {
        key: key.to_owned(),
        message: error.message().to_owned(),
        hint: error.hint().map(str::to_owned),
    };
    let place = inside(node, error.line(), error.column(), sources);
    problem.at(place.unwrap_or(node.span))
}

/// Returns the span of a character of a string, if the string is written without escapes.
pub(crate) fn inside(node: &Node, line: usize, column: usize, sources: &[Source]) -> Option<Span> {
    let Content::Text(text) = &node.content else {
        return None;
    };
    let written = sources.get(node.span.source)?;
    let written = written.text.get(node.span.start..node.span.end)?;
    let begin = node.span.start + written.find(text.as_str())?;
    let line_start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = &text[line_start..];
    let mut characters = rest.char_indices().skip(column.saturating_sub(1));
    let offset = line_start + characters.next().map_or(rest.len(), |(at, _)| at);
    let length = text[offset..].chars().next().map_or(0, char::len_utf8);
    Some(Span {
        source: node.span.source,
        start: begin + offset,
        end: begin + offset + length,
    })
}
