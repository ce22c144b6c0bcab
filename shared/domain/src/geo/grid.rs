//! The quad grid: the world cut into quarters again and again, so that a map box is a handful of numbers.

use super::{BoundingBox, Latitude, Longitude, Point};

/// Levels of the quad grid that are indexed, coarse to fine. Level `n` cuts the world into `2^n · 2^n` cells.
pub const LEVELS: [u8; 4] = [5, 8, 11, 14];
/// The finest level, whose cell is kept: that of a coarser level is a prefix of its bits.
pub const FINEST_LEVEL: u8 = 14;
/// The level of a cover that no indexed level can give: its one cell, 0, is the whole world.
pub const WORLD_LEVEL: u8 = 0;
/// How many cells one search statement has branches for.
pub const MAX_COVER_CELLS: usize = 12;

/// The cell of `point` at `level` (0..=15): bits of longitude and latitude interleaved (Z-order), from 0 to
/// `4^level - 1`. The number says nothing of its level: keep the two together.
pub fn cell(point: Point, level: u8) -> i32 {
    interleave(column(point.longitude, level), row(point.latitude, level))
}

/// By how many bits the number of a cell of the finest level is shifted right to be that of `level`.
pub const fn shift_to(level: u8) -> u8 {
    2 * (FINEST_LEVEL - level)
}

/// The middle of a cell.
pub fn cell_centre(cell: i32, level: u8) -> Point {
    let (column, row) = (gather(cell), gather(cell >> 1));
    let middle = |place: u32, extent: i64| {
        let micro = ((2 * i64::from(place) + 1) * extent) / (2 << level.min(15)) - extent / 2;
        micro as i32
    };
    Point { latitude: Latitude(middle(row, 180_000_000)), longitude: Longitude(middle(column, 360_000_000)) }
}

fn column(longitude: Longitude, level: u8) -> u32 {
    place(i64::from(longitude.0) + 180_000_000, 360_000_000, level)
}

fn row(latitude: Latitude, level: u8) -> u32 {
    place(i64::from(latitude.0) + 90_000_000, 180_000_000, level)
}

/// The far edge of the world belongs to the last cell.
fn place(offset: i64, extent: i64, level: u8) -> u32 {
    let count = 1_i64 << level.min(15);
    ((offset * count) / extent).clamp(0, count - 1) as u32
}

fn interleave(column: u32, row: u32) -> i32 {
    (spread(column) | (spread(row) << 1)) as i32
}

/// Each step halves the distance by which groups of bits are moved apart.
const STEPS: [(u32, u32); 4] = [(8, 0x00FF_00FF), (4, 0x0F0F_0F0F), (2, 0x3333_3333), (1, 0x5555_5555)];

/// Puts a zero between every two of the lower 16 bits.
fn spread(bits: u32) -> u32 {
    STEPS.iter().fold(bits & 0xFFFF, |spread, (shift, mask)| (spread | (spread << shift)) & mask)
}

/// Takes every second bit: what `spread` was given.
fn gather(spread: i32) -> u32 {
    let first = spread as u32 & 0x5555_5555;
    [(1, 0x3333_3333), (2, 0x0F0F_0F0F), (4, 0x00FF_00FF), (8, 0xFFFF)]
        .iter()
        .fold(first, |bits: u32, (shift, mask)| (bits | (bits >> shift)) & mask)
}

/// Cells of one level that together hold every point of some boxes (and more: re-check `bounds`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// One of [`LEVELS`], or [`WORLD_LEVEL`] with cell 0 a box when even the coarsest has too many.
    pub level: u8,
    /// In the order of the boxes, then ascending.
    pub cells: Vec<CoverCell>,
}

/// A cell, and the box that it helps to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverCell {
    /// At the level of the cover.
    pub cell: i32,
    /// What of it belongs to the cover.
    pub bounds: BoundingBox,
}

/// Covers `boxes` (as [`BoundingBox::split`] gives them) at the deepest level that needs at most `max_cells`.
pub fn cover(boxes: &[BoundingBox], max_cells: usize) -> Cover {
    let world = || boxes.iter().map(|&bounds| CoverCell { cell: 0, bounds }).collect();
    deepest(LEVELS.into_iter().rev(), boxes, max_cells).unwrap_or_else(|| Cover { level: WORLD_LEVEL, cells: world() })
}

/// Cells of the finest level from one to another, both included, and the box that they help to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellRange {
    /// The first cell.
    pub first: i32,
    /// The last cell.
    pub last: i32,
    /// What of them belongs to the cover.
    pub bounds: BoundingBox,
}

/// Covers `boxes` by at most `max_ranges` ranges of cells of the finest level, each made of whole cells of `level`.
pub fn ranges(boxes: &[BoundingBox], level: u8, max_ranges: usize) -> Vec<CellRange> {
    let cover = deepest((0..=level.min(FINEST_LEVEL)).rev(), boxes, max_ranges);
    let Some(Cover { level, cells }) = cover else { return Vec::new() };
    let shift = shift_to(level);
    let mut ranges: Vec<CellRange> = Vec::new();
    for CoverCell { cell, bounds } in cells {
        let (first, last) = (cell << shift, ((cell + 1) << shift) - 1);
        match ranges.last_mut() {
            Some(before) if before.last + 1 == first && before.bounds == bounds => before.last = last,
            _ => ranges.push(CellRange { first, last, bounds }),
        }
    }
    ranges
}

/// The distinct cells of a level that boxes touch, ascending; none when they are more than `max_cells`.
pub fn cells_of(boxes: &[BoundingBox], level: u8, max_cells: usize) -> Option<Vec<i64>> {
    let cover = deepest([level].into_iter(), boxes, 4 * max_cells)?;
    let mut cells: Vec<i64> = cover.cells.iter().map(|covered| i64::from(covered.cell)).collect();
    cells.sort_unstable();
    cells.dedup();
    (cells.len() <= max_cells).then_some(cells)
}

/// The cell of `level` that holds a cell of the finest level.
pub fn ancestor(finest_cell: i64, level: u8) -> i64 {
    finest_cell >> shift_to(level)
}

/// How many cells of a level boxes touch.
pub fn count_cells(boxes: &[BoundingBox], level: u8) -> u64 {
    boxes.iter().map(|&bounds| extent(&columns(bounds, level)) * extent(&rows(bounds, level))).sum()
}

fn deepest(levels: impl Iterator<Item = u8>, boxes: &[BoundingBox], max_cells: usize) -> Option<Cover> {
    for level in levels {
        if count_cells(boxes, level) > max_cells as u64 {
            continue;
        }
        let mut cells = Vec::new();
        for &bounds in boxes {
            let of_box = columns(bounds, level)
                .flat_map(|column| rows(bounds, level).map(move |row| interleave(column, row)))
                .map(|cell| CoverCell { cell, bounds });
            let start = cells.len();
            cells.extend(of_box);
            cells[start..].sort_unstable_by_key(|covered: &CoverCell| covered.cell);
        }
        return Some(Cover { level, cells });
    }
    None
}

type Span = std::ops::RangeInclusive<u32>;

fn columns(bounds: BoundingBox, level: u8) -> Span {
    column(bounds.west, level)..=column(bounds.east, level)
}

fn rows(bounds: BoundingBox, level: u8) -> Span {
    row(bounds.south, level)..=row(bounds.north, level)
}

fn extent(span: &Span) -> u64 {
    u64::from(span.end() - span.start()) + 1
}
