//! The tables in the order in which they are filled, and their rows in chunks.

use anyhow::Result;

use crate::copy::Rows;
use crate::stays::{counts, of_listing};
use crate::world::World;
use crate::{Listing, Plan, bookings, days, listings, people, reviews};

/// A table that is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Hosts and guests.
    Users,
    /// Listings.
    Properties,
    /// Bookings.
    Bookings,
    /// Hosts' calendars.
    CalendarDays,
    /// Reviews.
    Reviews,
}

/// All of them.
pub const TABLES: [Table; 5] = [Table::Users, Table::Properties, Table::Bookings, Table::CalendarDays, Table::Reviews];

/// So many bytes are handed on at a time.
const CHUNK_BYTES: usize = 1 << 20;

impl Table {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Properties => "properties",
            Self::Bookings => "bookings",
            Self::CalendarDays => "calendar_days",
            Self::Reviews => "reviews",
        }
    }

    /// The columns its rows have; the others are left to their defaults.
    pub(crate) fn columns(self) -> &'static str {
        match self {
            Self::Users => people::COLUMNS,
            Self::Properties => listings::COLUMNS,
            Self::Bookings => bookings::COLUMNS,
            Self::CalendarDays => days::COLUMNS,
            Self::Reviews => reviews::COLUMNS,
        }
    }

    /// How many steps [`Made::write`] reports: people or listings.
    pub(crate) fn steps(self, plan: &Plan) -> u64 {
        if self == Self::Users { plan.hosts() + plan.guests() } else { plan.listings }
    }
}

/// What rows are made from.
pub struct Made {
    plan: Plan,
    world: World,
    counts: Vec<u32>,
}

impl Made {
    /// Reads the extract and deals out the bookings.
    ///
    /// # Errors
    /// When the plan cannot be carried out.
    pub fn new(plan: Plan) -> Result<Self> {
        plan.check()?;
        Ok(Self { world: World::read()?, counts: counts(&plan), plan })
    }

    /// What is made.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Gives the rows of a table in COPY's text format to `give`, chunk by chunk with the number of steps done.
    ///
    /// # Errors
    /// What `give` gives, or a row that cannot be made.
    pub fn write(&self, table: Table, mut give: impl FnMut(Vec<u8>, u64) -> Result<()>) -> Result<()> {
        let mut rows = Rows::default();
        let steps = table.steps(&self.plan);
        for number in 0..steps {
            self.step(table, number, &mut rows)?;
            if rows.bytes.len() >= CHUNK_BYTES {
                give(std::mem::replace(&mut rows.bytes, Vec::with_capacity(CHUNK_BYTES + (1 << 14))), number + 1)?;
            }
        }
        give(rows.bytes, steps)
    }

    fn step(&self, table: Table, number: u64, rows: &mut Rows) -> Result<()> {
        let plan = &self.plan;
        if table == Table::Users {
            people::row(plan, number, rows);
            return Ok(());
        }
        let listing = Listing::new(plan, &self.world, number);
        let count = usize::try_from(number).ok().and_then(|at| self.counts.get(at)).copied().unwrap_or(0);
        let stays = of_listing(plan, &listing, count);
        match table {
            Table::Users => {}
            Table::Properties => listing.row(plan, &reviews::tallies(plan, &listing, &stays), rows),
            Table::Bookings => {
                for nights in &stays {
                    bookings::row(plan, &listing, nights, rows)?;
                }
            }
            Table::CalendarDays => days::rows_of(plan, &self.world, &listing, &stays, rows),
            Table::Reviews => stays.iter().for_each(|nights| reviews::rows_of(plan, &listing, nights, rows)),
        }
        Ok(())
    }
}
