//! Preventive care: 介護予防サービス・支援計画書 and 利用者基本情報.

use care_reading::{Form, Issue, PreventionPlan, Profile, Recipient, Sheet, SupportPlan};
use desk_ipc::{CellView, FormPart};
use messages::paper as words;

use super::{
    paper::{BOXES, Lies as _, Paper, boxes, head, table, text, written},
    plans::{numbered, person, same_in_all},
    values::plain,
};

/// A label and a field, each with its width in boxes.
fn pair(
    paper: &mut Paper<'_>,
    form: &Form,
    label: CellView,
    name: &'static str,
    widths: (usize, usize),
) -> [CellView; 2] {
    let mut value = paper.value(form, name);
    value.kind = desk_ipc::CellKind::Text;
    [label.cols(widths.0), value.cols(widths.1)]
}

/// A field over the whole width, under its own name.
fn whole(paper: &mut Paper<'_>, form: &Form, name: &'static str) -> Vec<CellView> {
    let label = paper.label(name);
    pair(paper, form, label, name, (2, BOXES - 2)).to_vec()
}

/// Fields side by side under their own names.
fn beside(paper: &mut Paper<'_>, form: &Form, fields: &[(&'static str, usize, usize)]) -> Vec<CellView> {
    let mut row = Vec::with_capacity(fields.len() * 2);
    for (name, label_width, width) in fields {
        let label = paper.label(name);
        row.extend(pair(paper, form, label, name, (*label_width, *width)));
    }
    row
}

/// The plan itself: who, what life is aimed at, and the four areas.
pub(super) fn plan(sheet: &Sheet, document: &PreventionPlan, recipient: &Recipient) -> Vec<FormPart> {
    let mut paper = Paper::of(sheet);
    for form in &sheet.rows {
        top_of_plan(&mut paper, form, recipient);
        let areas = AREAS.iter().map(|area| {
            let mut issue = paper.lines(form, &[area.3]);
            let has = paper.choice(form, area.2);
            issue.kind = desk_ipc::CellKind::Text;
            vec![
                head((area.4)()),
                paper.value(form, area.0),
                paper.value(form, area.1),
                has,
                issue,
            ]
        });
        let areas: Vec<Vec<CellView>> = areas.collect();
        let heading = vec![
            head(words::assessment()).cols(2),
            head(words::wishes()),
            head(words::has_issue()),
            head(words::issue_of_area()),
        ];
        paper.add(table("", &[12, 26, 22, 8, 30], vec![heading], areas));
        // On paper the issues and what is planned for them stand between the areas and the policies.
        for part in issues(document) {
            paper.add(part);
        }
        let below = vec![
            whole(&mut paper, form, "health_notes"),
            whole(&mut paper, form, "policy_toward_adequate_support"),
            whole(&mut paper, form, "overall_policy"),
        ];
        paper.add(boxes("", below));
        checklist(&mut paper, form);
        let end = vec![
            whole(&mut paper, form, "support_center_opinion"),
            beside(&mut paper, form, &[("consented_on", 2, 4), ("consenter_name", 2, 4)]),
        ];
        paper.add(boxes(words::consent(), end));
    }
    let mut parts = paper.finish();
    if let Some(sheet) = &document.support {
        let mut rest = Paper::of(sheet);
        rest.shows(SUPPORT_FIELDS);
        rest.shows(&["plan_created_or_changed_on"]);
        parts.extend(rest.finish());
    }
    parts
}

/// Current state, wishes, whether there is an issue, and the issue of each area, with its name.
type Area = (&'static str, &'static str, &'static str, &'static str, fn() -> String);

const AREAS: &[Area] = &[
    (
        "mobility_current",
        "mobility_wishes",
        "mobility_has_issue",
        "mobility_issue",
        words::area_mobility,
    ),
    (
        "daily_living_current",
        "daily_living_wishes",
        "daily_living_has_issue",
        "daily_living_issue",
        words::area_daily_living,
    ),
    (
        "social_current",
        "social_wishes",
        "social_has_issue",
        "social_issue",
        words::area_social,
    ),
    (
        "health_current",
        "health_wishes",
        "health_has_issue",
        "health_issue",
        words::area_health,
    ),
];

