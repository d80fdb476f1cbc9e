//! Domains in serde's formats: an expression, or a table of parameters.

use std::fmt::{self, Formatter};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{self, Serialize, Serializer};

use super::{Domain, option};
use crate::grammar::parse_values;
use crate::option::{Listed, Values, aliased};
use crate::sampler::{DISTRIBUTIONS, Distribution, Sampler, choice, constant, weighted_choice};
use crate::suggest;
use crate::value::Value;

/// Writes the domain as an [`expression`](Domain::expression).
impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let expression = self.expression().map_err(ser::Error::custom)?;
        serializer.serialize_str(&expression)
    }
}

/// Reads an expression, or a table whose product is taken in the order of its keys.
///
/// In a table a parameter is a list, a sampler as a text or a table, or a single value; the key
/// `where` has a condition, or a list of them.
///
/// ```
/// use research_domain::Domain;
///
/// #[derive(serde::Deserialize)]
/// struct File {
///     domain: Domain,
/// }
///
/// let file: File = toml::from_str(
///     r#"
///     [domain]
///     a = [2, 3, { value = [1, 2], alias = "both" }]
///     lr = "log_uniform(1e-5, 1e-1)"
///     momentum = { sampler = "uniform", low = 0.8, high = 1.0 }
///     where = "lr < momentum"
///     "#,
/// )
/// .unwrap();
/// assert_eq!(
///     file.domain.to_string(),
///     "a=[2, 3, [1, 2] as \"both\"] * lr=log_uniform(1e-5, 0.1) * momentum=uniform(0.8, 1.0) \
///      where lr < momentum"
/// );
/// ```
impl<'de> Deserialize<'de> for Domain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Domain, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(DomainVisitor)
        } else {
            deserializer.deserialize_str(DomainVisitor)
        }
    }
}

struct DomainVisitor;

impl<'de> Visitor<'de> for DomainVisitor {
    type Value = Domain;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a domain expression, or a table of parameters with their values")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Domain, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Domain, A::Error> {
        let mut options = Vec::new();
        let mut conditions = Vec::new();
        while let Some((name, value)) = entries.next_entry::<String, Value>()? {
            if name == "where" {
                conditions.extend(conditions_of(value).map_err(de::Error::custom)?);
                continue;
            }
            let values = values_of(value)
                .map_err(|message| de::Error::custom(format_args!("`{name}`: {message}")))?;
            options.push(option(name, values));
        }
        let product = Domain::product(options);
        Ok(conditions
            .into_iter()
            .fold(product, |domain, condition| domain.matching(&condition)))
    }
}

fn conditions_of(value: Value) -> Result<Vec<String>, String> {
    let texts = match value {
        Value::List(values) => values,
        single => vec![single],
    };
    let text = |value: Value| match value {
        Value::Text(text) => {
            // Checked here so that the error comes with the file's place.
            text.parse::<crate::condition::Condition>()
                .map_err(|error| error.to_string())?;
            Ok(text)
        }
        other => Err(format!(
            "`where` needs a condition as a text, found {}",
            other.literal()
        )),
    };
    texts.into_iter().map(text).collect()
}

fn values_of(value: Value) -> Result<Values, String> {
    match value {
        Value::List(values) => Ok(Values::List(values.into_iter().map(listed_of).collect())),
        Value::Text(text) => parse_values(&text).map_err(|error| {
            let hint = format!(
                "for the text itself, write a list: [{}]",
                Value::Text(text).literal()
            );
            format!(
                "{error}
  = {hint}"
            )
        }),
        Value::Map(entries) => sampler_of(entries).map(Values::Sampler),
        single => Ok(Values::List(vec![Listed::from(single)])),
    }
}

/// A table of `value` and `alias` is a value with an alias; everything else is itself.
fn listed_of(value: Value) -> Listed {
    if let Value::Map(entries) = &value
        && let [(first, a), (second, b)] = entries.as_slice()
    {
        match (first.as_str(), second.as_str()) {
            ("value", "alias") => return aliased(a.clone(), b.to_string()),
            ("alias", "value") => return aliased(b.clone(), a.to_string()),
            _ => {}
        }
    }
    Listed::from(value)
}

/// `{ sampler = "uniform", low = 0, high = 1 }`.
fn sampler_of(mut entries: Vec<(String, Value)>) -> Result<Sampler, String> {
    let Some(Value::Text(name)) = remove(&mut entries, "sampler") else {
        return Err(
            "a table needs the name of its sampler: { sampler = \"uniform\", low = 0, high = 1 }; \
             for parameters in groups, give them names with dots: \"model.depth\" = [1, 2]"
                .to_owned(),
        );
    };
    let mut required = |key: &str| {
        remove(&mut entries, key).ok_or_else(|| format!("the sampler `{name}` needs `{key}`"))
    };
    let sampler = match name.as_str() {
        "constant" => constant(required("value")?),
        "choice" => {
            let Value::List(values) = required("values")? else {
                return Err("the `values` of a choice must be a list".to_owned());
            };
            let values: Vec<Listed> = values.into_iter().map(listed_of).collect();
            match remove(&mut entries, "weights") {
                Some(weights) => {
                    let weights: Vec<f64> = weights.to().map_err(|e| format!("`weights`: {e}"))?;
                    weighted_choice(values, weights)
                }
                None => choice(values),
            }
        }
        _ => {
            let names = DISTRIBUTIONS
                .iter()
                .map(|(name, _)| *name)
                .chain(["choice", "constant"]);
            let Some((_, parameters)) = DISTRIBUTIONS.iter().find(|(known, _)| *known == name)
            else {
                return Err(format!(
                    "there is no sampler `{name}`; {}",
                    suggest::hint(&name, names)
                ));
            };
            let arguments: Vec<Value> = parameters
                .iter()
                .map(|key| required(key))
                .collect::<Result<_, _>>()?;
            Distribution::from_arguments(&name, &arguments)?.into()
        }
    };
    match entries.first() {
        Some((extra, _)) => Err(format!("the sampler `{name}` has no `{extra}`")),
        None => Ok(sampler),
    }
}

fn remove(entries: &mut Vec<(String, Value)>, key: &str) -> Option<Value> {
    let place = entries.iter().position(|(known, _)| known == key)?;
    Some(entries.remove(place).1)
}
