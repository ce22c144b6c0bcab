//! What a guest who cancels gets back.

code_enum! {
    /// The host's terms; the one in force when booked is frozen on the booking.
    pub enum CancellationPolicy {
        /// All back until 24 hours before check-in.
        Flexible = "flexible",
        /// All back until 5 days before check-in.
        Moderate = "moderate",
        /// All back until 14 days before check-in, half until 7.
        Limited = "limited",
        /// All back until 30 days before check-in, half until 7.
        Firm = "firm",
        /// All back within 48 hours of booking and 14 days before check-in, half until 7.
        Strict = "strict",
    }
}
