//! Experiments that are larger than a part, divided by iterations.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use research_core::{Event, ExperimentNumber, Iterations, StorageError};

use super::places::{Place, Places, column_bytes, large_value_bytes};
use crate::log::LogReader;
use crate::results::{Results, span};

/// A stretch of the log holds at least so many bytes of an experiment's values, if parts are not
/// smaller.
const STRETCH: usize = 256 << 10;

/// How many iterations are sampled for each part.
const SAMPLES: usize = 64;

/// What is known of the large experiments of a log: where the values of a range of iterations are.
pub(super) struct Windows {
    /// The experiments without their values, with their variables in order.
    outlines: Results,
    surveys: HashMap<ExperimentNumber, Survey>,
}

/// Where the values of an experiment's latest attempt are.
#[derive(Default)]
struct Survey {
    /// The offset of the frame in which the attempt starts.
    start: u64,
    stretches: Vec<Stretch>,
    /// Some of the iterations, each with the bytes of the values that it represents.
    samples: Vec<(u64, usize)>,
    /// The bytes of values since the last sample.
    pending: usize,
    /// The last iteration of all.
    last: u64,
}

/// A stretch of the log, and the iterations of the values in it.
struct Stretch {
    offsets: Range<u64>,
    iterations: RangeInclusive<u64>,
    bytes: usize,
}

impl Windows {
    /// Reads these experiments once, to divide them into windows of about so many bytes.
    pub(super) fn find(
        log: &mut LogReader,
        places: &Places,
        experiments: &[&Place],
        bytes: usize,
    ) -> Result<Self, StorageError> {
        let numbers = experiments
            .iter()
            .map(|one| (ExperimentNumber(one.number), one.place));
        let mut windows = Self {
            outlines: Results::of_part(numbers.clone().collect()).in_range(0..0),
            surveys: numbers.map(|one| (one.0, Survey::default())).collect(),
        };
        let experiments = experiments.iter().copied();
        places.for_each_frame(log, experiments, &mut |offsets, events| {
            for event in events {
                windows.see(&offsets, event, bytes);
            }
        })?;
        Ok(windows)
    }

    /// The ranges of iterations into which an experiment is divided, each with values, if there are
    /// several.
    pub(super) fn ranges(&mut self, number: ExperimentNumber, bytes: usize) -> Vec<Range<u64>> {
        let survey = self.surveys.get_mut(&number);
        survey.map_or_else(Vec::new, |survey| survey.ranges(bytes))
    }

    /// An experiment with the values of a range of iterations.
    pub(super) fn fold(
        &self,
        log: &mut LogReader,
        place: &Place,
        range: Range<u64>,
    ) -> Result<Results, StorageError> {
        let number = ExperimentNumber(place.number);
        let only = HashMap::from([(number, place.place)]);
        let mut results = Results::of_part(only).in_range(range.clone());
        if let Some(survey) = self.surveys.get(&number) {
            // The attempt must start before its values count.
            log.seek(survey.start);
            if let Some(events) = log.next_batch()? {
                results.extend(&events);
            }
            for stretch in &survey.stretches {
                if !stretch.overlaps(&range) {
                    continue;
                }
                log.seek(stretch.offsets.start);
                while log.offset() < stretch.offsets.end
                    && let Some(events) = log.next_batch()?
                {
                    results.extend(&events);
                }
            }
        }
        results.complete_from(&self.outlines);
        Ok(results)
    }

    fn see(&mut self, offsets: &Range<u64>, event: &Event, bytes: usize) {
        self.outlines.apply(event);
        match event {
            Event::ExperimentStarted { experiment, .. } => {
                if let Some(survey) = self.surveys.get_mut(experiment) {
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
                if let Some(survey) = self.surveys.get_mut(experiment) {
                    let count = column.len();
                    survey.see(offsets, iterations, count, column_bytes(column), bytes);
                }
            }
            Event::LargeValue {
                experiment,
                iteration,
                ..
            } => {
                if let Some(survey) = self.surveys.get_mut(experiment) {
                    let iterations = Iterations::List(vec![*iteration]);
                    survey.see(offsets, &iterations, 1, large_value_bytes(), bytes);
                }
            }
            _ => {}
        }
    }
}

impl Survey {
    /// Notes `count` values of so many bytes, for parts of about `part` bytes.
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
        // No value has the largest number as its iteration.
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

    fn ranges(&mut self, bytes: usize) -> Vec<Range<u64>> {
        self.samples.sort_unstable();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let (mut start, mut taken) = (0, 0);
        for (iteration, represented) in std::mem::take(&mut self.samples) {
            // An iteration is in one range, whatever its values take.
            if iteration < start || iteration >= self.last {
                continue;
            }
            taken += represented;
            if taken >= bytes {
                ranges.push(start..iteration + 1);
                (start, taken) = (iteration + 1, 0);
            }
        }
        ranges.push(start..u64::MAX);
        ranges
    }
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
