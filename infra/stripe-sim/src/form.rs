//! Form bodies with bracketed names, `a[b][c]=1`, `a[]=1` and `a[0]=1`, as a tree. Must not know any parameter.

use serde_json::{Map, Value};

use crate::error::StripeError;

const MAX_DEPTH: usize = 8;

/// Reads a form body or a query. Lists become objects with the keys `0`, `1`…: only the reader of a parameter knows
/// which it wants.
pub(crate) fn parse(text: &[u8]) -> Result<Map<String, Value>, StripeError> {
    let mut tree = Map::new();
    for (name, value) in form_urlencoded::parse(text) {
        if name.is_empty() {
            continue;
        }
        let path = segments(&name).ok_or_else(|| malformed(&name))?;
        insert(&mut tree, &path, value.into_owned()).ok_or_else(|| malformed(&name))?;
    }
    Ok(tree)
}

fn malformed(name: &str) -> StripeError {
    StripeError::parameter("parameter_invalid_string_blank", name, format!("Invalid name of a parameter: {name}"))
}

fn segments(name: &str) -> Option<Vec<String>> {
    let (head, rest) = name.split_once('[').unwrap_or((name, ""));
    let mut path = vec![head.to_owned()];
    if rest.is_empty() {
        return (head.len() == name.len() && !name.contains(']')).then_some(path);
    }
    path.extend(rest.strip_suffix(']')?.split("][").map(str::to_owned));
    let clean = path.iter().all(|part| !part.contains(['[', ']']));
    (clean && !head.is_empty() && path.len() <= MAX_DEPTH).then_some(path)
}

fn insert(tree: &mut Map<String, Value>, path: &[String], value: String) -> Option<()> {
    let (head, rest) = path.split_first()?;
    let key = if head.is_empty() { tree.len().to_string() } else { head.clone() };
    if rest.is_empty() {
        tree.insert(key, Value::String(value));
        return Some(());
    }
    match tree.entry(key).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(inner) => insert(inner, rest, value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_become_a_tree() {
        let tree = parse(b"amount=5&card[number]=42&card[a][b]=1&expand[]=x&expand[]=y&metadata%5Bk%5D=v+w");
        let expected = json!({
            "amount": "5", "card": {"number": "42", "a": {"b": "1"}}, "expand": {"0": "x", "1": "y"}, "metadata": {"k": "v w"}
        });
        assert_eq!(Value::Object(tree.expect("readable")), expected);
    }

    #[test]
    fn crooked_names_are_refused() {
        for crooked in ["a[b=1", "a]b=1", "[a]=1", "a=1&a[b]=2", "a[[b]]=1", "a[1][1][1][1][1][1][1][1][1]=1", "a[=1"] {
            assert!(parse(crooked.as_bytes()).is_err(), "{crooked}");
        }
    }
}
