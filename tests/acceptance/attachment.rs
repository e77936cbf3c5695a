//! Files: streamed to disk, bound to their sender and their ticket, kept under names of ours, only ever downloaded
//! (AT-FILE-1, AT-XSS-3).

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{TimeDelta, Utc};
use futures_util::stream;
use support::browser::Browser;
use support::client::{Client, Reply};
use support::database;
use tierdesk_desk::DeskError;
use tierdesk_desk::attachment::Swept;
use tierdesk_desk::conversation::{Afterwards, Message};
use tierdesk_domain::id::{EventId, TicketId};
use tierdesk_domain::ticket::ResolutionCode;
use tierdesk_domain::tier::Tier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::requester::Scene;

const FORM: &str = "/tickets/new";
const MIB: usize = 1024 * 1024;

/// Sends a form whose bytes are given.
async fn send(client: &Client, scene: &Scene, path: &str, body: Body) -> Reply {
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz")
        .header("sec-fetch-site", "same-origin")
        .header(header::ORIGIN, &scene.desk.base_url)
        .body(body);
    client.send(request.unwrap()).await
}

/// A form with the fields, and a file whose headers are given.
fn form(fields: &[(&str, &str)], head: &[u8], content: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    body.extend_from_slice(b"--xyz\r\n");
    body.extend_from_slice(head);
    body.extend_from_slice(b"\r\n\r\n");
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--xyz--\r\n");
    body
}

