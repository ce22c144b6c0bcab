//! The amenities a listing can have, and a set of them as one 64-bit mask (what search compares).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::error::Invalid;

code_enum! {
    /// Something a place has. The order gives each its bit in the database: append only, never reorder.
    pub enum Amenity {
        /// Wireless internet.
        Wifi = "wifi",
        /// A kitchen to cook in.
        Kitchen = "kitchen",
        /// A washing machine.
        Washer = "washer",
        /// A tumble dryer.
        Dryer = "dryer",
        /// Cooled air.
        AirConditioning = "air_conditioning",
        /// Heating.
        Heating = "heating",
        /// A television.
        Tv = "tv",
        /// A desk and quiet to work at it.
        DedicatedWorkspace = "dedicated_workspace",
        /// A hair dryer.
        HairDryer = "hair_dryer",
        /// An iron.
        Iron = "iron",
        /// Towels, bed sheets, soap, toilet paper.
        Essentials = "essentials",
        /// Warm water.
        HotWater = "hot_water",
        /// A pool.
        Pool = "pool",
        /// A hot tub.
        HotTub = "hot_tub",
        /// A sauna.
        Sauna = "sauna",
        /// Gym equipment.
        Gym = "gym",
        /// Parking without charge on the premises.
        FreeParking = "free_parking",
        /// Parking for a charge.
        PaidParking = "paid_parking",
        /// A charger for electric cars.
        EvCharger = "ev_charger",
        /// A lift.
        Elevator = "elevator",
        /// Reached without a step.
        StepFreeAccess = "step_free_access",
        /// A crib.
        Crib = "crib",
        /// A high chair.
        HighChair = "high_chair",
        /// A bath tub.
        Bathtub = "bathtub",
        /// Barbecue.
        BbqGrill = "bbq_grill",
        /// A balcony or patio.
        Balcony = "balcony",
        /// A garden.
        Garden = "garden",
        /// A fire pit.
        FirePit = "fire_pit",
        /// Somewhere to eat outside.
        OutdoorDining = "outdoor_dining",
        /// An indoor fireplace.
        IndoorFireplace = "indoor_fireplace",
        /// A piano.
        Piano = "piano",
        /// A pool table.
        PoolTable = "pool_table",
        /// Board games.
        BoardGames = "board_games",
        /// A dishwasher.
        Dishwasher = "dishwasher",
        /// A refrigerator.
        Refrigerator = "refrigerator",
        /// A microwave oven.
        Microwave = "microwave",
        /// A stove.
        Stove = "stove",
        /// An oven.
        Oven = "oven",
        /// A coffee maker.
        CoffeeMaker = "coffee_maker",
        /// Breakfast is included.
        Breakfast = "breakfast",
        /// Guests let themselves in.
        SelfCheckIn = "self_check_in",
        /// Luggage may be left.
        LuggageDropoff = "luggage_dropoff",
        /// Smoking is allowed.
        SmokingAllowed = "smoking_allowed",
        /// On the shore.
        Waterfront = "waterfront",
        /// A beach nearby is the guests' to use.
        BeachAccess = "beach_access",
        /// Skis on at the door.
        SkiInOut = "ski_in_out",
        /// A smoke alarm.
        SmokeAlarm = "smoke_alarm",
        /// A carbon monoxide alarm.
        CarbonMonoxideAlarm = "carbon_monoxide_alarm",
        /// A fire extinguisher.
        FireExtinguisher = "fire_extinguisher",
        /// A first aid kit.
        FirstAidKit = "first_aid_kit",
    }
}

// The sign bit of the database's bigint stays clear.
const _: () = assert!(Amenity::ALL.len() <= 63);

impl Amenity {
    /// Its position in the mask, 0 to 62.
    pub const fn bit(self) -> u32 {
        self as u32
    }
}

/// A set of amenities: on the wire a list of codes, in the database a mask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AmenitySet(u64);

impl AmenitySet {
    /// None.
    pub const EMPTY: Self = Self(0);

