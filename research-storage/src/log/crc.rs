//! Arithmetic with CRC-32: removing bytes from a checksum, and computing the checksum of a part
//! from those of two prefixes.

use crc32fast::Hasher;

/// The polynomial of zlib and Ethernet, reflected.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// The change of the register for each value of its low byte.
static STEPS: [u32; 256] = steps();

/// The index in [`STEPS`] of the entry with a given high byte; all high bytes differ.
static UNDO: [u8; 256] = undo_indices();

const fn steps() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut register = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            let carry = if register & 1 == 1 { POLYNOMIAL } else { 0 };
            register = (register >> 1) ^ carry;
            bit += 1;
        }
        table[byte] = register;
        byte += 1;
    }
    table
}

const fn undo_indices() -> [u8; 256] {
    let steps = steps();
    let mut indices = [0; 256];
    let mut index = 0;
    while index < 256 {
        indices[(steps[index] >> 24) as usize] = index as u8;
        index += 1;
    }
    indices
}

/// Returns the four bytes that, followed by `rest`, have the CRC `crc`.
pub(super) fn first_bytes(crc: u32, rest: &[u8]) -> [u8; 4] {
    let mut register = !crc;
    for byte in rest.iter().rev() {
        register = undo(register, *byte);
    }
    // Feeding four bytes equals adding them to the register and then feeding four zeros.
    for _ in 0..4 {
        register = undo(register, 0);
    }
    (!register).to_le_bytes()
}

/// Returns the register as it was before `byte` was fed.
fn undo(register: u32, byte: u8) -> u32 {
    let index = UNDO[(register >> 24) as usize];
    ((register ^ STEPS[usize::from(index)]) << 8) | u32::from(index ^ byte)
}

/// Returns the CRC of the last `len` bytes of a sequence, from the CRC of the whole sequence and
/// that of the bytes before them.
pub(super) fn of_rest(whole: u32, before: u32, len: u64) -> u32 {
    whole ^ shifted(before, len)
}

/// Returns `crc` after `len` more zeros.
pub(super) fn after_zeros(crc: u32, len: u64) -> u32 {
    shifted(crc, len) ^ !shifted(u32::MAX, len)
}

/// Returns the contribution of a prefix's CRC to the CRC of the sequence that continues for `len`
/// bytes.
fn shifted(crc: u32, len: u64) -> u32 {
    let mut hasher = Hasher::new_with_initial(crc);
    hasher.combine(&Hasher::new_with_initial_len(0, len));
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::{after_zeros, first_bytes, of_rest};

    #[test]
    fn the_first_bytes_are_found_from_the_check() {
        let text = b"\x10\xff\x00\x7f, and what follows";
        let crc = crc32fast::hash(text);
        assert_eq!(first_bytes(crc, &text[4..]), text[..4]);
    }

    #[test]
    fn the_check_of_a_part_is_found_from_those_of_beginnings() {
        let text: Vec<u8> = (0..1000_u32).map(|number| (number * 7) as u8).collect();
        for begin in [0, 1, 500, 999, 1000] {
            let (whole, before) = (crc32fast::hash(&text), crc32fast::hash(&text[..begin]));
            let rest = &text[begin..];
            let found = of_rest(whole, before, rest.len() as u64);
            assert_eq!(found, crc32fast::hash(rest), "from {begin}");
        }
        let zeros = [text.as_slice(), &[0; 77]].concat();
        let found = after_zeros(crc32fast::hash(&text), 77);
        assert_eq!(found, crc32fast::hash(&zeros));
    }
}
