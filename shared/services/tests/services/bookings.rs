//! What a guest may book, at which price, and what becomes of two who want the same.

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use domain::id::PropertyId;
use domain::money::{Currency, Money};
use jiff::SignedDuration;
use services::bookings::BookingRequest;
use services::quotes::{Offer, Quote};
use testkit::{Kit, in_days, one_adult, stay};
use tokio::task::JoinSet;

async fn offer(kit: &Kit, request: &BookingRequest) -> Offer {
    let dates = (request.check_in, request.check_out);
    match kit.services.quote(None, request.property_id, dates, request.guests).await.expect("a quote") {
        Quote::Bookable(offer) => offer,
        Quote::NotBookable { reasons, .. } => panic!("not bookable: {reasons:?}"),
    }
}

#[track_caller]
fn fault(error: &Error) -> (&str, &str) {
    let [fault] = error.fields() else { panic!("one fault, not {error}") };
    (&fault.pointer, fault.code)
}

#[tokio::test]
async fn a_quote_of_this_stay_is_taken_and_its_price_frozen() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let mut request = stay(property.id, (10, 13));
    let offer = offer(&kit, &request).await;
    request.quote_id = Some(offer.quote_id);
    request.expected_total = Some(offer.price.total);
    let booking = kit.try_to_book(&guest, &request).await.expect("booked");
    assert_eq!(booking.price, offer.price);
    assert_eq!(booking.status.as_str(), "pending_payment");
}

#[tokio::test]
async fn a_quote_that_was_altered_or_is_of_another_stay_is_refused() {
    let kit = Kit::start().await;
    let (property, other, guest) = (kit.listed_property().await, kit.listed_property().await, kit.guest().await);
    let request = stay(property.id, (10, 13));
    let quote_id = offer(&kit, &request).await.quote_id;

    let mut altered = quote_id.clone().into_bytes();
    let last = altered.len() / 2;
    altered[last] = if altered[last] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).expect("ASCII");
    for word in [altered.as_str(), "", "x", "🦀", &quote_id[1..]] {
        let forged = BookingRequest { quote_id: Some(word.to_owned()), ..request.clone() };
        let error = kit.try_to_book(&guest, &forged).await.expect_err(word);
        assert_eq!(fault(&error), ("/quote_id", "invalid_format"), "{word}");
    }
    let mut more = one_adult();
    more.adults = 2;
    let others = [
        BookingRequest { property_id: other.id, ..request.clone() },
        BookingRequest { check_out: in_days(14), ..request.clone() },
        BookingRequest { check_in: in_days(11), ..request.clone() },
        BookingRequest { guests: more, ..request.clone() },
    ];
    for other in others {
        let other = BookingRequest { quote_id: Some(quote_id.clone()), ..other };
        let error = kit.try_to_book(&guest, &other).await.expect_err("a quote of another stay");
        assert_eq!(fault(&error), ("/quote_id", "quote_mismatch"), "{other:?}");
    }
    // A cursor or refresh token is sealed too, but is no quote.
    let sealer = kit.services.sealer().await.expect("a key");
    let cursor = sealer.seal(services::sealing::Purpose::Cursor, b"{}");
    let forged = BookingRequest { quote_id: Some(cursor), ..request };
    assert_eq!(fault(&kit.try_to_book(&guest, &forged).await.expect_err("no quote")), ("/quote_id", "invalid_format"));
}

#[tokio::test]
async fn a_price_that_changed_is_refused_with_the_new_quote_which_is_then_taken() {
    let kit = Kit::start().await;
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let request = stay(property.id, (10, 13));
    let shown = offer(&kit, &request).await;
    let raise = "UPDATE properties SET base_price_minor = base_price_minor + 1 WHERE id = $1";
    kit.database.execute(raise, &[&property.id.uuid()]).await;
    let by_quote = BookingRequest { quote_id: Some(shown.quote_id), ..request.clone() };
    let by_total = BookingRequest { expected_total: Some(shown.price.total), ..request.clone() };
    for stale in [by_quote, by_total] {
        let error = kit.try_to_book(&guest, &stale).await.expect_err("another price");
        assert_eq!(error.code(), ErrorCode::QuoteChanged);
        let quote = &error.extra()["quote"];
        assert_eq!(quote["price"]["total"]["amount"], offer(&kit, &request).await.price.total.amount);
        let new = quote["quote_id"].as_str().expect("a quote").to_owned();
        let booking = kit.try_to_book(&guest, &BookingRequest { quote_id: Some(new), ..request.clone() }).await;
        let booking = booking.expect("the new price is today's");
        kit.database.execute("DELETE FROM bookings WHERE id = $1", &[&booking.id.uuid()]).await;
    }
    let in_euros = Money::new(offer(&kit, &request).await.price.total.amount, Currency::EUR);
    let error = kit.try_to_book(&guest, &BookingRequest { expected_total: Some(in_euros), ..request }).await;
    assert_eq!(error.expect_err("another currency").code(), ErrorCode::QuoteChanged);
}

