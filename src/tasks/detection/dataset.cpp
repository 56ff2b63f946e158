#include "tasks/detection/dataset.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/check.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

std::string annotation_file(const std::string& folder, const std::string& split) {
  for (const std::string& name : {split + ".json", "instances_" + split + ".json", "instances_" + split + "2017.json"})
    if (const fs::path file = fs::path(folder) / "annotations" / name; fs::is_regular_file(file)) return file.string();
  fail("{}: there is no annotations/{}.json (boxes in the form of COCO)", folder, split);
}

}  // namespace

DetectionDataset::DetectionDataset(const std::string& folder, const std::string& split)
    : truth_(read_coco_truth(annotation_file(folder, split))) {
  require(!truth_.images.empty(), "{}: the split '{}' has no pictures", folder, split);
  require(!truth_.categories.empty(), "{}: the split '{}' has no categories", folder, split);
  std::ranges::sort(truth_.categories, {}, &CocoCategory::id);
  std::map<std::int64_t, std::int64_t> label_of;
  for (const CocoCategory& category : truth_.categories) {
    label_of[category.id] = static_cast<std::int64_t>(names_.size());
    names_.push_back(category.name);
  }
  std::map<std::int64_t, std::size_t> index_of;
  for (const CocoImage& image : truth_.images) {
    require(!image.file_name.empty(), "{}: picture {} of the split '{}' has no file_name", folder, image.id, split);
    index_of[image.id] = files_.size();
    files_.push_back((fs::path(folder) / "images" / image.file_name).string());
  }
  boxes_.resize(files_.size());
  for (const CocoObject& object : truth_.objects) {
    if (object.crowd) continue;
    const auto& [x, y, w, h] = object.box;
    boxes_[index_of.at(object.image)].push_back({label_of.at(object.category), x, y, x + w, y + h});
  }
}

LabelledPicture DetectionDataset::get(std::size_t index) const {
  LabelledPicture out{read_image(files_.at(index)), {}};
  for (const LabelledBox& b : boxes_[index]) {
    const LabelledBox inside = clipped(b, out.image.width, out.image.height);
    if (inside.width() > 0 && inside.height() > 0) out.boxes.push_back(inside);
  }
  return out;
}

std::int64_t DetectionDataset::category(std::int64_t label) const {
  return truth_.categories.at(static_cast<std::size_t>(label)).id;
}

}  // namespace frugal
