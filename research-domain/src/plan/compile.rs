//! From the expression of a domain to its plan: checks every part on the way.

mod restrict;

use std::collections::HashMap;
use std::sync::Arc;

use super::Plan;
use super::block::{Block, Weighted};
use super::cube::{Axis, Cube, Drawn};
use super::membership::Membership;
use super::permutation::Permutation;
use super::rows::Rows;
use super::selection::{Rule, Selection};
use crate::condition::Test;
use crate::count::Count;
use crate::domain::{Domain, DomainError, Node, part};
use crate::option::{Key, Values};
use crate::sampler::Sampler;
use crate::stream::Streams;

/// Sums multiply into cubes; more than these would take memory and time without any use.
const MAX_CUBES: usize = 1 << 20;

/// A cube before it is bound to streams of random numbers.
///
/// Its origin says where in the expression it stands, so that equal samplers in different places
/// draw different values; the first term of a sum keeps the origin of the sum, so a domain that is
/// extended with `+` keeps its draws, and so does one that gets a condition.
#[derive(Clone, Debug)]
struct Shape {
    weight: Option<f64>,
    origin: Origin,
    axes: Vec<Spec>,
}

#[derive(Clone, Debug)]
enum Spec {
    /// A list, or several that are zipped.
    Rows {
        rows: Arc<Rows>,
        zipped: bool,
    },
    Drawn(Arc<(Key, Sampler)>),
    Selected {
        content: Arc<Selected>,
        origin: Origin,
    },
}

/// A part of a domain's configs that is to be a single axis.
#[derive(Debug)]
struct Selected {
    shapes: Vec<Shape>,
    rule: SelectedBy,
    part: String,
}

#[derive(Debug)]
enum SelectedBy {
    Test(Test),
    New,
    Absent(Arc<Membership>),
    Sample(u64),
}

/// Where in an expression something stands, as a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Origin(u64);

impl Origin {
    /// The origin of a term of a sum.
    fn term(self, place: usize) -> Origin {
        // A place in memory fits into 64 bits.
        if place == 0 {
            self
        } else {
            Origin(mix(self.0 ^ mix(place as u64)))
        }
    }

    /// The origin of a factor after this one in a product.
    fn times(self, factor: Origin) -> Origin {
        if factor.0 == 0 {
            self
        } else {
            Origin(mix(self.0.rotate_left(17) ^ factor.0))
        }
    }

