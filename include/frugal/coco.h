// Boxes on pictures as files in the form of COCO: what is there ("instances"), and what a detector found ("results").
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

using Box = std::array<double, 4>;  // left, top, width, height in pixels

struct CocoImage {
  std::int64_t id = 0;
  std::string file_name;  // may be empty
};

struct CocoCategory {
  std::int64_t id = 0;
  std::string name;
};

struct CocoObject {
  std::int64_t image = 0, category = 0;
  Box box{};
  double area = 0;     // of the object's mask, where there is one; decides whether it is small, medium or large
  bool crowd = false;  // a region of many: what is found in it counts neither way
};

struct CocoTruth {
  std::vector<CocoImage> images;         // each id once
  std::vector<CocoCategory> categories;  // each id once
  std::vector<CocoObject> objects;       // of these images and categories, in the file's order
};

struct CocoResult {
  std::int64_t image = 0, category = 0;
  Box box{};
  double score = 0;
};

// {"images": [{"id", ...}], "categories": [{"id", "name"}], "annotations": [{"image_id", "category_id", "bbox", "area",
// "iscrowd"}]}. Other keys are passed over; without "area" it is that of the box, without "iscrowd" 0. Error names the
// place and what is wrong: no JSON, a key that is missing or of another type, an image or category that is not listed,
// numbers that are not finite, a negative width, a box outside an image that has a "width" and a "height". With
// `faults`, annotations of which that is so are left out, and a sentence for each is added there.
CocoTruth read_coco_truth(const std::string& path, std::vector<std::string>* faults = nullptr);
CocoTruth parse_coco_truth(std::string_view text, std::vector<std::string>* faults = nullptr);

// [{"image_id", "category_id", "bbox": [x, y, w, h], "score"}]. Error as above, also for an image or category that
// `truth` does not have.
std::vector<CocoResult> read_coco_results(const std::string& path, const CocoTruth& truth);
std::vector<CocoResult> parse_coco_results(std::string_view text, const CocoTruth& truth);

// The same form, boxes rounded to 3 decimals and scores to 5, as published results are.
std::string coco_results_json(std::span<const CocoResult> results);

}  // namespace frugal
