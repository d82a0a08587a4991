//! Under which of its conditions an alternative is filed: the one that is likely to hold least often.

use std::collections::BTreeMap;

use crate::pattern::number::Range;
use crate::pattern::operator::Operator;
use crate::pattern::set::Condition;

/// What an alternative is filed under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Condition(u32),
    /// That path being there at all.
    Present(usize),
    /// All that it asks for may be absent.
    None,
}

/// From so many operators on, they are looked up and not asked in turn.
const LONG: usize = 4;

/// Whether everything that satisfies it can be looked up.
pub(super) fn is_looked_up(condition: &Condition) -> bool {
    condition.field.operators.iter().all(|operator| match operator {
        Operator::EqualsIgnoringCase(text)
        | Operator::PrefixIgnoringCase(text)
        | Operator::SuffixIgnoringCase(text) => text.in_lower_case().is_some(),
        Operator::Present | Operator::Absent | Operator::AnythingBut(_) => false,
        Operator::Null
        | Operator::Bool(_)
        | Operator::Number(..)
        | Operator::Text(_)
        | Operator::Address(..)
        | Operator::Prefix(_)
        | Operator::Suffix(_)
        | Operator::Wildcard(_)
        | Operator::Numeric(_)
        | Operator::Cidr(_) => true,
    })
}

/// Whether it is long enough to be looked up though nothing is filed under it.
pub(super) fn is_long(condition: &Condition) -> bool {
    condition.field.operators.len() >= LONG
}

/// Of each alternative, its key.
pub(super) fn keys(conditions: &[Condition], alternatives: &[&[u32]]) -> Vec<Key> {
    let chances = chances(conditions, alternatives);
    let key = |alternative: &&[u32]| {
        let least = alternative.iter().copied().filter(|number| !conditions[*number as usize].may_be_absent);
        let least = least.min_by(|one, other| chances[*one as usize].total_cmp(&chances[*other as usize]));
        match least {
            None => Key::None,
            Some(number) if is_looked_up(&conditions[number as usize]) => Key::Condition(number),
            Some(number) => Key::Present(conditions[number as usize].slot),
        }
    };
    alternatives.iter().map(key).collect()
}

/// Of each condition, how often it is guessed to hold: events have a value as often as patterns ask for it.
fn chances(conditions: &[Condition], alternatives: &[&[u32]]) -> Vec<f64> {
    let mut uses = vec![0_u32; conditions.len()];
    alternatives.iter().copied().flatten().for_each(|number| uses[*number as usize] += 1);
    let mut of_slot: BTreeMap<usize, u32> = BTreeMap::new();
    let mut of_value: BTreeMap<(usize, String), u32> = BTreeMap::new();
    for (condition, uses) in conditions.iter().zip(&uses) {
        for operator in &condition.field.operators {
            *of_slot.entry(condition.slot).or_default() += uses;
            *of_value.entry((condition.slot, operator.to_string())).or_default() += uses;
        }
    }
    let chance = |condition: &Condition| {
        if !is_looked_up(condition) {
            return 1.0;
        }
        let chance = |operator: &Operator| {
            let value = of_value.get(&(condition.slot, operator.to_string())).copied().unwrap_or(0);
            let share = f64::from(value) / f64::from(of_slot.get(&condition.slot).copied().unwrap_or(0) + 1);
            match operator {
                Operator::Null | Operator::Bool(_) => 0.5,
                Operator::Numeric(Range::Above(_) | Range::Below(_) | Range::Between(..)) => 0.5,
                Operator::Numeric(Range::Equal(_))
                | Operator::Number(..)
                | Operator::Text(_)
                | Operator::Address(..)
                | Operator::EqualsIgnoringCase(_) => share,
                Operator::Prefix(_)
                | Operator::Suffix(_)
                | Operator::PrefixIgnoringCase(_)
                | Operator::SuffixIgnoringCase(_)
                | Operator::Cidr(_) => 2.0 * share,
                // It has to be looked for in the whole text.
                Operator::Wildcard(_) => 0.02 + 2.0 * share,
                Operator::Present | Operator::Absent | Operator::AnythingBut(_) => 1.0,
            }
        };
        condition.field.operators.iter().map(chance).sum()
    };
    conditions.iter().map(chance).collect()
}
