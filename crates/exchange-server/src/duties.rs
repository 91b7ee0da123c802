//! What each operator may do (ADR 0029).

use exchange_store::OperatorRole;

/// Something that an operator may be there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Seeing which offices there are and how they stand.
    See,
    /// Keeping offices, their people, terminals and licences, and the news.
    Offices,
    /// Looking through the audit and taking it out.
    Audit,
    /// Keeping the operators, and the limits of offices.
    Govern,
}

/// Whether a role includes a duty.
pub fn may(role: OperatorRole, duty: Duty) -> bool {
    match (role, duty) {
        (OperatorRole::Administrator, _) | (_, Duty::See) => true,
        (OperatorRole::Clerk, Duty::Offices) | (OperatorRole::Auditor, Duty::Audit) => true,
        (OperatorRole::Clerk, Duty::Audit | Duty::Govern) | (OperatorRole::Auditor, Duty::Offices | Duty::Govern) => {
            false
        }
    }
}
