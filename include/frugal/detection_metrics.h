// How good detections are: the figures of the COCO challenge.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frugal/coco.h"

namespace frugal {

// Shares of 1; -1 where there is nothing to measure (no object of that size, say).
struct DetectionMetrics {
  // Average precision: the mean over IoU thresholds 0.50, 0.55, ..., 0.95 and categories of the precision at 101 recall
  // values. AP50, AP75: at one threshold; APs, APm, APl: objects below 32^2, up to 96^2 and above it, by their area.
  double ap = -1, ap50 = -1, ap75 = -1, ap_small = -1, ap_medium = -1, ap_large = -1;
  // Average recall with at most 1, 10, 100 detections a picture and category; by size with 100.
  double ar1 = -1, ar10 = -1, ar100 = -1, ar_small = -1, ar_medium = -1, ar_large = -1;

  struct Category {
    CocoCategory category;
    std::int64_t objects = 0, detections = 0;  // crowds are not counted
    double ap = -1, ap50 = -1, ar100 = -1;
  };
  std::vector<Category> categories;  // by id

  std::vector<std::pair<std::string, double>> named() const;  // "AP", "AP50", ... "ARl"
};

// The measures of pycocotools (COCOeval of boxes) to rounding: matching by falling score within a category and picture,
// each detection to the free object of largest IoU at or above the threshold; crowds and objects of other sizes are
// matched last and count neither way; equal scores keep the order of pictures by id, then of the list. One difference:
// an annotation with the id 0 counts as any other, while pycocotools takes a match with it for none.
DetectionMetrics measure_detections(const CocoTruth& truth, std::span<const CocoResult> results);

}  // namespace frugal
