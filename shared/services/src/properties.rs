//! Listings: drafting, publishing, looking at one.

use domain::error::{Error, ErrorCode, Result};
use domain::geo::{Point, PublicOffset};
use domain::id::{PhotoId, PropertyId};
use domain::photo::PhotoStatus;
use domain::property::{ListingReadiness, PropertyStatus, missing_for_listing};
use domain::user::Role;
use serde_json::json;
use store::photos::Photo;
pub use store::properties::{Place, Property, PropertyDetails};
use store::tx::{Queries, Tx};

use crate::Services;
use crate::actor::{Actor, require_active};
use crate::one_time_tokens::random_bytes;

/// A property as one caller may see it.
#[derive(Clone, Debug)]
pub struct PropertyView {
    /// The property.
    pub property: Property,
    /// Whether the exact place may be shown.
    pub exact_place: bool,
}

/// The offset of the point strangers see, drawn once a property: nobody learns it from another's.
pub(crate) fn draw_offset() -> PublicOffset {
    let bytes = random_bytes();
    let fraction = |start: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[start..start + 4]);
        f64::from(u32::from_le_bytes(word)) / f64::from(u32::MAX)
    };
    PublicOffset::draw(fraction(0), fraction(4))
}

/// The point strangers see of a new property.
pub fn draw_public_point(exact: Point) -> Point {
    draw_offset().applied_to(exact)
}

/// Makes a draft.
///
/// # Errors
/// `unauthenticated` when the account is gone.
pub async fn create(tx: &Tx, actor: &Actor, details: &PropertyDetails) -> Result<PropertyView> {
    let property = store::properties::insert(tx, PropertyId::new(), actor.user_id, details).await?;
    Ok(PropertyView { property, exact_place: true })
}

/// Publishes a draft or an unlisted property; one that is listed stays so.
///
/// # Errors
/// `not_ready` with the missing fields, `email_unverified`, `invalid_state`, `forbidden`, `not_found`.
///
/// `uploaded` is a photo that waits for its check ([`Services::uploaded_photo`]); it counts until it is rejected.
pub async fn list(tx: &Tx, actor: &Actor, id: PropertyId, uploaded: Option<PhotoId>) -> Result<PropertyView> {
    // Who suspends the host meanwhile waits, and then finds the listing.
    let host = store::users::find_for_share(tx, actor.user_id).await?.ok_or_else(Error::not_found)?;
    let property = own_property(tx, actor, id).await?;
    require_active(&host)?;
    let counts = |photo: &Photo| match photo.status {
        PhotoStatus::Ready => true,
        PhotoStatus::Pending => Some(photo.id) == uploaded,
        PhotoStatus::Rejected => false,
    };
    require_ready(&property.details, property.photos.iter().any(counts))?;
    let listed = match property.status {
        PropertyStatus::Listed => property.clone(),
        PropertyStatus::Draft | PropertyStatus::Unlisted => move_to(tx, &property, PropertyStatus::Listed).await?,
        status => return Err(impossible(status, "listed")),
    };
    index(tx, &listed).await?;
    Ok(PropertyView { property: listed, exact_place: true })
}

/// Refuses what can't be listed.
///
/// # Errors
/// `not_ready` with the missing fields.
pub(crate) fn require_ready(details: &PropertyDetails, has_photo: bool) -> Result<()> {
    let missing = missing_for_listing(&ListingReadiness {
        title: details.title.is_some(),
        location: details.place.is_some(),
        base_price: details.base_price_minor.is_some(),
        photos: has_photo,
    });
    if missing.is_empty() {
        return Ok(());
    }
    let detail = format!("The listing lacks: {}.", missing.join(", "));
    Err(Error::new(ErrorCode::NotReady, detail).with("missing", json!(missing)))
}

/// Writes what search reads of a listed property, and makes the city it names findable.
pub(crate) async fn index(tx: &Tx, property: &Property) -> Result<()> {
    store::listing_search::upsert(tx, property.id).await?;
    match &property.details.place {
        Some(place) => store::places::learn(tx, place).await,
        None => Ok(()),
    }
}

