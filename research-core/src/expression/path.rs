//! Names with a path, as commands use them: `unit.field[0]`.

use research_domain::Value;

use super::{NoPart, part_of};

/// A known name, and the path to a part of its value: `.field`, or `[index]`, from 0 or from -1
/// backwards; an index may follow a dot, too.
///
/// ```
/// use research_core::domain::Value;
/// use research_core::units::NamePath;
///
/// let path = NamePath::find("scores[1]", |name| name == "scores").unwrap();
/// let scores = Value::from(vec![0.5, 0.7]);
/// assert_eq!((path.name, path.select(&scores)), ("scores", Ok(&Value::from(0.7))));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NamePath<'n> {
    /// The known name.
    pub name: &'n str,
    keys: Vec<Value>,
}

impl<'n> NamePath<'n> {
    /// Finds the longest known name at the beginning of a string whose rest is a path. A name may
    /// itself contain dots and brackets.
    pub fn find(text: &'n str, is_known: impl Fn(&str) -> bool) -> Option<Self> {
        let ends = text.rmatch_indices(['.', '[']).map(|(at, _)| at);
        std::iter::once(text.len()).chain(ends).find_map(|end| {
            let (name, path) = text.split_at(end);
            let keys = is_known(name).then(|| keys(path)).flatten()?;
            Some(Self { name, keys })
        })
    }

    /// Returns the part of a value at the end of the path.
    ///
    /// # Errors
    /// The value has no such part.
    pub fn select<'v>(&self, value: &'v Value) -> Result<&'v Value, NoPart> {
        self.keys.iter().try_fold(value, part_of)
    }
}

/// Returns the keys of a path; `None` if the path is invalid.
fn keys(mut path: &str) -> Option<Vec<Value>> {
    let mut keys = Vec::new();
    while !path.is_empty() {
        if let Some(rest) = path.strip_prefix('.') {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            keys.push(Value::from(field));
            path = after;
        } else {
            let (index, after) = path.strip_prefix('[')?.split_once(']')?;
            keys.push(match index.parse::<i64>() {
                Ok(index) => Value::from(index),
                Err(_) => Value::from(index),
            });
            path = after;
        }
    }
    Some(keys)
}
