//! What people and places are called, and what is said of them.

use fastrand::Rng;

use crate::random::pick;

const FIRST_NAMES: &[&str] = &[
    "Ana", "Luca", "Mei", "Omar", "Sofia", "Noah", "Yuki", "Amara", "Jonas", "Priya", "Mateo", "Chloé", "Ivan",
    "Fatima", "Liam", "Zoë", "Diego", "Hana", "Kofi", "Elif", "Anders", "Nadia", "Tomás", "Ingrid", "Samuel", "Leila",
    "Pavel", "Grace", "Minh", "Clara", "Youssef", "Marta", "Ravi", "Emma", "Thiago", "Aisha", "Hugo", "Katarina",
    "Daniel", "Nia",
];
const LAST_NAMES: &[&str] = &[
    "Silva",
    "Rossi",
    "Chen",
    "Haddad",
    "García",
    "Müller",
    "Tanaka",
    "Okafor",
    "Larsen",
    "Sharma",
    "López",
    "Dubois",
    "Petrov",
    "Rahman",
    "Murphy",
    "de Vries",
    "Fernández",
    "Kim",
    "Mensah",
    "Yılmaz",
    "Nilsson",
    "Costa",
    "Novák",
    "Johansson",
    "Cohen",
    "Ahmadi",
    "Kowalski",
    "Williams",
    "Nguyen",
    "Weber",
    "Benali",
    "Santos",
    "Patel",
    "Jones",
    "Oliveira",
    "Diallo",
    "Moreau",
    "Horvat",
    "Brown",
    "Ncube",
];
const QUALITIES: &[&str] = &[
    "Bright",
    "Quiet",
    "Cosy",
    "Sunny",
    "Charming",
    "Spacious",
    "Modern",
    "Restored",
    "Airy",
    "Elegant",
    "Little",
    "Green",
    "Lovely",
    "Central",
    "Peaceful",
    "Stylish",
    "Rustic",
    "Light-filled",
    "Old",
    "Warm",
];
const EXTRAS: &[&str] = &[
    "with a balcony",
    "near the station",
    "by the park",
    "under the roof",
    "with a garden",
    "in the old town",
    "with a view",
    "close to the centre",
    "by the water",
    "on a quiet street",
    "for families",
    "with parking",
    "near the market",
    "with a courtyard",
    "above a bakery",
    "with a desk to work at",
];
const SENTENCES: &[&str] = &[
    "The bedroom looks onto the courtyard, so nights are quiet.",
    "A market with fruit, bread and flowers is two minutes away.",
    "There is a desk by the window and fast wifi.",
    "The kitchen has all that is needed to cook for friends.",
    "Trams and buses stop around the corner.",
    "The neighbourhood is full of small restaurants.",
    "We live nearby and are glad to help with anything.",
    "In the morning the sun comes into the living room.",
    "The building is old and its stairs are steep.",
    "Towels and bed linen are included.",
    "Children are welcome, and there are toys in the chest.",
    "The park begins at the end of the street.",
    "It was restored last year with wood and lime.",
    "From the roof one sees half of the city.",
    "The shower is new and the water is hot at once.",
    "You can leave luggage with us before check-in.",
];
const RULES: &[&str] = &[
    "No parties.",
    "Quiet after 22:00.",
    "Please take off your shoes.",
    "No smoking indoors.",
    "Mind the neighbours.",
    "Sort the rubbish, please.",
    "Lock the front door at night.",
];
const STREETS: &[&str] = &[
    "Market Street",
    "Church Lane",
    "Station Road",
    "Mill Street",
    "Garden Street",
    "River Road",
    "Harbour Street",
    "School Lane",
    "Castle Street",
    "Park Avenue",
    "Long Street",
    "Bridge Street",
    "New Street",
    "Hill Road",
];
const PRAISE: &[&str] = &[
    "A wonderful place, just as described.",
    "Spotless, and the host answered at once.",
    "We would come again.",
    "Perfect for a long weekend.",
    "The bed was very comfortable.",
    "Great location, everything on foot.",
    "Check-in was easy.",
    "The photos do not do it justice.",
    "Good value for the city.",
    "Quiet at night.",
    "Our children loved the garden.",
    "The kitchen had all we needed.",
    "A little small, but very well thought out.",
    "Breakfast in the sun on the balcony!",
    "The host's tips were worth gold.",
];
const BLAME: &[&str] = &[
    "It was noisier than we had hoped.",
    "The wifi was slow.",
    "The shower was cold in the morning.",
    "It could have been cleaner.",
    "Further from the centre than it looks on the map.",
    "The heating was loud.",
];
const OF_GUESTS: &[&str] = &[
    "Friendly guests who left everything in order.",
    "Easy to talk to, welcome any time.",
    "Thank you for staying with us!",
    "Careful with the place, good communication.",
    "Arrived late, but told us in time.",
];

/// First and last name.
pub(crate) fn person(rng: &mut Rng) -> (&'static str, &'static str) {
    (pick(rng, FIRST_NAMES), pick(rng, LAST_NAMES))
}

/// A listing's title.
pub(crate) fn title(rng: &mut Rng, thing: &str, city: &str) -> String {
    let (quality, extra) = (pick(rng, QUALITIES), pick(rng, EXTRAS));
    let title = match rng.u8(..3) {
        0 => format!("{quality} {thing} in {city}"),
        1 => format!("{quality} {thing} {extra}, {city}"),
        _ => format!("{quality} {thing} {extra}"),
    };
    title.chars().take(120).collect()
}

/// A listing's description.
pub(crate) fn description(rng: &mut Rng, thing: &str, city: &str) -> String {
    let sentences = rng.usize(3..9);
    format!("A {thing} in {city}. {}", several(rng, SENTENCES, sentences))
}

/// What a house asks of its guests.
pub(crate) fn rules(rng: &mut Rng) -> String {
    let rules = rng.usize(1..4);
    several(rng, RULES, rules)
}

/// Street and number.
pub(crate) fn street(rng: &mut Rng) -> String {
    format!("{} {}", rng.u16(1..200), pick(rng, STREETS))
}

/// What a guest says after a stay of so many stars.
pub(crate) fn review(rng: &mut Rng, stars: u8) -> String {
    let sentences = rng.usize(1..4);
    if stars <= 3 { several(rng, BLAME, sentences.min(2)) } else { several(rng, PRAISE, sentences) }
}

/// What a host says of a guest.
pub(crate) fn review_of_guest(rng: &mut Rng) -> &'static str {
    pick(rng, OF_GUESTS)
}

/// So many different ones, one after another.
fn several(rng: &mut Rng, from: &[&str], count: usize) -> String {
    let start = rng.usize(..from.len());
    let chosen: Vec<&str> = (0..count.min(from.len())).map(|n| from[(start + n) % from.len()]).collect();
    chosen.join(" ")
}
