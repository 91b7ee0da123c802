//! Preventive care: 介護予防サービス・支援計画書 with its support rows, and 利用者基本情報 with its sub-tables.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    Form, ReadFile, Sheet, Value,
    document::{continues, fill},
};

/// 介護予防サービス・支援計画書 of one plan date.
#[derive(Debug, Clone, Default)]
pub struct PreventionPlan {
    /// The plan; a sub-table may come without it.
    pub plan: Option<Sheet>,
    /// 別表 支援計画.
    pub support: Option<Sheet>,
}

/// 総合的課題 with what is planned for it.
#[derive(Debug, Serialize)]
pub struct Issue<'a> {
    /// 課題ＮＯ.
    pub number: Option<&'a Value>,
    /// 総合的課題.
    pub issue: &'a str,
    /// 課題に対する目標と具体策の提案.
    pub proposal: &'a str,
    /// 具体策についての意向 本人・家族.
    pub wishes: &'a str,
    /// 目標.
    pub goal: &'a str,
    /// What is planned.
    pub plans: Vec<SupportPlan<'a>>,
}

/// 支援計画 with the services it uses.
#[derive(Debug, Serialize)]
pub struct SupportPlan<'a> {
    /// 支援計画ＮＯ.
    pub number: Option<&'a Value>,
    /// 目標についての支援のポイント.
    pub points: &'a str,
    /// 本人等のセルフケアや家族の支援、インフォーマルサービス.
    pub self_care: &'a str,
    /// 介護保険サービス又は地域支援事業.
    pub insured: &'a str,
    /// One record for each service that is used.
    pub services: Vec<&'a Form>,
}

impl PreventionPlan {
    /// The issues in printed order.
    pub fn issues(&self) -> Vec<Issue<'_>> {
        let mut issues: Vec<Issue<'_>> = Vec::new();
        for form in self.support.iter().flat_map(|sheet| &sheet.rows) {
            let text = |name| form.text(name).unwrap_or_default();
            let mut next = Issue {
                number: form.get("issue_no"),
                issue: text("comprehensive_issue"),
                proposal: text("proposed_goal_and_measures"),
                wishes: text("wishes_on_proposal"),
                goal: text("goal"),
                plans: Vec::new(),
            };
            let goes_on = issues.last_mut().is_some_and(|current| current.takes(&next));
            match issues.last_mut() {
                Some(current) if goes_on => current.add(form),
                _ => {
                    next.add(form);
                    issues.push(next);
                }
            }
        }
        issues
    }
}

impl<'a> Issue<'a> {
    /// Whether the next record goes on with this issue; what was empty so far is then taken from it.
    fn takes(&mut self, next: &Self) -> bool {
        let same = continues(
            (self.number, next.number),
            &[
                (self.issue, next.issue),
                (self.proposal, next.proposal),
                (self.wishes, next.wishes),
                (self.goal, next.goal),
            ],
        );
        if same {
            fill(&mut self.issue, next.issue);
            fill(&mut self.proposal, next.proposal);
            fill(&mut self.wishes, next.wishes);
            fill(&mut self.goal, next.goal);
        }
        same
    }

    fn add(&mut self, form: &'a Form) {
        let text = |name| form.text(name).unwrap_or_default();
        let next = SupportPlan {
            number: form.get("support_plan_no"),
            points: text("support_points"),
            self_care: text("self_care_and_informal"),
            insured: text("insured_or_community_services"),
            services: vec![form],
        };
        match self.plans.last_mut() {
            Some(plan)
                if continues(
                    (plan.number, next.number),
                    &[
                        (plan.points, next.points),
                        (plan.self_care, next.self_care),
                        (plan.insured, next.insured),
                    ],
                ) =>
            {
                fill(&mut plan.points, next.points);
                fill(&mut plan.self_care, next.self_care);
                fill(&mut plan.insured, next.insured);
                plan.services.push(form);
            }
            _ => self.plans.push(next),
        }
    }
}

impl Serialize for PreventionPlan {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            plan: &'a Option<Sheet>,
            support_file: Option<&'a str>,
            issues: Vec<Issue<'a>>,
        }
        let content = Content {
            plan: &self.plan,
            support_file: self.support.as_ref().map(|sheet| sheet.file.name.as_str()),
            issues: self.issues(),
        };
        content.serialize(serializer)
    }
}

/// 利用者基本情報 of one consultation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Profile {
    /// The basic information; a sub-table may come without it.
    pub profile: Option<Sheet>,
    /// 別表1 １日の生活・すごし方.
    pub day: Option<Sheet>,
    /// 別表2 現病歴・既往歴.
    pub medical_history: Option<Sheet>,
    /// The images of the family that it names and that are among the files.
    #[serde(serialize_with = "names")]
    pub images: Vec<Arc<ReadFile>>,
}

fn names<S: serde::Serializer>(files: &[Arc<ReadFile>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| file.name.as_str()))
}
