//! Who answers a path is said three times: by the code that has the route, by `template.yaml` for AWS, and by the router
//! of `cargo lambda watch`. The three must say the same.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::local::{self, Ports};

/// A pattern, exact or with everything below it, and the function that answers.
struct Route {
    prefix: String,
    below: bool,
    function: String,
}

fn route(pattern: &str, function: &str) -> Route {
    let pattern = if pattern == "$default" { "/{proxy+}" } else { pattern };
    let greedy = pattern.find("{*").or_else(|| pattern.find("{proxy+}"));
    let prefix = &pattern[..greedy.unwrap_or(pattern.len())];
    Route { prefix: prefix.to_owned(), below: greedy.is_some(), function: function.to_owned() }
}

/// The exact route wins, else the one with the longest prefix: so do API Gateway and the router choose.
fn owner<'a>(routes: &'a [Route], path: &str) -> Option<&'a str> {
    let exact = routes.iter().find(|route| !route.below && route.prefix == path);
    let longest = || {
        let below = routes.iter().filter(|route| route.below && path.starts_with(&route.prefix));
        below.max_by_key(|route| route.prefix.len())
    };
    exact.or_else(longest).map(|route| route.function.as_str())
}

/// Every path of the code with its function; a path of two functions is a fault here already.
fn paths_of_the_code() -> BTreeMap<String, &'static str> {
    let mut owners = BTreeMap::new();
    for (function, router) in functions() {
        for path in router.into_openapi().paths.paths.into_keys() {
            let earlier = owners.insert(path.clone(), function);
            assert_eq!(earlier, None, "{path} is in {function} too");
        }
    }
    owners
}

fn routes_of_the_template(paths: &Paths) -> Vec<Route> {
    let ports = Ports { api: 1, postgres: 2, redis: 3, aws: 4, stripe: 5, router: 6, calendars: 7 };
    let template = local::template(paths, ports).expect("template.yaml is read");
    let functions = local::functions(&template).expect("its functions are read");
    let of = |function: &local::Function| -> Vec<Route> {
        let http = function.events.iter().filter(|event| event.kind == "HttpApi");
        http.map(|event| route(event.properties["Path"].as_str().expect("a path"), &function.name)).collect()
    };
    functions.iter().flat_map(of).collect()
}

fn routes_of_the_router(paths: &Paths) -> Vec<Route> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(&paths.root)
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let router = metadata["metadata"]["lambda"]["watch"]["router"].as_object().expect("a table of routes").clone();
    router.iter().map(|(pattern, function)| route(pattern, function.as_str().expect("a function"))).collect()
}

#[test]
fn every_path_belongs_to_the_same_one_function_in_code_template_and_router() {
    let paths = Paths::new(Path::new(".dev")).expect("the clone is found");
    let (template, router) = (routes_of_the_template(&paths), routes_of_the_router(&paths));
    for (path, function) in paths_of_the_code() {
        assert_eq!(owner(&template, &path), Some(function), "template.yaml on {path}");
        assert_eq!(owner(&router, &path), Some(function), "the watch router of Cargo.toml on {path}");
    }
    // Its contract is the schema: OpenAPI does not have it.
    for path in ["/graphql", "/graphql/assets/start.js"] {
        assert_eq!((owner(&template, path), owner(&router, path)), (Some("graphql"), Some("graphql")), "{path}");
    }
    for path in ["/", "/nobodys/path", "/v2/users"] {
        assert_eq!((owner(&template, path), owner(&router, path)), (Some("docs"), Some("docs")), "{path}");
    }
}
