//! From the expression of a domain to its plan: checks every part on the way.

mod bind;
mod restrict;
mod scope;
mod shape;

use std::collections::HashMap;
use std::sync::Arc;

use self::scope::Scope;
use self::shape::{SelectedBy, Shape, Spec, without};
use super::membership::Membership;
use super::rows::Rows;
use super::{Plan, Seeding};
use crate::config::is_auxiliary;
use crate::domain::{Domain, DomainError, Node, part};
use crate::option::{Key, Values};

/// Sums multiply into cubes; more than these would take memory and time without any use.
const MAX_CUBES: usize = 1 << 20;

pub(super) fn compile(domain: &Domain, seeding: Seeding) -> Result<Plan, DomainError> {
    Compiler { seeding }.whole(domain)
}

struct Compiler {
    seeding: Seeding,
}

impl Compiler {
    /// The plan of a domain that stands inside of no other.
    fn whole(&self, domain: &Domain) -> Result<Plan, DomainError> {
        domain.check_depth()?;
        let shapes = self.shapes(domain)?;
        let scope = Scope::of_domain(self.seeding.rules, &shapes);
        self.bind(&shapes, &scope, &mut HashMap::new(), part(domain))
    }

    /// The cubes of a domain, in order.
    fn shapes(&self, domain: &Domain) -> Result<Vec<Shape>, DomainError> {
        match domain.node() {
            Node::Option { key, values } => option_shape(key, values).map(|shape| vec![shape]),
            Node::Sum(parts) => self.sum(domain, parts),
            Node::Product(parts) => self.product(domain, parts),
            Node::Zip(parts) => self.zip(domain, parts),
            Node::Weighted(weight, inner) => self.weighted(domain, *weight, inner),
            Node::Where(inner, test) => self.restricted(domain, inner, test),
            Node::Distinct(inner) => self.distinct(domain, inner),
            Node::Sample(inner, count) => {
                let rule = SelectedBy::Sample(*count);
                Ok(vec![Shape::of_selection(
                    self.shapes(inner)?,
                    rule,
                    part(domain),
                )])
            }
            Node::Difference(inner, other) => self.difference(domain, inner, other),
            Node::Invalid(error) => Err(error.clone()),
        }
    }

    fn sum(&self, domain: &Domain, parts: &[Domain]) -> Result<Vec<Shape>, DomainError> {
        let mut shapes = Vec::with_capacity(parts.len());
        for (place, term) in parts.iter().enumerate() {
            shapes.extend(
                self.shapes(term)?
                    .into_iter()
                    .map(|shape| shape.into_term(place)),
            );
            check_cubes(shapes.len(), domain)?;
        }
        Ok(shapes)
    }

    fn product(&self, domain: &Domain, parts: &[Domain]) -> Result<Vec<Shape>, DomainError> {
        let mut product = vec![Shape::default()];
        let factors: Vec<Vec<Shape>> = parts
            .iter()
            .map(|factor| self.shapes(factor))
            .collect::<Result<_, _>>()?;
        let cubes = factors.iter().map(Vec::len).fold(1, usize::saturating_mul);
        check_cubes(cubes, domain)?;
        for factors in factors {
            let ordered = factors.iter().all(|shape| shape.weight.is_none());
            if factors.len() > 1 && ordered {
                product = split_zips(product, factors.len(), domain)?;
            }
            let mut next = Vec::with_capacity(product.len() * factors.len());
            for left in &product {
                let names: Vec<Arc<str>> = left.names().collect();
                for right in &factors {
                    if let Some(name) = right.names().find(|name| names.contains(name)) {
                        let (name, part) = (name.to_string(), part(domain));
                        return Err(DomainError::Duplicate { name, part });
                    }
                    next.push(left.times(right));
                }
            }
            product = next;
        }
        Ok(product)
    }

