//! Good units are planned as what they are.

use care_model::{Edition, SendUnit};
use care_route::plan;
use care_samples::{ExampleOffices, Samples, Size, UnitRequest};

use crate::{files_of, keys, made, month, party, plan_as_manager};

#[test]
fn every_unit_of_both_editions_is_one_unblocked_delivery() {
    let offices = ExampleOffices::new().unwrap();
    for edition in [Edition::V3, Edition::V4] {
        for unit in SendUnit::of_edition(edition) {
            let (from, to) = offices.ends_of(unit.id);
            let request = UnitRequest {
                unit: unit.id,
                edition,
                from,
                to,
                month: month(),
                size: Size::Recipients(3),
            };
            let made = Samples::new(2).unit(&request).unwrap();
            let files = files_of(std::slice::from_ref(&made));
            let plan = plan(from.office, &[from.kind], &files);
            assert_eq!(plan.deliveries.len(), 1, "{}", unit.id);
            let delivery = &plan.deliveries[0];
            assert_eq!(delivery.unit.map(|unit| unit.id), Some(unit.id));
            assert_eq!(keys(delivery), Vec::<String>::new(), "{}", unit.id);
            assert!(!delivery.blocked && !delivery.warns());
            assert_eq!(delivery.files.len(), made.files.len());
            assert_eq!((delivery.to.office, delivery.serial), (to.office, made.serial));
            assert_eq!(delivery.recipients, Some(3), "{}", unit.id);
            assert!(plan.attachments.is_empty() && plan.unplaced.is_empty() && plan.findings.is_empty());
        }
    }
}

#[test]
fn deliveries_come_by_serial_then_destination() {
    let offices = ExampleOffices::new().unwrap();
    let mut samples = Samples::new(3);
    let from = offices.care_management;
    let mut units: Vec<_> = (0..5)
        .map(|number| {
            made(
                &mut samples,
                "home_schedule",
                from,
                party(&format!("99701010{number}3"), "11"),
            )
        })
        .collect();
    // The same serial for two destinations.
    units.push(made(
        &mut Samples::new(3),
        "home_schedule",
        from,
        party("9970109999", "11"),
    ));
    units.reverse();
    let plan = plan_as_manager(&files_of(&units));
    let order: Vec<_> = plan.deliveries.iter().map(|d| (d.serial, d.to)).collect();
    let mut sorted = order.clone();
    sorted.sort();
    assert_eq!(order, sorted);
    assert_eq!(order.len(), 6);
    assert_eq!(plan.destinations().len(), 6);
}

#[test]
fn the_hundred_and_first_waits_for_the_next_batch() {
    let offices = ExampleOffices::new().unwrap();
    for (count, rest) in [(100, 0), (101, 1)] {
        let mut samples = Samples::new(4);
        let units: Vec<_> = (0..count)
            .map(|_| {
                made(
                    &mut samples,
                    "home_plan_delete",
                    offices.care_management,
                    offices.home_help,
                )
            })
            .collect();
        let plan = plan_as_manager(&files_of(&units));
        assert_eq!((plan.deliveries.len(), plan.over_limit.len()), (100, rest));
        let codes: Vec<_> = plan.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(codes, vec!["over_limit"; rest]);
        let last = plan.deliveries.last().unwrap().serial;
        assert!(plan.over_limit.iter().all(|delivery| delivery.serial > last));
    }
}

#[test]
fn contracted_preventive_care_goes_both_ways_without_a_word() {
    let offices = ExampleOffices::new().unwrap();
    let (manager, centre) = (offices.care_management, offices.support_centre);
    for (from, to) in [(manager, centre), (centre, manager)] {
        for unit in ["preventive_schedule", "preventive_actual", "preventive_plan_with_basic"] {
            let made = made(&mut Samples::new(5), unit, from, to);
            let plan = plan(from.office, &[from.kind], &files_of(&[made]));
            assert_eq!(plan.deliveries[0].unit.unwrap().id, unit);
            assert_eq!(keys(&plan.deliveries[0]), Vec::<String>::new(), "{unit}");
        }
    }
}

#[test]
fn the_same_office_in_another_kind_is_another_party() {
    let manager = party("9970100013", "43");
    let centre = party("9970100013", "46");
    let made_unit = made(&mut Samples::new(6), "preventive_plan", manager, centre);
    let plan = plan_as_manager(&files_of(&[made_unit]));
    assert!(!plan.deliveries[0].blocked, "{:?}", keys(&plan.deliveries[0]));
    let own = made(&mut Samples::new(6), "preventive_plan", manager, manager);
    let plan = plan_as_manager(&files_of(&[own]));
    assert_eq!(keys(&plan.deliveries[0]), ["destination_is_sender"]);
    assert!(plan.deliveries[0].blocked);
}
