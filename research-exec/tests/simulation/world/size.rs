//! The size of a simulated world.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// The largest numbers of workers and configs in a world with devices.
const MOST_WITH_DEVICES: (u32, u64) = (4000, 20_000);

/// The size of a world.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Size {
    pub(in super::super) workers: u32,
    pub(in super::super) configs: u64,
    /// Whether there are devices.
    pub(in super::super) has_devices: bool,
}

impl Size {
    /// Returns the size of the world of a seed: the largest for every eighth seed, smaller for
    /// others. Half of these have devices, and fewer workers, because each worker that waits is
    /// checked.
    pub(in super::super) fn draw(seed: u64, largest: Self, random: &mut ChaCha8Rng) -> Self {
        let scale = seed % 8;
        if scale == 0 {
            return Self {
                has_devices: false,
                ..largest
            };
        }
        let size = Self {
            workers: 1 + random.next_u32() % (largest.workers >> scale).max(1),
            configs: random.next_u64() % ((largest.configs >> (scale / 2)) + 1),
            has_devices: random.next_u32().is_multiple_of(2),
        };
        let (workers, configs) = MOST_WITH_DEVICES;
        match size.has_devices {
            true => Self {
                workers: size.workers.min(workers),
                configs: size.configs.min(configs),
                ..size
            },
            false => size,
        }
    }
}
