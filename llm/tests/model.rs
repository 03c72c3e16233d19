//! The default models themselves, fetched by `scripts/fetch-models.sh`: without them these tests fail.
//!
//! candle's own forward pass of the same file is the independent one.

#![allow(clippy::unwrap_used, reason = "a test that fails panics, in its helpers too")]

use candle_core::quantized::gguf_file::Content;
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_llama::ModelWeights;
use sage_llm::chat::Model;
use sage_llm::chat::kv::{Kv, Prefixes};
use sage_llm::chat::llama::Piece;
use sage_llm::embed::Embedder;
use std::path::PathBuf;
use std::sync::LazyLock;

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../models")).join(name)
}

static MODEL: LazyLock<Model> =
    LazyLock::new(|| Model::load(&path("smollm2-135m-instruct.gguf")).unwrap());

fn tokens(text: &str) -> Vec<u32> {
    MODEL.tokens.encode(text).unwrap()
}

/// Scores after the text, read in pieces of so many tokens, beside other sequences or not.
fn scores(text: &str, piece: usize, others: &[&str]) -> Vec<f32> {
    let shape = &MODEL.llama.shape;
    let mut kv = Kv::new(shape);
    let mut beside: Vec<(Kv, Vec<u32>)> =
        others.iter().map(|text| (Kv::new(shape), tokens(text))).collect();
    let mut last = Vec::new();
    for part in tokens(text).chunks(piece) {
        let mut pieces: Vec<Piece<'_>> = beside
            .iter_mut()
            .map(|(kv, tokens)| Piece { kv, tokens, scores: true })
            .chain([Piece { kv: &mut kv, tokens: part, scores: true }])
            .collect();
        last = MODEL.llama.step(&mut pieces).unwrap();
    }
    last.pop().unwrap()
}

const TEXT: &str = "The lighthouse keeper counted 1234 ships before the storm came, and then he";

#[test]
fn scores_agree_with_candles_own_model() {
    let mut file = std::fs::File::open(path("smollm2-135m-instruct.gguf")).unwrap();
    let content = Content::read(&mut file).unwrap();
    let mut theirs = ModelWeights::from_gguf(content, &mut file, &Device::Cpu).unwrap();
    let input = Tensor::new(tokens(TEXT), &Device::Cpu).unwrap().unsqueeze(0).unwrap();
    let theirs: Vec<f32> =
        theirs.forward(&input, 0).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    let ours = scores(TEXT, 64, &[]);
    assert_eq!(ours.len(), theirs.len());
    let product =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let cosine =
        product(&ours, &theirs) / (product(&ours, &ours) * product(&theirs, &theirs)).sqrt();
    // They multiply 4-bit weights with 8-bit rows, we 8-bit weights made of these.
    assert!(cosine > 0.999, "{cosine}");
    let best =
        |scores: &[f32]| scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|it| it.0);
    assert_eq!(best(&ours), best(&theirs));
}

#[test]
fn a_row_depends_on_its_own_sequence_alone() {
    let alone = scores(TEXT, 1000, &[]);
    for (piece, others) in
        [(1, &[][..]), (5, &[]), (4, &["Once", "upon a time in the west"]), (1, &["a b c d e f g"])]
    {
        assert!(scores(TEXT, piece, others) == alone, "in pieces of {piece} beside {others:?}");
    }
}

#[test]
fn a_kept_beginning_is_worth_what_computing_it_is() {
    let prompt = tokens(TEXT);
    let mut kv = Kv::new(&MODEL.llama.shape);
    let whole =
        MODEL.llama.step(&mut [Piece { kv: &mut kv, tokens: &prompt, scores: true }]).unwrap();
    let mut prefixes = Prefixes::new();
    prefixes.keep(kv);
    let mut kept = prefixes.take(&prompt).unwrap();
    assert_eq!(kept.len(), prompt.len() - 1);
    let rest = &prompt[kept.len()..];
    let again =
        MODEL.llama.step(&mut [Piece { kv: &mut kept, tokens: rest, scores: true }]).unwrap();
    assert!(again == whole);
}

#[test]
fn texts_come_back_from_their_tokens() {
    use sage_llm::chat::tokens::{Writer, Written};
    for text in ["Hello, world! 12345", "naïve café – ünïcödé 🦀🦀 日本語", "  spaces\n\n\ttabs "]
    {
        let mut writer = Writer::new(Vec::new());
        let mut back = String::new();
        for token in tokens(text) {
            match writer.push(&MODEL.tokens, token).unwrap() {
                Written::Text(more) => back.push_str(&more),
                Written::Stopped(_) => panic!("no stop text"),
            }
        }
        back.push_str(&writer.finish(&MODEL.tokens).unwrap());
        assert_eq!(back, text);
    }
    // Numbers are cut into digits, as in training.
    assert_eq!(tokens("12345").len(), 5);
}

#[test]
fn an_embedding_does_not_depend_on_what_is_beside_it() {
    let model = Embedder::load(&path("all-minilm-l6-v2")).unwrap();
    let texts = ["A cat.", "A much longer sentence about the weather in the north of Norway.", "x"];
    let tokens: Vec<Vec<u32>> = texts.iter().map(|text| model.tokens(text).unwrap()).collect();
    let together = model.embed(&tokens, || false).unwrap();
    for (text, embedding) in tokens.iter().zip(&together) {
        let alone = &model.embed(std::slice::from_ref(text), || false).unwrap()[0];
        let cosine: f32 = alone.iter().zip(embedding).map(|(a, b)| a * b).sum();
        assert!((cosine - 1.0).abs() < 1e-5, "{cosine}");
    }
    assert!(model.embed(&tokens, || true).is_err());
}
