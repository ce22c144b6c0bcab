//! Lists: cursors by object id, newest first, as every Stripe list. Must not know what is listed.

use serde_json::{Value, json};

use crate::error::StripeError;
use crate::params::Params;
use crate::table::{Row, Table};

const DEFAULT_LIMIT: usize = 10;
const MAX_LIMIT: i64 = 100;

/// Which part of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
    /// Seconds since 1970, both ends included.
    created: (i64, i64),
}

impl Page {
    pub(crate) fn read(params: &mut Params) -> Result<Self, StripeError> {
        let limit = match params.integer("limit")? {
            None => DEFAULT_LIMIT,
            Some(limit @ 1..=MAX_LIMIT) => usize::try_from(limit).unwrap_or(DEFAULT_LIMIT),
            Some(_) => {
                let message = format!("This value must be between 1 and {MAX_LIMIT}.");
                return Err(StripeError::parameter("parameter_invalid_integer", "limit", message));
            }
        };
        let (starting_after, ending_before) = (params.text("starting_after")?, params.text("ending_before")?);
        if starting_after.is_some() && ending_before.is_some() {
            let message = "Received both ending_before and starting_after, please pass only one.";
            return Err(StripeError::parameter("parameters_exclusive", "ending_before", message));
        }
        Ok(Self { limit, starting_after, ending_before, created: read_created(params)? })
    }
}

fn read_created(params: &mut Params) -> Result<(i64, i64), StripeError> {
    // Either `created=…` or `created[gte]=…`.
    if let Some(mut range) = params.clone().object("created").unwrap_or(None) {
        params.object("created")?;
        let from = [range.integer("gte")?, range.integer("gt")?.map(|after| after.saturating_add(1))];
        let to = [range.integer("lte")?, range.integer("lt")?.map(|before| before.saturating_sub(1))];
        range.finish()?;
        let from = from.into_iter().flatten().max().unwrap_or(i64::MIN);
        return Ok((from, to.into_iter().flatten().min().unwrap_or(i64::MAX)));
    }
    Ok(params.integer("created")?.map_or((i64::MIN, i64::MAX), |at| (at, at)))
}

/// A page of `table`: of what `show` shows.
pub(crate) fn answer<T: Row>(
    url: &str,
    page: &Page,
    table: &Table<T>,
    show: impl Fn(&T) -> Option<Value>,
) -> Result<Value, StripeError> {
    for (cursor, name) in [(&page.starting_after, "starting_after"), (&page.ending_before, "ending_before")] {
        if let Some(id) = cursor
            && table.get(id).is_none()
        {
            return Err(StripeError::no_such_reference("object", id, name));
        }
    }
    let shown = |row: &T| {
        let (from, to) = page.created;
        (from..=to).contains(&row.created()).then(|| show(row)).flatten()
    };
    let mut data: Vec<Value> = match (&page.starting_after, &page.ending_before) {
        (Some(after), _) => {
            let rest = table.newest_first().skip_while(|row| row.id() != after).skip(1);
            rest.filter_map(shown).take(page.limit + 1).collect()
        }
        // Those just before the cursor, so counted from it backwards.
        (None, Some(before)) => {
            let head: Vec<Value> =
                table.newest_first().take_while(|row| row.id() != before).filter_map(shown).collect();
            let from = head.len().saturating_sub(page.limit + 1);
            head.into_iter().skip(from).collect()
        }
        (None, None) => table.newest_first().filter_map(shown).take(page.limit + 1).collect(),
    };
    let has_more = data.len() > page.limit;
    if has_more {
        if page.ending_before.is_some() {
            data.remove(0);
        } else {
            data.truncate(page.limit);
        }
    }
    Ok(json!({"object": "list", "url": url, "has_more": has_more, "data": data}))
}
