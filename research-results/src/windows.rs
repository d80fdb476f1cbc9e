//! Divides experiments that are larger than a partition by iterations.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use research_core::{Event, EventLog, Iterations, StorageError};

use crate::log_index::{Place, Places, column_bytes, divide, joined, large_value_bytes};
use crate::options::TableOptions;
use crate::results::{Results, span};
use crate::source::Partition;

/// The minimum size of an experiment's values in a stretch of the log, unless partitions are
/// smaller.
const STRETCH: usize = 256 << 10;

/// The number of iterations that are sampled for each partition.
const SAMPLES: usize = 64;

/// The index of the large experiments of a log: it finds the values of a range of iterations.
#[derive(Default)]
pub(super) struct Windows {
    /// The experiments without their values, with their variables in order.
    outlines: Results,
    surveys: HashMap<u64, Survey>,
}

/// The positions of the values of an experiment's latest attempt.
#[derive(Default)]
struct Survey {
    /// The offset of the frame in which the attempt starts.
    start: u64,
    stretches: Vec<Stretch>,
    /// A sample of the iterations, rising, each with the bytes of the values that it represents.
    samples: Vec<(u64, usize)>,
    /// The bytes of values since the last sample.
    pending: usize,
    /// The last iteration.
    last: u64,
}

/// A stretch of the log, and the iterations of the values in it.
struct Stretch {
    offsets: Range<u64>,
    iterations: RangeInclusive<u64>,
    bytes: usize,
}

impl Windows {
    /// Reads the experiments that take more than `bytes` once, to divide them into windows of about
    /// `bytes`.
    pub(super) fn find(
        log: &mut dyn EventLog,
        places: &Places,
        bytes: usize,
    ) -> Result<Self, StorageError> {
        let is_large = |one: &&Place| one.bytes() > bytes;
        let large = || places.experiments.iter().filter(is_large);
        let part = large().map(Place::in_log).collect();
        let mut windows = Self {
            outlines: Results::of_part(part, &places.runs).in_range(0..0),
            surveys: large().map(|one| (one.number, Survey::default())).collect(),
        };
        places.for_each_frame(log, large(), &mut |offsets, events| {
            for event in events {
                windows.see(&offsets, event, bytes);
            }
        })?;
        for survey in windows.surveys.values_mut() {
            survey.samples.sort_unstable();
            survey.samples.shrink_to_fit();
        }
        Ok(windows)
    }

    /// Divides experiments, in this order, into partitions of about `bytes`. Large experiments are
    /// divided by iterations.
    pub(super) fn divide<'p>(
        &self,
        places: impl Iterator<Item = Option<&'p Place>>,
        bytes: usize,
    ) -> Vec<Partition> {
        let mut partitions = Vec::new();
        let (mut begin, mut taken) = (0, 0);
        let mut end = 0;
        let together = |experiments: Range<usize>| Partition {
            experiments,
            iterations: None,
        };
        for place in places {
            let survey = place.and_then(|place| self.surveys.get(&place.number));
            let ranges = survey.map_or_else(Vec::new, |survey| ranges(&[survey], bytes));
            if ranges.len() > 1 {
                if begin < end {
                    partitions.push(together(begin..end));
                }
                partitions.extend(ranges.into_iter().map(|iterations| Partition {
                    experiments: end..end + 1,
                    iterations: Some(iterations),
                }));
                (begin, taken) = (end + 1, 0);
            } else {
                taken += place.map_or(0, Place::bytes);
                if taken >= bytes {
                    partitions.push(together(begin..end + 1));
                    (begin, taken) = (end + 1, 0);
                }
            }
            end += 1;
        }
        if begin < end {
            partitions.push(together(begin..end));
        }
        partitions
    }

    /// Divides experiments by iterations, and for each range of iterations, in this order, so that
    /// the values of each partition take about `bytes`. Returns no partitions if one range
    /// suffices.
    pub(super) fn divide_by_iterations(&self, places: &[&Place], bytes: usize) -> Vec<Partition> {
        let is_large = |place: &&Place| self.surveys.contains_key(&place.number);
        let surveys = places
            .iter()
            .filter_map(|one| self.surveys.get(&one.number));
        let ranges = ranges(&surveys.collect::<Vec<_>>(), bytes);
        if ranges.len() < 2 {
            return Vec::new();
        }
        // The values of the large experiments in a range take about this size together.
        let within = places.iter().map(|place| match is_large(place) {
            true => 0,
            false => place.bytes(),
        });
        let groups = divide(within, bytes);
        let partitions = ranges.into_iter().flat_map(|range| {
            groups.iter().map(move |experiments| Partition {
                experiments: experiments.clone(),
                iterations: Some(range.clone()),
            })
        });
        partitions.collect()
    }

    /// Reads the values of some experiments in a range of iterations, or in all; only those that
    /// `options` select, if given.
    pub(super) fn read<'p>(
        &self,
        log: &mut dyn EventLog,
        places: &Places,
        experiments: impl Iterator<Item = &'p Place> + Clone,
        iterations: Option<&Range<u64>>,
        options: Option<&TableOptions>,
    ) -> Result<Results, StorageError> {
        let part = experiments.clone().map(Place::in_log).collect();
        let mut results = Results::of_part(part, &places.runs);
        if let Some(options) = options {
            results = results.with_values_for(options);
        }
        let Some(range) = iterations else {
            places.fold(log, experiments, &mut results)?;
            return Ok(results);
        };
        let mut results = results.in_range(range.clone());
        for offsets in self.offsets_of(places, experiments, range) {
            log.seek(offsets.start);
            while log.offset() < offsets.end
                && let Some(events) = log.next_batch()?
            {
                results.extend(&events);
            }
        }
        results.complete_from(&self.outlines);
        Ok(results)
    }

    /// Returns the offsets of the values of some experiments in a range of iterations, each frame
    /// once, in the order of the log.
    fn offsets_of<'p>(
        &self,
        places: &Places,
        experiments: impl Iterator<Item = &'p Place>,
        range: &Range<u64>,
    ) -> Vec<Range<u64>> {
        let mut offsets: Vec<Range<u64>> = Vec::new();
        let mut others: Vec<&Place> = Vec::new();
        for place in experiments {
            let Some(survey) = self.surveys.get(&place.number) else {
                others.push(place);
                continue;
            };
            // The event that starts the attempt has to come before its values.
            offsets.push(survey.start..survey.start + 1);
            let stretches = survey.stretches.iter();
            let stretches = stretches.filter(|stretch| stretch.overlaps(range));
            offsets.extend(stretches.map(|stretch| stretch.offsets.clone()));
        }
        offsets.extend(places.offsets_of(others.into_iter()));
        joined(offsets)
    }

    fn see(&mut self, offsets: &Range<u64>, event: &Event, bytes: usize) {
        self.outlines.apply(event);
        match event {
            Event::ExperimentStarted { experiment, .. } => {
                if let Some(survey) = self.surveys.get_mut(&experiment.0) {
                    *survey = Survey {
                        start: offsets.start,
                        ..Survey::default()
                    };
                }
            }
            Event::Values {
                experiment,
                iterations,
                column,
                ..
            } => {
                if let Some(survey) = self.surveys.get_mut(&experiment.0) {
                    let count = column.len();
                    survey.see(offsets, iterations, count, column_bytes(column), bytes);
                }
            }
            Event::LargeValue {
                experiment,
                iteration,
                ..
            } => {
                if let Some(survey) = self.surveys.get_mut(&experiment.0) {
                    let iterations = Iterations::List(vec![*iteration]);
                    survey.see(offsets, &iterations, 1, large_value_bytes(), bytes);
                }
            }
            _ => {}
        }
    }
}

