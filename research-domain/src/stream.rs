//! Addressable randomness: a draw is a function of (seed, what it is for, index).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use siphasher::sip128::{Hasher128, SipHasher24};
use std::hash::Hasher;

/// A family of independent ChaCha streams, one for each index.
///
/// Each index has a stream of its own rather than a place in a common one, because some samplers
/// need an unknown number of random words for a draw.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    key: [u8; 32],
}

impl Streams {
    /// The streams of one purpose; the parts of its address are kept apart by their lengths.
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

    /// The stream of one index among those of some values, given by their digest.
    pub(crate) fn at_values(&self, values: u128, index: u128) -> Draws {
        let mut streams = self.clone();
        // The lower half takes the upper bits of the index.
        streams.key[16..]
            .iter_mut()
            .zip(values.to_le_bytes())
            .for_each(|(byte, other)| *byte ^= other);
        streams.at(index)
    }

    /// The stream of one index.
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

/// Random numbers of one stream.
pub(crate) struct Draws {
    generator: ChaCha8Rng,
}

impl Draws {
    /// The generator itself.
    pub(crate) fn generator(&mut self) -> &mut ChaCha8Rng {
        &mut self.generator
    }

    /// Uniform in [0, 1), in steps of 2^-53.
    #[inline]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.generator.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in (0, 1], for logarithms.
    #[inline]
    pub(crate) fn positive_unit(&mut self) -> f64 {
        1.0 - self.unit()
    }

    /// Uniform in 0..bound, without bias, by Lemire's multiplication (arXiv:1805.10941).
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.generator.next_u64()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// The place in `weights` that is drawn with probability proportional to its weight.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let total: f64 = weights.iter().sum();
        let mut left = self.unit() * total;
        for (place, weight) in weights.iter().enumerate() {
            if left < *weight {
                return place;
            }
            left -= weight;
        }
        // Rounding can leave a crumb beyond the last weight that can be drawn.
        weights
            .iter()
            .rposition(|weight| *weight > 0.0)
            .unwrap_or(0)
    }
}
