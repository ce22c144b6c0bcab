use jiff::civil::{date, time};

use super::*;
use crate::stay::{Guests, broken_rules};
use crate::time_zone::TimeZoneName;

fn span(from: Date, to: Date) -> DaySpan {
    DaySpan::new(from, to).expect("a span")
}

fn price(minor: Option<i64>) -> NightChange {
    NightChange { price_minor: Some(minor), ..NightChange::default() }
}

#[test]
fn a_span_has_at_least_one_day_and_at_most_400() {
    let from = date(2027, 3, 1);
    assert_eq!(DaySpan::new(from, from).expect_err("empty").code, "to_not_after_from");
    assert_eq!(DaySpan::new(from, date(2027, 2, 28)).expect_err("reversed").code, "to_not_after_from");
    let to = from.checked_add(400.days()).expect("a day");
    assert_eq!(span(from, to).days().count(), 400);
    assert_eq!(DaySpan::new(from, to.tomorrow().expect("a day")).expect_err("long").code, "too_many_days");
}

#[test]
fn the_last_change_of_a_night_wins_field_by_field() {
    let (first, second, third) = (date(2027, 3, 1), date(2027, 3, 2), date(2027, 3, 3));
    let blocked = NightChange { available: Some(false), price_minor: Some(Some(100)), ..NightChange::default() };
    let by_night = changes_by_night(&[(span(first, third), blocked.clone()), (span(second, third), price(None))]);
    assert_eq!(by_night.len(), 2, "the last day is not in");
    assert_eq!(by_night[&first], blocked);
    assert_eq!(by_night[&second], NightChange { price_minor: Some(None), ..blocked });
}

#[test]
fn what_a_change_leaves_out_stays_and_null_goes_back() {
    let settings = NightSettings { price_minor: Some(5), note: Some("n".to_owned()), ..NightSettings::default() };
    let kept = settings.clone().changed(&NightChange::default());
    assert_eq!(kept, settings);
    let cleared = settings.changed(&NightChange { note: Some(None), ..price(None) });
    assert!(cleared.says_nothing());
    let opened = NightSettings { blocked: true, ..NightSettings::default() }
        .changed(&NightChange { available: Some(true), ..NightChange::default() });
    assert!(opened.says_nothing());
}

#[test]
fn changes_far_apart_are_too_wide() {
    let near = (span(date(2027, 1, 1), date(2027, 1, 2)), price(None));
    let far = |day: Date| (span(day.yesterday().expect("a day"), day), price(None));
    let limit = date(2027, 1, 1).checked_add(800.days()).expect("a day");
    assert!(!is_too_wide(&[far(limit), near.clone()]));
    assert!(is_too_wide(&[near, far(limit.tomorrow().expect("a day"))]));
    assert!(!is_too_wide(&[]));
}

/// A night that nobody takes is open exactly when a stay may arrive on it, whatever notice and window.
#[test]
fn a_free_night_is_open_exactly_when_a_stay_may_arrive_on_it() {
    for (zone, notice, window, hour) in [
        ("Europe/Paris", 0, 3, 15),
        ("Pacific/Kiritimati", 30, 2, 0),
        ("Pacific/Pago_Pago", 49, 5, 23),
        ("UTC", 90, 2, 12),
    ] {
        let rules = StayRules {
            min_nights: 1,
            max_nights: 30,
            advance_notice_hours: notice,
            booking_window_days: window,
            max_guests: 2,
            pets_allowed: false,
            check_in_time: time(hour, 0, 0, 0),
            time_zone: TimeZoneName::parse(zone).expect("a zone"),
            preparation_nights: 0,
        };
        let guests = Guests { adults: 1, children: 0, infants: 0, pets: 0 };
        for minutes in (0..3 * 1_440).step_by(97) {
            let now: Timestamp = "2027-03-27T00:00:00Z".parse().expect("an instant");
            let now = now + i64::from(minutes).minutes();
            let arrivals = Arrivals::at(&rules, now);
            for night in date(2027, 3, 24).series(1.day()).take(14) {
                let broken = broken_rules(&rules, night, night.tomorrow().expect("a day"), guests, false, now);
                let codes: Vec<_> = broken.iter().map(|rule| rule.code().replace("in_the_", "")).collect();
                let reason = arrivals.reason(night, &NightSettings::default(), NightTaken::default());
                let said: Vec<_> = reason.iter().map(|reason| reason.as_str().to_owned()).collect();
                assert_eq!(said, codes, "{night} at {now} in {zone}");
            }
        }
    }
}

#[test]
fn what_takes_a_night_is_named_before_the_rules() {
    let arrivals = Arrivals { today: date(2027, 3, 1), first: None, last: date(2027, 3, 5) };
    let night = date(2027, 3, 2);
    let blocked = NightSettings { blocked: true, ..NightSettings::default() };
    let booked = |preparation| NightTaken { booking: Some(Preparation(preparation)), imported: true };
    let imported = NightTaken { booking: None, imported: true };
    let open = NightSettings::default();
    assert_eq!(arrivals.reason(date(2027, 2, 28), &blocked, booked(false)), Some(NightReason::Past));
    assert_eq!(arrivals.reason(night, &blocked, booked(false)), Some(NightReason::Booked));
    assert_eq!(arrivals.reason(night, &blocked, booked(true)), Some(NightReason::Preparation));
    assert_eq!(arrivals.reason(night, &blocked, imported), Some(NightReason::Blocked));
    assert_eq!(arrivals.reason(night, &open, imported), Some(NightReason::Imported));
    assert_eq!(arrivals.reason(night, &open, NightTaken::default()), Some(NightReason::TooSoon));
}
