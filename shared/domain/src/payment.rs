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
        /// The guest's bank contests it, or took it for good.
        Disputed = "disputed",
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

code_enum! {
    /// Where a dispute stands, in the provider's words.
    pub enum DisputeStatus {
        /// The bank asks; nothing is taken yet.
        WarningNeedsResponse = "warning_needs_response",
        /// The bank looks at our answer; nothing is taken yet.
        WarningUnderReview = "warning_under_review",
        /// The bank's question is closed.
        WarningClosed = "warning_closed",
        /// The bank has taken the money and waits for our evidence.
        NeedsResponse = "needs_response",
        /// The bank looks at our evidence.
        UnderReview = "under_review",
        /// The bank decided for us.
        Won = "won",
        /// The bank decided for the guest.
        Lost = "lost",
        /// Settled before it became one.
        Prevented = "prevented",
    }
}

impl DisputeStatus {
    /// Whether the money is with the guest's bank: while it is contested, and when it is lost.
    pub const fn stands(self) -> bool {
        matches!(self, Self::NeedsResponse | Self::UnderReview | Self::Lost)
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
    /// The state of a payment of which `captured` and `refunded` minor units moved, and that stands `disputed` or not.
    pub const fn of(intent: IntentStatus, captured: i64, refunded: i64, disputed: bool) -> Self {
        match intent {
            _ if disputed => Self::Disputed,
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

/// What of `amount` minor units goes back of each payment, given what is left of each: as much as possible of the first
/// ones, which should be the newest, and never more than is left.
pub fn newest_first(amount: i64, left: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut open = amount.max(0);
    let part = |left: i64| {
        let part = left.clamp(0, open);
        open -= part;
        part
    };
    left.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::of_the_newest(100, &[300, 500], &[100, 0])]
    #[case::then_of_the_one_before(400, &[300, 500], &[300, 100])]
    #[case::no_more_than_there_is(900, &[300, 500], &[300, 500])]
    #[case::what_is_gone_gives_nothing(400, &[0, 500, 70], &[0, 400, 0])]
    #[case::nothing(0, &[300], &[0])]
    #[case::less_than_nothing(-5, &[300], &[0])]
    fn a_refund_is_taken_from_the_newest_payment_first(
        #[case] amount: i64,
        #[case] left: &[i64],
        #[case] expected: &[i64],
    ) {
        assert_eq!(newest_first(amount, left.iter().copied()), expected);
    }

    proptest! {
        #[test]
        fn parts_are_what_is_asked_or_all_there_is(amount in 0..5_000_i64, left in prop::collection::vec(0..2_000_i64, 0..5)) {
            let parts = newest_first(amount, left.iter().copied());
            prop_assert_eq!(parts.iter().sum::<i64>(), amount.min(left.iter().sum()));
            prop_assert!(parts.iter().zip(&left).all(|(part, left)| (0..=*left).contains(part)));
        }
    }

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
        let of = |status, captured, refunded| PaymentStatus::of(status, captured, refunded, false);
        assert_eq!(of(IntentStatus::Succeeded, 100, 0), PaymentStatus::Succeeded);
        assert_eq!(of(IntentStatus::Succeeded, 100, 99), PaymentStatus::PartiallyRefunded);
        assert_eq!(of(IntentStatus::Succeeded, 100, 100), PaymentStatus::Refunded);
        assert_eq!(of(IntentStatus::Canceled, 0, 0), PaymentStatus::Canceled);
    }

    #[test]
    fn a_dispute_stands_while_it_is_open_and_when_it_is_lost() {
        assert_eq!(PaymentStatus::of(IntentStatus::Succeeded, 100, 99, true), PaymentStatus::Disputed);
        let standing: Vec<_> = DisputeStatus::ALL.iter().filter(|status| status.stands()).collect();
        assert_eq!(standing, [&DisputeStatus::NeedsResponse, &DisputeStatus::UnderReview, &DisputeStatus::Lost]);
    }
}
