//! A set of experiment numbers that stores adjacent numbers as ranges.

use std::collections::BTreeMap;

/// A set of numbers, stored as ranges.
///
/// Experiments end nearly in the order of their numbers, so a million of them make a handful of
/// ranges, and the memory of a run state does not grow with the experiments that ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct RangeSet {
    /// First number to last number, of ranges that neither touch nor overlap.
    ranges: BTreeMap<u64, u64>,
    len: u64,
}

impl RangeSet {
    /// The number of elements.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether the set is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the range that contains `number`.
    fn range_with(&self, number: u64) -> Option<(u64, u64)> {
        let (&first, &last) = self.ranges.range(..=number).next_back()?;
        (number <= last).then_some((first, last))
    }

    /// Adds `number`; returns whether it was missing.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if self.range_with(number).is_some() {
            return false;
        }
        let before = number
            .checked_sub(1)
            .and_then(|left| self.range_with(left))
            .map(|(first, _)| first);
        let after = number
            .checked_add(1)
            .and_then(|right| self.ranges.remove(&right));
        self.ranges
            .insert(before.unwrap_or(number), after.unwrap_or(number));
        self.len += 1;
        true
    }

    /// Removes `number`; returns whether it was present.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        let Some((first, last)) = self.range_with(number) else {
            return false;
        };
        self.ranges.remove(&first);
        if first < number {
            self.ranges.insert(first, number - 1);
        }
        if number < last {
            self.ranges.insert(number + 1, last);
        }
        self.len -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RangeSet;

    #[test]
    fn it_behaves_like_a_btree_set() {
        let mut ranges = RangeSet::default();
        let mut plain = BTreeSet::new();
        let mut state = 1u64;
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let number = (state >> 33) % 64;
            if state >> 63 == 0 {
                assert_eq!(ranges.insert(number), plain.insert(number));
            } else {
                assert_eq!(ranges.remove(number), plain.remove(&number));
            }
            assert_eq!(ranges.len(), plain.len() as u64);
            assert_eq!(ranges.is_empty(), plain.is_empty());
        }
    }

    #[test]
    fn adjacent_numbers_are_one_range_up_to_the_maximum() {
        let mut numbers = RangeSet::default();
        for number in (u64::MAX - 9..=u64::MAX).rev().chain(0..10) {
            numbers.insert(number);
        }
        assert_eq!(numbers.len(), 20);
        assert_eq!(numbers.ranges.len(), 2);
    }
}
