//! Shuffled orders that are calculated, not stored.

use crate::stream::Streams;
use rand_chacha::rand_core::Rng;
use siphasher::sip::SipHasher13;
use std::hash::Hasher;

/// A random order of the numbers below a length.
#[derive(Debug)]
pub(super) enum Permutation {
    /// A short one, stored: every order is as likely as any other.
    Stored(Vec<u32>),
    /// A long one: a Feistel network over the least even number of bits that holds the length;
    /// a number that falls outside walks on through the network until it falls inside (Black and
    /// Rogaway, "Ciphers with arbitrary finite domains", 2002).
    Network {
        len: u128,
        half_bits: u32,
        keys: [u64; Permutation::ROUNDS],
    },
}

impl Permutation {
    const ROUNDS: usize = 8;
    const MAX_STORED: u128 = 1 << 16;

    pub(super) fn new(len: u128, streams: &Streams) -> Permutation {
        let mut draws = streams.at(0);
        if len <= Permutation::MAX_STORED {
            let mut order: Vec<u32> = (0..len as u32).collect();
            // Fisher and Yates.
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

    /// The number at a place of the order.
    pub(super) fn at(&self, place: u128) -> u128 {
        match self {
            Permutation::Stored(order) => u128::from(order[place as usize]),
            Permutation::Network {
                len,
                half_bits,
                keys,
            } => {
                let mut number = place;
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
