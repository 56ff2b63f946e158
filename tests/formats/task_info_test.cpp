#include "frugal/task_info.h"

#include "support/support.h"

namespace frugal {
namespace {

TEST(TaskInfo, ComesBackAsItWas) {
  TaskInfo info{"classify", 1, 28, 30, {0.286f}, {0.353f}, 2, 32, "bicubic"};
  Model model;
  EXPECT_FALSE(task_info(model));
  set_task_info(model, info);
  set_class_labels(model, {"shirt", "bag \"x\"\n"});
  EXPECT_EQ(task_info(model), info);
  EXPECT_EQ(class_labels(model), (std::vector<std::string>{"shirt", "bag \"x\"\n"}));
}

TEST(TaskInfo, WhatIsMissingHasDefaults) {
  TaskInfo info = task_info_from_json(R"({"kind":"classify","input":[1,8,9]})");
  EXPECT_EQ(info.mean, std::vector<float>{0});
  EXPECT_EQ(info.std, std::vector<float>{1});
  EXPECT_EQ(info.width, 9);
}

TEST(TaskInfo, RefusesEachBrokenField) {
  const std::pair<const char*, const char*> cases[] = {
      {"{", "JSON"},
      {"[]", "kind"},
      {R"({"kind":3})", "kind"},
      {R"({"kind":"c","input":[3,224]})", "input"},
      {R"({"kind":"c","input":[0,224,224]})", "channels"},
      {R"({"kind":"c","input":[3,-1,224]})", "height"},
      {R"({"kind":"c","input":[3,1,18446744073709551615]})", "width"},
      {R"({"kind":"c","input":[3,1,1.5]})", "width"},
      {R"({"kind":"c","mean":[0,0]})", "mean"},
      {R"({"kind":"c","mean":[0,0,"x"]})", "mean"},
      {R"({"kind":"c","mean":[0,0,1e99]})", "mean"},
      {R"({"kind":"c","std":[1,0,1]})", "std"},
      {R"({"kind":"c","resize":-1})", "resize"},
      {R"({"kind":"c","pad":"2"})", "pad"},
      {R"({"kind":"c","interpolation":"lanczos"})", "lanczos"},
      {R"({"kind":"c","interpolation":1})", "interpolation"},
  };
  for (auto [text, word] : cases) {
    SCOPED_TRACE(text);
    EXPECT_ERROR(task_info_from_json(text), word)
  }
  Model model;
  model.metadata["labels"] = "[1]";
  EXPECT_ERROR(class_labels(model), "labels");
}

}  // namespace
}  // namespace frugal
