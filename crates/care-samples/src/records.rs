//! The records of each kind of file for one care recipient.

use care_model::{Address, Edition, FileKind, OfficeNumber, Party, ServiceMonth};

use crate::layout::write_record;
use crate::people::Person;
use crate::services::{self, Pace};

/// What all records of a unit share.
pub(crate) struct Setting {
    pub(crate) edition: Edition,
    pub(crate) from: Address,
    pub(crate) to: Address,
    /// Who manages the care.
    pub(crate) planner: OfficeNumber,
    /// Who gives it.
    pub(crate) provider: Party,
    pub(crate) month: ServiceMonth,
    /// Whether the supplement goes with a month's schedule.
    pub(crate) monthly: bool,
    /// Visits of one recipient in the month.
    pub(crate) visits: u32,
}

impl Setting {
    fn version(&self) -> &'static str {
        match self.edition {
            Edition::V4 => "202407",
            Edition::V3 => "202208",
        }
    }

    /// The first day of the month before, when plans are written.
    fn written_on(&self) -> String {
        let (year, month) = match self.month.month() {
            1 => (self.month.year() - 1, 12),
            month => (self.month.year(), month - 1),
        };
        format!("{year:04}{month:02}26")
    }
}

pub(crate) const MANAGER: &str = "髙橋 架空子";
const MANAGER_OFFICE: &str = "見本居宅介護支援事業所";
const SERVICE_OFFICE: &str = "例示ヘルパーステーション";
const WISHES: &str = "本人：「自分の家で, できるだけ \"いつもどおり\" に暮らしたい。」\r\n長女：無理のない範囲で見守りたい。\r\n【分析】下肢筋力の低下（左＜右）があり、表を出歩く機能に不安がある。";
const POLICY: &str = "①転倒の予防, ②清潔の保持, ③外出の機会の確保。\n緊急連絡先：長女（000-0000-0000）～夜間も可";

