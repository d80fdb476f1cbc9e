//! The compiler, which checks the expression of a domain and builds its plan.

mod bind;
mod grid_spec;
mod groups;
mod restrict;

use std::collections::HashSet;
use std::sync::Arc;

use self::bind::bind_all;
use self::grid_spec::{AxisSpec, DrawnSpec, GridSpec, SelectionRule, without};
use self::restrict::restrict;
use super::domain::error::{DomainError, excerpt};
use super::domain::{Domain, Node};
use super::option::{Key, Values};
use super::plan::constraint::Constraint;
use super::plan::grid::Grid;
use super::plan::membership::{GridSet, Membership};
use super::plan::rows::Rows;
use super::plan::{Block, Pass, Plan, Seeding};
use crate::config::is_auxiliary;
use crate::count::Count;
use crate::digest::config_digest;

/// The maximum number of grids that a product of sums expands into.
const MAX_GRIDS: usize = 1 << 20;

/// The maximum number of configs whose digests a difference keeps.
const MAX_DIGESTS: u128 = 50_000_000;

/// Compiles a domain that is not nested in another one.
pub(crate) fn compile(domain: &Domain, seeding: Seeding) -> Result<Plan, DomainError> {
    let grids = Compiler { seeding }.grids(domain)?;
    bind_all(&grids, seeding, excerpt(domain))
}

struct Compiler {
    seeding: Seeding,
}

impl Compiler {
    /// Returns the grids of a domain, in order.
    fn grids(&self, domain: &Domain) -> Result<Vec<GridSpec>, DomainError> {
        match domain.node() {
            Node::Option { key, values } => Ok(vec![option_grid(key, values)?]),
            Node::Sum(terms) => self.sum(domain, terms),
            Node::Product(factors) => self.product(domain, factors),
            Node::Zip(parts) => self.zip(domain, parts),
            Node::Weighted(weight, inner) => self.weighted(domain, *weight, inner),
            Node::Where(inner, predicate) => restrict(domain, inner, predicate, self.grids(inner)),
            Node::Distinct(inner) => self.distinct(domain, inner),
            Node::Sample(inner, count) => {
                let (inner, rule) = (self.grids(inner)?, SelectionRule::Sample(*count));
                Ok(vec![GridSpec::from_selection(inner, rule, excerpt(domain))])
            }
            Node::Difference([inner, other]) => {
                let others = Arc::new(membership(&compile(other, self.seeding)?)?);
                let grids = self.grids(inner)?.into_iter();
                Ok(grids
                    .map(|grid| without(grid, Arc::clone(&others), excerpt(domain)))
                    .collect())
            }
            Node::Invalid(error) => Err(error.clone()),
        }
    }

    fn sum(&self, domain: &Domain, terms: &[Domain]) -> Result<Vec<GridSpec>, DomainError> {
        let mut grids = Vec::with_capacity(terms.len());
        for (index, term) in terms.iter().enumerate() {
            let term = self.grids(term)?.into_iter();
            grids.extend(term.map(|grid| grid.into_term(index)));
            check_grids(grids.len(), domain)?;
        }
        Ok(grids)
    }

    fn product(&self, domain: &Domain, factors: &[Domain]) -> Result<Vec<GridSpec>, DomainError> {
        let mut product = vec![GridSpec::default()];
        let factors: Vec<Vec<GridSpec>> = factors
            .iter()
            .map(|factor| self.grids(factor))
            .collect::<Result<_, _>>()?;
        let grids = factors.iter().map(Vec::len).fold(1, usize::saturating_mul);
        check_grids(grids, domain)?;
        for factor in factors {
            let is_ordered = factor.iter().all(|grid| grid.weight.is_none());
            if factor.len() > 1 && is_ordered {
                product = split_zips(product, factor.len(), domain)?;
            }
            let mut next = Vec::with_capacity(product.len() * factor.len());
            for left in &product {
                let names: Vec<Arc<str>> = left.names().collect();
                for right in &factor {
                    if let Some(name) = right.names().find(|name| names.contains(name)) {
                        return Err(duplicate(&name, domain));
                    }
                    next.push(left.times(right));
                }
            }
            product = next;
        }
        Ok(product)
    }