fn top_of_plan(paper: &mut Paper<'_>, form: &Form, recipient: &Recipient) {
    paper.shows(&["recipient_name"]);
    let same_name = form.text("recipient_name") == recipient.name.as_deref();
    let name = if same_name {
        person(recipient)
    } else {
        written(form, "recipient_name")
    };
    let rows = vec![
        vec![
            paper.label("reference_number").cols(1),
            paper.value(form, "reference_number").cols(2),
            head(words::person()).cols(1),
            name.cols(3),
            paper.label("support_level").cols(2),
            paper.choice(form, "support_level").cols(3),
        ],
        vec![
            paper.choice(form, "plan_type").cols(3),
            paper.choice(form, "certification_status").cols(2),
            paper.label("certified_on").cols(1),
            paper.value(form, "certified_on").cols(2),
            head(words::certification_period()).cols(1),
            paper.span(form, "certification_from", "certification_to").cols(3),
        ],
        vec![
            paper.label("plan_category").cols(1),
            paper.choice(form, "plan_category").cols(3),
            paper.label("outsourced").cols(1),
            paper.choice(form, "outsourced").cols(2),
            head(words::planner_names()).cols(1),
            paper
                .lines(form, &["planner_name_support_center", "planner_name_care_manager"])
                .cols(4),
        ],
        vec![
            head(words::planner_office()).cols(2),
            paper
                .lines(
                    form,
                    &["planner_office_name", "planner_office_address", "planner_office_phone"],
                )
                .cols(5),
            paper.label("responsible_support_center").cols(2),
            paper.value(form, "responsible_support_center").cols(3),
        ],
        beside(
            paper,
            form,
            &[("plan_created_or_changed_on", 2, 4), ("plan_first_created_on", 2, 4)],
        ),
    ];
    paper.add(boxes("", rows));
    let day = head(words::life_goal_day());
    let year = head(words::life_goal_year());
    let mut goals = pair(paper, form, day, "life_goal_day", (1, 5)).to_vec();
    goals.extend(pair(paper, form, year, "life_goal_year", (1, 5)));
    paper.add(boxes(words::life_goal(), vec![goals]));
}

fn checklist(paper: &mut Paper<'_>, form: &Form) {
    let heading = [
        String::new(),
        words::checklist_exercise(),
        words::checklist_nutrition(),
        words::checklist_oral(),
        words::checklist_homebound(),
        words::checklist_memory(),
        words::checklist_depression(),
    ];
    let heading = heading
        .into_iter()
        .map(|name| if name.is_empty() { text("") } else { head(name) });
    let line = |paper: &mut Paper<'_>, label: String, names: &[&'static str]| {
        let mut row = vec![head(label)];
        row.extend(names.iter().map(|name| paper.value(form, name)));
        row
    };
    let rows = vec![
        line(
            paper,
            words::checklist_count(),
            &[
                "checklist_count_exercise",
                "checklist_count_nutrition",
                "checklist_count_oral_care",
                "checklist_count_homebound",
                "checklist_count_memory",
                "checklist_count_depression",
            ],
        ),
        line(
            paper,
            words::program_needed(),
            &[
                "program_needed_exercise",
                "program_needed_nutrition",
                "program_needed_oral_care",
                "program_needed_homebound",
                "program_needed_memory",
                "program_needed_depression",
            ],
        ),
    ];
    paper.add(table(
        words::checklist(),
        &[2, 2, 2, 2, 2, 2, 2],
        vec![heading.collect()],
        rows,
    ));
}

/// Fields that the table of issues shows.
const SUPPORT_FIELDS: &[&str] = &[
    "issue_no",
    "comprehensive_issue",
    "proposed_goal_and_measures",
    "wishes_on_proposal",
    "goal",
    "support_plan_no",
    "support_points",
    "self_care_and_informal",
    "insured_or_community_services",
    "service_no",
    "service_kind",
    "service_office",
    "service_period",
];

/// 別表 支援計画 without its plan.
pub(super) fn support(document: &PreventionPlan, sheet: &Sheet, recipient: &Recipient) -> Vec<FormPart> {
    let mut paper = Paper::of(sheet);
    if let Some(form) = sheet.rows.first() {
        let row = vec![
            head(words::person()).cols(2),
            person(recipient).cols(4),
            paper.label("plan_created_or_changed_on").cols(3),
            written(form, "plan_created_or_changed_on").cols(3),
        ];
        paper.add(boxes("", vec![row]));
    }
    paper.shows(SUPPORT_FIELDS);
    same_in_all(&mut paper, &sheet.rows, "plan_created_or_changed_on");
    for part in issues(document) {
        paper.add(part);
    }
    paper.finish()
}

/// The issues with what is planned for each.
fn issues(document: &PreventionPlan) -> Vec<FormPart> {
    let heading = vec![
        vec![
            head(words::comprehensive_issue()).rows(2),
            head(words::proposal()).rows(2),
            head(words::proposal_wishes()).rows(2),
            head(words::goal()).rows(2),
            head(words::support_plan()).cols(6),
        ],
        vec![
            head(words::support_points()),
            head(words::self_care()),
            head(words::insured()),
            head(words::kind()),
            head(words::office_of_service()),
            head(words::service_period()),
        ],
    ];
    let rows: Vec<Vec<CellView>> = document.issues().iter().flat_map(of_issue).collect();
    let widths = [11, 12, 11, 10, 11, 12, 12, 9, 11, 9];
    match rows.is_empty() {
        true => Vec::new(),
        false => vec![table("", &widths, heading, rows)],
    }
}

