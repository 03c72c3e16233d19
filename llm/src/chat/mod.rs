//! Answers of a language model on this machine's processors.
//!
//! `gguf`, `llama`, `attention` and `kv` are the model, `tokens` and `template` its language, `engine`
//! the thread that runs it for all requests at once. Nothing here knows HTTP.

mod attention;
pub mod engine;
pub mod gguf;
pub mod kv;
pub mod llama;
pub mod template;
pub mod tokens;

use anyhow::{Context as _, Result};
use std::path::Path;

/// All that a GGUF file holds, ready to answer.
pub struct Model {
    /// The name that requests call it by: the file's, without its ending, in small letters.
    pub id: String,
    /// The matrices.
    pub llama: llama::Llama,
    /// The tokenizer.
    pub tokens: tokens::Tokens,
    /// The prompt's form.
    pub template: template::Template,
}

impl Model {
    /// Loads the file; half a second for 100 MB.
    ///
    /// # Errors
    /// A file that cannot be read or holds something else, with its path and what is wrong.
    pub fn load(path: &Path) -> Result<Model> {
        Model::read(path).with_context(|| format!("{}", path.display()))
    }

    fn read(path: &Path) -> Result<Model> {
        let mut gguf = gguf::Gguf::open(path)?;
        let llama = llama::Llama::load(&mut gguf)?;
        let tokens = tokens::Tokens::new(&gguf)?;
        let source =
            gguf.text("tokenizer.chat_template").context("the metadata has no chat template")?;
        let special = |key: &str| {
            gguf.token(&format!("tokenizer.ggml.{key}_token_id"))
                .and_then(|token| tokens.name(token))
                .unwrap_or_default()
        };
        let template = template::Template::new(source, special("bos"), special("eos"))?;
        Ok(Model { id: id(path), llama, tokens, template })
    }
}

/// The name of a model by its file or folder.
pub fn id(path: &Path) -> String {
    let name = match path.extension() {
        Some(ending) if ending == "gguf" => path.file_stem(),
        _ => path.file_name(),
    };
    name.map(|it| it.to_string_lossy().to_lowercase()).unwrap_or_default()
}
