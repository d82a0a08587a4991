//! A list: a header, one line a row, as wide as the terminal. What does not fit is cut in the columns that may be.

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Row, Table as Grid, TableStyle};
use watchfire_core::text::clean;

use super::screen::{self, Tone};

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    may_be_cut: bool,
}

/// Shown whole, however narrow the terminal is.
pub(super) const fn whole(title: &'static str) -> Column {
    Column { title, may_be_cut: false }
}

/// Cut where there is no room.
pub(super) const fn cut(title: &'static str) -> Column {
    Column { title, may_be_cut: true }
}

/// A list of rows.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<(Tone, Vec<String>)>,
}

impl Table {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// One more row: a text for each column, cleaned here.
    pub(super) fn row(&mut self, tone: Tone, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter().map(|cell| clean(&cell, 1_000));
        self.rows.push((tone, cells.collect()));
    }

    /// Prints it, fitted to the terminal; nothing is cut where there is none, or where all of it is wanted.
    pub(super) fn print(&self, width: Option<u16>) -> std::io::Result<()> {
        for (tone, line) in self.lines(width) {
            screen::say_in(tone, &line)?;
        }
        Ok(())
    }

    /// The header, then a line for each row, in no colour.
    fn lines(&self, width: Option<u16>) -> Vec<(Tone, String)> {
        let mut grid = Grid::new();
        grid.load_style(TableStyle::new()).set_truncation_indicator("…");
        // Not at its spaces: a cell is one line, as much of it as there is room for.
        grid.set_delimiter('\n');
        match width {
            Some(width) => grid.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => grid.set_content_arrangement(ContentArrangement::Disabled),
        };
        grid.set_header(self.columns.iter().map(|column| Cell::new(column.title)));
        for (_, cells) in &self.rows {
            let mut row = Row::from(cells.iter().map(Cell::new).collect::<Vec<_>>());
            row.max_height(1);
            grid.add_row(row);
        }
        let last = self.columns.len().saturating_sub(1);
        for (place, column) in self.columns.iter().enumerate() {
            let Some(own) = grid.column_mut(place) else { continue };
            own.set_padding((0, if place == last { 0 } else { 2 }));
            if !column.may_be_cut {
                own.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let tones = [Tone::Head].into_iter().chain(self.rows.iter().map(|(tone, _)| *tone));
        tones.zip(grid.lines().map(|line| line.trim_end().to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn table(rows: &[[&str; 3]]) -> Table {
        let mut table = Table::new(&[whole("ID"), cut("WHAT"), cut("WHERE")]);
        rows.iter().for_each(|row| table.row(Tone::Plain, row.map(str::to_owned)));
        table
    }

    fn lines(table: &Table, width: Option<u16>) -> Vec<String> {
        table.lines(width).into_iter().map(|(_, line)| line).collect()
    }

    #[test]
    fn a_row_is_one_line_that_fits_and_what_is_cut_says_so() {
        let table = table(&[
            ["aafbc2b0", "The container checkout-api is mining", "shop/checkout-api-6d5f9c7b84-x2x9k"],
            ["643af9ac", "short", "here"],
        ]);
        assert_eq!(
            lines(&table, Some(44)),
            [
                "ID        WHAT              WHERE",
                "aafbc2b0  The container c…  shop/checkout-a…",
                "643af9ac  short             here",
            ]
        );
        assert_eq!(
            lines(&table, None),
            [
                "ID        WHAT                                  WHERE",
                "aafbc2b0  The container checkout-api is mining  shop/checkout-api-6d5f9c7b84-x2x9k",
                "643af9ac  short                                 here",
            ]
        );
    }

    #[test]
    fn wide_letters_hostile_text_and_line_breaks_stay_in_their_row() {
        let wide = "監視が検知した暗号通貨マイニング".repeat(8);
        let table = table(&[
            ["a", &wide, "x\ny\u{1b}[2J\u{202e}z"],
            ["b", &"👩‍👩‍👧".repeat(40), "e\u{301}"],
            ["c", "", ""],
        ]);
        for width in [30, 80, 120] {
            let lines = lines(&table, Some(width));
            assert_eq!(lines.len(), 4, "{lines:#?}");
            let fits = |line: &String| line.width() <= usize::from(width) && !line.contains(char::is_control);
            assert!(lines.iter().all(fits), "{width}: {lines:#?}");
        }
    }
}
