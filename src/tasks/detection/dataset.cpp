#include "tasks/detection/dataset.h"

#include <map>

namespace frugal {

DetectionDataset::DetectionDataset(const std::string& folder, const std::string& split)
    : data_(read_detection_folder(folder, split)) {
  std::map<std::int64_t, std::int64_t> label_of;
  for (const CocoCategory& category : data_.truth.categories) {
    label_of[category.id] = static_cast<std::int64_t>(names_.size());
    names_.push_back(category.name);
  }
  std::map<std::int64_t, std::size_t> index_of;
  for (const CocoImage& image : data_.truth.images) index_of.emplace(image.id, index_of.size());
  boxes_.resize(size());
  for (const CocoObject& object : data_.truth.objects) {
    if (object.crowd) continue;
    const auto& [x, y, w, h] = object.box;
    boxes_[index_of.at(object.image)].push_back({label_of.at(object.category), x, y, x + w, y + h});
  }
}

LabelledPicture DetectionDataset::get(std::size_t index) const {
  LabelledPicture out{read_image(data_.files.at(index)), {}};
  for (const LabelledBox& b : boxes_[index]) {
    const LabelledBox inside = clipped(b, out.image.width, out.image.height);
    if (inside.width() > 0 && inside.height() > 0) out.boxes.push_back(inside);
  }
  return out;
}

std::int64_t DetectionDataset::category(std::int64_t label) const {
  return data_.truth.categories.at(static_cast<std::size_t>(label)).id;
}

}  // namespace frugal