/// The address of the only file on a page.
fn only_file(page: &support::html::Page) -> String {
    let files = page.attributes(".file-list a", "href");
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// All files below a folder, by their path in it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}

fn stored(scene: &Scene) -> Vec<PathBuf> {
    files_below(&scene.desk.desk.settings.attachment_dir)
}

async fn rows(scene: &Scene) -> i64 {
    let mut conn = database::connect(&scene.desk.database).await;
    sqlx::query_scalar("select count(*) from attachment")
        .fetch_one(&mut conn)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_file_comes_back_as_it_was_sent() {
    let scene = Scene::new().await;
    let content: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
    let fields = scene.filled("My chair squeaks");
    let filed = scene
        .client
        .upload(FORM, &fields, &[("files", "squeak.bin", &content)])
        .await;
    let page = scene.client.get(&filed.location()).await.page();
    assert_eq!(page.text(".file-list a"), "squeak.bin");
    let file = scene.client.get(&only_file(&page)).await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.bytes, content);
    assert_eq!(file.header("content-length"), Some("100000"));
    // A message may be a file and nothing else.
    let answer = filed.location().replace("?said=filed", "/answer");
    let sent = scene
        .client
        .upload(&answer, &[], &[("files", "again.txt", b"squeak")])
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn whatever_a_file_is_or_claims_to_be_it_is_only_ever_downloaded() {
    let scene = Scene::new().await;
    let page = b"<html><script>alert(1)</script></html>".as_slice();
    let binary = "application/octet-stream";
    // Name, what its sender claims, content, and what we send it as.
    for (name, claim, content, sent_as) in [
        (
            "drawing.svg",
            "image/svg+xml",
            b"<svg onload='alert(1)'/>".as_slice(),
            binary,
        ),
        ("page.html", "text/html", page, binary),
        ("page.xhtml", "application/xhtml+xml", page, binary),
        ("data.xml", "text/xml", b"<?xml version='1.0'?><x/>", binary),
        (
            "form.pdf",
            "application/pdf",
            b"%PDF-1.7 /JavaScript",
            "application/pdf",
        ),
        ("notes.txt", "text/html", page, "text/plain; charset=utf-8"),
        ("lying.png", "image/png", page, binary),
        ("lying.pdf", "application/pdf", page, binary),
        (
            "real.png",
            "text/html",
            b"\x89PNG\r\n\x1a\n0000IHDR",
            "image/png",
        ),
        ("unknown", "x/y", page, binary),
        ("script.js", "text/javascript", b"alert(1)", binary),
        (
            "sheet.csv",
            "text/csv",
            b"=cmd|'/c calc'!A1",
            "text/csv; charset=utf-8",
        ),
        ("broken.html", "text/html\x01;;charset=\"", page, binary),
        ("nothing.html", "", page, binary),
        (
            "twice.html",
            "text/html\r\nContent-Type: image/png",
            page,
            binary,
        ),
    ] {
        let head = format!(
            "Content-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: {claim}"
        );
        let body = form(&scene.filled(name), head.as_bytes(), content);
        let filed = send(&scene.client, &scene, FORM, body.into()).await;
        if filed.status == StatusCode::BAD_REQUEST {
            // A header that is none at all may be refused as a whole; it is never kept.
            assert!(claim.contains('\x01'), "{name}");
            continue;
        }
        let page = scene.client.get(&filed.location()).await.page();
        let file = scene.client.get(&only_file(&page)).await;
        let value = |header| file.header(header).unwrap_or_default().to_owned();
        assert_eq!(value("content-type"), sent_as, "{name}");
        assert!(
            value("content-disposition").starts_with("attachment; filename=\""),
            "{name}"
        );
        assert_eq!(value("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(
            value("content-security-policy"),
            "sandbox; default-src 'none'",
            "{name}"
        );
        assert_eq!(
            value("cross-origin-resource-policy"),
            "same-origin",
            "{name}"
        );
        assert_eq!(file.bytes, content, "{name}");
    }
}

#[tokio::test]
async fn no_name_leaves_the_store_or_deceives_whoever_reads_it() {
    let scene = Scene::new().await;
    let long = format!("{}.pdf", "n".repeat(300));
    let names = [
        "../beside-the-store",
        "..\\\\x",
        "../../../../etc/passwd",
        "%2e%2e%2fx",
        "/etc/cron.d/x",
        "nul\0byte.txt",
        "CON",
        "com1.txt",
        "trailing. . ",
        "zero\u{200b}width.txt",
        "\u{200b}.htaccess",
        "annual\u{202e}fdp.exe",
        ".htaccess",
        "a\tb.txt",
        "quo\\\"te.txt",
        "semi;colon.txt",
        "ünïcode 写真.jpg",
        long.as_str(),
    ];
    let mut taken = 0;
    for (n, name) in names.into_iter().enumerate() {
        let head = format!("Content-Disposition: form-data; name=\"files\"; filename=\"{name}\"");
        let title = format!("Chair {n}");
        let body = form(&scene.filled(&title), head.as_bytes(), b"x");
        let filed = send(&scene.client, &scene, FORM, body.into()).await;
        if name.contains('\0') {
            // No browser sends it, and no header can hold it.
            assert_eq!(filed.status, StatusCode::BAD_REQUEST);
            continue;
        }
        taken += 1;
        let page = scene.client.get(&filed.location()).await.page();
        let shown = page.text(".file-list a");
        let file = scene.client.get(&only_file(&page)).await;
        let disposition = file.header("content-disposition").unwrap().to_owned();
        let plain = disposition.split('"').nth(1).unwrap();
        for bad in ["/", "\\", "..", "%", "\0"] {
            assert!(!plain.contains(bad), "{name:?}: {disposition}");
            assert!(!shown.contains(bad), "{name:?}: {shown}");
        }
        assert!(!plain.is_empty() && !plain.starts_with('.') && plain.len() <= 201);
        assert!(
            !shown
                .chars()
                .any(|c| c.is_control() || "\u{200b}\u{202e}".contains(c)),
            "{shown:?}"
        );
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
        assert!(disposition.contains("filename*=UTF-8''"), "{disposition}");
        assert!(disposition.is_ascii());
    }
    let kept = stored(&scene);
    assert_eq!(kept.len(), taken);
    for path in kept {
        let parts: Vec<_> = path
            .iter()
            .map(|it| it.to_str().unwrap().to_owned())
            .collect();
        let [shelf, name] = parts.as_slice() else {
            panic!("{path:?}");
        };
        assert!(
            name.starts_with(shelf.as_str()) && name.len() == 40,
            "{path:?}"
        );
        assert!(name.bytes().all(|b| b.is_ascii_hexdigit()), "{path:?}");
    }
    // Beside the store nothing came into being.
    let dir = &scene.desk.desk.settings.attachment_dir;
    assert!(!dir.parent().unwrap().join("beside-the-store").exists());
}

#[tokio::test]
async fn a_file_may_have_25_mib_and_not_a_byte_more() {
    let scene = Scene::new().await;
    let content = vec![b'x'; 25 * MIB + 1];
    for (size, fits) in [
        (25 * MIB - 1, true),
        (25 * MIB, true),
        (25 * MIB + 1, false),
    ] {
        let fields = scene.filled("My chair squeaks");
        let reply = scene
            .client
            .upload(FORM, &fields, &[("files", "large.bin", &content[..size])])
            .await;
        if fits {
            assert_eq!(reply.status, StatusCode::SEE_OTHER, "{size}");
            continue;
        }
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{size}");
        let page = reply.page();
        let sentence = page.text("#files-e");
        assert!(
            sentence.contains("large.bin") && sentence.contains("25 MB"),
            "{sentence}"
        );
        assert_eq!(page.attribute("#title", "value"), "My chair squeaks");
        assert!(!page.has(".file-list"));
    }
    assert_eq!((stored(&scene).len(), rows(&scene).await), (2, 2));
}

#[tokio::test]
async fn a_message_takes_ten_files_and_a_person_has_fifty_waiting() {
    let scene = Scene::new().await;
    let names: Vec<String> = (0..11).map(|n| format!("{n}.txt")).collect();
    let files: Vec<(&str, &str, &[u8])> = names
        .iter()
        .map(|name| ("files", name.as_str(), b"x".as_slice()))
        .collect();
    for (count, status) in [(9, 303), (10, 303), (11, 422)] {
        let fields = scene.filled("My chair squeaks");
        let reply = scene.client.upload(FORM, &fields, &files[..count]).await;
        assert_eq!(reply.status.as_u16(), status, "{count}");
        if status == 422 {
            let page = reply.page();
            assert!(page.text("#files-e").contains("10.txt"));
            assert_eq!(page.attributes("[name=remove]", "value").len(), 10);
        }
    }
    // Ten wait already; forms that are never sent bring the rest.
    for round in 0..5 {
        let reply = scene
            .client
            .upload(FORM, &[("do", "send")], &files[..10])
            .await;
        let waiting = reply.page().attributes("[name=remove]", "value").len();
        assert_eq!(waiting, if round < 4 { 10 } else { 0 }, "round {round}");
    }
    let waiting: i64 = {
        let mut conn = database::connect(&scene.desk.database).await;
        sqlx::query_scalar("select count(*) from attachment where draft_id is not null")
            .fetch_one(&mut conn)
            .await
            .unwrap()
    };
    assert_eq!(waiting, 50);
}

#[tokio::test]
async fn a_ticket_for_which_two_uploads_at_once_brought_an_eleventh_file_is_not_filed_by_halves() {
    let scene = Scene::new().await;
    let files: [(&str, &str, &[u8]); 10] = [("files", "note.txt", b"x"); 10];
    let waiting = scene
        .client
        .upload(FORM, &[("do", "send")], &files)
        .await
        .page();
    let form = waiting.attribute("[name=form]", "value");
    let mut owner = database::connect(&scene.desk.database).await;
    let another = "insert into attachment (id, uploader_id, draft_id, visibility, name, media_type, size, sha256, stored_as, created_at, expires_at)
                   select gen_random_uuid(), uploader_id, draft_id, visibility, 'eleventh.txt', media_type, size, sha256, stored_as, created_at, expires_at
                   from attachment limit 1";
    sqlx::query(another).execute(&mut owner).await.unwrap();
    let mut fields = scene.filled("My chair squeaks");
    fields.push(("form", &form));
    let refused = scene.client.upload(FORM, &fields, &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let left = "select (select count(*) from ticket), (select count(*) from attachment where draft_id is not null)";
    let left: (i64, i64) = sqlx::query_as(left).fetch_one(&mut owner).await.unwrap();
    assert_eq!(left, (0, 11), "no ticket, and every file still waits");
}

#[tokio::test]
async fn an_empty_file_is_refused_with_its_name_and_an_unused_field_is_none() {
    let scene = Scene::new().await;
    let fields = scene.filled("My chair squeaks");
    let reply = scene
        .client
        .upload(FORM, &fields, &[("files", "empty.txt", b"")])
        .await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.page().text("#files-e").contains("empty.txt"));
    let reply = scene
        .client
        .upload(FORM, &fields, &[("files", "", b"")])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    assert_eq!(rows(&scene).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_on_disk_while_the_rest_is_still_on_its_way() {
    let scene = Scene::new().await;
    let address = scene.desk.serve().await;
    let host = address.trim_start_matches("http://").to_owned();
    let dir = scene.desk.desk.settings.attachment_dir.clone();
    let written = || -> usize {
        files_below(&dir)
            .iter()
            .map(|it| usize::try_from(dir.join(it).metadata().unwrap().len()).unwrap())
            .sum()
    };
    let file = |n: usize| {
        format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{n}.bin\"\r\n\r\n"
        )
    };
    let fields = form(&scene.filled("My chair squeaks"), b"", b"");
    let fields = &fields[..fields.len() - "--xyz\r\n\r\n\r\n\r\n--xyz--\r\n".len()];
    let (files, size) = (4, 24 * MIB);
    let length = fields.len() + files * (file(0).len() + size + 2) + "--xyz--\r\n".len();
    let head = format!(
        "POST {FORM} HTTP/1.1\r\nHost: {host}\r\nOrigin: {address}\r\nCookie: session={}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: {length}\r\n\r\n",
        scene.client.cookie().unwrap()
    );
    let mut stream = tokio::net::TcpStream::connect(&host.replace("localhost", "127.0.0.1"))
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(fields).await.unwrap();
    let piece = vec![b'x'; 256 * 1024];
    let (mut sent, mut most) = (0, 0);
    for n in 0..files {
        stream.write_all(file(n).as_bytes()).await.unwrap();
        for _ in 0..size / piece.len() {
            stream.write_all(&piece).await.unwrap();
            sent += piece.len();
            most = most.max(sent - written().min(sent));
        }
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"--xyz--\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    assert_eq!(written(), sent);
    // What the connection itself buffers is among these.
    assert!(most <= 16 * MIB, "{most} of {sent} bytes were not on disk");
}

/// Waits until a file of an upload that is still on its way has come to the disk: by then its handler has long begun.
async fn until_it_arrives(scene: &Scene) {
    for _ in 0..400 {
        if !stored(scene).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing of the upload came to the disk");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_long_on_its_way_happens_when_it_has_come() {
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    let address = scene.desk.serve().await;
    let host = address.trim_start_matches("http://").to_owned();
    let head = b"Content-Disposition: form-data; name=\"files\"; filename=\"squeak.bin\"";
    let body = form(&[("body", "Here it is")], head, &vec![b'x'; MIB]);
    let (first, second) = body.split_at(body.len() - 64 * 1024);
    let head = format!(
        "POST /my/{number}/answer HTTP/1.1\r\nHost: {host}\r\nOrigin: {address}\r\nCookie: session={}\r\n\
         Connection: close\r\nContent-Type: multipart/form-data; boundary=xyz\r\nContent-Length: {}\r\n\r\n",
        scene.client.cookie().unwrap(),
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(&host.replace("localhost", "127.0.0.1"))
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(first).await.unwrap();
    until_it_arrives(&scene).await;

    scene.desk.clock.advance(TimeDelta::seconds(20));
    scene.reply(id, "Then wait", Afterwards::Pending).await;
    let mut owner = database::connect(&scene.desk.database).await;
    let newest = "select id from event where ticket_id = $1 order by at desc, id desc limit 1";
    let seen: Uuid = sqlx::query_scalar(newest)
        .bind(id.0)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    scene.desk.clock.advance(TimeDelta::seconds(40));
    stream.write_all(second).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");

    assert_eq!(scene.desk.stands(id).await.status, "open");
    let told = scene.desk.timeline(id).await;
    let asked = told.iter().rposition(|entry| entry.kind == "ask");
    let replied = told.iter().rposition(|entry| entry.kind == "reply");
    assert!(asked > replied, "{told:?}");
    let changed: Vec<_> = told.iter().filter(|it| it.kind == "status").collect();
    assert_eq!(changed.last().unwrap().data["to"], "open");
    let clock = "select state from ticket_clock where ticket_id = $1 and metric = 'resolution'";
    let clock: String = sqlx::query_scalar(clock)
        .bind(id.0)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(clock, "running", "an open ticket waits for nobody");
    // Nor can the engineer end it over what they have not read.
    let samir = scene.desk.caller(&scene.samir).await;
    let message = Message {
        text: "Done.",
        files: None,
        seen: Some(EventId(seen)),
    };
    let now = scene.desk.now();
    let desk = &scene.desk.desk;
    let done = desk
        .resolve(&samir, id, ResolutionCode::Fixed, message, now)
        .await;
    assert!(matches!(done, Err(DeskError::Conflict)), "{done:?}");
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing_behind() {
    let scene = Scene::new().await;
    let head = form(
        &scene.filled("My chair squeaks"),
        b"Content-Disposition: form-data; name=\"files\"; filename=\"half.bin\"",
        &vec![b'x'; 3 * MIB],
    );
    let half = Bytes::from(head[..2 * MIB].to_vec());
    let body = stream::iter([
        Ok(half),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]);
    let reply = send(&scene.client, &scene, FORM, Body::from_stream(body)).await;
    assert!(reply.status.is_client_error(), "{}", reply.status);
    assert_eq!((stored(&scene).len(), rows(&scene).await), (0, 0));
}

#[tokio::test]
async fn a_form_that_comes_back_keeps_its_files_and_gives_one_back() {
    let scene = Scene::new().await;
    let files: [(&str, &str, &[u8]); 2] = [("files", "one.txt", b"1"), ("files", "two.txt", b"2")];
    let back = scene
        .client
        .upload(FORM, &[("title", "My chair squeaks")], &files)
        .await
        .page();
    assert_eq!(
        back.texts(".file-list b"),
        ["one.txt", "two.txt"],
        "they need not be sent again"
    );
    // Opened again, or after a restart, they are still there.
    let back = scene.client.get(FORM).await.page();
    let form_id = back.attribute("[name=form]", "value");
    let first = back.attribute("[name=remove]", "value");
    let mut fields = scene.filled("My chair squeaks");
    fields.insert(0, ("form", &form_id));
    fields.pop();
    fields.push(("remove", &first));
    let without = scene.client.upload(FORM, &fields, &[]).await;
    assert_eq!(without.status, StatusCode::OK);
    assert_eq!(without.page().texts(".file-list b"), ["two.txt"]);
    assert_eq!(
        without.page().attribute("#title", "value"),
        "My chair squeaks"
    );
    let twice = scene.client.upload(FORM, &fields, &[]).await;
    assert_eq!(twice.status, StatusCode::OK, "pressed twice");
    fields.pop();
    fields.push(("do", "send"));
    let filed = scene.client.upload(FORM, &fields, &[]).await;
    let page = scene.client.get(&filed.location()).await.page();
    assert_eq!(page.text(".file-list a"), "two.txt");
    assert_eq!(stored(&scene).len(), 1, "what was taken out is gone");
}

#[tokio::test]
async fn files_wait_a_day_for_their_form_and_not_a_second_longer() {
    let scene = Scene::new().await;
    let (id, number) = scene.file("My chair squeaks").await;
    let answer = format!("/my/{number}/answer");
    let wait = async |name: &str| {
        let long = "x".repeat(50_001);
        let reply = scene
            .desk
            .sign_in(&scene.priya)
            .await
            .upload(&answer, &[("body", &long)], &[("files", name, b"x")])
            .await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let day = TimeDelta::hours(24);
    for (name, after, kept) in [
        ("in-time.txt", day - TimeDelta::seconds(1), true),
        ("on-the-hour.txt", day, false),
        ("late.txt", day + TimeDelta::seconds(1), false),
    ] {
        wait(name).await;
        scene.desk.clock.advance(after);
        let client = scene.desk.sign_in(&scene.priya).await;
        let page = client.get(&format!("/my/{number}")).await.page();
        assert_eq!(
            page.texts(".file-list b"),
            [name].as_slice()[..usize::from(kept)]
        );
        let swept = scene.desk.desk.sweep_files(scene.desk.now()).await.unwrap();
        assert_eq!(swept.expired, usize::from(!kept), "{name}");
        let sent = client.upload(&answer, &[("body", name)], &[]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
        let attached: Vec<String> = {
            let mut conn = database::connect(&scene.desk.database).await;
            sqlx::query_scalar("select name from attachment where ticket_id = $1")
                .bind(id.0)
                .fetch_all(&mut conn)
                .await
                .unwrap()
        };
        assert_eq!(attached, ["in-time.txt"]);
    }
    assert_eq!(stored(&scene).len(), 1);
    // What no row speaks of goes after a day as well, and what one speaks of stays.
    let shelf = scene.desk.desk.settings.attachment_dir.join("00");
    std::fs::create_dir_all(&shelf).unwrap();
    std::fs::write(shelf.join("00orphan"), b"x").unwrap();
    let now = Utc::now();
    let none = Swept::default();
    assert_eq!(scene.desk.desk.sweep_files(now).await.unwrap(), none);
    let swept = scene.desk.desk.sweep_files(now + day + day).await.unwrap();
    assert_eq!(swept.orphans, 1);
    assert_eq!(stored(&scene).len(), 1);
}

#[tokio::test]
async fn files_that_wait_belong_to_their_sender_and_to_their_ticket() {
    let scene = Scene::new().await;
    let (_, first) = scene.file("My chair squeaks").await;
    let (second_id, second) = scene.file("My desk squeaks").await;
    let long = "x".repeat(50_001);
    let page = scene
        .client
        .upload(
            &format!("/my/{first}/answer"),
            &[("body", &long)],
            &[("files", "mine.txt", b"x")],
        )
        .await
        .page();
    let file = page.attribute("[name=remove]", "value");
    let mut conn = database::connect(&scene.desk.database).await;
    let form_id: Uuid = sqlx::query_scalar("select draft_id from attachment")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    let form_id = form_id.to_string();

    // A file that waits is nobody's to download, not even its sender's.
    let waiting = scene.client.get(&format!("/attachments/{file}")).await;
    assert_eq!(waiting.status, StatusCode::NOT_FOUND);

    // Another ticket's answer does not take it, whatever it says.
    let sent = scene
        .client
        .upload(
            &format!("/my/{second}/answer"),
            &[("form", &form_id), ("body", "x")],
            &[],
        )
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let taken = async |ticket: TicketId| -> i64 {
        let mut conn = database::connect(&scene.desk.database).await;
        sqlx::query_scalar("select count(*) from attachment where ticket_id = $1")
            .bind(ticket.0)
            .fetch_one(&mut conn)
            .await
            .unwrap()
    };
    assert_eq!(taken(second_id).await, 0);

    // Another person can neither send nor remove it.
    let tom = scene.desk.requester("Tom Okafor").await;
    let tom = scene.desk.sign_in(&tom).await;
    let mut fields = scene.filled("My lamp squeaks");
    fields.insert(0, ("form", &form_id));
    let filed = tom.upload(FORM, &fields, &[]).await;
    let page = tom.get(&filed.location()).await.page();
    assert!(!page.has(".file-list"));
    fields.pop();
    fields.push(("remove", &file));
    tom.upload(FORM, &fields, &[]).await;
    assert_eq!((rows(&scene).await, stored(&scene).len()), (1, 1));

    // Its own ticket takes it, also when the page was opened anew.
    let address = format!("/my/{first}");
    let page = scene.client.get(&address).await.page();
    assert_eq!(page.texts(".file-list b"), ["mine.txt"]);
    let sent = scene
        .client
        .upload(&format!("{address}/answer"), &[("body", "Here")], &[])
        .await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let page = scene.client.get(&address).await.page();
    assert_eq!(page.texts(".timeline .file-list a"), ["mine.txt"]);
}

#[tokio::test]
async fn a_file_is_for_whoever_may_read_its_entry_and_for_others_there_is_none() {
    let scene = Scene::new().await;
    let (id, number) = scene.with_people("My chair squeaks").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let message = format!("/tickets/{number}/message");
    for (mode, name) in [("reply", "for-you.txt"), ("note", "between-us.txt")] {
        let fields = [("mode", mode), ("body", "See the file")];
        let sent = samir
            .upload(&message, &fields, &[("files", name, b"x")])
            .await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER);
    }
    let page = samir.get(&format!("/tickets/{number}")).await.page();
    assert_eq!(
        page.texts(".timeline .file-list a"),
        ["for-you.txt", "between-us.txt"]
    );
    let files = page.attributes(".timeline .file-list a", "href");
    let (public, internal) = (&files[0], &files[1]);
    let page = scene.client.get(&format!("/my/{number}")).await.page();
    assert_eq!(page.texts(".timeline .file-list a"), ["for-you.txt"]);

    let daniel = scene
        .desk
        .engineer("Daniel Kim", "Identity", Tier::L2)
        .await;
    let tom = scene.desk.requester("Tom Okafor").await;
    let ines = scene.desk.administrator("Ines Roth").await;
    let mara = scene.desk.manager("Mara Lind").await;
    let nothing = format!("/attachments/{}", Uuid::now_v7());
    for (someone, may_public, may_internal) in [
        (&scene.priya, true, false),
        (&scene.samir, true, true),
        (&daniel, true, true),
        (&mara, true, true),
        (&tom, false, false),
        (&ines, false, false),
    ] {
        let client = scene.desk.sign_in(someone).await;
        let none = client.get(&nothing).await;
        for (address, may) in [(public, may_public), (internal, may_internal)] {
            let file = client.get(address).await;
            let who = format!("{} {address}", someone.name);
            if may {
                assert_eq!(
                    (file.status, file.body.as_str()),
                    (StatusCode::OK, "x"),
                    "{who}"
                );
            } else {
                assert_eq!(file.status, StatusCode::NOT_FOUND, "{who}");
                assert_eq!(file.bytes.len(), none.bytes.len(), "{who}");
                assert_eq!(file.headers.len(), none.headers.len(), "{who}");
            }
        }
    }
    let visitor = scene.desk.visitor().get(public).await;
    assert_ne!(visitor.status, StatusCode::OK);
    // A team that keeps its tickets to itself keeps their files, too.
    let mut owner = database::connect(&scene.desk.database).await;
    sqlx::query(
        "update team set restricted = true where id = (select team_id from ticket where id = $1)",
    )
    .bind(id.0)
    .execute(&mut owner)
    .await
    .unwrap();
    let client = scene.desk.sign_in(&daniel).await;
    for address in [public, internal] {
        assert_eq!(client.get(address).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_composer_keeps_what_it_received_and_what_was_typed_until_it_is_sent() {
    let scene = Scene::new().await;
    let (_, number) = scene.with_people("My chair squeaks").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let message = format!("/tickets/{number}/message");
    let files: [(&str, &str, &[u8]); 2] = [("files", "log.txt", b"1"), ("files", "empty.txt", b"")];
    let back = samir
        .upload(
            &message,
            &[
                ("mode", "note"),
                ("body", "Look at this"),
                ("pending", "yes"),
            ],
            &files,
        )
        .await;
    assert_eq!(back.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = back.page();
    assert!(page.text("#composer #files-e").contains("empty.txt"));
    assert_eq!(page.text("#composer textarea"), "Look at this");
    assert_eq!(page.texts("#composer .file-list b"), ["log.txt"]);
    assert!(
        page.has("#composer [value=note][checked]"),
        "it stays a note"
    );
    assert!(page.has("#composer [name=pending][checked]"));

    // The page opened anew still has the file; another engineer's has not.
    let page = samir.get(&format!("/tickets/{number}")).await.page();
    assert_eq!(page.texts("#composer .file-list b"), ["log.txt"]);
    assert_eq!(page.text("#composer textarea"), "Look at this");
    assert!(
        page.has("#composer [value=note][checked]"),
        "what was a note is not sent to the requester by mistake"
    );
    let lena = scene
        .desk
        .engineer("Lena Vogt", "Service Desk", Tier::L1)
        .await;
    let lena = scene.desk.sign_in(&lena).await;
    let other = lena.get(&format!("/tickets/{number}")).await.page();
    assert!(!other.has("#composer .file-list"));

    let file = page.attribute("#composer [name=remove]", "value");
    let taken_out = samir
        .upload(
            &message,
            &[
                ("mode", "note"),
                ("body", "Look at this"),
                ("remove", &file),
            ],
            &[("files", "better.txt", b"2")],
        )
        .await;
    assert_eq!(taken_out.status, StatusCode::OK);
    let page = taken_out.page();
    assert_eq!(page.texts("#composer .file-list b"), ["better.txt"]);
    assert_eq!(page.text("#composer textarea"), "Look at this");

    let sent = samir
        .upload(&message, &[("mode", "note"), ("body", "Look at this")], &[])
        .await;
    assert_eq!(sent.location(), format!("/tickets/{number}?said=noted"));
    let page = samir.get(&format!("/tickets/{number}")).await.page();
    assert_eq!(page.texts(".timeline .file-list a"), ["better.txt"]);
    assert!(!page.has("#composer .file-list"));
    let own = scene.client.get(&format!("/my/{number}")).await.page();
    assert!(
        !own.has(".timeline .file-list"),
        "a note's file is internal"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_browser_files_are_dropped_pasted_and_chosen_and_travel_with_the_reply() {
    let Some(browser) = Browser::open().await else {
        return;
    };
    let scene = Scene::new().await;
    let (_, number) = scene.with_people("My chair squeaks").await;
    let samir = scene.desk.sign_in(&scene.samir).await;
    let base = scene.desk.serve().await;
    crate::web::sign_in(&browser, &base, &samir).await;
    browser.goto(&format!("{base}/tickets/{number}")).await;
    let folder = tempfile::tempdir().unwrap();
    let chosen = folder.path().join("chosen.txt");
    std::fs::write(&chosen, b"chosen").unwrap();
    browser
        .find("#composer #files")
        .await
        .send_keys(chosen.to_str().unwrap())
        .await
        .unwrap();
    let act = r#"
        const some = (name) => { const d = new DataTransfer(); d.items.add(new File(['x'], name)); return d; };
        const box = document.querySelector('#composer textarea');
        box.dispatchEvent(new DragEvent('drop', { dataTransfer: some('dropped.txt'), bubbles: true, cancelable: true }));
        box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: some('pasted.png'), bubbles: true, cancelable: true }));
    "#;
    browser.page.execute(act, Vec::new()).await.unwrap();
    browser
        .wait_for_text("chosen.txt, dropped.txt, pasted.png")
        .await;
    browser.fill("#composer textarea", "Three files").await;
    // Ctrl and Enter.
    let text = browser.find("#composer textarea").await;
    text.send_keys("\u{e009}\u{e007}").await.unwrap();
    browser.wait_for_text("Sent.").await;
    let page = scene.client.get(&format!("/my/{number}")).await.page();
    assert_eq!(
        page.texts(".timeline .file-list a"),
        ["chosen.txt", "dropped.txt", "pasted.png"]
    );
    browser.close().await;
}