    /// Takes codes in any order; twice the same is the same.
    ///
    /// # Errors
    /// `unknown_value`, naming the first code that is not known.
    pub fn parse<S: AsRef<str>>(codes: impl IntoIterator<Item = S>) -> Result<Self, Invalid> {
        codes.into_iter().try_fold(Self::EMPTY, |set, code| {
            let code = code.as_ref();
            let amenity: Amenity = code.parse().map_err(|_unknown: Invalid| {
                Invalid::new("unknown_value", format!("There is no amenity `{}`.", code.escape_debug()))
            })?;
            Ok(set.with(amenity))
        })
    }

    /// Takes the database's mask; bits without an amenity are left out.
    pub const fn from_bits(bits: i64) -> Self {
        Self(bits as u64 & ((1 << Amenity::ALL.len()) - 1))
    }

    /// The mask for the database, never negative.
    pub const fn bits(self) -> i64 {
        self.0 as i64
    }

    /// The set and `amenity`.
    #[must_use]
    pub const fn with(self, amenity: Amenity) -> Self {
        Self(self.0 | 1 << amenity.bit())
    }

    /// Whether `amenity` is in it.
    pub const fn contains(self, amenity: Amenity) -> bool {
        self.0 & (1 << amenity.bit()) != 0
    }

    /// Whether all of `wanted` are in it.
    pub const fn contains_all(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its amenities, by bit.
    pub fn iter(self) -> impl Iterator<Item = Amenity> {
        Amenity::ALL.iter().copied().filter(move |amenity| self.contains(*amenity))
    }
}

impl FromIterator<Amenity> for AmenitySet {
    fn from_iter<I: IntoIterator<Item = Amenity>>(amenities: I) -> Self {
        amenities.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl Serialize for AmenitySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for AmenitySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Amenity>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl utoipa::PartialSchema for AmenitySet {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let amenity = utoipa::openapi::Ref::from_schema_name(Amenity::name());
        utoipa::openapi::ArrayBuilder::new().items(amenity).build().into()
    }
}

impl ToSchema for AmenitySet {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push((Amenity::name().into_owned(), <Amenity as utoipa::PartialSchema>::schema()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_are_pinned_because_the_database_keeps_them() {
        let pinned = [
            (Amenity::Wifi, 0),
            (Amenity::Pool, 12),
            (Amenity::BbqGrill, 24),
            (Amenity::Microwave, 35),
            (Amenity::FirstAidKit, 49),
        ];
        for (amenity, bit) in pinned {
            assert_eq!(amenity.bit(), bit, "{amenity}");
        }
        let in_order = Amenity::ALL.iter().enumerate().all(|(at, amenity)| amenity.bit() as usize == at);
        assert!(in_order);
    }

    #[test]
    fn a_set_is_a_list_of_codes_on_the_wire() {
        let set = AmenitySet::parse(["pool", "wifi", "pool"]).unwrap();
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["wifi","pool"]"#);
        assert_eq!(serde_json::from_str::<AmenitySet>(r#"["pool","wifi"]"#).unwrap(), set);
        assert_eq!(set.bits(), 0b1_0000_0000_0001);
        let error = AmenitySet::parse(["wifi", "moat\n"]).unwrap_err();
        assert_eq!((error.code, error.detail.as_str()), ("unknown_value", "There is no amenity `moat\\n`."));
    }

    #[test]
    fn all_of_the_wanted_must_be_there() {
        let set: AmenitySet = [Amenity::Wifi, Amenity::Pool].into_iter().collect();
        assert!(set.contains_all(AmenitySet::EMPTY.with(Amenity::Pool)));
        assert!(set.contains_all(AmenitySet::EMPTY));
        assert!(!set.contains_all(AmenitySet::EMPTY.with(Amenity::Pool).with(Amenity::Sauna)));
        assert!(AmenitySet::EMPTY.is_empty() && !set.is_empty());
    }

    proptest! {
        #[test]
        fn any_mask_is_a_set_and_survives_its_codes(bits: i64) {
            let set = AmenitySet::from_bits(bits);
            prop_assert!(set.bits() >= 0);
            prop_assert_eq!(AmenitySet::parse(set.iter().map(Amenity::as_str)), Ok(set));
            prop_assert_eq!(AmenitySet::from_bits(set.bits()), set);
        }
    }
}
