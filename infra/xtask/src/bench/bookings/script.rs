//! The other side: what the service call has sent, as a script of pgbench that books other stays at other listings
//! with each of its transactions, as the service call does.

use anyhow::{Context as _, Result};
use jiff::civil::Date;

use super::calls::{STAYS_EACH, Target};
use crate::bench::search::capture::Sent;

/// What differs from booking to booking, as it was when the statements were captured.
pub(crate) struct Captured<'a> {
    /// Where and by whom.
    pub(crate) target: &'a Target,
    /// Check-in and check-out.
    pub(crate) dates: (Date, Date),
    /// All of it, in order.
    pub(crate) sent: &'a [Sent],
}

/// A script, and the variables that it is started with.
pub(crate) struct Script {
    pub(crate) text: String,
    pub(crate) variables: Vec<(String, String)>,
}

/// The whole call: the transaction, and what follows it. A listing and a guest are drawn from `bench_targets` for so
/// many bookings as the service call makes there.
pub(crate) fn whole(captured: &Captured<'_>, targets: usize, first_day: Date) -> Result<Script> {
    let mut script = Script { text: String::new(), variables: Vec::new() };
    script.text.push_str(&format!(
        "\\set count :count + 1\n\\set stay :count % {STAYS_EACH}\n\\set n :base + :client_id * 100000 + :count\n\
         \\if :stay = 1\n\\set target random(1, {targets})\n\
         SELECT property_id, host_id, guest_id, properties, caller FROM bench_targets WHERE number = :target \\gset\n\
         \\endif\nBEGIN;\n"
    ));
    let committed = captured.sent.iter().rposition(|sent| is_of(sent, "idempotency_keys.save"));
    let committed = committed.context("the call saved no answer")?;
    for (number, sent) in captured.sent.iter().enumerate() {
        script.statement(captured, number, sent, first_day);
        if number == committed {
            script.text.push_str("COMMIT;\n");
        }
    }
    script.variables.push(("count".to_owned(), "0".to_owned()));
    Ok(script)
}

/// The INSERT alone, always of the same nights.
pub(crate) fn insert_alone(sent: &[Sent]) -> Result<Script> {
    let insert = sent.iter().find(|sent| is_of(sent, "bookings.insert")).context("nothing was inserted")?;
    let given = insert.params.iter().enumerate();
    Ok(Script {
        text: format!("{};\n", insert.with_variables("p_")),
        variables: given.filter_map(|(at, value)| Some((format!("p_{}", at + 1), value.clone()?))).collect(),
    })
}

/// Whether a statement bears this name.
pub(crate) fn is_of(sent: &Sent, name: &str) -> bool {
    sent.sql.lines().next().is_some_and(|line| line.trim_start_matches("-- ") == name)
}

impl Script {
    fn statement(&mut self, captured: &Captured<'_>, number: usize, sent: &Sent, first_day: Date) {
        let mut sql = String::new();
        let mut rest = sent.sql.as_str();
        while let Some(at) = rest.find('$') {
            sql.push_str(&rest[..at]);
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let place: usize = rest[at + 1..=at + digits].parse().unwrap_or(0);
            match sent.params.get(place.wrapping_sub(1)) {
                Some(Some(value)) => {
                    let own = value_of_booking(captured, (sent, place), value, first_day);
                    sql.push_str(&own.unwrap_or_else(|| self.constant(number, place, value)));
                }
                _ => sql.push_str("NULL"),
            }
            rest = &rest[at + 1 + digits..];
        }
        sql.push_str(rest);
        self.text.push_str(&sql);
        self.text.push_str(";\n");
    }

    fn constant(&mut self, number: usize, place: usize, value: &str) -> String {
        let name = format!("p{number}_{place}");
        if !self.variables.iter().any(|(known, _)| *known == name) {
            self.variables.push((name.clone(), value.to_owned()));
        }
        format!(":{name}")
    }
}

/// What stands for a parameter that is another with each booking; none for the others.
fn value_of_booking(
    captured: &Captured<'_>,
    (sent, place): (&Sent, usize),
    value: &str,
    first_day: Date,
) -> Option<String> {
    let Captured { target, dates: (check_in, check_out), .. } = captured;
    let (property, host, guest) = (target.property_id.uuid(), target.host_id.uuid(), target.guest_id.uuid());
    let day = |nights: u32| format!("(date '{first_day}' + 2 * :stay::int + {nights})");
    let id = |kind: &str| format!("('{kind}' || lpad(to_hex(:n::bigint), 31, '0'))::uuid");
    Some(match value {
        value if value == property.to_string() => ":property_id".to_owned(),
        value if value == format!("{{{property}}}") => ":properties".to_owned(),
        value if value == host.to_string() => ":host_id".to_owned(),
        value if value == guest.to_string() => ":guest_id".to_owned(),
        value if value == target.guest_id.to_string() => ":caller".to_owned(),
        value if value == check_in.to_string() => day(0),
        value if value == check_out.to_string() => day(2),
        value if value.starts_with("bench ") && place == 2 => "('bench ' || :n::bigint)".to_owned(),
        _ if place == 1 && is_of(sent, "bookings.insert") => id("0"),
        _ if place == 1 && is_of(sent, "outbox.insert") => id("1"),
        _ if place == 1 && is_of(sent, "outbox.mark_published") => format!("ARRAY[{}]", id("1")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use domain::id::{PropertyId, UserId};

    use super::*;

    #[test]
    fn what_differs_from_booking_to_booking_is_drawn_and_the_rest_given() {
        let target = Target { property_id: PropertyId::new(), host_id: UserId::new(), guest_id: UserId::new() };
        let date = |text: &str| text.parse::<Date>().expect("a date");
        let text = |text: &str| Some(text.to_owned());
        let sent = [
            Sent {
                sql: "-- bookings.insert\nINSERT $1::uuid, $2, $3::date, $4, $5".to_owned(),
                params: vec![
                    text("an id"),
                    Some(target.property_id.uuid().to_string()),
                    text("2030-01-03"),
                    text("USD"),
                    None,
                ],
            },
            Sent { sql: "-- idempotency_keys.save\nSAVE".to_owned(), params: Vec::new() },
            Sent { sql: "-- outbox.mark_published\nMARK $1".to_owned(), params: vec![text("{an id}")] },
        ];
        let dates = (date("2030-01-03"), date("2030-01-05"));
        let captured = Captured { target: &target, dates, sent: &sent };
        let script = whole(&captured, 7, date("2030-01-01")).expect("a script");
        let booked = "INSERT ('0' || lpad(to_hex(:n::bigint), 31, '0'))::uuid::uuid, :property_id, \
                      (date '2030-01-01' + 2 * :stay::int + 0)::date, :p0_4, NULL;\n";
        assert!(script.text.contains(booked), "{}", script.text);
        assert!(script.text.contains("SAVE;\nCOMMIT;\n-- outbox.mark_published\nMARK ARRAY["), "{}", script.text);
        assert!(script.variables.contains(&("p0_4".to_owned(), "USD".to_owned())));
    }
}