fn of_issue(issue: &Issue<'_>) -> Vec<Vec<CellView>> {
    let all: usize = issue.plans.iter().map(|plan| plan.services.len()).sum();
    let mut rows = Vec::with_capacity(all);
    for plan in &issue.plans {
        for (nth, form) in plan.services.iter().enumerate() {
            let mut row = Vec::new();
            if rows.is_empty() {
                row.push(numbered(form, "issue_no", issue.issue).rows(all));
                row.extend([issue.proposal, issue.wishes, issue.goal].map(|said| text(plain(said)).rows(all)));
            }
            if nth == 0 {
                row.extend(of_plan(plan, form));
            }
            let kind = form.text("service_kind").unwrap_or_default();
            row.push(numbered(form, "service_no", kind));
            row.push(written(form, "service_office"));
            row.push(written(form, "service_period"));
            rows.push(row);
        }
    }
    rows
}

fn of_plan(plan: &SupportPlan<'_>, form: &Form) -> [CellView; 3] {
    let height = plan.services.len();
    [
        numbered(form, "support_plan_no", plan.points).rows(height),
        text(plain(plan.self_care)).rows(height),
        text(plain(plan.insured)).rows(height),
    ]
}

/// 利用者基本情報.
pub(super) fn profile(sheet: &Sheet, document: &Profile) -> Vec<FormPart> {
    let mut paper = Paper::of(sheet);
    for form in &sheet.rows {
        consultation(&mut paper, form);
        circumstances(&mut paper, form);
        contacts(&mut paper, form);
        let here: Vec<&str> = document.images.iter().map(|file| file.name.as_str()).collect();
        let mut image = paper.value(form, "family_image_file_name");
        let named = form.text("family_image_file_name").unwrap_or_default();
        if here.iter().any(|name| name.eq_ignore_ascii_case(named)) {
            image.text = words::family_image_here(image.text);
        }
        let family = vec![
            vec![head(words::family_image()).cols(2), image.cols(BOXES - 2)],
            whole(&mut paper, form, "family_relations"),
        ];
        paper.add(boxes(words::family(), family));
        let life = vec![
            whole(&mut paper, form, "life_history"),
            whole(&mut paper, form, "daily_life_overall"),
            whole(&mut paper, form, "hobbies"),
            whole(&mut paper, form, "friends_and_community"),
        ];
        paper.add(boxes(words::life(), life));
        let public = head(words::public_services());
        let informal = head(words::informal_services());
        let mut services = pair(&mut paper, form, public, "public_services_in_use", (2, 4)).to_vec();
        services.extend(pair(&mut paper, form, informal, "informal_services_in_use", (2, 4)));
        paper.add(boxes(words::services_in_use(), vec![services]));
        let consent = beside(&mut paper, form, &[("consented_on", 2, 4), ("consenter_name", 2, 4)]);
        paper.add(boxes(words::consent(), vec![consent]));
    }
    paper.finish()
}

fn consultation(paper: &mut Paper<'_>, form: &Form) {
    let rows = vec![
        beside(
            paper,
            form,
            &[("consulted_on", 1, 3), ("prepared_by", 1, 3), ("plan_category", 1, 3)],
        ),
        vec![
            paper.label("consultation_method").cols(1),
            paper.choice(form, "consultation_method").cols(3),
            paper.label("consultation_visit").cols(1),
            paper.choice(form, "consultation_visit").cols(3),
            paper.label("outsourced").cols(1),
            paper.choice(form, "outsourced").cols(3),
        ],
        beside(
            paper,
            form,
            &[("consultation_method_other", 2, 4), ("previous_consultation_on", 2, 4)],
        ),
        vec![
            paper.label("recipient_situation").cols(1),
            paper.choice(form, "recipient_situation").cols(5),
            paper.label("recipient_situation_note").cols(2),
            paper.value(form, "recipient_situation_note").cols(4),
        ],
    ];
    paper.add(boxes(words::consultation(), rows));
    let person = vec![
        vec![
            head(words::person()).cols(2),
            paper.lines(form, &["recipient_name_kana", "recipient_name"]).cols(4),
            head(words::sex()).cols(1),
            paper.choice(form, "recipient_sex").cols(1),
            head(words::birth_date()).cols(1),
            paper.value(form, "recipient_birth_date").cols(3),
        ],
        whole(paper, form, "recipient_address"),
        beside(paper, form, &[("recipient_phone", 2, 4), ("recipient_fax", 2, 4)]),
    ];
    paper.add(boxes(words::person_now(), person));
}

