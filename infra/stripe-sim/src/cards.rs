//! Stripe's test cards, by number and by `pm_card_…`, and what the bank does with each. Facts from Stripe's
//! documentation of testing. Must not act.

use crate::error::StripeError;

/// What happens when a card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Approve,
    Decline(&'static Decline),
    /// The bank wants to see the holder first (3-D Secure).
    Authenticate,
    /// Approves; the money is available at once.
    BypassPending,
    /// Approves, and then the holder disputes it.
    Dispute,
    /// Approves; a refund of it stays pending for a moment.
    RefundPending,
    /// Approves; a refund of it succeeds at first and fails then.
    RefundFails,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) decline_code: &'static str,
    pub(crate) message: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) number: &'static str,
    /// The ready-made PaymentMethod of this card, if Stripe has one.
    pub(crate) payment_method: Option<&'static str>,
    pub(crate) brand: &'static str,
    pub(crate) behaviour: Behaviour,
}

impl Card {
    pub(crate) fn last4(&self) -> &'static str {
        &self.number[self.number.len().saturating_sub(4)..]
    }
}

static GENERIC: Decline =
    Decline { code: "card_declined", decline_code: "generic_decline", message: "Your card was declined." };
static INSUFFICIENT: Decline =
    Decline { code: "card_declined", decline_code: "insufficient_funds", message: "Your card has insufficient funds." };
static EXPIRED: Decline =
    Decline { code: "expired_card", decline_code: "expired_card", message: "Your card has expired." };
static CVC: Decline = Decline {
    code: "incorrect_cvc",
    decline_code: "incorrect_cvc",
    message: "Your card's security code is incorrect.",
};
static PROCESSING: Decline = Decline {
    code: "processing_error",
    decline_code: "processing_error",
    message: "An error occurred while processing your card. Try again in a little bit.",
};

const fn visa(number: &'static str, payment_method: &'static str, behaviour: Behaviour) -> Card {
    Card { number, payment_method: Some(payment_method), brand: "visa", behaviour }
}

/// Every test card known here.
pub(crate) static CARDS: [Card; 14] = [
    visa("4242424242424242", "pm_card_visa", Behaviour::Approve),
    Card {
        number: "5555555555554444",
        payment_method: Some("pm_card_mastercard"),
        brand: "mastercard",
        behaviour: Behaviour::Approve,
    },
    visa("4000000000000002", "pm_card_visa_chargeDeclined", Behaviour::Decline(&GENERIC)),
    visa("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds", Behaviour::Decline(&INSUFFICIENT)),
    visa("4000000000000069", "pm_card_chargeDeclinedExpiredCard", Behaviour::Decline(&EXPIRED)),
    visa("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", Behaviour::Decline(&CVC)),
    visa("4000000000000119", "pm_card_chargeDeclinedProcessingError", Behaviour::Decline(&PROCESSING)),
    visa("4000002760003184", "pm_card_authenticationRequired", Behaviour::Authenticate),
    visa("4000000000003220", "pm_card_threeDSecure2Required", Behaviour::Authenticate),
    visa("4000000000000259", "pm_card_createDispute", Behaviour::Dispute),
    visa("4000000000000077", "pm_card_bypassPending", Behaviour::BypassPending),
    visa("4000000000007726", "pm_card_pendingRefund", Behaviour::RefundPending),
    visa("4000000000005126", "pm_card_refundFail", Behaviour::RefundFails),
    Card {
        number: "4000056655665556",
        payment_method: Some("pm_card_visa_debit"),
        brand: "visa",
        behaviour: Behaviour::Approve,
    },
];

/// Other spellings of the same ready-made PaymentMethods.
const ALIASES: [(&str, &str); 5] = [
    ("pm_card_chargeDeclined", "pm_card_visa_chargeDeclined"),
    ("pm_card_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedInsufficientFunds"),
    ("pm_card_visa_chargeDeclinedExpiredCard", "pm_card_chargeDeclinedExpiredCard"),
    ("pm_card_visa_chargeDeclinedIncorrectCvc", "pm_card_chargeDeclinedIncorrectCvc"),
    ("pm_card_visa_chargeDeclinedProcessingError", "pm_card_chargeDeclinedProcessingError"),
];

pub(crate) fn by_payment_method(id: &str) -> Option<&'static Card> {
    let id = ALIASES.iter().find(|(alias, _)| *alias == id).map_or(id, |(_, known)| known);
    CARDS.iter().find(|card| card.payment_method == Some(id))
}

/// The card of a number as a guest types it.
pub(crate) fn by_number(number: &str) -> Result<&'static Card, StripeError> {
    let number: String = number.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    if !passes_luhn(&number) {
        return Err(StripeError::new(402, "card_error", "Your card number is incorrect.")
            .code("incorrect_number")
            .param("number"));
    }
    CARDS.iter().find(|card| card.number == number).ok_or_else(|| {
        let message = "Your card was declined. Your request was in test mode, but used a non test card. For a list of \
                       valid test cards, visit: https://docs.stripe.com/testing.";
        StripeError::new(402, "card_error", message)
            .code("card_declined")
            .with("decline_code", "test_mode_live_card".into())
    })
}

/// A card in a file: its number.
pub(crate) mod kept_card {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{CARDS, Card};

    pub(crate) fn serialize<S: Serializer>(card: &Card, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(card.number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Card, D::Error> {
        let number = String::deserialize(deserializer)?;
        CARDS.iter().find(|card| card.number == number).ok_or_else(|| D::Error::custom("no test card"))
    }
}

/// Why a card was declined, in a file: the bank's word for it.
pub(crate) mod kept_decline {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{Behaviour, CARDS, Decline};

    pub(crate) fn serialize<S: Serializer>(decline: &Option<&Decline>, serializer: S) -> Result<S::Ok, S::Error> {
        decline.map(|decline| decline.decline_code).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<&'static Decline>, D::Error> {
        let Some(code) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        let known = CARDS.iter().find_map(|card| match card.behaviour {
            Behaviour::Decline(decline) if decline.decline_code == code => Some(decline),
            _ => None,
        });
        known.map(Some).ok_or_else(|| D::Error::custom("no test card is declined so"))
    }
}

fn passes_luhn(number: &str) -> bool {
    let digits: Option<Vec<u32>> = number.chars().rev().map(|character| character.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| (12..=19).contains(&digits.len())) else { return false };
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, digit * 2) {
        (0, _) => *digit,
        (_, double) if double > 9 => double - 9,
        (_, double) => double,
    };
    digits.iter().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_card_is_found_by_number_and_by_name() {
        for card in &CARDS {
            assert_eq!(by_number(card.number).ok(), Some(card));
            assert_eq!(card.payment_method.and_then(by_payment_method), Some(card));
        }
    }

    #[test]
    fn other_numbers_are_refused_as_stripe_does_in_test_mode() {
        let code = |number| by_number(number).err().and_then(|error| error.code);
        assert_eq!(code("4242424242424241"), Some("incorrect_number"));
        assert_eq!(code("4111111111111111"), Some("card_declined"));
        assert_eq!(code("4242 4242 4242 4242"), None);
        assert_eq!(code("abc"), Some("incorrect_number"));
    }
}