    /// The origin of something inside of what has this origin.
    fn inside(self, inner: Origin) -> Origin {
        if self.0 == 0 {
            inner
        } else {
            self.times(inner)
        }
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Spec {
    /// The names of the parameters.
    fn names(&self) -> Vec<Arc<str>> {
        match self {
            Spec::Rows { rows, .. } => rows.names().cloned().collect(),
            Spec::Drawn(drawn) => vec![drawn.0.name.clone()],
            Spec::Selected { content, .. } => {
                let mut names: Vec<_> = content
                    .shapes
                    .iter()
                    .flat_map(|shape| &shape.axes)
                    .flat_map(Spec::names)
                    .collect();
                names.sort();
                names.dedup();
                names
            }
        }
    }
}

impl Shape {
    fn of_axis(axis: Spec) -> Shape {
        Shape {
            weight: None,
            origin: Origin::default(),
            axes: vec![axis],
        }
    }

    fn of_selection(shapes: Vec<Shape>, rule: SelectedBy, part: String) -> Shape {
        let content = Arc::new(Selected { shapes, rule, part });
        Shape::of_axis(Spec::Selected {
            content,
            origin: Origin::default(),
        })
    }

    fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.axes.iter().flat_map(Spec::names)
    }

    /// The axes, when all of them are lists.
    fn rows(&self) -> Option<Vec<Arc<Rows>>> {
        let rows = |axis: &Spec| match axis {
            Spec::Rows { rows, .. } => Some(Arc::clone(rows)),
            _ => None,
        };
        self.axes.iter().map(rows).collect()
    }

    /// The same axes with other rows in each.
    fn with_rows(mut self, others: impl Iterator<Item = Rows>) -> Shape {
        for (axis, other) in self.axes.iter_mut().zip(others) {
            if let Spec::Rows { rows, .. } = axis {
                *rows = Arc::new(other);
            }
        }
        self
    }

    /// How many rows its zips have together.
    fn zipped_rows(&self) -> usize {
        let lens = self.axes.iter().filter_map(|axis| match axis {
            Spec::Rows { rows, zipped: true } => Some(rows.len()),
            _ => None,
        });
        lens.fold(1, usize::saturating_mul)
    }

    /// A cube for each row of each zip.
    fn split_zips(self) -> Vec<Shape> {
        let mut shapes = vec![self.clone()];
        for (place, axis) in self.axes.iter().enumerate() {
            let Spec::Rows { rows, zipped: true } = axis else {
                continue;
            };
            let row = |shape: &Shape, row| {
                let mut shape = shape.clone();
                let rows = Arc::new(rows.only(&[row]));
                shape.axes[place] = Spec::Rows {
                    rows,
                    zipped: false,
                };
                shape
            };
            let split =
                |shape: &Shape| (0..rows.len()).map(|at| row(shape, at)).collect::<Vec<_>>();
            shapes = shapes.iter().flat_map(split).collect();
        }
        for (place, shape) in shapes.iter_mut().enumerate() {
            shape.origin = shape.origin.term(place);
        }
        shapes
    }

    /// As a term of a sum.
    fn into_term(mut self, place: usize) -> Shape {
        self.origin = self.origin.term(place);
        for axis in &mut self.axes {
            if let Spec::Selected { origin, .. } = axis {
                *origin = origin.term(place);
            }
        }
        self
    }

    fn times(&self, factor: &Shape) -> Shape {
        let weight = match (self.weight, factor.weight) {
            (Some(a), Some(b)) => Some(a * b),
            (a, b) => a.or(b),
        };
        let axes = self.axes.iter().chain(&factor.axes).cloned().collect();
        Shape {
            weight,
            origin: self.origin.times(factor.origin),
            axes,
        }
    }
}

pub(super) fn compile(domain: &Domain, seed: u64, updates: u64) -> Result<Plan, DomainError> {
    let compiler = Compiler { seed, updates };
    let shapes = compiler.shapes(domain)?;
    compiler.bind(
        &shapes,
        Origin::default(),
        &mut HashMap::new(),
        part(domain),
    )
}

struct Compiler {
    seed: u64,
    updates: u64,
}

/// Selections that are bound already: a factor of several cubes is the same in each.
type Bound = HashMap<(*const Selected, Origin), Arc<Selection>>;

impl Compiler {
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
        let mut product = vec![Shape {
            weight: None,
            origin: Origin::default(),
            axes: Vec::new(),
        }];
        let factors: Vec<Vec<Shape>> = parts
            .iter()
            .map(|factor| self.shapes(factor))
            .collect::<Result<_, _>>()?;
        let cubes = factors.iter().map(Vec::len).fold(1, usize::saturating_mul);
        check_cubes(cubes, domain)?;
        for factors in factors {
            if factors.len() > 1 {
                // Each row of a zip is a cube of its own to what stands to its right: all cubes
                // there are paired with the first row before the second one comes.
                let rows = product
                    .iter()
                    .map(Shape::zipped_rows)
                    .fold(0, usize::saturating_add);
                check_cubes(rows.saturating_mul(factors.len()), domain)?;
                product = product.into_iter().flat_map(Shape::split_zips).collect();
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
                weight: None, axes, ..
            },
        ] = self.shapes(domain)?.as_slice()
            && let [Spec::Rows { rows, .. }] = axes.as_slice()
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
        let others = self.bind(
            &self.shapes(other)?,
            Origin::default(),
            &mut HashMap::new(),
            part(other),
        )?;
        let others = Arc::new(Membership::of_plan(&others)?);
        let shapes = self.shapes(inner)?.into_iter();
        Ok(shapes
            .map(|shape| without(shape, Arc::clone(&others), part(domain)))
            .collect())
    }

