//! Who hears of a review, and what of it.

use jiff::SignedDuration;
use testkit::{Kit, Person};

use crate::{api, post, review, stayed};

async fn deliver(kit: &Kit) {
    for event in kit.events.taken().iter().filter(|event| event.kind.as_str().starts_with("review.")) {
        kit.services.notify(event).await.expect("told");
    }
}

fn mails_to(kit: &Kit, person: &Person) -> Vec<services::ports::Mail> {
    kit.mails.sent().into_iter().filter(|mail| mail.to == person.email).collect()
}

#[tokio::test]
async fn the_other_side_hears_that_there_is_a_review_and_not_what_it_says() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (_, booking) = stayed(&kit, &host, &guest).await;
    post(&api, &guest, &review(booking, 2)).await.of_status(201);
    for _ in 0..3 {
        deliver(&kit).await;
    }
    let mails = mails_to(&kit, &host);
    assert_eq!((mails.len(), mails_to(&kit, &guest).len()), (1, 0));
    for part in [&mails[0].text, &mails[0].html] {
        assert!(!part.contains("A fine place") && !part.contains("The tap drips"), "{part}");
    }
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    assert_eq!(kit.services.run_maintenance().await.published_reviews, 1);
    deliver(&kit).await;
    let mails = mails_to(&kit, &host);
    assert_eq!((mails.len(), mails_to(&kit, &guest).len()), (2, 0));
    assert!(mails[1].text.contains("/reviews/rev_"), "{}", mails[1].text);
    let inbox = kit.services.inbox(&host.actor, None, 10).await.expect("an inbox");
    let kinds: Vec<&str> = inbox.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(kinds, ["review.published", "review.received"]);
    assert!(kit.services.inbox(&guest.actor, None, 10).await.expect("an inbox").is_empty());
}
