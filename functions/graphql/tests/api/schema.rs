//! The schema that is checked in.

#[test]
fn schema_graphql_is_what_the_code_says() {
    let kept = std::fs::read_to_string("../../schema.graphql").expect("schema.graphql is checked in");
    assert!(kept == graphql::sdl(), "schema.graphql is not what the code says: run `cargo xtask openapi`");
}