    fn zip(&self, domain: &Domain, parts: &[Domain]) -> Result<Vec<GridSpec>, DomainError> {
        let columns = parts.iter().map(|part| self.zippable(part));
        let columns: Vec<Arc<Rows>> = columns.collect::<Result<_, _>>()?;
        let first = columns.first().map_or(0, |rows| rows.len());
        if let Some(index) = columns.iter().position(|rows| rows.len() != first) {
            return Err(DomainError::ZipLengths {
                part: excerpt(domain),
                first: excerpt(&parts[0]),
                first_len: first,
                other: excerpt(&parts[index]),
                other_len: columns[index].len(),
            });
        }
        let rows = Rows::zip(&columns);
        let mut names: Vec<&Arc<str>> = rows.names().collect();
        names.sort();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(duplicate(pair[0], domain));
        }
        Ok(vec![GridSpec::from_axis(AxisSpec::Rows {
            rows: Arc::new(rows),
            zipped: true,
        })])
    }

    /// Returns the rows of an option or of an earlier zip.
    fn zippable(&self, domain: &Domain) -> Result<Arc<Rows>, DomainError> {
        if let [grid] = self.grids(domain)?.as_slice()
            && grid.weight.is_none()
            && let Some([rows]) = grid.rows().as_deref()
        {
            return Ok(Arc::clone(rows));
        }
        let found = match domain.node() {
            Node::Option { .. } => "a distribution",
            Node::Sum(_) => "a sum",
            Node::Product(_) => "a product",
            Node::Weighted(..) => "a domain with a weight",
            _ => "a selection of configs",
        };
        Err(DomainError::NotZippable {
            part: excerpt(domain),
            found,
        })
    }

    fn weighted(
        &self,
        domain: &Domain,
        weight: f64,
        inner: &Domain,
    ) -> Result<Vec<GridSpec>, DomainError> {
        let mut grids = self.grids(inner)?;
        for grid in &mut grids {
            let total = weight * grid.weight.unwrap_or(1.0);
            if !(weight > 0.0 && total > 0.0 && total.is_finite()) {
                return Err(DomainError::Weight {
                    weight,
                    part: excerpt(domain),
                });
            }
            grid.weight = Some(total);
        }
        Ok(grids)
    }

    fn distinct(&self, domain: &Domain, inner: &Domain) -> Result<Vec<GridSpec>, DomainError> {
        let grids = self.grids(inner)?;
        let lists: Option<Vec<_>> = grids.iter().map(GridSpec::rows).collect();
        let Some(lists) = lists else {
            let rule = SelectionRule::New;
            return Ok(vec![GridSpec::from_selection(grids, rule, excerpt(domain))]);
        };
        // Remove the equal rows of each grid of lists, and then the configs of earlier grids.
        let mut distinct = Vec::with_capacity(grids.len());
        for (index, (grid, rows)) in grids.into_iter().zip(&lists).enumerate() {
            let grid = grid.with_rows(rows.iter().map(|rows| rows.distinct()));
            if index == 0 {
                distinct.push(grid);
                continue;
            }
            let earlier = Membership::from_lists(lists[..index].iter().map(Vec::as_slice));
            distinct.push(without(grid, Arc::new(earlier), excerpt(domain)));
        }
        Ok(distinct)
    }
}

/// Splits each row of a zip into a grid of its own, for the factors to its right: all grids there
/// are combined with the first row before the second one. Grids with weights have no such order.
fn split_zips(
    grids: Vec<GridSpec>,
    factors: usize,
    domain: &Domain,
) -> Result<Vec<GridSpec>, DomainError> {
    let rows = grids.iter().map(GridSpec::zipped_rows);
    let count = rows.fold(0, usize::saturating_add);
    check_grids(count.saturating_mul(factors), domain)?;
    let split = |grid: GridSpec| match grid.weight {
        None => grid.split_zips(),
        Some(_) => vec![grid],
    };
    Ok(grids.into_iter().flat_map(split).collect())
}

fn check_grids(grids: usize, domain: &Domain) -> Result<(), DomainError> {
    if grids > MAX_GRIDS {
        return Err(DomainError::TooManyGrids {
            part: excerpt(domain),
            limit: MAX_GRIDS,
        });
    }
    Ok(())
}

fn duplicate(name: &str, domain: &Domain) -> DomainError {
    DomainError::Duplicate {
        name: name.to_owned(),
        part: excerpt(domain),
    }
}

fn option_grid(key: &Key, values: &Values) -> Result<GridSpec, DomainError> {
    let name = || key.name.to_string();
    if key.name.is_empty() {
        return Err(DomainError::EmptyName);
    }
    if is_auxiliary(&key.name) {
        return Err(DomainError::AuxiliaryName { name: name() });
    }
    Ok(GridSpec::from_axis(match values {
        Values::List(values) if values.is_empty() => {
            return Err(DomainError::EmptyOption { name: name() });
        }
        Values::List(values) if values.iter().any(|listed| listed.value().is_too_deep()) => {
            return Err(DomainError::DeepValue { name: name() });
        }
        Values::List(values) => AxisSpec::Rows {
            rows: Arc::new(Rows::from_option(key, values)),
            zipped: false,
        },
        Values::Distribution(distribution) => {
            if let Err(source) = distribution.validate() {
                let name = name();
                return Err(DomainError::Distribution { name, source });
            }
            AxisSpec::Drawn(Arc::new(DrawnSpec::new(key.clone(), distribution.clone())))
        }
    }))
}

/// Returns the configs of a plan as a set.
fn membership(plan: &Plan) -> Result<Membership, DomainError> {
    let grids = plan.blocks.iter().flat_map(Block::grids);
    if let Some(sets) = grids.map(grid_set).collect() {
        return Ok(Membership::Grids(sets));
    }
    let part = plan.part.clone();
    match plan.len()? {
        Count::Infinite => Err(DomainError::Infinite {
            part,
            needed_by: "the second domain of a difference",
        }),
        Count::Finite(configs) if configs > MAX_DIGESTS => Err(DomainError::TooManyToScan {
            part,
            configs,
            limit: MAX_DIGESTS,
        }),
        Count::Finite(configs) => {
            let mut digests = HashSet::new();
            for position in 0..configs {
                let config = plan.config(position, Pass::default())?;
                digests.extend(config.map(|config| config_digest(config.iter())));
            }
            Ok(Membership::Digests(digests))
        }
    }
}

/// Returns the configs of a grid as a set, if it is a grid of lists with conditions.
fn grid_set(grid: &Grid) -> Option<Arc<GridSet>> {
    let (rows, constraints) = grid.rows()?;
    let conditions = constraints.iter().map(|constraint| match constraint {
        Constraint::Condition(condition) => Some(condition.clone()),
        Constraint::Absent(_) => None,
    });
    Some(Arc::new(GridSet::new(
        &rows,
        conditions.collect::<Option<_>>()?,
    )))
}
