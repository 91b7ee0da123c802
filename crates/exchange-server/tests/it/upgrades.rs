//! Row 22: nodes of two versions over one schema, and a schema that is changed while something dies.
//!
//! No later version is there yet. What one would do to the schema is made up: tables, columns and an index are added, and
//! the version is written down, as its migrations would; this program is the former version then.

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
    time::{Duration, Instant},
};

use exchange_client::{ExchangeClient, SignedIn};
use exchange_server::Engine;
use fault_row::{Breaches, Row};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqlStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;
use test_engine::{Places, engine_file};

use crate::{
    backups::said,
    exchange::{Office, Terminal, sign_in},
    ground::{Ground, Process, program, refused_start},
    nodes::{address_in, load::Load, switch::Switch},
};

/// What a version that is not there yet would number its first migration.
const LATER: u64 = 9_000;

/// Works on the rows behind everybody's back.
async fn execute(engine: &Engine, sql: String) {
    let sql = AssertSqlSafe(sql);
    match engine {
        Engine::Embedded(data) => {
            let mut connection = embedded(data).await;
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
        Engine::Shared(shared) => {
            let mut connection = PgConnection::connect(&shared.database).await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    }
}

async fn embedded(data: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(data.join("exchange.db"))
        .busy_timeout(Duration::from_secs(30))
        .connect()
        .await
        .unwrap()
}

/// The name of a shared engine's database.
pub(crate) fn name_of(engine: &Engine) -> String {
    let Engine::Shared(shared) = engine else {
        panic!("a database of its own has no name");
    };
    shared.database.rsplit('/').next().unwrap().to_owned()
}

/// Does something that only whoever runs the database may.
pub(crate) async fn administrate(sql: String) {
    let places = Places::from_environment().unwrap();
    let url = format!("{}/postgres", places.database);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// Keeps new lines away from a database, and ends those that there are.
pub(crate) async fn alone(name: &str) {
    administrate(format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
    administrate(format!(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"
    ))
    .await;
}

/// Changes the schema as a later version would that only adds, while others write.
pub(crate) async fn migrate_later(engine: &Engine, number: u64) {
    let (begin, checksum, yes) = match engine {
        Engine::Embedded(_) => ("BEGIN IMMEDIATE", "x'00'", "1"),
        Engine::Shared(_) => ("BEGIN", "'\\x00'", "true"),
    };
    let version = LATER + number;
    execute(
        engine,
        format!(
            "{begin}; \
             ALTER TABLE delivery ADD COLUMN later_{number} BIGINT NOT NULL DEFAULT 7; \
             ALTER TABLE mailbox ADD COLUMN later_{number} BIGINT; \
             CREATE TABLE later_table_{number} (id BIGINT PRIMARY KEY, note TEXT NOT NULL); \
             CREATE INDEX later_index_{number} ON delivery (later_{number}); \
             UPDATE delivery SET later_{number} = row; \
             INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ({version}, 'later', {yes}, {checksum}, 0); \
             COMMIT"
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_node_of_the_former_version_serves_a_schema_that_a_later_one_changes() {
    let mut row = Row::open(22, "a later version migrates under a node of the former one");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let ground = Ground::new().await;
    let mut process = Process::start(&ground.settings);
    let switch = Switch::before(&[address_in(&process.exchange_url)]).await;
    let mut connection = ground.connection.clone();
    connection.exchange_url = format!("https://{}", switch.address);
    let line = async |terminal: &Terminal, office: &Office| -> SignedIn {
        let terminal = Terminal {
            client: ExchangeClient::new(&connection, Some(&terminal.identity)).unwrap(),
            answer: terminal.answer.clone(),
            identity: terminal.identity.clone(),
        };
        sign_in(&terminal, office).await.unwrap()
    };
    let senders = vec![
        line(&ground.here, &ground.planner).await,
        line(&ground.here, &ground.planner).await,
    ];
    let receivers = vec![line(&ground.there, &ground.helper).await];
    let load = Load::begin(senders, receivers, &ground.planner, &ground.helper);
    let rounds = row.times(3, 60);
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(random.u64(50..300))).await;
        migrate_later(&ground.settings.engine, round).await;
        let after = load.sent();
        let begun = Instant::now();
        while load.sent() < after + 3 {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not serve on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // And started anew, in order or not.
        switch.replace(0, None);
        if random.bool() {
            process.terminate();
            assert!(process.ended().await);
        } else {
            process.kill();
        }
        process = tokio::task::block_in_place(|| Process::start(&ground.settings));
        switch.replace(0, Some(address_in(&process.exchange_url)));
    }
    let (sent, breaches) = load.end().await;
    row.figure("deliveries", f64::from(u32::try_from(sent).unwrap()));
    row.close(rounds, breaches);
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_schema_that_needs_a_newer_program_is_refused_and_left_as_it_is() {
    let row = Row::open(22, "a schema that needs a newer program");
    let ground = Ground::new().await;
    let settings = &ground.settings;
    execute(
        &settings.engine,
        format!("INSERT INTO setting (name, value) VALUES ('schema_needed', '{LATER}')"),
    )
    .await;
    let before = settings
        .engine
        .folder()
        .map(|data| fs::read(data.join("exchange.db")).unwrap());
    let words = [
        refused_start(program(), settings),
        said(&on(settings, &["migrate"])),
        said(&on(settings, &["admin", "list-offices"])),
    ];
    for said in &words {
        assert!(
            said.contains("newer version") && said.contains(&LATER.to_string()),
            "{said}"
        );
    }
    let after = settings
        .engine
        .folder()
        .map(|data| fs::read(data.join("exchange.db")).unwrap());
    assert!(before == after, "it was changed");
    // Nothing is needed any more: everything is as it was.
    execute(
        &settings.engine,
        "DELETE FROM setting WHERE name = 'schema_needed'".to_owned(),
    )
    .await;
    let process = Process::start(settings);
    ground.send(&ground.sender(&process).await).await.unwrap();
    row.close(words.len() as u64, Breaches::default());
}

/// A command on the data of a server.
pub(crate) fn on(settings: &exchange_server::Settings, words: &[&str]) -> Output {
    let mut command = program();
    command.arg(words[0]).arg("--data").arg(&settings.data);
    command.arg("--keys").arg(&settings.keys).args(&words[1..]);
    command.output().unwrap()
}

/// A database as the third migration left it, with deliveries in it whose figures later ones work out.
async fn of_the_third_migration(data: &Path, deliveries: u64) {
    fs::create_dir_all(data).unwrap();
    let mut connection = SqliteConnectOptions::new()
        .filename(data.join("exchange.db"))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    let migration = |version, name: &'static str, sql: &'static str| {
        let sql = SqlStr::from_static(sql);
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    let migrator = Migrator::with_migrations(vec![
        migration(
            1,
            "first",
            include_str!("../../../exchange-store/migrations/sqlite/0001_first.sql"),
        ),
        migration(
            2,
            "people",
            include_str!("../../../exchange-store/migrations/sqlite/0002_people.sql"),
        ),
        migration(
            3,
            "audit",
            include_str!("../../../exchange-store/migrations/sqlite/0003_audit.sql"),
        ),
    ]);
    migrator.run(&mut connection).await.unwrap();
    let rows = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {deliveries}) \
         INSERT INTO delivery (id, digest, from_office, to_office, header, accepted_at, outbox_sequence, \
         inbox_sequence, outbox_change, inbox_change, state, fence) \
         SELECT CAST(printf('%016d', i) AS BLOB), x'00', '9970100013', '9970101003', \
         CAST('{{\"parts\":[{{\"size_bytes\":' || i || '}}]}}' AS BLOB), 1790000000000 + i * 60000, i, i, i, i, \
         CASE WHEN i % 3 = 0 THEN 2 ELSE 0 END, 0 FROM n; \
         INSERT INTO mailbox VALUES ('9970100013', {deliveries}, 0, {deliveries}, 0), \
         ('9970101003', 0, {deliveries}, 0, {deliveries}); \
         INSERT INTO audit (at, act) SELECT accepted_at, 'accept' FROM delivery"
    );
    sqlx::raw_sql(AssertSqlSafe(rows))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

/// What there is after all migrations: every table with its rows, and what migrations worked out.
async fn figures(data: &Path) -> Vec<(String, i64)> {
    let mut connection = embedded(data).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' ORDER BY name",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let counts = tables.into_iter().map(|table| format!("count(*) FROM {table}"));
    let sums = [
        "sum(content_bytes) FROM delivery",
        "sum(kept_until) FROM delivery",
        "sum(waiting_deliveries) FROM mailbox",
        "sum(waiting_bytes) FROM mailbox",
        "sum(sent * 7 + sent_waiting) FROM usage_month",
        "sum(arrived * 7 + arrived_waiting * 3 + arrived_fetched) FROM usage_month",
    ];
    let mut figures = Vec::new();
    for what in counts.chain(sums.map(str::to_owned)) {
        let query = sqlx::query_scalar(AssertSqlSafe(format!("SELECT {what}")));
        let figure: Option<i64> = query.fetch_one(&mut connection).await.unwrap();
        figures.push((what, figure.unwrap_or_default()));
    }
    connection.close().await.unwrap();
    figures
}

/// `exchange-server migrate`, killed after a while unless it is over before; true if it was killed.
fn migrate(data: &Path, keys: &Path, killed_after: Option<Duration>) -> bool {
    let mut command = program();
    command.arg("migrate").arg("--data").arg(data).arg("--keys").arg(keys);
    let Some(after) = killed_after else {
        let said = command.output().unwrap();
        assert!(said.status.success(), "{said:?}");
        return false;
    };
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let over = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    !over
}

#[tokio::test(flavor = "multi_thread")]
async fn row_22_a_migration_that_is_killed_is_run_again_and_loses_nothing() {
    let mut row = Row::open(22, "a migration is killed half-way");
    let mut random = fastrand::Rng::with_seed(row.seed());
    let folder = TempDir::new().unwrap();
    let (old, keys) = (folder.path().join("old"), folder.path().join("keys"));
    of_the_third_migration(&old, row.times(8_000, 40_000)).await;
    let fresh = |name: &str| {
        let data = folder.path().join(name);
        fs::create_dir(&data).unwrap();
        fs::copy(old.join("exchange.db"), data.join("exchange.db")).unwrap();
        data
    };
    let whole = fresh("whole");
    let begun = Instant::now();
    migrate(&whole, &keys, None);
    let takes = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let expected = figures(&whole).await;
    let (rounds, mut killed, mut lost) = (row.times(8, 400), 0_u64, 0_u64);
    for round in 0..rounds {
        let data = fresh(&format!("round-{round}"));
        for _ in 0..random.u32(1..=3) {
            let after = Duration::from_micros(random.u64(0..takes));
            killed += u64::from(migrate(&data, &keys, Some(after)));
        }
        migrate(&data, &keys, None);
        lost += u64::from(figures(&data).await != expected);
        fs::remove_dir_all(data).unwrap();
    }
    if let Some(places) = Places::from_environment() {
        killed += killed_on_a_shared_engine(&places, &mut random, rounds / 4).await;
    }
    row.figure("kills", f64::from(u32::try_from(killed).unwrap()));
    row.close(
        rounds,
        Breaches {
            lost,
            ..Breaches::default()
        },
    );
    assert!(killed > 0, "no migration was killed");
}

/// The same of a database that several nodes share, from the empty one on; gives how often it was killed.
async fn killed_on_a_shared_engine(places: &Places, random: &mut fastrand::Rng, rounds: u64) -> u64 {
    let (mut killed, mut expected) = (0, None);
    for _ in 0..=rounds {
        let folder = TempDir::new().unwrap();
        let (data, keys) = (folder.path().join("data"), folder.path().join("keys"));
        fs::create_dir(&keys).unwrap();
        let engine = places.new_exchange().await;
        fs::write(keys.join("engine.toml"), engine_file(&engine)).unwrap();
        if expected.is_some() {
            for _ in 0..3 {
                let after = Duration::from_millis(random.u64(0..400));
                killed += u64::from(migrate(&data, &keys, Some(after)));
            }
        }
        migrate(&data, &keys, None);
        let mut connection = PgConnection::connect(&engine.database).await.unwrap();
        let found: (i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()), \
             (SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema()), \
             (SELECT count(*) FROM _sqlx_migrations WHERE success)",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        assert_eq!(*expected.get_or_insert(found), found);
    }
    killed
}
