//! Every limit, crossed by one.

use bytes::Bytes;
use care_model::{ProblemCode, limits};
use exchange_client::ClientError;
use exchange_protocol::{Part, PartRole};
use exchange_store::LimitOverrides;

use crate::exchange::{Exchange, HELPER, PLANNER, bytes, header, json, refused};

#[tokio::test(flavor = "multi_thread")]
async fn one_more_than_allowed_is_refused_before_its_bytes() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, ..) = exchange.desk(HELPER, "11").await;
    let good = header(&planner, &helper, &[(Some("A.CSV"), b"x")]);
    let with = |change: &dyn Fn(&mut Vec<Part>)| {
        let mut header = good.clone();
        header.id = care_model::DeliveryId::generate();
        change(&mut header.parts);
        header
    };
    let attachment = |size_bytes| Part {
        role: PartRole::Attachment,
        name: None,
        size_bytes,
        digest: good.parts[0].digest,
    };
    let cases = [
        (
            with(&|parts| parts.extend((0..=limits::ATTACHMENTS_MAX).map(|_| attachment(20_000)))),
            ProblemCode::AttachmentsTooMany,
        ),
        (
            with(&|parts| parts.push(attachment(limits::ATTACHMENT_BYTES_MAX + 1))),
            ProblemCode::AttachmentTooLarge,
        ),
        (
            with(&|parts| parts[0].size_bytes = limits::STANDARD_FILE_BYTES_MAX + 1),
            ProblemCode::FileTooLarge,
        ),
        (
            with(&|parts| parts.extend((0..3).map(|_| attachment(limits::ATTACHMENT_BYTES_MAX)))),
            ProblemCode::DeliveryTooLarge,
        ),
    ];
    for (header, code) in cases {
        let refusal = line
            .send(json(&header), &std::sync::Arc::new(Vec::<Bytes>::new()), |_| {})
            .await;
        assert_eq!(refused(refusal), code);
    }
    // A body over what one request may hold, whatever its header says.
    let huge = vec![Bytes::from(vec![
        0;
        limits::SINGLE_REQUEST_BYTES_MAX as usize
            + limits::HEADER_BYTES_MAX
    ])];
    let refusal = line.send_small(good.id, &json(&good), &huge).await;
    assert!(refusal.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_and_a_full_day_are_told_and_nothing_is_stored() {
    let exchange = Exchange::start().await;
    let (planner, _, line) = exchange.desk(PLANNER, "43").await;
    let (helper, _, receiver) = exchange.desk(HELPER, "11").await;
    let parts: &[(Option<&str>, &[u8])] = &[(Some("A.CSV"), b"x")];
    let send = async || {
        let header = header(&planner, &helper, parts);
        line.send_small(header.id, &json(&header), &bytes(parts)).await
    };
    let waiting = |max| LimitOverrides {
        waiting_deliveries_max: max,
        ..LimitOverrides::default()
    };
    exchange
        .admin
        .set_limits(helper.made.number, waiting(Some(1)))
        .await
        .unwrap();
    let first = send().await.unwrap();
    assert_eq!(refused(send().await), ProblemCode::MailboxFull);
    assert_eq!(receiver.inbox(0, 10).await.unwrap().rows.len(), 1);
    // A large one is told before its bytes travel.
    let large = vec![b'x'; usize::try_from(limits::SINGLE_REQUEST_BYTES_MAX).unwrap() + 1];
    let announced = header(&planner, &helper, &[(Some("A.CSV"), &large)]);
    let source = std::sync::Arc::new(vec![Bytes::from(large.clone())]);
    let begun = line
        .send(json(&announced), &source, |_| panic!("a chunk travelled"))
        .await;
    assert_eq!(refused(begun), ProblemCode::MailboxFull);
    // Fetched, there is room again.
    let claim = receiver.claim(first.id, None).await.unwrap();
    receiver.confirm(first.id, claim.fence).await.unwrap();
    send().await.unwrap();
    exchange
        .admin
        .set_limits(helper.made.number, waiting(None))
        .await
        .unwrap();
    let day = LimitOverrides {
        sends_a_day_max: Some(2),
        ..LimitOverrides::default()
    };
    exchange.admin.set_limits(planner.made.number, day).await.unwrap();
    let Err(ClientError::Refused(problem)) = send().await else {
        panic!("a third delivery on one day");
    };
    assert_eq!((problem.code, problem.status), (ProblemCode::SendsADayReached, 429));
    assert_eq!(problem.params.get("max").map(String::as_str), Some("2"));
    let most = LimitOverrides {
        waiting_deliveries_max: Some(limits::OFFICE_LIMIT_DELIVERIES_MAX),
        waiting_bytes_max: Some(limits::OFFICE_LIMIT_BYTES_MAX),
        sends_a_day_max: Some(limits::OFFICE_LIMIT_DELIVERIES_MAX),
    };
    exchange.admin.set_limits(planner.made.number, most).await.unwrap();
    let over = |max: Option<u64>| max.map(|max| max + 1);
    for over in [
        LimitOverrides {
            waiting_deliveries_max: over(most.waiting_deliveries_max),
            ..most
        },
        LimitOverrides {
            waiting_bytes_max: over(most.waiting_bytes_max),
            ..most
        },
        LimitOverrides {
            sends_a_day_max: over(most.sends_a_day_max),
            ..most
        },
    ] {
        assert!(
            exchange.admin.set_limits(planner.made.number, over).await.is_err(),
            "{over:?}"
        );
    }
    assert_eq!(exchange.admin.limits(planner.made.number).await.unwrap(), most);
    for days in [limits::RETENTION_DAYS_MIN - 1, limits::RETENTION_DAYS + 1] {
        assert!(exchange.admin.set_retention_days(days).await.is_err());
    }
    exchange
        .admin
        .set_retention_days(limits::RETENTION_DAYS_MIN)
        .await
        .unwrap();
}
