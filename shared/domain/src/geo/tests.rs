use proptest::prelude::*;
use rstest::rstest;

use super::grid::{CoverCell, LEVELS, MAX_COVER_CELLS, WORLD_LEVEL, cell, cell_centre, cover, ranges};
use super::*;

fn point(latitude: f64, longitude: f64) -> Point {
    Point::new(latitude, longitude).unwrap()
}

fn boxed(text: &str) -> BoundingBox {
    text.parse().unwrap()
}

#[rstest]
#[case(90.0, true)]
#[case(-90.0, true)]
#[case(90.000_001, false)]
#[case(f64::NAN, false)]
#[case(f64::INFINITY, false)]
#[case(f64::NEG_INFINITY, false)]
fn latitudes_end_at_the_poles(#[case] degrees: f64, #[case] valid: bool) {
    assert_eq!(Latitude::new(degrees).map_err(|invalid| invalid.code).is_ok(), valid);
}

#[test]
fn longitudes_end_at_the_antimeridian() {
    assert!(Longitude::new(180.0).is_ok() && Longitude::new(-180.0).is_ok());
    assert_eq!(Longitude::new(180.000_001).unwrap_err().code, "out_of_range");
    assert!(Longitude::from_microdegrees(180_000_001).is_err());
}

#[test]
fn degrees_are_kept_to_six_decimals() {
    let place = point(48.856_614_4, -2.352_221_9);
    assert_eq!((place.latitude.microdegrees(), place.longitude.microdegrees()), (48_856_614, -2_352_222));
    let json = serde_json::json!({"latitude": 48.856614, "longitude": -2.352222});
    assert_eq!(serde_json::to_value(place).unwrap(), json);
    assert_eq!(serde_json::from_value::<Point>(json).unwrap(), place);
    assert!(serde_json::from_value::<Point>(serde_json::json!({"latitude": 91, "longitude": 0})).is_err());
}

#[rstest]
#[case("48.5,2", Some((48.5, 2.0)))]
#[case(" 48.5 , -2 ", Some((48.5, -2.0)))]
#[case("48.5", None)]
#[case("48.5,2,3", None)]
#[case("48.5,", None)]
#[case("nan,2", None)]
#[case("inf,2", None)]
#[case("1e1,2", None)]
#[case("--1,2", None)]
#[case("91,2", None)]
#[case("", None)]
fn points_are_two_plain_numbers(#[case] text: &str, #[case] expected: Option<(f64, f64)>) {
    assert_eq!(text.parse::<Point>().ok(), expected.map(|(lat, lng)| point(lat, lng)));
}

#[rstest]
#[case(point(48.8566, 2.3522), point(51.5074, -0.1278), 343_556.0)]
#[case(point(0.0, 179.5), point(0.0, -179.5), 111_195.0)]
#[case(point(90.0, 0.0), point(-90.0, 0.0), 20_015_115.0)]
#[case(point(0.0, 0.0), point(0.0, 180.0), 20_015_115.0)]
#[case(point(1.0, 1.0), point(1.0, 1.0), 0.0)]
fn distances_are_along_the_sphere(#[case] a: Point, #[case] b: Point, #[case] metres: f64) {
    assert!((haversine_metres(a, b) - metres).abs() < 5.0, "{}", haversine_metres(a, b));
}

#[rstest]
#[case("2,48,3,49", "2,48,3,49")]
#[case("170,-10,-170,10", "170,-10,-170,10")]
#[case("-180,-90,180,90", "-180,-90,180,90")]
#[case("2,48,2,48", "2,48,2,48")]
fn boxes_are_west_south_east_north(#[case] text: &str, #[case] shown: &str) {
    assert_eq!(boxed(text).to_string(), shown);
}

#[rstest]
#[case("2,49,3,48", "out_of_range")]
#[case("2,48,3,91", "out_of_range")]
#[case("-181,48,3,49", "out_of_range")]
#[case("2,48,3", "invalid_format")]
#[case("2,48,3,49,50", "invalid_format")]
#[case("a,b,c,d", "invalid_format")]
#[case("NaN,48,3,49", "invalid_format")]
#[case("", "invalid_format")]
fn boxes_that_make_no_sense_are_refused(#[case] text: &str, #[case] code: &str) {
    assert_eq!(text.parse::<BoundingBox>().unwrap_err().code, code);
}

