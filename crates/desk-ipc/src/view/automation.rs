//! 自動化: receiving by rules, and preparing drafts from the care software's output folder.

use care_model::{OfficeNumber, ServiceKind, ServiceMonth};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::FolderView;
use crate::CommandError;

/// 自動化 of this profile, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AutomationView {
    /// Whether what fits a rule is received by itself.
    pub receiving: bool,
    /// The rules, in the order in which they are tried; at most [`care_model::limits::RECEIVING_RULES_MAX`].
    pub rules: Vec<ReceivingRule>,
    /// Why receiving stands still, until it goes on by itself.
    pub receiving_stopped: Option<CommandError>,
    /// How many deliveries it received since the desk was opened.
    pub received: u32,
    /// Whether drafts are prepared from the watched folder.
    pub watching: bool,
    /// The watched folder, once one was chosen.
    pub watched: Option<FolderView>,
    /// Why watching stands still, until it goes on by itself.
    pub watching_stopped: Option<CommandError>,
    /// Drafts from the watched folder that wait in 下書き一覧.
    pub prepared: u32,
    /// Whether as many wait as may; the rest stays in the folder.
    pub full: bool,
    /// Files in the folder whose unit is not whole yet.
    pub incomplete: u32,
}

/// What a person changed in 自動化.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AutomationEdit {
    /// [`AutomationView::receiving`].
    pub receiving: bool,
    /// [`AutomationView::rules`]; folders are known by their identity.
    pub rules: Vec<ReceivingRule>,
    /// [`AutomationView::watching`].
    pub watching: bool,
    /// [`AutomationView::watched`]. What lies in another one when it is chosen is taken for done.
    pub watched: Option<FolderView>,
}

/// Into which folder what is received goes. A condition that is none fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReceivingRule {
    /// Only from this office.
    #[ts(type = "string | null")]
    pub from: Option<OfficeNumber>,
    /// Only from offices in this service kind.
    #[ts(type = "string | null")]
    pub kind: Option<ServiceKind>,
    /// Only of this month of service, as the sender declared it.
    #[ts(type = "string | null")]
    pub month: Option<ServiceMonth>,
    /// The folder.
    pub folder: FolderView,
    /// Folders in it, the outer one first; each field once.
    pub subfolders: Vec<Subfolder>,
}

/// By what a folder in the folder of a rule is called. Never by a person (D20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Subfolder {
    /// The sender's office number.
    Office,
    /// The sender's service kind.
    Kind,
    /// The month of service; `000000` where there is none, as in names of the standard.
    Month,
}
