//! Movements of a payment that the guest's bank takes back. `withdrawal` and `reinstatement` are the provider's names
//! of its own movements, so that each is posted once.

use std::fmt::Display;

use super::{Account, Movement, MovementKind, Subject};
use crate::money::{Money, share_half_up};
use crate::pricing::Price;

/// The bank took `amount`, and the provider charged `fee` for it (none below nothing); both of one currency.
pub fn dispute_withdrawn(of: Subject, withdrawal: impl Display, amount: Money, fee_minor: i64) -> Movement {
    let lines = [
        (Account::Disputes, amount.amount),
        (Account::ProviderFees, fee_minor),
        (Account::ProviderBalance, -(amount.amount + fee_minor)),
    ];
    of.movement(MovementKind::DisputeWithdrawn, format!("dispute:{withdrawal}"), amount.currency, lines)
}

/// The bank gave `amount` again, and the provider `fee_minor` of its fee.
pub fn dispute_reinstated(of: Subject, reinstatement: impl Display, amount: Money, fee_minor: i64) -> Movement {
    let lines = [
        (Account::ProviderBalance, amount.amount + fee_minor),
        (Account::ProviderFees, -fee_minor),
        (Account::Disputes, -amount.amount),
    ];
    of.movement(MovementKind::DisputeReinstated, format!("dispute:{reinstatement}"), amount.currency, lines)
}

/// The bank decided for the guest: what is contested is lost, the host's share of it to the host.
pub fn dispute_lost(of: Subject, dispute: impl Display, amount: Money, price: &Price) -> Movement {
    let host = match price.total.amount {
        ..=0 => 0,
        total => share_half_up(amount.amount, price.host_payout.amount, total),
    };
    let lines = [
        (Account::HostPayable, host),
        (Account::DisputeLosses, amount.amount - host),
        (Account::Disputes, -amount.amount),
    ];
    of.movement(MovementKind::DisputeLost, format!("dispute_lost:{dispute}"), amount.currency, lines)
}
