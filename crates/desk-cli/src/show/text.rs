//! Text in columns: widths of Japanese characters, wrapping, label lists and tables.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns of a printed line.
pub(crate) const PAGE_COLUMNS: usize = 96;
/// Columns of the labels in a list; a longer label has a line of its own.
const LABEL_COLUMNS: usize = 42;
/// The narrowest column of a table.
const COLUMN_MIN: usize = 6;
/// Columns between two columns of a table.
const GAP: usize = 2;

/// Lines as they will be printed.
pub(crate) struct Page {
    columns: usize,
    lines: Vec<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self::of_columns(PAGE_COLUMNS)
    }
}

/// One column of a table.
pub(crate) struct Column {
    title: String,
    right: bool,
}

impl Column {
    /// Text.
    pub(crate) fn left(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            right: false,
        }
    }

    /// Numbers.
    pub(crate) fn right(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            right: true,
        }
    }
}

impl Page {
    /// A page as wide as this.
    pub(crate) fn of_columns(columns: usize) -> Self {
        Self {
            columns,
            lines: Vec::new(),
        }
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// A line across.
    pub(crate) fn rule(&mut self, of: char) {
        self.lines.push(String::from(of).repeat(self.columns));
    }

    pub(crate) fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_empty()) {
            self.lines.push(String::new());
        }
    }

    /// A text of any length, wrapped.
    pub(crate) fn text(&mut self, indent: usize, text: &str) {
        for line in wrap(text, self.columns.saturating_sub(indent)) {
            self.push(indent, &line);
        }
    }

    /// Labels with their values, the values below each other.
    pub(crate) fn pairs(&mut self, indent: usize, pairs: &[(String, String)]) {
        let short = pairs.iter().map(|(label, _)| label.width());
        let labels = short.filter(|width| *width <= LABEL_COLUMNS).max().unwrap_or_default();
        let room = self.columns.saturating_sub(indent + labels + GAP);
        for (label, value) in pairs {
            let mut lines = wrap(value, room).into_iter();
            if label.width() > LABEL_COLUMNS {
                self.text(indent, label);
            } else {
                let first = lines.next().unwrap_or_default();
                self.push(indent, &format!("{}{}{first}", padded(label, labels), " ".repeat(GAP)));
            }
            for line in lines {
                self.push(indent + labels + GAP, &line);
            }
        }
    }

    /// A table. Columns without a single value are left out; long cells are wrapped; a row of one cell goes across.
    pub(crate) fn table(&mut self, indent: usize, columns: &[Column], rows: &[Vec<String>]) {
        let across = |row: &[String]| row.len() == 1 && columns.len() > 1;
        let filled: Vec<usize> = (0..columns.len())
            .filter(|at| {
                let mut cells = rows.iter().filter(|row| !across(row)).filter_map(|row| row.get(*at));
                cells.any(|cell| !cell.is_empty())
            })
            .collect();
        let cells = |row: &Vec<String>| -> Vec<String> {
            if across(row) {
                return row.clone();
            }
            let at = filled.iter();
            at.map(|at| row.get(*at).cloned().unwrap_or_default()).collect()
        };
        let shown: Vec<&Column> = filled.iter().filter_map(|at| columns.get(*at)).collect();
        let narrow: Vec<Vec<String>> = rows.iter().filter(|row| !across(row)).map(cells).collect();
        let widths = widths(&shown, &narrow, self.columns.saturating_sub(indent));
        let titles: Vec<String> = shown.iter().map(|column| column.title.clone()).collect();
        self.row(indent, &shown, &widths, &titles);
        let whole = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        self.push(indent, &"-".repeat(whole));
        for row in rows {
            match row.as_slice() {
                [heading] if across(row) => {
                    let inner = heading.trim_start_matches(' ');
                    self.text(indent + heading.len() - inner.len(), inner);
                }
                _ => self.row(indent, &shown, &widths, &cells(row)),
            }
        }
    }

    fn row(&mut self, indent: usize, columns: &[&Column], widths: &[usize], cells: &[String]) {
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| wrap(cell, *width))
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
        for at in 0..height {
            let mut line = String::new();
            for ((column, width), cell) in columns.iter().zip(widths).zip(&wrapped) {
                let text = cell.get(at).map_or("", String::as_str);
                let room = " ".repeat(width.saturating_sub(text.width()));
                if column.right {
                    line.push_str(&room);
                    line.push_str(text);
                } else {
                    line.push_str(text);
                    line.push_str(&room);
                }
                line.push_str(&" ".repeat(GAP));
            }
            self.push(indent, &line);
        }
    }

    fn push(&mut self, indent: usize, line: &str) {
        self.lines
            .push(format!("{}{line}", " ".repeat(indent)).trim_end().to_owned());
    }
}

