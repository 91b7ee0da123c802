//! When every byte of a delivery was served: from then on its claim no longer lapses (D4).

use exchange_protocol::{DeliveryHeader, PartRole};

/// Notes that the last byte of a part was served; `served` has one bit for each part.
pub fn mark(served: &mut Vec<u8>, part: usize) {
    let byte = part / 8;
    if served.len() <= byte {
        served.resize(byte + 1, 0);
    }
    served[byte] |= 1 << (part % 8);
}

/// Whether the last byte of every part was served. The cover does not count, because it may be read without a
/// claim, and empty parts do not, because nobody need ask for them.
pub fn is_all_served(header: &DeliveryHeader, served: &[u8]) -> bool {
    header.parts.iter().enumerate().all(|(place, part)| {
        part.role == PartRole::Cover
            || part.size_bytes == 0
            || served.get(place / 8).is_some_and(|byte| byte & 1 << (place % 8) != 0)
    })
}
