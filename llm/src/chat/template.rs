//! The prompt of a conversation, by the Jinja template that the GGUF file carries.
//!
//! Templates are written for Python's Jinja, so its string methods are there too. `raise_exception` is
//! how they refuse an order of roles: that is the client's mistake and comes back as one.

use anyhow::{Context as _, Result};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, context};

/// A message of a conversation.
#[derive(Clone, Debug)]
pub struct Message {
    /// `system`, `user`, `assistant`, …
    pub role: String,
    /// Its text.
    pub content: String,
}

/// A compiled template.
pub struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

const NAME: &str = "chat";

impl Template {
    /// Compiles the template; `bos` and `eos` are the texts of these tokens.
    ///
    /// # Errors
    /// A template that does not parse.
    pub fn new(source: &str, bos: String, eos: String) -> Result<Template> {
        let mut environment = Environment::new();
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, _> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        // As Hugging Face's transformers compile them.
        environment
            .set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment
            .add_template_owned(NAME, source.to_owned())
            .context("the chat template of the file")?;
        Ok(Template { environment, bos, eos })
    }

    /// The prompt whose continuation is the next answer.
    ///
    /// # Errors
    /// What the template refuses, in its words.
    pub fn render(&self, messages: &[Message]) -> Result<String, String> {
        let pairs = messages.iter().map(|it| context! { role => &it.role, content => &it.content });
        let pairs: Vec<minijinja::Value> = pairs.collect();
        let render = || {
            self.environment.get_template(NAME)?.render(context! {
                messages => pairs,
                add_generation_prompt => true,
                bos_token => &self.bos,
                eos_token => &self.eos,
            })
        };
        render().map_err(|error| match error.detail() {
            Some(detail) => format!("the model's chat template refuses the messages: {detail}"),
            None => format!("the model's chat template refuses the messages: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: &str, content: &str) -> Message {
        Message { role: role.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn a_template_is_followed() {
        let source = "{% for m in messages %}{{ bos_token + m['role'] + ':' + m['content'].strip() }}\
                      {% endfor %}{% if add_generation_prompt %}>{% endif %}";
        let template = Template::new(source, "^".to_owned(), "$".to_owned()).unwrap();
        let messages = [message("system", " be brief "), message("user", "hi")];
        assert_eq!(template.render(&messages).unwrap(), "^system:be brief^user:hi>");
    }

    #[test]
    fn what_a_template_refuses_is_said_in_its_words() {
        let source = "{{ raise_exception('roles must alternate') }}";
        let template = Template::new(source, String::new(), String::new()).unwrap();
        let error = template.render(&[message("user", "hi")]).unwrap_err();
        assert!(error.ends_with("roles must alternate"), "{error}");
    }
}
