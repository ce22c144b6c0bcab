//! The page to try the schema on.

use testkit::Kit;

use crate::api;

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let page = api.get("/graphql", None).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
    let html = String::from_utf8(page.body).expect("a text");
    let links: Vec<&str> = html.split('"').filter(|text| text.contains('/') && !text.contains([' ', '<'])).collect();
    assert_eq!(links.len(), 6, "{links:?}");
    for link in links {
        let asset = api.get(link, None).await;
        assert_eq!((asset.status, asset.body.is_empty()), (200, false), "{link}");
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        let script = asset.header("content-type").starts_with("text/javascript");
        assert!(script || asset.header("content-type").starts_with("text/css"), "{link}");
    }
}

#[tokio::test]
async fn files_that_are_not_of_the_page_are_not_found() {
    let kit = Kit::start().await;
    for path in ["/graphql/assets/nothing.js", "/graphql/assets/..%2fsrc%2flib.rs", "/graphql/elsewhere"] {
        api(&kit).get(path, None).await.problem(404, "not_found");
    }
}
