//! Wire types of the second factor.

use serde::Serialize;
use services::second_factors::ProposedTotp;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text_with};

/// A second factor as it is proposed.
#[derive(Serialize, ToSchema)]
pub struct ProposedTotpOut {
    /// Base32 (RFC 4648), for whoever types it.
    secret: String,
    /// The same for a QR code: SHA-1, six digits, 30 seconds (RFC 6238).
    otpauth_url: String,
}

impl From<ProposedTotp> for ProposedTotpOut {
    fn from(proposed: ProposedTotp) -> Self {
        Self { secret: proposed.secret, otpauth_url: proposed.otpauth_url }
    }
}

/// A code of the second factor.
#[derive(ToSchema)]
pub struct TotpCodeIn {
    /// Six digits of the app, or a recovery code.
    #[schema(examples("123456"))]
    pub code: String,
}

impl FromFields for TotpCodeIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let code = fields.required("code", text_with(|code| Ok(code.to_owned())));
        Ok(Self { code: code? })
    }
}

/// Codes for whoever has lost the device.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesOut {
    /// Ten, each good once.
    pub recovery_codes: Vec<String>,
}
