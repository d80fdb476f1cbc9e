//! Random permutations that are computed, not stored.

use std::hash::Hasher;

use rand_chacha::rand_core::Rng;
use siphasher::sip::SipHasher13;

use crate::random::Streams;

/// A random permutation of the numbers below a length.
#[derive(Debug)]
pub(crate) enum Permutation {
    /// A short permutation; all are equally likely.
    Stored(Vec<u32>),
    /// A long permutation: a Feistel network over the smallest even number of bits that holds the
    /// length. It is applied until the number is below the length (Black and Rogaway, "Ciphers with
    /// arbitrary finite domains", 2002).
    Network {
        len: u128,
        half_bits: u32,
        keys: [u64; Permutation::ROUNDS],
    },
}

impl Permutation {
    const ROUNDS: usize = 8;
    const MAX_STORED: u128 = 1 << 16;

    pub(crate) fn new(len: u128, streams: &Streams) -> Permutation {
        let mut draws = streams.at(0);
        if len <= Permutation::MAX_STORED {
            let mut order: Vec<u32> = (0..len as u32).collect();
            // The shuffle of Fisher and Yates.
            for last in (1..order.len()).rev() {
                order.swap(last, draws.below(last as u64 + 1) as usize);
            }
            return Permutation::Stored(order);
        }
        let bits = u128::BITS - (len - 1).leading_zeros();
        let keys = std::array::from_fn(|_| draws.generator().next_u64());
        Permutation::Network {
            len,
            half_bits: bits.div_ceil(2),
            keys,
        }
    }

    /// Returns the number at an index of the permutation.
    pub(crate) fn at(&self, index: u128) -> u128 {
        match self {
            Permutation::Stored(order) => u128::from(order[index as usize]),
            Permutation::Network {
                len,
                half_bits,
                keys,
            } => {
                let mut number = index;
                loop {
                    number = encrypt(number, *half_bits, keys);
                    if number < *len {
                        return number;
                    }
                }
            }
        }
    }
}

fn encrypt(number: u128, half_bits: u32, keys: &[u64]) -> u128 {
    let mask = u64::MAX >> (64 - half_bits);
    let (mut left, mut right) = ((number >> half_bits) as u64 & mask, number as u64 & mask);
    for key in keys {
        let mut hasher = SipHasher13::new_with_keys(*key, 0);
        hasher.write(&right.to_le_bytes());
        (left, right) = (right, left ^ (hasher.finish() & mask));
    }
    (u128::from(left) << half_bits) | u128::from(right)
}
