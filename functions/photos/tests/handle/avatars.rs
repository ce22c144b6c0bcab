//! Pictures of people.

use std::io::Cursor;

use domain::id::AvatarId;
use domain::photo::{PhotoRejection, PhotoStatus, PhotoType};
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Rgb, RgbImage};
use services::avatars::{Avatar, NewAvatar, add, delete};
use services::users::User;
use testkit::{Kit, Person};

use crate::{file, halves, photographed, told_of};

/// A picture of this person, declared so and uploaded by the presigned request.
async fn uploaded(kit: &Kit, person: &Person, content_type: PhotoType, file: &[u8]) -> AvatarId {
    let bytes = u32::try_from(file.len()).expect("a small file");
    let new = &NewAvatar { id: AvatarId::new(), content_type, bytes };
    let upload = kit.services.photos.presign_upload(new.id.into(), content_type, bytes).await.expect("an address");
    let actor = &person.actor;
    let added = kit.services.write("test.add", |tx| async move { add(&tx, actor, *new).await }).await;
    assert_eq!(added.expect("a picture is added").avatar_upload().expect("it waits").status, PhotoStatus::Pending);
    let request = reqwest::Client::new().put(upload.url).header("content-type", content_type.as_str());
    let answer = request.body(file.to_vec()).send().await.expect("the storage answers");
    assert!(answer.status().is_success(), "{}", answer.status());
    new.id
}

async fn account(kit: &Kit, person: &Person) -> User {
    kit.services.user(person.id).await.expect("the account")
}

async fn worked_off(kit: &Kit, id: AvatarId) {
    photos::handle(&kit.services, told_of(id)).await.expect("worked off");
}

/// A size of a picture, if the storage has it.
async fn shown(avatar: &Avatar, side: u32) -> Option<Vec<u8>> {
    let url = format!("{}/photos/{}/{side}.jpg", avatar.base_url.as_deref().expect("it is ready"), avatar.id);
    let answer = reqwest::get(url).await.expect("the storage answers");
    if !answer.status().is_success() {
        return None;
    }
    assert_eq!(answer.headers()["content-type"], "image/jpeg");
    Some(answer.bytes().await.expect("a body").to_vec())
}

/// Thirds from left to right: red, green, blue.
fn thirds(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| match x * 3 / width {
        0 => Rgb([220, 20, 20]),
        1 => Rgb([20, 220, 20]),
        _ => Rgb([20, 20, 220]),
    })
}

#[tokio::test]
async fn the_middle_of_a_picture_becomes_squares_of_96_and_400_pixels() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let id = uploaded(&kit, &person, PhotoType::Png, &file(&thirds(1_500, 500), ImageFormat::Png)).await;
    worked_off(&kit, id).await;
    let user = account(&kit, &person).await;
    let avatar = user.avatar().expect("it is shown");
    assert_eq!((avatar.id, user.avatar_upload()), (id, None));
    for side in [96, 400] {
        let jpeg = shown(avatar, side).await.expect("it is there");
        let read = image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg).expect("a JPEG").into_rgb8();
        assert_eq!(read.dimensions(), (side, side));
        for (x, y) in [(4, 4), (side - 5, side - 5)] {
            let [red, green, blue] = read.get_pixel(x, y).0;
            assert!(green > 150 && red < 100 && blue < 100, "the middle is green");
        }
    }
    assert!(!kit.services.photos.is_uploaded(id.into()).await.expect("asked"), "the upload is gone");
    worked_off(&kit, id).await;
    assert_eq!(account(&kit, &person).await, user, "told again");
}

#[tokio::test]
async fn a_picture_is_upright_and_tells_nothing_of_where_it_was_taken_and_a_small_one_stays_small() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    // On its side: what was left is above when it is upright.
    let file = photographed(&halves(200, 200), 6);
    let id = uploaded(&kit, &person, PhotoType::Jpeg, &file).await;
    worked_off(&kit, id).await;
    let user = account(&kit, &person).await;
    let jpeg = shown(user.avatar().expect("it is shown"), 400).await.expect("it is there");
    for trace in [&b"SECRET-PLACE"[..], b"Exif", b"ICC_PROFILE"] {
        assert!(!jpeg.windows(trace.len()).any(|bytes| bytes == trace));
    }
    let mut decoder = ImageReader::with_format(Cursor::new(&jpeg), ImageFormat::Jpeg).into_decoder().expect("a JPEG");
    assert_eq!(decoder.exif_metadata().expect("read"), None);
    let read = DynamicImage::from_decoder(decoder).expect("a JPEG").into_rgb8();
    assert_eq!(read.dimensions(), (200, 200));
    let (above, below) = (read.get_pixel(100, 30).0, read.get_pixel(100, 170).0);
    assert!(above[0] > 150 && above[2] < 100 && below[0] < 100 && below[2] > 150, "{above:?} {below:?}");
}

#[tokio::test]
async fn the_picture_before_is_shown_until_the_next_is_ready_and_then_its_objects_go() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let good = file(&halves(300, 300), ImageFormat::Jpeg);
    let first = uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    worked_off(&kit, first).await;
    let old = account(&kit, &person).await.avatar().cloned().expect("it is shown");

    let bad = uploaded(&kit, &person, PhotoType::Jpeg, b"<html>hello</html>").await;
    assert_eq!(account(&kit, &person).await.avatar(), Some(&old), "while the next waits");
    worked_off(&kit, bad).await;
    let user = account(&kit, &person).await;
    let rejection = user.avatar_upload().and_then(|upload| upload.rejection);
    assert_eq!((user.avatar(), rejection), (Some(&old), Some(PhotoRejection::WrongType)));

    let second = uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    worked_off(&kit, second).await;
    let user = account(&kit, &person).await;
    assert_eq!((user.avatar().map(|avatar| avatar.id), user.avatar_upload()), (Some(second), None));
    assert_eq!(kit.services.sweep_avatars().await.expect("swept"), 2, "the first and the rejected one");
    for side in [96, 400] {
        assert_eq!(shown(&old, side).await, None);
        assert!(shown(user.avatar().expect("it is shown"), side).await.is_some());
    }
}

