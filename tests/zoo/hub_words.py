"""Small configurations of keras-hub's backbones that read words, amino acids or sound."""

import functools

from keras_hub import models

VOCABULARY = {"vocabulary_size": 40, "num_layers": 2, "hidden_dim": 32, "intermediate_dim": 128}
PLAIN = {**VOCABULARY, "num_heads": 4}
PLACED = {**PLAIN, "max_sequence_length": 16}
GROUPED = {**VOCABULARY, "num_query_heads": 4, "num_key_value_heads": 2}
EXPERTS = {**GROUPED, "num_experts": 2, "top_k": 2}
LINEAR = {
    "head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
    "partial_rotary_factor": 0.25,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_conv_kernel_dim": 4,
}
ONE_SIDE = {
    "hidden_dim": 32,
    "intermediate_dim": 128,
    "num_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "layer_types": ["sliding_attention", "full_attention"],
}
BOTH_SIDES = {
    "vocabulary_size": 40,
    **{
        f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in ONE_SIDE.items()
    },
    "query_pre_attn_scalar": 1.0,
    "attention_bias": False,
    "hidden_activation": "gelu_approximate",
    "sliding_window": 16,
    "cross_attention_hidden_size": 32,
    "attn_logit_softcapping": 50.0,
    "tie_word_embeddings": True,
}
GEMMA = {**GROUPED, "head_dim": 8}
CONFIGS = {
    "AlbertBackbone": {**PLACED, "embedding_dim": 24},
    "BartBackbone": PLACED,
    "BertBackbone": PLACED,
    "BloomBackbone": PLAIN,
    "DebertaV3Backbone": PLACED,
    "DistilBertBackbone": PLACED,
    "ESMBackbone": PLAIN,
    "EdRecBackbone": {
        "vocab_size": 40,
        "num_layers_enc": 2,
        "num_layers_dec": 2,
        "num_heads": 4,
        "hidden_dim": 32,
        "intermediate_dim": 128,
    },
    "ElectraBackbone": {
        **{key: value for key, value in PLACED.items() if key != "vocabulary_size"},
        "vocab_size": 40,
        "embedding_dim": 24,
    },
    "FNetBackbone": {**VOCABULARY, "max_sequence_length": 16},
    "FalconBackbone": {**VOCABULARY, "num_attention_heads": 4},
    "GPT2Backbone": PLACED,
    "GPTNeoXBackbone": PLACED,
    "Gemma3Backbone": {**GEMMA, "image_size": 16, "sliding_window_size": 8},
    "Gemma3nBackbone": {
        "text_vocab_size": 40,
        "text_hidden_size": 32,
        "num_hidden_layers": 2,
        "pad_token_id": 0,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "intermediate_size": [48, 48],
        "hidden_activation": "gelu_approximate",
        "layer_types": ["sliding_attention", "full_attention"],
        "sliding_window": 4,
        "rope_theta": 10000.0,
        "max_position_embeddings": 16,
        "vocab_size_per_layer_input": 40,
        "hidden_size_per_layer_input": 8,
        "altup_num_inputs": 2,
        "laurel_rank": 4,
    },
    "Gemma4Backbone": {**GEMMA, "image_size": 16, "sliding_window_size": 8},
    "GemmaBackbone": GEMMA,
    "GptOssBackbone": {**EXPERTS, "sliding_window": 4},
    "Llama3Backbone": GROUPED,
    "LlamaBackbone": GROUPED,
    "MetaCLIP2TextEncoder": {**PLAIN, "embedding_dim": 32, "max_sequence_length": 16},
    "CLIPTextEncoder": {**PLAIN, "embedding_dim": 32, "max_sequence_length": 16},
    "SigLIPTextEncoder": {**PLAIN, "embedding_dim": 32, "max_sequence_length": 8},
    "MistralBackbone": {**GROUPED, "sliding_window": 4},
    "MixtralBackbone": {**EXPERTS, "sliding_window": 4},
    "MoonshineBackbone": {
        "vocabulary_size": 40,
        "filter_dim": 32,
        "encoder_num_layers": 2,
        "decoder_num_layers": 2,
        "hidden_dim": 32,
        "intermediate_dim": 128,
        "encoder_num_heads": 4,
        "decoder_num_heads": 4,
    },
    "OPTBackbone": PLACED,
    "Phi3Backbone": GROUPED,
    "Qwen3Backbone": {**GROUPED, "head_dim": 8},
    "Qwen3MoeBackbone": {**EXPERTS, "head_dim": 8, "moe_intermediate_dim": 24},
    "Qwen3_5Backbone": {**GROUPED, **LINEAR},
    "Qwen3_5MoeBackbone": {
        **{key: value for key, value in EXPERTS.items() if key != "intermediate_dim"},
        **LINEAR,
        "moe_intermediate_dim": 24,
        "shared_expert_intermediate_size": 24,
    },
    "QwenBackbone": GROUPED,
    "QwenMoeBackbone": {
        **EXPERTS,
        "moe_intermediate_dim": 24,
        "shared_expert_intermediate_dim": 32,
    },
    "RWKV7Backbone": {
        "vocabulary_size": 40,
        "hidden_size": 32,
        "num_layers": 2,
        "head_size": 8,
        "intermediate_dim": 128,
        "gate_lora": 16,
        "mv_lora": 8,
        "aaa_lora": 8,
        "decay_lora": 8,
    },
    "RobertaBackbone": PLACED,
    "RoformerV2Backbone": {**PLAIN, "head_size": 8},
    "SmolLM3Backbone": {
        **VOCABULARY,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "rope_layer_enabled_list": [True, False],
        "layer_types": ["full_attention", "full_attention"],
        "mlp_bias": False,
        "layer_norm_epsilon": 1e-5,
        "max_position_embeddings": 16,
        "rope_theta": 10000.0,
        "partial_rotary_factor": 1.0,
    },
    "T5Backbone": PLAIN,
    "T5Gemma2Backbone": {**BOTH_SIDES, "use_query_key_norm": True},
    "T5GemmaBackbone": BOTH_SIDES,
    "WhisperBackbone": {
        **PLAIN,
        "max_encoder_sequence_length": 16,
        "max_decoder_sequence_length": 16,
    },
    "XLMRobertaBackbone": PLACED,
    "XLNetBackbone": PLAIN,
}


def backbone(name: str) -> models.Backbone:
    return getattr(models, name)(**CONFIGS[name])


BACKBONES = {name: functools.partial(backbone, name) for name in CONFIGS}
