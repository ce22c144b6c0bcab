//! What a request may ask for at the most, found out before any work: how deep, how many aliases, how much in all. The
//! library's own limits know neither aliases nor that fragments in fragments grow without bound.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Positioned, ServerError};

use crate::errors::refused;

/// Fields within fields.
pub(crate) const MAX_DEPTH: u64 = 12;

/// The same where only the schema is asked about.
pub(crate) const MAX_INTROSPECTION_DEPTH: u64 = 15;

/// What all fields together may cost: one each, those of a list times the length asked for.
pub(crate) const MAX_COMPLEXITY: usize = 1_000;

/// Aliases in one operation.
pub(crate) const MAX_ALIASES: u64 = 100;

/// Operations in one request.
pub(crate) const MAX_BATCH: usize = 10;

/// Directives on one field.
pub(crate) const MAX_DIRECTIVES_A_FIELD: usize = 10;

/// What a list of `first` items (20 unless given) costs, each with what is asked of it.
pub(crate) fn page_cost(first: Option<i32>, child_complexity: usize) -> usize {
    let first = usize::try_from(first.unwrap_or(20)).unwrap_or(0).min(100);
    first.saturating_mul(child_complexity).saturating_add(1)
}

/// Refuses a document that asks for too much.
///
/// # Errors
/// `query_too_deep`, `too_many_aliases`, `query_too_complex`.
pub(crate) fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut fragments = Fragments { document, measured: HashMap::new() };
    for (_, operation) in document.operations.iter() {
        let root = &operation.node.selection_set.node;
        let size = fragments.measure(root);
        let max_depth = if fragments.asks_only_about_the_schema(root) { MAX_INTROSPECTION_DEPTH } else { MAX_DEPTH };
        if size.depth > max_depth {
            let message = format!("The query is {} levels deep; {max_depth} are allowed.", size.depth);
            return Err(refused("query_too_deep", message));
        }
        if size.aliases > MAX_ALIASES {
            return Err(refused("too_many_aliases", format!("At most {MAX_ALIASES} aliases are allowed.")));
        }
        if size.fields > MAX_COMPLEXITY as u64 {
            return Err(refused("query_too_complex", format!("At most {MAX_COMPLEXITY} fields are allowed.")));
        }
    }
    Ok(())
}

/// What a selection comes to with its fragments put in.
#[derive(Clone, Copy, Default)]
struct Size {
    depth: u64,
    aliases: u64,
    fields: u64,
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            fields: self.fields.saturating_add(other.fields),
        }
    }
}

/// Each fragment is measured once, however often it is spread.
struct Fragments<'a> {
    document: &'a ExecutableDocument,
    measured: HashMap<&'a Name, Size>,
}

impl<'a> Fragments<'a> {
    fn measure(&mut self, selection: &'a SelectionSet) -> Size {
        selection.items.iter().fold(Size::default(), |total, item| total.and(self.measure_item(item)))
    }

    fn measure_item(&mut self, item: &'a Positioned<Selection>) -> Size {
        match &item.node {
            Selection::Field(field) => {
                let inner = self.measure(&field.node.selection_set.node);
                Size {
                    depth: inner.depth.saturating_add(1),
                    aliases: inner.aliases.saturating_add(u64::from(field.node.alias.is_some())),
                    fields: inner.fields.saturating_add(1),
                }
            }
            Selection::InlineFragment(fragment) => self.measure(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => self.measure_fragment(&spread.node.fragment_name.node),
        }
    }

    fn measure_fragment(&mut self, name: &Name) -> Size {
        // A fragment that is not there, or within itself, is for the validation to refuse.
        let Some((name, fragment)) = self.document.fragments.get_key_value(name) else { return Size::default() };
        if let Some(size) = self.measured.get(name) {
            return *size;
        }
        self.measured.insert(name, Size::default());
        let size = self.measure(&fragment.node.selection_set.node);
        self.measured.insert(name, size);
        size
    }

    fn asks_only_about_the_schema(&self, root: &SelectionSet) -> bool {
        root.items.iter().all(|item| match &item.node {
            Selection::Field(field) => ["__schema", "__type", "__typename"].contains(&field.node.name.node.as_str()),
            Selection::InlineFragment(_) | Selection::FragmentSpread(_) => false,
        })
    }
}
