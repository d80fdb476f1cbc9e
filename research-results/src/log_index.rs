//! Finds where each experiment is in a log.

use std::ops::Range;

use research_core::{Column, Event, EventLog, ExperimentNumber, StorageError};
use research_domain::Value;

use crate::results::{PlaceInLog, Results};
use crate::runs::Runs;

/// The minimum size of a block, which is read or skipped as a whole. If partitions are smaller, so
/// are blocks.
const BLOCK: u64 = 256 << 10;

/// The approximate memory of an experiment that saves nothing, in bytes.
const EXPERIMENT: u32 = 512;
/// The approximate memory of each parameter, in bytes.
const PARAMETER: usize = 64;

/// The index of a log: the blocks in which each experiment is.
pub(super) struct Places {
    /// The offsets where the blocks begin, and where the last one ends.
    blocks: Vec<u64>,
    /// The entries of experiments, by number unless they were sorted otherwise.
    pub(super) experiments: Vec<Place>,
    pub(super) runs: Runs,
}

/// The entry of one experiment.
pub(super) struct Place {
    pub(super) place: u64,
    pub(super) number: u64,
    /// The blocks with the first and the last event of its latest attempt.
    first: u32,
    last: u32,
    /// The approximate memory of that attempt, in bytes.
    bytes: u32,
    /// The index of the origin of that attempt among the runs.
    origin: u32,
}

impl Place {
    pub(super) fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// Returns the number of the experiment, and the facts about it that a part of the log lacks.
    pub(super) fn in_log(&self) -> (ExperimentNumber, PlaceInLog) {
        let (place, origin) = (self.place, self.origin);
        (ExperimentNumber(self.number), PlaceInLog { place, origin })
    }
}

impl Places {
    /// Indexes a log that will be read in parts of about `bytes`, and calls `see` with each event.
    pub(super) fn find(
        log: &mut dyn EventLog,
        bytes: usize,
        see: &mut dyn FnMut(&Event),
    ) -> Result<Self, StorageError> {
        let block_bytes = BLOCK.min(bytes as u64);
        let mut blocks: Vec<u64> = Vec::new();
        let mut experiments = Vec::new();
        let mut runs = Runs::default();
        loop {
            let offset = log.offset();
            let Some(events) = log.next_batch()? else {
                break;
            };
            if blocks
                .last()
                .is_none_or(|last| offset - last >= block_bytes)
            {
                blocks.push(offset);
            }
            let block = u32::try_from(blocks.len() - 1).unwrap_or(u32::MAX);
            for event in &events {
                runs.apply(event);
                note(event, block, &runs, &mut experiments);
                see(event);
            }
        }
        blocks.push(log.offset());
        Ok(Self {
            blocks,
            experiments,
            runs,
        })
    }

    /// Returns the entry of an experiment, as long as entries are sorted by number.
    pub(super) fn get(&self, number: ExperimentNumber) -> Option<&Place> {
        let position = find(&self.experiments, number).ok()?;
        self.experiments.get(position)
    }

    /// Returns the number of blocks.
    pub(super) fn len(&self) -> usize {
        self.blocks.len() - 1
    }

    /// Returns the number of blocks that contain these experiments.
    pub(super) fn count_blocks<'a>(&self, experiments: impl Iterator<Item = &'a Place>) -> usize {
        blocks_of(experiments).iter().map(Range::len).sum()
    }

    /// Folds the blocks of the log that contain these experiments into results.
    pub(super) fn fold<'a>(
        &self,
        log: &mut dyn EventLog,
        experiments: impl Iterator<Item = &'a Place>,
        results: &mut Results,
    ) -> Result<(), StorageError> {
        self.for_each_frame(log, experiments, &mut |_, events| results.extend(events))
    }

    /// Returns the offsets of the blocks that contain these experiments, in the order of the log.
    pub(super) fn offsets_of<'a>(
        &self,
        experiments: impl Iterator<Item = &'a Place>,
    ) -> Vec<Range<u64>> {
        let blocks = blocks_of(experiments).into_iter();
        blocks
            .map(|blocks| self.blocks[blocks.start]..self.blocks[blocks.end])
            .collect()
    }

    /// Calls a function with the offsets and the events of each frame of the blocks that contain
    /// these experiments.
    pub(super) fn for_each_frame<'a>(
        &self,
        log: &mut dyn EventLog,
        experiments: impl Iterator<Item = &'a Place>,
        see: &mut dyn FnMut(Range<u64>, &[Event]),
    ) -> Result<(), StorageError> {
        for offsets in self.offsets_of(experiments) {
            let mut offset = offsets.start;
            log.seek(offset);
            while offset < offsets.end
                && let Some(events) = log.next_batch()?
            {
                see(offset..log.offset(), &events);
                offset = log.offset();
            }
        }
        Ok(())
    }
}

