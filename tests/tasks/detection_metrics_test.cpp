// The measures of COCO, where one can see what they must be; coco_eval_test.py compares them with pycocotools.
#include "frugal/detection_metrics.h"

#include <nlohmann/json.hpp>

#include "support/support.h"

namespace frugal {
namespace {

CocoTruth one_object(bool crowd = false) {
  return {{{1, "a.jpg"}, {2, ""}}, {{7, "cat"}}, {{1, 7, {0, 0, 100, 100}, 10'000, crowd}}};
}

TEST(DetectionMetrics, OfOneObject) {
  const CocoTruth truth = one_object();
  const std::vector<CocoResult> perfect{{1, 7, {0, 0, 100, 100}, 0.9}};
  for (const auto& [name, value] : measure_detections(truth, perfect).named())
    EXPECT_NEAR(value, name.ends_with("s") || name.ends_with("m") ? -1 : 1, 1e-12) << name;
  EXPECT_EQ(measure_detections(truth, {}).ap, 0);
  const std::vector<CocoResult> near{{1, 7, {0, 0, 72, 100}, 0.9}};  // right at 5 of 10 thresholds
  EXPECT_NEAR(measure_detections(truth, near).ap, 0.5, 1e-12);
  EXPECT_NEAR(measure_detections(truth, near).ap50, 1, 1e-12);
  EXPECT_EQ(measure_detections(truth, near).ap75, 0);
  const std::vector<CocoResult> elsewhere{{2, 7, {0, 0, 100, 100}, 0.95}, perfect[0]};  // the more confident is wrong
  EXPECT_NEAR(measure_detections(truth, elsewhere).ap, 0.5, 1e-12);
}

TEST(DetectionMetrics, CrowdsCountNeitherWay) {
  const std::vector<CocoResult> found{{1, 7, {0, 0, 50, 50}, 0.9}, {1, 7, {50, 50, 50, 50}, 0.8}};
  EXPECT_EQ(measure_detections(one_object(true), found).ap, -1);
  CocoTruth both = one_object(true);
  both.objects.push_back({2, 7, {0, 0, 40, 40}, 1600, false});
  std::vector<CocoResult> all = found;
  all.push_back({2, 7, {0, 0, 40, 40}, 0.1});
  EXPECT_NEAR(measure_detections(both, all).ap, 1, 1e-12);
}

TEST(Coco, ReadsAndWritesWhatPublishedFilesHold) {
  const CocoTruth truth = parse_coco_truth(R"({"annotations": [{"id": 3, "image_id": 5, "category_id": 2, "iscrowd": 1,
      "bbox": [1, 2.5, 3, 4], "area": 7.5, "segmentation": {"counts": [1, [2]], "size": [9, 9]}}],
      "info": {"year": 2017}, "licenses": [{"id": 1}],
      "images": [{"id": 5, "file_name": "x.jpg"}, {"id": 5}], "categories": [{"id": 2, "name": "dog"}]})");
  ASSERT_EQ(truth.objects.size(), 1u);
  EXPECT_EQ(truth.images.size(), 1u);  // the id stands there twice
  EXPECT_EQ(truth.images[0].file_name, "x.jpg");
  EXPECT_EQ(truth.categories[0].name, "dog");
  EXPECT_EQ(truth.objects[0].box, (Box{1, 2.5, 3, 4}));
  EXPECT_EQ(truth.objects[0].area, 7.5);
  EXPECT_TRUE(truth.objects[0].crowd);
  const std::vector<CocoResult> results{{5, 2, {0.12345, 2, 3, 4}, 0.1234567}, {5, 2, {0, 0, 1e6, 1}, 1}};
  const std::string text = coco_results_json(results);
  const std::vector<CocoResult> back = parse_coco_results(text, truth);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[0].box[0], 0.123);
  EXPECT_EQ(back[0].score, 0.12346);
  EXPECT_EQ(back[1].box[2], 1e6);
  EXPECT_TRUE(parse_coco_results(coco_results_json({}), truth).empty());
}

}  // namespace
}  // namespace frugal
