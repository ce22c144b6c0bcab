//! Another address for an account: nothing changes until the new one is proven, and the old one is told.

use domain::error::{Error, ErrorCode, Result};
use domain::user::{Email, Password};
use services::SavedAnswer;
use services::auth::Credentials;
use services::users::User;
use testkit::{Kit, PASSWORD, Person, new_client};

fn address() -> String {
    format!("{}@example.com", uuid::Uuid::now_v7().simple())
}

fn accepted(outcome: Result<&(), &Error>) -> SavedAnswer {
    let status = outcome.err().map_or(202, |error| error.code().status());
    SavedAnswer { status, headers: Vec::new(), body: Vec::new() }
}

async fn ask(kit: &Kit, person: &Person, email: &str, password: &str) -> Result<()> {
    let email = Email::parse(email).expect("an address");
    let password = Password::attempted(password);
    let client = new_client();
    kit.services.request_email_change(&client, &person.actor, (&email, password), None, accepted).await.map(drop)
}

/// Works off everything that was published.
async fn deliver(kit: &Kit) {
    for event in kit.events.taken() {
        kit.services.notify(&event).await.expect("told");
    }
}

fn mails_to(kit: &Kit, address: &str) -> Vec<services::ports::Mail> {
    kit.mails.sent().into_iter().filter(|mail| mail.to == address).collect()
}

/// The token of the last mail to an address.
async fn token_for(kit: &Kit, address: &str) -> String {
    deliver(kit).await;
    let mails = mails_to(kit, address);
    let (_, after) = mails.last().and_then(|mail| mail.text.split_once("token=")).expect("a link");
    after.split_whitespace().next().expect("a token").to_owned()
}

async fn sign_in(kit: &Kit, email: &str) -> Result<()> {
    let credentials = Credentials { email, password: Password::attempted(PASSWORD), totp: None };
    kit.services.login(&new_client(), credentials).await.map(drop)
}

async fn account(kit: &Kit, person: &Person) -> User {
    kit.services.me(&person.actor).await.expect("an account")
}

fn code(outcome: Result<()>) -> Option<ErrorCode> {
    outcome.err().map(|error| error.code())
}

#[tokio::test]
async fn nothing_changes_until_the_link_is_opened_and_the_old_address_is_told_of_both() {
    let kit = Kit::start().await;
    let (person, new) = (kit.guest().await, address());
    ask(&kit, &person, &new, PASSWORD).await.expect("asked");
    let token = token_for(&kit, &new).await;
    let before = account(&kit, &person).await;
    assert_eq!(before.email.as_str(), person.email);
    let told = mails_to(&kit, &person.email);
    assert_eq!(told.len(), 1);
    assert!(told[0].text.contains(&new) && told[0].text.contains("/forgot-password"), "{}", told[0].text);
    assert!(!told[0].text.contains("token="), "the old address gets no link: {}", told[0].text);

    kit.services.verify_email(&new_client(), &token).await.expect("opened");
    let after = account(&kit, &person).await;
    assert_eq!((after.email.as_str(), after.email_verified_at.is_some()), (new.as_str(), true));
    assert_eq!(after.sessions_valid_from, before.sessions_valid_from, "sessions go on");
    for _ in 0..2 {
        deliver(&kit).await;
    }
    let told = mails_to(&kit, &person.email);
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].subject, "Your e-mail address was changed");
    assert_eq!(mails_to(&kit, &new).len(), 1);
    assert_eq!(code(kit.services.verify_email(&new_client(), &token).await), Some(ErrorCode::TokenInvalid), "once");
    sign_in(&kit, &new).await.expect("by the new address");
    assert_eq!(code(sign_in(&kit, &person.email).await), Some(ErrorCode::InvalidCredentials));
}

#[tokio::test]
async fn an_address_that_was_never_proven_is_not_told() {
    let kit = Kit::start().await;
    let (person, new) = (kit.unverified().await, address());
    ask(&kit, &person, &new, PASSWORD).await.expect("asked");
    let token = token_for(&kit, &new).await;
    kit.services.verify_email(&new_client(), &token).await.expect("opened");
    deliver(&kit).await;
    assert_eq!(mails_to(&kit, &person.email), []);
    assert!(account(&kit, &person).await.email_verified_at.is_some());
}

