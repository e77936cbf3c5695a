//! A headless Chromium of the test's own, driven through ChromeDriver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;

use crate::skip::{has_program, skip};

/// How long to wait for what a page shall show.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser window. It ends with the value.
#[derive(Debug)]
pub struct Browser {
    /// The window, for what the methods below do not offer.
    pub page: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a window, or says why there is none and returns nothing: `let Some(browser) =
    /// Browser::open().await else { return };`.
    pub async fn open() -> Option<Self> {
        Self::open_with(serde_json::json!({})).await
    }

    /// Opens a window that runs no scripts of pages.
    pub async fn without_scripts() -> Option<Self> {
        let blocked =
            serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self::open_with(blocked).await
    }

    async fn open_with(preferences: serde_json::Value) -> Option<Self> {
        for program in ["chromedriver", "chromium"] {
            if !has_program(program) {
                skip(&format!(
                    "there is no {program} here (apt-get install chromium chromium-driver)"
                ));
                return None;
            }
        }
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let output = BufReader::new(driver.stdout.take().expect("piped"));
        let port = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                let port = line.split("successfully on port ").nth(1)?;
                port.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver tells its port");

        let profile = tempfile::tempdir().expect("a folder for the profile");
        let options = serde_json::json!({ "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--force-color-profile=srgb", "--force-prefers-reduced-motion", "--lang=en",
            "--window-size=1280,900",
            format!("--user-data-dir={}", profile.path().display()),
        ], "prefs": preferences });
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser session");
        Some(Self {
            page,
            driver,
            _profile: profile,
        })
    }

    /// Goes to an address and waits until the page is loaded.
    pub async fn goto(&self, address: &str) {
        self.page.goto(address).await.expect("the page loads");
    }

    /// The first element that matches, as soon as there is one.
    pub async fn find(&self, css: &str) -> Element {
        match self
            .page
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::Css(css))
            .await
        {
            Ok(element) => element,
            Err(error) => panic!("no `{css}`: {error}\n{}", self.text().await),
        }
    }

    /// Whether an element matches now.
    pub async fn has(&self, css: &str) -> bool {
        self.page.find(Locator::Css(css)).await.is_ok()
    }

    /// Clicks what matches, as soon as it can be clicked.
    pub async fn click(&self, css: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        // One that the page swaps at this moment is gone, and found again in the next round.
        while let Err(error) = self.find(css).await.click().await {
            assert!(
                std::time::Instant::now() < deadline,
                "`{css}` cannot be clicked: {error}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Clicks the label, button or link that says so.
    pub async fn click_word(&self, css: &str, word: &str) {
        let mut waiting = tokio::time::interval(Duration::from_millis(50));
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            for element in self
                .page
                .find_all(Locator::Css(css))
                .await
                .unwrap_or_default()
            {
                if element.text().await.unwrap_or_default().contains(word)
                    && element.click().await.is_ok()
                {
                    return;
                }
            }
            assert!(
                std::time::Instant::now() < deadline,
                "no `{css}` that can be clicked says `{word}`:\n{}",
                self.text().await
            );
            waiting.tick().await;
        }
    }

    /// What the first element that matches says.
    pub async fn says(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("it has a text")
    }

    /// Signs somebody in on the page, in place of whoever was signed in.
    pub async fn sign_in(&self, base_url: &str, mail: &str, password: &str) {
        self.goto(&format!("{base_url}/healthz")).await;
        self.page.delete_all_cookies().await.expect("cookies go");
        self.goto(&format!("{base_url}/sign-in")).await;
        self.fill("#mail", mail).await;
        self.fill("#password", password).await;
        self.click("main form .btn.primary").await;
        self.find("form[action='/sign-out']").await;
    }

    /// Replaces what is in a field.
    pub async fn fill(&self, css: &str, text: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        // As with a click: one of a page that is on its way out is found again on the next.
        loop {
            let field = self.find(css).await;
            let filled = match field.clear().await {
                Ok(()) => field.send_keys(text).await,
                Err(error) => Err(error),
            };
            let Err(error) = filled else { return };
            assert!(
                std::time::Instant::now() < deadline,
                "`{css}` cannot be filled: {error}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Chooses an option of a `select` by its value.
    pub async fn choose(&self, css: &str, value: &str) {
        self.find(css)
            .await
            .select_by_value(value)
            .await
            .expect("there is such an option");
    }

    /// Waits until the page shows the text.
    pub async fn wait_for_text(&self, text: &str) {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let shown = self.text().await;
            if shown.contains(text) {
                return;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "the page never showed `{text}`, but:\n{shown}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// All text that the page shows.
    pub async fn text(&self) -> String {
        match self.page.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Makes the window as wide and high as asked, in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        self.page
            .set_window_size(width, height)
            .await
            .expect("the window takes its size");
    }

    /// Keeps a picture of what the window shows.
    pub async fn picture(&self, file: &Path) {
        let picture = self.page.screenshot().await.expect("a picture");
        std::fs::write(file, picture).expect("written");
    }

    /// Ends the session, which the driver's end does too, only less politely.
    pub async fn close(self) {
        let _ = self.page.clone().close().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
