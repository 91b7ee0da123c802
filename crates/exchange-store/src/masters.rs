//! Master keys (D11): which there are, whether they fit, and taking every wrapped key from one to the next.
//!
//! A wrapped key names its master key. The database knows the names, with a known value sealed under each key; the keys
//! themselves come from outside and are asked for again when a name turns up that is not known yet.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use care_model::DeliveryId;
use sealing::Key;

use crate::{
    Engine, Store, StoreError, people,
    sql::{self, Value},
    store::has_table,
    writer::Batch,
};

/// What is sealed under every master key, to know it again.
const KNOWN: &[u8] = b"a master key of this exchange";
/// Wrapped keys that one commit looks at.
const REWRAPPED_AT_ONCE: i64 = 100;
/// Between two such commits, so that a server that serves has its turn.
const PAUSE: Duration = Duration::from_millis(20);

/// A master key and the name under which wrapped keys remember it (D11).
#[derive(Clone)]
pub struct MasterKey {
    /// Its name, at most 32 characters.
    pub name: String,
    /// The key itself.
    pub key: Key,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Where the master keys come from: gives all that there are, the newest last.
#[derive(Clone)]
pub struct MasterKeys(Arc<dyn Fn() -> io::Result<Vec<MasterKey>> + Send + Sync>);

impl MasterKeys {
    /// Keys from outside, asked for at the start and whenever there is a new one.
    pub fn new(load: impl Fn() -> io::Result<Vec<MasterKey>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(load))
    }

    pub(crate) fn load(&self) -> Result<Vec<MasterKey>, StoreError> {
        (self.0)().map_err(StoreError::folder("reading the master keys"))
    }
}

impl From<MasterKey> for MasterKeys {
    fn from(only: MasterKey) -> Self {
        Self::new(move || Ok(vec![only.clone()]))
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKeys(…)")
    }
}

/// The keys in memory, and which one wraps what is new.
#[derive(Debug)]
pub(crate) struct Ring {
    source: MasterKeys,
    held: RwLock<Held>,
}

#[derive(Debug, Default)]
struct Held {
    keys: HashMap<String, Key>,
    current: String,
}

impl Ring {
    pub(crate) fn new(source: MasterKeys, found: Vec<MasterKey>, current: String) -> Self {
        let keys = found.into_iter().map(|master| (master.name, master.key)).collect();
        Self {
            source,
            held: RwLock::new(Held { keys, current }),
        }
    }

    fn current(&self) -> Option<MasterKey> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let key = held.keys.get(&held.current)?.clone();
        Some(MasterKey {
            name: held.current.clone(),
            key,
        })
    }

    /// The key of a name; one that is not known yet is asked for.
    fn key(&self, name: &str) -> Option<Key> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.keys.get(name) {
            return Some(known.clone());
        }
        drop(held);
        let found = self.source.load().inspect_err(|error| {
            tracing::error!(%error, "a master key is asked for and cannot be read");
        });
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.keys.extend(
            found
                .unwrap_or_default()
                .into_iter()
                .map(|master| (master.name, master.key)),
        );
        held.keys.get(name).cloned()
    }

    fn set_current(&self, name: &str) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        name.clone_into(&mut held.current);
    }

    /// Takes up the newest key that the database knows; gives the names of all that it knows.
    pub(crate) async fn refresh(&self, connection: &mut sql::Connection) -> Result<Vec<String>, StoreError> {
        let rows = proofs(connection).await?;
        if let Some((name, proof)) = rows.last() {
            match self.key(name) {
                Some(key) if fits(name, &key, proof) => self.set_current(name),
                // What is new is wrapped by the one before, which is known as well; nothing becomes unreadable.
                _ => tracing::error!(master = %name, "the newest master key is not here or does not fit"),
            }
        }
        Ok(rows.into_iter().map(|(name, _)| name).collect())
    }
}

async fn proofs(connection: &mut sql::Connection) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let rows = sql::query_as("SELECT name, proof FROM master_key ORDER BY number")
        .fetch_all(connection)
        .await?;
    Ok(rows)
}