/// Writes one person's records of one kind.
pub(crate) fn write(text: &mut String, kind: FileKind, setting: &Setting, person: &Person, image: Option<&str>) {
    let ids = [
        (1, setting.version()),
        (2, person.insurer),
        (3, person.insured.as_str()),
    ];
    let mut put = |values: &[(usize, &str)]| {
        let mut all = Vec::with_capacity(values.len() + 3);
        all.extend_from_slice(&ids);
        all.extend_from_slice(values);
        write_record(text, kind, setting.edition, &all);
    };
    let written = setting.written_on();
    let written = written.as_str();
    let (from, to) = (setting.from.office.as_str(), setting.to.office.as_str());
    let month = setting.month.as_str();
    let plan_date = person.plan_date;
    match kind {
        FileKind::PlanSheet1 => put(&[
            (4, written),
            (5, "999-0001"),
            (6, &person.address),
            (7, person.rooms),
            (8, MANAGER),
            (9, MANAGER_OFFICE),
            (10, "999-0002"),
            (11, "架空県見本市試験町2-2"),
            (13, from),
            (14, plan_date),
            (15, "20200401"),
            (16, "11"),
            (17, "2"),
            (18, "20250320"),
            (19, "20250401"),
            (20, "20270331"),
            (21, person.level),
            (22, WISHES),
            (23, "特になし"),
            (24, POLICY),
            (25, "1"),
            (27, from),
        ]),
        FileKind::PlanSheet2 => {
            for (number, content, covered, service, office, name) in [
                (
                    "1",
                    "訪問介護による支援\r\n・声かけ, 見守り",
                    "Y",
                    "訪問介護",
                    to,
                    SERVICE_OFFICE,
                ),
                ("2", "散歩の付き添い", "N", "家族", "", "長女"),
            ] {
                put(&[
                    (4, written),
                    (5, plan_date),
                    (6, "1"),
                    (7, "室内を安全に移動し、\r\n転ばずに過ごしたい"),
                    (8, "1"),
                    (9, "屋内を一人で歩ける"),
                    (10, "手すりを使い, 居室とトイレを往復できる"),
                    (11, "2025/10/1～2026/9/30"),
                    (12, "6か月"),
                    (13, number),
                    (14, content),
                    (15, covered),
                    (16, service),
                    (17, office),
                    (18, name),
                    (19, "週2回"),
                    (20, "6か月"),
                    (21, from),
                ]);
            }
        }
        FileKind::WeeklyPlan => {
            put(&[
                (4, written),
                (5, plan_date),
                (6, "訪問介護"),
                (7, "1"),
                (8, "1300"),
                (9, "1330"),
            ]);
            put(&[(4, written), (5, plan_date), (10, "起床"), (11, "0600"), (12, "0630")]);
            put(&[(4, written), (5, plan_date), (13, "通院（月1回）\r\n架空第一病院")]);
        }
        FileKind::UseSlip | FileKind::Actuals => write_visits(&mut put, setting, written),
        FileKind::UseSlipAnnex => write_annex(&mut put, setting, written),
        FileKind::RecipientSupplement => put(&[
            (4, if setting.monthly { "00000000" } else { plan_date }),
            (5, &person.kana),
            (6, &person.name),
            (7, person.sex),
            (8, &person.birth),
            (9, "999-0001"),
            (10, &person.address),
            (11, person.rooms),
            (12, "000-0000-0000"),
            (13, "20250320"),
            (14, "20250401"),
            (15, "20270331"),
            (16, "2"),
            (18, person.level),
            (19, "16765"),
            (61, from),
            (63, if setting.monthly { month } else { "000000" }),
        ]),
        FileKind::PreventionPlan => put(&[
            (4, plan_date),
            (5, "1"),
            (6, "1"),
            (7, "見本-001"),
            (8, &person.name),
            (9, "20250320"),
            (10, "20250401"),
            (11, "20260331"),
            (12, "21"),
            (13, "2"),
            (14, "1"),
            (15, "例示 包子"),
            (17, "架空市地域包括支援センター"),
            (18, "架空県見本市試験町1-1"),
            (19, "000-0000-0000"),
            (20, "20220401"),
            (21, "架空市地域包括支援センター"),
            (22, "朝夕の散歩, 庭の手入れ"),
            (23, "地域の \"見本まつり\" に参加する"),
            (24, "杖を使えば歩ける"),
            (25, "続けたい, と話す"),
            (26, "1"),
            (27, "膝の痛み"),
            (30, "2"),
            (34, "2"),
            (38, "2"),
            (40, "血圧の変動に注意"),
            (41, "週1回の通いの場へつなぐ"),
            (42, "できることを続け,\r\n外出の機会を増やす"),
            (56, plan_date),
            (57, &person.name),
        ]),
        FileKind::PreventionPlanSupport => put(&[
            (4, plan_date),
            (5, "1"),
            (6, "外出が減り,\r\n筋力が落ちる可能性がある"),
            (7, "週1回の通いの場"),
            (8, "通ってみたい"),
            (9, "一人で買い物に行ける"),
            (10, "1"),
            (11, "無理をしない"),
            (12, "毎日の体操"),
            (13, "訪問型サービス"),
            (14, "1"),
            (15, "訪問型サービス（独自）"),
            (16, "例示くらしサポート"),
            (17, "6カ月間"),
        ]),
        FileKind::RecipientProfile => put(&[
            (4, plan_date),
            (5, "1"),
            (6, "1"),
            (7, "例示 包子"),
            (8, "03"),
            (9, "訪問, オンライン併用"),
            (10, "01"),
            (12, "01"),
            (14, &person.kana),
            (15, &person.name),
            (16, person.sex),
            (17, &person.birth),
            (18, &person.address),
            (19, "000-0000-0000"),
            (21, "12"),
            (22, "02"),
            (23, "12"),
            (24, "20250401"),
            (25, "20260331"),
            (27, "2"),
            (28, plan_date),
            (34, "05"),
            (46, "見本 長女"),
            (47, "長女"),
            (48, "架空県仮名市9-9"),
            (49, "000-0000-0001"),
            (62, image.unwrap_or_default()),
            (63, "独居。長女が週末に来訪, 関係は良好。"),
            (64, "架空県で生まれ, 農業に従事。\r\n\"見本踊り\" の師範。"),
            (65, "午前は畑、午後は昼寝。"),
            (70, plan_date),
            (71, &person.name),
        ]),
        FileKind::ProfileDay => {
            for (time, activity) in [("6:00", "起床"), ("7:30", "朝食, 服薬"), ("21:00頃", "就寝")] {
                put(&[(4, plan_date), (5, time), (6, activity)]);
            }
        }
        FileKind::ProfileMedicalHistory => put(&[
            (4, plan_date),
            (5, "R2年4月"),
            (6, "高血圧症"),
            (7, "架空第一病院 例示医師"),
            (8, "1"),
            (9, "000-0000-0002"),
            (10, "01"),
            (11, "降圧薬, 月1回受診"),
        ]),
        FileKind::PlanDeletion | FileKind::PreventionPlanDeletion | FileKind::ProfileDeletion => {
            put(&[(4, plan_date)]);
        }
        FileKind::UseSlipDeletion => put(&[(4, month)]),
        FileKind::ActualsDeletion => {
            let (office, kind) = (setting.provider.office.as_str(), setting.provider.kind.as_str());
            put(&[(4, month), (5, office), (6, kind)]);
        }
        FileKind::ProfileImage => {}
    }
}

