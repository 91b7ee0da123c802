//! The audit's chains: whose they are, what each side is told, and that sealing may be interrupted and repeated.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use care_model::{Digest, OfficeNumber};
use exchange_audit::Period;
use exchange_store::{Act, AuditSearch, By, Chain, Signer, Store, Who};
use rcgen::{KeyPair, PKCS_ED25519};
use sqlx::Connection as _;

use crate::{HELPER, Opened, PLANNER, actor, at, delivery};

fn signer() -> Arc<Signer> {
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem();
    Arc::new(Signer::new(&key, String::new()).unwrap())
}

fn office(number: &str) -> OfficeNumber {
    OfficeNumber::parse(number).unwrap()
}

/// The acts of a chain, checked to be hashed one on the other and sealed at the end.
async fn acts(store: &Store, chain: Chain) -> Vec<exchange_store::Record> {
    let Some(sealed) = store.audit_sealed(chain).await.unwrap() else {
        return Vec::new();
    };
    let (mut after, mut records) = (0, Vec::new());
    let mut hash = exchange_audit::first_hash(&chain);
    loop {
        let page = store.audit_records(chain, after, sealed.sequence).await.unwrap();
        for found in page.records {
            hash = exchange_audit::next_hash(&hash, &found.record).unwrap();
            assert_eq!(found.hash, hash);
            records.push(found.record);
        }
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!((sealed.sequence, sealed.hash), (records.len() as u64, hash));
    records
}

fn words(records: &[exchange_store::Record]) -> Vec<&'static str> {
    records.iter().map(|record| record.act.word()).collect()
}

#[tokio::test]
async fn both_sides_are_told_of_a_delivery_and_neither_of_the_others_people() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let (here, there, signer) = (actor(PLANNER, 1), actor(HELPER, 2), signer());
    let (sent, taken_back) = (delivery(&[b"one"]), delivery(&[b"two"]));
    store.accept(sent.clone(), here.clone(), at(0)).await.unwrap().unwrap();
    store
        .accept(taken_back.clone(), here.clone(), at(1))
        .await
        .unwrap()
        .unwrap();
    store
        .claim(sent.header.id, there.clone(), None, at(2))
        .await
        .unwrap()
        .unwrap();
    store
        .confirm(sent.header.id, there.clone(), 1, at(3))
        .await
        .unwrap()
        .unwrap();
    store
        .recall(taken_back.header.id, here.clone(), at(4))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(store.audit_sealed(Chain::Office(here.office)).await.unwrap(), None);
    assert_eq!(store.seal_audit(&signer, at(5)).await.unwrap(), 5);

    let (mine, theirs) = (
        acts(store, Chain::Office(here.office)).await,
        acts(store, Chain::Office(there.office)).await,
    );
    let all = ["accept", "accept", "claim", "confirm", "recall"];
    assert_eq!((words(&mine), words(&theirs)), (all.to_vec(), all.to_vec()));
    assert_eq!(acts(store, Chain::Exchange).await, []);
    let written = serde_json::to_string(&mine).unwrap();
    assert!(
        written.contains("01010101-0101-0101-0101-010101010101"),
        "its own terminal"
    );
    assert!(
        !written.contains("02020202-0202-0202-0202-020202020202"),
        "never the receiver's"
    );
    assert!(matches!(mine[2].by, Who::Office(office) if office == there.office));
    assert_eq!((mine[2].fence, theirs[2].fence), (None, Some(1)));
    assert!(matches!(theirs[0].by, Who::Office(office) if office == here.office));
    assert!(matches!(theirs[2].by, Who::Person { .. }));
}

#[tokio::test]
async fn what_the_operator_does_to_an_office_is_in_its_chain_and_in_the_exchanges() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let registered = crate::offices::office();
    let number = registered.office.number;
    let by = By::Operator {
        account: care_model::AccountId::parse("OP0001").unwrap(),
    };
    assert!(crate::register(store, registered, by.clone()).await);
    store
        .add_news("題".to_owned(), "文".to_owned(), at(0), by, at(1))
        .await
        .unwrap();
    store.seal_audit(&signer(), at(2)).await.unwrap();
    let (offices, exchanges) = (
        acts(store, Chain::Office(number)).await,
        acts(store, Chain::Exchange).await,
    );
    assert_eq!(words(&offices), ["register_office", "issue_password"]);
    assert_eq!(words(&exchanges), ["register_office", "issue_password", "add_news"]);
    assert_eq!(offices[0].by, Who::Operator { account: None });
    assert!(matches!(&exchanges[0].by, Who::Operator { account: Some(account) } if account.key() == "op0001"));
}

