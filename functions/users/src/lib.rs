//! Accounts, signing in and inboxes: every route of `/v1/users`, `/v1/auth`, `/v1/notifications` and `/.well-known`.

pub mod avatar_json;
mod complete_sign_in;
mod confirm_totp;
mod create_avatar;
mod delete_avatar;
mod delete_identity;
mod delete_me;
mod delete_session;
mod delete_totp;
mod export_me;
mod forgot_password;
mod get_me;
mod get_user;
pub mod identity_json;
pub mod json;
mod jwks;
mod list_identities;
mod list_notifications;
mod list_sessions;
mod list_sign_in_providers;
mod login;
mod logout;
pub mod notification_json;
mod notification_preferences;
pub mod profile_json;
mod propose_totp;
mod read_notification;
mod refresh;
mod register;
mod request_email_change;
mod resend_verification;
mod reset_password;
pub mod session_json;
mod start_sign_in;
pub mod totp_json;
mod update_me;
mod verify_email;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(request_email_change::request_email_change))
        .routes(routes!(get_me::get_me, update_me::update_me, delete_me::delete_me))
        .routes(routes!(export_me::export_me))
        .routes(routes!(create_avatar::create_avatar, delete_avatar::delete_avatar))
        .routes(routes!(get_user::get_user))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(verify_email::verify_email))
        .routes(routes!(resend_verification::resend_verification))
        .routes(routes!(forgot_password::forgot_password))
        .routes(routes!(reset_password::reset_password))
        .routes(routes!(propose_totp::propose_totp, delete_totp::delete_totp))
        .routes(routes!(confirm_totp::confirm_totp))
        .routes(routes!(list_sign_in_providers::list_sign_in_providers))
        .routes(routes!(start_sign_in::start_sign_in))
        .routes(routes!(complete_sign_in::complete_sign_in))
        .routes(routes!(list_identities::list_identities))
        .routes(routes!(delete_identity::delete_identity))
        .routes(routes!(list_sessions::list_sessions))
        .routes(routes!(delete_session::delete_session))
        .routes(routes!(list_notifications::list_notifications))
        .routes(routes!(read_notification::read_notification))
        .routes(routes!(
            notification_preferences::get_notification_preferences,
            notification_preferences::put_notification_preferences
        ))
        .routes(routes!(jwks::jwks))
        .routes(routes!(jwks::openid_configuration))
}