impl Survey {
    /// Adds `count` values of some bytes, for partitions of about `part` bytes.
    fn see(
        &mut self,
        offsets: &Range<u64>,
        iterations: &Iterations,
        count: usize,
        bytes: usize,
        part: usize,
    ) {
        let count = count.min(iterations.len());
        let Some(span) = span(iterations, count) else {
            return;
        };
        match self.stretches.last_mut() {
            Some(last) if last.offsets.end == offsets.end || last.bytes < STRETCH.min(part) => {
                last.extend(offsets, &span, bytes);
            }
            _ => self.stretches.push(Stretch {
                offsets: offsets.clone(),
                iterations: span,
                bytes,
            }),
        }
        let (each, step) = (bytes / count, part / SAMPLES);
        // The largest integer is not a valid iteration.
        let iterations = iterations.iter().take(count);
        for iteration in iterations.filter(|iteration| *iteration < u64::MAX) {
            self.last = self.last.max(iteration);
            self.pending += each;
            if self.pending >= step {
                self.samples
                    .push((iteration, std::mem::take(&mut self.pending)));
            }
        }
    }
}

/// Returns ranges of iterations in which the values of some experiments take about `bytes`
/// together; each range has values.
fn ranges(surveys: &[&Survey], bytes: usize) -> Vec<Range<u64>> {
    let last = surveys.iter().map(|survey| survey.last).max().unwrap_or(0);
    let mut samples: Vec<(u64, usize)> = Vec::new();
    for survey in surveys {
        samples.extend_from_slice(&survey.samples);
    }
    samples.sort_unstable();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    let (mut start, mut taken) = (0, 0);
    for (iteration, represented) in samples {
        // An iteration is never divided, whatever its values take.
        if iteration < start || iteration >= last {
            continue;
        }
        taken += represented;
        // Iterations that are the same float stay together, because a plot shows them as one point.
        let is_float = iteration as f64 != (iteration + 1) as f64;
        if taken >= bytes && is_float {
            ranges.push(start..iteration + 1);
            (start, taken) = (iteration + 1, 0);
        }
    }
    ranges.push(start..u64::MAX);
    ranges
}

impl Stretch {
    fn extend(&mut self, offsets: &Range<u64>, span: &RangeInclusive<u64>, bytes: usize) {
        self.offsets.end = offsets.end;
        let first = *self.iterations.start().min(span.start());
        self.iterations = first..=*self.iterations.end().max(span.end());
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn overlaps(&self, range: &Range<u64>) -> bool {
        *self.iterations.start() < range.end && *self.iterations.end() >= range.start
    }
}