#[tokio::test]
async fn who_is_not_verified_does_not_book_and_nobody_books_their_own() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit.listing_of(&host, |_| {}).await;
    let error = kit.try_to_book(&kit.unverified().await, &stay(property.id, (10, 13))).await.expect_err("unverified");
    assert_eq!(error.code(), ErrorCode::EmailUnverified);
    let error = kit.try_to_book(&host, &stay(property.id, (10, 13))).await.expect_err("own");
    assert_eq!(fault(&error), ("/property_id", "own_property"));
    let draft = kit.draft(&host, |_| {}).await;
    let error = kit.try_to_book(&kit.guest().await, &stay(draft.id, (10, 13))).await.expect_err("a draft");
    assert_eq!(fault(&error), ("/property_id", "not_found"));
    let error = kit.try_to_book(&kit.guest().await, &stay(PropertyId::new(), (10, 13))).await.expect_err("nothing");
    assert_eq!(fault(&error), ("/property_id", "not_found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unpaid_holds_are_counted_exactly_however_many_come_at_once() {
    let kit = Arc::new(Kit::start().await);
    let (property, guest) = (kit.listed_property().await, kit.guest().await);
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let (kit, guest, request) = (kit.clone(), guest.clone(), stay(property.id, (10 + 3 * n, 12 + 3 * n)));
        tasks.spawn(async move { kit.try_to_book(&guest, &request).await.map_err(|error| error.code()) });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 10);
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, [ErrorCode::TooManyHolds; 6]);
    // Another guest's count is another, and a hold that ran out does not count.
    kit.try_to_book(&kit.guest().await, &stay(property.id, (100, 101))).await.expect("another guest");
    kit.database.advance(SignedDuration::from_mins(15)).await;
    kit.try_to_book(&guest, &stay(property.id, (110, 111))).await.expect("all ten have run out");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_guests_gets_the_nights_and_the_others_are_told_so() {
    let kit = Arc::new(Kit::start().await);
    let property = kit.listed_property().await;
    let mut tasks = JoinSet::new();
    for n in 0..24 {
        let guest = kit.guest().await;
        let (kit, request) = (kit.clone(), stay(property.id, (10 + n % 3, 13 + n % 3)));
        tasks.spawn(async move { kit.try_to_book(&guest, &request).await.map_err(|error| error.code()) });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|outcome| !matches!(outcome, Err(code) if *code != ErrorCode::DatesUnavailable)));
}

/// A long hold runs out, and guests who want different nights of it come at the same moment: all of them get theirs.
#[tokio::test(flavor = "multi_thread")]
async fn nights_of_a_hold_that_ran_out_go_to_everybody_who_wants_others() {
    let kit = Arc::new(Kit::start().await);
    for round in 0..8 {
        let (property, first) = (kit.listed_property().await, kit.guest().await);
        kit.book(&first, property.id, (10, 40)).await;
        kit.database.advance(SignedDuration::from_mins(15)).await;
        let mut guests = Vec::new();
        for _ in 0..10 {
            guests.push(kit.guest().await);
        }
        let mut tasks = JoinSet::new();
        for (n, guest) in (0..).zip(guests) {
            let (kit, request) = (kit.clone(), stay(property.id, (10 + 3 * n, 13 + 3 * n)));
            tasks.spawn(async move { kit.try_to_book(&guest, &request).await.map_err(|error| error.code()) });
        }
        let refused: Vec<_> = tasks.join_all().await.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [], "round {round}: nobody holds these nights");
    }
}

#[tokio::test]
async fn the_most_expensive_stay_there_can_be_has_a_price() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let most = domain::money::MAX_AMOUNT_MINOR;
    let property = kit
        .listing_of(&host, |details| {
            details.base_price_minor = Some(most);
            details.cleaning_fee_minor = most;
            details.extra_guest_fee = Some(domain::pricing::ExtraGuestFee { after: 1, per_night_minor: most });
            details.rules.max_nights = 1_125;
            details.rules.max_guests = 50;
        })
        .await;
    let mut request = stay(property.id, (10, 10 + 1_125));
    request.guests.adults = 50;
    let offer = offer(&kit, &request).await;
    assert!(offer.price.total.amount > most);
    kit.try_to_book(&kit.guest().await, &request).await.expect("it fits the columns");
}
