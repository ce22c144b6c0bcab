//! Chance that is the same on every machine and in every version: SplitMix64.

/// A generator of numbers.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The generator of one thing among many of a seed: neighbours come out far apart.
    pub(crate) fn part(seed: u64, number: u64) -> Self {
        let mut random = Self(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93));
        random.next();
        random
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below `end`; zero when that is zero.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// A number from `from` to `to`, both in.
    pub(crate) fn between(&mut self, from: u32, to: u32) -> u32 {
        from + u32::try_from(self.below(usize::try_from(to - from + 1).unwrap_or(1))).unwrap_or(0)
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// One of them, by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, from: &[(T, u32)]) -> T {
        let total: u32 = from.iter().map(|(_, weight)| *weight).sum();
        let mut at = self.between(1, total);
        for (value, weight) in from {
            if at <= *weight {
                return *value;
            }
            at -= weight;
        }
        from[0].0
    }

    /// Puts them in any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_others() {
        let numbers = |mut random: Random| (0..5).map(|_| random.next()).collect::<Vec<_>>();
        assert_eq!(numbers(Random::part(7, 1)), numbers(Random::part(7, 1)));
        assert_ne!(numbers(Random::part(7, 1)), numbers(Random::part(8, 1)));
        assert_ne!(numbers(Random::part(7, 1)), numbers(Random::part(7, 2)));
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut random = Random::part(1, 1);
        assert!((0..1_000).all(|_| (3..=5).contains(&random.between(3, 5)) && random.below(4) < 4));
        assert_eq!(random.below(0), 0);
        assert!((0..100).all(|_| random.weighted(&[(1, 0), (2, 5)]) == 2));
    }
}
