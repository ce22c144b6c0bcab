//! Movements of a payment that the guest's bank takes back. `moved` and `dispute` are the provider's names of its own
//! movements and disputes, so that each is posted once.

use std::fmt::Display;

use super::{Account, Movement, MovementKind, Subject};
use crate::money::{Money, share_half_up};
use crate::pricing::Price;

/// One movement of the provider's account for a dispute: the bank took an amount (below nothing) or gave it again
/// (above), and the provider charged `fee_minor` for it (below nothing: gave it back), both of one currency.
pub fn dispute_moved(of: Subject, moved: impl Display, amount: Money, fee_minor: i64) -> Movement {
    let kind = if amount.amount > 0 { MovementKind::DisputeReinstated } else { MovementKind::DisputeWithdrawn };
    let lines = [
        (Account::ProviderBalance, amount.amount - fee_minor),
        (Account::ProviderFees, fee_minor),
        (Account::Disputes, -amount.amount),
    ];
    of.movement(kind, format!("dispute:{moved}"), amount.currency, lines)
}

/// The bank decided for the guest: what is contested is lost. `guest_funds` is what the guest had with us anyhow, minor
/// units.
pub fn dispute_lost(of: Subject, dispute: impl Display, amount: Money, price: &Price, guest_funds: i64) -> Movement {
    let own = amount.amount.min(guest_funds.max(0));
    let rest = amount.amount - own;
    let host = match price.total.amount {
        ..=0 => 0,
        total => share_half_up(rest, price.host_payout.amount, total),
    };
    let lines = [
        (Account::GuestFunds, own),
        (Account::HostPayable, host),
        (Account::DisputeLosses, rest - host),
        (Account::Disputes, -amount.amount),
    ];
    of.movement(MovementKind::DisputeLost, format!("dispute_lost:{dispute}"), amount.currency, lines)
}

/// The same of quarantined money, which is nobody's.
pub fn quarantined_dispute_lost(of: Subject, dispute: impl Display, amount: Money) -> Movement {
    let source = format!("dispute_lost:{dispute}");
    of.transfer(MovementKind::DisputeLost, source, amount, Account::Disputes, Account::Suspense)
}
