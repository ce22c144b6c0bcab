//! Payments as the product sees them: the states of an attempt, and how far it may move.

code_enum! {
    /// Where an attempt to pay stands at the provider.
    pub enum IntentStatus {
        /// The guest has not paid yet, or the card was refused and another may be tried.
        RequiresPaymentMethod = "requires_payment_method",
        /// The guest's bank wants the guest to confirm.
        RequiresAction = "requires_action",
        /// The provider is at it.
        Processing = "processing",
        /// The card is authorised; the host's answer captures.
        RequiresCapture = "requires_capture",
        /// The money is captured.
        Succeeded = "succeeded",
        /// Given up; no money moved.
        Canceled = "canceled",
    }
}

code_enum! {
    /// Where a payment stands, refunds counted in.
    pub enum PaymentStatus {
        /// See [`IntentStatus::RequiresPaymentMethod`].
        RequiresPaymentMethod = "requires_payment_method",
        /// See [`IntentStatus::RequiresAction`].
        RequiresAction = "requires_action",
        /// See [`IntentStatus::Processing`].
        Processing = "processing",
        /// See [`IntentStatus::RequiresCapture`].
        RequiresCapture = "requires_capture",
        /// Captured, and nothing given back.
        Succeeded = "succeeded",
        /// See [`IntentStatus::Canceled`].
        Canceled = "canceled",
        /// A part was given back.
        PartiallyRefunded = "partially_refunded",
        /// All was given back.
        Refunded = "refunded",
    }
}

code_enum! {
    /// Where a refund stands.
    pub enum RefundStatus {
        /// Decided; the provider has not confirmed it yet.
        Pending = "pending",
        /// The money is on its way to the guest.
        Succeeded = "succeeded",
        /// The provider refused it for good; people look at it.
        Failed = "failed",
    }
}

impl IntentStatus {
    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Canceled)
    }

    /// Whether what the provider says now is news to one who knows `self`. Answers may arrive out of order: what is
    /// final stays, and an authorisation is not undone by an older answer.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Succeeded | Self::Canceled => false,
            Self::RequiresCapture => next.is_final(),
            _ => true,
        }
    }
}

impl PaymentStatus {
    /// The state of a payment of which `captured` and `refunded` minor units moved.
    pub const fn of(intent: IntentStatus, captured: i64, refunded: i64) -> Self {
        match intent {
            IntentStatus::RequiresPaymentMethod => Self::RequiresPaymentMethod,
            IntentStatus::RequiresAction => Self::RequiresAction,
            IntentStatus::Processing => Self::Processing,
            IntentStatus::RequiresCapture => Self::RequiresCapture,
            IntentStatus::Canceled => Self::Canceled,
            IntentStatus::Succeeded if refunded == 0 => Self::Succeeded,
            IntentStatus::Succeeded if refunded < captured => Self::PartiallyRefunded,
            IntentStatus::Succeeded => Self::Refunded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_final_stays() {
        for next in IntentStatus::ALL {
            assert!(!IntentStatus::Succeeded.may_become(*next), "{next}");
            assert!(!IntentStatus::Canceled.may_become(*next), "{next}");
        }
    }

    #[test]
    fn an_older_answer_does_not_undo_an_authorisation() {
        assert!(!IntentStatus::RequiresCapture.may_become(IntentStatus::RequiresPaymentMethod));
        assert!(!IntentStatus::RequiresCapture.may_become(IntentStatus::Processing));
        assert!(IntentStatus::RequiresCapture.may_become(IntentStatus::Succeeded));
        assert!(IntentStatus::RequiresCapture.may_become(IntentStatus::Canceled));
    }

    #[test]
    fn refunds_show_in_the_status() {
        assert_eq!(PaymentStatus::of(IntentStatus::Succeeded, 100, 0), PaymentStatus::Succeeded);
        assert_eq!(PaymentStatus::of(IntentStatus::Succeeded, 100, 99), PaymentStatus::PartiallyRefunded);
        assert_eq!(PaymentStatus::of(IntentStatus::Succeeded, 100, 100), PaymentStatus::Refunded);
        assert_eq!(PaymentStatus::of(IntentStatus::Canceled, 0, 0), PaymentStatus::Canceled);
    }
}
