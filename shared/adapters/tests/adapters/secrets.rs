//! A secret is its text, as it is now.

use adapters::SecretsManager;
use domain::id::EventId;
use testkit::LocalAws;

#[tokio::test]
async fn a_secret_is_read_as_it_is_now_by_name_and_by_arn() {
    let aws = LocalAws::connect().await;
    let adapters = aws.adapters();
    let client = aws_sdk_secretsmanager::Client::new(adapters.config().await);
    let name = format!("roost-test/{}", EventId::new());
    let made = client.create_secret().name(&name).secret_string("{\"key\": 1}").send().await.expect("made");
    let secrets = SecretsManager::new(aws.adapters());
    assert_eq!(&*secrets.fetch(&name).await.expect("read"), "{\"key\": 1}");
    assert_eq!(&*secrets.fetch(made.arn().expect("it has one")).await.expect("read"), "{\"key\": 1}");
    client.put_secret_value().secret_id(&name).secret_string("new").send().await.expect("changed");
    assert_eq!(&*secrets.fetch(&name).await.expect("read"), "new", "nothing is cached here");
    secrets.fetch(&format!("{name}-gone")).await.expect_err("there is none");
}
