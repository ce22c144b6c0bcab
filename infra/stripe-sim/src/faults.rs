//! The fault script: what is to go wrong next, and how often. Must not act.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The work is done, and its answer never comes.
    TimeoutAfter,
    /// Stripe's own failure, before any work.
    #[serde(rename = "http_500")]
    Http500,
    /// Stripe's own failure, in place of the work: the key keeps it, and gives it again for a day.
    #[serde(rename = "http_500_kept")]
    Http500Kept,
    /// The work is done, and Stripe fails after it: the key keeps the failure.
    #[serde(rename = "http_500_after")]
    Http500After,
    /// Another call uses the key; before any work.
    #[serde(rename = "http_409")]
    Http409,
    /// Too many calls; before any work.
    #[serde(rename = "http_429")]
    Http429,
    /// The connection ends without an answer, before any work.
    Reset,
    /// The work is done, and the connection ends without its answer.
    ResetAfter,
    /// An event is sent twice.
    WebhookTwice,
    /// An event is sent after those that follow it.
    WebhookLate,
    /// Events are sent newest first: as many as the fault counts, at least two.
    WebhookShuffled,
    /// An event is never sent.
    WebhookDropped,
}

impl FaultKind {
    fn is_of_webhooks(self) -> bool {
        matches!(self, Self::WebhookTwice | Self::WebhookLate | Self::WebhookShuffled | Self::WebhookDropped)
    }
}

/// One line of the script.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// How often it happens still.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// Only to calls with this in their path; for webhooks, to events with this in their kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
}

fn once() -> u32 {
    1
}

/// The script, in the order in which it was written.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What happens to a call of this path.
    pub(crate) fn take_for_call(&mut self, path: &str) -> Option<FaultKind> {
        self.take(path, false)
    }

    /// What happens to an event of this kind.
    pub(crate) fn take_for_event(&mut self, kind: &str) -> Option<FaultKind> {
        self.take(kind, true)
    }

    pub(crate) fn has_left(&self, kind: FaultKind) -> bool {
        self.0.iter().any(|fault| fault.kind == kind && fault.times > 0)
    }

    fn take(&mut self, subject: &str, of_webhooks: bool) -> Option<FaultKind> {
        let fault = self.0.iter_mut().find(|fault| {
            fault.kind.is_of_webhooks() == of_webhooks
                && fault.times > 0
                && fault.path.as_ref().is_none_or(|path| subject.contains(path.as_str()))
        })?;
        fault.times -= 1;
        let kind = fault.kind;
        self.0.retain(|fault| fault.times > 0);
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, times: u32, path: Option<&str>) -> Fault {
        Fault { kind, times, path: path.map(str::to_owned) }
    }

    #[test]
    fn a_fault_happens_as_often_as_it_says_and_only_where_it_says() {
        let mut faults = Faults::default();
        faults.add(fault(FaultKind::Http500, 2, Some("/refunds")));
        faults.add(fault(FaultKind::WebhookTwice, 1, Some("charge.")));
        assert_eq!(faults.take_for_call("/v1/charges/ch_1"), None);
        assert_eq!(faults.take_for_call("/v1/refunds"), Some(FaultKind::Http500));
        assert_eq!(faults.take_for_call("/v1/refunds/re_1"), Some(FaultKind::Http500));
        assert_eq!(faults.take_for_call("/v1/refunds"), None);
        assert_eq!(faults.take_for_event("refund.created"), None);
        assert_eq!(faults.take_for_event("charge.refunded"), Some(FaultKind::WebhookTwice));
        assert!(!faults.has_left(FaultKind::WebhookTwice));
    }
}