#[test]
fn a_box_over_the_antimeridian_is_two() {
    let pacific = boxed("170,-10,-170,10");
    assert_eq!(pacific.split(), [boxed("170,-10,180,10"), boxed("-180,-10,-170,10")]);
    assert!(
        pacific.contains(point(0.0, 175.0))
            && pacific.contains(point(0.0, -175.0))
            && pacific.contains(point(0.0, 180.0))
    );
    assert!(!pacific.contains(point(0.0, 0.0)) && !pacific.contains(point(11.0, 175.0)));
    assert_eq!(boxed("2,48,3,49").split(), [boxed("2,48,3,49")]);
}

#[rstest]
#[case(point(-90.0, -180.0), 0)]
#[case(point(-90.0, 0.0), 1)]
#[case(point(0.0, -180.0), 2)]
#[case(point(0.0, 0.0), 3)]
#[case(point(90.0, 180.0), 3)]
fn the_first_level_is_four_quarters(#[case] place: Point, #[case] expected: i32) {
    assert_eq!(cell(place, 1), expected);
    assert_eq!(cell(place, 0), 0);
}

#[test]
fn cells_are_pinned_because_the_database_keeps_them() {
    assert_eq!(LEVELS, [5, 8, 11, 14]);
    let of_level = LEVELS.map(|level| cell(point(48.856614, 2.352222), level));
    assert_eq!(of_level, [896, 57_379, 3_672_283, 235_026_159]);
    assert_eq!(of_level.map(i64::from), LEVELS.map(|level| 235_026_159_i64 >> grid::shift_to(level)));
}

#[test]
fn a_city_is_a_few_deep_cells_and_the_world_is_one() {
    let paris = cover(&[boxed("2.25,48.81,2.42,48.91")], MAX_COVER_CELLS);
    assert_eq!(paris.level, 11);
    assert!(paris.cells.len() <= MAX_COVER_CELLS);
    let street = cover(&[boxed("2.350,48.855,2.354,48.857")], MAX_COVER_CELLS);
    assert_eq!(street.level, 14);
    let world = cover(&[boxed("-180,-90,180,90")], MAX_COVER_CELLS);
    let everything = CoverCell { cell: 0, bounds: boxed("-180,-90,180,90") };
    assert_eq!((world.level, world.cells), (WORLD_LEVEL, vec![everything]));
}

#[test]
fn both_sides_of_the_antimeridian_share_the_limit() {
    let fiji = boxed("176.5,-19.5,-178.5,-15.5");
    let both = cover(&fiji.split(), MAX_COVER_CELLS);
    assert!(both.level >= 5 && both.cells.len() <= MAX_COVER_CELLS);
    assert!(fiji.split().iter().all(|part| both.cells.iter().any(|covered| covered.bounds == *part)));
}

fn any_point() -> impl Strategy<Value = Point> {
    (-90_000_000..=90_000_000, -180_000_000..=180_000_000)
        .prop_map(|(latitude, longitude)| Point::from_microdegrees(latitude, longitude).unwrap())
}

/// Boxes of all sizes, most of them small.
fn any_box() -> impl Strategy<Value = BoundingBox> {
    (any_point(), 0_i32..9, 0.0..1.0_f64, 0.0..1.0_f64).prop_map(|(corner, size, width, height)| {
        let scale = 360.0 / 6_f64.powi(size);
        let west = corner.longitude.degrees();
        let east = west + width * scale;
        let east = if east > 180.0 { east - 360.0 } else { east };
        let south = corner.latitude.degrees();
        BoundingBox::new(west, south, east, (south + height * scale).min(90.0)).unwrap()
    })
}

/// A point of the box, from two fractions.
fn inside(area: BoundingBox, across: f64, up: f64) -> Point {
    let part = area.split()[usize::from(across > 0.5) % area.split().len()];
    let between = |low: f64, high: f64, at: f64| (low + (high - low) * at).clamp(low, high);
    point(
        between(part.south.degrees(), part.north.degrees(), up),
        between(part.west.degrees(), part.east.degrees(), across),
    )
}

