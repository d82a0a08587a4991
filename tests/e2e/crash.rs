//! See the sentence in each file.
