//! What happens in a run: all of it follows from the seed alone, before anything has happened. What turns out to be
//! impossible (paying for a booking that was refused) is then tried all the same, or left out where there is nothing
//! to try it with.

use crate::mishap::Mishap;
use crate::random::Random;
use crate::steps::{Act, Card, Side, Step, Trouble, What};

/// How many guests there are.
pub(crate) const GUESTS: usize = 6;
/// How many listings there are.
pub(crate) const LISTINGS: usize = 12;

/// How far ahead stays begin, in days.
const REACH_DAYS: u32 = 60;
/// Among so many of the latest bookings the one to act on is chosen.
const RECENT: usize = 24;

/// The first `steps` steps of a seed.
pub(crate) fn of(seed: u64, steps: usize) -> Vec<Step> {
    let mut bookings = 0;
    (0..steps)
        .map(|number| {
            let mut random = Random::part(seed, u64::try_from(number).unwrap_or(u64::MAX));
            Draw { random: &mut random, bookings: &mut bookings }.step()
        })
        .collect()
}

#[derive(Clone, Copy)]
enum Kind {
    Alone,
    Rivals,
    Crowd,
    Story,
    Workers,
    Wait,
    Trouble,
    ConnectionsLost,
    Healed,
}

struct Draw<'draw> {
    random: &'draw mut Random,
    bookings: &'draw mut usize,
}

