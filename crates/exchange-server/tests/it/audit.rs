//! An act and its proof: sealed within seconds, handed out to its office alone, verified with the authority alone.

use care_model::{DeliveryId, ProblemCode};
use exchange_audit::{Act, Chain, Flaw, Verified, VerifyError, verify};
use exchange_client::{ClientError, Connection, SignedIn};
use exchange_store::AuditSearch;

use crate::{
    exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused},
    ground::Process,
};

const PARTS: &[(Option<&str>, &[u8])] = &[
    (Some("cover"), b"{\"note\":\"SECRET\"}"),
    (Some("A.CSV"), b"one two three"),
];

async fn export(line: &SignedIn) -> Vec<u8> {
    let mut stream = line.audit_export().await.unwrap();
    let mut export = Vec::new();
    while let Some(piece) = stream.next().await.unwrap() {
        export.extend_from_slice(&piece);
    }
    export
}

fn verified(export: &[u8], connection: &Connection) -> Verified {
    verify(export, &connection.authority_pem, None).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_proves_what_became_of_its_deliveries_with_its_connection_file_alone() {
    let exchange = Exchange::start().await;
    let (planner, here, sender) = exchange.desk(PLANNER, "43").await;
    let (helper, there, receiver) = exchange.desk(HELPER, "11").await;
    let connection = exchange.connection();
    let header = header(&planner, &helper, PARTS);
    sender
        .send_small(header.id, &json(&header), &bytes(PARTS))
        .await
        .unwrap();
    let claim = receiver.claim(header.id, None).await.unwrap();
    receiver.confirm(header.id, claim.fence).await.unwrap();
    exchange.running.seal_audit().await.unwrap();

    let mine = export(&sender).await;
    let proof = verified(&mine, &connection);
    assert_eq!(proof.chain, Chain::Office(planner.made.number));
    let text = String::from_utf8(mine.clone()).unwrap();
    let of_delivery = format!("{{\"delivery\":\"{}\"}}", header.id);
    let acts: Vec<&str> = ["accept", "claim", "confirm"]
        .into_iter()
        .filter(|act| {
            text.lines()
                .any(|line| line.contains(&format!("\"act\":\"{act}\"")) && line.contains(&of_delivery))
        })
        .collect();
    assert_eq!(acts, ["accept", "claim", "confirm"]);
    // Nothing that a person wrote, no name of a file, no name of a person, and nothing of who it was at the other end.
    for unsaid in [
        "SECRET",
        "A.CSV",
        "見本 太郎",
        &there.answer.terminal.to_string(),
        &helper.person.person_id.key(),
    ] {
        assert!(!text.contains(unsaid), "{unsaid}");
    }
    assert!(text.contains(&here.answer.terminal.to_string()));
    let theirs = export(&receiver).await;
    assert_eq!(verified(&theirs, &connection).chain, Chain::Office(helper.made.number));
    assert!(
        !String::from_utf8(theirs)
            .unwrap()
            .contains(&here.answer.terminal.to_string())
    );

    // One letter changed is found; and so is a stranger's authority.
    let forged = text.replacen("\"act\":\"confirm\"", "\"act\":\"recall\"", 1);
    let Err(VerifyError::Breach(breach)) = verify(forged.as_bytes(), &connection.authority_pem, None) else {
        panic!("a forged export was believed");
    };
    assert_eq!(breach.flaw, Flaw::Hash);
    let stranger = Exchange::start().await.connection();
    assert!(verify(mine.as_slice(), &stranger.authority_pem, None).is_err());

    // The next export goes on where this one ended, also at a restarted server.
    let exchange = exchange.restart().await;
    let here = exchange.reconnect(here);
    let sender = crate::exchange::sign_in(&here, &planner).await.unwrap();
    exchange.running.seal_audit().await.unwrap();
    let later = export(&sender).await;
    let later = verify(
        later.as_slice(),
        &exchange.connection().authority_pem,
        proof.sealed.as_ref(),
    )
    .unwrap();
    assert_eq!(later.records, proof.records + 1, "its second sign-in");
    sender.sign_out().await.unwrap();
    assert_eq!(
        refused(sender.audit_export().await.map(drop)),
        ProblemCode::SignInRequired
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_seals_by_itself() {
    let mut exchange = Exchange::start_embedded().await;
    exchange.settings.seal_every = std::time::Duration::from_millis(20);
    let exchange = exchange.restart().await;
    let (_, _, line) = exchange.desk(PLANNER, "43").await;
    let signed_in = async {
        loop {
            let text = String::from_utf8(export(&line).await).unwrap();
            if text.contains("\"act\":\"sign_in\"") {
                return text;
            }
        }
    };
    let text = tokio::time::timeout(std::time::Duration::from_secs(30), signed_in)
        .await
        .unwrap();
    verified(text.as_bytes(), &exchange.connection());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_searches_and_takes_out_and_leaves_a_line_of_it() {
    let exchange = Exchange::start().await;
    let (planner, ..) = exchange.desk(PLANNER, "43").await;
    let search = |act| AuditSearch {
        office: Some(planner.made.number),
        act: Some(act),
        limit: 10,
        ..AuditSearch::default()
    };
    let admin = &exchange.admin;
    assert_eq!(admin.search_audit(&search(Act::SignIn)).await.unwrap().len(), 1);
    let out = exchange.folder.path().join("audit.jsonl");
    let exported = admin.export_audit(Some(planner.made.number), &out).await.unwrap();
    let proof = verified(&std::fs::read(&out).unwrap(), &exchange.connection());
    assert_eq!(exported.sealed_sequence, Some(proof.records));
    assert_eq!(admin.search_audit(&search(Act::ExportAudit)).await.unwrap().len(), 1);
    // What is there is never written over.
    assert!(admin.export_audit(Some(planner.made.number), &out).await.is_err());
    let own = exchange.folder.path().join("exchange.jsonl");
    admin.export_audit(None, &own).await.unwrap();
    assert_eq!(
        verified(&std::fs::read(&own).unwrap(), &exchange.connection()).chain,
        Chain::Exchange
    );
    let nobody = "9970101011".parse().unwrap();
    assert!(
        admin
            .export_audit(Some(nobody), &exchange.folder.path().join("none"))
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_has_a_line_for_all_that_it_said_and_chains_each_once() {
    let exchange = Exchange::start().await;
    let (planner, here, _) = exchange.desk(PLANNER, "43").await;
    let (helper, ..) = exchange.desk(HELPER, "11").await;
    let connection = exchange.connection();
    let Exchange {
        running,
        admin,
        settings,
        folder,
        ..
    } = exchange;
    running.shutdown().await;
    let mut accepted: Vec<DeliveryId> = Vec::new();
    for round in 0..5 {
        let process = Process::start(&settings);
        let sender = process.line(&connection, &here, &planner).await;
        let sends: Vec<_> = (0..40)
            .map(|_| {
                let (line, header) = (sender.clone(), header(&planner, &helper, PARTS));
                tokio::spawn(async move {
                    let sent = line.send_small(header.id, &json(&header), &bytes(PARTS)).await;
                    (header.id, sent)
                })
            })
            .collect();
        let mut sends = sends.into_iter();
        for send in sends.by_ref().take(5 + round * 5) {
            let (id, sent) = send.await.unwrap();
            sent.unwrap();
            accepted.push(id);
        }
        // Sealing by another process at the same moment, and the death of this one.
        let search = AuditSearch {
            limit: 1,
            ..AuditSearch::default()
        };
        let (sealed, ()) = tokio::join!(admin.search_audit(&search), async { process.kill() });
        sealed.unwrap();
        for send in sends {
            let (id, sent) = send.await.unwrap();
            match sent {
                Ok(_) => accepted.push(id),
                Err(ClientError::Interrupted(_) | ClientError::Unreachable(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    let out = folder.path().join("audit.jsonl");
    admin.export_audit(Some(helper.made.number), &out).await.unwrap();
    let export = std::fs::read_to_string(&out).unwrap();
    verified(export.as_bytes(), &connection);
    for id in accepted {
        let lines = export
            .lines()
            .filter(|line| line.contains("\"act\":\"accept\"") && line.contains(&id.to_string()));
        assert_eq!(lines.count(), 1, "{id}");
    }
    admin.close().await;
}
