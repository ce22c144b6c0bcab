//! Who is an admin: by the operator alone, in the audit log, and with nobody's token saying otherwise.

use std::sync::Arc;

use domain::admin::AdminReason;
use domain::error::{ErrorCode, Result};
use domain::user::{Email, Password, Role};
use jiff::Timestamp;
use services::admin::AuditFilter;
use services::auth::{Credentials, TokenPair};
use services::roles::RoleChange;
use services::users::User;
use store::{Db, Tx};
use testkit::{Kit, PASSWORD, Person, new_client};

fn to(person: &Person, role: Role) -> RoleChange {
    RoleChange {
        email: Email::parse(&person.email.to_uppercase()).expect("an address"),
        role,
        reason: AdminReason::parse("Asked for by the founder.").expect("a reason"),
    }
}

/// As the owner of the tables, as the operator's commands do.
async fn change(kit: &Kit, change: &RoleChange) -> Result<(User, bool)> {
    let owner = Db::at(kit.database.owner_target());
    let work = |tx: Arc<Tx>| async move { services::roles::change(&tx, change).await };
    Ok(owner.run_tx("test.change", work).await?.value)
}

async fn login(kit: &Kit, person: &Person) -> TokenPair {
    let credentials = Credentials { email: &person.email, password: Password::attempted(PASSWORD), totp: None };
    kit.services.login(&new_client(), credentials).await.expect("signed in")
}

async fn is_taken(kit: &Kit, pair: &TokenPair) -> bool {
    kit.services.authenticate(&pair.access_token).await.is_ok()
}

#[tokio::test]
async fn an_admin_is_made_and_unmade_and_each_time_the_sessions_before_have_ended() {
    let kit = Kit::start().await;
    let person = kit.person().await;
    let before = login(&kit, &person).await;
    assert!(is_taken(&kit, &before).await);
    let (user, changed) = change(&kit, &to(&person, Role::Admin)).await.expect("granted");
    assert_eq!((user.role, changed), (Role::Admin, true));
    let refused = kit.services.refresh(&new_client(), &before.refresh_token).await.map(drop);
    assert_eq!(refused.expect_err("it is over").code(), ErrorCode::Unauthenticated);
    assert_eq!(kit.services.end_noted_sessions().await.expect("ended"), 1);
    assert!(!is_taken(&kit, &before).await);
    assert_eq!(kit.services.run_maintenance().await.ended_sessions, 0, "once");

    let as_admin = login(&kit, &person).await;
    assert_eq!(as_admin.user.role, Role::Admin);
    change(&kit, &to(&person, Role::User)).await.expect("revoked");
    assert_eq!(kit.services.run_maintenance().await.ended_sessions, 1);
    assert!(!is_taken(&kit, &as_admin).await);
    assert_eq!(login(&kit, &person).await.user.role, Role::User);

    let admin = kit.admin().await;
    let filter = AuditFilter { limit: 10, ..AuditFilter::default() };
    let log = kit.services.audit_log(&admin.actor, &filter).await.expect("the log");
    let entries: Vec<_> =
        log.iter().map(|entry| (entry.actor_id, entry.action.as_str(), entry.subject.to_string())).collect();
    let id = person.id.to_string();
    assert_eq!(entries, [(None, "user.revoke_admin", id.clone()), (None, "user.grant_admin", id)]);
    assert_eq!(log[0].reason.as_deref(), Some("Asked for by the founder."));
}

#[tokio::test]
async fn what_is_so_already_changes_nothing() {
    let kit = Kit::start().await;
    let person = kit.person().await;
    let (_, changed) = change(&kit, &to(&person, Role::User)).await.expect("nothing to do");
    assert!(!changed);
    change(&kit, &to(&person, Role::Admin)).await.expect("granted");
    kit.services.end_noted_sessions().await.expect("ended");
    let pair = login(&kit, &person).await;
    let (_, changed) = change(&kit, &to(&person, Role::Admin)).await.expect("nothing to do");
    assert_eq!((changed, kit.services.end_noted_sessions().await.expect("ended")), (false, 0));
    assert!(is_taken(&kit, &pair).await);
    let entries: i64 = kit.database.value("SELECT count(*) FROM audit_log", &[]).await;
    assert_eq!(entries, 1);
}

#[tokio::test]
async fn nobody_becomes_an_admin_unverified_suspended_gone_or_unknown() {
    let kit = Kit::start().await;
    let (unverified, suspended, gone) = (kit.unverified().await, kit.person().await, kit.person().await);
    kit.database.execute("UPDATE users SET suspended_at = now() WHERE id = $1", &[&suspended.id.uuid()]).await;
    let actor = &gone.actor;
    let erased =
        kit.services.write("test.erase", |tx| async move { services::erasures::erase(&tx, actor, |_| Ok(())).await });
    erased.await.expect("erased");
    for (person, code) in
        [(&unverified, ErrorCode::EmailUnverified), (&suspended, ErrorCode::InvalidState), (&gone, ErrorCode::NotFound)]
    {
        let refused = change(&kit, &to(person, Role::Admin)).await.expect_err("refused");
        assert_eq!(refused.code(), code);
    }
    let admins: i64 = kit.database.value("SELECT count(*) FROM users WHERE role = 'admin'", &[]).await;
    assert_eq!(admins, 0);
}

#[tokio::test]
async fn a_change_that_comes_while_sessions_are_ended_is_not_forgotten() {
    let kit = Kit::start().await;
    let person = kit.person().await;
    change(&kit, &to(&person, Role::Admin)).await.expect("granted");
    let connection = kit.services.db.connection().await.expect("connected");
    let due = store::roles::sessions_to_end(&connection, 10).await.expect("read");
    assert_eq!(due.len(), 1);
    change(&kit, &to(&person, Role::User)).await.expect("revoked");
    store::roles::sessions_ended(&connection, person.id, due[0].1).await.expect("noted");
    let still: Vec<(_, Timestamp)> = store::roles::sessions_to_end(&connection, 10).await.expect("read");
    assert_eq!(still.len(), 1);
    assert!(still[0].1 > due[0].1);
}
