//! Stripe's disputes: <https://docs.stripe.com/api/disputes/object>.

use domain::error::{Error, Result};
use jiff::Timestamp;
use serde::Deserialize;
use services::ports::{DisputeMovement, ProviderDispute};

use super::units;

#[derive(Deserialize)]
pub(super) struct List {
    data: Vec<Dispute>,
}

#[derive(Deserialize)]
pub(super) struct Dispute {
    id: String,
    payment_intent: Option<String>,
    amount: i64,
    currency: String,
    status: String,
    reason: String,
    evidence_details: Option<EvidenceDetails>,
    balance_transactions: Vec<Movement>,
}

#[derive(Deserialize)]
struct EvidenceDetails {
    due_by: Option<i64>,
}

#[derive(Deserialize)]
struct Movement {
    id: String,
    amount: i64,
    fee: i64,
    currency: String,
}

impl List {
    pub(super) fn read(self) -> Result<Vec<ProviderDispute>> {
        // Disputes of charges without an intent are not of this product.
        self.data.into_iter().filter(|dispute| dispute.payment_intent.is_some()).map(Dispute::read).collect()
    }
}

impl Dispute {
    pub(super) fn read(self) -> Result<ProviderDispute> {
        let intent_id = self.payment_intent.ok_or_else(|| Error::internal("a dispute of no intent"))?;
        let due_by = self.evidence_details.and_then(|details| details.due_by);
        Ok(ProviderDispute {
            id: self.id,
            intent_id,
            amount: units::from_provider(self.amount, units::currency(&self.currency)?)?,
            status: self.status.parse().map_err(Error::internal)?,
            reason: self.reason,
            respond_by: due_by.map(Timestamp::from_second).transpose().map_err(Error::internal)?,
            movements: self.balance_transactions.into_iter().map(Movement::read).collect::<Result<_>>()?,
        })
    }
}

impl Movement {
    fn read(self) -> Result<DisputeMovement> {
        let currency = units::currency(&self.currency)?;
        Ok(DisputeMovement {
            id: self.id,
            amount: units::from_provider(self.amount, currency)?,
            fee_minor: units::rounded_from_provider(self.fee, currency).amount,
        })
    }
}
