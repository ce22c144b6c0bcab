//! What is done about stays that are booked and paid: they are changed, nobody comes, banks take money back, hosts are
//! paid.

use http::Method;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::acts::{Went, expected, nothing, text};
use crate::steps::Side;
use crate::world::World;

impl World {
    /// One side proposes a stay that begins some days later than was booked, for so many nights.
    pub(crate) async fn propose(&self, number: usize, by: Side, (later, nights): (u32, u32)) -> Went {
        let (Some(id), Some(person)) = (self.made(number).await?, self.side(number, by)) else { return nothing() };
        let check_in = self.asked.borrow().get(&number).map(|asked| text(&asked.body, "check_in"));
        let check_in = check_in.unwrap_or_default().parse::<Date>().expect("a date");
        let check_in = check_in.saturating_add(i64::from(later).days());
        let check_out = check_in.saturating_add(i64::from(nights).days());
        let body = json!({ "check_in": check_in, "check_out": check_out, "guests": { "adults": 1 } });
        let answer = self.post(&format!("/v1/bookings/{id}/change"), &person, None, &body).await?;
        expected(&answer, &[201, 409, 422, 503])
    }

    /// Whoever did not propose it answers; who did is refused.
    pub(crate) async fn answer_change(&self, number: usize, by: Side, accepts: bool) -> Went {
        let (Some(id), Some(person)) = (self.made(number).await?, self.side(number, by)) else { return nothing() };
        let verb = if accepts { "accept" } else { "decline" };
        let answer = self.post(&format!("/v1/bookings/{id}/change/{verb}"), &person, None, &Value::Null).await?;
        expected(&answer, &[200, 403, 404, 409, 503])
    }

    /// Whoever proposed it takes it back.
    pub(crate) async fn withdraw(&self, number: usize, by: Side) -> Went {
        let (Some(id), Some(person)) = (self.made(number).await?, self.side(number, by)) else { return nothing() };
        let path = format!("/v1/bookings/{id}/change");
        expected(&self.request(Method::DELETE, &path, &person, None, &Value::Null).await?, &[204, 403, 404, 409, 503])
    }

    /// The host says that nobody came.
    pub(crate) async fn no_show(&self, number: usize) -> Went {
        let (Some(id), Some(host)) = (self.made(number).await?, self.side(number, Side::Host)) else {
            return nothing();
        };
        let answer = self.post(&format!("/v1/bookings/{id}/no-show"), &host, None, &Value::Null).await?;
        if answer.status == 200 {
            self.promised.borrow_mut().ended.insert(id, "no_show");
        }
        expected(&answer, &[200, 409, 503])
    }

    /// The bank of one of the guests who dispute a charge decides.
    pub(crate) async fn decide(&self, which: usize, won: bool) -> Went {
        let disputes = self.stripe.get("/v1/disputes?limit=100").await;
        let is_open = |dispute: &&Value| matches!(dispute["status"].as_str(), Some("needs_response" | "under_review"));
        let open: Vec<&Value> = disputes["data"].as_array().into_iter().flatten().filter(is_open).collect();
        let Some(dispute) = open.get(which % open.len().max(1)) else { return nothing() };
        let evidence = if won { "winning_evidence" } else { "losing_evidence" };
        let form = [("evidence[uncategorized_text]", evidence), ("submit", "true")];
        let decided = self.stripe.post(&format!("/v1/disputes/{}", text(dispute, "id")), &form).await;
        Ok(text(&decided, "status"))
    }

    /// A host opens an account, and tells the provider everything it asks for.
    pub(crate) async fn onboard(&self, listing: usize) -> Went {
        let host = &self.listings[listing].host;
        let answer = self.post("/v1/payout-account", host, None, &json!({ "country": "US" })).await?;
        if !matches!(answer.status, 200 | 201) {
            return expected(&answer, &[409, 503]);
        }
        if let Some(account) = self.account_of(listing).await {
            self.stripe.onboard(&account, "complete").await;
        }
        expected(&answer, &[200, 201])
    }

    /// All that a host was sent goes to the bank.
    pub(crate) async fn to_the_bank(&self, listing: usize) -> Went {
        let Some(account) = self.account_of(listing).await else { return nothing() };
        self.stripe.pay_out(&account).await;
        Ok(account)
    }

    /// The provider's name of a host's account.
    async fn account_of(&self, listing: usize) -> Option<String> {
        let sql = "SELECT account_id FROM payout_accounts WHERE user_id = $1 AND account_id IS NOT NULL";
        let rows = self.kit.database.rows(sql, &[&self.listings[listing].host.id.uuid()]).await;
        rows.first().map(|row| row.get(0))
    }
}