/// One record for each service and day, in the order of days.
fn write_visits(put: &mut impl FnMut(&[(usize, &str)]), setting: &Setting, written: &str) {
    let month = setting.month.as_str();
    let services = services::of_kind(setting.provider.kind);
    for visit in 0..setting.visits {
        for service in services.iter().filter(|service| visit < service.times(setting.visits)) {
            let day = format!("{month}{:02}", 1 + visit % 28);
            let hour = 8 + visit / 28 % 9;
            let (start, end) = match service.pace {
                Pace::Visits => (format!("{hour:02}00"), format!("{hour:02}30")),
                // The time of a service that is shown without one.
                Pace::Month | Pace::Days => ("9999".to_owned(), "9999".to_owned()),
            };
            let units = service.units.to_string();
            let days = match service.pace {
                // The days of the month, of the 31 that the field has.
                Pace::Days => format!("{:0<31}", "1".repeat(28)),
                Pace::Visits | Pace::Month => String::new(),
            };
            let (tais_code, equipment) = service.equipment.unwrap_or_default();
            put(&[
                (4, written),
                (5, month),
                (6, setting.planner.as_str()),
                (7, MANAGER),
                (8, &units),
                (10, &day),
                (11, &days),
                (12, &start),
                (13, &end),
                (14, "1"),
                (15, &service.code),
                (16, tais_code),
                (18, equipment),
                (20, setting.provider.office.as_str()),
                (21, SERVICE_OFFICE),
                (23, "0"),
                (24, setting.from.office.as_str()),
            ]);
        }
    }
}

/// One record for each service, a subtotal where there are several, and the grand total.
fn write_annex(put: &mut impl FnMut(&[(usize, &str)]), setting: &Setting, written: &str) {
    let services = services::of_kind(setting.provider.kind);
    let several = services.len() > 1;
    let (office, from) = (setting.provider.office.as_str(), setting.from.office.as_str());
    let mut put_line = |line: &[(usize, &str)], units: u32, with_money: bool| {
        let [all, cost, claim, copay] = [units, units * 10, units * 9, units].map(|number| number.to_string());
        let common = [
            (4, written),
            (5, setting.month.as_str()),
            (17, all.as_str()),
            (18, &all),
            (33, "0"),
            (34, "9999999999"),
            (36, from),
        ];
        let money = [
            (21, "0"),
            (22, all.as_str()),
            (23, "10.00"),
            (24, &cost),
            (25, "90"),
            (26, &claim),
            (28, &copay),
            (29, "0"),
        ];
        let money = if with_money { money.as_slice() } else { &[] };
        put(&[line, common.as_slice(), money].concat());
    };
    let mut sum = 0;
    for service in &services {
        let times = service.times(setting.visits);
        let (units, count) = (service.units.to_string(), times.to_string());
        let (tais_code, equipment) = service.equipment.unwrap_or_default();
        let line = [
            (6, SERVICE_OFFICE),
            (7, office),
            (9, service.code.as_str()),
            (10, tais_code),
            (12, equipment),
            (13, &units),
            (16, &count),
        ];
        put_line(&line, service.units * times, !several);
        sum += service.units * times;
    }
    if several {
        let code = format!("{}AAAA", setting.provider.kind);
        let line = [
            (6, SERVICE_OFFICE),
            (7, office),
            (9, code.as_str()),
            (13, "0"),
            (16, "0"),
        ];
        put_line(&line, sum, true);
    }
    let line = [(6, ""), (7, "9999999999"), (9, "999999"), (13, "0"), (16, "0")];
    put_line(&line, sum, true);
}
