//! The listening end: connections with limits, and an orderly stop.
//!
//! `axum::serve` sets no limit on how long a client may take to send its headers, so connections
//! are served with hyper's own builder.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long a client may take to send the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How many bytes the head of a request may have.
const HEAD_BYTES: usize = 32 * 1024;
/// How many connections one process serves at a time; more wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 4096;
/// How long to wait after a failed accept, which usually means too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is cancelled, then lets the requests under way finish for as long as `drain` says;
/// live streams never finish by themselves.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stop: CancellationToken,
    drain: Duration,
) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(true);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));

    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().call(request)
        });
        let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that goes away in the middle is no event worth a line.
            let _ = connection.await;
            drop(place);
        });
    }

    drop(listener);
    if tokio::time::timeout(drain, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::info!("live streams and slow requests were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn a_request_under_way_is_answered_after_the_stop() {
        let begun = Arc::new(Notify::new());
        let go_on = Arc::new(Notify::new());
        let (tell, wait) = (Arc::clone(&begun), Arc::clone(&go_on));
        let router = Router::new().route(
            "/",
            get(async move |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
                tell.notify_one();
                wait.notified().await;
                peer.ip().to_string()
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(
            listener,
            router,
            stop.clone(),
            Duration::from_secs(10),
        ));

        let mut client = TcpStream::connect(address).await.expect("connects");
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: desk\r\n\r\n")
            .await
            .expect("asks");
        begun.notified().await;
        stop.cancel();
        go_on.notify_one();

        let mut answer = String::new();
        client
            .read_to_string(&mut answer)
            .await
            .expect("is answered");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
        server.await.expect("ends");
        assert!(TcpStream::connect(address).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_finish_its_headers_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(serve(
            listener,
            Router::new(),
            CancellationToken::new(),
            Duration::ZERO,
        ));

        let mut client = TcpStream::connect(address).await.expect("connects");
        client
            .write_all(b"GET / HTTP/1.1\r\nHost:")
            .await
            .expect("begins");
        let mut answer = Vec::new();
        let read = client.read_to_end(&mut answer).await;
        assert!(read.is_ok() && !answer.starts_with(b"HTTP/1.1 2"));
    }
}