#[tokio::test]
async fn it_takes_the_password_and_an_address_that_nobody_has() {
    let kit = Kit::start().await;
    let (person, other) = (kit.guest().await, kit.guest().await);
    let refused = ask(&kit, &person, &address(), "not the password").await.expect_err("refused");
    assert_eq!((refused.code(), refused.fields()[0].code), (ErrorCode::ValidationFailed, "wrong_password"));
    let refused = ask(&kit, &person, &person.email.to_uppercase(), PASSWORD).await.expect_err("refused");
    assert_eq!((refused.code(), refused.fields()[0].code), (ErrorCode::ValidationFailed, "unchanged"));
    // Without a key, a conflict is the caller's error.
    assert_eq!(code(ask(&kit, &person, &other.email.to_uppercase(), PASSWORD).await), Some(ErrorCode::EmailTaken));
    deliver(&kit).await;
    assert_eq!(kit.mails.sent(), []);
}

#[tokio::test]
async fn of_two_who_prove_the_same_address_one_gets_it() {
    let kit = Kit::start().await;
    let (one, two, new) = (kit.guest().await, kit.guest().await, address());
    ask(&kit, &one, &new, PASSWORD).await.expect("asked");
    let first = token_for(&kit, &new).await;
    ask(&kit, &two, &new, PASSWORD).await.expect("asked");
    let second = token_for(&kit, &new).await;
    let (here, there) = (new_client(), new_client());
    let (a, b) = tokio::join!(kit.services.verify_email(&here, &first), kit.services.verify_email(&there, &second));
    let mut outcomes = [code(a), code(b)];
    outcomes.sort_by_key(Option::is_some);
    assert_eq!(outcomes, [None, Some(ErrorCode::EmailTaken)]);
    let (one_now, two_now) = (account(&kit, &one).await, account(&kit, &two).await);
    let with_new = [&one_now, &two_now].iter().filter(|user| user.email.as_str() == new).count();
    assert_eq!(with_new, 1);
}

#[tokio::test]
async fn asking_again_withdraws_what_was_asked_for_before() {
    let kit = Kit::start().await;
    let (person, first, second) = (kit.guest().await, address(), address());
    ask(&kit, &person, &first, PASSWORD).await.expect("asked");
    let first_token = token_for(&kit, &first).await;
    ask(&kit, &person, &second, PASSWORD).await.expect("asked");
    let second_token = token_for(&kit, &second).await;
    assert_eq!(code(kit.services.verify_email(&new_client(), &first_token).await), Some(ErrorCode::TokenInvalid));
    kit.services.verify_email(&new_client(), &second_token).await.expect("the last one counts");
    assert_eq!(account(&kit, &person).await.email.as_str(), second);
}

/// Who sees in the notice that it was not them sets a new password, which stops it.
#[tokio::test]
async fn a_new_password_withdraws_a_change() {
    let kit = Kit::start().await;
    let (person, new) = (kit.guest().await, address());
    ask(&kit, &person, &new, PASSWORD).await.expect("asked");
    let change = token_for(&kit, &new).await;
    let reset = reset_token(&kit, &person).await;
    let password = Password::parse("another horse entirely").expect("a password");
    kit.services.reset_password(&new_client(), &reset, &password).await.expect("set");
    assert_eq!(code(kit.services.verify_email(&new_client(), &change).await), Some(ErrorCode::TokenInvalid));
    assert_eq!(account(&kit, &person).await.email.as_str(), person.email);
}

#[tokio::test]
async fn a_link_for_a_new_password_dies_with_the_address_it_was_mailed_to() {
    let kit = Kit::start().await;
    let (person, new) = (kit.guest().await, address());
    let reset = reset_token(&kit, &person).await;
    ask(&kit, &person, &new, PASSWORD).await.expect("asked");
    let change = token_for(&kit, &new).await;
    kit.services.verify_email(&new_client(), &change).await.expect("opened");
    let password = Password::parse("another horse entirely").expect("a password");
    assert_eq!(
        code(kit.services.reset_password(&new_client(), &reset, &password).await),
        Some(ErrorCode::TokenInvalid)
    );
}

async fn reset_token(kit: &Kit, person: &Person) -> String {
    let email = person.email.as_str();
    kit.services.request_password_reset(&new_client(), email, None, accepted).await.expect("asked");
    token_for(kit, email).await
}

/// What is kept of a change names people: it goes after a month.
#[tokio::test]
async fn changes_are_forgotten_after_thirty_days() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    ask(&kit, &person, &address(), PASSWORD).await.expect("asked");
    kit.database.advance(jiff::SignedDuration::from_hours(30 * 24 + 1)).await;
    assert_eq!(kit.services.run_maintenance().await.failed_steps, Vec::<&str>::new());
    let left: i64 = kit.database.value("SELECT count(*) FROM email_changes", &[]).await;
    assert_eq!(left, 0);
}
