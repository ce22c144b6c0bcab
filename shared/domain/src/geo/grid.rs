//! The quad grid: the world cut into quarters again and again, so that a map box is a handful of numbers.

use super::{BoundingBox, Latitude, Longitude, Point};

/// Levels of the quad grid that are indexed, coarse to fine. Level `n` cuts the world into `2^n · 2^n` cells.
pub const LEVELS: [u8; 6] = [4, 6, 8, 10, 12, 14];
/// The level of a cover that no indexed level can give: its one cell, 0, is the whole world.
pub const WORLD_LEVEL: u8 = 0;
/// How many cells one search statement has branches for.
pub const MAX_COVER_CELLS: usize = 12;
/// The cell of `point` at `level` (0..=31): bits of longitude and latitude interleaved (Z-order), from 0 to `4^level - 1`.
/// The number says nothing of its level: keep the two together.
pub fn cell(point: Point, level: u8) -> i64 {
    interleave(column(point.longitude, level), row(point.latitude, level))
}

/// The cells of `point` at each of [`LEVELS`], in their order.
pub fn cells(point: Point) -> [i64; LEVELS.len()] {
    LEVELS.map(|level| cell(point, level))
}

fn column(longitude: Longitude, level: u8) -> u32 {
    place(i64::from(longitude.0) + 180_000_000, 360_000_000, level)
}

fn row(latitude: Latitude, level: u8) -> u32 {
    place(i64::from(latitude.0) + 90_000_000, 180_000_000, level)
}

/// The far edge of the world belongs to the last cell.
fn place(offset: i64, extent: i64, level: u8) -> u32 {
    let count = 1_i64 << level.min(31);
    ((offset * count) / extent).clamp(0, count - 1) as u32
}

fn interleave(column: u32, row: u32) -> i64 {
    (spread(column) | (spread(row) << 1)) as i64
}

/// Puts a zero between every two bits.
fn spread(bits: u32) -> u64 {
    let mut spread = u64::from(bits);
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555_u64),
    ] {
        spread = (spread | (spread << shift)) & mask;
    }
    spread
}

/// Cells of one level that together hold every point of some boxes (and more: re-check the boxes).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// One of [`LEVELS`], or [`WORLD_LEVEL`] with the single cell 0 when even the coarsest has too many.
    pub level: u8,
    /// Distinct cells, ascending.
    pub cells: Vec<i64>,
}

/// Covers `boxes` (as [`BoundingBox::split`] gives them) at the deepest level that needs at most `max_cells`.
pub fn cover(boxes: &[BoundingBox], max_cells: usize) -> Cover {
    let at = |level| cells_of(boxes, level, max_cells).map(|cells| Cover { level, cells });
    LEVELS.into_iter().rev().find_map(at).unwrap_or_else(|| Cover { level: WORLD_LEVEL, cells: vec![0] })
}

/// The distinct cells of a level that boxes touch, ascending; none when they are more than `max_cells`.
pub fn cells_of(boxes: &[BoundingBox], level: u8, max_cells: usize) -> Option<Vec<i64>> {
    let spans: Vec<_> = boxes.iter().flat_map(|boxed| boxed.split()).map(|boxed| span(boxed, level)).collect();
    let most: u64 = spans.iter().map(|(columns, rows)| extent(columns) * extent(rows)).sum();
    // Boxes may share cells, so count exactly where the sum alone does not decide.
    if most > 4 * max_cells as u64 {
        return None;
    }
    let mut cells: Vec<i64> = spans
        .into_iter()
        .flat_map(|(columns, rows)| {
            columns.flat_map(move |column| rows.clone().map(move |row| interleave(column, row)))
        })
        .collect();
    cells.sort_unstable();
    cells.dedup();
    (cells.len() <= max_cells).then_some(cells)
}

/// The cell of `level` that holds a cell of the deepest of [`LEVELS`].
pub fn ancestor(deepest_cell: i64, level: u8) -> i64 {
    let [.., deepest] = LEVELS;
    deepest_cell >> (2 * u32::from(deepest.saturating_sub(level)))
}

type Span = std::ops::RangeInclusive<u32>;

fn span(boxed: BoundingBox, level: u8) -> (Span, Span) {
    (column(boxed.west, level)..=column(boxed.east, level), row(boxed.south, level)..=row(boxed.north, level))
}

fn extent(span: &Span) -> u64 {
    u64::from(span.end() - span.start()) + 1
}
