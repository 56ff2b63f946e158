#include "base/check.h"
#include "models/gold_yolo/builder.h"

namespace frugal {
namespace gold_yolo {

// `head: none` gives the backbone's maps c2 to c5 alone.
Graph GoldYolo::build() {
  require(o_.height % 32 == 0 && o_.width % 32 == 0, "the picture, {} x {}, must be a multiple of 32 both ways",
          o_.width, o_.height);
  const std::vector<ValueId> maps = backbone(b_.image_input(o_.channels, o_.height, o_.width));
  if (option("head") == "none")
    for (std::size_t i = 0; i < maps.size(); ++i) b_.output(maps[i], "c" + std::to_string(i + 2));
  else
    head(neck(maps));
  return b_.finish();
}

}  // namespace gold_yolo

FRUGAL_MODELS(gold_yolo) {
  auto add = [&](const char* size, const char* summary, const char* head, const gold_yolo::Family& family) {
    models.add(
        {std::string("gold_yolo_") + size,
         "detect",
         summary,
         {.classes = 80, .channels = 3, .height = 640, .width = 640, .extra = {{"head", head}, {"neck", "gather"}}},
         [family](const ModelOptions& options) { return gold_yolo::GoldYolo(family, options).build(); }});
  };
  const std::array<std::int64_t, 4> small{2, 4, 6, 2};
  add("pico", "Gold-YOLO at half the width of N, for small data and tests", "dfl",
      {.width = 0.125, .stages = small, .neck = 4, .low = 48});
  add("n", "Gold-YOLO-N for COCO (Wang et al. 2023), names of the official release", "lrtb",
      {.width = 0.25, .stages = small, .neck = 4, .low = 96});
  add("s", "Gold-YOLO-S for COCO (Wang et al. 2023), names of the official release", "lrtb",
      {.width = 0.5, .stages = small, .neck = 4, .low = 128});
  add("m", "Gold-YOLO-M for COCO (Wang et al. 2023), names of the official release", "dfl",
      {.width = 0.75, .stages = {4, 7, 11, 4}, .neck = 7, .low = 192, .split = 2.0 / 3, .csp_pooling = false});
  add("l", "Gold-YOLO-L for COCO (Wang et al. 2023), names of the official release", "dfl",
      {.width = 1,
       .stages = {6, 12, 18, 6},
       .neck = 12,
       .low = 192,
       .heads = 8,
       .depths = 3,
       .split = 0.5,
       .silu = true,
       .csp_pooling = false,
       .n5_from_n4 = false});
}

}  // namespace frugal
