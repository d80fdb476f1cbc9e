//! Which experiments are one curve, and how it looks.

use std::collections::{BTreeMap, BTreeSet};

use research_results::{ExperimentResult, TableOptions};

use super::figure::{Curve, Legend, Panel};
use super::groups::{self, Distinct, GroupValue};
use super::x_axis::XAxis;
use super::{PlotError, PlotOptions};

/// The curves of a panel that have the same colour and line style.
pub(super) struct Group<'a> {
    pub(super) color: usize,
    pub(super) style: usize,
    pub(super) members: Vec<&'a ExperimentResult>,
}

/// Which panel, curve, colour and line style each experiment belongs to.
pub(super) struct Grouping<'a> {
    /// What is said of each value of the parameters in `col`.
    pub(super) cols: Vec<String>,
    /// By col and curve.
    pub(super) curves: BTreeMap<(usize, usize), Group<'a>>,
    pub(super) legend: Legend,
}

impl<'a> Grouping<'a> {
    pub(super) fn of(
        experiments: &[&'a ExperimentResult],
        along: &XAxis<'_>,
        filters: &TableOptions,
        options: &PlotOptions,
    ) -> Result<Self, PlotError> {
        let keys = curve_keys(experiments, along, options);
        let color_keys = match &options.color {
            Some(key) if keys.contains(key) => vec![key.clone()],
            Some(key) => return Err(PlotError::NoColor { key: key.clone() }),
            None => keys.clone(),
        };
        let is_style = |key: &&String| !color_keys.contains(key);
        let style_keys: Vec<String> = keys.iter().filter(is_style).cloned().collect();
        let alias = filters.shows_aliases();
        let mut cols = Labels::new(&options.col);
        let mut colors = Labels::new(&color_keys);
        let mut styles = Labels::new(&style_keys);
        let mut known_curves = Distinct::default();
        let mut curves: BTreeMap<_, Group<'a>> = BTreeMap::new();
        for experiment in experiments {
            let col = cols.place(experiment);
            let (color, style) = (colors.place(experiment), styles.place(experiment));
            let each = options.draws_each().then_some(experiment.number);
            let curve = known_curves.place((each, color, style));
            let group = curves.entry((col, curve)).or_insert(Group {
                color,
                style,
                members: Vec::new(),
            });
            group.members.push(*experiment);
        }
        let legend = Legend {
            title: color_keys.join(", "),
            colors: colors.firsts.len(),
            entries: colors.texts(alias),
            style_title: style_keys.join(", "),
            styles: styles.texts(alias),
        };
        Ok(Self {
            cols: groups::labels(&cols.firsts, cols.keys, alias),
            curves,
            legend,
        })
    }
}

/// The values of some keys by first appearance, with an experiment that has them.
struct Labels<'k, 'a> {
    keys: &'k [String],
    known: Distinct<Vec<GroupValue<'a>>>,
    firsts: Vec<&'a ExperimentResult>,
}

impl<'k, 'a> Labels<'k, 'a> {
    fn new(keys: &'k [String]) -> Self {
        Self {
            keys,
            known: Distinct::default(),
            firsts: Vec::new(),
        }
    }

    fn place(&mut self, experiment: &'a ExperimentResult) -> usize {
        let place = self.known.place(groups::values(experiment, self.keys));
        if place == self.firsts.len() {
            self.firsts.push(experiment);
        }
        place
    }

    /// The labels; none without keys.
    fn texts(&self, alias: bool) -> Vec<String> {
        match self.keys {
            [] => Vec::new(),
            keys => groups::labels(&self.firsts, keys, alias),
        }
    }
}

/// Removes the labels of colours and line styles that no curve has: of experiments without numbers.
pub(super) fn remove_unused(legend: &mut Legend, panels: &mut [Panel]) {
    let used = |number: fn(&Curve) -> usize, panels: &[Panel]| -> Vec<usize> {
        let curves = panels.iter().flat_map(|panel| &panel.curves);
        let used: BTreeSet<usize> = curves.map(number).collect();
        used.into_iter().collect()
    };
    let colors = used(|curve| curve.color, panels);
    let styles = used(|curve| curve.style, panels);
    for curve in panels.iter_mut().flat_map(|panel| &mut panel.curves) {
        curve.color = colors.partition_point(|color| *color < curve.color);
        curve.style = styles.partition_point(|style| *style < curve.style);
    }
    let kept = |labels: &[String], used: &[usize]| -> Vec<String> {
        used.iter()
            .filter_map(|number| labels.get(*number).cloned())
            .collect()
    };
    legend.entries = kept(&legend.entries, &colors);
    legend.styles = kept(&legend.styles, &styles);
    legend.colors = colors.len();
}

/// The parameters that tell the curves of a panel apart.
fn curve_keys(
    experiments: &[&ExperimentResult],
    along: &XAxis<'_>,
    options: &PlotOptions,
) -> Vec<String> {
    let keys = match &options.group_by {
        Some(keys) => keys.clone(),
        None => {
            let is_drawn_over = |key: &str| along.key().is_some() && options.is_sampled(key);
            let differing = groups::differing(experiments).into_iter();
            let differing = differing.filter(|(key, _)| !is_drawn_over(key));
            differing.map(|(key, _)| key.to_owned()).collect()
        }
    };
    let is_taken = |key: &String| Some(key.as_str()) == along.key() || options.col.contains(key);
    keys.into_iter().filter(|key| !is_taken(key)).collect()
}
