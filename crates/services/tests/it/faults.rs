//! Every way in which a service can fail, and what becomes of it: an error with its reason, or a further
//! attempt that is counted; never a success, never a call without end.

use crate::{chat, embedder, endpoint, hello};
use services::testkit::{Act, Fake};
use services::{CallError, Chat, Finish};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

const REFUSED: Act = Act::Status(400, r#"{"error":{"message":"no such field"}}"#, None);

/// What a call against a service that always does `act` comes to, and the requests that it took; whole and
/// streamed.
fn always(act: &Act) -> [(String, u32, u64); 2] {
    [false, true].map(|streamed| {
        let act = act.clone();
        let fake = Fake::start(move |_, _| act.clone()).unwrap();
        let chat = chat(&fake.url());
        let result = match streamed {
            true => chat.streamed(&hello(), |_| {}),
            false => chat.whole(&hello()),
        };
        let (error, retries) = result.unwrap_err();
        (error.to_string(), retries, fake.requests())
    })
}

#[track_caller]
fn fails(act: &Act, reason: &str, attempts: u64) {
    for (error, retries, requests) in always(act) {
        assert!(error.starts_with(reason), "{act:?}: {error}");
        assert_eq!((u64::from(retries) + 1, requests), (attempts, attempts), "{act:?}");
    }
}

#[test]
fn what_will_not_pass_fails_at_once() {
    fails(&REFUSED, "status 400: no such field", 1);
    let model = Act::Status(404, r#"{"error":{"message":"there is no model `model`"}}"#, None);
    fails(&model, "status 404: there is no model `model`", 1);
    fails(&Act::Status(401, "", None), "status 401: ", 1);
    fails(&Act::Status(302, "", Some(("location", "/elsewhere"))), "status 302: ", 1);
    fails(&Act::Status(501, "<h1>no</h1>", None), "status 501: <h1>no</h1>", 1);
}

#[test]
fn what_may_pass_is_tried_again_within_bounds() {
    fails(
        &Act::Status(500, r#"{"error":{"message":"out of memory"}}"#, None),
        "status 500: out of",
        3,
    );
    fails(&Act::Status(503, "", None), "status 503: ", 3);
    let busy = Act::Status(429, r#"{"error":"busy"}"#, Some(("retry-after-ms", "5")));
    fails(&busy, "status 429: busy", 3);
    fails(&Act::CutBody, "the answer was cut off: ", 3);
    fails(&Act::Hangup, "the answer was cut off: ", 3);
}

#[test]
fn a_service_that_recovers_is_a_success_with_retries() {
    for bad in [Act::Status(500, "", None), Act::CutBody, Act::Hangup, Act::Status(429, "", None)] {
        let fake = {
            let bad = bad.clone();
            Fake::start(move |n, _| if n < 2 { bad.clone() } else { Act::Well }).unwrap()
        };
        let answer = chat(&fake.url()).streamed(&hello(), |_| {}).unwrap();
        assert_eq!((answer.retries, fake.requests()), (2, 3), "{bad:?}");
        assert_eq!(answer.text, "It is a thing.");
        let fake = Fake::start(move |n, _| if n < 1 { bad.clone() } else { Act::Well }).unwrap();
        let answer = embedder(&fake.url()).embed(&["a".into(), "b".into()]).unwrap();
        assert_eq!((answer.retries, answer.vectors.len()), (1, 2));
    }
}

/// Where nothing listens.
#[test]
fn a_service_that_is_down_is_named_as_such() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (error, retries) = chat(&format!("http://{free}/v1")).whole(&hello()).unwrap_err();
    assert!(matches!(error, CallError::Unreachable(_)), "{error}");
    assert_eq!(retries, 2);
}

#[test]
fn a_service_that_is_silent_or_slow_costs_the_time_out_once() {
    let most = Duration::from_millis(400);
    for act in [Act::Never, Act::Slowly(Duration::from_millis(250))] {
        let fake = Fake::start(move |_, _| act.clone()).unwrap();
        let mut endpoint = endpoint(&fake.url());
        endpoint.timeout = most;
        let (error, retries) = Chat::new(endpoint).streamed(&hello(), |_| {}).unwrap_err();
        assert_eq!((error, retries, fake.requests()), (CallError::TooSlow(most), 0, 1));
    }
}

/// What a server asks for is waited for, or not at all if the call would be over before.
#[test]
fn a_wait_that_was_asked_for_is_honoured() {
    let after = |seconds| Act::Status(429, "", Some(("retry-after", seconds)));
    let fake = Fake::start(move |n, _| if n == 0 { after("1") } else { Act::Well }).unwrap();
    let answer = chat(&fake.url()).whole(&hello()).unwrap();
    assert_eq!(answer.retries, 1);
    // A lower bound, which the server's own clock sets; how much longer it takes is the machine's affair.
    assert!(answer.took >= Duration::from_secs(1), "{:?}", answer.took);

    let fake = Fake::start(move |_, _| after("3600")).unwrap();
    let (error, retries) = chat(&fake.url()).whole(&hello()).unwrap_err();
    assert!(matches!(error, CallError::Status { code: 429, .. }), "{error}");
    assert_eq!((retries, fake.requests()), (0, 1));
}

#[test]
fn a_whole_answer_must_be_whole() {
    for (body, reason) in [
        ("{", "a malformed answer: "),
        ("", "a malformed answer: "),
        ("[]", "a malformed answer: "),
        (r#"{"choices":[]}"#, "a malformed answer: it has no choice"),
        (r#"{"choices":[{"message":{}}]}"#, "a malformed answer: it does not say why it ended"),
        (r#"{"choices":[{"message":{"content":"x"}}]}"#, "a malformed answer: it does not say why"),
        (r#"{"choices":[{"message":{"content":" "},"finish_reason":"stop"}]}"#, "an empty answer"),
        (r#"{"choices":[{"message":{},"finish_reason":"stop"}]}"#, "an empty answer"),
        (
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"content_filter"}]}"#,
            "the answer ended with `content_filter`",
        ),
    ] {
        let fake = Fake::start(move |_, _| Act::Body(body)).unwrap();
        let (error, _) = chat(&fake.url()).whole(&hello()).unwrap_err();
        assert!(error.to_string().starts_with(reason), "{body}: {error}");
        assert_eq!(fake.requests(), 1);
        let error = embedder(&fake.url()).embed(&["a".into()]).unwrap_err().0;
        assert!(matches!(error, CallError::Malformed(_)), "{body}: {error}");
    }
}

const SAID: &str = r#"{"choices":[{"delta":{"content":"x"}}]}"#;
const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
const LENGTH: &str = r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#;

#[test]
fn a_stream_must_say_why_it_ends_and_that_it_does() {
    let cases: [(&'static [&'static str], &str, u64); 8] = [
        (&[], "the answer was cut off: its stream has no end", 3),
        (&[SAID, STOP], "the answer was cut off: its stream has no end", 3),
        (&[SAID, "[DONE]"], "a malformed answer: it does not say why it ended", 1),
        (&["[DONE]"], "a malformed answer: it does not say why it ended", 1),
        (&[STOP, "[DONE]"], "an empty answer", 1),
        (&[SAID, "{", STOP, "[DONE]"], "a malformed answer: ", 1),
        (&[SAID, r#"{"error":{"message":"lost a GPU"}}"#], "the service gave up: lost a GPU", 3),
        (&[SAID, r#"{"usage":{}}"#, STOP, "[DONE]"], "a malformed answer: missing field", 1),
    ];
    for (events, reason, attempts) in cases {
        let fake = Fake::start(move |_, _| Act::Events(events)).unwrap();
        let (error, _) = chat(&fake.url()).streamed(&hello(), |_| {}).unwrap_err();
        assert!(error.to_string().starts_with(reason), "{events:?}: {error}");
        assert_eq!(fake.requests(), attempts, "{events:?}");
    }
}

#[test]
fn a_good_stream_is_told_piece_by_piece_with_its_counts() {
    let fake = Fake::well().unwrap();
    let mut pieces = Vec::new();
    let answer = chat(&fake.url()).streamed(&hello(), |it| pieces.push(it.to_owned())).unwrap();
    assert_eq!(pieces, ["It ", "is ", "a ", "thing."]);
    assert_eq!((answer.text.as_str(), answer.finish), ("It is a thing.", Finish::Stop));
    assert_eq!((answer.prompt_tokens, answer.completion_tokens), (Some(7), Some(4)));
    assert_eq!(answer.cached_tokens, Some(3));
    assert!(answer.first_token.unwrap() <= answer.took);

    let fake = Fake::start(|_, _| Act::Events(&[SAID, LENGTH, "[DONE]"])).unwrap();
    let answer = chat(&fake.url()).streamed(&hello(), |_| {}).unwrap();
    assert_eq!((answer.finish, answer.completion_tokens), (Finish::Length, None));
}

#[test]
fn connections_are_used_again_and_calls_at_once_are_bounded() {
    let fake = Fake::start(|_, _| Act::Slowly(Duration::from_millis(2))).unwrap();
    let mut endpoint = endpoint(&fake.url());
    endpoint.concurrency = 2;
    let chat = Chat::new(endpoint);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..4 {
                    chat.streamed(&hello(), |_| {}).unwrap();
                    chat.whole(&hello()).unwrap();
                }
            });
        }
    });
    assert_eq!(fake.requests(), 64);
    assert!(fake.most_at_once() <= 2, "{}", fake.most_at_once());
    assert!(fake.connections() <= 4, "{} connections", fake.connections());
}

#[test]
fn the_key_is_sent_and_the_place_in_the_queue_is_part_of_the_time_out() {
    let fake = Fake::start(|_, _| Act::Never).unwrap();
    let mut endpoint = endpoint(&fake.url());
    (endpoint.concurrency, endpoint.timeout) = (1, Duration::from_millis(300));
    endpoint.key = Some("secret".into());
    let chat = Chat::new(endpoint);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope
                .spawn(|| assert!(matches!(chat.whole(&hello()), Err((CallError::TooSlow(_), 0)))));
        }
    });
    let heads = fake.heads();
    assert!(
        !heads.is_empty() && heads.iter().all(|it| it.contains("authorization: bearer secret"))
    );
}
