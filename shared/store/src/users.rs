//! The table `users`.

use domain::error::{Error, ErrorCode, Result};
use domain::id::UserId;
use domain::money::Currency;
use domain::photo::PhotoStatus;
use domain::time_zone::TimeZoneName;
use domain::user::{Bio, Email, Locale, PersonName, Phone, Role};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::avatars::Avatar;
use crate::error::violates;
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// A registered person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identity.
    pub id: UserId,
    /// Address as the person wrote it.
    pub email: Email,
    /// Given name.
    pub first_name: PersonName,
    /// Family name.
    pub last_name: PersonName,
    /// E.164.
    pub phone: Option<Phone>,
    /// Language of mails and messages.
    pub locale: Locale,
    /// By whose clocks the person reads instants, if they said.
    pub time_zone: Option<TimeZoneName>,
    /// Currency in which the person thinks.
    pub currency: Currency,
    /// What the account may do.
    pub role: Role,
    /// Since when the address is known to be the person's.
    pub email_verified_at: Option<Timestamp>,
    /// Since when an admin has suspended the account.
    pub suspended_at: Option<Timestamp>,
    /// Since when the person has gone: what is left is a pseudonym.
    pub erased_at: Option<Timestamp>,
    /// Sessions that began before this, by the wall clock, have ended.
    pub sessions_valid_from: Option<Timestamp>,
    /// Since when signing in takes a second factor.
    pub totp_confirmed_at: Option<Timestamp>,
    /// What the person says of themselves.
    pub bio: Option<Bio>,
    /// Languages the person speaks, the best first.
    pub languages: Vec<Locale>,
    /// Pictures of the person: at most one that is ready, and one that is not.
    pub avatars: Vec<Avatar>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// The picture that others see; none of an account that is shut.
    pub fn shown_avatar(&self) -> Option<&Avatar> {
        self.avatar().filter(|_| self.suspended_at.is_none())
    }

    /// The picture that the person has.
    pub fn avatar(&self) -> Option<&Avatar> {
        self.avatars.iter().find(|avatar| avatar.status == PhotoStatus::Ready)
    }

    /// The picture that waits for its upload or its check, or was rejected.
    pub fn avatar_upload(&self) -> Option<&Avatar> {
        self.avatars.iter().find(|avatar| avatar.status != PhotoStatus::Ready)
    }
}

/// What a new row needs.
pub struct NewUser<'a> {
    /// Identity.
    pub id: UserId,
    /// Address.
    pub email: &'a Email,
    /// PHC string of the password's hash; none for who signs in at a provider.
    pub password_hash: Option<&'a str>,
    /// Whether the address is known to be the person's.
    pub is_verified: bool,
    /// Given name.
    pub first_name: &'a PersonName,
    /// Family name.
    pub last_name: &'a PersonName,
    /// E.164.
    pub phone: Option<&'a Phone>,
    /// Language.
    pub locale: &'a Locale,
    /// Time zone.
    pub time_zone: Option<&'a TimeZoneName>,
    /// Currency.
    pub currency: Currency,
}

pub(crate) const COLUMNS: &str = "id, email, first_name, last_name, phone, locale, time_zone, currency::text, role, \
                       email_verified_at, suspended_at, erased_at, sessions_valid_from, totp_confirmed_at, bio, languages,
                       created_at, updated_at, \
    (SELECT jsonb_agg(jsonb_build_object('id', avatar.id, 'status', avatar.status, 'base_url', avatar.base_url, \
        'rejection', avatar.rejection, 'created_at', avatar.created_at)) \
     FROM avatars avatar WHERE avatar.user_id = users.id AND avatar.status <> 'deleted') AS avatars";