#[tokio::test]
async fn many_lines_are_sealed_evenly_over_the_time_given_and_few_at_once() {
    let opened = Opened::new().await;
    let (store, signer, here) = (&opened.store, signer(), actor(PLANNER, 1));
    let accept = |n| store.accept(delivery(&[b"x"]), here.clone(), at(n));
    for n in 0..1_100 {
        accept(n).await.unwrap().unwrap();
    }
    // 500 lines at once, and the others after one and two thirds.
    let over = Duration::from_millis(600);
    let begun = Instant::now();
    assert_eq!(store.seal_audit_over(&signer, at(1_100), over).await.unwrap(), 1_100);
    assert!(begun.elapsed() >= over * 2 / 3, "{:?}", begun.elapsed());

    accept(1_101).await.unwrap().unwrap();
    let at_once = store.seal_audit_over(&signer, at(1_102), Duration::from_secs(86_400));
    assert_eq!(at_once.await.unwrap(), 1);
}

#[tokio::test]
async fn sealing_again_at_once_and_from_many_sides_chains_each_line_once() {
    let opened = Opened::new().await;
    let signer = signer();
    let here = actor(PLANNER, 1);
    // Another process opens the same database, as the `admin` command does.
    let beside = opened.beside().await;
    let mut sealing = Vec::new();
    for n in 0..900 {
        opened
            .store
            .accept(delivery(&[b"x"]), here.clone(), at(n))
            .await
            .unwrap()
            .unwrap();
        if n % 100 == 0 {
            for store in [opened.store.clone(), opened.store.clone(), beside.clone()] {
                let signer = Arc::clone(&signer);
                sealing.push(tokio::spawn(async move { store.seal_audit(&signer, at(n)).await }));
            }
        }
    }
    for sealed in sealing {
        sealed.await.unwrap().unwrap();
    }
    opened.store.seal_audit(&signer, at(901)).await.unwrap();
    assert_eq!(opened.store.seal_audit(&signer, at(902)).await.unwrap(), 0);
    beside.close().await;
    let opened = opened.reopen().await;
    assert_eq!(opened.store.seal_audit(&signer, at(903)).await.unwrap(), 0);
    for number in [PLANNER, HELPER] {
        let records = acts(&opened.store, Chain::Office(office(number))).await;
        assert_eq!(records.len(), 900);
        assert!(
            records
                .iter()
                .enumerate()
                .all(|(n, record)| record.sequence == n as u64 + 1)
        );
    }
}

#[tokio::test]
async fn a_death_between_chaining_and_signing_leaves_a_chain_that_is_signed_next_time() {
    let opened = Opened::new().await;
    let here = actor(PLANNER, 1);
    for n in 0..3 {
        opened
            .store
            .accept(delivery(&[b"x"]), here.clone(), at(n))
            .await
            .unwrap()
            .unwrap();
    }
    opened.store.seal_audit(&signer(), at(5)).await.unwrap();
    // As if it had died after the lines were chained and before the checkpoints were stored.
    opened
        .execute("DELETE FROM audit_checkpoint; UPDATE audit_head SET signed = 0".to_owned())
        .await;
    assert_eq!(
        opened.store.audit_sealed(Chain::Office(here.office)).await.unwrap(),
        None
    );
    assert_eq!(opened.store.seal_audit(&signer(), at(9)).await.unwrap(), 0);
    let sealed = opened
        .store
        .audit_sealed(Chain::Office(here.office))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((sealed.sequence, sealed.at), (3, at(9)));
    assert_eq!(acts(&opened.store, Chain::Office(here.office)).await.len(), 3);
}

/// A line as servers before the chain wrote it is chained like every other.
#[tokio::test]
async fn lines_from_before_the_chain_are_chained_too() {
    let opened = Opened::embedded().await;
    let (here, there) = (actor(PLANNER, 1), actor(HELPER, 2));
    let sent = delivery(&[b"old"]);
    opened
        .store
        .accept(sent.clone(), here.clone(), at(0))
        .await
        .unwrap()
        .unwrap();
    opened
        .store
        .claim(sent.header.id, there.clone(), None, at(1))
        .await
        .unwrap()
        .unwrap();
    // Back to the schema before: the migration runs again at the next opening, over what older servers wrote.
    let path = opened.folder.path().join("exchange.db");
    let Opened {
        folder,
        engine,
        master,
        store,
    } = opened;
    store.close().await;
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    let undo = "DROP INDEX audit_at; DROP INDEX audit_head_unsigned; DROP TABLE audit_chain; DROP TABLE audit_head; \
                DROP TABLE audit_checkpoint; DROP TABLE audit_sealer; ALTER TABLE audit DROP COLUMN by_kind; \
                ALTER TABLE audit DROP COLUMN subject_kind; ALTER TABLE audit DROP COLUMN about; \
                ALTER TABLE audit DROP COLUMN about_to; ALTER TABLE audit DROP COLUMN epoch; \
                DELETE FROM _sqlx_migrations WHERE version = 3;";
    sqlx::raw_sql(undo).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let store = Store::open(engine.clone(), master.clone()).await.unwrap();
    let opened = Opened {
        folder,
        engine,
        master,
        store,
    };
    assert_eq!(opened.store.seal_audit(&signer(), at(2)).await.unwrap(), 2);
    let mine = acts(&opened.store, Chain::Office(here.office)).await;
    assert_eq!(words(&mine), ["accept", "claim"]);
    assert!(matches!(mine[0].by, Who::Person { .. }));
    assert!(matches!(mine[1].by, Who::Office(office) if office == there.office));
}

