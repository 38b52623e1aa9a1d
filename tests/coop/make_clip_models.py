# Copyright (c) 2026 The calibra authors
# SPDX-License-Identifier: MIT
"""Writes tests/coop/data: what transformers and open_clip compute with small random CLIPs.

    pip install torch transformers open-clip-torch
    python tests/coop/make_clip_models.py

A folder a model: the configuration as the library writes it, and `expected.json` with the names and
shapes of the parameters, token ids, features and logits. The parameters themselves are a function
of their names (`values`), which clip_models_test.cpp has too, so that no weights lie in the
repository. `newer.pt` is a TorchScript archive that calls what LibTorch 1.13 has not.
"""

import io
import json
import pathlib
import zipfile

import numpy as np
import open_clip
import torch
import transformers

FOLDER = pathlib.Path(__file__).parent / "data"
VOCABULARY, CONTEXT, RESOLUTION, PATCH, LAYERS, EMBEDDING = 64, 8, 32, 16, 2, 24
IDS = [[62, 5, 17, 63, 0, 0, 0, 0],
       [62, 40, 63, 0, 0, 0, 0, 0],
       [62, 1, 2, 3, 4, 50, 61, 63],
       [62, 33, 33, 20, 9, 63, 0, 0]]
PICTURES = 3

# Name: text width, heads; vision width, heads, hidden; activation; epsilon of LayerNorm.
MODELS = {
    "hugging_face_gelu": (96, 3, 160, 2, 200, "gelu", 1e-5),
    "hugging_face_quick_gelu": (64, 4, 96, 3, 384, "quick_gelu", 1e-2),
    "open_clip_gelu": (96, 3, 160, 2, 200, "gelu", 1e-5),
    "open_clip_quick_gelu": (64, 4, 96, 3, 384, "quick_gelu", 1e-2),
}


def values(name, shape, scale=0.5):
    """Numbers in [-scale / 2, scale / 2), the same bits everywhere: SplitMix64 of hash and index."""
    hashed = 0xCBF29CE484222325  # FNV-1a
    for byte in name.encode():
        hashed = ((hashed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        x = np.uint64(hashed) + np.arange(np.prod(shape, dtype=int), dtype=np.uint64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    uniform = (x >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5
    return torch.from_numpy((uniform * scale).astype(np.float32)).reshape(shape)


def parameter(name, shape):
    if name == "logit_scale":
        return values(name, shape) + 2
    is_norm = len(shape) == 1 and name.endswith("weight")
    return values(name, shape) + 1 if is_norm else values(name, shape)


def fill(model):
    shapes = {}
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():
            continue
        shapes[name] = list(tensor.shape)
        tensor.copy_(parameter(name, tuple(tensor.shape)))
    return shapes


def hugging_face(folder, text_width, text_heads, width, heads, hidden, activation, epsilon):
    both = dict(num_hidden_layers=LAYERS, hidden_act=activation, layer_norm_eps=epsilon,
                projection_dim=EMBEDDING)
    config = transformers.CLIPConfig(
        text_config=dict(both, vocab_size=VOCABULARY, max_position_embeddings=CONTEXT,
                         hidden_size=text_width, intermediate_size=4 * text_width,
                         num_attention_heads=text_heads, bos_token_id=62, eos_token_id=63),
        vision_config=dict(both, image_size=RESOLUTION, patch_size=PATCH, hidden_size=width,
                           intermediate_size=hidden, num_attention_heads=heads),
        projection_dim=EMBEDDING)
    model = transformers.CLIPModel(config).eval()
    shapes = fill(model)
    config.save_pretrained(folder)
    out = model(input_ids=torch.tensor(IDS),
                pixel_values=values("pictures", (PICTURES, 3, RESOLUTION, RESOLUTION), 4))
    return shapes, out.text_embeds, out.image_embeds, out.logits_per_image


def open_model(folder, text_width, text_heads, width, heads, hidden, activation, epsilon):
    norm = {} if epsilon == 1e-5 else {"norm_kwargs": {"eps": epsilon}}
    config = {"embed_dim": EMBEDDING,
              "vision_cfg": {"image_size": RESOLUTION, "layers": LAYERS, "width": width,
                             "head_width": width // heads, "patch_size": PATCH, **norm},
              "text_cfg": {"context_length": CONTEXT, "vocab_size": VOCABULARY, "width": text_width,
                           "heads": text_heads, "layers": LAYERS, **norm}}
    if hidden != 4 * width:
        config["vision_cfg"]["mlp_ratio"] = hidden / width
    if activation == "quick_gelu":
        config["quick_gelu"] = True
    model = open_clip.CLIP(**config).eval()
    shapes = fill(model)
    # As open_clip.push_to_hf_hub lays it out.
    text = json.dumps({"model_cfg": config, "preprocess_cfg": {}}, indent=2)
    (folder / "open_clip_config.json").write_text(text + "\n")
    image, text, scale = model(values("pictures", (PICTURES, 3, RESOLUTION, RESOLUTION), 4),
                               torch.tensor(IDS))
    return shapes, text, image, scale * image @ text.T


class Attention(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2, 2)

    def forward(self, x):
        return torch.nn.functional.scaled_dot_product_attention(self.linear(x), x, x)


def write_newer(path):
    whole = io.BytesIO()
    torch.jit.save(torch.jit.script(Attention()), whole)
    with zipfile.ZipFile(whole) as archive, zipfile.ZipFile(path, "w") as smaller:
        for entry in archive.infolist():
            if not entry.filename.endswith(".debug_pkl"):  # paths of this machine
                entry.date_time = (1980, 1, 1, 0, 0, 0)
                smaller.writestr(entry, archive.read(entry))


def main():
    torch.set_grad_enabled(False)
    FOLDER.mkdir(exist_ok=True)
    write_newer(FOLDER / "newer.pt")
    for name, sizes in MODELS.items():
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        make = hugging_face if name.startswith("hugging_face") else open_model
        shapes, text, image, logits = make(folder, *sizes)
        print(name, "logits", logits.min().item(), "to", logits.max().item())
        expected = {"made_with": {"torch": torch.__version__,
                                  "transformers": transformers.__version__,
                                  "open_clip": open_clip.__version__},
                    "ids": IDS, "text_features": text.tolist(), "image_features": image.tolist(),
                    "logits_per_image": logits.tolist(), "parameters": shapes}
        (folder / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()
