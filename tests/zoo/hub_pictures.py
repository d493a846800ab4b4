"""Small configurations of keras-hub's backbones that see pictures by attention, or by others."""

from hub_convolutions import hgnet, resnet
from keras_hub import models

Backbone = models.Backbone
VIT = {"num_layers": 2, "num_heads": 4, "hidden_dim": 32}
SMALL = (32, 32, 3)


def mit() -> Backbone:
    return models.MiTBackbone(
        layerwise_depths=[1, 1],
        image_shape=SMALL,
        hidden_dims=[16, 32],
        num_layers=2,
        layerwise_num_heads=[1, 2],
        layerwise_sr_ratios=[4, 2],
        max_drop_path_rate=0.1,
        layerwise_patch_sizes=[7, 3],
        layerwise_strides=[4, 2],
    )


def dinov2(size: int = 28, layers: int = 2) -> Backbone:
    return models.DINOV2Backbone(
        patch_size=7,
        num_layers=layers,
        hidden_dim=32,
        num_heads=4,
        intermediate_dim=64,
        image_shape=(size, size, 3),
        apply_layernorm=True,
    )


def vit(image_shape: tuple = (24, 24, 3), patch: tuple = (4, 4), **options: object) -> Backbone:
    return models.ViTBackbone(
        image_shape=image_shape, patch_size=patch, mlp_dim=64, use_mha_bias=True, **VIT, **options
    )


def vit_det() -> Backbone:
    return models.ViTDetBackbone(
        image_shape=(64, 64, 3),
        patch_size=16,
        hidden_size=32,
        num_layers=2,
        global_attention_layer_indices=[1],
        intermediate_dim=64,
        num_heads=4,
        num_output_channels=16,
        window_size=2,
    )


def swin() -> Backbone:
    return models.SwinTransformerBackbone(
        image_shape=SMALL, embed_dim=32, depths=(2, 2), num_heads=(2, 4), window_size=4
    )


def deit() -> Backbone:
    return models.DeiTBackbone((24, 24, 3), 4, 2, 4, 32, 64)


def dinov3() -> Backbone:
    return models.DINOV3Backbone(
        patch_size=8,
        intermediate_dim=64,
        layer_scale_init_value=1.0,
        num_register_tokens=2,
        image_shape=SMALL,
        **VIT,
    )


def basnet() -> Backbone:
    encoder = models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 128, 256, 512],
        stackwise_num_blocks=[1, 1, 1, 1],
        stackwise_num_strides=[1, 2, 2, 2],
        block_type="basic_block",
    )
    return models.BASNetBackbone(image_encoder=encoder, num_classes=1, image_shape=(64, 64, 3))


def deeplab() -> Backbone:
    return models.DeepLabV3Backbone(
        image_encoder=resnet(open_size=False),
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        dilation_rates=[2, 3],
        upsampling_size=4,
        projection_filters=12,
        image_shape=(64, 64, 3),
    )


def retinanet() -> Backbone:
    return models.RetinaNetBackbone(
        image_encoder=resnet(), min_level=3, max_level=6, use_p5=True, image_shape=(None, None, 3)
    )


def segformer() -> Backbone:
    return models.SegFormerBackbone(image_encoder=mit(), projection_filters=32)


def depth_anything() -> Backbone:
    return models.DepthAnythingBackbone(
        image_encoder=dinov2(63, 4),
        reassemble_factors=[4, 2, 1, 0.5],
        neck_hidden_dims=[16, 24, 32, 48],
        fusion_hidden_dim=32,
        head_hidden_dim=16,
        head_in_index=-1,
        feature_keys=["stage1", "stage2", "stage3", "stage4"],
    )


def d_fine() -> Backbone:
    return models.DFineBackbone(
        backbone=hgnet(image_shape=(None, None, 3), out_features=["stage1", "stage2"]),
        decoder_in_channels=[16, 16],
        encoder_hidden_dim=16,
        num_denoising=10,
        num_labels=4,
        hidden_dim=16,
        learn_initial_query=False,
        num_queries=10,
        anchor_image_size=(32, 32),
        feat_strides=[4, 8],
        num_feature_levels=2,
        encoder_in_channels=[32, 48],
        encode_proj_layers=[1],
        num_attention_heads=2,
        encoder_ffn_dim=32,
        num_encoder_layers=1,
        hidden_expansion=0.5,
        depth_multiplier=0.5,
        eval_idx=-1,
        num_decoder_layers=2,
        decoder_attention_heads=2,
        decoder_ffn_dim=32,
        decoder_n_points=[2, 2],
        lqe_hidden_dim=16,
        num_lqe_layers=2,
        out_features=["stage1", "stage2"],
        image_shape=(32, 32, 3),
        seed=0,
    )


def video_prism() -> Backbone:
    return models.VideoPrismBackbone(
        image_shape=(16, 16, 3),
        num_frames=4,
        patch_size=4,
        hidden_dim=32,
        intermediate_dim=48,
        num_heads=4,
        num_spatial_layers=1,
        num_temporal_layers=1,
        num_auxiliary_layers=1,
        vocabulary_size=0,
        num_text_layers=0,
    )


def vision_encoder(name: str) -> Backbone:
    return getattr(models, name)(8, 32, 2, 4, 64, image_shape=SMALL, name="vision_encoder")


BACKBONES = {
    "BASNetBackbone": basnet,
    "CLIPVisionEncoder": lambda: vision_encoder("CLIPVisionEncoder"),
    "DFineBackbone": d_fine,
    "DINOV2Backbone": dinov2,
    "DINOV3Backbone": dinov3,
    "DeepLabV3Backbone": deeplab,
    "DeiTBackbone": deit,
    "DepthAnythingBackbone": depth_anything,
    "MetaCLIP2VisionEncoder": lambda: vision_encoder("MetaCLIP2VisionEncoder"),
    "MiTBackbone": mit,
    "RetinaNetBackbone": retinanet,
    "SegFormerBackbone": segformer,
    "SigLIPVisionEncoder": lambda: vision_encoder("SigLIPVisionEncoder"),
    "SwinTransformerBackbone": swin,
    "ViTBackbone": vit,
    "ViTDetBackbone": vit_det,
    "VideoPrismBackbone": video_prism,
}
