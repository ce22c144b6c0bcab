//! What the mails about the account itself say: links to open, and what happened that its owner must know of.

use domain::error::Result;
use domain::event::{Event, EventKind};
use domain::id::{EmailChangeId, SessionId};
use domain::time_zone::TimeZoneName;
use domain::user::Email;
use serde::Deserialize;
use serde_json::{Value, json};
use store::users::User;

use super::audience::Part;
use super::mails::parse;
use super::reader::Reader;
use crate::Services;
use crate::email_changes::{EMAIL_CHANGE, EMAIL_CHANGE_HOURS};
use crate::one_time_tokens::{EMAIL_VERIFICATION_HOURS, PASSWORD_RESET_HOURS};

#[derive(Deserialize)]
struct OfEmailChange {
    change_id: EmailChangeId,
}

#[derive(Deserialize)]
struct OfIdentity {
    provider: String,
    #[serde(default)]
    password_removed: bool,
}

#[derive(Deserialize)]
struct OfSession {
    session_id: SessionId,
}

impl Services {
    /// To which address the mail goes and what fills it; none when there is nothing to say any more.
    pub(super) async fn account_mail(
        &self,
        event: &Event,
        part: Part,
        reader: &Reader,
        person: &User,
    ) -> Result<Option<(Email, Value)>> {
        let written = match event.kind {
            // A link for an address that is verified would only confuse.
            EventKind::UserRegistered | EventKind::UserEmailVerificationRequested => {
                if person.email_verified_at.is_some() {
                    return Ok(None);
                }
                let token = self.issue_email_verification(person).await?;
                Some((person.email.clone(), self.link("verify", "verify-email", &token, EMAIL_VERIFICATION_HOURS)))
            }
            EventKind::UserPasswordResetRequested => {
                let token = self.issue_password_reset(person).await?;
                Some((person.email.clone(), self.link("reset", "reset-password", &token, PASSWORD_RESET_HOURS)))
            }
            EventKind::UserEmailChangeRequested | EventKind::UserEmailChanged => {
                self.email_change_mail(event, part, person).await?
            }
            EventKind::UserNewSignIn => Some((person.email.clone(), self.sign_in_context(event, reader).await?)),
            EventKind::UserIdentityLinked | EventKind::UserIdentityRemoved => {
                let OfIdentity { provider, password_removed } = parse(event)?;
                let context = json!({ "provider": provider, "password_removed": password_removed });
                Some((person.email.clone(), context))
            }
            _ => Some((person.email.clone(), json!({}))),
        };
        Ok(written.map(|(to, mut context)| {
            let web = &self.settings.web_base_url;
            context["first_name"] = json!(person.first_name);
            context["forgot_url"] = json!(format!("{web}/forgot-password"));
            context["home_url"] = json!(format!("{web}/"));
            (to, context)
        }))
    }

    /// A link with a token, and the token for who can't open links.
    fn link(&self, name: &str, page: &str, token: &str, hours: i64) -> Value {
        let mut context = json!({ "token": token, "hours": hours });
        context[format!("{name}_url")] = json!(format!("{}/{page}?token={token}", self.settings.web_base_url));
        context
    }

    /// The link goes to the new address alone; the old one is told, if it was known to be the person's.
    async fn email_change_mail(&self, event: &Event, part: Part, person: &User) -> Result<Option<(Email, Value)>> {
        let id = parse::<OfEmailChange>(event)?.change_id;
        let change = store::email_changes::find(&self.db.connection().await?, id).await?;
        // Withdrawn, or done: by its link, which whoever needs another one has had.
        let is_over = |done: bool| event.kind == EventKind::UserEmailChangeRequested && part == Part::Account && done;
        let Some(change) = change.filter(|change| !is_over(change.completed_at.is_some())) else { return Ok(None) };
        if part == Part::FormerAddress {
            let context = json!({ "new_email": change.new_email });
            return Ok(change.old_email_verified.then_some((change.old_email, context)));
        }
        let token = self.issue_one_time_token(EMAIL_CHANGE, person.id, id.to_string(), EMAIL_CHANGE_HOURS).await?;
        Ok(Some((change.new_email, self.link("verify", "verify-email", &token, EMAIL_CHANGE_HOURS))))
    }

    /// When, and what the device calls itself, if it is still signed in.
    async fn sign_in_context(&self, event: &Event, reader: &Reader) -> Result<Value> {
        let session = self.sessions.find(parse::<OfSession>(event)?.session_id).await?;
        let device = session.and_then(|session| session.device).filter(|device| !device.trim().is_empty());
        let signed_in_at = reader.instant(event.occurred_at, &TimeZoneName::utc());
        Ok(json!({ "signed_in_at": signed_in_at, "device": device }))
    }
}
