//! Faults in the bytes: encoding, quotes, line ends.

use care_model::{FileKind as K, FindingCode as C};

use super::values::records_of;
use super::{Case, Fault, Maker};
use crate::encode;
use crate::records::MANAGER;
use crate::sheet::Sheet;

/// Bytes of the record of `huge_line`: more than one record may have.
const HUGE_BYTES: usize = 2 * 1_024 * 1_024;

/// Bytes put in front of the care manager's name where it first stands.
fn splice(bytes: &[u8], insert: &[u8]) -> Vec<u8> {
    let name = encode(MANAGER);
    let at = bytes.windows(name.len()).position(|window| window == name);
    let (head, tail) = bytes.split_at(at.unwrap_or_default());
    [head, insert, tail].concat()
}

fn joined(records: &[Vec<Vec<u8>>]) -> Vec<u8> {
    records
        .iter()
        .map(|fields| [fields.join(&b',').as_slice(), b"\r\n"].concat())
        .collect::<Vec<_>>()
        .concat()
}

/// The faults of the common list.
pub(super) fn of_the_list(maker: &Maker) -> Vec<Fault> {
    let (schedule, plan) = (&maker.schedule, &maker.plan);
    let slip = |id, code| Case::new(id, schedule, code);
    let policy = |id, code: &'static [C], value: &'static str| {
        let case = Case::new(id, plan, code).at_row(1);
        case.records(K::PlanSheet1, move |sheet| {
            sheet.set_raw(0, "overall_support_policy", encode(value));
        })
    };
    let last_slip = u32::try_from(records_of(schedule, K::UseSlip)).unwrap_or_default();
    let last_plan = records_of(plan, K::PlanSheet1);
    vec![
        slip("encoding_utf8", &[C::Encoding]).bytes(K::UseSlip, |_, bytes| {
            let (text, _, _) = encoding_rs::SHIFT_JIS.decode(bytes);
            text.into_owned().into_bytes()
        }),
        slip("encoding_bad_bytes", &[C::Encoding])
            .at_row(1)
            .bytes(K::UseSlip, |_, bytes| splice(bytes, b"\x81\x20")),
        slip("gaiji", &[C::Gaiji])
            .at_row(1)
            .bytes(K::UseSlip, |_, bytes| splice(bytes, b"\xf0\x40")),
        slip("bom", &[C::Bom]).bytes(K::UseSlip, |_, bytes| [b"\xef\xbb\xbf", bytes].concat()),
        slip("nul_byte", &[C::Nul])
            .at_row(1)
            .bytes(K::UseSlip, |_, bytes| splice(bytes, b"\0")),
        slip("text_unquoted", &[C::Quoting])
            .at_row(1)
            .records(K::UseSlip, |sheet| {
                sheet.set_raw(0, "planning_care_manager_name", encode(MANAGER));
            }),
        policy("text_unquoted_comma", &[C::Columns], "転倒の予防, 清潔の保持"),
        policy("text_unquoted_newline", &[C::Columns], "転倒の予防\r\n清潔の保持"),
        policy("quote_not_doubled", &[C::Quoting], "\"本人は\"元気\"です\""),
        Case::new("quote_not_closed", plan, &[C::Quoting])
            .at_row(u32::try_from(last_plan).unwrap_or_default())
            .records(K::PlanSheet1, |sheet| {
                sheet.set_raw(
                    last_plan - 1,
                    "housework_support_other_reason",
                    encode("\"閉じていない"),
                );
            }),
        slip("line_end_lf", &[C::LineEnd]).bytes(K::UseSlip, |sheet, _| sheet.bytes_with(b"\n")),
        slip("line_end_missing", &[C::NoFinalLineEnd]).bytes(K::UseSlip, |_, bytes| {
            bytes.strip_suffix(b"\r\n").unwrap_or(bytes).to_vec()
        }),
        slip("truncated", &[C::Columns, C::Quoting])
            .at_row(last_slip)
            .bytes(K::UseSlip, |sheet, bytes| {
                let last = sheet.records.last().map_or(0, |fields| fields.join(&b',').len() + 2);
                bytes.get(..bytes.len() - last / 2).unwrap_or_default().to_vec()
            }),
        slip("header_row", &[C::Header])
            .at_row(1)
            .records(K::UseSlip, |sheet| sheet.records.insert(0, sheet.header())),
        slip("empty_file", &[C::Empty]).bytes(K::UseSlip, |_, _| Vec::new()),
        slip("blank_lines", &[C::Empty]).bytes(K::UseSlip, |_, _| b"\r\n\r\n".to_vec()),
        slip("huge_line", &[C::LineTooLong])
            .at_row(1)
            .bytes(K::UseSlip, |sheet, _| huge(sheet)),
    ]
}

/// One record whose office name is longer than a record may be.
fn huge(sheet: &Sheet) -> Vec<u8> {
    let mut fields = sheet.records.first().cloned().unwrap_or_default();
    let name = encode("見本").repeat(HUGE_BYTES / 4);
    if let Some(room) = fields.get_mut(sheet.index("service_office_name")) {
        *room = [b"\"", name.as_slice(), b"\""].concat();
    }
    joined(&[fields])
}