proptest! {
    #[test]
    fn every_point_of_a_box_is_in_a_cell_of_its_cover(
        area in any_box(), across in 0.0..=1.0_f64, up in 0.0..=1.0_f64, max_cells in 1_usize..=20,
    ) {
        let place = inside(area, across, up);
        prop_assert!(area.contains(place));
        let cover = cover(&area.split(), max_cells);
        let own = cell(place, cover.level);
        let holds = |covered: &&CoverCell| covered.cell == own && covered.bounds.contains(place);
        // On the very antimeridian it may be in both parts' cells, but then on the edge of one alone.
        prop_assert_eq!(cover.cells.iter().filter(holds).count(), 1, "{} {:?}", area, place);
        prop_assert!(cover.cells.len() <= max_cells.max(area.split().len()));
    }

    #[test]
    fn every_point_of_a_box_is_in_one_range_of_its_cells(
        area in any_box(), across in 0.0..=1.0_f64, up in 0.0..=1.0_f64, max_ranges in 2_usize..=40,
    ) {
        let place = inside(area, across, up);
        let found = ranges(&area.split(), grid::FINEST_LEVEL, max_ranges);
        prop_assert!(found.len() <= max_ranges);
        let own = cell(place, grid::FINEST_LEVEL);
        let holds = |range: &&grid::CellRange| (range.first..=range.last).contains(&own) && range.bounds.contains(place);
        prop_assert_eq!(found.iter().filter(holds).count(), 1, "{} {:?}", area, place);
    }

    #[test]
    fn the_middle_of_a_cell_lies_in_it(place in any_point(), level in 0_u8..=15) {
        let own = cell(place, level);
        prop_assert_eq!(cell(cell_centre(own, level), level), own);
    }

    #[test]
    fn the_cover_is_of_the_deepest_level_that_fits(area in any_box()) {
        let found = cover(&area.split(), MAX_COVER_CELLS);
        let deeper = LEVELS.into_iter().find(|level| *level > found.level);
        if let Some(level) = deeper {
            let mut corners: Vec<_> = Vec::new();
            for part in area.split() {
                for latitude in 0..=40 {
                    for longitude in 0..=40 {
                        let at = |low: f64, high: f64, step: i32| (low + (high - low) * f64::from(step) / 40.0).clamp(low, high);
                        corners.push(cell(point(
                            at(part.south.degrees(), part.north.degrees(), latitude),
                            at(part.west.degrees(), part.east.degrees(), longitude),
                        ), level));
                    }
                }
            }
            corners.sort_unstable();
            corners.dedup();
            prop_assert!(corners.len() > MAX_COVER_CELLS, "{area} fits level {level}");
        }
    }

    #[test]
    fn a_cell_lies_in_its_parent(place in any_point(), level in 1_u8..=15) {
        prop_assert_eq!(cell(place, level) >> 2, cell(place, level - 1));
        prop_assert!((0..1_i32 << (2 * level)).contains(&cell(place, level)));
    }

    #[test]
    fn public_points_lie_150_to_400_metres_off(place in any_point(), bearing in 0.0..1.0_f64, distance in 0.0..1.0_f64) {
        let metres = haversine_metres(place, PublicOffset::draw(bearing, distance).applied_to(place));
        prop_assert!(PUBLIC_OFFSET_METRES.contains(&metres), "{place:?} moved {metres}");
    }

    #[test]
    fn an_offset_is_known_again_from_both_points(
        latitude in -89.0..89.0_f64, longitude in -180.0..180.0_f64, bearing in 0.0..1.0_f64, distance in 0.0..1.0_f64,
    ) {
        let exact = point(latitude, longitude);
        let public = PublicOffset::draw(bearing, distance).applied_to(exact);
        prop_assert_eq!(PublicOffset::between(exact, public).applied_to(exact), public);
    }

    #[test]
    fn everything_within_the_radius_is_in_the_box_around(
        centre in any_point(), bearing in 0.0..std::f64::consts::TAU, radius in 0.0..2_000_000.0_f64, part in 0.0..=1.0_f64,
    ) {
        let place = destination(centre, bearing, radius * part);
        prop_assert!(BoundingBox::around(centre, radius).contains(place), "{centre:?} {place:?}");
    }

    #[test]
    fn microdegrees_survive_degrees(place in any_point()) {
        prop_assert_eq!(point(place.latitude.degrees(), place.longitude.degrees()), place);
    }

    #[test]
    fn no_text_panics(text: String) {
        let parsed = (text.parse::<Point>(), text.parse::<BoundingBox>());
        prop_assert!(parsed.0.is_err() || parsed.1.is_err());
    }
}

#[rstest]
#[case("1,1,2,2", "3,0,4,1", "1,0,4,2")]
#[case("1,1,4,2", "2,0,3,1", "1,0,4,2")]
#[case::across_the_antimeridian("178,0,179,1", "-179,0,-178,1", "178,0,-178,1")]
#[case::both_across("170,0,-175,1", "175,0,-170,1", "170,0,-170,1")]
#[case::all_the_way_round("-90,0,100,1", "90,0,-80,1", "-180,0,180,1")]
fn two_boxes_are_held_by_the_narrowest_that_holds_both(#[case] one: &str, #[case] other: &str, #[case] both: &str) {
    let parsed = |text: &str| text.parse::<BoundingBox>().unwrap();
    assert_eq!(parsed(one).with(parsed(other)), parsed(both));
    assert_eq!(parsed(other).with(parsed(one)), parsed(both));
}
