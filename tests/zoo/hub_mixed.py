"""Small configurations of keras-hub's backbones that see and read, or draw."""

from hub_pictures import vision_encoder, vit
from hub_words import CONFIGS
from keras_hub import layers, models
from keras_hub.src.models.blip2.blip2_custom_opt import BLIP2CustomOPT
from keras_hub.src.models.blip2.blip2_flan_t5_lm import BLIP2FlanT5
from keras_hub.src.models.blip2.blip2_qformer import BLIP2QFormer
from keras_hub.src.models.blip2.blip2_vision_encoder import BLIP2VisionEncoder
from keras_hub.src.models.sam3 import (
    sam3_detr_decoder,
    sam3_detr_encoder,
    sam3_geometry_encoder,
    sam3_mask_decoder,
    sam3_text_encoder,
    sam3_vision_encoder,
)
from keras_hub.src.models.vae.vae_backbone import VAEBackbone

Backbone = models.Backbone
BLOCK = {"num_layers": 2, "hidden_dim": 32, "intermediate_dim": 48, "num_heads": 4}


def text_encoder(kind: str, *more: object, **options: object) -> Backbone:
    return getattr(models, kind)(40, 32, 32, 2, 4, 64, *more, **options)


def pair(name: str, **options: object) -> Backbone:
    """A backbone that compares what one encoder sees with what another reads."""
    length = {"name": "text_encoder", "max_sequence_length": 8}
    return getattr(models, f"{name}Backbone")(
        vision_encoder=vision_encoder(f"{name}VisionEncoder"),
        text_encoder=text_encoder(f"{name}TextEncoder", **length),
        **options,
    )


def blip2(translates: bool = False) -> Backbone:
    vision = BLIP2VisionEncoder(
        image_size=16, patch_size=4, use_patch_bias=True, use_class_token=True, use_mha_bias=True,
        use_mlp_bias=True, dropout_rate=0.0, layer_norm_epsilon=1e-6, initializer_range=0.02,
        **BLOCK,
    )  # fmt: skip
    q_former = BLIP2QFormer(
        num_query_tokens=2, vision_dim=32, cross_attention_frequency=1, dropout=0.0,
        layer_norm_epsilon=1e-6, **BLOCK,
    )  # fmt: skip
    language = BLIP2CustomOPT(
        vocabulary_size=40, num_query_tokens=2, qformer_hidden_dim=32, max_sequence_length=16,
        dropout=0.0, language_projection=None, **BLOCK,
    )  # fmt: skip
    if translates:
        language = BLIP2FlanT5(
            vocabulary_size=40, key_value_dim=8, num_query_tokens=2, qformer_hidden_dim=32,
            dropout=0.0, **BLOCK,
        )  # fmt: skip
    return models.BLIP2Backbone(vision_encoder=vision, qformer=q_former, language_model=language)


def pali_gemma() -> Backbone:
    return models.PaliGemmaBackbone(
        vit_patch_size=4, vit_num_layers=2, vit_num_heads=4, vit_hidden_dim=32,
        vit_intermediate_dim=48, image_size=16, **CONFIGS["GemmaBackbone"],
    )  # fmt: skip


def parseq() -> Backbone:
    return models.PARSeqBackbone(
        image_encoder=vit((16, 32, 3), (4, 8), use_class_token=False, name="image_encoder"),
        vocabulary_size=40, max_label_length=8, decoder_hidden_dim=32, num_decoder_layers=1,
        num_decoder_heads=4, decoder_mlp_dim=64, dropout_rate=0.0, attention_dropout=0.0,
    )  # fmt: skip


