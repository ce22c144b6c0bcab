//! Every route of the function, in process: what it answers, and whom it refuses.

mod avatar;
mod canary;
mod delete_me;
mod email_change;
mod export_me;
mod get_me;
mod get_user;
mod identities;
mod jwks;
mod login;
mod logout;
mod mass_assignment;
mod notifications;
mod oidc_provider;
mod passwords;
mod refresh;
mod register;
mod resend_verification;
mod sessions;
mod strangers;
mod throttles;
mod totp;
mod update_me;
mod verify_email;

use serde_json::{Value, json};
use testkit::{Api, Kit, PASSWORD};

/// The function's router over a kit.
fn api(kit: &Kit) -> Api {
    kit.api(users::routes())
}

/// The same with the functions in which a person leaves something.
fn everything(kit: &Kit) -> Api {
    kit.api(users::routes().merge(properties::routes()).merge(bookings::routes()))
}

/// A registration of this address.
fn registration(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace" })
}

/// Signs in and gives the pair.
async fn sign_in(api: &Api, email: &str) -> Value {
    api.post("/v1/auth/login", None, &json!({ "email": email, "password": PASSWORD })).await.of_status(200)
}
