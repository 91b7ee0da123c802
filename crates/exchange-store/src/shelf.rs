//! Files that nodes of a shared exchange hand on alike, such as versions of the client: in the bucket, under names of
//! their own. An embedded exchange has them in its data folder alone.

use std::path;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::{ObjectStore as _, ObjectStoreExt as _, WriteMultipart, path::Path as Name};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    Store, StoreError,
    bucket::{Bucket, failed},
    large::LargeContents,
};

/// Bytes that are put or fetched in one request.
const PIECE_BYTES: usize = 8 << 20;
/// Pieces on their way at once.
const PIECES_AT_ONCE: usize = 4;

impl Store {
    /// Every file below a folder of the shelf, relative to it.
    pub async fn shelved(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let bucket = self.bucket()?;
        let root = bucket.beside(folder);
        let found: Vec<_> = bucket
            .store()
            .list(Some(&root))
            .try_collect()
            .await
            .map_err(failed("listing what nodes hand on"))?;
        let below = |location: &Name| {
            let parts: Vec<_> = location
                .prefix_match(&root)?
                .map(|part| part.as_ref().to_owned())
                .collect();
            Some(parts.join("/"))
        };
        Ok(found.iter().filter_map(|object| below(&object.location)).collect())
    }

    /// A small file of the shelf.
    pub async fn read_shelved(&self, name: &str) -> Result<Bytes, StoreError> {
        let bucket = self.bucket()?;
        let read = async { bucket.store().get(&bucket.beside(name)).await?.bytes().await };
        read.await.map_err(failed("reading what nodes hand on"))
    }

    /// Writes a file of the shelf to `to`, which is made anew; gives its size in bytes.
    pub async fn fetch_shelved(&self, name: &str, to: &path::Path) -> Result<u64, StoreError> {
        let bucket = self.bucket()?;
        let (store, name) = (bucket.store(), bucket.beside(name));
        let refused = failed("fetching what nodes hand on");
        let kept = StoreError::folder("keeping what nodes hand on");
        let size_bytes = store.head(&name).await.map_err(&refused)?.size;
        let mut file = tokio::fs::File::create(to).await.map_err(&kept)?;
        let mut at = 0;
        while at < size_bytes {
            let end = (at + PIECE_BYTES as u64).min(size_bytes);
            let piece = store.get_range(&name, at..end).await.map_err(&refused)?;
            file.write_all(&piece).await.map_err(&kept)?;
            at = end;
        }
        file.sync_all().await.map_err(&kept)?;
        Ok(size_bytes)
    }

    /// Puts a file onto the shelf in place of what was there under this name: seen whole, or not at all.
    pub async fn shelve(&self, name: &str, from: &path::Path) -> Result<(), StoreError> {
        let bucket = self.bucket()?;
        let refused = failed("putting up what nodes hand on");
        let read = StoreError::folder("reading what nodes hand on");
        let mut file = tokio::fs::File::open(from).await.map_err(&read)?;
        let upload = bucket
            .store()
            .put_multipart(&bucket.beside(name))
            .await
            .map_err(&refused)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE_BYTES);
        let mut piece = vec![0; 64 * 1_024];
        loop {
            match file.read(&mut piece).await.map_err(&read)? {
                0 => break,
                count => {
                    upload.wait_for_capacity(PIECES_AT_ONCE).await.map_err(&refused)?;
                    upload.write(&piece[..count]);
                }
            }
        }
        upload.finish().await.map(drop).map_err(refused)
    }

    /// Takes a file off the shelf; it is no error if it is gone already.
    pub async fn remove_shelved(&self, name: &str) -> Result<(), StoreError> {
        let bucket = self.bucket()?;
        match bucket.store().delete(&bucket.beside(name)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => done.map_err(failed("taking down what nodes hand on")),
        }
    }

    fn bucket(&self) -> Result<&Bucket, StoreError> {
        match &self.shared.large {
            LargeContents::Bucket(bucket) => Ok(bucket),
            LargeContents::Folder(_) => Err(StoreError::NotShared),
        }
    }
}