def sam() -> Backbone:
    return models.SAMBackbone(
        image_encoder=models.ViTDetBackbone(
            hidden_size=32, num_layers=2, intermediate_dim=64, num_heads=4,
            global_attention_layer_indices=[1], patch_size=16, num_output_channels=16,
            window_size=2, image_shape=(64, 64, 3),
        ),
        prompt_encoder=layers.SAMPromptEncoder(
            hidden_size=16, image_embedding_size=(4, 4), input_image_size=(64, 64),
            mask_in_channels=16,
        ),
        mask_decoder=layers.SAMMaskDecoder(
            num_layers=2, hidden_size=16, intermediate_dim=32, num_heads=4, embedding_dim=16,
            num_multimask_outputs=3, iou_head_depth=3, iou_head_hidden_dim=16,
        ),
    )  # fmt: skip


def sam3() -> Backbone:
    block = {"num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32, "num_heads": 2}
    picture = {"image_shape": (28, 28, 3), "patch_size": 14}
    return models.SAM3PromptableConceptBackbone(
        vision_encoder=sam3_vision_encoder.SAM3VisionEncoder(
            fpn_hidden_dim=16, fpn_scale_factors=[4.0, 2.0, 1.0, 0.5],
            pretrain_image_shape=(42, 42, 3), window_size=2, global_attn_indexes=[1],
            **block, **picture,
        ),
        text_encoder=sam3_text_encoder.SAM3TextEncoder(
            vocabulary_size=32, embedding_dim=16, **block
        ),
        geometry_encoder=sam3_geometry_encoder.SAM3GeometryEncoder(roi_size=7, **block),
        detr_encoder=sam3_detr_encoder.SAM3DetrEncoder(**block),
        detr_decoder=sam3_detr_decoder.SAM3DetrDecoder(num_queries=8, **block, **picture),
        mask_decoder=sam3_mask_decoder.SAM3MaskDecoder(
            num_upsampling_stages=3, hidden_dim=16, num_heads=2
        ),
    )  # fmt: skip


def vae() -> Backbone:
    """The autoencoder of Stable Diffusion; its groups of 32 leave it no narrower."""
    sizes = [[32, 32], [1, 1]] * 2
    return VAEBackbone(*sizes, sampler_method="mode", image_shape=(16, 16, 3), name="vae")


def stable_diffusion() -> Backbone:
    return models.StableDiffusion3Backbone(
        mmdit_patch_size=2, mmdit_hidden_dim=32, mmdit_num_layers=2, mmdit_num_heads=2,
        mmdit_position_size=192, mmdit_qk_norm=None, mmdit_dual_attention_indices=None,
        vae=VAEBackbone(*[[32] * 4, [1] * 4] * 2, sampler_method="mode", name="vae"),
        clip_l=text_encoder("CLIPTextEncoder", "quick_gelu", -2, name="clip_l"),
        clip_g=text_encoder("CLIPTextEncoder", "gelu", -2, name="clip_g"),
        image_shape=(32, 32, 3),
    )  # fmt: skip


def flux() -> Backbone:
    return models.FluxBackbone(
        input_channels=16, hidden_size=64, mlp_ratio=2.0, num_heads=2, depth=1,
        depth_single_blocks=1, axes_dim=[4, 14, 14], theta=10_000, use_bias=True,
        guidance_embed=True, image_shape=(8, 16), text_shape=(8, 16), image_ids_shape=(8, 3),
        text_ids_shape=(8, 3), y_shape=(16,),
    )  # fmt: skip


BACKBONES = {
    "BLIP2Backbone": blip2,
    "CLIPBackbone": lambda: pair("CLIP", projection_dim=32),
    "FluxBackbone": flux,
    "MetaCLIP2Backbone": lambda: pair("MetaCLIP2", projection_dim=32),
    "PARSeqBackbone": parseq,
    "PaliGemmaBackbone": pali_gemma,
    "SAM3PromptableConceptBackbone": sam3,
    "SAMBackbone": sam,
    "SigLIPBackbone": lambda: pair("SigLIP"),
    "StableDiffusion3Backbone": stable_diffusion,
    "VAEBackbone": vae,
}
