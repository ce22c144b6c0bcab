//! Wishlists by GraphQL: the same rules as by REST.

use serde_json::{Value, json};
use testkit::Kit;

use crate::{api, data};

#[tokio::test]
async fn a_wishlist_is_made_filled_shared_looked_at_and_deleted() {
    let kit = Kit::start().await;
    let (api, owner, other) = (api(&kit), kit.guest().await, kit.guest().await);
    let act = async |mutation: &str, kind: &str, input: Value, fields: &str| {
        let query = format!("mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} }} }}");
        data(&api, Some(&owner), &query, json!({ "input": input })).await[mutation].clone()
    };
    let fields = "wishlist { id name visibility shareToken itemCount }";
    let made = act("createWishlist", "CreateWishlistInput", json!({ "name": "Summer" }), fields).await;
    assert_eq!((&made["wishlist"]["visibility"], &made["wishlist"]["shareToken"]), (&json!("PRIVATE"), &Value::Null));
    let id = made["wishlist"]["id"].clone();
    let [old, new] = [kit.listed_property().await.id, kit.listed_property().await.id];
    for property in [old, new] {
        let input = json!({ "wishlistId": id, "propertyId": property });
        act("addWishlistItem", "WishlistItemInput", input, fields).await;
    }
    let input = json!({ "wishlistId": id, "visibility": "SHARED" });
    let shared = act("updateWishlist", "UpdateWishlistInput", input, fields).await["wishlist"].clone();
    assert_eq!((&shared["name"], &shared["itemCount"]), (&json!("Summer"), &json!(2)));

    let query = "query ($id: ID!, $token: String, $after: String) { wishlist(id: $id, token: $token) {
        shareToken items(first: 1, after: $after) { nodes { propertyId property { id } } pageInfo { endCursor } } } }";
    let look = async |token: &Value, after: Value| {
        data(&api, Some(&other), query, json!({ "id": id, "token": token, "after": after })).await["wishlist"].clone()
    };
    assert_eq!(look(&Value::Null, Value::Null).await, Value::Null);
    let page = look(&shared["shareToken"], Value::Null).await;
    assert_eq!((&page["shareToken"], &page["items"]["nodes"][0]["property"]["id"]), (&Value::Null, &json!(new)));
    let page = look(&shared["shareToken"], page["items"]["pageInfo"]["endCursor"].clone()).await;
    assert_eq!(page["items"]["nodes"], json!([{ "propertyId": old, "property": { "id": old } }]));

    let input = json!({ "wishlistId": id, "propertyId": old });
    assert_eq!(act("removeWishlistItem", "WishlistItemInput", input, fields).await["wishlist"]["itemCount"], 1);
    let gone = act("deleteWishlist", "DeleteWishlistInput", json!({ "wishlistId": id }), "wishlistId").await;
    assert_eq!(gone["wishlistId"], id);
    let node = "query ($id: ID!) { node(id: $id) { id } wishlists { nodes { id } } }";
    let left = data(&api, Some(&owner), node, json!({ "id": id })).await;
    assert_eq!(left, json!({ "node": null, "wishlists": { "nodes": [] } }));
}
