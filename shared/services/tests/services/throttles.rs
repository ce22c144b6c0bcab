//! Guessing is limited by address and account, the owner gets in all the same, and where nobody counts nobody gets in.

use std::sync::Arc;

use adapters::{DynamoThrottles, RedisCache, RedisThrottles};
use domain::error::{Error, ErrorCode, Result};
use domain::id::AvatarId;
use domain::photo::PhotoType;
use domain::throttle::{Limits, Policy};
use domain::user::Password;
use services::Services;
use services::auth::{Credentials, TokenPair};
use services::avatars::NewAvatar;
use services::idempotency::SavedAnswer;
use services::ports::{Attempt, Counted, ThrottleStore};
use services::throttles::Client;
use testkit::{Kit, LocalAws, PASSWORD, new_client};
use tokio::task::JoinSet;

/// What is left when a sign-in has been refused ten times.
const LOGINS: usize = 10;

async fn login(services: &Services, client: &Client, email: &str, password: &str) -> Result<TokenPair> {
    services.login(client, Credentials { email, password: Password::attempted(password), totp: None }).await
}

fn code<T>(outcome: Result<T>) -> Option<ErrorCode> {
    outcome.err().map(|error| error.code())
}

/// How many of these guesses are looked at before the next is refused.
async fn guesses(services: &Services, client: &Client, email: &str) -> usize {
    for guess in 0..100 {
        match code(login(services, client, email, "a wrong guess").await) {
            Some(ErrorCode::InvalidCredentials) => {}
            Some(ErrorCode::RateLimited) => return guess,
            other => panic!("{other:?}"),
        }
    }
    panic!("nobody stops this")
}

/// Counts where this kit's services count when Redis is gone.
async fn without_redis(kit: &Kit) -> Services {
    let gone = RedisThrottles::new(Arc::new(RedisCache::new("redis://127.0.0.1:1").expect("an address")));
    let aws = LocalAws::connect().await;
    let mut services = kit.more_services();
    let table = DynamoThrottles::new(aws.adapters(), aws.throttles_table()).with_patience(25);
    services.throttles = vec![Arc::new(gone), Arc::new(table)];
    services
}

/// Nobody who counts.
struct Down;

#[async_trait::async_trait]
impl ThrottleStore for Down {
    async fn take(&self, _: &Attempt) -> Result<Counted> {
        Err(Error::unavailable("down"))
    }

    async fn give_back(&self, _: &[(String, i64)], _: i64) -> Result<()> {
        Err(Error::unavailable("down"))
    }
}

#[tokio::test]
async fn ten_wrong_passwords_are_the_last_from_one_address_and_the_owner_gets_in_from_another() {
    let kit = Kit::start().await;
    let (guest, attacker) = (kit.guest().await, new_client());
    assert_eq!(guesses(&kit.services, &attacker, &guest.email).await, LOGINS);
    let refused = login(&kit.services, &attacker, &guest.email, PASSWORD).await.map(drop).expect_err("too late");
    assert_eq!(refused.code(), ErrorCode::RateLimited, "the right one is not looked at either");
    assert!((1..=90).contains(&refused.retry_after_seconds().expect("when")));
    let other = kit.guest().await;
    login(&kit.services, &attacker, &other.email, PASSWORD).await.expect("another account from there");
    login(&kit.services, &new_client(), &guest.email.to_uppercase(), PASSWORD).await.expect("the owner");
}

#[tokio::test]
async fn an_address_without_an_account_is_limited_alike() {
    let kit = Kit::start().await;
    let nobody = format!("{}@example.com", uuid::Uuid::new_v4().simple());
    let attacker = new_client();
    for _ in 0..LOGINS / 2 {
        assert_eq!(code(login(&kit.services, &attacker, &nobody, "x").await), Some(ErrorCode::InvalidCredentials));
        let spelt = nobody.to_uppercase();
        assert_eq!(code(login(&kit.services, &attacker, &spelt, "x").await), Some(ErrorCode::InvalidCredentials));
    }
    assert_eq!(guesses(&kit.services, &attacker, &nobody).await, 0);
    let no_address = format!("no address {}", uuid::Uuid::new_v4());
    assert_eq!(guesses(&kit.services, &new_client(), &no_address).await, LOGINS);
}