/// Inserts a user.
///
/// # Errors
/// `email_taken` when an account has this address in whatever spelling.
pub async fn insert(tx: &Tx, user: &NewUser<'_>) -> Result<User> {
    let sql = format!(
        "-- users.insert
         INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, phone, locale, currency,
             time_zone, email_verified_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $11 THEN app_now() END)
         ON CONFLICT ON CONSTRAINT users_email_unique DO NOTHING
         RETURNING {COLUMNS}"
    );
    let row = tx
        .row(
            &sql,
            &[
                &user.id.uuid(),
                &user.email.as_str(),
                &user.email.key(),
                &user.password_hash,
                &user.first_name.as_str(),
                &user.last_name.as_str(),
                &user.phone.map(Phone::as_str),
                &user.locale.as_str(),
                &user.currency.code(),
                &user.time_zone.map(TimeZoneName::as_str),
                &user.is_verified,
            ],
        )
        .await?;
    match row {
        Some(row) => from_row(&row),
        None => Err(Error::new(ErrorCode::EmailTaken, "An account with this e-mail address exists. Log in instead.")),
    }
}

/// The user of this id.
pub async fn find(queries: &impl Queries, id: UserId) -> Result<Option<User>> {
    let sql = format!("-- users.find\nSELECT {COLUMNS} FROM users WHERE id = $1");
    queries.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The users of these ids, in no order.
pub async fn find_many(queries: &impl Queries, ids: &[UserId]) -> Result<Vec<User>> {
    let sql = format!("-- users.find_many\nSELECT {COLUMNS} FROM users WHERE id = ANY($1)");
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.uuid()).collect();
    queries.rows(&sql, &[&ids]).await?.iter().map(from_row).collect()
}

/// The same, and it does not change until this transaction ends; others may hold it so too.
pub async fn find_for_share(tx: &Tx, id: UserId) -> Result<Option<User>> {
    let sql = format!("-- users.find_for_share\nSELECT {COLUMNS} FROM users WHERE id = $1 FOR SHARE");
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The same, and no other transaction of this kind runs for the user until this one ends.
pub async fn find_for_update(tx: &Tx, id: UserId) -> Result<Option<User>> {
    let sql = format!("-- users.find_for_update\nSELECT {COLUMNS} FROM users WHERE id = $1 FOR NO KEY UPDATE");
    tx.row(&sql, &[&id.uuid()]).await?.as_ref().map(from_row).transpose()
}

/// The user with this address and the hash of the password, if there is one, for signing in.
pub async fn find_credentials(queries: &impl Queries, email_key: &str) -> Result<Option<(User, Option<String>)>> {
    let sql = format!(
        "-- users.find_credentials\nSELECT {COLUMNS}, password_hash FROM users WHERE email_key = $1 AND erased_at IS NULL"
    );
    let Some(row) = queries.row(&sql, &[&email_key]).await? else { return Ok(None) };
    Ok(Some((from_row(&row)?, row.read("password_hash")?)))
}

/// The hash of the user's password, if there is one.
pub async fn password_hash(queries: &impl Queries, id: UserId) -> Result<Option<String>> {
    let sql = "-- users.password_hash\nSELECT password_hash FROM users WHERE id = $1";
    queries.row(sql, &[&id.uuid()]).await?.map_or(Ok(None), |row| row.read("password_hash"))
}

/// Sets another password; sessions from before have ended.
pub async fn set_password(tx: &Tx, id: UserId, password_hash: &str) -> Result<()> {
    let sql = "-- users.set_password
               UPDATE users SET password_hash = $2, sessions_valid_from = clock_timestamp(), updated_at = app_now()
               WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &password_hash]).await?;
    Ok(())
}

/// Gives an account whose address was never proven to whoever is known to have it: nothing that opened it does any longer.
pub async fn take_over(tx: &Tx, id: UserId) -> Result<()> {
    let sql = "-- users.take_over
               UPDATE users SET email_verified_at = app_now(), password_hash = NULL, totp_confirmed_at = NULL,
                   bio = NULL, languages = '{}', sessions_valid_from = clock_timestamp(), updated_at = app_now()
               WHERE id = $1 AND email_verified_at IS NULL";
    tx.execute(sql, &[&id.uuid()]).await?;
    Ok(())
}

/// Puts a hash of the same password in the place of one, unless that was changed meanwhile; says whether it did.
pub async fn replace_password_hash(queries: &impl Queries, id: UserId, old: &str, new: &str) -> Result<bool> {
    let sql = "-- users.replace_password_hash
               UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2";
    Ok(queries.execute(sql, &[&id.uuid(), &old, &new]).await? == 1)
}

