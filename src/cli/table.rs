//! Rows in columns: one line a row, two blanks between columns; on a terminal long cells are cut, and the last column at
//! the width.

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width};

/// The header's line and one line for each of `rows`, in order. Cells must be single lines.
///
/// Where a `width` is known the last column gives way to it; of the others no cell is wider than a UUID and a bit.
pub fn lines(header: &[String], rows: Vec<Vec<String>>, width: Option<u16>) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(one_line_row(header.to_vec()));
    table.add_rows(rows.into_iter().map(one_line_row));
    table.set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        keep_all_but_the_last(&mut table);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn one_line_row(cells: Vec<String>) -> Row {
    let mut row = Row::from(cells);
    row.max_height(1);
    row
}

/// All but the last as wide as its cells, up to a measure.
fn keep_all_but_the_last(table: &mut Table) {
    let widths = table.column_max_content_widths();
    let last = table.column_count().saturating_sub(1);
    for (index, (column, width)) in table.column_iter_mut().zip(widths).enumerate() {
        let constraint = if index == last {
            ColumnConstraint::LowerBoundary(Width::Fixed(LEAST_LAST))
        } else if width > MOST_OF_OTHERS {
            ColumnConstraint::Absolute(Width::Fixed(MOST_OF_OTHERS + GAP))
        } else {
            ColumnConstraint::ContentWidth
        };
        column.set_constraint(constraint);
    }
}

/// Columns that the last column keeps on the narrowest terminal: enough to see that there is something.
const LEAST_LAST: u16 = 12;

/// Columns of the longest cell of the others: a UUID has 36.
const MOST_OF_OTHERS: u16 = 40;

/// Blanks between two columns.
const GAP: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|&cell| cell.to_owned()).collect()
    }

    #[test]
    fn without_a_width_nothing_is_cut() {
        let rows = vec![strings(&["n1", "it broke because of the long reason"]), strings(&["node-2", ""])];
        let shown = lines(&strings(&["name", "last error"]), rows, None);
        assert_eq!(shown, ["name    last error", "n1      it broke because of the long reason", "node-2"]);
    }

    #[test]
    fn the_last_column_gives_way_to_the_width() {
        let rows = vec![strings(&["n1", "it broke because of the long reason that nobody reads"])];
        let shown = lines(&strings(&["name", "last error"]), rows, Some(30));
        assert_eq!(shown, ["name  last error", "n1    it broke because of…"]);
    }

    #[test]
    fn a_long_cell_leaves_room_for_the_columns_behind_it() {
        let reason = "yes: ".to_owned() + &"a long reason ".repeat(200);
        let rows = vec![strings(&["n1", &reason, "power.reboot"]), strings(&["n2", "", ""])];
        let shown = lines(&strings(&["name", "maintenance", "step"]), rows.clone(), Some(80));
        let cut = format!("n1    {}…  power.reboot", reason.chars().take(39).collect::<String>());
        assert_eq!(shown[1], cut);
        assert!(lines(&strings(&["name", "maintenance", "step"]), rows, None)[1].contains(reason.trim_end()));
    }

    #[test]
    fn no_rows_leave_the_header() {
        assert_eq!(lines(&strings(&["name"]), Vec::new(), Some(80)), ["name"]);
    }
}
