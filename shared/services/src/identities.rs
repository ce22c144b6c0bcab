//! The providers by which a person signs in.

use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::id::IdentityId;
use serde_json::json;
pub use store::identities::Identity;

use crate::Services;
use crate::actor::{Actor, own_account};
use crate::oidc::Provider;

impl Services {
    /// The caller's identities, the oldest first, each with its provider while that is configured.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn identities_of(&self, actor: &Actor) -> Result<Vec<(Identity, Option<Provider>)>> {
        let providers = self.sign_in_providers().await?;
        let identities = store::identities::of_user(&self.db.connection().await?, actor.user_id).await?;
        let with_provider = |identity: Identity| {
            let provider = providers.iter().find(|provider| provider.issuer == identity.issuer).cloned();
            (identity, provider)
        };
        Ok(identities.into_iter().map(with_provider).collect())
    }

    /// Takes an identity from the caller's account: who signs in at that provider next is somebody new. Sessions go on.
    ///
    /// # Errors
    /// `last_sign_in_method` where there is neither a password nor another identity of a provider that is configured;
    /// `not_found`.
    pub async fn delete_identity(&self, actor: &Actor, id: IdentityId) -> Result<()> {
        let providers = &self.sign_in_providers().await?;
        self.write("identities.delete", |tx| async move {
            // One at a time: of two identities that go at once the second may be the last.
            own_account(&tx, actor).await?;
            let identities = store::identities::of_user(&*tx, actor.user_id).await?;
            let (gone, rest): (Vec<_>, Vec<_>) = identities.into_iter().partition(|identity| identity.id == id);
            let gone = gone.first().ok_or_else(Error::not_found)?;
            let of = |identity: &Identity| providers.iter().find(|provider| provider.issuer == identity.issuer);
            let has_password = store::users::password_hash(&*tx, actor.user_id).await?.is_some();
            if !has_password && !rest.iter().any(|other| of(other).is_some()) {
                let detail =
                    "It is the only way to sign in to this account. Set a password first, as if it were forgotten.";
                return Err(Error::new(ErrorCode::LastSignInMethod, detail));
            }
            store::identities::delete(&tx, id).await?;
            let provider = of(gone).map_or(gone.issuer.as_str(), |provider| provider.name.as_str());
            let data = json!({ "user_id": actor.user_id, "provider": provider });
            store::outbox::insert(&tx, EventKind::UserIdentityRemoved, &data).await
        })
        .await
    }
}