/// Gives the account another address, which was proven to be the person's.
///
/// # Errors
/// `email_taken`: another account has it by now. The transaction can't go on then.
pub async fn set_email(tx: &Tx, id: UserId, email: &Email) -> Result<()> {
    let sql = "-- users.set_email
               UPDATE users SET email = $2, email_key = $3, email_verified_at = app_now(), updated_at = app_now()
               WHERE id = $1";
    match tx.execute(sql, &[&id.uuid(), &email.as_str(), &email.key()]).await {
        Err(error) if violates(&error, "users_email_unique") => {
            Err(Error::new(ErrorCode::EmailTaken, "Another account has this e-mail address by now."))
        }
        outcome => outcome.map(drop),
    }
}

/// Keeps what a person says of themselves; gives the account as it then is.
pub async fn set_profile(tx: &Tx, user: &User) -> Result<User> {
    let sql = format!(
        "-- users.set_profile
         UPDATE users SET first_name = $2, last_name = $3, phone = $4, locale = $5, currency = $6, bio = $7,
             languages = $8, time_zone = $9, updated_at = app_now()
         WHERE id = $1 RETURNING {COLUMNS}"
    );
    let (first_name, last_name) = (user.first_name.as_str(), user.last_name.as_str());
    let (phone, bio) = (user.phone.as_ref().map(Phone::as_str), user.bio.as_ref().map(Bio::as_str));
    let languages: Vec<&str> = user.languages.iter().map(Locale::as_str).collect();
    let (locale, currency) = (user.locale.as_str(), user.currency.code());
    let time_zone = user.time_zone.as_ref().map(TimeZoneName::as_str);
    let row = tx
        .row(
            &sql,
            &[&user.id.uuid(), &first_name, &last_name, &phone, &locale, &currency, &bio, &languages, &time_zone],
        )
        .await?;
    from_row(&row.ok_or_else(Error::not_found)?)
}

/// Marks the address as verified; a second time changes nothing.
pub async fn mark_email_verified(tx: &Tx, id: UserId, email_key: &str) -> Result<bool> {
    let sql = "-- users.mark_email_verified
               UPDATE users SET email_verified_at = coalesce(email_verified_at, app_now()), updated_at = app_now()
               WHERE id = $1 AND email_key = $2";
    Ok(tx.execute(sql, &[&id.uuid(), &email_key]).await? == 1)
}

/// Switches the second factor on or off.
pub async fn set_totp_confirmed(tx: &Tx, id: UserId, confirmed: bool) -> Result<()> {
    let sql = "-- users.set_totp_confirmed
               UPDATE users SET totp_confirmed_at = CASE WHEN $2 THEN app_now() END, updated_at = app_now() WHERE id = $1";
    tx.execute(sql, &[&id.uuid(), &confirmed]).await?;
    Ok(())
}

pub(crate) fn from_row(row: &Row) -> Result<User> {
    Ok(User {
        id: UserId::from_uuid(row.read("id")?),
        email: row.parse("email")?,
        first_name: row.parse("first_name")?,
        last_name: row.parse("last_name")?,
        phone: row.parse_optional("phone")?,
        locale: row.parse("locale")?,
        time_zone: row.parse_optional("time_zone")?,
        currency: row.parse("currency")?,
        role: row.parse("role")?,
        email_verified_at: row.read("email_verified_at")?,
        suspended_at: row.read("suspended_at")?,
        erased_at: row.read("erased_at")?,
        sessions_valid_from: row.read("sessions_valid_from")?,
        totp_confirmed_at: row.read("totp_confirmed_at")?,
        bio: row.parse_optional("bio")?,
        languages: row
            .read::<Vec<&str>>("languages")?
            .into_iter()
            .map(|tag| Locale::parse(tag).map_err(Error::internal))
            .collect::<Result<_>>()?,
        avatars: row.read::<Option<Json<Vec<Avatar>>>>("avatars")?.map(|Json(avatars)| avatars).unwrap_or_default(),
        created_at: row.read("created_at")?,
        updated_at: row.read("updated_at")?,
    })
}
