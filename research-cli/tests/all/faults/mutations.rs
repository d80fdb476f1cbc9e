//! Ways to damage a file.

use super::random::Random;

/// The offsets of the frames of a log, and the end of the last one.
fn frames(log: &[u8]) -> Vec<usize> {
    let mut starts = vec![16];
    loop {
        let start = *starts.last().unwrap();
        let Some(length) = log.get(start..start + 4) else {
            return starts;
        };
        let length = u32::from_le_bytes(length.try_into().unwrap());
        let next = start + 12 + usize::try_from(length).unwrap();
        if next > log.len() {
            return starts;
        }
        starts.push(next);
    }
}

/// Damages a log, and returns a description. `other` is the log of another state of the research.
pub(super) fn damage(log: &[u8], other: &[u8], random: &mut Random) -> (String, Vec<u8>) {
    let mut bytes = log.to_vec();
    let frames = frames(log);
    let frame = random.pick(&frames);
    let anywhere = place(log.len(), random);
    let few = 1 + place(8, random);
    let some = 1 + place(3000, random);
    let noise = |random: &mut Random, count: usize| -> Vec<u8> {
        let byte = |_| u8::try_from(random.below(256)).unwrap();
        (0..count).map(byte).collect()
    };
    let way = match random.below(17) {
        0 => {
            bytes[frame..].fill(0);
            format!("zeros from the frame at {frame} on")
        }
        1 => {
            let end = (anywhere + some).min(log.len());
            bytes[anywhere..end].fill(0);
            format!("zeros from {anywhere} to {end}")
        }
        2 => {
            for _ in 0..few {
                let at = place(log.len(), random);
                bytes[at] ^= 1 << random.below(8);
            }
            format!("{few} flipped bits")
        }
        3 => {
            let last = frames[frames.len() - 2];
            let at = last + place(log.len() - last, random);
            bytes[at] ^= 1 << random.below(8);
            format!("a flipped bit at {at}, in the last frame")
        }
        4 => {
            bytes.splice(anywhere..anywhere, noise(random, few));
            format!("{few} bytes inserted at {anywhere}")
        }
        5 => {
            let end = (anywhere + few).min(log.len());
            bytes.drain(anywhere..end);
            format!("bytes {anywhere} to {end} removed")
        }
        6 => {
            let end = (anywhere + some).min(log.len());
            let again = bytes[anywhere..end].to_vec();
            bytes.splice(end..end, again);
            format!("bytes {anywhere} to {end} twice")
        }
        7 => {
            bytes.truncate(anywhere);
            format!("cut at {anywhere}")
        }
        8 => {
            bytes.truncate(frame);
            format!("cut at the frame at {frame}")
        }
        9 => {
            bytes = Vec::new();
            for byte in log {
                if *byte == b'\n' {
                    bytes.push(b'\r');
                }
                bytes.push(*byte);
            }
            "CR LF for LF".to_owned()
        }
        10 => {
            bytes.fill(0);
            "all zeros".to_owned()
        }
        11 => {
            bytes.clear();
            "empty".to_owned()
        }
        12 => {
            bytes.extend(vec![0; some * 1000]);
            format!("{some} kB of zeros at the end")
        }
        13 => {
            bytes.extend(noise(random, some));
            format!("{some} random bytes at the end")
        }
        14 => {
            bytes = [&log[..frame], &other[frame.min(other.len())..]].concat();
            format!("another log from {frame} on")
        }
        15 => {
            let end = (frame + some).min(log.len());
            let noise = noise(random, end - frame);
            bytes[frame..end].copy_from_slice(&noise);
            format!("random bytes from the frame at {frame} to {end}")
        }
        _ => {
            bytes.retain(|byte| *byte != b'\r');
            "no CR".to_owned()
        }
    };
    (way, bytes)
}

fn place(bound: usize, random: &mut Random) -> usize {
    usize::try_from(random.below(bound as u64)).unwrap()
}
