//! The worker with messages as the queue delivers them, and photos as people take them.

mod avatars;

use std::fmt::Display;
use std::io::Cursor;

use domain::error::ErrorCode;
use domain::id::{PhotoId, PropertyId};
use domain::photo::{PhotoRejection, PhotoStatus, PhotoType};
use image::codecs::jpeg::JpegEncoder;
use image::{
    DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader, Rgb, RgbImage, Rgba, RgbaImage,
};
use runtime::Message;
use serde_json::json;
use services::photos::{NewPhoto, Photo, add};
use testkit::{Kit, Person};

fn told_of(id: impl Display) -> Message {
    let record = json!({ "eventName": "ObjectCreated:Put", "s3": { "object": { "key": format!("uploads/{id}") } } });
    Message { id: "m-1".to_owned(), body: json!({ "Records": [record] }).to_string(), receive_count: 1 }
}

/// The left half red, the right half blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) })
}

fn file(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("it can be written");
    bytes.into_inner()
}

/// EXIF with an orientation, a GPS block and a sentence to look for.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    // GPSInfo, whose block is at byte 38: one entry, the map datum.
    exif.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38, 0, 0, 0, 0]);
    exif.extend([0, 1, 0, 0x12, 0, 2, 0, 0, 0, 12, 0, 0, 0, 56, 0, 0, 0, 0]);
    exif.extend(b"SECRET-PLACE");
    exif
}

fn photographed(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif(orientation)).expect("EXIF can be set");
    encoder.write_image(image, image.width(), image.height(), image::ExtendedColorType::Rgb8).expect("encoded");
    bytes
}

struct Upload {
    host: Person,
    property_id: PropertyId,
    id: PhotoId,
}

/// A photo of a draft, declared so and uploaded by the presigned request.
async fn uploaded(kit: &Kit, content_type: PhotoType, file: &[u8]) -> Upload {
    let host = kit.host().await;
    let property_id = kit.draft(&host, |_| {}).await.id;
    let bytes = u32::try_from(file.len()).expect("a small file");
    let new = &NewPhoto { id: PhotoId::new(), content_type, bytes };
    let upload = kit.services.photos.presign_upload(new.id.into(), content_type, bytes).await.expect("an address");
    let actor = &host.actor;
    kit.services
        .write("test.add", |tx| async move { add(&tx, actor, property_id, *new).await })
        .await
        .expect("a photo is added");
    let request = reqwest::Client::new().put(upload.url).header("content-type", content_type.as_str());
    let answer = request.body(file.to_vec()).send().await.expect("the storage answers");
    assert!(answer.status().is_success(), "{}", answer.status());
    Upload { host, property_id, id: new.id }
}

async fn photo(kit: &Kit, upload: &Upload) -> Photo {
    let view = kit.services.property(Some(&upload.host.actor), upload.property_id).await.expect("the property");
    let found = view.property.photos.into_iter().find(|photo| photo.id == upload.id);
    found.expect("the photo is there")
}

async fn shown(photo: &Photo, width: u32) -> Vec<u8> {
    let url = format!("{}/photos/{}/{width}.jpg", photo.base_url.as_deref().expect("it is ready"), photo.id);
    let answer = reqwest::get(url).await.expect("the storage answers");
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    answer.bytes().await.expect("a body").to_vec()
}

#[tokio::test]
async fn an_upload_becomes_jpegs_of_480_and_1200_pixels_once_however_often_it_is_told_of() {
    let kit = Kit::start().await;
    for (content_type, format) in
        [(PhotoType::Jpeg, ImageFormat::Jpeg), (PhotoType::Png, ImageFormat::Png), (PhotoType::Webp, ImageFormat::WebP)]
    {
        let file = file(&halves(1_600, 1_000), format);
        let upload = uploaded(&kit, content_type, &file).await;
        assert_eq!(photo(&kit, &upload).await.status, PhotoStatus::Pending);
        photos::handle(&kit.services, told_of(upload.id)).await.expect("worked off");
        let ready = photo(&kit, &upload).await;
        assert_eq!((ready.status, ready.width, ready.height), (PhotoStatus::Ready, Some(1_600), Some(1_000)));
        for (width, height) in [(480, 300), (1_200, 750)] {
            let jpeg = shown(&ready, width).await;
            let read = ImageReader::with_format(Cursor::new(&jpeg), ImageFormat::Jpeg).decode().expect("a JPEG");
            assert_eq!((read.width(), read.height()), (width, height));
        }
        assert!(!kit.services.photos.is_uploaded(upload.id.into()).await.expect("asked"), "the upload is gone");
        photos::handle(&kit.services, told_of(upload.id)).await.expect("told again");
        assert_eq!(photo(&kit, &upload).await, ready);
    }
}

