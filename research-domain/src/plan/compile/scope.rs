//! Which cubes count the occurrences of their values together.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::shape::{Origin, Selected, Shape, Spec};
use crate::id::{digest_of_numbers, text_digest};
use crate::plan::occurrence::{Group, Listed, Member};
use crate::rules::Rules;

/// The cubes of a domain, or of a selection that is a factor of a product.
///
/// The cubes of a selection that is a cube by itself, such as one under a condition over draws,
/// belong to those around it, so a condition changes no draws.
#[derive(Debug)]
pub(super) struct Scope {
    rules: Rules,
    /// Where the shapes stand in the domain.
    pub(super) origin: Origin,
    /// Where the scope begins: what draws by values are addressed by.
    pub(super) begin: Origin,
    members: Rc<HashMap<*const Shape, Member>>,
}

impl Scope {
    /// The scope of a domain that stands inside of no other.
    pub(super) fn of_domain(rules: Rules, shapes: &[Shape]) -> Scope {
        Scope::new(rules, shapes, Origin::default(), Shape::has_draws)
    }

    /// The scope of a selection that is a factor: what stands beside it is addressed by all of its
    /// configs, drawn or not.
    pub(super) fn of_content(&self, content: &Selected, origin: Origin) -> Scope {
        Scope::new(self.rules, &content.shapes, origin, |_| true)
    }

    /// The same scope for a selection that is a cube by itself.
    pub(super) fn at(&self, origin: Origin) -> Scope {
        Scope {
            rules: self.rules,
            origin,
            begin: self.begin,
            members: Rc::clone(&self.members),
        }
    }

    fn new(rules: Rules, shapes: &[Shape], origin: Origin, counts: fn(&Shape) -> bool) -> Scope {
        let members = match rules {
            Rules::V1 => HashMap::new(),
            Rules::V2 => members(shapes, counts),
        };
        Scope {
            rules,
            origin,
            begin: origin,
            members: Rc::new(members),
        }
    }

    /// The place of a cube among those that may have the same values; none where draws are
    /// addressed by numbers.
    pub(super) fn member(&self, shape: &Shape) -> Option<Member> {
        self.members.get(&std::ptr::from_ref(shape)).cloned()
    }
}

/// The groups of the cubes, and the place of each cube in its group.
fn members(shapes: &[Shape], counts: fn(&Shape) -> bool) -> HashMap<*const Shape, Member> {
    let mut found = Vec::new();
    flatten(shapes, false, &mut found);
    // A factor of several products may come several times.
    let mut seen = HashSet::new();
    found.retain(|(shape, _)| counts(shape) && seen.insert(std::ptr::from_ref(*shape)));
    // Cubes of which a condition or a sample leaves a part come last: whether they are there
    // changes no draws of the others.
    found.sort_by_key(|(_, is_partial)| *is_partial);
    let mut texts = HashMap::new();
    let mut groups: HashMap<(u128, u128), Vec<&Shape>> = HashMap::new();
    for (shape, _) in found {
        let group = (signature(shape, &mut texts), names(shape));
        groups.entry(group).or_default().push(shape);
    }
    let mut members = HashMap::new();
    for ((signature, _), shapes) in groups {
        let listed = shapes.iter().map(|shape| listed(shape)).collect();
        let group = Arc::new(Group::new(signature, listed));
        for (place, shape) in shapes.into_iter().enumerate() {
            let member = Member::new(Arc::clone(&group), place);
            members.insert(std::ptr::from_ref(shape), member);
        }
    }
    members
}

/// The cubes in order, each with whether only a part of its configs is left; those of selections
/// that are cubes by themselves in the place of these.
fn flatten<'s>(shapes: &'s [Shape], is_partial: bool, found: &mut Vec<(&'s Shape, bool)>) {
    for shape in shapes {
        match shape.lone_content() {
            Some(content) => flatten(&content.shapes, true, found),
            None => found.push((shape, is_partial)),
        }
    }
}

/// A digest of what a cube draws and how, whatever the order.
fn signature(shape: &Shape, texts: &mut HashMap<*const (), u128>) -> u128 {
    let drawn = shape.axes.iter().map(|axis| match axis {
        Spec::Rows { .. } => 0,
        Spec::Drawn(drawn) => *texts.entry(Arc::as_ptr(drawn).cast()).or_insert_with(|| {
            let (key, sampler) = &**drawn;
            let name = text_digest(&key.name);
            digest_of_numbers(&[name, text_digest(&sampler.without_aliases().to_string())])
        }),
        Spec::Selected { origin, .. } => {
            let names = axis.names();
            let names = names.iter().map(|name| text_digest(name));
            let origin = u64::from_le_bytes(origin.to_bytes());
            let numbers: Vec<u128> = names.chain([origin.into()]).collect();
            digest_of_numbers(&numbers)
        }
    });
    drawn.fold(0, u128::wrapping_add)
}

/// A digest of the names of the parameters that are lists, whatever the order.
fn names(shape: &Shape) -> u128 {
    let lists = shape.axes.iter().flat_map(|axis| match axis {
        Spec::Rows { .. } => axis.names(),
        Spec::Drawn(_) | Spec::Selected { .. } => Vec::new(),
    });
    lists.fold(0, |sum, name| sum.wrapping_add(text_digest(&name)))
}

fn listed(shape: &Shape) -> Listed {
    let rows = shape.axes.iter().filter_map(|axis| match axis {
        Spec::Rows { rows, .. } => Some(Arc::clone(rows)),
        Spec::Drawn(_) | Spec::Selected { .. } => None,
    });
    Listed {
        rows: rows.collect(),
        limits: shape.limits.clone(),
    }
}
