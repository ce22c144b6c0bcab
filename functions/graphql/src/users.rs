//! People: the caller's own account, and what anybody may know of others.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, Result, SimpleObject};
use serde::{Deserialize, Serialize};
use services::users::{Registration, User as StoredUser};
use users::identity_json::IdentityOut;
use users::json::{PublicUserOut, RegisterIn, UserOut};
use users::session_json::SessionOut;
use web::answers;

use crate::accounts::Session;
use crate::avatars::{Avatar, AvatarUpload};
use crate::caller::{RequestExt, if_visible};
use crate::codes::Role;
use crate::identities::Identity;
use crate::mutations;
use crate::scalars::{Currency, DateTime};
use crate::wire;

/// What anybody may know of a person: no address, no phone, no family name.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct User {
    pub(crate) id: ID,
    first_name: String,
    bio: Option<String>,
    /// Languages spoken (BCP 47), the best first.
    languages: Vec<String>,
    avatar: Option<Avatar>,
    member_since: DateTime,
    email_verified: bool,
}

impl User {
    /// The public profile.
    pub(crate) fn of(user: &StoredUser) -> domain::error::Result<Self> {
        wire::object(&PublicUserOut::from(user))
    }
}

/// The caller's own account.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
#[graphql(complex)]
pub(crate) struct Account {
    id: ID,
    email: String,
    email_verified: bool,
    first_name: String,
    last_name: String,
    /// E.164.
    phone: Option<String>,
    /// BCP 47; mails are written in it where there is a translation, else in English.
    locale: String,
    /// IANA; by whose clocks instants are written in mails.
    time_zone: Option<String>,
    currency: Currency,
    bio: Option<String>,
    /// Languages spoken (BCP 47), the best first.
    languages: Vec<String>,
    /// The picture that others see.
    avatar: Option<Avatar>,
    /// The next picture, while it is not ready.
    avatar_upload: Option<AvatarUpload>,
    role: Role,
    /// Whether signing in takes a second factor.
    totp_enabled: bool,
    created_at: DateTime,
    updated_at: DateTime,
}

#[ComplexObject]
impl Account {
    /// As others see it.
    async fn profile(&self) -> User {
        User {
            id: self.id.clone(),
            first_name: self.first_name.clone(),
            bio: self.bio.clone(),
            languages: self.languages.clone(),
            avatar: self.avatar.clone(),
            member_since: self.created_at.clone(),
            email_verified: self.email_verified,
        }
    }

    /// Devices signed in, the one used last first.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Option<Vec<Session>>> {
        let actor = ctx.signed_in()?;
        let sessions = ctx.services().sessions_of(actor).await?;
        let session = |session| wire::object(&SessionOut::of(session, actor));
        Ok(Some(sessions.into_iter().map(session).collect::<domain::error::Result<_>>()?))
    }

    /// Providers by which the caller signs in, the oldest first.
    async fn identities(&self, ctx: &Context<'_>) -> Result<Option<Vec<Identity>>> {
        let identities = ctx.services().identities_of(ctx.signed_in()?).await?;
        let shown = identities.into_iter().map(|identity| wire::object(&IdentityOut::from(identity)));
        Ok(Some(shown.collect::<domain::error::Result<_>>()?))
    }
}

/// People.
#[derive(Default)]
pub(crate) struct UserQuery;

#[Object]
impl UserQuery {
    /// The caller's own account.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let actor = ctx.signed_in()?;
        let user = if_visible(ctx.services().me(actor).await)?;
        Ok(user.map(|user| wire::object(&UserOut::from(&user))).transpose()?)
    }
}

/// A registration.
#[derive(Serialize, InputObject)]
struct RegisterInput {
    email: String,
    /// 8 to 128 characters.
    password: String,
    first_name: String,
    last_name: String,
    /// E.164.
    phone: Option<String>,
    /// BCP 47; `en` unless given.
    locale: Option<String>,
    /// IANA.
    time_zone: Option<String>,
    /// `USD` unless given.
    currency: Option<Currency>,
    idempotency_key: Option<String>,
}

/// The account that was made.
#[derive(SimpleObject)]
struct RegisterPayload {
    user: Account,
}

/// Accounts.
#[derive(Default)]
pub(crate) struct UserMutation;

#[Object]
impl UserMutation {
    /// Register an account; a link that verifies the address is mailed.
    async fn register(&self, ctx: &Context<'_>, input: RegisterInput) -> Result<Option<RegisterPayload>> {
        let registration = Registration::from(wire::read::<RegisterIn>(&input, &[])?);
        let key = mutations::optional_key(ctx, None, "register", &input, input.idempotency_key.as_deref()).await?;
        let answer = ctx
            .services()
            .register(&web::context::current().client, &registration, key.as_ref(), |outcome| {
                answers::of(outcome, |user| answers::ok(&UserOut::from(user)))
            })
            .await?;
        Ok(Some(RegisterPayload { user: mutations::answered(ctx, &answer)? }))
    }
}