/// Takes a property off the market; its bookings stand.
///
/// # Errors
/// `invalid_state`, `forbidden`, `not_found`.
pub async fn unlist(tx: &Tx, actor: &Actor, id: PropertyId) -> Result<PropertyView> {
    let property = own_property(tx, actor, id).await?;
    let unlisted = match property.status {
        PropertyStatus::Unlisted => property,
        PropertyStatus::Listed => move_to(tx, &property, PropertyStatus::Unlisted).await?,
        status => return Err(impossible(status, "unlisted")),
    };
    store::listing_search::delete(tx, id).await?;
    Ok(PropertyView { property: unlisted, exact_place: true })
}

impl Services {
    /// The property, if it is listed or the caller's own.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn property(&self, actor: Option<&Actor>, id: PropertyId) -> Result<PropertyView> {
        let connection = self.db.connection().await?;
        let property = store::properties::find(&connection, id).await?.ok_or_else(Error::not_found)?;
        let is_trusted = is_trusted(&property, actor);
        let exact_place = match actor {
            Some(actor) if !is_trusted => store::bookings::has_confirmed(&connection, id, actor.user_id).await?,
            _ => is_trusted,
        };
        view(property, is_trusted, exact_place).ok_or_else(Error::not_found)
    }

    /// Those of these properties that the caller may see, in one statement and in no order.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn properties(&self, actor: Option<&Actor>, ids: &[PropertyId]) -> Result<Vec<PropertyView>> {
        seen_by(&self.db.connection().await?, actor, ids).await
    }
}

/// Those of these properties that the caller may see, in one statement and in no order.
pub(crate) async fn seen_by(
    queries: &impl Queries,
    actor: Option<&Actor>,
    ids: &[PropertyId],
) -> Result<Vec<PropertyView>> {
    let guest_id = actor.map(|actor| actor.user_id);
    let found = store::properties::find_many_for_guest(queries, ids, guest_id).await?;
    let seen = |(property, has_confirmed): (Property, bool)| {
        let is_trusted = is_trusted(&property, actor);
        view(property, is_trusted, is_trusted || has_confirmed)
    };
    Ok(found.into_iter().filter_map(seen).collect())
}

/// Whether the caller sees all of it: its host or an admin.
fn is_trusted(property: &Property, actor: Option<&Actor>) -> bool {
    actor.is_some_and(|actor| is_own(property, actor) || actor.role == Role::Admin)
}

/// The property, unless it is hidden from whoever has this sight of its place; photos that are not ready are for those
/// who see all of it.
fn view(mut property: Property, is_trusted: bool, exact_place: bool) -> Option<PropertyView> {
    property.photos.retain(|photo| is_trusted || photo.status == PhotoStatus::Ready);
    let is_visible =
        property.status == PropertyStatus::Listed || (exact_place && property.status != PropertyStatus::Archived);
    is_visible.then_some(PropertyView { property, exact_place })
}

fn is_own(property: &Property, actor: &Actor) -> bool {
    property.host_id == actor.user_id
}

/// The caller's own property, locked; somebody else's is forbidden if it is public, else not to be seen.
pub(crate) async fn own_property(tx: &Tx, actor: &Actor, id: PropertyId) -> Result<Property> {
    require_own(store::properties::find_for_update(tx, id).await?.ok_or_else(Error::not_found)?, actor)
}

/// The same for a property at hand.
pub(crate) fn require_own(property: Property, actor: &Actor) -> Result<Property> {
    if is_own(&property, actor) && property.status != PropertyStatus::Archived {
        Ok(property)
    } else if property.status == PropertyStatus::Listed {
        Err(Error::new(ErrorCode::Forbidden, "Only the host may change this property."))
    } else {
        Err(Error::not_found())
    }
}

pub(crate) async fn move_to(tx: &Tx, property: &Property, to: PropertyStatus) -> Result<Property> {
    store::properties::set_status(tx, property.id, property.status, to)
        .await?
        .ok_or_else(|| Error::internal("a locked property changed its state"))
}

fn impossible(status: PropertyStatus, wanted: &str) -> Error {
    Error::new(ErrorCode::InvalidState, format!("A property that is {status} can't be {wanted}."))
        .with("state", status.as_str())
}
