//! Wire types of accounts and sign-in: what comes in, what goes out.

use domain::id::UserId;
use domain::money::Currency;
use domain::time_zone::TimeZoneName;
use domain::user::{Bio, Email, Locale, Password, PersonName, Phone, Role};
use jiff::Timestamp;
use serde::Serialize;
use services::auth::TokenPair;
use services::users::{Registration, User};
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text, text_with};

use crate::avatar_json::{AvatarOut, AvatarUploadOut};

/// The account's own view of itself.
#[derive(Serialize, ToSchema)]
pub struct UserOut {
    id: UserId,
    email: Email,
    email_verified: bool,
    first_name: PersonName,
    last_name: PersonName,
    /// E.164.
    #[schema(required)]
    phone: Option<Phone>,
    /// BCP 47; mails are written in it where there is a translation, else in English.
    locale: Locale,
    /// By whose clocks instants are written in mails.
    #[schema(required)]
    time_zone: Option<TimeZoneName>,
    /// ISO 4217.
    currency: Currency,
    #[schema(required)]
    bio: Option<Bio>,
    /// Languages spoken (BCP 47), the best first.
    languages: Vec<Locale>,
    /// The picture that others see.
    #[schema(required)]
    avatar: Option<AvatarOut>,
    /// The next picture, while it is not ready.
    #[schema(required)]
    avatar_upload: Option<AvatarUploadOut>,
    role: Role,
    /// Whether signing in takes a second factor.
    totp_enabled: bool,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&User> for UserOut {
    fn from(user: &User) -> Self {
        let user = user.clone();
        Self {
            avatar: user.avatar().and_then(AvatarOut::of),
            avatar_upload: user.avatar_upload().map(AvatarUploadOut::from),
            id: user.id,
            email: user.email,
            email_verified: user.email_verified_at.is_some(),
            first_name: user.first_name,
            last_name: user.last_name,
            phone: user.phone,
            locale: user.locale,
            time_zone: user.time_zone,
            currency: user.currency,
            bio: user.bio,
            languages: user.languages,
            role: user.role,
            totp_enabled: user.totp_confirmed_at.is_some(),
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// What anybody may know of a user: no address, no phone, no family name.
#[derive(Serialize, ToSchema)]
pub struct PublicUserOut {
    id: UserId,
    first_name: PersonName,
    #[schema(required)]
    bio: Option<Bio>,
    /// Languages spoken (BCP 47), the best first.
    languages: Vec<Locale>,
    #[schema(required)]
    avatar: Option<AvatarOut>,
    #[schema(value_type = String, format = "date-time")]
    member_since: Timestamp,
    email_verified: bool,
}

impl From<&User> for PublicUserOut {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            first_name: user.first_name.clone(),
            bio: user.bio.clone(),
            languages: user.languages.clone(),
            avatar: user.shown_avatar().and_then(AvatarOut::of),
            member_since: user.created_at,
            email_verified: user.email_verified_at.is_some(),
        }
    }
}

/// A registration.
#[derive(ToSchema)]
pub struct RegisterIn {
    email: Email,
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    password: Password,
    first_name: PersonName,
    last_name: PersonName,
    /// E.164.
    phone: Option<Phone>,
    /// BCP 47; `en` unless given.
    locale: Option<Locale>,
    /// Where the person reads mails; without it instants are written by the clocks of the place they are about.
    time_zone: Option<TimeZoneName>,
    /// ISO 4217; `USD` unless given.
    currency: Option<Currency>,
}

impl FromFields for RegisterIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let email = fields.required("email", text);
        let password = fields.required("password", text_with(Password::parse));
        let first_name = fields.required("first_name", text);
        let last_name = fields.required("last_name", text);
        let phone = fields.optional("phone", text);
        let locale = fields.optional("locale", text);
        let time_zone = fields.optional("time_zone", text);
        let currency = fields.optional("currency", text);
        Ok(Self {
            email: email?,
            password: password?,
            first_name: first_name?,
            last_name: last_name?,
            phone: phone?,
            locale: locale?,
            time_zone: time_zone?,
            currency: currency?,
        })
    }
}

impl From<RegisterIn> for Registration {
    fn from(body: RegisterIn) -> Self {
        Self {
            email: body.email,
            password: body.password,
            first_name: body.first_name,
            last_name: body.last_name,
            phone: body.phone,
            locale: body.locale.unwrap_or_default(),
            time_zone: body.time_zone,
            currency: body.currency.unwrap_or(Currency::USD),
        }
    }
}

/// An address and a password. Neither is held to the rules of a registration: whatever does not match is refused
/// the same.
#[derive(ToSchema)]
pub struct LoginIn {
    /// As the person typed it.
    #[schema(format = "email")]
    pub email: String,
    /// Likewise.
    #[schema(value_type = String, format = "password")]
    pub password: Password,
    /// A code of the second factor, or a recovery code; required where the account has one.
    pub totp: Option<String>,
}

impl FromFields for LoginIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let email = fields.required("email", text_with(|email| Ok(email.to_owned())));
        let password = fields.required("password", text_with(|password| Ok(Password::attempted(password))));
        let totp = fields.optional("totp", text_with(|code| Ok(code.to_owned())));
        Ok(Self { email: email?, password: password?, totp: totp? })
    }
}

/// A refresh token.
#[derive(ToSchema)]
pub struct RefreshIn {
    /// As the last answer gave it.
    pub refresh_token: String,
}

impl FromFields for RefreshIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let refresh_token = fields.required("refresh_token", text_with(|token| Ok(token.to_owned())));
        Ok(Self { refresh_token: refresh_token? })
    }
}

/// An address that may have an account.
#[derive(ToSchema)]
pub struct ForgotPasswordIn {
    /// As the person typed it.
    #[schema(format = "email")]
    pub email: String,
}

impl FromFields for ForgotPasswordIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let email = fields.required("email", text_with(|email| Ok(email.to_owned())));
        Ok(Self { email: email? })
    }
}

/// A new password.
#[derive(ToSchema)]
pub struct ResetPasswordIn {
    /// As the mail has it.
    pub token: String,
    /// From now on.
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 128)]
    pub password: Password,
}

impl FromFields for ResetPasswordIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let token = fields.required("token", text_with(|token| Ok(token.to_owned())));
        let password = fields.required("password", text_with(Password::parse));
        Ok(Self { token: token?, password: password? })
    }
}

/// A one-time token out of a mail.
#[derive(ToSchema)]
pub struct TokenIn {
    /// As the mail has it.
    pub token: String,
}

impl FromFields for TokenIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let token = fields.required("token", text_with(|token| Ok(token.to_owned())));
        Ok(Self { token: token? })
    }
}

/// The tokens a client works with (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
pub struct TokenPairOut {
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token ends.
    expires_in: i64,
    refresh_token: String,
    user: UserOut,
}

impl From<&TokenPair> for TokenPairOut {
    fn from(pair: &TokenPair) -> Self {
        Self {
            access_token: pair.access_token.clone(),
            token_type: "Bearer",
            expires_in: pair.expires_in,
            refresh_token: pair.refresh_token.clone(),
            user: UserOut::from(&pair.user),
        }
    }
}
