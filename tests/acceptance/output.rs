//! Output of jobs: hostile bytes, bounded, shown as text, replayed (AT-LOG).

use support::database;
use tierdesk_protocol::message::CHUNKS;

use crate::job::{Scene, chunk, run};

#[tokio::test]
async fn hostile_output_is_shown_as_text_and_given_as_a_file() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    scene.hand_out().await;
    let now = scene.tierdesk.now();
    let hostile = b"\x1b[31mred\x1b]52;c;ZXZpbA==\x07 \x00\xff\xfe <script>alert(1)</script> \xe2\x80\xae\r\n{{ 7*7 }}\n";
    assert_eq!(
        scene
            .host
            .post(now, CHUNKS, &chunk(id, 1, 0, 0, hostile))
            .await
            .status,
        200
    );
    assert_eq!(
        scene
            .host
            .post(now, CHUNKS, &chunk(id, 1, 0, 0, b"twice"))
            .await
            .status,
        200
    );
    scene
        .host
        .succeed(now, run(id, 1), "<img src=x onerror=alert(1)>")
        .await;
    let client = scene.client().await;
    for address in [
        scene.address(id),
        format!("/tickets/{}", scene.ticket.number.0),
    ] {
        let reply = client.get(&address).await;
        assert_eq!(reply.status, 200);
        assert!(
            !reply.body.contains("<script>alert(1)") && !reply.body.contains("<img src=x"),
            "{address}"
        );
        assert!(
            !reply
                .body
                .chars()
                .any(|c| c.is_control() && c != '\n' && c != '\t'),
            "{address}"
        );
        assert!(!reply.body.contains('\u{202e}'));
        assert!(reply.page().all_text().contains("␛[31mred"), "{address}");
    }
    let file = client.get(&format!("{}/output", scene.address(id))).await;
    assert_eq!(file.bytes, hostile);
    assert!(
        file.header("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    assert_eq!(
        file.header("content-type"),
        Some("application/octet-stream")
    );
    assert!(
        file.header("content-security-policy")
            .unwrap()
            .contains("sandbox")
    );
}

#[tokio::test]
async fn a_host_cannot_fill_the_disk_with_one_job() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    scene.hand_out().await;
    let now = scene.tierdesk.now();
    let piece = vec![b'x'; 32 * 1024];
    for seq in 0..40 {
        let reply = scene
            .host
            .post(
                now,
                CHUNKS,
                &chunk(id, 1, seq, u64::from(seq) * 32_768, &piece),
            )
            .await;
        assert_eq!(reply.status, 200);
    }
    let mut conn = database::connect(&scene.tierdesk.database).await;
    let kept: i64 = sqlx::query_scalar(
        "select sum(octet_length(bytes))::bigint from job_chunk where job_id = $1",
    )
    .bind(id.0)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert_eq!(kept, 1024 * 1024);
    let too_big = chunk(id, 1, 99, 0, &vec![b'x'; 32 * 1024 + 1]);
    assert_eq!(scene.host.post(now, CHUNKS, &too_big).await.status, 400);
}

#[tokio::test]
async fn the_output_stream_replays_from_where_a_page_left() {
    let scene = Scene::new().await;
    let id = scene.ask().await;
    scene.hand_out().await;
    let now = scene.tierdesk.now();
    scene
        .host
        .post(now, CHUNKS, &chunk(id, 1, 0, 0, b"one\n"))
        .await;
    scene
        .host
        .post(now, CHUNKS, &chunk(id, 1, 1, 4, b"two\n"))
        .await;
    scene.host.succeed(now, run(id, 1), "Done.").await;
    let client = scene.client().await;
    let stream = format!("{}/stream", scene.address(id));
    let whole = client.get(&stream).await;
    assert_eq!(whole.header("content-type"), Some("text/event-stream"));
    let (one, two) = (
        whole.body.find("one").unwrap(),
        whole.body.find("two").unwrap(),
    );
    assert!(
        one < two && whole.body.contains("\"over\":true"),
        "{}",
        whole.body
    );
    let request = axum::http::Request::get(&stream)
        .header("last-event-id", "1.0")
        .body(axum::body::Body::empty());
    let rest = client.send(request.unwrap()).await;
    assert!(
        !rest.body.contains("one\\n") && rest.body.contains("two"),
        "{}",
        rest.body
    );
}
