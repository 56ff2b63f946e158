"""Every network of other people that the importer takes must agree with ONNX Runtime to 1e-3; those of CLAIMED must be
taken. tools/get-onnx-models brings the files; without them there is nothing to do."""
import importlib.util
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__))))
import networks  # noqa: E402

TRAINED = {"FastestDet", "ch_PP-OCRv3_det_infer", "ch_PP-OCRv3_rec_infer", "ch_PP-OCRv4_det_infer",
           "ch_PP-OCRv4_rec_infer", "ch_ppocr_mobile_v2.0_cls_infer", "ch_ppocr_mobile_v2.0_cls_mobile", "ppocrv5_cls",
           "ppocrv5_det", "ppocrv5_rec", "PP-OCRv6_det_small", "PP-OCRv6_rec_small", "magika_standard_v3_3",
           "silero_vad_16k_sequence", "silero_vad_openvino_16k"}
EXPORTED = ["bert", "clip_text", "clip_vision", "convnext_tiny", "crnn_gru", "crnn_lstm", "deeplab_v3", "deit_tiny",
            "densenet121", "efficientnet_b0", "efficientnet_lite0", "fcn", "ghostnet", "googlenet", "lraspp", "mnasnet",
            "mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "realesrgan_compact", "regnet",
            "resnet18", "resnet50", "segformer_b0", "sentence", "shufflenet_v2", "siglip", "squeezenet", "swin_tiny",
            "unet", "vgg11", "vit_tiny", "yolov5_tail", "yolov6_tail", "yolov8_tail"]
CLAIMED = TRAINED | {f"{name}.{exporter}" for name in EXPORTED for exporter in ("old", "new")}


class Networks(unittest.TestCase):
    def test_against_onnx_runtime(self):
        if not importlib.util.find_spec("onnxruntime") or not importlib.util.find_spec("numpy"):
            self.skipTest("onnxruntime is not installed")
        paths = networks.models(networks.folder())
        if not paths:
            self.skipTest("no networks: tools/get-onnx-models brings them")
        for path in paths:
            with self.subTest(network=path.stem):
                difference, reason = networks.compare(path)
                print(f"{path.stem:45} {difference if reason is None else reason}", flush=True)
                if reason is None:
                    self.assertLessEqual(difference, 1e-3)
                else:
                    self.assertNotIn(path.stem, CLAIMED, reason)