impl Draw<'_> {
    fn step(&mut self) -> Step {
        let kinds = [
            (Kind::Alone, 72),
            (Kind::Rivals, 5),
            (Kind::Crowd, 6),
            (Kind::Story, 6),
            (Kind::Workers, 4),
            (Kind::Wait, 5),
            (Kind::Trouble, 4),
            (Kind::ConnectionsLost, 1),
            (Kind::Healed, 1),
        ];
        match self.random.weighted(&kinds) {
            Kind::Alone => {
                let what = self.what();
                Step::Acts(vec![self.act(what, 14)])
            }
            Kind::Rivals => self.rivals(),
            Kind::Crowd => self.crowd(),
            Kind::Story => match self.random.chance(50) {
                true => self.story(),
                false => self.story_of_a_change(),
            },
            Kind::Workers => {
                let workers = [What::Pass, What::Pass, self.hear(), self.hear(), self.notify(), What::Deliver];
                let chosen = self.random.between(2, 5);
                Step::Acts((0..chosen).map(|_| self.one_of(&workers)).collect())
            }
            Kind::Wait => {
                let minutes = [(1, 6), (3, 5), (8, 3), (16, 3), (70, 2), (5 * 60, 2), (26 * 60, 2), (4 * 1_440, 1)];
                Step::Wait { minutes: self.random.weighted(&minutes) }
            }
            Kind::Trouble => Step::Trouble(self.trouble()),
            Kind::ConnectionsLost => Step::ConnectionsLost,
            Kind::Healed => Step::Healed,
        }
    }

    fn one_of(&mut self, whats: &[What]) -> Act {
        let at = self.random.below(whats.len());
        self.act(whats[at].clone(), 8)
    }

    /// Several guests who want nights that overlap.
    fn rivals(&mut self) -> Step {
        let (listing, from) = (self.random.below(LISTINGS), self.random.between(1, REACH_DAYS));
        let count = self.random.between(2, 5);
        let book = |draw: &mut Self| {
            let booking = draw.next_booking();
            let guest = draw.random.below(GUESTS);
            let (from, nights) = (from + draw.random.between(0, 2), draw.random.between(1, 4));
            let quoted = draw.random.chance(20);
            draw.act(What::Book { booking, guest, listing, from, nights, quoted }, 6)
        };
        Step::Acts((0..count).map(|_| book(self)).collect())
    }

    /// Several people and workers who want something of one booking.
    fn crowd(&mut self) -> Step {
        let booking = self.booking(6);
        let count = self.random.between(2, 5);
        let act = |draw: &mut Self| {
            let card = draw.card();
            let by = draw.side();
            let whats = [
                What::Pay { booking, card },
                What::Pay { booking, card },
                What::PayLate { booking, card },
                What::Answer { booking, accepts: true },
                What::Answer { booking, accepts: false },
                What::Cancel { booking, by },
                What::Cancel { booking, by },
                What::Refund { booking, percent: 60 },
                What::Propose { booking, by, later: 1, nights: 3 },
                What::AnswerChange { booking, by, accepts: true },
                What::AnswerChange { booking, by, accepts: false },
                What::Withdraw { booking, by },
                What::NoShow { booking },
                What::BookAgain { booking },
                What::Pass,
                What::Hear { messages: 3 },
                What::Deliver,
            ];
            draw.one_of(&whats)
        };
        Step::Acts((0..count).map(|_| act(self)).collect())
    }

    /// What seldom comes about by chance: a request that its host answers, or money that comes when the nights are
    /// somebody else's.
    fn story(&mut self) -> Step {
        let (booking, guest) = (self.next_booking(), self.random.below(GUESTS));
        let is_late = self.random.chance(50);
        // Every second listing is booked on request.
        let listing = self.random.below(LISTINGS / 2) * 2 + usize::from(!is_late);
        let (from, nights) = (self.random.between(1, REACH_DAYS), self.random.between(1, 4));
        let mut whats = vec![What::Book { booking, guest, listing, from, nights, quoted: false }];
        let mut later = vec![What::Deliver, What::Hear { messages: 10 }, What::Hear { messages: 10 }];
        if is_late {
            whats.push(What::Pay { booking, card: Card::Abandoned });
            later.insert(0, What::PayLate { booking, card: Card::Good });
            later.insert(
                0,
                if self.random.chance(60) {
                    let (rival, other) = (self.next_booking(), (guest + 1) % GUESTS);
                    What::Book { booking: rival, guest: other, listing, from, nights, quoted: false }
                } else {
                    What::Block { listing, from, nights, available: false }
                },
            );
        } else {
            whats.push(What::Pay { booking, card: Card::Good });
            later.push(What::Answer { booking, accepts: self.random.chance(50) });
        }
        let mut steps: Vec<Step> = whats.into_iter().map(|what| Step::Acts(vec![self.act(what, 4)])).collect();
        if is_late {
            steps.push(Step::Wait { minutes: 16 });
        }
        steps.extend(later.into_iter().map(|what| Step::Acts(vec![self.act(what, 4)])));
        Step::Story(steps)
    }

    /// A stay that is booked, paid and then changed; what is dearer is paid too, or not in time.
    fn story_of_a_change(&mut self) -> Step {
        let (booking, guest, listing) =
            (self.next_booking(), self.random.below(GUESTS), self.random.below(LISTINGS / 2));
        let (from, nights) = (self.random.between(1, REACH_DAYS), self.random.between(2, 5));
        let (by, answers) = self.random.pick(&[(Side::Guest, Side::Host), (Side::Host, Side::Guest)]);
        let card = self.card();
        let confirmed = [
            // Every second listing confirms by itself.
            What::Book { booking, guest, listing: listing * 2, from, nights, quoted: false },
            What::Pay { booking, card },
            What::Deliver,
            What::Hear { messages: 10 },
            What::Propose { booking, by, later: self.random.between(0, 2), nights: self.random.between(1, 7) },
        ];
        let paid = [What::Pay { booking, card: Card::Good }, What::Deliver, What::Hear { messages: 10 }];
        let mut steps: Vec<Step> = confirmed.into_iter().map(|what| Step::Acts(vec![self.act(what, 4)])).collect();
        if self.random.chance(70) {
            let answer = What::AnswerChange { booking, by: answers, accepts: self.random.chance(85) };
            steps.push(Step::Acts(vec![self.act(answer, 4)]));
        }
        if self.random.chance(20) {
            steps.push(Step::Wait { minutes: 25 * 60 });
        }
        steps.extend(paid.into_iter().map(|what| Step::Acts(vec![self.act(what, 4)])));
        Step::Story(steps)
    }

    fn what(&mut self) -> What {
        #[derive(Clone, Copy)]
        enum Alone {
            Book,
            Again,
            Pay,
            Late,
            Answer,
            Cancel,
            Refund,
            Propose,
            AnswerChange,
            Withdraw,
            NoShow,
            Decide,
            Onboard,
            ToTheBank,
            Block,
            Review,
            Pass,
            Deliver,
            Hear,
            Notify,
        }
        let whats = [
            (Alone::Book, 15),
            (Alone::Again, 3),
            (Alone::Pay, 28),
            (Alone::Late, 3),
            (Alone::Answer, 12),
            (Alone::Cancel, 4),
            (Alone::Refund, 3),
            (Alone::Propose, 4),
            (Alone::AnswerChange, 3),
            (Alone::Withdraw, 1),
            (Alone::NoShow, 3),
            (Alone::Decide, 2),
            (Alone::Onboard, 2),
            (Alone::ToTheBank, 1),
            (Alone::Block, 4),
            (Alone::Review, 2),
            (Alone::Pass, 6),
            (Alone::Deliver, 12),
            (Alone::Hear, 11),
            (Alone::Notify, 7),
        ];
        match self.random.weighted(&whats) {
            Alone::Book => self.book(),
            Alone::Again => What::BookAgain { booking: self.booking(RECENT) },
            // Nearly always the latest: holds last a quarter of an hour.
            Alone::Pay => What::Pay { booking: self.booking(3), card: self.card() },
            Alone::Late => What::PayLate { booking: self.booking(RECENT), card: self.card() },
            Alone::Answer => What::Answer { booking: self.booking(6), accepts: self.random.chance(65) },
            Alone::Cancel => What::Cancel { booking: self.booking(RECENT / 2), by: self.side() },
            Alone::Refund => What::Refund {
                booking: self.booking(RECENT / 2),
                percent: self.random.pick(&[1, 10, 33, 50, 100, 130]),
            },
            Alone::Propose => What::Propose {
                booking: self.booking(RECENT),
                by: self.side(),
                later: self.random.between(0, 3),
                nights: self.random.between(1, 6),
            },
            Alone::AnswerChange => {
                What::AnswerChange { booking: self.booking(RECENT), by: self.side(), accepts: self.random.chance(75) }
            }
            Alone::Withdraw => What::Withdraw { booking: self.booking(RECENT), by: self.side() },
            Alone::NoShow => What::NoShow { booking: self.booking(6 * RECENT) },
            Alone::Decide => What::Decide { dispute: self.random.below(8), won: self.random.chance(50) },
            Alone::Onboard => What::Onboard { listing: self.random.below(LISTINGS) },
            Alone::ToTheBank => What::ToTheBank { listing: self.random.below(LISTINGS) },
            Alone::Block => What::Block {
                listing: self.random.below(LISTINGS),
                from: self.random.between(1, REACH_DAYS),
                nights: self.random.between(1, 3),
                available: self.random.chance(40),
            },
            Alone::Review => What::Review { booking: self.booking(6 * RECENT), by: self.side() },
            Alone::Pass => What::Pass,
            Alone::Deliver => What::Deliver,
            Alone::Hear => self.hear(),
            Alone::Notify => self.notify(),
        }
    }

    fn book(&mut self) -> What {
        What::Book {
            booking: self.next_booking(),
            guest: self.random.below(GUESTS),
            listing: self.random.below(LISTINGS),
            from: self.random.between(0, REACH_DAYS),
            nights: self.random.weighted(&[(1, 5), (2, 6), (3, 5), (5, 3), (8, 2), (28, 1)]),
            quoted: self.random.chance(30),
        }
    }

    fn hear(&mut self) -> What {
        What::Hear { messages: self.random.between(1, 10) }
    }

    fn notify(&mut self) -> What {
        What::Notify { messages: self.random.between(1, 10), again: self.random.chance(15) }
    }

    fn next_booking(&mut self) -> usize {
        *self.bookings += 1;
        *self.bookings - 1
    }

    /// One of the latest bookings, the latest most often.
    fn booking(&mut self, among: usize) -> usize {
        let back = self.random.below(among).min(self.random.below(among));
        self.bookings.saturating_sub(1 + back)
    }

    fn side(&mut self) -> Side {
        self.random.pick(&[Side::Guest, Side::Guest, Side::Host])
    }

    fn card(&mut self) -> Card {
        self.random.weighted(&[
            (Card::Good, 14),
            (Card::Declined, 2),
            (Card::Seen, 2),
            (Card::NotSeen, 1),
            (Card::Abandoned, 1),
            (Card::Disputed, 1),
        ])
    }

    fn act(&mut self, what: What, mishaps_percent: u32) -> Act {
        let mishap = self.random.chance(mishaps_percent).then(|| match self.random.chance(80) {
            true => Mishap::Killed { at: self.random.between(1, 26) },
            false => Mishap::ConnectionsLost { at: self.random.between(1, 26) },
        });
        Act { what, mishap }
    }

    fn trouble(&mut self) -> Trouble {
        let times = self.random.between(1, 4);
        match self.random.below(10) {
            0 => Trouble::Events { times },
            1 => Trouble::Webhooks { times },
            2 => Trouble::Mails { times },
            _ => {
                let kinds = [
                    ("reset_after", 6),
                    ("reset", 3),
                    ("http_500", 3),
                    ("http_500_after", 3),
                    ("http_500_kept", 2),
                    ("http_409", 2),
                    ("http_429", 2),
                ];
                let acts = [
                    "/capture",
                    "/cancel",
                    "/v1/refunds",
                    "/v1/transfers",
                    "/reversals",
                    "/v1/payment_intents",
                    "/v1/accounts",
                ];
                let kind = self.random.weighted(&kinds);
                // What a failure is kept for can't be done under its key for a day: only what goes on in another way.
                let paths = match kind {
                    "http_500_kept" => &acts[..2],
                    "http_500_after" => &acts[..5],
                    _ => &acts[..],
                };
                Trouble::Provider { kind, times, path: self.random.pick(paths) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_schedule_and_a_shorter_one_is_its_beginning() {
        let shown = |seed, steps| of(seed, steps).iter().map(|step| format!("{step:?}")).collect::<Vec<_>>();
        let whole = shown(5, 300);
        assert_eq!(whole, shown(5, 300));
        assert_eq!(whole[..100], shown(5, 100));
        assert_ne!(whole, shown(6, 300));
    }

    #[test]
    fn each_booking_is_asked_for_once_and_before_anybody_acts_on_it() {
        let mut asked_for = 0;
        let steps = of(3, 2_000).into_iter().flat_map(|step| match step {
            Step::Story(steps) => steps,
            step => vec![step],
        });
        for step in steps {
            let Step::Acts(acts) = step else { continue };
            for act in acts {
                match act.what {
                    What::Book { booking, .. } => {
                        assert_eq!(booking, asked_for);
                        asked_for += 1;
                    }
                    What::Pay { booking, .. } | What::Cancel { booking, .. } => {
                        assert!(booking < asked_for.max(1));
                    }
                    _ => {}
                }
            }
        }
        assert!(asked_for > 300);
    }
}
