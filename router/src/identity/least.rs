//! Which role a command wants, in one list.

use std::fmt;

use watchfire_core::command::CommandKind;

use super::{Grant, Identity, Place, Role};

/// The least role that a command wants.
pub fn least(wish: &CommandKind) -> Role {
    match wish {
        CommandKind::Acknowledge(_)
        | CommandKind::Take(_)
        | CommandKind::Unacknowledge(_)
        | CommandKind::Resolve(_)
        | CommandKind::Reassign { .. }
        | CommandKind::Annotate { .. }
        | CommandKind::FollowUp { .. }
        // Nothing comes of it by itself.
        | CommandKind::Propose { .. }
        | CommandKind::Silence(_)
        | CommandKind::Expire(_)
        | CommandKind::Extend(_) => Role::Responder,
        CommandKind::Approve(_)
        | CommandKind::Deny(_)
        | CommandKind::Release(_)
        | CommandKind::Act(_)
        // Whoever may have something done may have all of it stopped.
        | CommandKind::SwitchOff
        | CommandKind::SwitchOn => Role::Approver,
    }
}

/// Why somebody may not: which role is wanted, and which they have. Its text is what they are answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The least role.
    pub least: Role,
    /// Where.
    pub place: Place,
    /// Who asked.
    pub name: String,
    /// What they have.
    pub has: Vec<Grant>,
}

impl fmt::Display for Wanted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { least, place, name, has } = self;
        let has: Vec<_> = has.iter().map(ToString::to_string).collect();
        let has = if has.is_empty() { "no role".to_owned() } else { has.join("; ") };
        write!(out, "it wants the role {least}{place}; {name} has {has}")
    }
}

impl Identity {
    /// Whether they have at least that role there.
    ///
    /// # Errors
    /// What is wanted, for a 403.
    pub fn has(&self, least: Role, place: &Place) -> Result<(), Wanted> {
        if self.roles.iter().any(|grant| grant.covers(least, place)) {
            return Ok(());
        }
        let (name, has) = (self.name.clone(), self.roles.clone());
        Err(Wanted { least, place: place.clone(), name, has })
    }

    /// Whether they have at least that role somewhere: where that is, is asked once it is known what is meant.
    ///
    /// # Errors
    /// What is wanted, for a 403.
    pub fn has_anywhere(&self, least: Role) -> Result<(), Wanted> {
        match self.highest() >= Some(least) {
            true => Ok(()),
            false => self.has(least, &Place::everywhere()),
        }
    }

    /// Whether they may have that done there.
    ///
    /// # Errors
    /// What is wanted, for a 403.
    pub fn may(&self, wish: &CommandKind, place: &Place) -> Result<(), Wanted> {
        self.has(least(wish), place)
    }

    /// The highest role that they have anywhere; none where they have none.
    pub fn highest(&self) -> Option<Role> {
        self.roles.iter().map(|grant| grant.role).max()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use watchfire_core::ids::IncidentKey;

    use super::*;
    use crate::identity::How;

    #[test]
    fn who_may_not_is_told_which_role_is_wanted_and_which_they_have() {
        let shop = Grant {
            role: Role::Responder,
            namespaces: Some(BTreeSet::from(["shop".to_owned()])),
            clusters: None,
        };
        let ana = Identity {
            name: "ana".to_owned(),
            how: How::Token,
            subject: None,
            roles: vec![Grant::anywhere(Role::Viewer), shop],
        };
        let key = IncidentKey::new("wf1-5f");
        let acknowledge = CommandKind::Acknowledge(key.clone());
        let shop = Place::of(Some("shop"), Some("prod"));
        assert_eq!(ana.may(&acknowledge, &shop), Ok(()));
        let pay = Place::of(Some("pay"), None);
        let said = |wanted: Result<(), Wanted>| wanted.expect_err("they may not").to_string();
        let has = "ana has viewer; responder in namespace shop";
        assert_eq!(
            said(ana.may(&acknowledge, &pay)),
            format!("it wants the role responder in namespace pay; {has}")
        );
        assert_eq!(
            said(ana.may(&CommandKind::Release(key), &shop)),
            format!("it wants the role approver in namespace shop in cluster prod; {has}")
        );
        assert_eq!(
            said(ana.may(&CommandKind::SwitchOff, &Place::everywhere())),
            format!("it wants the role approver; {has}")
        );
        assert_eq!(ana.highest(), Some(Role::Responder));
    }
}