    fn zip(&self, domain: &Domain, parts: &[Domain]) -> Result<Vec<Shape>, DomainError> {
        let mut columns: Vec<Arc<Rows>> = Vec::with_capacity(parts.len());
        for zipped in parts {
            columns.push(self.zippable(zipped)?);
        }
        let first = columns.first().map_or(0, |rows| rows.len());
        if let Some(place) = columns.iter().position(|rows| rows.len() != first) {
            return Err(DomainError::ZipLengths {
                part: part(domain),
                first: part(&parts[0]),
                first_len: first,
                other: part(&parts[place]),
                other_len: columns[place].len(),
            });
        }
        let rows = Rows::zip(&columns.iter().map(|rows| &**rows).collect::<Vec<_>>());
        let mut names: Vec<&Arc<str>> = rows.names().collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DomainError::Duplicate {
                name: pair[0].to_string(),
                part: part(domain),
            });
        }
        Ok(vec![Shape::of_axis(Spec::Rows {
            rows: Arc::new(rows),
            zipped: true,
        })])
    }

    /// The rows of an option or of an earlier zip.
    fn zippable(&self, domain: &Domain) -> Result<Arc<Rows>, DomainError> {
        if let [
            Shape {
                weight: None,
                axes,
                limits,
                ..
            },
        ] = self.shapes(domain)?.as_slice()
            && let ([Spec::Rows { rows, .. }], []) = (axes.as_slice(), limits.as_slice())
        {
            return Ok(Arc::clone(rows));
        }
        let found = match domain.node() {
            Node::Option { .. } => "a sampler",
            Node::Sum(_) => "a sum",
            Node::Product(_) => "a product",
            Node::Weighted(..) => "a domain with a weight",
            _ => "a selection of configs",
        };
        Err(DomainError::ZipOf {
            part: part(domain),
            found,
        })
    }

    fn weighted(
        &self,
        domain: &Domain,
        weight: f64,
        inner: &Domain,
    ) -> Result<Vec<Shape>, DomainError> {
        let mut shapes = self.shapes(inner)?;
        for shape in &mut shapes {
            let total = weight * shape.weight.unwrap_or(1.0);
            if !(weight > 0.0 && total > 0.0 && total.is_finite()) {
                return Err(DomainError::Weight {
                    weight,
                    part: part(domain),
                });
            }
            shape.weight = Some(total);
        }
        Ok(shapes)
    }

    fn distinct(&self, domain: &Domain, inner: &Domain) -> Result<Vec<Shape>, DomainError> {
        let shapes = self.shapes(inner)?;
        let listed: Option<Vec<_>> = shapes.iter().map(Shape::rows).collect();
        let Some(listed) = listed else {
            return Ok(vec![Shape::of_selection(
                shapes,
                SelectedBy::New,
                part(domain),
            )]);
        };
        // Each cube of lists loses its double rows, and then what an earlier cube has.
        let mut kept = Vec::with_capacity(shapes.len());
        for (place, (shape, rows)) in shapes.into_iter().zip(&listed).enumerate() {
            let shape = shape.with_rows(rows.iter().map(|rows| rows.distinct()));
            if place == 0 {
                kept.push(shape);
                continue;
            }
            let earlier = Membership::of_cubes(listed[..place].iter().map(Vec::as_slice));
            kept.push(without(shape, Arc::new(earlier), part(domain)));
        }
        Ok(kept)
    }

    fn difference(
        &self,
        domain: &Domain,
        inner: &Domain,
        other: &Domain,
    ) -> Result<Vec<Shape>, DomainError> {
        let others = Arc::new(Membership::of_plan(&self.whole(other)?)?);
        let shapes = self.shapes(inner)?.into_iter();
        Ok(shapes
            .map(|shape| without(shape, Arc::clone(&others), part(domain)))
            .collect())
    }
}

/// Each row of a zip is a cube of its own to what stands to its right: all cubes there are paired
/// with the first row before the second one comes. Where there are weights there is no such order.
fn split_zips(
    shapes: Vec<Shape>,
    factors: usize,
    domain: &Domain,
) -> Result<Vec<Shape>, DomainError> {
    let rows = shapes.iter().map(Shape::zipped_rows);
    let cubes = rows.fold(0, usize::saturating_add);
    check_cubes(cubes.saturating_mul(factors), domain)?;
    let split = |shape: Shape| match shape.weight {
        None => shape.split_zips(),
        Some(_) => vec![shape],
    };
    Ok(shapes.into_iter().flat_map(split).collect())
}

fn check_cubes(cubes: usize, domain: &Domain) -> Result<(), DomainError> {
    if cubes > MAX_CUBES {
        return Err(DomainError::TooManyCubes {
            part: part(domain),
            limit: MAX_CUBES,
        });
    }
    Ok(())
}

fn option_shape(key: &Key, values: &Values) -> Result<Shape, DomainError> {
    let name = || key.name.to_string();
    if key.name.is_empty() {
        return Err(DomainError::EmptyName);
    }
    if is_auxiliary(&key.name) {
        return Err(DomainError::AuxiliaryName { name: name() });
    }
    Ok(Shape::of_axis(match values {
        Values::List(values) if values.is_empty() => {
            return Err(DomainError::EmptyOption { name: name() });
        }
        Values::List(values) if values.iter().any(|listed| listed.value().is_too_deep()) => {
            return Err(DomainError::DeepValue { name: name() });
        }
        Values::List(values) => Spec::Rows {
            rows: Arc::new(Rows::of_option(key, values)),
            zipped: false,
        },
        Values::Sampler(sampler) => {
            sampler.validate().map_err(|source| DomainError::Sampler {
                name: name(),
                source,
            })?;
            Spec::Drawn(Arc::new((key.clone(), sampler.clone())))
        }
    }))
}