fn circumstances(paper: &mut Paper<'_>, form: &Form) {
    let mut line = |name: &'static str| vec![paper.label(name).cols(3), paper.choice(form, name).cols(9)];
    let independence = vec![
        line("disability_independence_level"),
        line("dementia_independence_level"),
    ];
    let mut certification = vec![line("care_level"), line("previous_care_level")];
    paper.add(boxes(words::independence(), independence));
    certification.push(vec![
        head(words::certification_period()).cols(3),
        paper.span(form, "certification_from", "certification_to").cols(9),
    ]);
    certification.push(vec![
        paper.label("basic_checklist_result").cols(3),
        paper.choice(form, "basic_checklist_result").cols(4),
        paper.label("basic_checklist_on").cols(2),
        paper.value(form, "basic_checklist_on").cols(3),
    ]);
    paper.add(boxes(words::certification(), certification));
    let disability = vec![
        beside(
            paper,
            form,
            &[("disability_physical", 3, 3), ("disability_intellectual", 3, 3)],
        ),
        beside(
            paper,
            form,
            &[("disability_mental", 3, 3), ("intractable_disease", 3, 3)],
        ),
        whole(paper, form, "disability_note"),
    ];
    paper.add(boxes(words::disability(), disability));
    let home = vec![vec![
        paper.label("housing_type").cols(1),
        paper.choice(form, "housing_type").cols(5),
        paper.label("own_room_floor").cols(1),
        paper.value(form, "own_room_floor").cols(1),
        paper.label("home_modified").cols(2),
        paper.choice(form, "home_modified").cols(2),
    ]];
    paper.add(boxes(words::home(), home));
    let income = vec![
        beside(
            paper,
            form,
            &[("income_national_pension", 3, 3), ("income_employees_pension", 3, 3)],
        ),
        beside(
            paper,
            form,
            &[("income_disability_pension", 3, 3), ("income_public_assistance", 3, 3)],
        ),
        whole(paper, form, "income_note"),
    ];
    paper.add(boxes(words::income(), income));
}

fn contacts(paper: &mut Paper<'_>, form: &Form) {
    const CONTACTS: &[[&str; 4]] = &[
        [
            "emergency_contact_1_name",
            "emergency_contact_1_relationship",
            "emergency_contact_1_address",
            "emergency_contact_1_phone",
        ],
        [
            "emergency_contact_2_name",
            "emergency_contact_2_relationship",
            "emergency_contact_2_address",
            "emergency_contact_2_phone",
        ],
        [
            "emergency_contact_3_name",
            "emergency_contact_3_relationship",
            "emergency_contact_3_address",
            "emergency_contact_3_phone",
        ],
        [
            "emergency_contact_4_name",
            "emergency_contact_4_relationship",
            "emergency_contact_4_address",
            "emergency_contact_4_phone",
        ],
    ];
    let heading = || {
        vec![
            head(words::name()),
            head(words::relationship()),
            head(words::address()),
            head(words::telephone()),
        ]
    };
    let widths = [3, 2, 5, 3];
    let visitor = [
        "visitor_name",
        "visitor_relationship",
        "visitor_address",
        "visitor_phone",
    ];
    let row = visitor.iter().map(|name| paper.value(form, name)).collect();
    paper.add(table(words::visitor(), &widths, vec![heading()], vec![row]));
    let rows = CONTACTS
        .iter()
        .map(|names| names.iter().map(|name| paper.value(form, name)).collect())
        .collect();
    paper.add(table(words::emergency(), &widths, vec![heading()], rows));
}

/// A sub-table of 利用者基本情報: a record is a row.
pub(super) fn sub_table(sheet: &Sheet, columns: &[(&'static str, u32)]) -> Vec<FormPart> {
    let mut paper = Paper::of(sheet);
    let names: Vec<&'static str> = columns.iter().map(|(name, _)| *name).collect();
    paper.shows(&names);
    let widths: Vec<u32> = columns.iter().map(|(_, width)| *width).collect();
    let heading = names.iter().map(|name| paper.label(name)).collect();
    let rows = sheet
        .rows
        .iter()
        .map(|form| names.iter().map(|name| written(form, name)).collect())
        .collect();
    paper.add(table("", &widths, vec![heading], rows));
    paper.finish()
}

/// 別表1 １日の生活・すごし方.
pub(super) const DAY: &[(&str, u32)] = &[("time_of_day", 2), ("recipient_activity", 5), ("family_activity", 5)];

/// 別表2 現病歴・既往歴.
pub(super) const MEDICAL_HISTORY: &[(&str, u32)] = &[
    ("onset_date_text", 3),
    ("disease_name", 4),
    ("medical_institution_and_doctor", 4),
    ("attending_doctor_flag", 2),
    ("medical_institution_phone", 3),
    ("course", 2),
    ("treatment_details", 4),
];
