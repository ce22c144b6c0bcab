//! The boundaries of reviews.

use jiff::civil::{date, time};
use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stars(number: i64) -> Stars {
    Stars::new(number).unwrap()
}

/// A stay in Paris that ends on the day before the clocks go forward.
fn window() -> ReviewWindow {
    ReviewWindow::of(date(2026, 3, 28), time(11, 0, 0, 0), &TimeZoneName::parse("Europe/Paris").unwrap())
}

#[test]
fn the_window_is_fourteen_days_by_the_clocks_of_the_property() {
    assert_eq!(window().opens_at, at("2026-03-28T10:00:00Z"));
    // Summer time has begun meanwhile: the same time of day there, an hour less in between.
    assert_eq!(window().closes_at, at("2026-04-11T09:00:00Z"));
}

#[rstest]
#[case::before_check_out(BookingStatus::Confirmed, "2026-03-28T09:59:59.999Z", Err(ErrorCode::StayNotCompleted))]
#[case::ended_but_not_swept(BookingStatus::Confirmed, "2026-03-28T10:00:00Z", Ok(()))]
#[case::completed(BookingStatus::Completed, "2026-03-28T10:01:00Z", Ok(()))]
#[case::last_moment(BookingStatus::Completed, "2026-04-11T08:59:59.999Z", Ok(()))]
#[case::closed(BookingStatus::Completed, "2026-04-11T09:00:00Z", Err(ErrorCode::ReviewWindowClosed))]
#[case::closed_and_never_swept(BookingStatus::Confirmed, "2026-04-11T09:00:00Z", Err(ErrorCode::ReviewWindowClosed))]
#[case::unpaid(BookingStatus::PendingPayment, "2026-03-29T00:00:00Z", Err(ErrorCode::StayNotCompleted))]
#[case::unanswered(BookingStatus::PendingHost, "2026-03-29T00:00:00Z", Err(ErrorCode::StayNotCompleted))]
#[case::cancelled(BookingStatus::Cancelled, "2026-03-29T00:00:00Z", Err(ErrorCode::StayNotCompleted))]
#[case::expired(BookingStatus::Expired, "2026-03-29T00:00:00Z", Err(ErrorCode::StayNotCompleted))]
#[case::declined(BookingStatus::Declined, "2026-03-29T00:00:00Z", Err(ErrorCode::StayNotCompleted))]
#[case::never_came(BookingStatus::NoShow, "2026-05-29T00:00:00Z", Err(ErrorCode::StayNotCompleted))]
fn completed_stays_are_reviewed_within_the_window(
    #[case] status: BookingStatus,
    #[case] now: &str,
    #[case] expected: Result<(), ErrorCode>,
) {
    assert_eq!(window().check(status, at(now)), expected);
}

#[rstest]
#[case::one_side_within_the_window(None, "2026-04-11T08:59:59Z", None)]
#[case::the_window_is_over(None, "2026-04-11T09:00:00Z", Some("2026-04-11T09:00:00Z"))]
#[case::long_over(None, "2027-01-01T00:00:00Z", Some("2026-04-11T09:00:00Z"))]
#[case::both_are_in(Some("2026-03-30T00:00:00Z"), "2026-03-30T00:00:00Z", Some("2026-03-30T00:00:00Z"))]
#[case::both_and_over(Some("2026-03-30T00:00:00Z"), "2026-05-01T00:00:00Z", Some("2026-03-30T00:00:00Z"))]
fn a_review_is_blind_until_both_are_in_or_the_window_is_over(
    #[case] both_in_at: Option<&str>,
    #[case] now: &str,
    #[case] expected: Option<&str>,
) {
    assert_eq!(published_at(both_in_at.map(at), window().closes_at, at(now)), expected.map(at));
}

#[rstest]
#[case(0, false)]
#[case(1, true)]
#[case(5, true)]
#[case(6, false)]
#[case(i64::MIN, false)]
#[case(i64::MAX, false)]
fn ratings_are_one_to_five(#[case] number: i64, #[case] valid: bool) {
    assert_eq!(Stars::new(number).is_ok(), valid);
    assert_eq!(serde_json::from_value::<Stars>(number.into()).is_ok(), valid);
}

#[test]
fn texts_have_their_limits() {
    assert_eq!(ReviewText::parse(" \n").unwrap_err().code, "required");
    assert!(ReviewText::parse(&"é".repeat(2_000)).is_ok());
    assert_eq!(ReviewText::parse(&"é".repeat(2_001)).unwrap_err().code, "text_too_long");
    assert_eq!(ReviewText::parse("a\0b").unwrap_err().code, "invalid_characters");
    assert_eq!(ReviewText::parse("Lovely.\nThank you!").unwrap().as_str(), "Lovely.\nThank you!");
    assert!(ReportReason::parse(&"r".repeat(1_000)).is_ok());
    assert_eq!(ReportReason::parse(&"r".repeat(1_001)).unwrap_err().code, "text_too_long");
}

#[rstest]
#[case(&[], None)]
#[case(&[5], Some(5.0))]
#[case(&[5, 4], Some(4.5))]
#[case(&[5, 5, 4], Some(4.67))]
#[case(&[5, 4, 4], Some(4.33))]
#[case::half_goes_up(&[1, 1, 1, 1, 1, 1, 1, 2], Some(1.13))]
fn averages_are_rounded_to_hundredths(#[case] ratings: &[i64], #[case] expected: Option<f64>) {
    let mut tally = Tally::default();
    ratings.iter().for_each(|rating| tally.add(stars(*rating)));
    assert_eq!(tally.average(), expected);
}

#[test]
fn a_category_counts_those_who_rated_it() {
    let mut rating = PropertyRating::default();
    rating.add(stars(5), &BTreeMap::from([(ReviewCategory::Value, stars(3))]));
    rating.add(stars(4), &BTreeMap::from([(ReviewCategory::Value, stars(4)), (ReviewCategory::CheckIn, stars(5))]));
    rating.add(stars(3), &BTreeMap::new());
    assert_eq!(rating.overall, Tally { count: 3, sum: 12 });
    assert_eq!(serde_json::to_value(rating.averages()).unwrap(), serde_json::json!({ "check_in": 5.0, "value": 3.5 }));
}

proptest! {
    #[test]
    fn averages_stay_in_their_range(ratings in proptest::collection::vec(1_i64..=5, 1..200)) {
        let mut rating = PropertyRating::default();
        ratings.iter().for_each(|number| rating.add(stars(*number), &BTreeMap::new()));
        let average = rating.overall.average().unwrap();
        prop_assert!((1.0..=5.0).contains(&average));
    }
}