#[tokio::test]
async fn an_upload_that_was_replaced_or_taken_away_meanwhile_is_never_shown_and_leaves_nothing() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let good = file(&halves(300, 300), ImageFormat::Jpeg);
    let replaced = uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    let taken_away = uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    let actor = &person.actor;
    let gone = kit.services.write("test.delete", |tx| async move { delete(&tx, actor, |_| Ok(())).await }).await;
    gone.expect("it is taken away");
    for id in [replaced, taken_away] {
        worked_off(&kit, id).await;
        assert!(!kit.services.photos.is_uploaded(id.into()).await.expect("asked"));
    }
    assert_eq!(account(&kit, &person).await.avatars, []);
    assert_eq!(kit.services.sweep_avatars().await.expect("swept"), 2);
    assert!(kit.database.rows("SELECT 1 FROM avatars", &[]).await.is_empty());
}

#[tokio::test]
async fn a_picture_of_who_has_gone_meanwhile_is_never_shown() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let good = file(&halves(300, 300), ImageFormat::Jpeg);
    let id = uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    let actor = &person.actor;
    let gone =
        kit.services.write("test.erase", |tx| async move { services::erasures::erase(&tx, actor, |_| Ok(())).await });
    gone.await.expect("erased");
    worked_off(&kit, id).await;
    assert_eq!(kit.services.sweep_avatars().await.expect("swept"), 1);
    assert!(kit.database.rows("SELECT 1 FROM avatars", &[]).await.is_empty());
    let new = NewAvatar { id: AvatarId::new(), content_type: PhotoType::Jpeg, bytes: 1 };
    let refused = kit.services.write("test.add", |tx| async move { add(&tx, actor, new).await }).await;
    assert_eq!(refused.expect_err("nobody is there").code(), domain::error::ErrorCode::NotFound);
}

#[tokio::test]
async fn what_is_no_good_picture_is_rejected_and_says_why() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let png = file(&halves(200, 200), ImageFormat::Png);
    let narrow = file(&halves(95, 300), ImageFormat::Jpeg);
    let cases: Vec<(&str, PhotoType, Vec<u8>, PhotoRejection)> = vec![
        ("a PNG that was declared a JPEG", PhotoType::Jpeg, png.clone(), PhotoRejection::WrongType),
        ("half a PNG", PhotoType::Png, png[..png.len() / 2].to_vec(), PhotoRejection::Unreadable),
        ("a strip", PhotoType::Jpeg, narrow, PhotoRejection::TooSmall),
        ("a bomb", PhotoType::Png, crate::bomb(60_000, 60_000), PhotoRejection::TooLarge),
    ];
    for (name, content_type, file, why) in cases {
        let id = uploaded(&kit, &person, content_type, &file).await;
        worked_off(&kit, id).await;
        let user = account(&kit, &person).await;
        assert_eq!(user.avatar_upload().and_then(|upload| upload.rejection), Some(why), "{name}");
        assert!(!kit.services.photos.is_uploaded(id.into()).await.expect("asked"), "{name} is gone");
    }
    let id = uploaded(&kit, &person, PhotoType::Png, &png).await;
    kit.database.batch("UPDATE avatars SET bytes = bytes - 1 WHERE status = 'pending'").await;
    worked_off(&kit, id).await;
    let user = account(&kit, &person).await;
    assert_eq!(user.avatar_upload().and_then(|upload| upload.rejection), Some(PhotoRejection::WrongSize));
}

#[tokio::test]
async fn what_was_not_uploaded_within_a_day_is_swept_and_the_picture_stays() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let good = file(&halves(300, 300), ImageFormat::Jpeg);
    let first = uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    worked_off(&kit, first).await;
    uploaded(&kit, &person, PhotoType::Jpeg, &good).await;
    assert_eq!(kit.services.sweep_avatars().await.expect("swept"), 0);
    kit.database.batch("UPDATE avatars SET created_at = now() - interval '25 hours'").await;
    assert_eq!(kit.services.run_maintenance().await.swept_avatars, 1);
    let user = account(&kit, &person).await;
    assert_eq!((user.avatar().map(|avatar| avatar.id), user.avatar_upload()), (Some(first), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_pictures_asked_for_at_once_one_waits() {
    let kit = Kit::start().await;
    let person = kit.guest().await;
    let asked = (0..6).map(|_| {
        let (services, actor) = (kit.services.clone(), person.actor);
        tokio::spawn(async move {
            let new = NewAvatar { id: AvatarId::new(), content_type: PhotoType::Jpeg, bytes: 1 };
            let actor = &actor;
            services.write("test.add", |tx| async move { add(&tx, actor, new).await }).await
        })
    });
    for added in asked.collect::<Vec<_>>() {
        added.await.expect("no panic").expect("a picture is added");
    }
    let waiting: i64 = kit.database.value("SELECT count(*) FROM avatars WHERE status = 'pending'", &[]).await;
    assert_eq!(waiting, 1);
}
