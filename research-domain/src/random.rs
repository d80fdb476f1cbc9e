//! Random numbers by address: a draw is a function of (seed, purpose, index).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// A family of independent ChaCha streams, one for each index.
///
/// Each index has its own stream, because a draw of some distributions takes an unknown number of
/// random words.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// Returns the streams of one purpose. The length of each part of the address is hashed as
    /// well.
    pub(crate) fn new(seed: u64, address: &[&[u8]]) -> Streams {
        let mut key = [0; 32];
        for (half, bytes) in key.chunks_exact_mut(16).enumerate() {
            let mut hasher = SipHasher24::new_with_keys(seed, half as u64);
            for part in address {
                hasher.write(&(part.len() as u64).to_le_bytes());
                hasher.write(part);
            }
            bytes.copy_from_slice(&hasher.finish128().as_u128().to_le_bytes());
        }
        Streams { key }
    }

    /// Returns the stream of an index among those of a digest of values.
    pub(crate) fn at_values(&self, values: u128, index: u128) -> Draws {
        let mut streams = self.clone();
        // The lower half takes the upper bits of the index.
        streams.key[16..]
            .iter_mut()
            .zip(values.to_le_bytes())
            .for_each(|(byte, other)| *byte ^= other);
        streams.at(index)
    }

    pub(crate) fn at(&self, index: u128) -> Draws {
        let mut key = self.key;
        // ChaCha has 2^64 streams for a key: the upper half of the index goes into the key.
        let upper = ((index >> 64) as u64).to_le_bytes();
        key.iter_mut()
            .zip(upper)
            .for_each(|(byte, other)| *byte ^= other);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(index as u64);
        Draws { generator }
    }
}

/// The random numbers of one stream.
pub(crate) struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    pub(crate) fn generator(&mut self) -> &mut ChaCha8Rng {
        &mut self.generator
    }

    /// Draws uniformly from [0, 1), in steps of 2^-53.
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Draws uniformly from (0, 1], for logarithms.
    #[inline]
    pub(crate) fn positive_unit(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// Draws uniformly from 0..bound, without bias, by Lemire's multiplication (arXiv:1805.10941).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.generator.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        let mut left = self.unit() * total;
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        // Rounding can leave a remainder beyond the last weight.
        weights
            .iter()
            .rposition(|weight| *weight > 0.0)
            .unwrap_or(0)
    }
}
