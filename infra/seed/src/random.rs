//! Chance that comes out the same each time: each thing has a generator of its own, by seed, kind and number, so that
//! any of them can be made alone.

use fastrand::Rng;
use jiff::Timestamp;
use uuid::Uuid;

/// The generator of the `number`th thing of a kind.
pub(crate) fn of(seed: u64, kind: &str, number: u64) -> Rng {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for byte in kind.bytes() {
        state = mixed(state ^ u64::from(byte));
    }
    Rng::with_seed(mixed(state ^ mixed(number)))
}

/// The finalizer of SplitMix64: neighbours come out far apart.
fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A UUIDv7 of that instant.
pub(crate) fn uuid(rng: &mut Rng, at: Timestamp) -> Uuid {
    let mut bytes = [0; 10];
    rng.fill(&mut bytes);
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

/// True in `percent` of a hundred cases.
pub(crate) fn chance(rng: &mut Rng, percent: f64) -> bool {
    rng.f64() * 100.0 < percent
}

/// One of them.
pub(crate) fn pick<T: Copy>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())]
}

/// One of them, by weight.
pub(crate) fn weighted<T: Copy>(rng: &mut Rng, from: &[(T, u32)]) -> T {
    let mut at = rng.u32(..from.iter().map(|(_, weight)| *weight).sum::<u32>());
    for (value, weight) in from {
        if at < *weight {
            return *value;
        }
        at -= weight;
    }
    from[0].0
}

/// About normal, mean 0 and deviation 1: the sum of twelve uniform ones less six.
pub(crate) fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}
