use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::*;

/// Everything that any mail says, for a stay of one guest and one night.
fn everything() -> Json {
    json!({
        "first_name": "Ann", "verify_url": "https://roost.example/v?token=t&x=1", "token": "t",
        "reset_url": "https://roost.example/r", "forgot_url": "https://roost.example/f", "hours": 24, "title": "Hut",
        "host_first_name": "Hans", "guest_first_name": "Ann", "author_first_name": "Ann", "address": "1 Way, Town",
        "check_in": "2027-01-01", "check_in_time": "15:00", "check_out": "2027-01-02", "check_out_time": "11:00",
        "nights": 1, "guests": 1, "sender_first_name": "Ann", "text": "Hello,\nis there a cot?",
        "expires_at": "2027-01-01 14:45", "is_request": true, "message": "We come by train.",
        "thread_url": "https://roost.example/messages/t", "total": "114.20 USD", "host_payout": "97.00 USD",
        "hold_minutes": 15, "cancelled_by": "host", "refund": "114.20 USD", "amount": "114.20 USD",
        "other_first_name": "Hans", "change": {
            "check_in": "2027-01-02", "check_out": "2027-01-04", "guests": 2, "total": "228.40 USD",
            "due": "114.20 USD", "back": null, "hours": 24
        },
        "is_published": false, "closes_on": "2027-01-16", "booking_url": "https://roost.example/bookings/b",
        "review_url": "https://roost.example/reviews/r", "home_url": "https://roost.example/",
        "new_email": "ann.new@example.com", "signed_in_at": "2027-01-01 14:45", "device": "Firefox on a telephone",
        "provider": "Example", "password_removed": true
    })
}

fn with(changes: &Json) -> Json {
    let mut context = everything();
    for (name, value) in changes.as_object().expect("an object") {
        context[name] = value.clone();
    }
    context
}

fn mail(template: MailTemplate, language: Language, context: &Json) -> Mail {
    render(template, language, "ann@example.com", context)
        .unwrap_or_else(|error| panic!("{}/{}: {error:?}", language.tag(), template.name()))
}

/// Its own text in each state that a template asks about.
#[test]
fn every_mail_can_be_written_in_every_language_and_both_parts() {
    let states = [
        json!({}),
        json!({ "address": null, "message": null, "expires_at": "soon", "is_request": false, "refund": null }),
        json!({ "cancelled_by": "guest", "is_published": true, "expires_at": null, "device": null,
            "password_removed": false }),
        json!({ "cancelled_by": "system", "nights": 7, "guests": 4, "hours": 1, "hold_minutes": 1 }),
    ];
    for language in Language::ALL {
        for template in MailTemplate::ALL {
            for state in &states {
                let mail = mail(*template, *language, &with(state));
                let what = format!("{}/{}", language.tag(), template.name());
                assert!(!mail.subject.trim().is_empty() && !mail.subject.contains(['\r', '\n']), "{what}");
                for part in [&mail.subject, &mail.text, &mail.html] {
                    for left in ["{{", "}}", "{%", "%}", " none", "null", "  "] {
                        assert!(!part.contains(left), "{what} has {left:?}: {part}");
                    }
                }
                for part in [&mail.text, &mail.html] {
                    assert!(part.contains("https://roost.example/"), "{what} leads nowhere: {part}");
                }
                assert!(mail.html.contains("<p>") && !mail.text.contains(['<', '>']), "{what}: {}", mail.text);
                assert!(!mail.text.contains("\n\n\n") && !mail.html.contains("<p></p>"), "{what}");
            }
        }
    }
}

/// A name left out would be a mail that does not say what the others say.
#[test]
fn every_language_names_the_same_values_in_a_mail() {
    let names = |template: MailTemplate, language: Language| -> BTreeSet<String> {
        let source = template.source(language);
        let parsed = ENVIRONMENT.template_from_named_str("names", source).expect("a template");
        parsed.undeclared_variables(true).into_iter().collect()
    };
    for template in MailTemplate::ALL {
        let english = names(*template, Language::English);
        for language in Language::ALL {
            assert_eq!(names(*template, *language), english, "{}/{}", language.tag(), template.name());
        }
    }
}

#[test]
fn no_language_repeats_the_subject_of_another() {
    for template in MailTemplate::ALL {
        let subjects: BTreeSet<String> =
            Language::ALL.iter().map(|language| mail(*template, *language, &everything()).subject).collect();
        assert_eq!(subjects.len(), Language::ALL.len(), "{}", template.name());
    }
}

