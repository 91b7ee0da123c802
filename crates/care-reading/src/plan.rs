//! 居宅サービス計画書 第2表: needs, their goals, and the services for each goal.

use serde::{Serialize, Serializer};

use crate::{
    Form, Sheet, Value,
    document::{continues, fill},
};

/// 居宅サービス計画書 第2表.
#[derive(Debug, Clone)]
pub struct PlanSheet2 {
    /// Its records, one for each service.
    pub sheet: Sheet,
}

/// 課題 with its goals, in printed order.
#[derive(Debug, Serialize)]
pub struct Need<'a> {
    /// 課題ＮＯ.
    pub number: Option<&'a Value>,
    /// 生活全般の解決すべき課題（ニーズ）.
    pub need: &'a str,
    /// Its goals.
    pub goals: Vec<Goal<'a>>,
}

/// 援助目標 with its services.
#[derive(Debug, Serialize)]
pub struct Goal<'a> {
    /// 援助目標ＮＯ.
    pub number: Option<&'a Value>,
    /// 長期目標; where it is left empty, that of the goal above.
    pub long_term: Carried<'a>,
    /// 長期期間.
    pub long_term_period: Carried<'a>,
    /// 短期目標.
    pub short_term: &'a str,
    /// 短期期間.
    pub short_term_period: &'a str,
    /// One record for each service (援助内容).
    pub services: Vec<&'a Form>,
}

/// A text that stands for several entries and is written with the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Carried<'a> {
    /// The text.
    pub text: &'a str,
    /// Whether it was written further up.
    pub from_above: bool,
}

impl<'a> Carried<'a> {
    fn own(text: &'a str) -> Self {
        Self {
            text,
            from_above: false,
        }
    }

    /// This text, or where there is none the one above.
    fn or_above(self, above: Self) -> Self {
        match (self.text, above.text) {
            ("", text) if !text.is_empty() => Self { text, from_above: true },
            _ => self,
        }
    }
}

impl PlanSheet2 {
    /// The needs in printed order.
    pub fn needs(&self) -> Vec<Need<'_>> {
        let mut needs: Vec<Need<'_>> = Vec::new();
        for form in &self.sheet.rows {
            let text = |name| form.text(name).unwrap_or_default();
            let number = form.get("need_no");
            let need = text("need");
            match needs.last_mut() {
                Some(current) if continues((current.number, number), &[(current.need, need)]) => {
                    fill(&mut current.need, need);
                    current.add(form);
                }
                _ => {
                    let mut next = Need {
                        number,
                        need,
                        goals: Vec::new(),
                    };
                    next.add(form);
                    needs.push(next);
                }
            }
        }
        needs
    }
}

impl<'a> Need<'a> {
    fn add(&mut self, form: &'a Form) {
        let text = |name| form.text(name).unwrap_or_default();
        let number = form.get("goal_no");
        let (long_term, long_term_period) = (text("long_term_goal"), text("long_term_period"));
        let (short_term, short_term_period) = (text("short_term_goal"), text("short_term_period"));
        let above = self.goals.last().map(|goal| (goal.long_term, goal.long_term_period));
        match self.goals.last_mut() {
            Some(goal)
                if continues(
                    (goal.number, number),
                    &[
                        (goal.long_term.text, long_term),
                        (goal.long_term_period.text, long_term_period),
                        (goal.short_term, short_term),
                        (goal.short_term_period, short_term_period),
                    ],
                ) =>
            {
                fill(&mut goal.long_term.text, long_term);
                fill(&mut goal.long_term_period.text, long_term_period);
                fill(&mut goal.short_term, short_term);
                fill(&mut goal.short_term_period, short_term_period);
                goal.services.push(form);
            }
            _ => {
                let (mut long_term, mut long_term_period) = (Carried::own(long_term), Carried::own(long_term_period));
                if let Some((goal_above, period_above)) = above
                    && long_term.text.is_empty()
                {
                    // A period goes with its goal: a new goal without a period has none.
                    long_term = long_term.or_above(goal_above);
                    long_term_period = long_term_period.or_above(period_above);
                }
                self.goals.push(Goal {
                    number,
                    long_term,
                    long_term_period,
                    short_term,
                    short_term_period,
                    services: vec![form],
                });
            }
        }
    }
}

impl Serialize for PlanSheet2 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content<'a> {
            needs: Vec<Need<'a>>,
        }
        self.sheet.wrap(Content { needs: self.needs() }, serializer)
    }
}
