//! Somebody who asks for pages: with or without a session, in-process.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower::ServiceExt;

use crate::html::Page;

/// Somebody with a browser, as far as requests show one.
#[derive(Clone)]
pub struct Client {
    router: Router,
    host: String,
    cookie: Option<String>,
    address: SocketAddr,
}

impl Client {
    pub(crate) fn new(router: Router, host: String, cookie: Option<String>) -> Self {
        Self {
            router,
            host,
            cookie,
            address: SocketAddr::from(([127, 0, 0, 1], 40_000)),
        }
    }

    /// The same somebody at another network address.
    #[must_use]
    pub fn from_address(mut self, ip: &str) -> Self {
        self.address.set_ip(ip.parse().expect("an IP address"));
        self
    }

    /// The value of the session cookie, if there is one.
    #[must_use]
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Keeps the session that a reply sets, as a browser does.
    pub fn keep_cookie(&mut self, reply: &Reply) {
        for value in reply.headers.get_all(header::SET_COOKIE) {
            let value = value.to_str().expect("a readable cookie");
            let pair = value.split(';').next().unwrap_or_default();
            if let Some(("session" | "__Host-session", value)) = pair.split_once('=') {
                self.cookie = (!value.is_empty()).then(|| value.to_owned());
            }
        }
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).expect("valid"))
            .await
    }

    /// Asks for a page as our scripts do, without anybody having pressed anything.
    pub async fn get_by_itself(&self, path: &str) -> Reply {
        let request = Request::get(path).header("tierdesk-background", "1");
        self.send(request.body(Body::empty()).expect("valid")).await
    }

    /// Sends a form, as a browser on one of our own pages does.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(self.form(path, fields)).await
    }

    /// Sends a form and reads the page that answers piece by piece.
    pub async fn post_live(&self, path: &str, fields: &[(&str, &str)]) -> Stream {
        let answer = self.answer(self.form(path, fields)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        Stream(answer.into_body())
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let body: Vec<_> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, format!("http://{}", self.host))
            .body(Body::from(body.join("&")));
        request.expect("valid")
    }

    /// Sends a form with files: `(field, file name, contents)`.
    pub async fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Reply {
        const BOUNDARY: &str = "----tierdesk-test-boundary";
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend_from_slice(
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .as_bytes(),
            );
        }
        for (name, file, contents) in files {
            body.extend_from_slice(
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\
                     Content-Type: application/octet-stream\r\n\r\n"
                )
                .as_bytes(),
            );
            body.extend_from_slice(contents);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let request = Request::post(path)
            .header(
                header::CONTENT_TYPE,
                format!("multipart/form-data; boundary={BOUNDARY}"),
            )
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, format!("http://{}", self.host))
            .body(Body::from(body));
        self.send(request.expect("valid")).await
    }

    /// Asks with a method and an empty form, as a page of ours would, and looks at the answer's head only: live streams
    /// have no end.
    pub async fn knock(&self, method: &str, path: &str) -> (StatusCode, HeaderMap) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, format!("http://{}", self.host))
            .body(Body::empty());
        let answer = self.answer(request.expect("valid")).await;
        (answer.status(), answer.headers().clone())
    }

    /// Opens a live stream.
    pub async fn stream(&self, path: &str) -> Stream {
        let request = Request::get(path).body(Body::empty()).expect("valid");
        let answer = self.answer(request).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        Stream(answer.into_body())
    }

    /// Sends any request; `Host`, the peer's address and the session are added where they are missing.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        Reply::read(self.answer(request).await).await
    }

    async fn answer(&self, mut request: Request<Body>) -> Response<Body> {
        let headers = request.headers_mut();
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, self.host.parse().expect("a host"));
        }
        if let (Some(cookie), false) = (&self.cookie, headers.contains_key(header::COOKIE)) {
            let cookie = format!("session={cookie}");
            headers.insert(header::COOKIE, cookie.parse().expect("a cookie"));
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let answer = self.router.clone().oneshot(request).await;
        answer.expect("the router never fails")
    }
}

/// A live stream that is open.
pub struct Stream(Body);

impl Stream {
    /// The next piece, as soon as there is one.
    pub async fn next(&mut self) -> String {
        let frame = self.0.frame().await.expect("it stays open");
        let data = frame.expect("readable").into_data().expect("data");
        String::from_utf8_lossy(&data).into_owned()
    }

    /// Reads on to its end. False if it has none within a moment.
    pub async fn ends(&mut self) -> bool {
        let to_the_end = async { while self.0.frame().await.is_some() {} };
        tokio::time::timeout(Duration::from_secs(2), to_the_end)
            .await
            .is_ok()
    }

    /// Reads on by itself from here on, as a browser does, until it ends or nobody wants to know.
    pub fn read_on(mut self) -> UnboundedReceiver<String> {
        let (heard, pieces) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(frame) = self.0.frame().await {
                let data = frame.expect("readable").into_data().expect("data");
                let piece = String::from_utf8_lossy(&data).into_owned();
                if heard.send(piece).is_err() {
                    return;
                }
            }
        });
        pieces
    }
}

/// Percent-encodes what a form would.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                out.push(char::from(byte))
            }
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body as text.
    pub body: String,
}

impl Reply {
    async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes: bytes.to_vec(),
        }
    }

    /// The page in it.
    #[must_use]
    pub fn page(&self) -> Page {
        Page::parse(&self.body)
    }

    /// Where it sends the browser.
    ///
    /// # Panics
    /// When it sends it nowhere; the message shows what came instead.
    pub fn location(&self) -> String {
        match self.header("location") {
            Some(location) => location.to_owned(),
            None => panic!(
                "{} and no redirect: {}",
                self.status,
                self.page().all_text()
            ),
        }
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }
}