fn proof(master: &MasterKey) -> Vec<u8> {
    sealing::seal(&master.key, master.name.as_bytes(), KNOWN)
}

fn fits(name: &str, key: &Key, proof: &[u8]) -> bool {
    sealing::open(key, name.as_bytes(), proof).is_ok_and(|known| known == KNOWN)
}

/// Whether an exchange has begun in a database: then its keys must be there, and are never made anew.
pub(crate) async fn has_begun(connection: &mut sql::Connection) -> Result<bool, StoreError> {
    if has_table(connection, "master_key").await? && !proofs(connection).await?.is_empty() {
        return Ok(true);
    }
    if !has_table(connection, "content").await? {
        return Ok(false);
    }
    let begun = sql::query_scalar("SELECT EXISTS (SELECT 1 FROM terminal) OR EXISTS (SELECT 1 FROM delivery)")
        .fetch_one(connection)
        .await?;
    Ok(begun)
}

/// Refuses keys that do not fit the database, before anything in it is touched.
pub(crate) async fn refuse_unfit(connection: &mut sql::Connection, found: &[MasterKey]) -> Result<(), StoreError> {
    let of = |name: &str| found.iter().find(|master| master.name == name);
    let rows = match has_table(connection, "master_key").await? {
        true => proofs(connection).await?,
        false => Vec::new(),
    };
    for (name, proof) in &rows {
        match of(name) {
            None => return Err(StoreError::MasterMissing { name: name.clone() }),
            Some(master) if !fits(name, &master.key, proof) => {
                return Err(StoreError::MasterWrong { name: name.clone() });
            }
            Some(_) => {}
        }
    }
    // A database of before the proofs: one wrapped key is tried.
    if rows.is_empty() && has_table(connection, "content").await? {
        let any = sql::query("SELECT id, wrapped_key FROM content JOIN delivery ON row = delivery_row LIMIT 1")
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = any {
            let (id, wrapped): (Vec<u8>, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            let (name, bytes) = split(&wrapped)?;
            let Some(master) = of(&name) else {
                return Err(StoreError::MasterMissing { name });
            };
            if sealing::unwrap_key(&master.key, &id, bytes).is_err() {
                return Err(StoreError::MasterWrong { name });
            }
        }
    }
    Ok(())
}

/// Writes down the keys of a database that knows none; gives the name of the newest.
pub(crate) async fn begin(connection: &mut sql::Connection, found: &[MasterKey]) -> Result<String, StoreError> {
    if proofs(connection).await?.is_empty() {
        for master in found {
            sql::query("INSERT INTO master_key (name, proof) VALUES (?, ?) ON CONFLICT DO NOTHING")
                .bind(&master.name)
                .bind(proof(master))
                .execute(&mut *connection)
                .await?;
        }
    }
    let newest = proofs(connection).await?.pop();
    newest.map(|(name, _)| name).ok_or_else(|| StoreError::MasterMissing {
        name: "master-1".to_owned(),
    })
}

/// The name in front of a wrapped key, and the rest.
fn split(named: &[u8]) -> Result<(String, &[u8]), StoreError> {
    let damaged = || StoreError::Damaged { what: "content key" };
    let (length, rest) = named.split_first().ok_or_else(damaged)?;
    let (name, wrapped) = rest.split_at_checked(usize::from(*length)).ok_or_else(damaged)?;
    let name = std::str::from_utf8(name).map_err(|_| damaged())?;
    Ok((name.to_owned(), wrapped))
}

impl Batch {
    /// Refuses a wrapped key whose master key was retired between its wrapping and this transaction; it is wrapped anew
    /// when the act comes again.
    pub(crate) fn refuse_retired(&self, wrapped: &[u8]) -> Result<(), StoreError> {
        let (name, _) = split(wrapped)?;
        if self.masters.contains(&name) {
            Ok(())
        } else {
            Err(StoreError::Busy)
        }
    }
}

/// A place where wrapped keys are.
struct Place {
    read: &'static str,
    write: &'static str,
    /// What is before every key of the place.
    begin: fn() -> Value,
    /// The place's key in a row.
    at: fn(&sql::Row) -> Result<Value, sqlx::Error>,
    /// What its wrapped key is bound to.
    context: fn(&sql::Row) -> Result<Vec<u8>, StoreError>,
}

/// Every place; each is read on from a key, `?1`, in order.
const PLACES: [Place; 3] = [
    Place {
        read: "SELECT delivery_row AS at, id AS about, wrapped_key FROM content JOIN delivery ON row = delivery_row \
               WHERE delivery_row > ?1 ORDER BY delivery_row LIMIT ?2",
        write: "UPDATE content SET wrapped_key = ?2 WHERE delivery_row = ?1",
        begin: || Value::from(-1_i64),
        at: |row| row.try_get::<i64>("at").map(Value::from),
        context: |row| Ok(row.try_get("about")?),
    },
    Place {
        read: "SELECT id AS at, id AS about, wrapped_key FROM upload WHERE id > ?1 ORDER BY id LIMIT ?2",
        write: "UPDATE upload SET wrapped_key = ?2 WHERE id = ?1",
        begin: || Value::from(Vec::new()),
        at: |row| row.try_get::<Vec<u8>>("at").map(Value::from),
        context: |row| Ok(row.try_get("about")?),
    },
    Place {
        read: "SELECT account AS at, account AS about, wrapped_key FROM first_password \
               WHERE account > ?1 ORDER BY account LIMIT ?2",
        write: "UPDATE first_password SET wrapped_key = ?2 WHERE account = ?1",
        begin: || Value::from(""),
        at: |row| row.try_get::<String>("at").map(Value::from),
        context: |row| Ok(people::context(row.try_get("about")?)),
    },
];

impl Store {
    /// Whether an exchange has begun in `data`: then its keys must be there, and are never made anew.
    pub async fn has_begun(engine: impl Into<Engine>) -> Result<bool, StoreError> {
        let engine = engine.into();
        if !Self::is_in(&engine) {
            return Ok(false);
        }
        let mut connection = Self::connect(&engine).await?;
        let begun = has_begun(&mut connection).await;
        connection.close().await?;
        begun
    }

    /// The names of the master keys that wrapped keys may name, the newest, which wraps what is new, last.
    pub async fn master_names(&self) -> Result<Vec<String>, StoreError> {
        let names = sql::query_scalar("SELECT name FROM master_key ORDER BY number")
            .fetch_all(&self.shared.readers)
            .await?;
        Ok(names)
    }

    /// Makes a key the one that wraps what is new. It must be where every process finds it before this is called.
    pub async fn begin_master(&self, master: MasterKey) -> Result<(), StoreError> {
        let (name, proof) = (master.name.clone(), proof(&master));
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    sql::query("INSERT INTO master_key (name, proof) VALUES (?, ?)")
                        .bind(&name)
                        .bind(proof)
                        .execute(&mut batch.connection)
                        .await?;
                    batch.masters.push(name);
                    Ok(())
                })
            })
            .await?;
        if self.shared.masters.key(&master.name).is_none() {
            return Err(StoreError::MasterMissing { name: master.name });
        }
        self.shared.masters.set_current(&master.name);
        Ok(())
    }

    /// Wraps every key anew that the newest master key does not wrap, a bounded number in each commit; gives how many.
    /// May be broken off anywhere and begun again.
    pub async fn rewrap(&self) -> Result<u64, StoreError> {
        let mut rewrapped = 0;
        for place in &PLACES {
            let mut from = (place.begin)();
            loop {
                let store = self.clone();
                let (done, next) = self
                    .writer
                    .act(move |batch| Box::pin(async move { store.rewrap_some(batch, place, from).await }))
                    .await?;
                rewrapped += done;
                match next {
                    Some(next) => from = next,
                    None => break,
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(rewrapped)
    }

    async fn rewrap_some(
        &self,
        batch: &mut Batch,
        place: &'static Place,
        from: Value,
    ) -> Result<(u64, Option<Value>), StoreError> {
        let current = self.current_master()?;
        let rows = sql::query(place.read)
            .bind(from)
            .bind(REWRAPPED_AT_ONCE)
            .fetch_all(&mut batch.connection)
            .await?;
        let (mut rewrapped, mut last) = (0, None);
        for row in &rows {
            let at = (place.at)(row)?;
            last = Some(at.clone());
            let wrapped: Vec<u8> = row.try_get("wrapped_key")?;
            if split(&wrapped)?.0 == current.name {
                continue;
            }
            let context = (place.context)(row)?;
            let key = self.unwrap_under(&context, &wrapped)?;
            let written = sql::query(place.write)
                .bind(at)
                .bind(self.wrap_under(&context, &key)?)
                .execute(&mut batch.connection)
                .await?
                .rows_affected();
            if written != 1 {
                return Err(StoreError::Damaged { what: "wrapped key" });
            }
            rewrapped += 1;
        }
        let is_last = (rows.len() as i64) < REWRAPPED_AT_ONCE;
        Ok((rewrapped, last.filter(|_| !is_last)))
    }

    /// Whether a wrapped key names this master key.
    pub async fn is_master_named(&self, name: &str) -> Result<bool, StoreError> {
        let mut prefix = vec![u8::try_from(name.len()).unwrap_or(u8::MAX)];
        prefix.extend_from_slice(name.as_bytes());
        let named = sql::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM content WHERE substr(wrapped_key, 1, CAST(?2 AS INTEGER)) = ?1) \
             OR EXISTS (SELECT 1 FROM upload WHERE substr(wrapped_key, 1, CAST(?2 AS INTEGER)) = ?1) \
             OR EXISTS (SELECT 1 FROM first_password WHERE substr(wrapped_key, 1, CAST(?2 AS INTEGER)) = ?1)",
        )
        .bind(prefix.clone())
        .bind(i64::try_from(prefix.len()).unwrap_or(i64::MAX))
        .fetch_one(&self.shared.readers)
        .await?;
        Ok(named)
    }

    /// Takes a master key off the list, so that nothing is stored any more whose key it wraps; false if it is the newest.
    pub async fn retire_master(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.writer
            .act(move |batch| {
                Box::pin(async move {
                    if proofs(&mut batch.connection)
                        .await?
                        .last()
                        .is_none_or(|(newest, _)| *newest == name)
                    {
                        return Ok(false);
                    }
                    sql::query("DELETE FROM master_key WHERE name = ?")
                        .bind(&name)
                        .execute(&mut batch.connection)
                        .await?;
                    batch.masters.retain(|known| *known != name);
                    Ok(true)
                })
            })
            .await
    }

    fn current_master(&self) -> Result<MasterKey, StoreError> {
        let current = self.shared.masters.current();
        current.ok_or(StoreError::Damaged { what: "master key" })
    }

    pub(crate) fn wrap(&self, id: DeliveryId, key: &Key) -> Result<Vec<u8>, StoreError> {
        self.wrap_under(id.as_bytes(), key)
    }

    /// A key wrapped by the newest master key, to be opened under the same context only.
    pub(crate) fn wrap_under(&self, context: &[u8], key: &Key) -> Result<Vec<u8>, StoreError> {
        let master = self.current_master()?;
        let wrapped = sealing::wrap(&master.key, context, key);
        // The master key's name goes in front, so that a rotation finds what it has still to rewrap.
        let mut named = Vec::with_capacity(1 + master.name.len() + wrapped.len());
        named.push(u8::try_from(master.name.len()).unwrap_or(u8::MAX));
        named.extend_from_slice(master.name.as_bytes());
        named.extend_from_slice(&wrapped);
        Ok(named)
    }

    pub(crate) fn unwrap_key(&self, id: DeliveryId, named: &[u8]) -> Result<Key, StoreError> {
        self.unwrap_under(id.as_bytes(), named)
    }

    /// The reverse of [`Store::wrap_under`], whichever master key it was.
    pub(crate) fn unwrap_under(&self, context: &[u8], named: &[u8]) -> Result<Key, StoreError> {
        let (name, wrapped) = split(named)?;
        let Some(master) = self.shared.masters.key(&name) else {
            return Err(StoreError::Damaged {
                what: "content key, wrapped by a master key that is not here",
            });
        };
        sealing::unwrap_key(&master, context, wrapped).map_err(|_| StoreError::Damaged { what: "content key" })
    }
}
