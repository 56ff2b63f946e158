#include "frugal/coco.h"

#include "fuzz.h"

namespace frugal::fuzz {

void parse(std::span<const std::byte> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  if (text.starts_with("[")) {
    parse_coco_results(text, {{{1, ""}}, {{1, ""}}, {}});
  } else {
    std::vector<std::string> faults;
    parse_coco_truth(text, &faults);
    parse_coco_truth(text);
  }
}

std::vector<std::string> seeds() {
  return {
      R"({"images":[{"id":1,"file_name":"a"}],"categories":[{"id":1,"name":"b"}],"annotations":[{"id":1,"image_id":1,
            "category_id":1,"bbox":[1,2,3.5,4],"area":9,"iscrowd":0,"segmentation":[[1,2,3,4]]}]})",
      R"([{"image_id":1,"category_id":1,"bbox":[1,2,3,4e1],"score":0.5}])"};
}

std::string repair(std::string input) { return input; }

}  // namespace frugal::fuzz
