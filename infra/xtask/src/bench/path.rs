//! One request through the whole path: router, Lambda runtime, authentication-free handler, service, database, back.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::{median_and_p95, milliseconds};
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::ui;

const WARM_UP: usize = 50;

/// GETs one listed property `requests` times, one after another, and prints the median.
pub(crate) async fn path(paths: &Paths, requests: usize) -> Result<()> {
    let description = Description::read(paths)?;
    let client = reqwest::Client::new();
    let url = format!("{}/v1/properties/{}", description.api(), listed_property(paths, &description).await?);
    let mut times = Vec::with_capacity(requests);
    for number in 0..WARM_UP + requests {
        let since = Instant::now();
        let answer = client.get(&url).send().await?;
        let status = answer.status();
        answer.bytes().await?;
        if !status.is_success() {
            bail!("GET {url} answered {status}");
        }
        if number >= WARM_UP {
            times.push(since.elapsed());
        }
    }
    let (median, p95) = median_and_p95(times).context("at least one request")?;
    ui::say(&format!("GET {url}\n{requests} requests, median {}, p95 {}", milliseconds(median), milliseconds(p95)));
    Ok(())
}

/// Its id as clients write it.
async fn listed_property(paths: &Paths, description: &Description) -> Result<String> {
    let postgres = description.postgres(paths)?;
    let client = postgres.connect("roost_owner", DATABASE).await?;
    let row = client.query_opt("SELECT id FROM properties WHERE status = 'listed' LIMIT 1", &[]).await?;
    let id: uuid::Uuid = row.context("no property is listed: `cargo xtask seed demo`")?.get(0);
    Ok(typeid("prop", id))
}

/// Prefix, underscore and the UUID's 128 bits as 26 letters of Crockford's base32, as the TypeID standard has it.
fn typeid(prefix: &str, id: uuid::Uuid) -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bits = id.as_u128();
    let letter = |place: u32| char::from(LETTERS[(bits >> (5 * place) & 31) as usize]);
    format!("{prefix}_{}", (0..26).rev().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_the_typeid_standard_shows() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("a UUID");
        assert_eq!(typeid("prefix", id), "prefix_01h455vb4pex5vsknk084sn02q");
    }
}
