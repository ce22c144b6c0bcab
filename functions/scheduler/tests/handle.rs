//! One pass of the scheduler, as its function answers it.

use testkit::{EventsMode, Kit};

#[tokio::test]
async fn a_pass_reports_what_it_did() {
    let kit = Kit::start().await;
    kit.events.set(EventsMode::Fail);
    let person = kit.unverified().await;
    let (services, actor) = (&kit.services, &person.actor);
    let asked =
        services.write("test.ask", |tx| async move { services::users::request_email_verification(&tx, actor).await });
    asked.await.expect("asked");
    kit.events.set(EventsMode::Take);
    kit.database.batch("UPDATE outbox SET claimed_until = clock_timestamp() - interval '1 second'").await;
    let report = scheduler::handle(&kit.services).await.expect("a pass");
    assert_eq!((report.published_events, report.expired_holds, report.completed_stays), (1, 0, 0));
    assert_eq!(kit.events.taken().len(), 1);
    let report = scheduler::handle(&kit.services).await.expect("a pass");
    assert_eq!(report.published_events, 0);
}

#[tokio::test]
async fn a_pass_in_which_a_step_failed_is_an_error_that_names_it() {
    let kit = Kit::start().await;
    kit.database.batch("REVOKE ALL ON bookings FROM roost_app").await;
    let error = scheduler::handle(&kit.services).await.expect_err("two steps can't be done");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(cause.contains("expire_holds") && cause.contains("complete_stays"), "{cause}");
    assert!(!cause.contains("sweep_outbox"), "{cause}");
}