/// Updates the entry of the experiment of an event.
fn note(event: &Event, block: u32, runs: &Runs, experiments: &mut Vec<Place>) {
    let (number, bytes) = match event {
        Event::ExperimentStarted {
            experiment,
            record,
            worker,
            ..
        } => {
            let parameters = record.config.len().saturating_mul(PARAMETER);
            let begun = Place {
                place: record.place,
                number: experiment.0,
                first: block,
                last: block,
                bytes: EXPERIMENT.saturating_add(u32::try_from(parameters).unwrap_or(u32::MAX)),
                origin: runs.index(*worker),
            };
            match find(experiments, *experiment) {
                Ok(known) => experiments[known] = begun,
                Err(position) => experiments.insert(position, begun),
            }
            return;
        }
        Event::Moved { experiment, place } => {
            if let Ok(known) = find(experiments, *experiment) {
                experiments[known].place = *place;
            }
            return;
        }
        Event::Values {
            experiment, column, ..
        } => (experiment, column_bytes(column)),
        Event::Exception {
            experiment,
            exception,
            ..
        } => {
            let backtrace = exception.backtrace.as_ref().map_or(0, String::len);
            (experiment, exception.message.len() + backtrace)
        }
        Event::LargeValue { experiment, .. } => (experiment, large_value_bytes()),
        Event::Progress { experiment, .. } | Event::ExperimentEnded { experiment, .. } => {
            (experiment, 0)
        }
        _ => return,
    };
    if let Ok(known) = find(experiments, *number) {
        let known = &mut experiments[known];
        known.last = block;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        known.bytes = known.bytes.saturating_add(bytes);
    }
}

/// Finds the index of an experiment among entries sorted by number, or the index at which to insert
/// it. Experiments start nearly in the order of their numbers, so most insertions are near the end.
fn find(experiments: &[Place], number: ExperimentNumber) -> Result<usize, usize> {
    match experiments.last() {
        Some(last) if last.number < number.0 => Err(experiments.len()),
        _ => experiments.binary_search_by_key(&number.0, |one| one.number),
    }
}

/// Returns the approximate memory of a large value, whose bytes are in a separate file.
pub(super) const fn large_value_bytes() -> usize {
    4 * PARAMETER
}

/// Returns the approximate memory of the values of a column with their iterations.
pub(super) fn column_bytes(column: &Column) -> usize {
    let iterations = size_of::<u64>() * column.len();
    iterations
        + match column {
            Column::Float(_) | Column::Int(_) => size_of::<u64>() * column.len(),
            Column::Bool(values) => values.len(),
            Column::Text(values) => {
                let lengths = values.iter().map(String::len);
                lengths.sum::<usize>() + size_of::<String>() * values.len()
            }
            Column::Value(values) => values.iter().map(value_bytes).sum(),
        }
}

fn value_bytes(value: &Value) -> usize {
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) => 0,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(values) => values.iter().map(value_bytes).sum(),
        Value::Map(entries) => {
            let of_entry = |(key, value): &(String, Value)| {
                size_of::<String>() + key.len() + value_bytes(value)
            };
            entries.iter().map(of_entry).sum()
        }
    };
    size_of::<Value>() + within
}

/// Divides experiments of these sizes into parts of about `most` bytes each.
pub(super) fn divide(bytes: impl Iterator<Item = usize>, most: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut begin, mut end, mut taken) = (0, 0, 0);
    for bytes in bytes {
        taken += bytes;
        end += 1;
        if taken >= most {
            parts.push(begin..end);
            (begin, taken) = (end, 0);
        }
    }
    if begin < end {
        parts.push(begin..end);
    }
    parts
}

/// Returns the blocks that contain experiments, as ranges in the order of the log.
fn blocks_of<'a>(experiments: impl Iterator<Item = &'a Place>) -> Vec<Range<usize>> {
    joined(
        experiments
            .map(|one| one.first as usize..one.last as usize + 1)
            .collect(),
    )
}

/// Sorts the ranges, and joins those that overlap or are adjacent.
pub(super) fn joined<T: Copy + Ord>(mut ranges: Vec<Range<T>>) -> Vec<Range<T>> {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, one| {
        let joins = next.start <= one.end;
        if joins {
            one.end = one.end.max(next.end);
        }
        joins
    });
    ranges
}
