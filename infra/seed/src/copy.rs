//! Rows in the text format of PostgreSQL's COPY.

use std::fmt::Display;
use std::io::Write as _;

/// Rows being written.
#[derive(Default)]
pub(crate) struct Rows {
    /// The bytes so far.
    pub(crate) bytes: Vec<u8>,
    begun: bool,
}

impl Rows {
    /// A value whose text has nothing to escape: numbers, dates, ids, codes.
    pub(crate) fn plain(&mut self, value: impl Display) -> &mut Self {
        self.separate();
        // Unwrap safety: writing to memory does not fail.
        write!(self.bytes, "{value}").expect("memory takes it");
        self
    }

    /// Any text.
    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        self.separate();
        for byte in value.bytes() {
            match byte {
                b'\\' => self.bytes.extend(b"\\\\"),
                b'\t' => self.bytes.extend(b"\\t"),
                b'\n' => self.bytes.extend(b"\\n"),
                b'\r' => self.bytes.extend(b"\\r"),
                other => self.bytes.push(other),
            }
        }
        self
    }

    /// NULL.
    pub(crate) fn null(&mut self) -> &mut Self {
        self.separate();
        self.bytes.extend(b"\\N");
        self
    }

    /// A value like that of `plain`, or NULL.
    pub(crate) fn optional(&mut self, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.plain(value),
            None => self.null(),
        }
    }

    /// Any text, or NULL.
    pub(crate) fn optional_text(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// `t` or `f`.
    pub(crate) fn flag(&mut self, value: bool) -> &mut Self {
        self.plain(if value { 't' } else { 'f' })
    }

    /// Ends the row.
    pub(crate) fn end(&mut self) {
        self.bytes.push(b'\n');
        self.begun = false;
    }

    fn separate(&mut self) {
        if self.begun {
            self.bytes.push(b'\t');
        }
        self.begun = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_gives_a_meaning_is_escaped() {
        let mut rows = Rows::default();
        rows.text("a\\b\tc\nd\re").null().flag(true).optional(Some(1)).optional_text(None).end();
        rows.plain(2).end();
        assert_eq!(rows.bytes, b"a\\\\b\\tc\\nd\\re\t\\N\tt\t1\t\\N\n2\n");
    }
}