#[tokio::test]
async fn signing_in_takes_nothing_from_what_may_fail() {
    let kit = Kit::start().await;
    let (guest, client) = (kit.guest().await, new_client());
    for _ in 0..LOGINS + 2 {
        login(&kit.services, &client, &guest.email, PASSWORD).await.expect("signed in");
        assert_eq!(client.standing().map(|standing| standing.remaining), Some(10));
    }
    assert_eq!(guesses(&kit.services, &client, &guest.email).await, LOGINS);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_the_same_moment_are_no_more_than_guesses_in_a_row() {
    let kit = Arc::new(Kit::start().await);
    let (guest, attacker) = (kit.guest().await, Arc::new(new_client()));
    let mut tasks = JoinSet::new();
    for _ in 0..3 * LOGINS {
        let (kit, attacker, email) = (kit.clone(), attacker.clone(), guest.email.clone());
        tasks.spawn(async move { code(login(&kit.services, &attacker, &email, "wrong").await) });
    }
    let looked_at = tasks.join_all().await.into_iter().filter(|code| *code == Some(ErrorCode::InvalidCredentials));
    // Those that Redis did not count in time were counted by the table.
    assert!(looked_at.count() <= 2 * LOGINS);
}

#[tokio::test]
async fn an_account_guessed_at_from_everywhere_leaves_each_address_two_guesses_and_lets_its_owner_in() {
    let limits = Limits::parse("login_account=12/3600").expect("limits");
    let kit = Kit::with(|services| services.settings.limits = limits).await;
    let (guest, other) = (kit.guest().await, kit.guest().await);
    assert_eq!(guesses(&kit.services, &new_client(), &guest.email).await, LOGINS);
    for _ in 0..3 {
        assert!(guesses(&kit.services, &new_client(), &guest.email).await <= 4);
    }
    assert_eq!(guesses(&kit.services, &new_client(), &guest.email).await, 2);
    login(&kit.services, &new_client(), &guest.email, PASSWORD).await.expect("the owner");
    let owner = new_client();
    assert_eq!(code(login(&kit.services, &owner, &guest.email, "mistyped").await), Some(ErrorCode::InvalidCredentials));
    login(&kit.services, &owner, &guest.email, PASSWORD).await.expect("the owner, at the second attempt");
    assert_eq!(guesses(&kit.services, &new_client(), &other.email).await, LOGINS, "other accounts are as before");
}

#[tokio::test]
async fn one_address_may_not_try_one_password_on_everybody() {
    let limits = Limits::parse("login_address=6/900").expect("limits");
    let kit = Kit::with(|services| services.settings.limits = limits).await;
    let attacker = new_client();
    for _ in 0..6 {
        let email = format!("{}@example.com", uuid::Uuid::new_v4().simple());
        assert_eq!(code(login(&kit.services, &attacker, &email, "x").await), Some(ErrorCode::InvalidCredentials));
    }
    let guest = kit.guest().await;
    assert_eq!(code(login(&kit.services, &attacker, &guest.email, PASSWORD).await), Some(ErrorCode::RateLimited));
    assert_eq!(attacker.standing().map(|standing| standing.policy), Some(Policy::LoginAddress));
}

#[tokio::test]
async fn without_redis_the_table_counts() {
    let kit = Kit::start().await;
    let services = without_redis(&kit).await;
    let (guest, attacker) = (kit.guest().await, new_client());
    login(&services, &attacker, &guest.email, PASSWORD).await.expect("signed in");
    assert_eq!(guesses(&services, &attacker, &guest.email).await, LOGINS);
    login(&services, &new_client(), &guest.email, PASSWORD).await.expect("the owner");
}

#[tokio::test]
async fn where_nobody_counts_nobody_is_let_in() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let pair = login(&kit.services, &new_client(), &guest.email, PASSWORD).await.expect("signed in");
    let mut services = kit.more_services();
    services.throttles = vec![Arc::new(Down), Arc::new(Down)];
    let client = new_client();
    assert_eq!(code(login(&services, &client, &guest.email, PASSWORD).await), Some(ErrorCode::Unavailable));
    assert_eq!(code(services.refresh(&client, &pair.refresh_token).await), Some(ErrorCode::Unavailable));
    assert_eq!(code(services.verify_email(&client, "x").await), Some(ErrorCode::Unavailable));
    let forgot = services.request_password_reset(&client, &guest.email, None, |_| accepted()).await;
    assert_eq!(code(forgot), Some(ErrorCode::Unavailable));
    services.authenticate(&pair.access_token).await.expect("who is signed in goes on");
}