#[tokio::test]
async fn a_search_finds_by_office_act_and_time_and_goes_on_where_it_ended() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let here = actor(PLANNER, 1);
    for n in 0..10 {
        let sent = delivery(&[b"x"]);
        store.accept(sent.clone(), here.clone(), at(n)).await.unwrap().unwrap();
        if n == 4 {
            store
                .recall(sent.header.id, here.clone(), at(n))
                .await
                .unwrap()
                .unwrap();
        }
    }
    store.seal_audit(&signer(), at(20)).await.unwrap();
    let found = async |search: AuditSearch| store.search_audit(&search).await.unwrap();
    let all = AuditSearch {
        limit: AuditSearch::LINES_MAX + 1,
        ..AuditSearch::default()
    };
    assert_eq!(found(all.clone()).await.len(), 11);
    for number in [PLANNER, HELPER] {
        let of = AuditSearch {
            office: Some(office(number)),
            ..all.clone()
        };
        let recalls = found(AuditSearch {
            act: Some(Act::Recall),
            ..of.clone()
        })
        .await;
        assert_eq!(recalls.len(), 1);
        let within = found(AuditSearch {
            from: Some(at(2)),
            until: Some(at(5)),
            ..of.clone()
        })
        .await;
        assert_eq!(within.len(), 4);
        let first = found(AuditSearch { limit: 4, ..of.clone() }).await;
        let rest = found(AuditSearch {
            before: Some(first[3].line),
            ..of
        })
        .await;
        assert_eq!((first.len(), rest.len()), (4, 7));
        assert!(first[3].line > rest[0].line);
    }
    let other = AuditSearch {
        office: Some(office("9970101011")),
        ..all
    };
    assert_eq!(found(other).await.len(), 0);
}

#[tokio::test]
async fn a_period_of_a_chain_begins_and_ends_at_its_acts_and_has_a_receipt_for_each_delivery() {
    let opened = Opened::new().await;
    let store = &opened.store;
    let (here, signer) = (actor(PLANNER, 1), signer());
    let mut sent = Vec::new();
    for n in 0..6 {
        let delivery = delivery(&[format!("{n}").as_bytes()]);
        store
            .accept(delivery.clone(), here.clone(), at(n * 10))
            .await
            .unwrap()
            .unwrap();
        sent.push(delivery);
    }
    let period = |from, until| Period {
        from: at(from),
        until: at(until),
    };
    // Nothing is handed out before it is sealed.
    let unsealed = store.audit_span(here.office, period(0, 100)).await.unwrap();
    assert_eq!((unsealed.after.sequence, unsealed.up_to), (0, 0));
    store.seal_audit(&signer, at(60)).await.unwrap();
    let chain = Chain::Office(here.office);
    let whole = store.audit_records(chain, 0, 6).await.unwrap().records;
    for (from, until, after, up_to) in [
        (0, 100, 0, 6),
        (0, 30, 0, 3),
        (10, 31, 1, 4),
        (11, 50, 2, 5),
        (50, 51, 5, 6),
        (51, 100, 0, 0),
    ] {
        let span = store.audit_span(here.office, period(from, until)).await.unwrap();
        assert_eq!((span.after.sequence, span.up_to), (after, up_to), "{from} to {until}");
        let expected = match usize::try_from(after).unwrap() {
            0 => exchange_audit::first_hash(&chain),
            after => whole[after - 1].hash,
        };
        assert_eq!(span.after.hash, expected);
    }
    let receipts = store.audit_receipts(&whole).await.unwrap();
    for (sealed, sent) in whole.iter().zip(&sent) {
        let receipt = &receipts[&sealed.hash];
        assert_eq!((receipt.record, receipt.delivery), (sealed.hash, sent.header.id));
        assert_eq!(
            (receipt.digest, receipt.from, receipt.to),
            (Digest::of(&sent.header_json), sent.header.from, sent.header.to)
        );
        assert_eq!(receipt.parts.len(), sent.header.parts.len());
        assert_eq!(receipt.parts[0].digest, sent.header.parts[0].digest);
    }
    // Another office's chain is another one.
    let stranger = store.audit_span(office("9970101011"), period(0, 100)).await.unwrap();
    assert_eq!(stranger.up_to, 0);
}