    /// Gives every sampler its streams, and puts cubes with weights together into blocks.
    fn bind(
        &self,
        shapes: &[Shape],
        outer: Origin,
        bound: &mut Bound,
        part: String,
    ) -> Result<Plan, DomainError> {
        let mut blocks = Vec::new();
        for run in shapes.chunk_by(|a, b| a.weight.is_some() && b.weight.is_some()) {
            let cubes = run
                .iter()
                .map(|shape| self.cube(shape, outer, bound, &part));
            let mut cubes: Vec<Cube> = cubes.collect::<Result<_, _>>()?;
            let weights: Option<Vec<f64>> = run.iter().map(|shape| shape.weight).collect();
            blocks.push(match weights {
                Some(weights) => {
                    let origin = outer.inside(run[0].origin).term(blocks.len());
                    let streams = self.streams(b"block", origin, "");
                    Block::Weighted(Weighted::new(cubes, weights, streams, &part)?)
                }
                None => Block::Single(cubes.swap_remove(0)),
            });
        }
        Plan::from_blocks(blocks, part)
    }

    fn cube(
        &self,
        shape: &Shape,
        outer: Origin,
        bound: &mut Bound,
        part: &str,
    ) -> Result<Cube, DomainError> {
        let mut axes = Vec::with_capacity(shape.axes.len());
        for axis in &shape.axes {
            axes.push(match axis {
                Spec::Rows { rows, zipped } => Axis::Rows {
                    rows: Arc::clone(rows),
                    zipped: *zipped,
                },
                Spec::Drawn(drawn) => {
                    let (key, sampler) = (**drawn).clone();
                    let streams = self.streams(b"draw", outer.inside(shape.origin), &key.name);
                    Axis::Drawn(Box::new(Drawn {
                        key,
                        sampler,
                        streams,
                    }))
                }
                Spec::Selected { content, origin } => {
                    let origin = outer.inside(*origin);
                    let place = (Arc::as_ptr(content), origin);
                    let selection = match bound.get(&place) {
                        Some(selection) => Arc::clone(selection),
                        None => Arc::new(self.selection(content, origin, bound)?),
                    };
                    bound.insert(place, Arc::clone(&selection));
                    match selection.known_len() {
                        Some(Count::Infinite) => Axis::Endless(selection),
                        _ => Axis::Selected(selection),
                    }
                }
            });
        }
        Cube::new(axes, part)
    }

    fn selection(
        &self,
        content: &Selected,
        origin: Origin,
        bound: &mut Bound,
    ) -> Result<Selection, DomainError> {
        let plan = self.bind(&content.shapes, origin, bound, content.part.clone())?;
        let rule = match &content.rule {
            SelectedBy::Test(test) => Rule::Test(test.clone()),
            SelectedBy::New => Rule::New,
            SelectedBy::Absent(others) => Rule::Absent(Arc::clone(others)),
            SelectedBy::Sample(count) => match plan.len()? {
                Count::Infinite => Rule::First {
                    len: u128::from(*count),
                },
                Count::Finite(all) => {
                    let streams = self.streams(b"sample", origin, "");
                    let len = all.min(u128::from(*count));
                    Rule::Shuffled {
                        order: Permutation::new(all, &streams),
                        len,
                    }
                }
            },
        };
        Ok(Selection::new(plan, rule))
    }

    fn streams(&self, purpose: &[u8], origin: Origin, name: &str) -> Streams {
        let (origin, updates) = (origin.0.to_le_bytes(), self.updates.to_le_bytes());
        Streams::new(self.seed, &[purpose, &origin, &updates, name.as_bytes()])
    }
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
    Ok(Shape::of_axis(match values {
        Values::List(values) if values.is_empty() => {
            return Err(DomainError::EmptyOption { name: name() });
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

/// A cube without the members of a set.
fn without(shape: Shape, others: Arc<Membership>, part: String) -> Shape {
    selected(shape, SelectedBy::Absent(others), part)
}

/// A selection of a cube's configs, with the weight and origin of the cube.
fn selected(shape: Shape, rule: SelectedBy, part: String) -> Shape {
    let (weight, origin) = (shape.weight, shape.origin);
    let inner = Shape {
        weight: None,
        ..shape
    };
    Shape {
        weight,
        origin,
        ..Shape::of_selection(vec![inner], rule, part)
    }
}
