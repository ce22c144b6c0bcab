//! An uploaded image, looked at and made into what is shown: pure computation, in bounded memory. What is shown is
//! encoded anew from the pixels alone, so that nothing else of the upload (EXIF with the place it was taken at, say)
//! comes out of here.

use std::io::Cursor;

use domain::photo::{
    AVATAR_SIDES, MIN_AVATAR_PIXELS, MIN_PHOTO_PIXELS, PHOTO_WIDTHS, PhotoRejection, PhotoType, check_pixels,
};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

/// Enough for the pixels that are allowed, at 16 bits a channel, once.
const MAX_ALLOCATION_BYTES: u64 = 512 * 1024 * 1024;

/// Of what is shown, 1 to 100: differences are not seen above.
const JPEG_QUALITY: u8 = 82;

/// What is made of an upload.
#[derive(Clone, Debug)]
pub struct Variants {
    /// Upright width of the upload, in pixels.
    pub width: u32,
    /// Upright height of the upload, in pixels.
    pub height: u32,
    /// The JPEGs, by the width they are for.
    pub jpegs: Vec<(u32, Vec<u8>)>,
}

/// The variants of a photo that was declared to be of this type.
///
/// # Errors
/// Why it can't be shown.
pub fn variants(upload: &[u8], declared: PhotoType) -> Result<Variants, PhotoRejection> {
    let upright = decoded(upload, declared, MIN_PHOTO_PIXELS)?;
    let (width, height) = (upright.width(), upright.height());
    Ok(Variants { width, height, jpegs: shown_in(&upright, PHOTO_WIDTHS)? })
}

/// The squares of a picture of a person that was declared to be of this type: its middle.
///
/// # Errors
/// Why it can't be shown.
pub fn squares(upload: &[u8], declared: PhotoType) -> Result<Variants, PhotoRejection> {
    let upright = decoded(upload, declared, MIN_AVATAR_PIXELS)?;
    let (width, height) = (upright.width(), upright.height());
    let side = width.min(height);
    let square = imageops::crop_imm(&upright, (width - side) / 2, (height - side) / 2, side, side).to_image();
    Ok(Variants { width, height, jpegs: shown_in(&square, AVATAR_SIDES)? })
}

/// The JPEGs of an image, in each of these widths.
fn shown_in(image: &RgbImage, widths: [u32; 2]) -> Result<Vec<(u32, Vec<u8>)>, PhotoRejection> {
    widths.into_iter().map(|width| Ok((width, encoded(&narrowed(image, width))?))).collect()
}

/// The pixels, upright and opaque, of an image of at least so many.
fn decoded(upload: &[u8], declared: PhotoType, least: (u32, u32)) -> Result<RgbImage, PhotoRejection> {
    let mut reader =
        ImageReader::new(Cursor::new(upload)).with_guessed_format().map_err(|_| PhotoRejection::Unreadable)?;
    let found = match reader.format() {
        Some(ImageFormat::Jpeg) => PhotoType::Jpeg,
        Some(ImageFormat::Png) => PhotoType::Png,
        Some(ImageFormat::WebP) => PhotoType::Webp,
        _ => return Err(PhotoRejection::WrongType),
    };
    if found != declared {
        return Err(PhotoRejection::WrongType);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATION_BYTES);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(rejection)?;
    // Broken metadata is no metadata: the pixels are what counts.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = decoder.dimensions();
    let is_on_its_side = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    // Before anything is decoded: a small file may hold more pixels than there is memory.
    if is_on_its_side {
        check_pixels(height, width, least)?
    } else {
        check_pixels(width, height, least)?
    }
    let mut image = DynamicImage::from_decoder(decoder).map_err(rejection)?;
    image.apply_orientation(orientation);
    Ok(opaque(image))
}

fn rejection(error: ImageError) -> PhotoRejection {
    match error {
        ImageError::Limits(_) => PhotoRejection::TooLarge,
        _ => PhotoRejection::Unreadable,
    }
}

/// JPEG knows no transparency: what is transparent becomes white.
fn opaque(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        let over_white = |channel: u8| {
            let sum = u16::from(channel) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        image::Rgb([over_white(red), over_white(green), over_white(blue)])
    })
}

/// At most this wide, in the same proportions.
fn narrowed(image: &RgbImage, width: u32) -> RgbImage {
    if image.width() <= width {
        return image.clone();
    }
    let height = (u64::from(image.height()) * u64::from(width) / u64::from(image.width())).max(1);
    imageops::resize(image, width, u32::try_from(height).unwrap_or(u32::MAX), FilterType::CatmullRom)
}

fn encoded(image: &RgbImage) -> Result<Vec<u8>, PhotoRejection> {
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY);
    image.write_with_encoder(encoder).map_err(|_| PhotoRejection::Unreadable)?;
    Ok(jpeg)
}
