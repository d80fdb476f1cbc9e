//! The serde encoding of domains: an expression, or a table of parameters.

use std::fmt::{self, Formatter};

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{self, Serialize, Serializer};

use super::distribution::with_step;
use crate::distribution::families::{Family, Parametric};
use crate::distribution::{Distribution, choice, constant, histogram, weighted_choice};
use crate::space::condition::Condition;
use crate::space::domain::{Domain, option};
use crate::space::option::Values;
use crate::suggest;
use crate::value::{Listed, Value, aliased};

/// Writes the domain as an [`expression`](Domain::expression).
impl Serialize for Domain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let expression = self.expression().map_err(ser::Error::custom)?;
        serializer.serialize_str(&expression)
    }
}

/// Reads an expression, or a table of parameters: the domain is their product in the order of the
/// keys.
///
/// In a table, the values of a parameter are a list, a distribution (a string or a table), or a
/// single value; the key `where` has a condition or a list of conditions.
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
            // Parsed here, so that the error has the location in the file.
            match text.parse::<Condition>() {
                Ok(_) => Ok(text),
                Err(error) => Err(error.to_string()),
            }
        }
        other => Err(format!(
            "`where` needs a condition as a string, found {}",
            other.literal()
        )),
    };
    texts.into_iter().map(text).collect()
}

fn values_of(value: Value) -> Result<Values, String> {
    match value {
        Value::List(values) => Ok(Values::List(values.into_iter().map(listed_of).collect())),
        Value::Text(text) => text.parse::<Values>().map_err(|error| {
            let list = Value::Text(text).literal().to_string();
            format!("{error}\n  = for the string itself, write a list: [{list}]")
        }),
        Value::Map(entries) => distribution_of(entries).map(Values::Distribution),
        single => Ok(Values::List(vec![Listed::from(single)])),
    }
}

/// Converts a table of `value` and `alias` to a value with an alias.
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

/// Reads `{ distribution = "uniform", low = 0, high = 1 }`; `sampler` is another name of the key.
fn distribution_of(mut entries: Vec<(String, Value)>) -> Result<Distribution, String> {
    let name = remove(&mut entries, "distribution").or_else(|| remove(&mut entries, "sampler"));
    let Some(Value::Text(name)) = name else {
        return Err("a table needs the name of its distribution: \
             { distribution = \"uniform\", low = 0, high = 1 }; \
             for parameters in groups, give them names with dots: \"model.depth\" = [1, 2]"
            .to_owned());
    };
    let step = remove(&mut entries, "q");
    let mut required = |key: &str| {
        remove(&mut entries, key).ok_or_else(|| format!("the distribution `{name}` needs `{key}`"))
    };
    let distribution = match name.as_str() {
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
        "hist" => {
            let [counts, edges] = ["counts", "edges"].map(|key| {
                let numbers = required(key)?.to::<Vec<f64>>();
                numbers.map_err(|error| format!("`{key}`: {error}"))
            });
            histogram(counts?, edges?)
        }
        _ => {
            let Some(family) = Family::from_name(&name) else {
                let names = Family::names().chain(["choice", "constant", "hist"]);
                let hint = suggest::hint(&name, names);
                return Err(format!("unknown distribution `{name}`; {hint}"));
            };
            let arguments = family.parameters().iter().map(|key| required(key));
            let arguments: Vec<Value> = arguments.collect::<Result<_, _>>()?;
            Parametric::from_arguments(family, &arguments)?.into()
        }
    };
    match entries.first() {
        Some((extra, _)) => Err(format!("the distribution `{name}` has no `{extra}`")),
        None => Ok(with_step(distribution, step)),
    }
}

fn remove(entries: &mut Vec<(String, Value)>, key: &str) -> Option<Value> {
    let index = entries.iter().position(|(known, _)| known == key)?;
    Some(entries.remove(index).1)
}
