//! A receipt as PDF: A4, set line by line in an embedded font that knows Latin, Greek and Cyrillic. A letter that it
//! does not know is printed as `?`; the HTML form has them all.

use std::sync::LazyLock;

use domain::error::{Error, Result};
use krilla::Document;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

use super::page::{ReceiptPage, Row};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
const SIZE: f32 = 10.0;
const LINE: f32 = 15.0;
/// Where the values of facts begin.
const VALUES_AT: f32 = MARGIN + 90.0;
/// The width kept free for amounts.
const AMOUNTS: f32 = 130.0;

static REGULAR: LazyLock<Option<Face>> =
    LazyLock::new(|| Face::new(include_bytes!("../../assets/NotoSans-Regular.ttf")));
static BOLD: LazyLock<Option<Face>> = LazyLock::new(|| Face::new(include_bytes!("../../assets/NotoSans-Bold.ttf")));

/// Writes the pages. The same receipt gives the same bytes.
///
/// # Errors
/// `internal`, which is a fault of ours.
pub(super) fn render(page: &ReceiptPage) -> Result<Vec<u8>> {
    let broken = || Error::internal("the fonts of receipts can't be read");
    let (regular, bold) = (REGULAR.as_ref().ok_or_else(broken)?, BOLD.as_ref().ok_or_else(broken)?);
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(page.title.clone()).language(page.language.to_owned()));
    for lines in pages(&set(page, regular, bold)) {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or_else(broken)?;
        let mut sheet = document.start_page_with(settings);
        let mut surface = sheet.surface();
        for (at, line) in lines {
            line.pieces.iter().for_each(|piece| piece.draw(&mut surface, at));
        }
        surface.finish();
        sheet.finish();
    }
    document.finish().map_err(|error| Error::internal(format!("a receipt as PDF: {error:?}")))
}

/// A font, and what it knows of letters.
struct Face {
    font: Font,
    metrics: FontRef<'static>,
    units_per_em: f32,
}

impl Face {
    fn new(data: &'static [u8]) -> Option<Self> {
        let font = Font::new(data.into(), 0)?;
        Some(Self { units_per_em: font.units_per_em(), font, metrics: FontRef::new(data).ok()? })
    }

    /// The glyph of a letter and its width as a part of the font's size.
    fn glyph(&self, letter: char) -> (GlyphId, f32) {
        let letters = self.metrics.charmap();
        let id = letters.map(letter).or_else(|| letters.map('?')).unwrap_or(skrifa::GlyphId::NOTDEF);
        let widths = self.metrics.glyph_metrics(Size::unscaled(), LocationRef::default());
        (GlyphId::new(id.to_u32()), widths.advance_width(id).unwrap_or(0.0) / self.units_per_em)
    }

    fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|letter| self.glyph(letter).1 * size).sum()
    }

    /// The text in lines no wider than this, broken between words, or within one that is wider.
    fn wrap(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in text.split_whitespace() {
            let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if self.width(&joined, size) <= width {
                line = joined;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for letter in word.chars() {
                if !line.is_empty() && self.width(&line, size) + self.glyph(letter).1 * size > width {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(letter);
            }
        }
        lines.push(line);
        lines
    }
}

/// Text at a place of its line.
struct Piece {
    face: &'static Face,
    x: f32,
    size: f32,
    text: String,
}

impl Piece {
    fn draw(&self, surface: &mut Surface<'_>, y: f32) {
        let glyphs: Vec<KrillaGlyph> = self
            .text
            .char_indices()
            .map(|(at, letter)| {
                let (id, width) = self.face.glyph(letter);
                KrillaGlyph::new(id, width, 0.0, 0.0, 0.0, at..at + letter.len_utf8(), None)
            })
            .collect();
        let start = Point::from_xy(self.x, y);
        surface.draw_glyphs(start, &glyphs, self.face.font.clone(), &self.text, self.size, false);
    }
}

/// What stands beside each other, and how much lower than the line before.
struct Line {
    down: f32,
    pieces: Vec<Piece>,
}

fn set(page: &ReceiptPage, regular: &'static Face, bold: &'static Face) -> Vec<Line> {
    let width = PAGE.0 - 2.0 * MARGIN;
    let piece = |face, x, text: &str| Piece { face, x, size: SIZE, text: text.to_owned() };
    let heading = |size, down, text: &str| Line {
        down,
        pieces: vec![Piece { face: bold, x: MARGIN, size, text: text.to_owned() }],
    };
    let mut lines = vec![heading(20.0, 20.0, "Roost"), heading(12.0, 26.0, &page.title)];
    for (name, value) in &page.facts {
        for (at, part) in regular.wrap(value, SIZE, PAGE.0 - MARGIN - VALUES_AT).iter().enumerate() {
            let name = (at == 0).then(|| piece(regular, MARGIN, name));
            let pieces = name.into_iter().chain([piece(regular, VALUES_AT, part)]).collect();
            lines.push(Line { down: LINE, pieces });
        }
    }
    for section in &page.sections {
        lines.push(heading(12.0, 30.0, section.title));
        for Row { text, amount, is_sum } in &section.rows {
            let face = if *is_sum { bold } else { regular };
            for (at, part) in face.wrap(text, SIZE, width - AMOUNTS).iter().enumerate() {
                let right = PAGE.0 - MARGIN - face.width(amount, SIZE);
                let amount = (at == 0).then(|| piece(face, right, amount));
                lines
                    .push(Line { down: LINE, pieces: [piece(face, MARGIN, part)].into_iter().chain(amount).collect() });
            }
        }
    }
    lines
}

/// The lines of each page, with how far from its top they stand.
fn pages(lines: &[Line]) -> Vec<Vec<(f32, &Line)>> {
    let mut pages: Vec<Vec<(f32, &Line)>> = vec![Vec::new()];
    let mut y = MARGIN;
    for line in lines {
        y += line.down;
        if y > PAGE.1 - MARGIN {
            y = MARGIN + LINE;
            pages.push(Vec::new());
        }
        if let Some(page) = pages.last_mut() {
            page.push((y, line));
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::super::page::Section;
    use super::*;

    fn receipt(rows: usize) -> ReceiptPage {
        let row = |n: usize| Row { text: format!("Line {n}"), amount: "1.234,50 EUR".to_owned(), is_sum: n == 0 };
        ReceiptPage {
            language: "en",
            title: "Receipt book_x".to_owned(),
            facts: vec![("Guest", "Zoë Łukasiewicz, Київ, ¥ € 日本".to_owned()), ("Place", "x".repeat(500))],
            sections: vec![Section { title: "Price", rows: (0..rows).map(row).collect() }],
        }
    }

    fn face() -> &'static Face {
        REGULAR.as_ref().expect("a font")
    }

    #[test]
    fn a_receipt_is_a_pdf_and_the_same_receipt_the_same_bytes() {
        let pdf = render(&receipt(3)).expect("a PDF");
        assert!(pdf.starts_with(b"%PDF-") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
        assert_eq!(pdf, render(&receipt(3)).expect("a PDF"));
    }

    #[test]
    fn what_does_not_fit_on_a_page_is_on_the_next() {
        let (regular, bold) = (face(), BOLD.as_ref().expect("a font"));
        let lines = set(&receipt(200), regular, bold);
        let pages = pages(&lines);
        assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), lines.len());
        assert!(pages.len() > 3 && pages.iter().flatten().all(|(y, _)| (MARGIN..=PAGE.1 - MARGIN).contains(y)));
    }

    #[test]
    fn the_font_has_the_letters_of_europe_and_signs_of_currencies() {
        let known = |letter| face().metrics.charmap().map(letter).is_some();
        assert!("éüßÅłřşžñçœ€¥£₴₽₺ŒАяЇђΩάẞ\u{a0}\u{2019}\u{2212}".chars().all(known));
        assert_eq!(face().glyph('日'), face().glyph('?'));
    }

    #[test]
    fn long_words_and_many_words_are_wrapped() {
        let lines = face().wrap(&format!("{} and a few words more than fit", "W".repeat(40)), SIZE, 100.0);
        assert!(lines.len() > 4 && lines.iter().all(|line| face().width(line, SIZE) <= 100.0), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', "").len(), 40 + "andafewwordsmorethanfit".len());
        assert_eq!(face().wrap("", SIZE, 100.0), [""]);
    }
}
