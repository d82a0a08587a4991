//! Eight workers, each with a store of its own as a process of its own has.
