//! The folder last used for each office. Neither the office nor the folder stands in clear (D14).

use std::path::{Path, PathBuf};

use care_model::{Digest, OfficeNumber};

use super::{Store, StoreError};

const TABLE: &str = "office_folder";

impl Store {
    /// Remembers the folder that was last used for an office.
    pub(crate) async fn put_office_folder(&self, office: OfficeNumber, folder: &Path) -> Result<(), StoreError> {
        let id = self.office_row(office)?;
        sqlx::query(
            "INSERT INTO office_folder (office, sealed) VALUES (?, ?)
             ON CONFLICT (office) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(id.as_bytes().as_slice())
        .bind(self.seal(TABLE, id.as_bytes(), &folder)?)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The folder that was last used for an office, whether or not it is still there.
    pub(crate) async fn office_folder(&self, office: OfficeNumber) -> Result<Option<PathBuf>, StoreError> {
        let id = self.office_row(office)?;
        let row: Option<(Vec<u8>,)> = sqlx::query_as("SELECT sealed FROM office_folder WHERE office = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.read)
            .await?;
        row.map(|(sealed,)| self.unseal(TABLE, id.as_bytes(), &sealed))
            .transpose()
    }

    /// The name of an office's row: only who has the profile's key can tell which office it is.
    fn office_row(&self, office: OfficeNumber) -> Result<Digest, StoreError> {
        let key = self.key.get().ok_or(StoreError::Locked)?;
        let mut text = key.expose().to_vec();
        text.extend_from_slice(TABLE.as_bytes());
        text.extend_from_slice(office.as_str().as_bytes());
        let digest = Digest::of(&text);
        zeroize::Zeroize::zeroize(&mut text);
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::store, *};

    #[tokio::test]
    async fn each_office_has_its_own_folder_and_none_stands_in_clear() {
        let (_dir, store) = store().await;
        let office = |number| OfficeNumber::parse(number).unwrap();
        let (one, other) = (office("9970100013"), office("9970101003"));
        store.put_office_folder(one, Path::new("/data/first")).await.unwrap();
        store.put_office_folder(one, Path::new("/data/second")).await.unwrap();
        assert_eq!(
            store.office_folder(one).await.unwrap(),
            Some(PathBuf::from("/data/second"))
        );
        assert_eq!(store.office_folder(other).await.unwrap(), None);
        let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as("SELECT office, sealed FROM office_folder")
            .fetch_all(&store.read)
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        for clear in [b"9970100013".as_slice(), b"second"] {
            let holds = |bytes: &[u8]| bytes.windows(clear.len()).any(|window| window == clear);
            assert!(!holds(&rows[0].0) && !holds(&rows[0].1));
        }
    }
}
