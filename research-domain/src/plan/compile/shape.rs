//! Cubes before they are bound to streams of random numbers.

use std::sync::Arc;

use crate::condition::Test;
use crate::option::Key;
use crate::plan::limit::Limit;
use crate::plan::membership::Membership;
use crate::plan::rows::Rows;
use crate::sampler::Sampler;

/// A cube before it is bound to streams of random numbers.
///
/// Its origin says where in the expression it stands, so that equal samplers in different places
/// draw different values; the first term of a sum keeps the origin of the sum, so a domain that is
/// extended with `+` keeps its draws, and so does one that gets a condition.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) weight: Option<f64>,
    pub(super) origin: Origin,
    pub(super) axes: Vec<Spec>,
    /// What leaves configs out, looking at axes that are lists.
    pub(super) limits: Vec<Limit>,
}

#[derive(Clone, Debug)]
pub(super) enum Spec {
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
pub(super) struct Selected {
    pub(super) shapes: Vec<Shape>,
    pub(super) rule: SelectedBy,
    pub(super) part: String,
}

#[derive(Debug)]
pub(super) enum SelectedBy {
    Test(Test),
    New,
    Absent(Arc<Membership>),
    Sample(u64),
}

/// Where in an expression something stands, as a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Origin(u64);

impl Origin {
    pub(super) fn to_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// The origin of a term of a sum.
    pub(super) fn term(self, place: usize) -> Origin {
        // A place in memory fits into 64 bits.
        if place == 0 {
            self
        } else {
            Origin(mix(self.0 ^ mix(place as u64)))
        }
    }

    /// The origin of a factor after this one in a product.
    pub(super) fn times(self, factor: Origin) -> Origin {
        if factor.0 == 0 {
            self
        } else {
            Origin(mix(self.0.rotate_left(17) ^ factor.0))
        }
    }

    /// The origin of something inside of what has this origin.
    pub(super) fn inside(self, inner: Origin) -> Origin {
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
    pub(super) fn names(&self) -> Vec<Arc<str>> {
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
    pub(super) fn of_axis(axis: Spec) -> Shape {
        Shape {
            weight: None,
            origin: Origin::default(),
            axes: vec![axis],
            limits: Vec::new(),
        }
    }

    pub(super) fn of_selection(shapes: Vec<Shape>, rule: SelectedBy, part: String) -> Shape {
        let content = Arc::new(Selected { shapes, rule, part });
        Shape::of_axis(Spec::Selected {
            content,
            origin: Origin::default(),
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Arc<str>> {
        self.axes.iter().flat_map(Spec::names)
    }

    /// Whether draws of a sampler or of a selection are a part of it.
    pub(super) fn has_draws(&self) -> bool {
        let is_list = |axis: &Spec| matches!(axis, Spec::Rows { .. });
        !self.axes.iter().all(is_list)
    }

    /// The content of the selection that is the whole cube.
    pub(super) fn lone_content(&self) -> Option<&Arc<Selected>> {
        match self.axes.as_slice() {
            [Spec::Selected { content, .. }] => Some(content),
            _ => None,
        }
    }

    /// The axes, when all of them are lists and nothing is left out.
    pub(super) fn rows(&self) -> Option<Vec<Arc<Rows>>> {
        let rows = |axis: &Spec| match axis {
            Spec::Rows { rows, .. } if self.limits.is_empty() => Some(Arc::clone(rows)),
            _ => None,
        };
        self.axes.iter().map(rows).collect()
    }

    /// The same axes with other rows in each.
    pub(super) fn with_rows(mut self, others: impl Iterator<Item = Rows>) -> Shape {
        for (axis, other) in self.axes.iter_mut().zip(others) {
            if let Spec::Rows { rows, .. } = axis {
                *rows = Arc::new(other);
            }
        }
        self
    }

    /// How many rows its zips have together.
    pub(super) fn zipped_rows(&self) -> usize {
        let lens = self.axes.iter().filter_map(|axis| match axis {
            Spec::Rows { rows, zipped: true } => Some(rows.len()),
            _ => None,
        });
        lens.fold(1, usize::saturating_mul)
    }

    /// A cube for each row of each zip.
    pub(super) fn split_zips(self) -> Vec<Shape> {
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
    pub(super) fn into_term(mut self, place: usize) -> Shape {
        self.origin = self.origin.term(place);
        for axis in &mut self.axes {
            if let Spec::Selected { origin, .. } = axis {
                *origin = origin.term(place);
            }
        }
        self
    }

    pub(super) fn times(&self, factor: &Shape) -> Shape {
        let weight = match (self.weight, factor.weight) {
            (Some(a), Some(b)) => Some(a * b),
            (a, b) => a.or(b),
        };
        let limits = self.limits.iter().chain(&factor.limits);
        Shape {
            weight,
            origin: self.origin.times(factor.origin),
            axes: self.axes.iter().chain(&factor.axes).cloned().collect(),
            limits: limits.cloned().collect(),
        }
    }
}

/// A cube without the members of a set.
pub(super) fn without(mut shape: Shape, others: Arc<Membership>, part: String) -> Shape {
    let lists = shape
        .axes
        .iter()
        .all(|axis| matches!(axis, Spec::Rows { .. }));
    if let Membership::Cubes(sets) = &*others
        && lists
    {
        let names: Vec<Arc<str>> = shape.names().collect();
        let about: Vec<_> = sets.iter().filter(|set| set.is_about(&names)).collect();
        if !about.iter().any(|set| set.has_conditions()) {
            shape
                .limits
                .extend(about.into_iter().cloned().map(Limit::Absent));
            return shape;
        }
    }
    selected(shape, SelectedBy::Absent(others), part)
}

/// A selection of a cube's configs, with the weight and origin of the cube.
pub(super) fn selected(shape: Shape, rule: SelectedBy, part: String) -> Shape {
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
