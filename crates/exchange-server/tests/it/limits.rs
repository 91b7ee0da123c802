//! Every limit, crossed by one.

use bytes::Bytes;
use care_model::{ProblemCode, limits};
use exchange_protocol::{Part, PartRole};

use crate::exchange::{Exchange, HELPER, PLANNER, header, json, refused};

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
