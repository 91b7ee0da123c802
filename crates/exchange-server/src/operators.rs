//! Keeping the operators (ADR 0029): for the command line and the portal's pages.

use care_model::{AccountId, limits};
use exchange_store::{
    Act, NewOperator as NewOperatorRow, NewOperatorPassword, OperatorChange, OperatorChanged, OperatorRole, OperatorRow,
};
use serde::Serialize;

use crate::{
    admin::{Admin, AdminError, ID_TRIES_MAX, PasswordMade},
    tokens,
};

/// How every operator's ID begins.
const PREFIX: &str = "OP";

/// Whether an ID is an operator's, by how it begins.
pub(crate) fn is_operator_id(id: &AccountId) -> bool {
    id.key().starts_with(&PREFIX.to_ascii_lowercase())
}

/// An operator to add. Whatever is not given is made.
#[derive(Clone)]
pub struct NewOperator {
    /// The name shown on screen.
    pub name: String,
    /// What the operator is there for.
    pub role: OperatorRole,
    /// The operator's ID, beginning with `OP`.
    pub operator_id: Option<AccountId>,
    /// The password. One that is made here is provisional.
    pub password: Option<String>,
    /// Whether a given password is provisional too.
    pub provisional: bool,
}

/// What is handed to a new operator.
#[derive(Clone, Serialize)]
pub struct OperatorMade {
    /// The ID.
    pub operator_id: AccountId,
    /// The password.
    pub password: String,
}

/// No password is ever printed by accident.
impl std::fmt::Debug for NewOperator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewOperator(…)")
    }
}

impl std::fmt::Debug for OperatorMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorMade(…)")
    }
}

/// An operator as lists show one.
#[derive(Clone, Serialize)]
pub struct OperatorShown {
    /// The ID.
    pub operator_id: AccountId,
    /// The name.
    pub name: String,
    /// What the operator is there for.
    pub role: OperatorRole,
    /// Whether the password must be changed at the next sign-in.
    pub provisional: bool,
    /// Whether the account may not be used any more.
    pub stopped: bool,
}

impl From<OperatorRow> for OperatorShown {
    fn from(row: OperatorRow) -> Self {
        Self {
            operator_id: row.id,
            name: row.name,
            role: row.role,
            provisional: row.provisional,
            stopped: row.stopped_at.is_some(),
        }
    }
}

impl Admin {
    /// Adds an operator.
    pub async fn add_operator(&self, new: NewOperator) -> Result<OperatorMade, AdminError> {
        let chars = new.name.chars().count();
        if chars == 0 || chars > limits::PERSON_NAME_CHARS_MAX || new.name.chars().any(char::is_control) {
            return Err(AdminError::OperatorName);
        }
        let provisional = new.provisional || new.password.is_none();
        let password = new.password.unwrap_or_else(tokens::make_password);
        let password_hash = self.passwords.hash(password.clone()).await?;
        let operator_id = match new.operator_id {
            Some(asked) if !is_operator_id(&asked) => return Err(AdminError::WrongFamily),
            Some(asked) => asked,
            None => self.free_operator_id().await?,
        };
        let row = NewOperatorRow {
            id: operator_id.clone(),
            name: new.name,
            role: new.role,
            password_hash,
            provisional,
        };
        let added = self.store.add_operator(row, self.by.clone(), self.clock.now()).await?;
        match added {
            true => Ok(OperatorMade { operator_id, password }),
            false => Err(AdminError::OperatorsTooMany),
        }
    }

    /// Every operator, in the order of their names.
    pub async fn operators(&self) -> Result<Vec<OperatorShown>, AdminError> {
        let rows = self.store.operators().await?;
        Ok(rows.into_iter().map(OperatorShown::from).collect())
    }

    /// Gives an operator a new provisional password, and ends the operator's sessions.
    pub async fn reset_operator(&self, operator: &AccountId) -> Result<PasswordMade, AdminError> {
        let password = tokens::make_password();
        let change = NewOperatorPassword {
            operator: operator.clone(),
            password_hash: self.passwords.hash(password.clone()).await?,
            provisional: true,
            instead_of: None,
            act: Act::ResetPassword,
            by: self.by.clone(),
        };
        match self.store.set_operator_password(change, self.clock.now()).await? {
            true => Ok(PasswordMade { password }),
            false => Err(AdminError::NoSuchOperator),
        }
    }

    /// Changes how an operator stands; sessions end at once.
    pub async fn change_operator(&self, operator: &AccountId, change: OperatorChange) -> Result<(), AdminError> {
        let changed = self
            .store
            .change_operator(operator.clone(), change, self.by.clone(), self.clock.now());
        match changed.await? {
            OperatorChanged::Done => Ok(()),
            OperatorChanged::Unknown => Err(AdminError::NoSuchOperator),
            OperatorChanged::LastAdministrator => Err(AdminError::LastAdministrator),
        }
    }

    async fn free_operator_id(&self) -> Result<AccountId, AdminError> {
        for _ in 0..ID_TRIES_MAX {
            let made = format!("{PREFIX}{}", tokens::make_digits(8));
            let id = AccountId::parse(&made).map_err(|_| AdminError::WrongFamily)?;
            if self.store.operator(&id).await?.is_none() {
                return Ok(id);
            }
        }
        Err(AdminError::Taken)
    }
}
