//! A made-up world in any size: people, listings where people live, calendars, bookings and reviews, and how they get
//! into a database by COPY. The same plan gives the same bytes. For local stacks and measurements alone: it takes the
//! tables' indexes away while it fills them.

mod bookings;
mod copy;
mod currencies;
mod days;
mod listings;
mod load;
mod people;
mod random;
mod reviews;
mod stays;
mod tables;
mod words;
mod world;

use anyhow::{Result, bail};
use jiff::civil::Date;

pub use listings::Listing;
pub use load::{Loaded, load};
pub use tables::{Made, TABLES, Table};
pub use world::{FULL_CITY, FULL_FROM_DAY, FULL_NIGHTS, HOT_CITIES, World};

/// The password of everybody made here.
pub const PASSWORD: &str = "correct horse battery staple";

/// More stays than this do not fit into a listing's calendar.
const MOST_BOOKINGS_A_LISTING: u64 = 60;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Listed properties.
    pub listings: u64,
    /// Bookings, past and to come.
    pub bookings: u64,
    /// Another number gives another world.
    pub seed: u64,
    /// What lies before it is past.
    pub today: Date,
}

impl Plan {
    /// Checks that there is room for so many bookings.
    ///
    /// # Errors
    /// When there is not.
    pub fn check(&self) -> Result<()> {
        if self.listings == 0 || self.listings > 20_000_000 {
            bail!("--listings is 1 to 20,000,000");
        }
        if self.bookings > self.listings * MOST_BOOKINGS_A_LISTING {
            bail!("--bookings is at most {MOST_BOOKINGS_A_LISTING} for each listing");
        }
        Ok(())
    }

    /// People who let: the first so many.
    pub fn hosts(&self) -> u64 {
        (self.listings * 2 / 5).max(1)
    }

    /// People who travel: those after the hosts.
    pub fn guests(&self) -> u64 {
        (self.bookings / 15).max(10)
    }
}