fn accepted() -> SavedAnswer {
    SavedAnswer { status: 202, headers: Vec::new(), body: Vec::new() }
}

#[tokio::test]
async fn wrong_tokens_are_limited_and_right_ones_are_not() {
    let limits = Limits::parse("token=3/900").expect("limits");
    let kit = Kit::with(|services| services.settings.limits = limits).await;
    let (guest, client) = (kit.guest().await, new_client());
    let mut token = login(&kit.services, &client, &guest.email, PASSWORD).await.expect("signed in").refresh_token;
    for _ in 0..5 {
        token = kit.services.refresh(&client, &token).await.expect("refreshed").refresh_token;
    }
    assert_eq!(code(kit.services.refresh(&client, "wrong").await), Some(ErrorCode::Unauthenticated));
    let password = Password::attempted("another password");
    assert_eq!(code(kit.services.reset_password(&client, "x", &password).await), Some(ErrorCode::TokenInvalid));
    assert_eq!(code(kit.services.verify_email(&client, "wrong").await), Some(ErrorCode::TokenInvalid));
    for _ in 0..2 {
        assert_eq!(code(kit.services.refresh(&client, "wrong").await), Some(ErrorCode::RateLimited));
    }
    kit.services.refresh(&new_client(), &token).await.expect("from elsewhere");
}

#[tokio::test]
async fn an_account_gets_so_many_links_and_no_more_whoever_asks_from_wherever() {
    let limits = Limits::parse("mail=2/3600 mail_account=3/3600").expect("limits");
    let kit = Kit::with(|services| services.settings.limits = limits).await;
    let guest = kit.guest().await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let client = new_client();
        for _ in 0..3 {
            let answer = kit.services.request_password_reset(&client, &guest.email, None, |_| accepted()).await;
            answers.push(answer.map(|answer| answer.saved.status).map_err(|error| error.code()));
        }
    }
    let of_each = [Ok(202), Ok(202), Err(ErrorCode::RateLimited)];
    assert_eq!(answers, of_each.repeat(3), "and nobody is told that no more are sent");
    let asked = kit.events.taken();
    assert_eq!(asked.iter().filter(|event| event.data["user_id"] == guest.id.to_string()).count(), 3);
    assert_eq!(asked.iter().filter(|event| event.data["user_id"].is_null()).count(), 3);
}

#[tokio::test]
async fn a_person_uploads_so_many_pictures_since_each_takes_work() {
    let kit = Kit::start().await;
    let (person, other) = (kit.guest().await, kit.guest().await);
    let new = || NewAvatar { id: AvatarId::new(), content_type: PhotoType::Png, bytes: 2_000 };
    for _ in 0..20 {
        kit.services.presign_avatar(&new_client(), &person.actor, new()).await.expect("allowed");
    }
    let refused = kit.services.presign_avatar(&new_client(), &person.actor, new()).await;
    assert_eq!(code(refused), Some(ErrorCode::RateLimited));
    kit.services.presign_avatar(&new_client(), &other.actor, new()).await.expect("another person's");
}
