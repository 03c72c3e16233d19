//! A page in the browser, as a reader has it: a window of some width, a theme, a mouse and keys.

use crate::devtools::Browser;
use serde_json::{Value, json};
use std::path::Path;

/// A page that was opened.
pub(crate) struct Tab {
    browser: Browser,
    session: String,
    url: String,
}

/// What a page did that it should not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Complaints {
    /// Errors, warnings and exceptions on the console.
    pub(crate) console: Vec<String>,
    /// Whatever it asked for besides itself.
    pub(crate) requests: Vec<String>,
}

impl Tab {
    /// Opens a file in a window of this width.
    pub(crate) fn open(path: &Path, width: u32, dark: bool) -> Tab {
        let mut browser = Browser::start();
        let target = browser.call(None, "Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call(None, "Target.attachToTarget", &attach);
        let session = session["sessionId"].as_str().unwrap().to_owned();
        let url = format!("file://{}", path.display());
        let mut tab = Tab { browser, session, url };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            tab.call(&format!("{domain}.enable"), &json!({}));
        }
        tab.look(width, if dark { "dark" } else { "light" }, "");
        let url = tab.url.clone();
        tab.call("Page.navigate", &json!({"url": url}));
        tab.browser.wait("Page.loadEventFired", |_| true);
        tab
    }

    /// Sets width, theme and medium.
    pub(crate) fn look(&mut self, width: u32, theme: &str, media: &str) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        let features = json!([{"name": "prefers-color-scheme", "value": theme}]);
        self.call("Emulation.setEmulatedMedia", &json!({"media": media, "features": features}));
    }

    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", &params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The same as text.
    #[track_caller]
    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.value(expression).as_str().unwrap().to_owned()
    }

    /// Moves the mouse to the middle of the first element that the selector finds, scrolled into
    /// view.
    pub(crate) fn hover(&mut self, selector: &str) -> [f64; 2] {
        let at = self.value(&format!(
            "(() => {{ const it = document.querySelector({selector:?}); \
             it.scrollIntoView({{block: 'center'}}); \
             const box = it.getBoundingClientRect(); return [box.x + box.width / 2, box.y + \
             box.height / 2]; }})()"
        ));
        let at = [&at[0], &at[1]].map(|x| x.as_f64().unwrap());
        // What scrolling does to the page comes before the mouse moves.
        self.value(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() \
                    => done(1))))",
        );
        let event = json!({"type": "mouseMoved", "x": at[0], "y": at[1]});
        self.call("Input.dispatchMouseEvent", &event);
        at
    }

    /// Clicks it.
    pub(crate) fn click(&mut self, selector: &str) {
        let [x, y] = self.hover(selector);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Presses a key where the focus is.
    pub(crate) fn key(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// Lets downloads go to a folder.
    pub(crate) fn download_to(&mut self, folder: &Path) {
        let params = json!({"behavior": "allow", "downloadPath": folder, "eventsEnabled": true});
        self.browser.call(None, "Browser.setDownloadBehavior", &params);
    }

    /// Waits for a download to be whole.
    pub(crate) fn downloaded(&mut self) {
        self.browser.wait("Browser.downloadProgress", |it| it["state"] == "completed");
    }

    /// The whole page as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let params = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.call("Page.captureScreenshot", &params);
        from_base64(answer["data"].as_str().unwrap())
    }

    /// What the page did so far that it should not; forgotten afterwards.
    pub(crate) fn complaints(&mut self) -> Complaints {
        self.value("0"); // what came before it has been told then
        let mut console = Vec::new();
        for call in self.browser.taken("Runtime.consoleAPICalled") {
            console.push(format!("{}: {}", call["type"], call["args"]));
        }
        for thrown in self.browser.taken("Runtime.exceptionThrown") {
            console.push(thrown["exceptionDetails"].to_string());
        }
        for entry in self.browser.taken("Log.entryAdded") {
            console.push(entry["entry"]["text"].to_string());
        }
        let requests = self.browser.taken("Network.requestWillBeSent").into_iter();
        let requests =
            requests.filter_map(|sent| sent["request"]["url"].as_str().map(str::to_owned));
        let requests = requests.filter(|url| *url != self.url).collect();
        Complaints { console, requests }
    }
}

/// RFC 4648, padded.
fn from_base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let digits: Vec<u8> = text.bytes().filter_map(digit).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}
