use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn kids(ring: &KeyRing) -> Vec<&str> {
    ring.keys.iter().map(|key| key.kid.as_str()).collect()
}

#[test]
fn a_rotation_adds_then_signs_then_retires() {
    let mut ring = KeyRing::of_one("old").expect("a ring");
    ring.rotate(Step::Add, at(0), false).expect("added");
    assert_eq!((ring.active_kid.as_str(), kids(&ring).len()), ("old", 2));
    let new = kids(&ring)[1].to_owned();
    assert!(new.starts_with("1970-01-01-"), "{new}");
    ring.rotate(Step::Activate, at(120), false).expect("activated");
    assert_eq!((ring.active_kid.as_str(), kids(&ring).len()), (new.as_str(), 2));
    ring.rotate(Step::Retire, at(150), false).expect("retired");
    assert_eq!(kids(&ring), [new.as_str()]);
    ring.rotate(Step::Add, at(151), false).expect("and again");
    assert_ne!(kids(&ring)[1], new);
}

#[test]
fn no_step_comes_too_early_unless_it_is_told_to() {
    let mut ring = KeyRing::of_one("old").expect("a ring");
    ring.rotate(Step::Add, at(0), false).expect("added");
    assert!(ring.rotate(Step::Activate, at(119), false).is_err());
    assert_eq!(ring.active_kid, "old");
    ring.rotate(Step::Activate, at(1), true).expect("told to");
    assert!(ring.rotate(Step::Retire, at(30), false).is_err());
    assert_eq!(kids(&ring).len(), 2);
    ring.rotate(Step::Retire, at(30), true).expect("told to");
}

#[test]
fn no_step_comes_out_of_turn() {
    let mut ring = KeyRing::of_one("old").expect("a ring");
    assert!(ring.rotate(Step::Activate, at(500), true).is_err(), "nothing to activate");
    assert!(ring.rotate(Step::Retire, at(500), true).is_err(), "nothing to retire");
    ring.rotate(Step::Add, at(0), true).expect("added");
    assert!(ring.rotate(Step::Add, at(500), true).is_err(), "one at a time");
    assert!(ring.rotate(Step::Retire, at(500), true).is_err(), "the new one does not sign yet");
    ring.rotate(Step::Activate, at(500), true).expect("activated");
    assert!(ring.rotate(Step::Add, at(900), true).is_err(), "the old one is still there");
}

#[test]
fn a_ring_is_the_secret_that_functions_read_and_shows_no_key() {
    let ring = KeyRing::of_one("first").expect("a ring");
    let json = serde_json::to_value(&ring).expect("JSON");
    assert_eq!(json["active_kid"], "first");
    let key = json["keys"][0]["private_key_pkcs8_base64"].as_str().expect("a key").to_owned();
    assert!(!format!("{ring:?}").contains(&key));
    let read = KeyRing::parse(&json.to_string()).expect("a ring");
    assert_eq!(kids(&read), ["first"]);
    for wrong in ["", "{}", r#"{"active_kid":"a","keys":[]}"#] {
        assert!(KeyRing::parse(wrong).is_err(), "{wrong}");
    }
}