#[test]
fn a_mail_reads_in_both_parts_as_it_should() {
    let english = mail(MailTemplate::EmailVerification, Language::English, &everything());
    assert_eq!(english.subject, "Verify your e-mail address");
    assert_eq!(
        english.text,
        "Hello Ann,\n\nwelcome to Roost. Open this link to verify your e-mail address:\n\n\
         Verify your e-mail address: https://roost.example/v?token=t&x=1\n\n\
         Or paste this code where you are asked for it:\n\nt\n\n\
         It is good once, for 24 hours. If you did not register, ignore this mail.\n"
    );
    let german = mail(MailTemplate::BookingConfirmedGuest, Language::German, &everything());
    assert_eq!(german.subject, "Ihr Aufenthalt ist bestätigt: Hut");
    assert_eq!(
        german.html,
        "<!DOCTYPE html>\n<html lang=\"de\">\n<meta charset=\"utf-8\">\n<body>\n<p>Guten Tag Ann,</p>\n\
         <p>Ihr Aufenthalt in <strong>Hut</strong> ist bestätigt:</p>\n\
         <p>Anreise: 2027-01-01, ab 15:00 Uhr<br>\nAbreise: 2027-01-02, bis 11:00 Uhr (1 Nacht)<br>\nGäste: 1<br>\n\
         Bezahlt: 114.20 USD<br>\nAdresse: 1 Way, Town</p>\n<p>Es empfängt Sie Hans.</p>\n\
         <p><a href=\"https://roost.example/bookings/b\">Buchung ansehen</a></p>\n</body>\n</html>\n"
    );
    let french = mail(MailTemplate::MessageReceived, Language::French, &everything());
    assert_eq!(french.subject, "Ann vous a écrit au sujet de\u{a0}: Hut");
    assert_eq!(
        french.text,
        "Bonjour Ann,\n\nAnn vous a écrit au sujet de «\u{a0}Hut\u{a0}»\u{a0}:\n\nHello,\nis there a cot?\n\n\
         Répondre\u{a0}: https://roost.example/messages/t\n"
    );
    let spanish = mail(MailTemplate::BookingExpiring, Language::Spanish, &with(&json!({ "nights": 3 })));
    assert_eq!(
        spanish.text,
        "Hola, Hans:\n\nAnn espera tu respuesta sobre «Hut». La solicitud caduca el 2027-01-01 14:45:\n\n\
         Llegada: 2027-01-01\nSalida: 2027-01-02 (3 noches)\nHuéspedes: 1\n\n\
         Ver la reserva: https://roost.example/bookings/b\n"
    );
}

#[test]
fn what_people_write_is_escaped_in_html_and_left_alone_in_text() {
    let hostile = "</blockquote></p>\n\n<blockquote>\n<b onload='x'>\"&";
    let context = with(&json!({ "first_name": "<b>Ann</b>", "title": hostile, "text": hostile, "message": hostile }));
    for language in Language::ALL {
        for template in [MailTemplate::MessageReceived, MailTemplate::BookingRequested] {
            let mail = mail(template, *language, &context);
            assert!(mail.text.contains("<b onload='x'>"), "{}", mail.text);
            assert!(mail.html.contains("&lt;b onload="), "{}", mail.html);
            assert!(!mail.html.contains("<b>") && !mail.html.contains("<b "), "{}", mail.html);
            assert_eq!(mail.html.matches("<blockquote").count(), 1, "{}", mail.html);
            assert!(!mail.subject.contains('\n'), "{}", mail.subject);
        }
    }
}

#[test]
fn a_subject_stays_one_line() {
    let context = with(&json!({ "guest_first_name": "Ann\r\nBcc: everyone@example.com" }));
    for language in Language::ALL {
        let mail = mail(MailTemplate::BookingRequested, *language, &context);
        assert!(!mail.subject.contains(['\r', '\n']), "{}", mail.subject);
    }
}

#[test]
fn counts_follow_the_language() {
    for (language, zero, one, two) in [
        (Language::English, "0 nights", "1 night", "2 nights"),
        (Language::French, "0 night", "1 night", "2 nights"),
        (Language::German, "0 nights", "1 night", "2 nights"),
        (Language::Spanish, "0 nights", "1 night", "2 nights"),
    ] {
        for (count, expected) in [(0, zero), (1, one), (2, two)] {
            let name = format!("{}/count.txt", language.tag());
            let source = "{{ n | plural('night', 'nights') }}";
            let text =
                ENVIRONMENT.render_named_str(&name, source, Value::from(Serde(json!({ "n": count })))).expect("a text");
            assert_eq!(text, expected);
        }
    }
}

#[test]
fn a_missing_value_is_an_error_and_no_empty_mail() {
    for language in Language::ALL {
        assert!(render(MailTemplate::EmailVerification, *language, "ann@example.com", &json!({})).is_err());
    }
}
