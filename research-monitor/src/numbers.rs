//! Sets of experiment numbers that take little memory when the numbers lie side by side.

use std::collections::BTreeMap;

/// A set of numbers, kept as ranges.
///
/// Experiments end nearly in the order of their numbers, so that a million of them make a handful
/// of ranges: this is what keeps a picture's memory from growing with the experiments that ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberSet {
    /// First number to last number, of ranges that neither touch nor overlap.
    ranges: BTreeMap<u64, u64>,
    len: u64,
}

impl NumberSet {
    /// How many numbers it has.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The range that holds a number.
    fn range_with(&self, number: u64) -> Option<(u64, u64)> {
        let (&first, &last) = self.ranges.range(..=number).next_back()?;
        (number <= last).then_some((first, last))
    }

    /// Adds a number; says whether it is new.
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

    /// Takes a number out; says whether it was there.
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

    use super::NumberSet;

    #[test]
    fn does_as_a_plain_set_does() {
        let mut ranges = NumberSet::default();
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
    fn numbers_side_by_side_are_one_range_up_to_the_last_one() {
        let mut numbers = NumberSet::default();
        for number in (u64::MAX - 9..=u64::MAX).rev().chain(0..10) {
            numbers.insert(number);
        }
        assert_eq!(numbers.len(), 20);
        assert_eq!(numbers.ranges.len(), 2);
    }
}
