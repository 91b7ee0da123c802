//! Faults in the names.

use care_model::{Edition, FileKind as K, FindingCode as C};

use super::{Case, Fault, Maker};

/// The faults of the common list.
pub(super) fn of_the_list(maker: &Maker) -> Vec<Fault> {
    let schedule = &maker.schedule;
    let serial = schedule.serial.as_str();
    let mut all = vec![
        Case::new("extension_lower", schedule, &[C::Extension])
            .renamed(K::UseSlip, |name| name.replace(".CSV", ".csv")),
        Case::new("serial_15_digits", schedule, &[C::Name])
            .renamed(K::UseSlip, |name| name.replace(serial, &format!("{serial}3"))),
        Case::new("name_combining_low_line", schedule, &[C::Name])
            .renamed(K::UseSlip, |name| name.replace('_', "\u{332}")),
        Case::new("name_hyphens", schedule, &[C::Name]).renamed(K::UseSlip, |name| name.replace('_', "-")),
    ];
    if maker.edition == Edition::V4 {
        let kind = schedule.from.kind;
        all.extend([
            Case::new("scope_name", schedule, &[C::ScopeName])
                .all_renamed(|name| name.replace(&format!("_{}_{serial}", schedule.to.kind), &format!("_51_{serial}"))),
            Case::new("name_service_code_3", schedule, &[C::Name]).renamed(K::UseSlip, |name| {
                name.replace(&format!("_{kind}_"), &format!("_{kind}1_"))
            }),
            Case::new("name_old_style", schedule, &[C::Name]).renamed(K::UseSlip, |name| {
                let name = name.replace(&format!("_{kind}_"), "_");
                name.replace(&format!("_{}_{serial}", schedule.to.kind), &format!("_{serial}"))
            }),
        ]);
    }
    all
}

/// Faults beside the common list.
pub(super) fn further(maker: &Maker) -> Vec<Fault> {
    let schedule = &maker.schedule;
    let month = maker.month.as_str();
    let (from, to) = (schedule.from.office.to_string(), schedule.to.office.to_string());
    let slip = |id| Case::new(id, schedule, &[C::Name]);
    let mut all = vec![
        slip("name_lower_case").renamed(K::UseSlip, |name| name.to_lowercase()),
        slip("name_full_width").renamed(K::UseSlip, |name| name.replace(&from, "９９７０１０００１３")),
        slip("name_full_width_all").renamed(K::UseSlip, |name| {
            let wide = |c: char| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c);
            name.chars().map(wide).collect()
        }),
        slip("name_copy_number").renamed(K::UseSlip, |name| name.replace(".CSV", " (1).CSV")),
        slip("name_copy_word").renamed(K::UseSlip, |name| name.replace(".CSV", " - コピー.CSV")),
        slip("name_office_9_digits").renamed(K::UseSlip, |name| {
            name.replace(&from, from.get(..9).unwrap_or_default())
        }),
        slip("name_month_last").renamed(K::UseSlip, |name| {
            let name = name.replace(&format!("_{month}"), "");
            name.replace(".CSV", &format!("_{month}.CSV"))
        }),
        slip("name_text_ending").renamed(K::UseSlip, |name| name.replace(".CSV", ".CSV.txt")),
        slip("name_month_missing").renamed(K::UseSlip, |name| name.replace(&format!("_{month}"), "")),
        slip("name_invisible").renamed(K::UseSlip, |name| format!("\u{202a}{name}")),
        Case::new("offices_swapped", &maker.actual, &[C::OfficeMismatch, C::Direction])
            .all_renamed(|name| name.replace(&from, "FROM").replace(&to, &from).replace("FROM", &to)),
        Case::new("check_digit_name", schedule, &[C::CheckDigit]).all_renamed(|name| name.replace(&to, "9970101004")),
    ];
    if let Some(profile) = &maker.profile {
        all.push(
            Case::new("name_stray_zeros", profile, &[C::Name])
                .renamed(K::RecipientProfile, |name| name.replace("UPKIHON_", "UPKIHON_000000_")),
        );
        all.push(
            Case::new("name_parts_reordered", profile, &[C::Name]).renamed(K::RecipientProfile, |name| {
                name.replace("_46_99A0105007_A2_", "_99A0105007_46_A2_")
            }),
        );
    }
    all
}
