//! Bodies that change the own account. In `PATCH /v1/users/me` what is left out stays, null empties what may be empty.

use domain::money::Currency;
use domain::time_zone::TimeZoneName;
use domain::user::{Bio, Email, Locale, Password, PersonName, Phone};
use services::users::ProfilePatch;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, list, text, text_with};

/// Nobody speaks more.
const MAX_LANGUAGES: usize = 20;

/// What changes of a profile.
#[derive(ToSchema)]
pub struct UpdateMeIn {
    first_name: Option<PersonName>,
    last_name: Option<PersonName>,
    /// Null empties it.
    #[schema(value_type = Option<Phone>)]
    phone: Option<Option<Phone>>,
    /// BCP 47.
    locale: Option<Locale>,
    /// Null empties it.
    #[schema(value_type = Option<TimeZoneName>)]
    time_zone: Option<Option<TimeZoneName>>,
    /// ISO 4217.
    currency: Option<Currency>,
    /// Null empties it.
    #[schema(value_type = Option<Bio>)]
    bio: Option<Option<Bio>>,
    /// The whole list, the best first.
    #[schema(max_items = 20)]
    languages: Option<Vec<Locale>>,
}

impl FromFields for UpdateMeIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let first_name = fields.changed("first_name", text);
        let last_name = fields.changed("last_name", text);
        let phone = fields.clearable("phone", text);
        let locale = fields.changed("locale", text);
        let time_zone = fields.clearable("time_zone", text);
        let currency = fields.changed("currency", text);
        let bio = fields.clearable("bio", text);
        let languages = fields.changed("languages", list(MAX_LANGUAGES, text));
        Ok(Self {
            first_name: first_name?,
            last_name: last_name?,
            phone: phone?,
            locale: locale?,
            time_zone: time_zone?,
            currency: currency?,
            bio: bio?,
            languages: languages?,
        })
    }
}

impl From<UpdateMeIn> for ProfilePatch {
    fn from(body: UpdateMeIn) -> Self {
        let UpdateMeIn { first_name, last_name, phone, locale, time_zone, currency, bio, languages } = body;
        Self { first_name, last_name, phone, locale, time_zone, currency, bio, languages }
    }
}

/// Another address for the account.
#[derive(ToSchema)]
pub struct EmailChangeIn {
    /// The address to be.
    pub email: Email,
    /// The account's.
    #[schema(value_type = String, format = "password")]
    pub password: Password,
}

impl FromFields for EmailChangeIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let email = fields.required("email", text);
        let password = fields.required("password", text_with(|password| Ok(Password::attempted(password))));
        Ok(Self { email: email?, password: password? })
    }
}