#[tokio::test]
async fn a_photo_is_turned_upright_and_tells_nothing_of_where_it_was_taken() {
    let kit = Kit::start().await;
    // On its side: what was left is above when it is upright.
    let file = photographed(&halves(1_000, 600), 6);
    assert!(file.windows(12).any(|bytes| bytes == b"SECRET-PLACE"));
    let upload = uploaded(&kit, PhotoType::Jpeg, &file).await;
    photos::handle(&kit.services, told_of(upload.id)).await.expect("worked off");
    let ready = photo(&kit, &upload).await;
    assert_eq!((ready.width, ready.height), (Some(600), Some(1_000)));
    let jpeg = shown(&ready, 480).await;
    for trace in [&b"SECRET-PLACE"[..], b"Exif", b"ICC_PROFILE"] {
        assert!(!jpeg.windows(trace.len()).any(|bytes| bytes == trace));
    }
    let mut decoder = ImageReader::with_format(Cursor::new(&jpeg), ImageFormat::Jpeg).into_decoder().expect("a JPEG");
    assert_eq!(decoder.exif_metadata().expect("read"), None);
    let read = DynamicImage::from_decoder(decoder).expect("a JPEG").into_rgb8();
    assert_eq!(read.dimensions(), (480, 800));
    let (above, below) = (read.get_pixel(240, 100).0, read.get_pixel(240, 700).0);
    assert!(above[0] > 150 && above[2] < 100 && below[0] < 100 && below[2] > 150, "{above:?} {below:?}");
}

#[tokio::test]
async fn what_is_transparent_becomes_white_and_what_is_small_is_not_made_larger() {
    let kit = Kit::start().await;
    let mut bytes = Cursor::new(Vec::new());
    RgbaImage::from_pixel(400, 250, Rgba([255, 0, 0, 0])).write_to(&mut bytes, ImageFormat::Png).expect("written");
    let file = bytes.into_inner();
    let upload = uploaded(&kit, PhotoType::Png, &file).await;
    photos::handle(&kit.services, told_of(upload.id)).await.expect("worked off");
    let jpeg = shown(&photo(&kit, &upload).await, 1_200).await;
    let read = image::load_from_memory(&jpeg).expect("a JPEG").into_rgb8();
    assert_eq!(read.dimensions(), (400, 250));
    assert!(read.get_pixel(200, 100).0.iter().all(|channel| *channel > 250));
}

/// A PNG of a few bytes that says it has so many pixels.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut file = file(&halves(320, 200), ImageFormat::Png);
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&file[12..29]);
    file[29..33].copy_from_slice(&crc.to_be_bytes());
    file
}

/// The checksum of a PNG's chunk (PNG specification, annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    })
}

