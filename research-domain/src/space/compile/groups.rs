//! Groups of grids that count the occurrences of their values together.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::grid_spec::{AxisSpec, GridSpec, Origin, SelectionId, SelectionSpec};
use crate::digest::{digest_of_numbers, text_digest};
use crate::rules::Rules;
use crate::space::plan::occurrence::{Group, Lists, Member};

/// The grids of a domain, or of a selection that is a factor of a product.
///
/// The grids of a selection that is a whole grid, such as one with a condition on draws, belong to
/// the scope around it, so a condition changes no draws.
#[derive(Debug)]
pub(super) struct Scope {
    rules: Rules,
    /// The location of the grids in the domain.
    pub(super) origin: Origin,
    /// The location where the scope begins, a part of the address of draws.
    pub(super) begin: Origin,
    /// The selection that has the grids, if it is not the domain itself.
    selection: Option<SelectionId>,
    members: Rc<HashMap<GridKey, Member>>,
}

/// A grid, by the selection that has it (none for the domain itself) and its index there.
type GridKey = (Option<SelectionId>, usize);

impl Scope {
    /// Returns the scope of a domain that is not nested in another one.
    pub(super) fn new(rules: Rules, grids: &[GridSpec]) -> Scope {
        let is_counted = |grid: &GridSpec| !grid.is_listed();
        Scope {
            rules,
            origin: Origin::default(),
            begin: Origin::default(),
            selection: None,
            members: Rc::new(members(rules, grids, None, is_counted)),
        }
    }

    /// Returns the scope of a selection that is a factor. All of its configs, drawn or not, are a
    /// part of the address of the other factors' draws.
    pub(super) fn factor(&self, selection: &SelectionSpec, origin: Origin) -> Scope {
        let own = Some(selection.id);
        Scope {
            rules: self.rules,
            origin,
            begin: origin,
            members: Rc::new(members(self.rules, &selection.grids, own, |_| true)),
            selection: own,
        }
    }

    /// Returns the same scope for a selection that is a whole grid.
    pub(super) fn whole_grid(&self, selection: &SelectionSpec, origin: Origin) -> Scope {
        Scope {
            rules: self.rules,
            origin,
            begin: self.begin,
            selection: Some(selection.id),
            members: Rc::clone(&self.members),
        }
    }

    /// Returns the grid at an index as a member of its group; `None` if its draws are addressed by
    /// index.
    pub(super) fn member(&self, index: usize) -> Option<Member> {
        self.members.get(&(self.selection, index)).cloned()
    }
}

/// A grid with its key, and whether only a part of its configs is selected.
type Found<'s> = (GridKey, &'s GridSpec, bool);

/// Returns the groups of the grids, by grid.
fn members(
    rules: Rules,
    grids: &[GridSpec],
    selection: Option<SelectionId>,
    is_counted: fn(&GridSpec) -> bool,
) -> HashMap<GridKey, Member> {
    if rules == Rules::V1 {
        return HashMap::new();
    }
    let mut found = Vec::new();
    flatten(grids, selection, false, &mut found);
    // A factor of several products may have been collected several times.
    let mut seen = HashSet::new();
    found.retain(|(key, grid, _)| is_counted(grid) && seen.insert(*key));
    // Sort partly selected grids to the end, so that they change no draws of the others.
    found.sort_by_key(|(_, _, is_partial)| *is_partial);
    let mut groups: HashMap<(u128, u128), Vec<(GridKey, &GridSpec)>> = HashMap::new();
    for (key, grid, _) in found {
        let group = (signature(grid), listed_names(grid));
        groups.entry(group).or_default().push((key, grid));
    }
    let mut members = HashMap::new();
    for ((signature, _), grids) in groups {
        let group = Group::new(
            signature,
            grids.iter().map(|(_, grid)| lists(grid)).collect(),
        );
        let group = Arc::new(group);
        for (index, (key, _)) in grids.into_iter().enumerate() {
            members.insert(key, Member::new(Arc::clone(&group), index));
        }
    }
    members
}

/// Collects the grids in order. Replaces a selection that is a whole grid by its grids.
fn flatten<'s>(
    grids: &'s [GridSpec],
    selection: Option<SelectionId>,
    is_partial: bool,
    found: &mut Vec<Found<'s>>,
) {
    for (index, grid) in grids.iter().enumerate() {
        match grid.lone_selection() {
            Some(inner) => flatten(&inner.grids, Some(inner.id), true, found),
            None => found.push(((selection, index), grid, is_partial)),
        }
    }
}

/// Returns a digest of the drawn parameters and their distributions, independent of their order.
fn signature(grid: &GridSpec) -> u128 {
    let drawn = grid.axes.iter().map(|axis| match axis {
        AxisSpec::Rows { .. } => 0,
        AxisSpec::Drawn(drawn) => drawn.digest(),
        AxisSpec::Selected { origin, .. } => {
            let names = axis.names();
            let names = names.iter().map(|name| text_digest(name));
            let origin = u64::from_le_bytes(origin.to_bytes());
            digest_of_numbers(&names.chain([origin.into()]).collect::<Vec<u128>>())
        }
    });
    drawn.fold(0, u128::wrapping_add)
}

/// Returns a digest of the names of the parameters that are lists, independent of their order.
fn listed_names(grid: &GridSpec) -> u128 {
    let lists = grid.axes.iter().filter(|axis| axis.is_list());
    let names = lists.flat_map(AxisSpec::names);
    names.fold(0, |sum, name| sum.wrapping_add(text_digest(&name)))
}

fn lists(grid: &GridSpec) -> Lists {
    let rows = grid.axes.iter().filter_map(|axis| match axis {
        AxisSpec::Rows { rows, .. } => Some(Arc::clone(rows)),
        AxisSpec::Drawn(_) | AxisSpec::Selected { .. } => None,
    });
    Lists {
        rows: rows.collect(),
        constraints: grid.constraints.clone(),
    }
}
