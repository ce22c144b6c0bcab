//! Objects by id, in the order in which they were made. Must not know what they are.

use std::collections::HashMap;

/// What a [`Table`] keeps.
pub(crate) trait Row {
    fn id(&self) -> &str;
    /// Seconds since 1970.
    fn created(&self) -> i64;
}

#[derive(Debug)]
pub(crate) struct Table<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T: Row> Table<T> {
    pub(crate) fn new() -> Self {
        Self { rows: Vec::new(), places: HashMap::new() }
    }

    pub(crate) fn insert(&mut self, row: T) {
        self.places.insert(row.id().to_owned(), self.rows.len());
        self.rows.push(row);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.places.get(id).and_then(|place| self.rows.get(*place))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.places.get(id).and_then(|place| self.rows.get_mut(*place))
    }

    /// Newest first, as Stripe lists.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().rev()
    }
}