#[tokio::test]
async fn what_is_no_good_photo_is_rejected_and_says_why() {
    let kit = Kit::start().await;
    let good = file(&halves(640, 400), ImageFormat::Jpeg);
    let png = file(&halves(640, 400), ImageFormat::Png);
    let cases: Vec<(&str, PhotoType, Vec<u8>, PhotoRejection)> = vec![
        ("a PNG that was declared a JPEG", PhotoType::Jpeg, png.clone(), PhotoRejection::WrongType),
        ("a web page", PhotoType::Jpeg, b"<html>hello</html>".to_vec(), PhotoRejection::WrongType),
        ("a script that begins as a GIF", PhotoType::Png, b"GIF89a/*".to_vec(), PhotoRejection::WrongType),
        ("half a JPEG", PhotoType::Jpeg, good[..60].to_vec(), PhotoRejection::Unreadable),
        ("half a PNG", PhotoType::Png, png[..png.len() / 2].to_vec(), PhotoRejection::Unreadable),
        ("a thumbnail", PhotoType::Jpeg, file(&halves(319, 400), ImageFormat::Jpeg), PhotoRejection::TooSmall),
        ("a bomb", PhotoType::Png, bomb(60_000, 60_000), PhotoRejection::TooLarge),
        ("a larger bomb", PhotoType::Png, bomb(0x7fff_ffff, 0x7fff_ffff), PhotoRejection::TooLarge),
    ];
    for (name, content_type, file, why) in cases {
        let upload = uploaded(&kit, content_type, &file).await;
        photos::handle(&kit.services, told_of(upload.id)).await.expect(name);
        let rejected = photo(&kit, &upload).await;
        assert_eq!((rejected.status, rejected.rejection), (PhotoStatus::Rejected, Some(why)), "{name}");
        assert_eq!(rejected.base_url, None);
        assert!(!kit.services.photos.is_uploaded(upload.id.into()).await.expect("asked"), "{name} is gone");
    }
    // The storage itself takes no other size than was signed; nor would we.
    for change in ["+ 1", "- 1"] {
        let upload = uploaded(&kit, PhotoType::Jpeg, &good).await;
        kit.database.batch(&format!("UPDATE photos SET bytes = bytes {change} WHERE status = 'pending'")).await;
        photos::handle(&kit.services, told_of(upload.id)).await.expect("worked off");
        assert_eq!(photo(&kit, &upload).await.rejection, Some(PhotoRejection::WrongSize));
    }
}

#[tokio::test]
async fn a_photo_taken_away_meanwhile_leaves_nothing_behind() {
    let kit = Kit::start().await;
    let file = file(&halves(640, 400), ImageFormat::Jpeg);
    let upload = uploaded(&kit, PhotoType::Jpeg, &file).await;
    let (actor, ids) = (&upload.host.actor, (upload.property_id, upload.id));
    kit.services
        .write("test.delete", |tx| async move { services::photos::delete(&tx, actor, ids, |_| Ok(())).await })
        .await
        .expect("it is taken away");
    photos::handle(&kit.services, told_of(upload.id)).await.expect("worked off");
    assert!(!kit.services.photos.is_uploaded(upload.id.into()).await.expect("asked"));
    assert_eq!(kit.services.sweep_photos().await.expect("swept"), 1);
    assert!(kit.database.rows("SELECT 1 FROM photos", &[]).await.is_empty());
}

#[tokio::test]
async fn what_was_not_uploaded_within_a_day_is_swept() {
    let kit = Kit::start().await;
    let file = file(&halves(640, 400), ImageFormat::Jpeg);
    let upload = uploaded(&kit, PhotoType::Jpeg, &file).await;
    assert_eq!(kit.services.sweep_photos().await.expect("swept"), 0);
    kit.database.batch("UPDATE photos SET created_at = now() - interval '25 hours'").await;
    assert_eq!(kit.services.sweep_photos().await.expect("swept"), 1);
    assert!(!kit.services.photos.is_uploaded(upload.id.into()).await.expect("asked"));
    let view = kit.services.property(Some(&upload.host.actor), upload.property_id).await.expect("the property");
    assert_eq!(view.property.photos, []);
}

#[tokio::test]
async fn messages_of_other_things_do_no_harm() {
    let kit = Kit::start().await;
    let message = |body: String| Message { id: "m-1".to_owned(), body, receive_count: 1 };
    let test_event = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos" });
    let other = json!({ "Records": [{ "s3": { "object": { "key": "uploads/../photo_x" } } }] });
    for body in [test_event.to_string(), other.to_string()] {
        photos::handle(&kit.services, message(body)).await.expect("worked off");
    }
    photos::handle(&kit.services, told_of(PhotoId::new())).await.expect("an upload of nobody's");
    for body in ["", "garbage", "7", "{\"Records\": [{}]}"] {
        let error = photos::handle(&kit.services, message(body.to_owned())).await.expect_err(body);
        assert_eq!(error.code(), ErrorCode::Internal);
    }
}
