//! A receipt as HTML, everything from people escaped.

use std::sync::LazyLock;

use domain::error::{Error, Result};
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::page::ReceiptPage;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment
});

/// Writes the page.
///
/// # Errors
/// `internal` when template and page do not fit, which is a fault of ours.
pub(super) fn render(page: &ReceiptPage) -> Result<String> {
    let template = include_str!("../../templates/receipt.html");
    ENVIRONMENT.render_named_str("receipt.html", template, Value::from(Serde(page))).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::super::page::{Row, Section};
    use super::*;

    #[test]
    fn what_people_wrote_stays_text() {
        let wicked = "<script>alert('1')</script> & \"Zoë\"";
        let page = ReceiptPage {
            language: "en",
            title: "Receipt book_x".to_owned(),
            facts: vec![("Place", wicked.to_owned())],
            sections: vec![Section {
                title: "Price",
                rows: vec![Row { text: wicked.to_owned(), amount: "1,234.50 EUR".to_owned(), is_sum: true }],
            }],
        };
        let html = render(&page).expect("a page");
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
        assert!(html.contains("Zoë") && html.contains("1,234.50 EUR"), "{html}");
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{html}");
    }
}