/// How wide each column is: as its title and cells want. If that is too much, first the titles are broken into lines where
/// their cells are narrower, then the widest columns give way.
fn widths(columns: &[&Column], rows: &[Vec<String>], room: usize) -> Vec<usize> {
    let widest = |text: &str| text.lines().map(|line| line.width()).max().unwrap_or_default();
    let cells: Vec<usize> = (0..columns.len())
        .map(|at| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| widest(cell));
            cells.max().unwrap_or_default().max(1)
        })
        .collect();
    let titles: Vec<usize> = columns.iter().map(|column| column.title.width()).collect();
    let room = room.saturating_sub(GAP * columns.len().saturating_sub(1));
    let mut widths: Vec<usize> = cells
        .iter()
        .zip(&titles)
        .map(|(cell, title)| (*cell).max(*title))
        .collect();
    for (title_lines, cell_min) in [(1, 30), (2, 24), (3, 16), (3, COLUMN_MIN)] {
        let least: Vec<usize> = cells
            .iter()
            .zip(&titles)
            .map(|(cell, title)| (*cell).min(cell_min).max(broken(*title, title_lines)))
            .collect();
        while widths.iter().sum::<usize>() > room {
            let may_give = widths.iter_mut().zip(&least).filter(|(width, least)| **width > **least);
            match may_give.max_by_key(|(width, least)| **width - **least) {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
    }
    widths
}

/// The width of a title that is broken into so many lines; short ones are not. A character is two columns wide.
fn broken(title: usize, lines: usize) -> usize {
    match title {
        0..=8 => title,
        _ => title.div_ceil(lines).next_multiple_of(2),
    }
}

/// A text with spaces behind it up to a width.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// Breaks a text into lines of at most so many columns. Words of ASCII stay whole where they fit, and no line begins with
/// what closes (句読点の禁則).
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0;
        for piece in pieces(paragraph) {
            let wide = piece.width();
            if used + wide > width && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            for c in piece.chars() {
                let wide = c.width().unwrap_or_default();
                if used + wide > width && used > 0 {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                if used == 0 && c == ' ' && !lines.is_empty() {
                    continue;
                }
                line.push(c);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

/// What must not stand at the beginning of a line.
fn closes(c: char) -> bool {
    "、。，．,.）)」』】〉》］]｝}・：:；;！!？?ー々ゝゞ％%\"'".contains(c)
}

/// What must not stand at the end of a line.
fn opens(c: char) -> bool {
    "（「『【〈《［｛([{".contains(c)
}

/// The pieces of a line that are not broken: a word of ASCII, or one character, with what closes behind it.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut before: Option<char> = None;
    for (at, c) in line.char_indices() {
        let joined = match before {
            None => true,
            Some(last) => closes(c) || opens(last) || (last.is_ascii_graphic() && c.is_ascii_graphic()),
        };
        if !joined {
            pieces.extend(line.get(begin..at));
            begin = at;
        }
        before = Some(c);
    }
    pieces.extend(line.get(begin..).filter(|rest| !rest.is_empty()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_counts_double() {
        assert_eq!(wrap("あいうえお", 6), ["あいう", "えお"]);
        assert_eq!(wrap("ｱｲｳｴｵ", 3), ["ｱｲｳ", "ｴｵ"]);
        assert_eq!(wrap("あ\nい", 10), ["あ", "い"]);
        assert_eq!(wrap("", 10), Vec::<String>::new());
    }

    #[test]
    fn words_stay_whole_and_points_do_not_begin_a_line() {
        assert_eq!(
            wrap("電話 000-0000-0001 まで", 14),
            ["電話 ", "000-0000-0001 ", "まで"].map(str::to_owned)
        );
        assert_eq!(wrap("いろは。", 6), ["いろ", "は。"]);
        let long = "x".repeat(25);
        assert!(wrap(&long, 10).iter().all(|line| line.width() <= 10));
        assert_eq!(wrap(&long, 10).concat(), long);
    }

    #[test]
    fn no_line_is_wider_than_its_room_and_nothing_is_lost() {
        let text = "本人：「自分の家で, できるだけ \"いつもどおり\" に暮らしたい。」長女：無理のない範囲で見守りたい。。。。。。。。";
        let squeeze = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        for width in 2..60 {
            let lines = wrap(text, width);
            assert!(
                lines.iter().all(|line| line.trim_end().width() <= width),
                "{width} {lines:?}"
            );
            assert_eq!(squeeze(&lines.concat()), squeeze(text));
        }
    }

    #[test]
    fn tables_are_aligned_and_fit() {
        let mut page = Page::default();
        let columns = [
            Column::left("事業所"),
            Column::right("単位数"),
            Column::left("空"),
            Column::left("日"),
        ];
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let days = "1(水) ".repeat(40);
        page.table(
            2,
            &columns,
            &[row(["見本", "1,244", "", "3(金)"]), row(["ｱｲｳ", "5", "", &days])],
        );
        let lines = page.into_lines();
        assert!(lines.iter().all(|line| line.width() <= PAGE_COLUMNS), "{lines:#?}");
        assert_eq!(lines.first().unwrap(), "  事業所  単位数  日");
        assert_eq!(lines.get(2).unwrap(), "  見本     1,244  3(金)");
        assert!(lines.get(3).unwrap().starts_with("  ｱｲｳ          5  1(水)"));
    }

    #[test]
    fn a_row_of_one_cell_goes_across() {
        let mut page = Page::default();
        let columns = [Column::left("a"), Column::left("b")];
        page.table(
            0,
            &columns,
            &[vec![" 見本の事業所".to_owned()], vec!["1".to_owned(), "2".to_owned()]],
        );
        assert_eq!(page.into_lines(), ["a  b", "----", " 見本の事業所", "1  2"]);
    }

    #[test]
    fn labels_stand_in_one_column() {
        let mut page = Page::default();
        let long = "利用者及び家族の生活に対する意向を踏まえた課題分析の結果";
        let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
        page.pairs(2, &[pair("認定日", "a\nb"), pair("作成年月日", "c"), pair(long, "d")]);
        assert_eq!(
            page.into_lines(),
            [
                "  認定日      a",
                "              b",
                "  作成年月日  c",
                &format!("  {long}"),
                "              d"
            ]
        );
    }
}
