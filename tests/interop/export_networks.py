"""Exports architectures with random weights: export.py FOLDER [NAME...]"""
import sys, os, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(logging.WARNING)
import torch
# torchvision's own kernels are built for another variant of torch; the classifiers need none of them.
_register = torch.library.register_fake
def _tolerant(op, *a, **k):
    if isinstance(op, str) and op.startswith("torchvision::"): return lambda f: f
    return _register(op, *a, **k)
torch.library.register_fake = _tolerant
import torchvision, timm, transformers
from torch import nn
tv = torchvision.models
torch.manual_seed(0)

class Crnn(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1),
                                  nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d((2, 1)))
        self.rnn = kind(64 * 8, 96, num_layers=2, bidirectional=True)
        self.out = nn.Linear(192, 37)
    def forward(self, x):
        x = self.conv(x)
        n, c, h, w = x.shape
        x = x.permute(3, 0, 1, 2).reshape(w, n, c * h)
        return self.out(self.rnn(x)[0])

class First(nn.Module):
    def __init__(self, m, pick): super().__init__(); self.m, self.pick = m, pick
    def forward(self, *a): return self.pick(self.m(*a))

T = transformers
def bert():
    c = T.BertConfig(vocab_size=1000, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128)
    return First(T.BertModel(c), lambda o: o.last_hidden_state), (torch.arange(12).reshape(1, 12),)
def segformer():
    return First(T.SegformerForSemanticSegmentation(T.SegformerConfig(num_labels=19)), lambda o: o.logits), (torch.randn(1, 3, 128, 128),)
def clip_vision():
    c = T.CLIPVisionConfig(hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4, image_size=96, patch_size=16)
    return First(T.CLIPVisionModel(c), lambda o: o.pooler_output), (torch.randn(1, 3, 96, 96),)
def clip_text():
    c = T.CLIPTextConfig(vocab_size=1000, hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4, max_position_embeddings=32, eos_token_id=999)
    return First(T.CLIPTextModel(c), lambda o: o.last_hidden_state), (torch.arange(16).reshape(1, 16),)
def siglip():
    c = T.SiglipVisionConfig(hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4, image_size=96, patch_size=16)
    return First(T.SiglipVisionModel(c), lambda o: o.last_hidden_state), (torch.randn(1, 3, 96, 96),)
def image(make, size=224): return lambda: (make(), (torch.randn(1, 3, size, size),))

ALL = {
  "resnet18": image(lambda: tv.resnet18()), "resnet50": image(lambda: tv.resnet50()),
  "mobilenet_v2": image(lambda: tv.mobilenet_v2()), "mobilenet_v3_small": image(lambda: tv.mobilenet_v3_small()),
  "mobilenet_v3_large": image(lambda: tv.mobilenet_v3_large()),
  "efficientnet_b0": image(lambda: tv.efficientnet_b0()), "shufflenet_v2": image(lambda: tv.shufflenet_v2_x1_0()),
  "convnext_tiny": image(lambda: tv.convnext_tiny()), "vit_tiny": image(lambda: timm.create_model("vit_tiny_patch16_224")),
  "deit_tiny": image(lambda: timm.create_model("deit_tiny_patch16_224")),
  "swin_tiny": image(lambda: tv.swin_t()), "ghostnet": image(lambda: timm.create_model("ghostnet_100")),
  "mobilenet_v1": image(lambda: timm.create_model("mobilenetv1_100")),
  "densenet121": image(lambda: tv.densenet121(), 128), "squeezenet": image(lambda: tv.squeezenet1_1()),
  "googlenet": image(lambda: tv.googlenet(aux_logits=False, init_weights=False)),
  "regnet": image(lambda: tv.regnet_y_400mf()), "mnasnet": image(lambda: tv.mnasnet0_5()), "vgg11": image(lambda: tv.vgg11(), 64),
  "deeplab_v3": image(lambda: First(tv.segmentation.deeplabv3_mobilenet_v3_large(weights_backbone=None), lambda o: o["out"]), 128),
  "fcn": image(lambda: First(tv.segmentation.fcn_resnet50(weights_backbone=None), lambda o: o["out"]), 64),
  "lraspp": image(lambda: First(tv.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None), lambda o: o["out"]), 128),
  "crnn_lstm": lambda: (Crnn(nn.LSTM), (torch.randn(1, 1, 32, 100),)), "crnn_gru": lambda: (Crnn(nn.GRU), (torch.randn(1, 1, 32, 100),)),
  "bert": bert, "segformer_b0": segformer, "clip_vision": clip_vision, "clip_text": clip_text, "siglip": siglip,
}
if __name__ == "__main__":
    folder = sys.argv[1]; os.makedirs(folder, exist_ok=True)
    for name in sys.argv[2:] or ALL:
        for dynamo in (False, True):
            path = f"{folder}/{name}.{'new' if dynamo else 'old'}.onnx"
            if os.path.exists(path): continue
            try:
                model, args = ALL[name]()
                model.eval()
                kw = dict(dynamo=True, external_data=False, verbose=False, optimize=True) if dynamo else dict(dynamo=False, opset_version=17, dynamic_axes={"input": {0: "batch"}})
                torch.onnx.export(model, args, path, input_names=["input"], output_names=["output"], **kw)
                print("exported", path, flush=True)
            except Exception as e:
                print("FAILED", path, type(e).__name__, str(e)[:200].replace("\n", " "), flush=True)
