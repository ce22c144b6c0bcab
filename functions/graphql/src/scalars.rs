//! Values that GraphQL has no type of its own for, and money. What they may be is checked by REST's parsers, so that
//! every fault of an input is found at once and has its code.

use async_graphql::{InputObject, InputValueError, InputValueResult, Scalar, ScalarType, SimpleObject, Value};
use serde::{Deserialize, Serialize};

macro_rules! text_scalars {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) String);

        #[Scalar]
        impl ScalarType for $name {
            fn parse(value: Value) -> InputValueResult<Self> {
                match value {
                    Value::String(text) => Ok(Self(text)),
                    other => Err(InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> Value {
                Value::String(self.0.clone())
            }
        }
    )+};
}

text_scalars! {
    /// A calendar date, `YYYY-MM-DD`; those of a stay are dates in the property's time zone.
    Date;
    /// An instant, RFC 3339 in UTC.
    DateTime;
    /// A time of day at the property, `HH:MM`.
    TimeOfDay;
    /// An ISO 4217 code, such as `USD`.
    Currency;
}

/// Whole minor units of a currency by its ISO 4217 exponent: cents of USD, yen of JPY. May be larger than an `Int`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct MinorUnits(i64);

#[Scalar]
impl ScalarType for MinorUnits {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => match number.as_i64() {
                Some(number) => Ok(Self(number)),
                None => Err(InputValueError::custom("This must be a whole number of 64 bits.")),
            },
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::Number(self.0.into())
    }
}

/// An amount of money.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
pub(crate) struct Money {
    /// Minor units.
    amount: MinorUnits,
    currency: Currency,
}

/// An amount of money.
#[derive(Clone, Debug, Serialize, InputObject)]
pub(crate) struct MoneyInput {
    /// Minor units.
    amount: MinorUnits,
    currency: Currency,
}
