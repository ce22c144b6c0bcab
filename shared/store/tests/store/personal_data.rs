//! Whoever adds a column that names a person says what the export and the erasure make of it.

use std::collections::BTreeSet;

use store::personal_data::{Exported, KINDS, REFERENCES};
use testkit::Kit;

#[tokio::test]
async fn every_column_that_leads_to_a_person_is_exported_and_erased_or_says_why_not() {
    let kit = Kit::start().await;
    let sql = "SELECT c.conrelid::regclass::text || '.' || a.attname
               FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
               WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass";
    let of_schema: BTreeSet<String> = kit.database.rows(sql, &[]).await.iter().map(|row| row.get(0)).collect();
    let declared: BTreeSet<String> = REFERENCES.iter().map(|reference| reference.column.to_owned()).collect();
    assert_eq!(of_schema, declared, "say in store::personal_data what becomes of it, and do it");
    for reference in REFERENCES {
        if let Exported::As(kind) = reference.exported {
            assert!(KINDS.iter().any(|(known, _)| *known == kind), "{}: there is no kind {kind}", reference.column);
        }
    }
}

#[tokio::test]
async fn columns_that_look_like_a_person_are_foreign_keys() {
    let kit = Kit::start().await;
    // One that is a foreign key on what goes with a person (`recovery_codes` on `second_factors`) goes with that.
    let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns
               WHERE table_schema = 'public' AND data_type = 'uuid'
                   AND column_name ~ '^(user|host|guest|payer|author|sender|reporter|actor|owner)_id$'
                   AND NOT EXISTS (
                       SELECT FROM pg_constraint c
                       JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
                       WHERE c.contype = 'f' AND c.confdeltype = 'c' AND c.confrelid <> 'users'::regclass
                           AND c.conrelid = format('%I', table_name)::regclass AND a.attname = column_name)";
    for row in kit.database.rows(sql, &[]).await {
        let column: String = row.get(0);
        assert!(REFERENCES.iter().any(|reference| reference.column == column), "{column} refers to nobody");
    }
}
