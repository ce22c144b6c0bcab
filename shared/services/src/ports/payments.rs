//! The payment provider: what it is asked, and what it answers.

use async_trait::async_trait;
use domain::error::Result;
use domain::id::{BookingId, PaymentId, PayoutId, RefundId, ReversalId, UserId};
use domain::money::Money;
use domain::payment::{DisputeStatus, IntentStatus};
use domain::payout::PayoutAccountStatus;
use domain::property::CountryCode;
use jiff::Timestamp;

/// An attempt to pay, to be made at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIntent {
    /// Our attempt: the provider's idempotency key, so that asking twice makes one intent.
    pub payment_id: PaymentId,
    /// What is paid for.
    pub booking_id: BookingId,
    /// How much.
    pub amount: Money,
    /// Whether the card is authorised only, to be captured when the host accepts.
    pub manual_capture: bool,
}

/// What the provider says of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The provider's name of it.
    pub id: String,
    /// Our attempt, as we told the provider; none for an intent that is not ours.
    pub payment_id: Option<PaymentId>,
    /// Where it stands.
    pub status: IntentStatus,
    /// What is asked for.
    pub amount: Money,
    /// What was captured, minor units.
    pub captured_minor: i64,
    /// What lets a client confirm it with the provider's own library.
    pub client_secret: String,
    /// Until when an authorisation can be captured.
    pub capture_before: Option<Timestamp>,
    /// What the provider charged for it, once captured; none while it does not say.
    pub fee: Option<Money>,
    /// The provider's name of the latest failure.
    pub failure: Option<String>,
}

/// What became of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money is on its way; the provider's name of the refund.
    Done(String),
    /// The provider will never do it, and says why.
    Refused(String),
}

/// A payment that the guest's bank contests, as the provider says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDispute {
    /// The provider's name of it.
    pub id: String,
    /// The intent that is contested.
    pub intent_id: String,
    /// How much of it.
    pub amount: Money,
    /// Where it stands.
    pub status: DisputeStatus,
    /// The provider's code of why.
    pub reason: String,
    /// Until when evidence is taken.
    pub respond_by: Option<Timestamp>,
    /// What it did to the provider's account, all of one currency.
    pub movements: Vec<DisputeMovement>,
}

/// What a dispute did to the provider's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeMovement {
    /// The provider's name of it.
    pub id: String,
    /// Taken (below nothing) or given again.
    pub amount: Money,
    /// What the provider charged for it, minor units; below nothing when given back.
    pub fee_minor: i64,
}

/// The payment provider. A call that fails with `unavailable` may have had its effect: it is repeated with the same
/// names, or the intent is asked for; it is never taken as a "no".
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Makes an intent.
    async fn create_intent(&self, new: &NewIntent) -> Result<Intent>;
    /// Asks for an intent.
    async fn intent(&self, intent_id: &str) -> Result<Intent>;
    /// Captures an authorised intent; gives it as it then is, whether that could be done or not. Under the same `name`
    /// the provider gives its first answer again, also when that was its own failure.
    async fn capture(&self, intent_id: &str, name: &str) -> Result<Intent>;
    /// Cancels an intent; gives it as it then is, whether that could be done or not. Names are as for a capture.
    async fn cancel(&self, intent_id: &str, name: &str) -> Result<Intent>;
    /// Looks for a refund of an intent that was made under our name before; none when the provider knows of none.
    async fn find_refund(&self, refund_id: RefundId, intent_id: &str) -> Result<Option<RefundOutcome>>;
    /// Gives back money of a captured intent.
    async fn refund(&self, refund_id: RefundId, intent_id: &str, amount: Money) -> Result<RefundOutcome>;
    /// Asks what became of a refund, by the provider's name of it: banks may send money back later.
    async fn refund_outcome(&self, name: &str) -> Result<RefundOutcome>;
    /// Asks for a dispute, by the provider's name of it.
    async fn dispute(&self, name: &str) -> Result<ProviderDispute>;
    /// The disputes opened last, a hundred at most.
    async fn latest_disputes(&self) -> Result<Vec<ProviderDispute>>;
}

/// A host's account at the provider, as the provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderAccount {
    /// The provider's name of it.
    pub id: String,
    /// Whether it can be paid.
    pub status: PayoutAccountStatus,
}

/// Money to be sent to a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransfer {
    /// Our payout.
    pub payout_id: PayoutId,
    /// Counts the attempts that the provider has refused and this one: with the payout the provider's idempotency key.
    pub attempt: i32,
    /// What it is earned by.
    pub booking_id: BookingId,
    /// The provider's name of the host's account.
    pub account_id: String,
    /// How much.
    pub amount: Money,
    /// The intent whose money it is, where one brought enough: such a transfer need not wait until that money has
    /// settled with the provider.
    pub source_intent_id: Option<String>,
}

/// Money to be taken back of what was sent to a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReversal {
    /// Ours: the provider's idempotency key.
    pub id: ReversalId,
    /// Of which payout.
    pub payout_id: PayoutId,
    /// The provider's name of the transfer.
    pub transfer_id: String,
    /// How much.
    pub amount: Money,
}

/// What became of a transfer or a reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// It is done; the provider's name of it.
    Done(String),
    /// The provider did not do it under this key and never will, and says why.
    Refused(String),
}

/// The part of the payment provider that pays hosts. What [`PaymentProvider`] says of `unavailable` holds here too.
#[async_trait]
pub trait PayoutProvider: Send + Sync {
    /// Makes an account for a host.
    ///
    /// # Errors
    /// `validation_failed` at `/country` where nobody can be paid.
    async fn create_account(&self, user_id: UserId, country: &CountryCode) -> Result<ProviderAccount>;
    /// Asks for an account.
    async fn account(&self, account_id: &str) -> Result<ProviderAccount>;
    /// A page of the provider's on which the host tells what is asked for; good once and for a few minutes. The host
    /// comes back to `done_url`, or to `again_url` when the page is no longer good.
    async fn onboarding_url(&self, account_id: &str, again_url: &str, done_url: &str) -> Result<String>;
    /// Sends money to a host.
    async fn transfer(&self, new: &NewTransfer) -> Result<TransferOutcome>;
    /// Asks for the transfer of a payout by what we wrote on it; gives its name.
    async fn find_transfer(&self, booking_id: BookingId, payout_id: PayoutId) -> Result<Option<String>>;
    /// Takes money back of a transfer.
    async fn reverse(&self, new: &NewReversal) -> Result<TransferOutcome>;
    /// Asks for a reversal by what we wrote on it; gives its name.
    async fn find_reversal(&self, transfer_id: &str, id: ReversalId) -> Result<Option<String>>;
}
