//! Pictures for listings that nobody has photographed: a sky, a hill and a house, in colours of their own.

use std::io::Cursor;

use anyhow::Result;
use image::{ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 800;

/// Sky above, sky at the horizon, ground, wall, roof.
type Palette = [[u8; 3]; 5];

const PALETTES: [Palette; 6] = [
    [[58, 123, 213], [190, 220, 255], [96, 153, 84], [238, 226, 203], [168, 72, 56]],
    [[242, 112, 89], [255, 220, 160], [120, 110, 72], [250, 240, 230], [92, 64, 51]],
    [[28, 40, 80], [130, 110, 160], [40, 70, 60], [210, 200, 190], [70, 60, 90]],
    [[120, 190, 220], [240, 250, 250], [194, 178, 128], [255, 255, 250], [40, 110, 160]],
    [[150, 170, 190], [225, 230, 235], [235, 240, 245], [150, 90, 60], [80, 60, 50]],
    [[255, 170, 120], [255, 235, 200], [150, 170, 90], [220, 140, 100], [110, 50, 40]],
];

/// The `number`th picture, as a JPEG.
pub(crate) fn jpeg(number: u32) -> Result<Vec<u8>> {
    let palette = &PALETTES[number as usize % PALETTES.len()];
    let house = House::of(number);
    let picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| Rgb(house.colour(palette, x, y)));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Jpeg)?;
    Ok(bytes.into_inner())
}

/// Where the house stands and how large it is, pixels.
struct House {
    left: u32,
    right: u32,
    eaves: u32,
    ridge: u32,
    ground: u32,
}

impl House {
    fn of(number: u32) -> Self {
        let (left, width, height) = (200 + number * 97 % 400, 300 + number * 61 % 200, 160 + number * 43 % 120);
        let ground = 620;
        Self { left, right: left + width, eaves: ground - height, ridge: ground - height - width / 3, ground }
    }

    fn colour(&self, [sky, horizon, grass, wall, roof]: &Palette, x: u32, y: u32) -> [u8; 3] {
        let middle = (self.left + self.right) / 2;
        let is_wall = (self.left..self.right).contains(&x) && (self.eaves..self.ground).contains(&y);
        // The roof reaches a little over the walls and grows narrower towards the ridge.
        let reach = (y.saturating_sub(self.ridge)) * ((self.right - self.left) / 2 + 30) / (self.eaves - self.ridge);
        if (self.ridge..self.eaves).contains(&y) && x.abs_diff(middle) <= reach {
            return *roof;
        }
        if is_wall {
            let (across, down) = ((x - self.left) % 110, (y - self.eaves) % 110);
            let is_window = (35..80).contains(&across) && (30..85).contains(&down);
            return if is_window { [255, 236, 160] } else { *wall };
        }
        // A hill: a wide arc, so that no two houses stand on the same line.
        let hill = 560 + x.abs_diff(middle) * x.abs_diff(middle) / 9_000;
        if y >= hill.min(self.ground) { mixed(grass, &[40, 60, 40], y - 540, 500) } else { mixed(sky, horizon, y, 620) }
    }
}

/// From one colour to another, `part` of `whole`.
fn mixed(from: &[u8; 3], to: &[u8; 3], part: u32, whole: u32) -> [u8; 3] {
    let part = part.min(whole);
    [0, 1, 2].map(|at| {
        let sum = u32::from(from[at]) * (whole - part) + u32::from(to[at]) * part;
        u8::try_from(sum / whole).unwrap_or(u8::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_can_be_read_differ_and_come_out_the_same_each_time() {
        let pictures: Vec<Vec<u8>> = (0..6).map(|number| jpeg(number).expect("drawn")).collect();
        for (number, picture) in pictures.iter().enumerate() {
            let read = image::load_from_memory(picture).expect("a picture");
            assert_eq!((read.width(), read.height()), (WIDTH, HEIGHT));
            assert!(pictures.iter().filter(|other| *other == picture).count() == 1, "{number} comes twice");
        }
        assert_eq!(jpeg(3).expect("drawn"), pictures[3]);
    }
}
