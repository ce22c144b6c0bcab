//! What a receipt says, in words and written amounts: the same for every form of it. English, until there are
//! translations; amounts as in the guest's language.

use domain::money::Money;
use domain::money_text::money_in;
use domain::payment::RefundStatus;
use domain::property::format_time_of_day;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use services::receipts::Receipt;

/// A receipt in words.
#[derive(Debug, Serialize)]
pub(super) struct ReceiptPage {
    /// BCP 47 tag of the words.
    pub(super) language: &'static str,
    pub(super) title: String,
    /// What is known of the stay: a name and a value each.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) sections: Vec<Section>,
}

/// Amounts that belong together.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

/// One amount.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) amount: String,
    /// Whether it sums up those above.
    pub(super) is_sum: bool,
}

impl ReceiptPage {
    /// The receipt as its guest reads it.
    pub(super) fn of(receipt: &Receipt) -> Self {
        let row = |text: String, amount: Money, is_sum: bool| Row {
            text,
            amount: money_in(&receipt.guest.locale, amount),
            is_sum,
        };
        let price = &receipt.booking.price;
        let mut lines: Vec<Row> =
            price.lines.iter().map(|line| row(line.description.clone(), line.amount, false)).collect();
        lines.push(row("Total".to_owned(), price.total, true));
        let payments = receipt.payments.iter().map(|payment| {
            let amount = Money::new(payment.captured_minor, payment.amount.currency);
            row(format!("Card payment, {}", date(payment.created_at)), amount, false)
        });
        let refunds = receipt.refunds.iter().map(|refund| {
            let way = if refund.status == RefundStatus::Succeeded { "" } else { " (on its way)" };
            let text = format!("Refund, {}{way}: {}", date(refund.created_at), refund.reason);
            row(text, Money::new(-refund.amount.amount, refund.amount.currency), false)
        });
        let kept = row("Kept".to_owned(), receipt.kept(), true);
        let movements = payments.chain(refunds).chain([kept]).collect();
        Self {
            language: "en",
            title: format!("Receipt {}", receipt.booking.id),
            facts: facts(receipt),
            sections: vec![
                Section { title: "Price", rows: lines },
                Section { title: "Payments and refunds", rows: movements },
            ],
        }
    }
}

fn facts(receipt: &Receipt) -> Vec<(&'static str, String)> {
    let Receipt { booking, property, guest, host, .. } = receipt;
    let (details, dates) = (&property.details, booking.dates);
    let time = format_time_of_day;
    let mut facts = vec![
        ("Booking", format!("{} ({})", booking.id, booking.status.as_str().replace('_', " "))),
        ("Guest", format!("{} {}", guest.first_name, guest.last_name)),
        ("Host", host.first_name.to_string()),
        ("Place", details.title.clone().unwrap_or_default()),
        ("Address", receipt.address.clone().unwrap_or_default()),
        ("Check-in", format!("{}, from {}", dates.check_in(), time(details.rules.check_in_time))),
        ("Check-out", format!("{}, by {}", dates.check_out(), time(details.check_out_time))),
        ("Nights", dates.nights().to_string()),
        ("Guests", booking.guests.counted().to_string()),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn date(at: Timestamp) -> String {
    TimeZone::UTC.to_datetime(at).date().to_string()
}
